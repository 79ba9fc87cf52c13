//! The point of no return for people and as rows.

use std::io::{self, Write};

use csv::Writer;

use super::format::{percent, whole_percent};
use super::page::{Mood, Page, Section};
use super::run::replications;
use super::table::Table;
use crate::results::{NoReturn, NoReturnPoint, OutcomeCount};
use crate::units::Bytes;

/// Instants that are shown beside those at which a probability was passed.
const SHOWN: usize = 12;

/// The page of an answer.
#[must_use]
pub fn page(found: &NoReturn) -> Page {
    let mut page = Page {
        title: found.scenario.clone(),
        verdict: found.verdict.clone(),
        mood: if found.happened_seconds.is_some() { Mood::Bad } else { Mood::Mixed },
        subject: format!(
            "Kubernetes {} · seed {} · {}replication {} · {} continuations an instant",
            found.release,
            found.seed,
            worst_of(found),
            found.replication,
            found.continuations
        ),
        hashes: vec![found.scenario_hash.clone()],
        notes: found.warnings.clone(),
        ..Page::default()
    };
    let rows = rows(found);
    let table = Table::of(&rows)
        .words("", |(mark, _)| mark.clone())
        .numbers("after\n(s)", |(_, p)| after(found, p.at_seconds))
        .words("P (95 % interval)", |(_, p)| probability(&p.happened, found.continuations))
        .words("memory\n(of limit)", |(_, p)| memory(p))
        .words("fullest level\n(seats/limit)", |(_, p)| level(p))
        .numbers("429s\n/s", |(_, p)| format!("{:.0}", p.visible.rejected_per_second));
    let heading = format!(
        "P({}) from the state at each instant after the first event, and what could be seen",
        found.until
    );
    let waiting = found.points.iter().any(|point| point.visible.waiting > 0);
    let legend = waiting.then(|| "+: requests that wait for seats".to_owned());
    page.section(Section::new(heading).table(table).legends(legend));
    page.section(passed(found).into_iter().fold(Section::default(), Section::text));
    page
}

/// Where it is one of several.
fn worst_of(found: &NoReturn) -> String {
    match found.replications {
        0 | 1 => String::new(),
        n => format!("worst of {}: ", replications(n)),
    }
}

/// Whether an instant lies before the first event, or the run begins with it.
fn is_before(found: &NoReturn, seconds: f64) -> bool {
    let first = found.points.first().map_or(seconds, |point| point.at_seconds);
    seconds < found.began_seconds || same(seconds, first)
}

/// Seconds after the first event; of the instant before it, that.
fn after(found: &NoReturn, seconds: f64) -> String {
    if is_before(found, seconds) { "before".to_owned() } else { since(found, seconds) }
}

/// Seconds after the first event.
fn since(found: &NoReturn, seconds: f64) -> String {
    // Adding zero turns the -0 that a small negative rounds to into 0.
    format!("{:.1}", ((seconds - found.began_seconds) * 10.0).round() / 10.0 + 0.0)
}

fn probability(p: &OutcomeCount, n: u32) -> String {
    let [low, high] = [p.low, p.high].map(|end| format!("{:.0}", end * 100.0));
    format!("{} ({low} to {high})", whole_percent(f64::from(p.count) / f64::from(n.max(1))))
}

fn memory(point: &NoReturnPoint) -> String {
    let seen = &point.visible;
    match seen.limit_share {
        share if share > 0.0 => format!("{} ({})", seen.resident_bytes, whole_percent(share)),
        // Nothing is known yet at the very start.
        _ if seen.resident_bytes == Bytes::ZERO => "-".to_owned(),
        _ => seen.resident_bytes.to_string(),
    }
}

/// Seats, their limit, and who waits.
fn level(point: &NoReturnPoint) -> String {
    let seen = &point.visible;
    if seen.priority_level.is_empty() {
        return String::new();
    }
    let waiting = match seen.waiting {
        0 => String::new(),
        n => format!(" +{n}"),
    };
    format!("{} {}/{}{waiting}", seen.priority_level, seen.seats, seen.seat_limit)
}

/// Some instants, and always those at which a probability was passed.
fn rows(found: &NoReturn) -> Vec<(String, &NoReturnPoint)> {
    let mark = |point: &NoReturnPoint| {
        let mut passed = found.passed.iter().filter(|p| same(p.at_seconds, point.at_seconds));
        passed.next_back().map_or_else(String::new, |p| whole_percent(p.probability))
    };
    let every = found.points.len().div_ceil(SHOWN).max(1);
    let last = found.points.len().saturating_sub(1);
    let shown = found.points.iter().enumerate().filter_map(|(index, point)| {
        let mark = mark(point);
        (index % every == 0 || index == last || !mark.is_empty()).then_some((mark, point))
    });
    shown.collect()
}

/// Whether two instants are the same: they are copies of one number.
fn same(a: f64, b: f64) -> bool {
    a.total_cmp(&b).is_eq()
}

/// How long somebody would have had.
fn passed(found: &NoReturn) -> Vec<String> {
    let sentence = |p: &crate::results::PassedPoint| {
        let left = found.happened_seconds.map_or_else(String::new, |happened| {
            format!(", {:.1} s before it happened", happened - p.at_seconds)
        });
        if is_before(found, p.at_seconds) {
            return format!(
                "P = {} was passed already before the first event{left}",
                percent(p.probability)
            );
        }
        let since = since(found, p.at_seconds);
        let exactness = match p.at_seconds - p.after_seconds {
            step if step > 0.05 => format!(" (known to {step:.1} s)"),
            _ => String::new(),
        };
        format!(
            "P = {} was passed {since} s after the first event{left}{exactness}",
            percent(p.probability)
        )
    };
    found.passed.iter().map(sentence).collect()
}

/// Writes `no-return.csv`: one row per instant.
///
/// # Errors
/// Those of the writer.
pub fn rows_csv(out: &mut dyn Write, found: &NoReturn) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    csv.write_record([
        "t_s",
        "happened",
        "continuations",
        "p_low",
        "p_high",
        "resident_bytes",
        "limit_share",
        "priority_level",
        "seats",
        "seat_limit",
        "waiting",
        "rejected_per_s",
        "connections_per_s",
    ])?;
    for point in &found.points {
        let (p, seen) = (&point.happened, &point.visible);
        csv.write_record([
            format!("{:.6}", point.at_seconds),
            p.count.to_string(),
            found.continuations.to_string(),
            p.low.to_string(),
            p.high.to_string(),
            seen.resident_bytes.0.to_string(),
            format!("{:.6}", seen.limit_share),
            seen.priority_level.clone(),
            seen.seats.to_string(),
            seen.seat_limit.to_string(),
            seen.waiting.to_string(),
            seen.rejected_per_second.to_string(),
            seen.connections_per_second.to_string(),
        ])?;
    }
    csv.flush()
}

#[cfg(test)]
mod tests {
    use super::{NoReturn, NoReturnPoint, after, memory, page, passed};
    use crate::results::PassedPoint;

    /// A run in which one probability is passed before the first event.
    #[test]
    fn what_is_passed_before_the_first_event_is_told_so() {
        let point = |at_seconds| NoReturnPoint { at_seconds, ..NoReturnPoint::default() };
        let at = |probability, at| PassedPoint { probability, after_seconds: at, at_seconds: at };
        let of = |began: f64, before: f64| NoReturn {
            continuations: 1,
            replications: 1,
            replication: 6,
            began_seconds: began,
            happened_seconds: Some(began + 2.0),
            points: vec![point(before), point(began + 0.5), point(began + 1.0)],
            passed: vec![at(0.5, before), at(0.95, began + 0.5)],
            ..NoReturn::default()
        };
        for found in [of(60.0, 59.999_999_999), of(0.0, 0.0)] {
            let page = page(&found);
            assert!(page.subject.contains("· replication 6 ·"), "{}", page.subject);
            let told = passed(&found);
            let before = "P = 50.0 % was passed already before the first event, 2.0 s before";
            assert!(told[0].starts_with(before), "{told:?}");
            assert!(told[1].starts_with("P = 95.0 % was passed 0.5 s after"), "{told:?}");
            let at: Vec<String> =
                found.points.iter().map(|p| after(&found, p.at_seconds)).collect();
            assert_eq!(at, ["before", "0.5", "1.0"]);
            assert_eq!(memory(&found.points[0]), "-");
        }
    }
}
