//! Prometheus' text form, and that of `OpenMetrics`.
//!
//! Comments, buckets of histograms and metrics that nothing asks for are passed over. What follows the
//! value (a timestamp, an exemplar) is not needed.

use super::{Scrape, Series, is_wanted};
use crate::cluster::findings::Skipped;
use crate::cluster::read::{Input, Line};

/// Reads a file of metrics. Lines that are none are told of, and cost what they had.
#[must_use]
pub fn read(input: &Input) -> (Scrape, Vec<Skipped>) {
    let mut scrape = Scrape { file: input.name.clone(), ..Scrape::default() };
    let mut skipped = Vec::new();
    let mut skip = |line, what: String| {
        let cost = "the series of this line".to_owned();
        skipped.push(Skipped { file: input.name.clone(), line: Some(line), what, cost });
    };
    let mut lines = match input.lines() {
        Ok(lines) => lines,
        Err(error) => {
            skip(1, error.to_string());
            return (scrape, skipped);
        }
    };
    while let Some(line) = lines.advance() {
        match line {
            Line::Whole(number, bytes) => match series(bytes) {
                Ok(Some((metric, series))) => {
                    scrape.metrics.entry(metric).or_default().push(series);
                }
                Ok(None) => {}
                Err(reason) => skip(number, reason.to_owned()),
            },
            Line::TooLong(number) => skip(number, "the line is longer than 32 MiB".to_owned()),
            Line::Broken(number, error) => skip(number, format!("the file breaks off: {error}")),
        }
    }
    (scrape, skipped)
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

/// Labels, and what comes after their closing brace.
fn labels(text: &str) -> Result<(Vec<(String, String)>, &str), &'static str> {
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
