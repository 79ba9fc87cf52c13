//! Series in CSV, as Grafana and people write it.

use std::collections::BTreeMap;

use super::instant::{self, Instant};
use super::{Column, Export, Sample, at_line, value, whole};
use crate::validation::observation::ObservationError;

/// Mistakes told of a file.
const TOLD: usize = 5;
/// Columns that a file may have.
const MOST_COLUMNS: usize = 1_000;

/// A row with the line it begins on.
type Row = (u64, Vec<String>);

/// Reads a table.
pub(super) fn read(file: &str, text: &str) -> Result<Export, Vec<ObservationError>> {
    let (delimiter, skipped) = delimiter(text);
    let rows = rows(file, text, delimiter, skipped)?;
    let Some((first, rest)) = rows.split_first() else {
        return Err(vec![whole(file, format!("the file is empty; {EXAMPLE}"))]);
    };
    let headed = first.1.iter().all(|cell| instant::parse(cell).is_none());
    let header = if headed { first.1.as_slice() } else { &[] };
    let rows = if headed { rest } else { &rows };
    let mut reader = Reader { file, errors: Vec::new(), hidden: 0, zoneless: false };
    let columns = match long_form(header) {
        Some(places) => reader.long(rows, places),
        None => reader.wide(rows, header),
    };
    let Reader { mut errors, hidden, zoneless, .. } = reader;
    if errors.is_empty() {
        return Ok(Export { columns, zoneless });
    }
    if hidden > 0 {
        errors.push(whole(file, format!("and {hidden} more mistakes of this kind")));
    }
    Err(errors)
}

const EXAMPLE: &str = "a series looks like this:\ntime,kube-apiserver-cp-1\n\
    2026-05-12T10:04:00Z,4350000000\n2026-05-12T10:04:15Z,5120000000";

/// What parts the cells, and how many lines come before the header: Excel wants `sep=;` first.
fn delimiter(text: &str) -> (u8, u64) {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    if let Some(sep) = first.trim().strip_prefix("sep=")
        && let [byte] = sep.as_bytes()
    {
        return (*byte, 1);
    }
    let count = |c: &u8| first.bytes().filter(|b| b == c).count();
    // The first of equals is the last one here.
    (*[b'\t', b';', b','].iter().max_by_key(|c| count(c)).unwrap_or(&b','), 0)
}

fn rows(
    file: &str,
    text: &str,
    delimiter: u8,
    skipped: u64,
) -> Result<Vec<Row>, Vec<ObservationError>> {
    let body = if skipped == 0 { text } else { text.split_once('\n').map_or("", |s| s.1) };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(body.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|error| vec![whole(file, format!("this is not CSV: {error}"))])?;
        let line = record.position().map_or(0, csv::Position::line) + skipped;
        if record.len() > MOST_COLUMNS {
            return Err(vec![at_line(file, line, &format!("more than {MOST_COLUMNS} columns"))]);
        }
        rows.push((line, record.iter().map(|cell| cell.trim().to_owned()).collect()));
    }
    Ok(rows)
}

fn is_time(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    ["time", "timestamp", "date", "datetime", "ts", "t", "unix", "@timestamp"]
        .contains(&name.as_str())
}

/// Where series, time and value are in a table with a row a point.
fn long_form(header: &[String]) -> Option<[usize; 3]> {
    let place = |names: &[&str]| {
        header.iter().position(|cell| names.contains(&cell.to_ascii_lowercase().as_str()))
    };
    let time = header.iter().position(|cell| is_time(cell))?;
    Some([place(&["series", "metric", "pod", "instance", "name"])?, time, place(&["value"])?])
}

/// Reads rows, and keeps their mistakes.
struct Reader<'f> {
    file: &'f str,
    errors: Vec<ObservationError>,
    hidden: usize,
    zoneless: bool,
}

impl Reader<'_> {
    fn wide(&mut self, rows: &[Row], header: &[String]) -> Vec<Column> {
        let time = header.iter().position(|cell| is_time(cell)).unwrap_or(0);
        let width = rows.iter().map(|row| row.1.len()).max().unwrap_or(0).max(header.len());
        if width < 2 {
            let line = rows.first().map_or(1, |row| row.0);
            let reason = format!("a time and a value are wanted in each row; {EXAMPLE}");
            self.errors.push(at_line(self.file, line, &reason));
            return Vec::new();
        }
        let name = |place: usize| match header.get(place) {
            Some(name) => name.clone(),
            None => format!("column {}", place + 1),
        };
        let mut columns: Vec<Column> =
            (0..width).map(|place| Column { name: name(place), samples: Vec::new() }).collect();
        for (line, cells) in rows {
            let Some(at) = self.time(*line, cells, time) else { continue };
            for (place, cell) in cells.iter().enumerate().filter(|(place, _)| *place != time) {
                if let (Some(bytes), Some(column)) =
                    (self.value(*line, place, cell), columns.get_mut(place))
                {
                    column.samples.push(Sample { at, bytes });
                }
            }
        }
        columns.remove(time.min(columns.len() - 1));
        columns.retain(|column| !column.samples.is_empty());
        columns
    }

    fn long(&mut self, rows: &[Row], [series, time, place]: [usize; 3]) -> Vec<Column> {
        let mut columns: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
        for (line, cells) in rows {
            let Some(at) = self.time(*line, cells, time) else { continue };
            let cell = cells.get(place).map_or("", String::as_str);
            let name = cells.get(series).cloned().unwrap_or_default();
            if let Some(bytes) = self.value(*line, place, cell) {
                columns.entry(name).or_default().push(Sample { at, bytes });
            }
        }
        columns.into_iter().map(|(name, samples)| Column { name, samples }).collect()
    }

    fn time(&mut self, line: u64, cells: &[String], place: usize) -> Option<f64> {
        let cell = cells.get(place).map_or("", String::as_str);
        let found = instant::parse(cell);
        if found.is_none() {
            let reason = format!("{cell:?} is no time: {}", instant::EXPECTED);
            self.tell(line, place, &reason);
        }
        let Instant { seconds, zoneless } = found?;
        self.zoneless |= zoneless;
        Some(seconds)
    }

    fn value(&mut self, line: u64, place: usize, cell: &str) -> Option<crate::units::Bytes> {
        match value(cell) {
            Ok(bytes) => bytes,
            Err(reason) => {
                self.tell(line, place, &reason);
                None
            }
        }
    }

    /// Keeps a mistake in a cell.
    fn tell(&mut self, line: u64, place: usize, reason: &str) {
        if self.errors.len() < TOLD {
            let reason = format!("column {}: {reason}", place + 1);
            self.errors.push(at_line(self.file, line, &reason));
        } else {
            self.hidden += 1;
        }
    }
}
