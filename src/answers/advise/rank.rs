//! Which remedy is the best.

use crate::results::{RemedyRow, RemedyState};
use crate::units::{Bytes, Sort};

/// What a remedy costs and leaves, each the less the better, in steps that matter.
fn costs(row: &RemedyRow) -> [f64; 6] {
    let figures = &row.figures;
    let share = figures.peak_bytes.as_f64() / figures.limit_bytes.as_f64().max(1.0);
    [
        (share * 20.0).round(),
        row.extra_bytes.as_f64(),
        row.extra_cores,
        figures.settled_seconds.map_or(f64::INFINITY, |seconds| (seconds / 10.0).round()),
        (figures.cpu_seconds / 10.0).round(),
        libm::log2(figures.rejected as f64 + 1.0).round(),
    ]
}

/// Best first: what suffices, what leaves clients what they have, the Pareto front of it, what costs
/// nothing to buy, the lower peak.
pub(super) fn rank<T>(mut rows: Vec<(RemedyRow, T)>) -> Vec<(RemedyRow, T)> {
    let front: Vec<bool> = rows
        .iter()
        .map(|(row, _)| {
            let own = costs(row);
            let beaten = rows
                .iter()
                .filter(|(other, _)| {
                    other.state == row.state && (row.asks_less || !other.asks_less)
                })
                .any(|(other, _)| {
                    let theirs = costs(other);
                    let sides = || theirs.iter().zip(&own);
                    sides().any(|(a, b)| a < b) && sides().all(|(a, b)| a <= b)
                });
            row.state <= RemedyState::Helps && !beaten
        })
        .collect();
    for ((row, _), on_front) in rows.iter_mut().zip(front) {
        row.on_front = on_front;
    }
    rows.order_by(|(a, _), (b, _)| {
        let bought = |row: &RemedyRow| row.extra_bytes > Bytes::ZERO || row.extra_cores > 0.0;
        let share = |row: &RemedyRow| costs(row)[0];
        a.state
            .cmp(&b.state)
            .then(a.asks_less.cmp(&b.asks_less))
            .then(b.on_front.cmp(&a.on_front))
            .then(bought(a).cmp(&bought(b)))
            .then(a.figures.wrong.high.total_cmp(&b.figures.wrong.high))
            .then(share(a).total_cmp(&share(b)))
    });
    rows
}
