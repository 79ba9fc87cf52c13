//! What gives way: the first server that is killed, or comes nearest to its limit, and who held its
//! memory.

use std::collections::BTreeMap;

use crate::experiment::{ReplicateError, Replications, Trial, Variant};
use crate::results::{BreakingPoint, Holder, Outcome, RunRecord, ServerRecord};
use crate::units::{Bytes, Sort};

/// What gives way in the worst of some replications, in one sentence. Where breaking points are known,
/// the first replication that broke early is looked at, too.
///
/// # Errors
/// See [`ReplicateError`].
pub fn binding(
    variant: &Variant,
    plan: Replications,
    breaking: &[BreakingPoint],
) -> Result<Option<String>, ReplicateError> {
    // The replication that breaks first, if there is one; else the worst of the first few.
    let worst = match breaks_first(breaking) {
        Some(replication) => {
            let options =
                crate::model::RunOptions { seed: plan.seed, replication, timelines: true };
            variant.run(replication, options, &[])?
        }
        None => {
            let mut trial = Trial::new(variant, plan);
            trial.grow(plan.replications)?;
            trial.worst()?
        }
    };
    Ok(worst.worst_server().map(|server| sentence(&worst, server)))
}

/// The replication that breaks nearest to the safe side: at the lowest value, or at the highest where
/// values below are the dangerous ones, as of a memory limit.
fn breaks_first(breaking: &[BreakingPoint]) -> Option<u32> {
    let falls = breaking.iter().any(|point| match (&point.safe, &point.past) {
        (Some(safe), Some(past)) => safe.number > past.number,
        _ => false,
    });
    let broken = breaking.iter().filter_map(|point| Some((point.past.as_ref()?, point)));
    let order = |number: f64| if falls { -number } else { number };
    let first = broken.min_by(|(a, _), (b, _)| order(a.number).total_cmp(&order(b.number)));
    first.map(|(_, point)| point.replication)
}

fn sentence(run: &RunRecord, server: &ServerRecord) -> String {
    let what = match server.oom_kills.first() {
        Some(kill) => format!("memory. {} is killed at {}", server.name, kill.at),
        None => format!("no server is killed. {} peaks at {}", server.name, server.peak_at),
    };
    let of = if server.limit > Bytes::ZERO {
        format!("{} of {}", server.peak_resident, server.limit)
    } else {
        server.peak_resident.to_string()
    };
    let rejected = run.counters.requests_rejected;
    let full: Vec<&str> = server
        .levels
        .iter()
        .filter(|level| !level.exempt && level.peak_waiting > 0)
        .map(|level| level.name.as_str())
        .collect();
    let seats = match full.as_slice() {
        [] => String::new(),
        levels => format!("; requests wait in {}", levels.join(", ")),
    };
    let refused = if rejected > 0 { format!("; {rejected} answered 429") } else { String::new() };
    let end = if run.outcome == Outcome::NonRecovering { "; no recovery by the end" } else { "" };
    let holder = holder(&server.holders_at_peak).map_or_else(String::new, |h| format!(", {h}"));
    format!("What gives way: {what}, {of}{holder}{seats}{refused}{end}")
}

/// `61 % of it for node-agents (pods, mostly response buffer)`: the client that holds most.
#[must_use]
pub fn holder(holders: &[Holder]) -> Option<String> {
    let (client, resource, bytes) = heaviest(holders).into_iter().next()?;
    let total: Bytes = holders.iter().map(|holder| holder.bytes).sum();
    let share = bytes.as_f64() / total.as_f64().max(1.0) * 100.0;
    let own = holders.iter().filter(|h| h.client == client && h.resource == resource);
    let mostly = own.max_by_key(|holder| holder.bytes)?.mechanism.label();
    let name: String = client.chars().flat_map(char::escape_debug).collect();
    Some(format!("{share:.0} % of it for {name} ({resource}, mostly {mostly})"))
}

/// Clients with the resource that they read, by what they hold: most first.
#[must_use]
pub fn heaviest(holders: &[Holder]) -> Vec<(String, String, Bytes)> {
    let mut held: BTreeMap<(&str, &str), Bytes> = BTreeMap::new();
    for holder in holders.iter().filter(|holder| !holder.client.is_empty()) {
        *held.entry((&holder.client, &holder.resource)).or_default() += holder.bytes;
    }
    let mut rows: Vec<(String, String, Bytes)> =
        held.into_iter().map(|((c, r), bytes)| (c.to_owned(), r.to_owned(), bytes)).collect();
    rows.order_by_key(|(_, _, bytes)| std::cmp::Reverse(*bytes));
    rows
}

#[cfg(test)]
mod tests {
    use super::breaks_first;
    use crate::results::{BreakingPoint, FoundValue};

    fn point(replication: u32, safe: Option<f64>, past: Option<f64>) -> BreakingPoint {
        let value = |number: f64| FoundValue { text: number.to_string(), number };
        BreakingPoint { replication, safe: safe.map(value), past: past.map(value) }
    }

    #[test]
    fn the_first_to_break_is_nearest_to_the_safe_side() {
        // Clients: more of them is dangerous.
        let clients = [
            point(0, Some(30.0), Some(40.0)),
            point(1, Some(10.0), Some(20.0)),
            point(2, Some(90.0), None),
        ];
        assert_eq!(breaks_first(&clients), Some(1));
        // A memory limit: less of it is dangerous; the one that needs most breaks first.
        let limit = [
            point(0, Some(15.0), Some(14.0)),
            point(1, Some(17.0), Some(16.0)),
            point(2, Some(14.0), None),
        ];
        assert_eq!(breaks_first(&limit), Some(1));
        assert_eq!(breaks_first(&[point(0, Some(1.0), None)]), None);
    }
}
