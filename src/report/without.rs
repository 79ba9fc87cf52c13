//! What is left of a storm without each client, for people.

use super::format::whole_percent;
use super::page::Section;
use super::table::Table;
use crate::results::{LeaveOneOut, LeftOut};

/// Clients shown; all are in the files.
const SHOWN: usize = 6;

/// The section of a page; nothing where nothing was tried.
pub(super) fn section(found: Option<&LeaveOneOut>) -> Section {
    let Some(found) = found else { return Section::default() };
    let n = found.with_all.replications;
    let shown: Vec<&LeftOut> = found
        .without_one
        .iter()
        .take(SHOWN)
        .chain(&found.without_two)
        .chain(&found.without_all)
        .collect();
    let is_all = |row: &LeftOut| found.without_all.as_ref() == Some(row);
    let table = Table::of(&shown)
        .words("without", |row: &&LeftOut| {
            if is_all(row) { "any client".to_owned() } else { row.clients.join(" and ") }
        })
        .at_most(60)
        .numbers("peak", |row| change(row))
        .words("", |row| left(row, found));
    let with_all = match (found.happened.count, n) {
        (0, 1) => format!("no {} in one run", what(found).0),
        (_, 1) => format!("{} in one run", what(found).0),
        (count, _) => format!("{} in {count} of {n} runs", what(found).0),
    };
    let heading = format!("The same draws without a client (with all: {with_all})");
    Section::new(heading).table(table).legends(few(n)).legends(interaction(found))
}

/// That so few runs show no share.
fn few(runs: u32) -> Option<String> {
    /// With fewer, what happens in all of them may happen in hardly more than half.
    const ENOUGH: u32 = 5;
    let what = if runs == 1 { "one run shows".to_owned() } else { format!("{runs} runs show") };
    (runs < ENOUGH).then(|| format!("{what} what can happen, not how often: more with a higher -n"))
}

/// `-61 %`.
fn change(row: &LeftOut) -> String {
    let text = whole_percent(row.peak_change.abs());
    match row.peak_change {
        _ if text == "0 %" => text,
        change if change < 0.0 => format!("-{text}"),
        _ => format!("+{text}"),
    }
}

/// What is counted: of the scenario, of what is left of it, and that it does not happen there.
fn what(found: &LeaveOneOut) -> (&str, &str, String) {
    match found.until.as_str() {
        "oom" | "" => ("OOM kill", "killed", "no kill".to_owned()),
        other => (other, other, format!("not {other}")),
    }
}

fn left(row: &LeftOut, found: &LeaveOneOut) -> String {
    let n = row.without.replications;
    let (_, happens, not) = what(found);
    match row.happened.count {
        _ if row.without.incomplete > 0 => "unknown: stopped for the work".to_owned(),
        0 if n == 1 => not,
        _ if n == 1 => happens.to_owned(),
        0 => format!("{not} in {n} runs"),
        count => format!("{happens} in {count} of {n}"),
    }
}

/// What single clients do not explain.
fn interaction(found: &LeaveOneOut) -> Option<String> {
    /// Points that are worth a word.
    const WORTH: f64 = 0.05;
    let all = found.without_all.as_ref()?.peak_change;
    let sum = found.sum();
    let apart = all - sum;
    let percent = |share: f64| format!("{:+.0} %", share * 100.0);
    let what = if found.with_all.oom.count > 0 {
        "peaks end at the limit, which hides what each adds above it"
    } else {
        "they hold memory for each other, or one after the other"
    };
    let pair = found.without_two.as_ref().and_then(|two| {
        let of_two = |row: &&LeftOut| row.clients.iter().any(|name| two.clients.contains(name));
        let alone: f64 = found.without_one.iter().filter(of_two).map(|row| row.peak_change).sum();
        let (names, both) = (two.clients.join(" and "), two.peak_change);
        ((both - alone).abs() > WORTH).then(|| {
            format!("; {names} alone sum to {}, together {}", percent(alone), percent(both))
        })
    });
    (apart.abs() > WORTH).then(|| {
        let (sum, all) = (percent(sum), percent(all));
        let pair = pair.unwrap_or_default();
        format!("single clients sum to {sum}, all together are {all}: {what}{pair}")
    })
}

#[cfg(test)]
mod tests {
    use super::{few, interaction, left};
    use crate::results::{LeaveOneOut, LeftOut, TrialFigures};

    fn left_out(clients: &[&str], peak_change: f64) -> LeftOut {
        let clients = clients.iter().map(|name| (*name).to_owned()).collect();
        LeftOut { clients, peak_change, ..LeftOut::default() }
    }

    #[test]
    fn few_runs_are_not_told_as_many() {
        assert!(few(1).is_some_and(|told| told.starts_with("one run shows what can happen")));
        assert!(few(2).is_some_and(|told| told.starts_with("2 runs show")) && few(5).is_none());
        let one = LeaveOneOut {
            with_all: TrialFigures { replications: 1, ..TrialFigures::default() },
            ..LeaveOneOut::default()
        };
        let mut row = left_out(&["a"], 0.0);
        (row.without.replications, row.happened.count) = (1, 1);
        assert_eq!(left(&row, &one), "killed");
    }

    #[test]
    fn what_single_clients_do_not_explain_is_said_and_named() {
        let mut found = LeaveOneOut {
            without_one: vec![
                left_out(&["a"], -0.1),
                left_out(&["b"], -0.05),
                left_out(&["c"], 0.0),
            ],
            without_two: Some(left_out(&["a", "b"], -0.7)),
            without_all: Some(left_out(&["a", "b", "c"], -0.75)),
            ..LeaveOneOut::default()
        };
        let told = interaction(&found).expect("sixty points are not explained");
        assert!(told.contains("sum to -15 %, all together are -75 %"), "{told}");
        assert!(told.contains("a and b alone sum to -15 %, together -70 %"), "{told}");
        // Where they add up, there is nothing to say.
        found.without_two = Some(left_out(&["a", "b"], -0.15));
        found.without_all = Some(left_out(&["a", "b", "c"], -0.16));
        assert_eq!(interaction(&found), None);
    }
}
