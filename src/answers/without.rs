//! Leave-one-out: the scenario again without each of its clients, on the same draws.
//!
//! A client is taken out with whatever names it: events, workloads, connections. What single clients
//! change does not sum to what all of them change; the difference is what they do to each other, and is
//! shown as such. Two are taken out together, too: with kills, one client's absence may change nothing as
//! another kills alone. These are the first two, or, where no single one changes anything that counts, the
//! two that hold most at the peak.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::WORTH;
use super::binding::heaviest;
use crate::engine::stop;
use crate::experiment::{ReplicateError, Replications, Trial, Variant, median_change};
use crate::results::{Holder, LeaveOneOut, LeftOut};
use crate::scenario::Overlay;
use crate::scenario::measure::Condition;
use crate::units::{Bytes, Sort};

/// Most clients taken out one by one.
const MOST_CLIENTS: usize = 12;

/// Runs that leave-one-out takes beside those of the scenario itself, at most, for each replication.
#[must_use]
pub fn most_runs(clients: usize) -> u32 {
    (clients.min(MOST_CLIENTS) + 3) as u32
}

/// Runs the scenario without each client, and counts how often something happens. `None`: there is none, or the process was asked to end
/// before there was anything to keep.
///
/// # Errors
/// See [`ReplicateError`].
pub fn leave_one_out(
    variant: &Variant,
    until: &Condition,
    plan: Replications,
) -> Result<Option<LeaveOneOut>, ReplicateError> {
    // Overrides may name what is taken out: they are read into the text first.
    let Ok(restated) = variant.restated() else { return Ok(None) };
    let names = clients(&restated);
    let mut base = Trial::new(&restated, plan);
    base.grow(plan.replications)?;
    let mut found = LeaveOneOut {
        until: until.to_string(),
        with_all: base.figures(),
        happened: base.share(until),
        not_tried: names.len().saturating_sub(MOST_CLIENTS) as u32,
        ..LeaveOneOut::default()
    };
    let without = |clients: &[String]| -> Result<Option<LeftOut>, ReplicateError> {
        let Ok(left) = restated.over(removal(clients)) else { return Ok(None) };
        let mut trial = Trial::new(&left, plan);
        trial.grow(plan.replications)?;
        // Fewer than planned: stopped. Pairs must be pairs.
        let whole = trial.runs.len() == base.runs.len() && !stop::asked();
        Ok(whole.then(|| LeftOut {
            clients: clients.to_vec(),
            peak_change: median_change(&base.runs, &trial.runs),
            without: trial.figures(),
            happened: trial.share(until),
        }))
    };
    for name in names.iter().take(MOST_CLIENTS) {
        found.without_one.extend(without(std::slice::from_ref(name))?);
    }
    let worst = base.worst()?;
    let holders = worst.worst_server().map_or(&[][..], |server| &server.holders_at_peak);
    let rank = by_weight(holders);
    let rank = |row: &LeftOut| {
        rank.iter().position(|name| row.clients.contains(name)).unwrap_or(usize::MAX)
    };
    // Of those that change nothing that counts, who holds most comes first.
    found.without_one.order_by_key(|row| {
        let change = row.peak_change;
        let counts = if change.abs() < WORTH { 0 } else { (change * 100.0).round() as i64 };
        (row.happened.count, counts, rank(row))
    });
    if found.without_one.len() > 2 {
        let mut order: Vec<&LeftOut> = found.without_one.iter().collect();
        let happened = found.happened.count;
        if happened > 0 && order.iter().all(|row| row.happened.count >= happened) {
            order.order_by_key(|row| rank(row));
        }
        let two: Vec<String> =
            order.iter().take(2).flat_map(|row| row.clients.iter().cloned()).collect();
        found.without_two = without(&two)?;
    }
    if names.len() > 1 {
        found.without_all = without(&names)?;
    }
    Ok((!found.without_one.is_empty()).then_some(found))
}

/// The names of the clients that hold memory, most first.
fn by_weight(holders: &[Holder]) -> Vec<String> {
    let mut held: BTreeMap<String, Bytes> = BTreeMap::new();
    for (client, _, bytes) in heaviest(holders) {
        *held.entry(client).or_default() += bytes;
    }
    let mut names: Vec<(String, Bytes)> = held.into_iter().collect();
    names.order_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    names.into_iter().map(|(name, _)| name).collect()
}

/// The names of the clients, in their order.
fn clients(variant: &Variant) -> Vec<String> {
    let fleets = &variant.scenario().inputs.fleets;
    fleets.iter().filter(|fleet| fleet.part.is_none()).map(|fleet| fleet.name.clone()).collect()
}

/// The overlay that takes clients out.
fn removal(clients: &[String]) -> Overlay {
    let text = clients.iter().fold(String::new(), |mut text, name| {
        let name = toml::Value::from(name.as_str());
        let _ = write!(text, "[[clients]]\nname = {name}\nremove = true\n");
        text
    });
    Overlay { name: "leave-one-out".to_owned(), text: text.into_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Template;

    const TEXT: &str = r#"
        schema = 1
        name = "two"
        [run]
        duration = "3m"
        [apiserver]
        version = "1.32"
        memory-limit = "4GiB"
        [objects.secrets]
        count = 400
        size = "1MB"
        [[clients]]
        name = "heavy"
        count = 8
        start = "stopped"
        reflector = { resource = "secrets", encoding = "json" }
        [[clients]]
        name = "light"
        count = 5
        start = "stopped"
        reflector = { resource = "secrets", selected = "0.1%" }
        [[events]]
        name = "storm"
        at = "1m"
        start = { client = "heavy" }
        [[events]]
        name = "breeze"
        at = "1m"
        start = { client = "light" }
    "#;

    #[test]
    fn the_client_that_kills_is_named() {
        let template = Template::of_text("two", TEXT.as_bytes(), &[]);
        // An override of what is taken out must not stand in the way.
        let variant = Variant::load(&template, &["clients.heavy.count=9".to_owned()]).unwrap();
        let plan = Replications { seed: 1, replications: 2, threads: Some(1) };
        let until = Condition::OOM;
        let found = leave_one_out(&variant, &until, plan).unwrap().unwrap();
        assert_eq!((found.with_all.oom.count, found.happened.count), (2, 2));
        let first = &found.without_one[0];
        assert_eq!((first.clients[0].as_str(), first.without.oom.count), ("heavy", 0));
        assert!(first.peak_change < -0.3, "{first:?}");
        let second = &found.without_one[1];
        assert_eq!(second.without.oom.count, 2, "{second:?}");
        let none = found.without_all.unwrap();
        assert!(none.peak_change <= first.peak_change, "{none:?}");
    }

    /// Two clients each of which kills alone, and two that do not matter: the pair to take out is that
    /// of the two that hold most.
    #[test]
    fn where_no_single_client_helps_the_two_that_hold_most_are_paired() {
        let more = r#"
        [[clients]]
        name = "idle"
        count = 2
        reflector = { resource = "secrets", selected = "0.1%" }
        [[clients]]
        name = "also-heavy"
        count = 8
        start = "stopped"
        reflector = { resource = "secrets", encoding = "json" }
        [[events]]
        name = "second storm"
        at = "1m"
        start = { client = "also-heavy" }
        "#;
        let template = Template::of_text("two", format!("{TEXT}{more}").as_bytes(), &[]);
        let variant = Variant::load(&template, &[]).unwrap();
        let plan = Replications { seed: 1, replications: 2, threads: Some(2) };
        let found = leave_one_out(&variant, &Condition::OOM, plan).unwrap().unwrap();
        assert!(found.without_one.iter().all(|row| row.happened.count == 2), "{found:#?}");
        let two = found.without_two.unwrap();
        let mut clients = two.clients.clone();
        clients.sort();
        assert_eq!((clients, two.happened.count), (vec!["also-heavy".into(), "heavy".into()], 0));
    }
}
