//! The answer in a sentence, and what to know before trusting it.

use super::enough;
use crate::experiment::{percent, proportion};
use crate::results::{AdviseResult, RemedyRow, RemedyState};

pub(super) fn verdict(result: &AdviseResult) -> String {
    let at_most = percent(result.probability);
    let base = format!(
        "it goes wrong in {} of {} runs without",
        result.base.wrong.count, result.base.replications
    );
    let none_needed = result.holds_without();
    if none_needed && result.base_too_close {
        return too_close_without(result);
    }
    if none_needed {
        return format!(
            "No remedy is needed: {} of {} runs go wrong (at most {:.1} %)",
            result.base.wrong.count,
            result.base.replications,
            result.base.wrong.high * 100.0
        );
    }
    match result.remedies.first() {
        Some(row) if row.state == RemedyState::Suffices => {
            let (prevents, not) = if row.is_confirmed() {
                ("prevents", "")
            } else {
                ("may prevent", ", not confirmed with other draws")
            };
            format!(
                "{}{} {prevents} it: {} of {} runs go wrong (at most {:.1} %){not}, highest \
                 peak {} of {}; {base}",
                row.name,
                dose(row),
                row.figures.wrong.count,
                row.figures.replications,
                row.figures.wrong.high * 100.0,
                row.figures.highest_bytes,
                row.figures.limit_bytes
            )
        }
        Some(row) if row.state == RemedyState::TooClose => format!(
            "{}{} may prevent it: {} of {} runs go wrong, but its highest peak, {} of {}, is within the error \
             of the model; {base}",
            row.name,
            dose(row),
            row.figures.wrong.count,
            row.figures.replications,
            row.figures.highest_bytes,
            row.figures.limit_bytes
        ),
        Some(row) if row.state == RemedyState::Undecided => format!(
            "Not known: {}{} went wrong in {} of {} runs when the work ended; {base}",
            row.name,
            dose(row),
            row.figures.wrong.count,
            row.figures.replications
        ),
        _ if !result.shown_wrong => {
            format!(
                "Not known: {} of {} runs go wrong without a remedy, which cannot show that it is at or \
                 below {at_most}: -n {} can",
                result.base.wrong.count,
                result.base.replications,
                enough(result.probability)
            )
        }
        _ if result.remedies.iter().all(|row| row.figures.replications == 0) => {
            format!("No remedy was tried, {}; {base}", untried(result))
        }
        _ => format!("No remedy tried keeps it at or below {at_most}; {base}"),
    }
}

/// Where no run goes wrong, but a real one may.
fn too_close_without(result: &AdviseResult) -> String {
    let far = result.remedies.first().filter(|row| row.state == RemedyState::Suffices);
    format!(
        "Too close to call: {} of {} runs go wrong, but the highest peak, {} of {}, is within the error of the \
         model; {}",
        result.base.wrong.count,
        result.base.replications,
        result.base.highest_bytes,
        result.base.limit_bytes,
        far.map_or_else(
            || "no remedy tried is shown to bring it out of that".to_owned(),
            |row| format!("{}{} brings it out of that", row.name, dose(row))
        )
    )
}

/// Why none was.
fn untried(result: &AdviseResult) -> &'static str {
    if result.open() == 0 { "none is possible here" } else { "the work ended before" }
}

fn dose(row: &RemedyRow) -> String {
    if row.dose.is_empty() { String::new() } else { format!(" ({})", row.dose) }
}

pub(super) fn warnings(result: &AdviseResult) -> Vec<String> {
    let mut warnings = Vec::new();
    let (runs, most) = (result.runs, result.most_runs);
    let untried = result.open();
    let what = if untried == 1 { "remedy was" } else { "remedies were" };
    if untried > 0 {
        warnings.push(format!(
            "{untried} {what} not tried, or not to the end: the work was stopped after {runs} of at most \
             {most} runs"
        ));
    }
    let open: Vec<&str> = result
        .remedies
        .iter()
        .take(super::CONFIRMED)
        .filter(|row| row.state <= RemedyState::TooClose && !row.is_confirmed())
        .map(|row| row.name.as_str())
        .collect();
    if !open.is_empty() {
        warnings.push(format!(
            "not confirmed with draws of another seed, since the work was stopped after {runs} of at most \
             {most} runs: {}",
            open.join(", ")
        ));
    }
    if proportion(0, result.replications).high > result.probability {
        warnings.push(format!(
            "{} replications cannot show that anything suffices: {} can",
            result.replications,
            enough(result.probability)
        ));
    }
    warnings
}
