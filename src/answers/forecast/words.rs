//! The answer in a sentence, and what to know before trusting it.

use crate::answers::advise::enough;
use crate::answers::certain;
use crate::answers::storms::note;
use crate::experiment::{Variant, percent, proportion};
use crate::results::{FindResult, ForecastResult, ForecastStorm, FoundWhere, IdleGrowth};
use crate::scenario::growth::Growth;

/// `after 7.3 months (2027-07-09) it goes wrong in more than 5 % of runs (95 % CI 6.0 to 8.1 months); by the
/// error of the model clearly safe up to 3.1 months (2027-03-04), clearly past from 12.0 months on`.
pub(super) fn sentence(found: &FindResult) -> String {
    by_draws(found) + &certain::words(found)
}

fn by_draws(found: &FindResult) -> String {
    let most = percent(found.probability);
    match (&found.bracket, found.found) {
        (Some(bracket), _) => {
            let interval = match (&bracket.low, &bracket.high) {
                (Some(low), Some(high)) => {
                    format!("95 % CI {:.1} to {:.1} months", low.number, high.number)
                }
                (Some(low), None) => format!("95 % CI from {:.1} months, no upper end", low.number),
                (None, Some(high)) => {
                    format!("95 % CI up to {:.1} months, no lower end", high.number)
                }
                (None, None) => "too few replications for an interval".to_owned(),
            };
            let at = &bracket.safe.value.text;
            let between = bracket.between();
            if found.is_coarse() && found.past_at_lowest() {
                return format!(
                    "it goes wrong in more than {most} of runs now, until some time {between} ({interval})"
                );
            }
            if found.is_coarse() {
                return format!(
                    "from some time {between} on it goes wrong in more than {most} of runs ({interval})"
                );
            }
            if found.past_at_lowest() {
                return format!(
                    "it goes wrong in more than {most} of runs now, until {at} ({interval})"
                );
            }
            format!("after {at} it goes wrong in more than {most} of runs ({interval})")
        }
        (None, FoundWhere::AlwaysPast) => format!("it goes wrong in more than {most} of runs now"),
        (None, FoundWhere::Unknown) => "it is not known: it was stopped before".to_owned(),
        (None, FoundWhere::NeverPast | FoundWhere::Inside) => {
            format!("it goes wrong in at most {most} of runs for {}", found.range.1.text)
        }
    }
}

pub(super) fn verdict(result: &ForecastResult) -> String {
    let of = |storm: &&ForecastStorm| storm.name == result.first;
    let open = result.storms.iter().filter_map(|storm| storm.when.as_ref());
    let incomplete = open.map(|found| found.incomplete).sum::<u64>() > 0;
    let buys = match result.remedies.first() {
        Some(best) if best.bought_months > 0.0 => {
            let more = if best.beyond { " or more" } else { "" };
            let open = best.by_error();
            format!("; {} buys {:.1} months{more}{open}", best.name, best.bought_months)
        }
        _ => String::new(),
    };
    match result.storms.iter().find(of).and_then(|storm| storm.when.as_ref()) {
        Some(found) if found.past_at_lowest() => {
            format!("Outgrown already: {}: {}{buys}", result.first, found.verdict)
        }
        Some(found) => format!(
            "Outgrown first by {}: {}{}{buys}{}",
            result.first,
            found.verdict,
            open_before(result, found),
            idle_keys(result)
        ),
        None if incomplete => "Not known: runs were stopped for the work they took".to_owned(),
        None => format!("{}{}", nothing_wrong(result), idle_keys(result)),
    }
}

/// Another storm that the error of the model leaves open earlier than the first one.
fn open_before(result: &ForecastResult, first: &FindResult) -> String {
    let until = |found: &FindResult| {
        let model = found.model.as_ref().filter(|model| model.open)?;
        Some(model.safe.as_ref().map_or(-1.0, |safe| safe.number))
    };
    let own = until(first).unwrap_or(f64::INFINITY);
    let others = result.storms.iter().filter_map(|storm| {
        let found = storm.when.as_ref()?;
        Some((until(found)?, storm, found)).filter(|(months, ..)| *months < own)
    });
    let earliest = others.min_by(|a, b| a.0.total_cmp(&b.0));
    earliest.map_or_else(String::new, |(_, storm, found)| {
        let safe = found.model.as_ref().and_then(|model| model.safe.as_ref());
        let from =
            safe.map_or_else(|| "from now on".to_owned(), |safe| format!("after {}", safe.text));
        format!("; {} is too close to call {from}", storm.name)
    })
}

/// Where no storm was seen to go wrong too often, and how sure that is.
fn nothing_wrong(result: &ForecastResult) -> String {
    let not = |storm: &&ForecastStorm| storm.when.is_none();
    let names = |of: &dyn Fn(&&ForecastStorm) -> bool| {
        let names = result.storms.iter().filter(|storm| of(storm));
        names.map(|storm| storm.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let unknown = names(&not);
    let known = result.storms.iter().filter(|storm| storm.when.is_some()).count();
    let most = percent(result.probability);
    let within = &result.within.text;
    let nothing = result.storms.iter().any(|storm| !storm.idle.is_empty());
    let found = match known {
        0 if nothing => {
            return "Not known: nothing that grows changes anything in a storm".to_owned();
        }
        0 => return "Not known: no storm could be forecast".to_owned(),
        _ if result.is_unknown() => format!(
            "not known of {unknown}; of the other {known} storms none goes wrong in more than {most} of \
             runs within {within}"
        ),
        _ if !unknown.is_empty() => format!(
            "none of the {known} storms that could be forecast goes wrong in more than {most} of runs \
             within {within}; not known: {unknown}"
        ),
        _ => format!("no storm goes wrong in more than {most} of runs within {within}"),
    };
    let close = names(&|storm| storm.too_close);
    if !close.is_empty() {
        return format!(
            "Too close to call: {found}, but the limit is within the error of the model by then in {close}"
        );
    }
    let open = names(&|storm| storm.when.is_some() && !storm.holds(result.probability));
    if !open.is_empty() {
        let (n, enough) = (result.replications, enough(result.probability));
        let more = if n < enough { format!("-n {enough} can") } else { "more can".to_owned() };
        return format!("Not shown: {found}, but {n} replications cannot show that: {more}");
    }
    let (first, rest) = found.split_at(1);
    first.to_uppercase() + rest
}

/// Growing keys that change nothing in the scenario's own events, or in no storm: the forecast is without
/// them.
fn idle_keys(result: &ForecastResult) -> String {
    if result.storms.iter().all(|storm| storm.when.is_none()) {
        return String::new();
    }
    let told = |key: &str| {
        let idle = |storm: &&ForecastStorm| storm.idle.iter().any(|idle| idle.key == key);
        let names: Vec<&str> =
            result.storms.iter().filter(idle).map(|storm| storm.name.as_str()).collect();
        let matters = names.len() == result.storms.len() || names.contains(&ForecastResult::OWN);
        let names = names.join(", ");
        matters.then(|| format!("; {key} changes nothing in {names}: not forecast there"))
    };
    result.growth.iter().filter_map(|row| told(&row.key)).collect()
}

pub(super) fn warnings(result: &ForecastResult, variant: &Variant, growth: &Growth) -> Vec<String> {
    let mut warnings = Vec::new();
    let n = result.replications;
    if proportion(0, n).high > result.probability {
        warnings.push(format!(
            "{n} replications cannot show that a storm is safe: -n {} can",
            enough(result.probability)
        ));
    }
    let uncertain = &variant.scenario().uncertain;
    let keys = growth.rates.iter().map(|rate| rate.knob.key());
    for key in keys.filter(|key| uncertain.iter().any(|input| input.key == *key)) {
        warnings.push(format!("{key} is uncertain in the scenario: it grows from its median"));
    }
    for storm in &result.storms {
        let found = storm.when.iter().flat_map(|found| &found.warnings);
        warnings.extend(found.map(|text| format!("{}: {text}", storm.name)));
        let because = storm.because.iter();
        warnings.extend(because.map(|why| format!("{} is not forecast: {why}", storm.name)));
    }
    for rate in &growth.rates {
        warnings.extend(idle_note(result, rate.knob.key()));
    }
    let others = result.storms.iter().any(|storm| storm.name != ForecastResult::OWN);
    warnings.extend(note(variant.scenario()).filter(|_| others));
    warnings
}

/// In which storms a growing key changes nothing.
fn idle_note(result: &ForecastResult, key: &str) -> Option<String> {
    let of = |storm: &ForecastStorm| storm.idle.iter().find(|idle| idle.key == key).cloned();
    let idle: Vec<(&str, IdleGrowth)> =
        result.storms.iter().filter_map(|storm| Some((storm.name.as_str(), of(storm)?))).collect();
    let names: Vec<&str> = idle.iter().map(|(name, _)| *name).collect();
    let because = idle.iter().find_map(|(_, idle)| idle.because.clone());
    let because = because.map_or_else(String::new, |because| format!("; {because}"));
    (!names.is_empty())
        .then(|| format!("`{key}` grows and changes nothing in {}{because}", names.join(", ")))
}
