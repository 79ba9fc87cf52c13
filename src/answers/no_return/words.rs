//! The answer in a sentence, and what to know before trusting it.

use crate::answers::no_return::NoReturnQuestion;
use crate::results::NoReturn;

pub(super) fn verdict(result: &NoReturn) -> String {
    let until = &result.until;
    let Some(happened) = result.happened_seconds else {
        let most = result.points.iter().map(|point| point.happened.count).max().unwrap_or(0);
        return format!(
            "{until} did not happen in replication {}; at its worst instant it happened in {most} of \
             {} continuations",
            result.replication, result.continuations
        );
    };
    let began = result.began_seconds;
    let whole = happened - began;
    match result.passed.last() {
        Some(certain) if certain.at_seconds < began || certain.at_seconds <= 0.0 => {
            decided_at_the_start(result)
        }
        Some(certain) => format!(
            "Point of no return {:.1} s after the first event, {:.1} s before it happened ({:.1} s \
             after the first event): from then on {until} followed in 95 % of the continuations or more",
            certain.at_seconds - began,
            happened - certain.at_seconds,
            whole
        ),
        None => format!("{until} happened {whole:.1} s after the first event"),
    }
}

/// `of` so many replications of the scenario.
pub(super) fn warnings(result: &NoReturn, question: &NoReturnQuestion, of: u32) -> Vec<String> {
    let mut warnings = Vec::new();
    let until = &question.until;
    if question.replication.is_some_and(|named| named >= of) {
        warnings.push(format!(
            "replication {} is none of the scenario's {of}, which are 0 to {}: run, find and others do not \
             count it",
            result.replication,
            of.saturating_sub(1)
        ));
    }
    if result.happened_in == 0 {
        // Of one that was named, the verdict says all.
        let chosen = question.replication.is_none();
        warnings.extend(chosen.then(|| format!(
            "{until} happened in none of {} replications: what is shown is the one with the highest peak",
            result.replications
        )));
    } else if result.happened_seconds.is_none() {
        warnings.push(format!(
            "when {until} happened is not recorded: the instants are spread over the whole run"
        ));
    }
    if result.incomplete > 0 {
        warnings.push(format!(
            "{} continuations were stopped for the work they took and counted as if it did not happen: \
             raise run.max-events",
            result.incomplete
        ));
    }
    warnings
}

/// That of one run says nothing of others, whose state at the start was drawn otherwise.
fn decided_at_the_start(result: &NoReturn) -> String {
    let (until, happened, n) = (&result.until, result.happened_in, result.replications);
    let before = "all but certain before the first event";
    if n <= 1 {
        return format!(
            "{until} was {before} in this run: its initial state decided it; other replications may end \
             otherwise"
        );
    }
    if happened == n {
        return format!(
            "{until} was {before} in this run, and it happened in all {n} replications: hardly any luck \
             prevents it, only another setting"
        );
    }
    format!(
        "{until} was {before} in this run: its initial state decided it; it happened in {happened} of {n} \
         replications"
    )
}

#[cfg(test)]
mod tests {
    use super::{NoReturnQuestion, verdict, warnings};
    use crate::results::{NoReturn, PassedPoint};
    use crate::scenario::measure::Condition;

    fn certain(happened_in: u32, replications: u32) -> NoReturn {
        let passed = PassedPoint { probability: 0.95, after_seconds: 59.9, at_seconds: 59.9 };
        NoReturn {
            until: "oom".to_owned(),
            happened_in,
            replications,
            replication: 6,
            began_seconds: 60.0,
            happened_seconds: Some(62.0),
            passed: vec![passed],
            ..NoReturn::default()
        }
    }

    /// What one run was decided by is not told of all.
    #[test]
    fn the_initial_state_decides_one_run() {
        let some = verdict(&certain(6, 10));
        assert!(some.ends_with("it happened in 6 of 10 replications"), "{some}");
        assert!(some.contains("initial state") && !some.contains("only another setting"), "{some}");
        let one = verdict(&certain(1, 1));
        assert!(one.ends_with("other replications may end otherwise"), "{one}");
        let all = verdict(&certain(10, 10));
        assert!(all.ends_with("only another setting"), "{all}");
    }

    #[test]
    fn a_replication_that_was_named_is_no_choice_of_ours() {
        let of = |replication, result: NoReturn| {
            let until = Condition::OOM;
            let question = NoReturnQuestion { until, continuations: 1, replication };
            warnings(&result, &question, 10).join("; ")
        };
        let none = || NoReturn { happened_seconds: None, ..certain(0, 1) };
        assert!(of(None, none()).contains("the one with the highest peak"));
        assert_eq!(of(Some(6), none()), "");
        let outside = of(Some(70), NoReturn { replication: 70, ..none() });
        assert!(
            outside.starts_with("replication 70 is none of the scenario's 10, which are 0 to 9")
        );
    }
}
