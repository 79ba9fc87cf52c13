//! Prometheus' text form, and that of `OpenMetrics`.
//!
//! Comments, buckets of histograms and metrics that nothing asks for are passed over. What follows the
//! value (a timestamp, an exemplar) is not needed.

use std::collections::BTreeMap;

use super::{Scrape, Series, is_wanted};
use crate::cluster::findings::Skipped;
use crate::cluster::read::{Input, Line};

/// Mistakes of one file that are told of one by one.
const MOST_TOLD: usize = 10;

/// Reads a file of metrics: a scrape, or several one after the other, each of which has a metric in one
/// place only. Lines that are none are told of, and cost what they had.
#[must_use]
pub fn read(input: &Input) -> (Vec<Scrape>, Vec<Skipped>) {
    let mut scrapes = Scrapes { file: &input.name, all: Vec::new(), family: String::new() };
    let mut wrong: Vec<(u64, String)> = Vec::new();
    let mut lines = match input.lines() {
        Ok(lines) => lines,
        Err(error) => return (Vec::new(), vec![skipped(&input.name, 1, error.to_string())]),
    };
    let mut hidden = 0;
    while let Some(line) = lines.advance() {
        let (number, reason) = match line {
            Line::Whole(number, bytes) => match series(bytes) {
                Ok(Some((metric, series))) => {
                    scrapes.add(metric, series);
                    continue;
                }
                Ok(None) => continue,
                Err(reason) => (number, reason.to_owned()),
            },
            Line::TooLong(number) => (number, "the line is longer than 32 MiB".to_owned()),
            Line::Broken(number, error) => (number, format!("the file breaks off: {error}")),
        };
        if wrong.len() < MOST_TOLD {
            wrong.push((number, reason));
        } else {
            hidden += 1;
        }
    }
    let mut told: Vec<Skipped> =
        wrong.into_iter().map(|(line, what)| skipped(&input.name, line, what)).collect();
    if let Some(last) = told.last_mut().filter(|_| hidden > 0) {
        last.cost = format!("this line, and {hidden} more in this file");
    }
    (scrapes.all.into_iter().flat_map(by_instance).collect(), told)
}

/// What a monitoring system federates has the series of several servers, each with its instance.
fn by_instance(scrape: Scrape) -> Vec<Scrape> {
    let of_one = scrape.get("process_start_time_seconds").iter();
    if of_one.filter(|series| !series.label("instance").is_empty()).count() < 2 {
        return vec![scrape];
    }
    let mut found: BTreeMap<String, Scrape> = BTreeMap::new();
    for (metric, all) in scrape.metrics {
        for series in all {
            let instance = series.label("instance").to_owned();
            let one = found.entry(instance.clone()).or_insert_with(|| Scrape {
                file: scrape.file.clone(),
                instance: Some(instance),
                ..Scrape::default()
            });
            one.metrics.entry(metric.clone()).or_default().push(series);
        }
    }
    found.into_values().collect()
}

fn skipped(file: &str, line: u64, what: String) -> Skipped {
    let cost = "the series of this line".to_owned();
    Skipped { file: file.to_owned(), line: Some(line), what, cost }
}

/// The scrapes of a file, and the family of the last series.
struct Scrapes<'f> {
    file: &'f str,
    all: Vec<Scrape>,
    family: String,
}

impl Scrapes<'_> {
    /// Adds a series. One of a family that was left before begins another scrape.
    fn add(&mut self, metric: String, series: Series) {
        let base = metric.strip_suffix("_sum").or_else(|| metric.strip_suffix("_count"));
        let family = base.unwrap_or(&metric);
        let entered = self.family != family;
        let again =
            entered && self.all.last().is_some_and(|scrape| scrape.metrics.contains_key(&metric));
        if self.all.is_empty() || again {
            self.all.push(Scrape { file: self.file.to_owned(), ..Scrape::default() });
        }
        if entered {
            family.clone_into(&mut self.family);
        }
        if let Some(scrape) = self.all.last_mut() {
            scrape.metrics.entry(metric).or_default().push(series);
        }
    }
}

/// The series of a line, if it is one that is wanted.
fn series(line: &[u8]) -> Result<Option<(String, Series)>, &'static str> {
    let line = std::str::from_utf8(line).map_err(|_| "the line is not UTF-8")?.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let end = line.find(['{', ' ', '\t']).ok_or("a name without a value")?;
    let (name, rest) = line.split_at(end);
    let named = |c: char| c.is_ascii_alphanumeric() || "_:".contains(c);
    if name.is_empty() || !name.chars().all(named) {
        return Err("this is no line of metrics: a name, labels and a value are wanted");
    }
    if !is_wanted(name) {
        return Ok(None);
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (Vec::new(), rest),
    };
    let value = rest.split_whitespace().next().ok_or("a series without a value")?;
    let value = value.parse().map_err(|_| "the value is no number")?;
    Ok(Some((name.to_owned(), Series { labels, value })))
}

/// Names and values.
type Labels = Vec<(String, String)>;

/// Labels, and what comes after their closing brace.
fn labels(text: &str) -> Result<(Labels, &str), &'static str> {
    const BROKEN: &str = "the labels break off";
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((found, after));
        }
        let (name, after) = rest.split_once("=\"").ok_or(BROKEN)?;
        let mut value = String::new();
        let mut chars = after.char_indices();
        loop {
            match chars.next().ok_or(BROKEN)? {
                (_, '\\') => match chars.next().ok_or(BROKEN)?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (at, '"') => {
                    rest = &after[at + 1..];
                    break;
                }
                (_, other) => value.push(other),
            }
        }
        found.push((name.trim().to_owned(), value));
    }
}

#[cfg(test)]
mod tests {
    use super::{Labels, series};

    fn read(line: &str) -> Result<Option<(String, Labels, f64)>, &'static str> {
        let found = series(line.as_bytes())?;
        Ok(found.map(|(name, series)| (name, series.labels, series.value)))
    }

    #[test]
    fn lines_of_both_forms_are_read() {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let name = "process_resident_memory_bytes".to_owned();
        for line in [
            "process_resident_memory_bytes 1.5e+09",
            "process_resident_memory_bytes\t1500000000 1700000000000",
            "process_resident_memory_bytes{} 1.5e9 # {trace_id=\"a b\"} 0.67",
        ] {
            assert_eq!(read(line), Ok(Some((name.clone(), vec![], 1.5e9))), "{line}");
        }
        let line = r#"apiserver_storage_objects{resource="a\"b\\c\n",} 3"#;
        let labels = vec![label("resource", "a\"b\\c\n")];
        let expected = ("apiserver_storage_objects".to_owned(), labels, 3.0);
        assert_eq!(read(line), Ok(Some(expected)));
    }

    #[test]
    fn what_nothing_asks_for_is_passed_over() {
        for line in ["", "# EOF", "# HELP go_info About.", "go_info 1", "x_bucket{le=\"+Inf\"} 3"] {
            assert_eq!(read(line), Ok(None), "{line}");
        }
    }

    #[test]
    fn broken_lines_say_why() {
        let wrong = |line: &str| read(line).expect_err(line);
        assert_eq!(wrong("apiserver_storage_objects"), "a name without a value");
        assert_eq!(wrong("apiserver_storage_objects{resource=\"a"), "the labels break off");
        assert_eq!(wrong("apiserver_storage_objects{resource=\"a\"}"), "a series without a value");
        assert_eq!(wrong("apiserver_storage_objects many"), "the value is no number");
        assert!(wrong("<html> 1").starts_with("this is no line of metrics"));
        assert_eq!(series(b"go_info\xff 1").expect_err("bytes"), "the line is not UTF-8");
    }
}
