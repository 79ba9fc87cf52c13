//! A forecast for people.

use super::format::{percent, proportion, whole_percent};
use super::page::{Mood, Page, Section};
use super::run::replications;
use super::table::Table;
use crate::results::{
    ForecastRemedy, ForecastResult, ForecastStorm, FoundModel, FoundValue, FoundWhere,
};

/// The page.
#[must_use]
pub fn page(result: &ForecastResult) -> Page {
    let mut page = Page {
        title: result.scenario.clone(),
        verdict: result.verdict.clone(),
        mood: Mood::of(result.answer),
        subject: format!(
            "Kubernetes {} · {} of each storm · seed {} · within {}",
            result.release,
            replications(result.replications),
            result.seed,
            result.within.text
        ),
        hashes: vec![result.scenario_hash.clone()],
        notes: result.warnings.clone(),
        ..Page::default()
    };
    page.section(storms(result));
    let row = |row: &crate::results::GrowthRow| {
        (row.key.clone(), format!("{}: {} now, {} at the end", row.rate, row.now, row.then))
    };
    page.section(Section::new("What grows").items(result.growth.iter().map(row).collect()));
    let heading = format!("What remedies buy in {}", result.first);
    page.section(Section::new(heading).items(result.remedies.iter().map(remedy).collect()));
    page
}

fn storms(result: &ForecastResult) -> Section {
    let end = |of: fn(&crate::results::FoundBracket) -> Option<&FoundValue>| {
        move |storm: &ForecastStorm| {
            let bracket = storm.when.as_ref().and_then(|found| found.bracket.as_ref());
            let value = bracket.and_then(of);
            value.map_or_else(|| "-".to_owned(), |value| format!("{:.1}", value.number))
        }
    };
    let table = Table::of(&result.storms)
        .words("storm", |storm| storm.name.clone())
        .at_most(20)
        .words("holds for", |storm| holds(storm, result.probability))
        .numbers("95 % from", end(|bracket| bracket.low.as_ref()))
        .numbers("to", end(|bracket| bracket.high.as_ref()))
        .numbers("surely", |storm| border(storm, |model| model.safe.as_ref(), "not now"))
        .numbers("at most", |storm| border(storm, |model| model.past.as_ref(), "-"))
        .numbers("wrong at the end", |storm| {
            let found = storm.when.as_ref();
            let last = found.and_then(|found| Some((found.curve.last()?, found.replications)));
            last.map_or_else(|| "-".to_owned(), |(share, n)| proportion(&share.happened, n))
        });
    let heading =
        format!("How long each storm goes wrong in at most {}", percent(result.probability));
    Section::new(heading).table(table.done()).legend(
        "wrong: a server is killed for memory, or not all has recovered by the end of the run; from, \
         to: months; surely, at most: months by the error of the model, the date from which on it is open whether \
         a server is killed, and that from which on one is",
    )
}

/// A border of what the error of the model leaves open, in months.
fn border(storm: &ForecastStorm, of: fn(&FoundModel) -> Option<&FoundValue>, none: &str) -> String {
    let model = storm.when.as_ref().and_then(|found| found.model.as_ref());
    model.map_or_else(
        || "-".to_owned(),
        |model| of(model).map_or_else(|| none.to_owned(), |value| format!("{:.1}", value.number)),
    )
}

fn holds(storm: &ForecastStorm, probability: f64) -> String {
    let Some(found) = &storm.when else { return "not known".to_owned() };
    match (&found.bracket, found.found) {
        (Some(bracket), _) => {
            let until =
                if found.is_coarse() { bracket.between() } else { bracket.safe.value.text.clone() };
            if found.past_at_lowest() { format!("WRONG NOW, until {until}") } else { until }
        }
        (None, FoundWhere::AlwaysPast) => "WRONG NOW".to_owned(),
        (None, FoundWhere::Unknown) => "not known".to_owned(),
        (None, FoundWhere::NeverPast | FoundWhere::Inside) if storm.too_close => {
            "too close to call".to_owned()
        }
        (None, FoundWhere::NeverPast | FoundWhere::Inside) if storm.holds(probability) => {
            "all of it".to_owned()
        }
        (None, FoundWhere::NeverPast | FoundWhere::Inside) => "all of it, not shown".to_owned(),
    }
}

fn remedy(row: &ForecastRemedy) -> (String, String) {
    let dose = if row.dose.is_empty() { String::new() } else { format!(" ({})", row.dose) };
    let more = if row.beyond { " or more" } else { "" };
    let last = row.when.curve.last().map_or_else(String::new, |share| {
        let n = f64::from(row.when.replications.max(1));
        let share = f64::from(share.happened.count) / n;
        format!(" ({} wrong at the end)", whole_percent(share))
    });
    let open = row.by_error();
    let text = format!("{:.1} months{more}{open}{last}. {}", row.bought_months, row.what);
    (format!("{}{dose}", row.name), text)
}
