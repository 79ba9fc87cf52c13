//! The burst of an installation among the writes of a client.

/// Writes per instance below which there is no burst.
const LEAST_BURST: u64 = 20;
/// Parts of a life over which steady writes are spread: all in one part is a burst.
const PARTS: usize = 8;

/// The burst among writes over the life of a client, and how many cells it takes: the shortest time that
/// has half of them, if that is less than an eighth of the life, joined by what is as dense around it. If
/// what is left lies within an eighth also, all was the burst.
pub(super) fn burst(counts: &[i32], instances: u64) -> Option<(u64, usize)> {
    let counts: Vec<u64> = counts.iter().map(|count| u64::try_from(*count).unwrap_or(0)).collect();
    let total: u64 = counts.iter().sum();
    let window = busiest(&counts, total).filter(|window| {
        window.len() * PARTS <= counts.len() && total >= LEAST_BURST * instances.max(1)
    });
    let window = window.unwrap_or(0..0);
    let outside = |cell: &usize| counts[*cell] > 0 && !window.contains(cell);
    let first = (0..counts.len()).find(outside);
    let last = (0..counts.len()).rev().find(outside);
    let (Some(first), Some(last)) = (first, last) else {
        return Some((total, window.len()));
    };
    if counts.len() >= PARTS && (last - first) * PARTS < counts.len() {
        return Some((total, window.len()));
    }
    (!window.is_empty()).then(|| (counts[window.clone()].iter().sum(), window.len()))
}

/// The shortest run of cells with half of all, and what is at least a quarter as dense beside it.
fn busiest(counts: &[u64], total: u64) -> Option<std::ops::Range<usize>> {
    let half = total.div_ceil(2);
    let (mut from, mut inside) = (0, 0);
    let mut best: Option<std::ops::Range<usize>> = None;
    for to in 0..counts.len() {
        inside += counts[to];
        while from < to && inside - counts[from] >= half {
            inside -= counts[from];
            from += 1;
        }
        if inside >= half && best.as_ref().is_none_or(|best| to + 1 - from < best.len()) {
            best = Some(from..to + 1);
        }
    }
    let mut best = best?;
    let dense = half / best.len() as u64 / 4;
    while best.start > 0 && counts[best.start - 1] > dense {
        best.start -= 1;
    }
    while best.end < counts.len() && counts[best.end] > dense {
        best.end += 1;
    }
    Some(best)
}
