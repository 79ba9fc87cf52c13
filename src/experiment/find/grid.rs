//! The values of a key as numbered points, in ascending order.

use crate::scenario::{Knob, Range, Unit, Value};
use crate::units::Sort as _;

/// Points of a range that has no step of its own, about: the answer is as fine as this.
const FINE: f64 = 1_000.0;

/// Values of a key, from 0 on.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    knob: Knob,
    spacing: Spacing,
}

#[derive(Clone, Debug, PartialEq)]
enum Spacing {
    Listed(Vec<Value>),
    Even { low: f64, step: f64, points: usize },
}

/// Why the values of a key are no points of a search.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// Words have no order.
    #[error("`{0}` takes words: there is no breaking point between them")]
    NoOrder(String),
    /// A search needs two points.
    #[error("`{0}` has one value to try: give a range, such as {0}=A..B")]
    OneValue(String),
}

impl Grid {
    /// The values of a range: those listed or stepped through, every whole number, or steps of
    /// about a thousandth of the way.
    ///
    /// # Errors
    /// Values without an order, or fewer than two.
    pub fn of(knob: &Knob, range: &Range) -> Result<Self, GridError> {
        let key = || knob.key().to_owned();
        match range {
            Range::Values(values) => {
                let mut listed = Vec::new();
                for value in values {
                    let at = value.coordinate().ok_or_else(|| GridError::NoOrder(key()))?;
                    listed.push((at, value.clone()));
                }
                listed.order_by(|a, b| a.0.total_cmp(&b.0));
                if listed.len() < 2 {
                    return Err(GridError::OneValue(key()));
                }
                let values = listed.into_iter().map(|(_, value)| value).collect();
                Ok(Self { knob: knob.clone(), spacing: Spacing::Listed(values) })
            }
            Range::Between { low, high, .. } => {
                let ends = (low.coordinate(), high.coordinate());
                let (Some(low), Some(high)) = ends else {
                    return Err(GridError::NoOrder(key()));
                };
                Self::between(knob, low, high)
            }
        }
    }

    /// The values between two coordinates.
    ///
    /// # Errors
    /// Fewer than two.
    pub fn between(knob: &Knob, low: f64, high: f64) -> Result<Self, GridError> {
        let step = step(knob, high - low);
        let points = ((high - low) / step + 1e-9).floor() as usize + 1;
        if points < 2 {
            return Err(GridError::OneValue(knob.key().to_owned()));
        }
        Ok(Self { knob: knob.clone(), spacing: Spacing::Even { low, step, points } })
    }

    /// How many there are.
    #[must_use]
    pub fn points(&self) -> usize {
        match &self.spacing {
            Spacing::Listed(values) => values.len(),
            Spacing::Even { points, .. } => *points,
        }
    }

    /// The value of a point; of the last, past it. `None` only of words, which are not let in.
    #[must_use]
    pub fn value(&self, point: usize) -> Option<Value> {
        let point = point.min(self.points() - 1);
        match &self.spacing {
            Spacing::Listed(values) => values.get(point).cloned(),
            Spacing::Even { low, step, .. } => self.knob.at(low + step * point as f64),
        }
    }
}

/// The step of a range of this width: 1 for whole numbers, else a round one.
fn step(knob: &Knob, width: f64) -> f64 {
    let least = width / FINE;
    if knob.is_whole() {
        return 1.0;
    }
    if knob.unit() == Some(Unit::Bytes) {
        return libm::exp2(libm::ceil(libm::log2(least))).max(1.0);
    }
    let decade = libm::pow(10.0, libm::floor(libm::log10(least)));
    let round = [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * decade >= least * (1.0 - 1e-9));
    round.unwrap_or(10.0) * decade
}

#[cfg(test)]
mod tests {
    use super::{Grid, GridError};
    use crate::scenario::Vary;

    fn ends(text: &str) -> Result<(usize, String, String, String), GridError> {
        let vary = Vary::parse(text).expect(text);
        let grid = Grid::of(&vary.knob, &vary.range)?;
        let at = |point| grid.value(point).expect("a value").to_string();
        Ok((grid.points(), at(0), at(1), at(usize::MAX)))
    }

    #[test]
    fn values_keep_their_unit() {
        let of = |points, a: &str, b: &str, c: &str| Ok((points, a.into(), b.into(), c.into()));
        assert_eq!(ends("clients.a.count=10..500"), of(491, "10", "11", "500"));
        assert_eq!(ends("clients.a.count=1..1000000"), of(1_000_000, "1", "2", "1000000"));
        assert_eq!(ends("clients.a.count=10..500:100"), of(5, "10", "110", "410"));
        assert_eq!(ends("clients.a.count=30,10,20"), of(3, "10", "20", "30"));
        assert_eq!(ends("apiserver.memory-limit=4GiB..68GiB"), of(513, "4GiB", "4224MiB", "68GiB"));
        assert_eq!(ends("clients.a.start-jitter=0s..10s"), of(1_001, "0s", "10ms", "10s"));
        assert_eq!(ends("hardware.cpu-noise=0%..20%"), of(1_001, "0%", "0.02%", "20%"));
    }

    #[test]
    fn words_have_no_order() {
        let error = ends("balancer.policy=random,round-robin").expect_err("words");
        assert!(error.to_string().contains("takes words"), "{error}");
        assert!(ends("clients.a.count=7").is_err());
    }
}
