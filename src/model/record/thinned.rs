//! Points over time, thinned as they come.
//!
//! Time is cut into buckets; of each the first and last point and, by each of a few figures, those
//! of the lowest and highest value are kept: every peak and every fall survives.

/// A point and its place in the order of recording.
type Placed<P> = (u64, P);

/// A figure of a point.
type Figure<P> = fn(&P) -> u64;

/// Points thinned by `N` figures.
#[derive(Clone, Debug)]
pub struct Thinned<P, const N: usize> {
    figures: [Figure<P>; N],
    points: Vec<P>,
    bucket: Option<Bucket<P, N>>,
    recorded: u64,
}

#[derive(Clone, Debug)]
struct Bucket<P, const N: usize> {
    index: u64,
    first: Placed<P>,
    extremes: [(Placed<P>, Placed<P>); N],
    last: Placed<P>,
}

impl<P: Clone, const N: usize> Thinned<P, N> {
    /// No points yet.
    #[must_use]
    pub fn new(figures: [Figure<P>; N]) -> Self {
        Self { figures, points: Vec::new(), bucket: None, recorded: 0 }
    }

    /// Takes in a point of a bucket; buckets come in ascending order.
    pub fn push(&mut self, index: u64, point: P) {
        self.recorded += 1;
        let placed = (self.recorded, point);
        match &mut self.bucket {
            Some(bucket) if bucket.index == index => {
                for ((low, high), figure) in bucket.extremes.iter_mut().zip(self.figures) {
                    let value = figure(&placed.1);
                    if value < figure(&low.1) {
                        *low = placed.clone();
                    } else if value > figure(&high.1) {
                        *high = placed.clone();
                    }
                }
                bucket.last = placed;
            }
            _ => {
                self.close_bucket();
                self.bucket = Some(Bucket {
                    index,
                    first: placed.clone(),
                    extremes: std::array::from_fn(|_| (placed.clone(), placed.clone())),
                    last: placed,
                });
            }
        }
    }

    fn close_bucket(&mut self) {
        let Some(Bucket { first, extremes, last, .. }) = self.bucket.take() else { return };
        let mut kept = vec![first, last];
        kept.extend(extremes.into_iter().flat_map(|(low, high)| [low, high]));
        kept.sort_by_key(|(place, _)| *place);
        kept.dedup_by_key(|(place, _)| *place);
        self.points.extend(kept.into_iter().map(|(_, point)| point));
    }

    /// The points kept, in the order of recording.
    #[must_use]
    pub fn finish(mut self) -> Vec<P> {
        self.close_bucket();
        self.points
    }
}

#[cfg(test)]
mod tests {
    use super::Thinned;

    #[test]
    fn peaks_and_falls_of_one_instant_survive() {
        let mut points = Thinned::new([|point: &(u64, u64)| point.1]);
        for point in [(0, 5), (1, 6), (3, 9), (3, 0), (5, 2), (5, 1), (8, 3)] {
            points.push(0, point);
        }
        points.push(1, (10, 4));
        assert_eq!(points.finish(), [(0, 5), (3, 9), (3, 0), (8, 3), (10, 4)]);
    }

    #[test]
    fn extremes_of_every_figure_survive() {
        let mut points = Thinned::<(u64, u64), 2>::new([|point| point.0, |point| point.1]);
        for point in [(5, 5), (5, 6), (9, 5), (5, 1), (6, 6), (5, 8), (4, 5), (5, 5)] {
            points.push(0, point);
        }
        assert_eq!(points.finish(), [(5, 5), (9, 5), (5, 1), (5, 8), (4, 5), (5, 5)]);
    }
}
