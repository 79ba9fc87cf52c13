//! Prometheus' text form, and that of `OpenMetrics`.
//!
//! Comments, buckets of histograms, exemplars and metrics that nothing asks for are passed over. A
//! series that comes again begins another scrape, unless times of the samples tell which is the later.

use super::samples::{Samples, is_monitored};
use super::{Scrape, Series, is_wanted};
use crate::cluster::findings::Skipped;
use crate::cluster::read::{Input, Line};

/// Mistakes of one file that are told of one by one.
const MOST_TOLD: usize = 10;
/// A time of a sample beyond this is in milliseconds: Prometheus' form; else in seconds: `OpenMetrics`.
const MILLISECONDS_FROM: f64 = 1e11;

/// What a file of metrics holds.
#[derive(Default)]
pub struct Text {
    /// What servers answered themselves.
    pub scrapes: Vec<Scrape>,
    /// Whether something of an apiserver was in it.
    pub asked: bool,
    /// Lines that are none, and cost what they had.
    pub skipped: Vec<Skipped>,
}

/// Reads a file of metrics: scrapes, one after the other, or samples that a monitoring system kept,
/// which are handed over. Series are kept as long as there are bytes left.
#[must_use]
pub fn read(input: &Input, kept: &mut Samples, left: &mut usize) -> Text {
    let mut wrong: Vec<(u64, String)> = Vec::new();
    let mut lines = match input.lines() {
        Ok(lines) => lines,
        Err(error) => {
            let skipped = vec![skipped(&input.name, 1, error.to_string())];
            return Text { skipped, ..Text::default() };
        }
    };
    let mut found = Text::default();
    let mut own = Samples::default();
    let mut hidden = 0;
    while let Some(line) = lines.advance() {
        let (number, reason) = match line {
            Line::Whole(number, bytes) => match series(bytes) {
                Ok(Some((metric, series, _))) if !Samples::asks_for(&metric, &series) => {
                    found.asked |= metric.starts_with("apiserver_");
                    continue;
                }
                Ok(Some((_, series, _))) if Samples::bytes_of(&series) > *left => {
                    (number, "more series than fit into memory".to_owned())
                }
                Ok(Some((metric, series, at))) => {
                    *left -= Samples::bytes_of(&series);
                    if is_monitored(&series) {
                        found.asked |= metric.starts_with("apiserver_");
                        // Without a time it is there once.
                        let _ = kept.add(&input.name, &metric, series, at);
                    } else if let Err(series) = own.add(&input.name, &metric, series, at) {
                        found.scrapes.extend(std::mem::take(&mut own).scrapes());
                        let _ = own.add(&input.name, &metric, series, at);
                    }
                    continue;
                }
                Ok(None) => continue,
                Err(reason) => (number, reason.to_owned()),
            },
            Line::TooLong(number) => (number, "the line is longer than 16 MiB".to_owned()),
            Line::Broken(number, error) => (number, format!("the file breaks off: {error}")),
        };
        if wrong.len() < MOST_TOLD {
            wrong.push((number, reason));
        } else {
            hidden += 1;
        }
    }
    found.scrapes.extend(own.scrapes());
    found.skipped =
        wrong.into_iter().map(|(line, what)| skipped(&input.name, line, what)).collect();
    if let Some(last) = found.skipped.last_mut().filter(|_| hidden > 0) {
        last.cost = Some(format!("this line, and {hidden} more in this file"));
    }
    found
}

fn skipped(file: &str, line: u64, what: String) -> Skipped {
    Skipped { line: Some(line), ..Skipped::file(file, what, "the series of this line") }
}

/// The name of a metric, a series of it, and when it was taken, in seconds since 1970.
type Sample = (String, Series, Option<f64>);

/// The series of a line, if it is one that is wanted.
fn series(line: &[u8]) -> Result<Option<Sample>, &'static str> {
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
    let mut rest = rest.split_whitespace();
    let value = rest.next().ok_or("a series without a value")?;
    let value = value.parse().map_err(|_| "the value is no number")?;
    let at = rest.next().and_then(|at| at.parse::<f64>().ok()).filter(|at| *at > 0.0);
    let at = at.map(|at| if at > MILLISECONDS_FROM { at / 1e3 } else { at });
    Ok(Some((name.to_owned(), Series { labels, value }, at)))
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
        Ok(found.map(|(name, series, _)| (name, series.labels, series.value)))
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
