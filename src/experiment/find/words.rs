//! What a search found, as values of the key and in a sentence.

use super::Axis;
use super::search::{Answer, Found, Search, Tally};
use crate::experiment::estimate::percent;
use crate::experiment::verdict::until_cut;
use crate::results::{
    BreakingPoint, FORMAT_VERSION, FindResult, FoundBracket, FoundShare, FoundValue, FoundWhere,
    OutcomeCount,
};
use crate::scenario::measure::Condition;
use crate::scenario::{Scenario, Value};
use crate::units::Sort as _;

/// Points counted as the search did, from the safe end, as values.
struct Points<'a> {
    axis: &'a Axis<'a>,
    falling: bool,
}

impl Points<'_> {
    fn value(&self, point: usize) -> FoundValue {
        let last = self.axis.points - 1;
        let point = if self.falling { last - point.min(last) } else { point };
        (self.axis.value)(point)
    }

    fn share(&self, tally: &Tally) -> FoundShare {
        FoundShare { value: self.value(tally.point), happened: tally.count }
    }
}

pub(super) fn found_value(value: &Value) -> FoundValue {
    FoundValue { text: value.to_string(), number: value.coordinate().unwrap_or_default() }
}

/// The result as reports show it.
pub(super) fn result(
    scenario: &Scenario,
    until: &Condition,
    search: &Search,
    axis: &Axis<'_>,
    found: &Found,
) -> FindResult {
    let points = Points { axis, falling: found.falling };
    let last = axis.points - 1;
    let bracket = match &found.answer {
        Answer::Found(bracket) => Some(FoundBracket {
            safe: points.share(&bracket.safe),
            past: points.share(&bracket.past),
            low: bracket.low.map(|point| points.value(point)),
            high: bracket.high.map(|point| points.value(point)),
        }),
        Answer::NeverPast(_) | Answer::AlwaysPast(_) => None,
    };
    let breaking_point = |(replication, point): (u32, &Option<usize>)| BreakingPoint {
        replication,
        safe: match point {
            None => Some(points.value(last)),
            Some(point) => point.checked_sub(1).map(|safe| points.value(safe)),
        },
        past: point.map(|point| points.value(point)),
    };
    let mut curve: Vec<FoundShare> = found.curve.iter().map(|t| points.share(t)).collect();
    if found.falling {
        curve.reverse();
    }
    let ascending = Points { axis, falling: false };
    let mut result = FindResult {
        format_version: FORMAT_VERSION.to_owned(),
        scenario: scenario.name.clone(),
        scenario_hash: scenario.hash.clone(),
        release: scenario.inputs.release.version(),
        seed: search.seed,
        replications: search.replications,
        key: axis.key.to_owned(),
        unit: axis.unit.to_owned(),
        until: until.to_string(),
        probability: search.probability,
        range: (ascending.value(0), ascending.value(last)),
        values: axis.points as u64,
        current: axis.current.clone(),
        falling: found.falling,
        verdict: String::new(),
        found: match &found.answer {
            Answer::Found(_) => FoundWhere::Inside,
            Answer::NeverPast(_) => FoundWhere::NeverPast,
            Answer::AlwaysPast(_) => FoundWhere::AlwaysPast,
        },
        bracket,
        model: None,
        curve,
        breaking_points: (0..).zip(&found.breaking_points).map(breaking_point).collect(),
        probes: found.probes as u64,
        contradictions: found.contradictions.len() as u64,
        scanned: found.scanned,
        idle: false,
        cut: found.cut,
        runs: found.runs,
        incomplete: found.unknown,
        binds: None,
        leave_one_out: None,
        warnings: Vec::new(),
    };
    let verdict = verdict(&result, &found.answer);
    result.verdict = until_cut(verdict, result.incomplete, result.runs, "runs");
    result.warnings = warnings(&result, &points, found);
    result
}

/// The result of a search that was stopped while it looked for a range: what happened at the values
/// tried by then.
pub(super) fn of_pilots(
    scenario: &Scenario,
    until: &Condition,
    search: &Search,
    axis: &Axis<'_>,
    tried: Vec<(FoundShare, u32)>,
) -> FindResult {
    let found = Found {
        falling: false,
        answer: Answer::NeverPast(Tally { point: 0, count: OutcomeCount::default() }),
        breaking_points: Vec::new(),
        curve: Vec::new(),
        probes: 0,
        contradictions: Vec::new(),
        scanned: false,
        runs: tried.iter().map(|(_, n)| u64::from(*n)).sum(),
        unknown: 0,
        cut: true,
    };
    // At the last value it may be fewer.
    let search = Search { replications: tried.first().map_or(0, |(_, n)| *n), ..*search };
    let whole = tried.into_iter().filter(|(_, n)| *n == search.replications);
    let mut tried: Vec<FoundShare> = whole.map(|(share, _)| share).collect();
    tried.order_by(|a, b| a.value.number.total_cmp(&b.value.number));
    tried.dedup_by(|a, b| a.value == b.value);
    let verdict = format!(
        "Stopped before a breaking point of {} was known: what happened at the values tried by then \
         is below",
        axis.key
    );
    let result = result(scenario, until, &search, axis, &found);
    FindResult { found: FoundWhere::Unknown, curve: tried, verdict, ..result }
}

fn verdict(result: &FindResult, answer: &Answer) -> String {
    let (key, until) = (&result.key, &result.until);
    let most = percent(result.probability);
    let seen = |tally: &Tally| format!("{} of {}", tally.count.count, result.replications);
    let (low, high) = (&result.range.0.text, &result.range.1.text);
    match (answer, &result.bracket) {
        (Answer::Found(_), Some(bracket)) => {
            let words = if result.falling { "needs at least" } else { "may be up to" };
            let coarse = result.is_coarse();
            let safe = &bracket.safe.value;
            let at = if coarse { bracket.between() } else { safe.text.clone() };
            let sentence = format!(
                "{key} {words} {at}{} for P({until}) of at most {most}",
                interval(bracket, result.falling)
            );
            if coarse { sentence } else { sentence + &margin(result, safe.number) }
        }
        (Answer::AlwaysPast(tally), _) => format!(
            "No value of {key} from {low} to {high} keeps P({until}) at or below {most}: even at the \
             safest, {}, it happens in {}",
            if result.falling { high } else { low },
            seen(tally)
        ),
        (Answer::NeverPast(tally) | Answer::Found(super::Bracket { safe: tally, .. }), _) => {
            format!(
                "All of {key} from {low} to {high} keeps P({until}) at or below {most}: at the worst end, \
             {}, it happens in {}",
                if result.falling { low } else { high },
                seen(tally)
            )
        }
    }
}

/// The answer where the key changes nothing: a range that holds by itself would be told as headroom.
pub(super) fn changes_nothing(result: &FindResult) -> String {
    let (low, high) = (&result.range.0.text, &result.range.1.text);
    let happened = result.curve.iter().map(|share| share.happened.count).max().unwrap_or(0);
    let verdict = format!(
        "{} changes nothing from {low} to {high}, so it is not known how far it may go: P({}) is that of \
         the scenario, it happens in {happened} of {}",
        result.key, result.until, result.replications
    );
    until_cut(verdict, result.incomplete, result.runs, "runs")
}

/// ` (95 % CI 198 to 225)`, in ascending order.
fn interval(bracket: &FoundBracket, falling: bool) -> String {
    let ends = (&bracket.low, &bracket.high);
    let (low, high) = if falling { (ends.1, ends.0) } else { ends };
    match (low, high) {
        (Some(low), Some(high)) => format!(" (95 % CI {} to {})", low.text, high.text),
        (Some(low), None) => format!(" (95 % CI from {}, no upper end)", low.text),
        (None, Some(high)) => format!(" (95 % CI up to {}, no lower end)", high.text),
        (None, None) => " (too few replications for an interval)".to_owned(),
    }
}

/// How far the scenario is from the answer.
fn margin(result: &FindResult, safe: f64) -> String {
    let Some(current) = result.current.as_ref().filter(|current| current.number > 0.0) else {
        return String::new();
    };
    let ratio = safe / current.number;
    let digits = if ratio < 0.095 { 3 } else { usize::from(ratio < 99.5) * 2 };
    format!("; {ratio:.digits$} times the scenario's {}", current.text)
}

fn warnings(result: &FindResult, points: &Points<'_>, found: &Found) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(first) = found.contradictions.first() {
        let value = points.value(first.point).text;
        let word = if first.happened { "happens" } else { "does not happen" };
        warnings.push(format!(
            "not monotone: {} of {} probes contradict a single breaking point (replication {}: it \
             {word} at {value}); the answer is from counting at {} values instead",
            result.contradictions,
            result.probes,
            first.replication,
            result.curve.len()
        ));
    } else if found.scanned {
        warnings.push(format!(
            "not monotone near the answer: runs at both sides of it differ from the bisections; the \
             answer is from counting at {} values instead",
            result.curve.len()
        ));
    }
    if let Some(bracket) = result.bracket.as_ref().filter(|_| result.is_coarse()) {
        warnings.push(format!(
            "stopped before it was known more closely: the answer lies {}",
            bracket.between()
        ));
    }
    if let Some(bracket) = &result.bracket
        && (bracket.low.is_none() || bracket.high.is_none())
    {
        warnings.push(format!(
            "one end of the interval is open: {} replications, or this range, are too few for it",
            result.replications
        ));
    }
    if result.incomplete > 0 {
        warnings.push(format!(
            "{} of {} runs were stopped for the work they took and counted as if it did not happen: \
             narrow the range, shorten the scenario or raise run.max-events",
            result.incomplete, result.runs
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::{
        Answer, FindResult, FoundBracket, FoundShare, FoundValue, OutcomeCount, Tally, margin,
        verdict,
    };

    #[test]
    fn the_margin_is_the_ratio_to_the_scenarios_value() {
        let of = |current: Option<f64>, safe| {
            let value = |number: f64| FoundValue { text: format!("{number} nodes"), number };
            margin(&FindResult { current: current.map(value), ..FindResult::default() }, safe)
        };
        assert_eq!(of(Some(50.0), 100.0), "; 2.00 times the scenario's 50 nodes");
        assert_eq!(of(Some(50.0), 2.0), "; 0.040 times the scenario's 50 nodes");
        assert_eq!(of(Some(50.0), 10_000.0), "; 200 times the scenario's 50 nodes");
        assert_eq!((of(Some(0.0), 100.0), of(None, 100.0)), (String::new(), String::new()));
    }

    /// Where the search was stopped between two values, neither of them is told as the answer.
    #[test]
    fn what_stays_coarse_is_told_as_between() {
        let value = |number: f64| FoundValue { text: format!("{number}"), number };
        let share = |number| FoundShare { value: value(number), ..FoundShare::default() };
        let of = |scanned: bool, falling: bool| {
            let (safe, past) =
                if falling { (share(12.0), share(10.0)) } else { (share(10.0), share(12.0)) };
            let bracket = Some(FoundBracket { safe, past, low: None, high: None });
            let key = "nodes".to_owned();
            let result =
                FindResult { key, scanned, cut: true, falling, bracket, ..FindResult::default() };
            let at = |point| Tally { point, count: OutcomeCount::default() };
            let (safe, past) = (at(1), at(9));
            verdict(
                &result,
                &Answer::Found(super::super::Bracket { safe, past, low: None, high: None }),
            )
        };
        assert!(of(true, false).starts_with("nodes may be up to between 10 and 12 ("));
        assert!(of(true, true).starts_with("nodes needs at least between 10 and 12 ("));
        assert!(of(false, false).starts_with("nodes may be up to 10 ("));
    }
}
