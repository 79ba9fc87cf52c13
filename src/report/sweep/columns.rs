//! The columns of a sweep's tables: one list for CSV and the help.
//!
//! Between `point` and `replications` stand the varied keys, each with its unit: numbers for what can
//! be counted (`apiserver.memory-limit_bytes`), words for the rest.

use std::io::{self, Write};

use crate::results::{Outcome, OutcomeCount, PointFigures, PointRow, SweepHead};

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A count, or bytes.
    Whole(u64),
    /// Seconds or a share.
    Real(f64),
    /// Words.
    Text(String),
    /// It does not apply, or never came.
    Nothing,
}

/// A column of figures.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub doc: &'static str,
    /// Its cell.
    get: fn(&PointFigures) -> Cell,
}

const fn column(name: &'static str, doc: &'static str, get: fn(&PointFigures) -> Cell) -> Column {
    Column { name, doc, get }
}

fn optional(value: Option<f64>) -> Cell {
    value.map_or(Cell::Nothing, Cell::Real)
}

fn share(count: &OutcomeCount, figures: &PointFigures) -> Cell {
    Cell::Real(f64::from(count.count) / f64::from(figures.replications.max(1)))
}

fn ended(figures: &PointFigures, outcome: Outcome) -> Cell {
    Cell::Whole(figures.outcomes.get(&outcome).copied().unwrap_or(0).into())
}

/// The figures of a point, in the order of the table.
pub const FIGURES: [Column; 33] = [
    column("replications", "replications run", |f| Cell::Whole(f.replications.into())),
    column("incomplete", "of them, stopped at the event limit", |f| {
        Cell::Whole(f.incomplete.into())
    }),
    column("oom_runs", "replications with an OOM kill", |f| Cell::Whole(f.oom.count.into())),
    column("oom_share", "their share: the estimate of P(OOM)", |f| share(&f.oom, f)),
    column("oom_low", "lower end of its 95 % interval", |f| Cell::Real(f.oom.low)),
    column("oom_high", "upper end", |f| Cell::Real(f.oom.high)),
    column("cascade_runs", "replications in which two servers or more were killed", |f| {
        Cell::Whole(f.cascade.count.into())
    }),
    column("cascade_share", "their share: the estimate of P(cascade)", |f| share(&f.cascade, f)),
    column("cascade_low", "lower end of its 95 % interval", |f| Cell::Real(f.cascade.low)),
    column("cascade_high", "upper end", |f| Cell::Real(f.cascade.high)),
    column("non_recovering_runs", "replications that did not recover", |f| {
        Cell::Whole(f.non_recovering.count.into())
    }),
    column("non_recovering_share", "their share", |f| share(&f.non_recovering, f)),
    column("non_recovering_low", "lower end of its 95 % interval", |f| {
        Cell::Real(f.non_recovering.low)
    }),
    column("non_recovering_high", "upper end", |f| Cell::Real(f.non_recovering.high)),
    column("absorbed", Outcome::Absorbed.meaning(), |f| ended(f, Outcome::Absorbed)),
    column("degraded", Outcome::Degraded.meaning(), |f| ended(f, Outcome::Degraded)),
    column("single_oom", Outcome::SingleOom.meaning(), |f| ended(f, Outcome::SingleOom)),
    column("cascade", Outcome::Cascade.meaning(), |f| ended(f, Outcome::Cascade)),
    column("crash_loop", Outcome::CrashLoop.meaning(), |f| ended(f, Outcome::CrashLoop)),
    column("peak_median_bytes", "highest resident memory of a run's servers: median", |f| {
        Cell::Whole(f.peak_resident_bytes.median.0)
    }),
    column("peak_p95_bytes", "its 95th percentile", |f| Cell::Whole(f.peak_resident_bytes.p95.0)),
    column("peak_max_bytes", "its maximum", |f| Cell::Whole(f.peak_resident_bytes.max.0)),
    column("limit_bytes", "memory that a server may use", |f| Cell::Whole(f.limit_bytes.0)),
    column("oom_kills_median", "kills a run: median", |f| Cell::Whole(f.oom_kills.median.into())),
    column("oom_kills_max", "kills a run: maximum", |f| Cell::Whole(f.oom_kills.max.into())),
    column("first_oom_s", "time of the first kill, median of the runs with one", |f| {
        optional(f.first_oom_seconds)
    }),
    column("settled_after_s", "from the first event to the last list answered, median", |f| {
        optional(f.settled_after_seconds)
    }),
    column("cpu_s", "CPU time of all servers, median", |f| Cell::Real(f.cpu_seconds)),
    column("sent_bytes", "bytes written to clients, median", |f| Cell::Whole(f.bytes_sent.0)),
    column("rejected", "requests answered 429, median", |f| Cell::Whole(f.requests_rejected)),
    column("failed", "requests cut, median", |f| Cell::Whole(f.requests_failed)),
    column("timed_out", "requests timed out, median", |f| Cell::Whole(f.requests_timed_out)),
    column("headroom", "1 - peak_p95 / limit; negative above it", |f| {
        let limit = f.limit_bytes.as_f64();
        if limit > 0.0 {
            Cell::Real(six_decimals(1.0 - f.peak_resident_bytes.p95.as_f64() / limit))
        } else {
            Cell::Nothing
        }
    }),
];

fn six_decimals(x: f64) -> f64 {
    (x * 1e6).round() / 1e6 + 0.0
}

/// The names of all columns.
#[must_use]
pub fn names(head: &SweepHead) -> Vec<String> {
    let axes = head.design.axes.iter().map(|axis| axis.column.clone());
    let figures = FIGURES.iter().map(|column| column.name.to_owned());
    std::iter::once("point".to_owned())
        .chain(axes)
        .chain(figures)
        .chain(["error".to_owned()])
        .collect()
}

/// The cell of a row in a column, by its place in [`names`].
#[must_use]
pub fn cell(head: &SweepHead, row: &PointRow, column: usize) -> Cell {
    let Some(at) = column.checked_sub(1) else { return Cell::Whole(row.point.into()) };
    let axes = head.design.axes.len();
    if at < axes {
        return row.values.get(at).map_or(Cell::Nothing, |value| match value.number {
            Some(number) => Cell::Real(number),
            None => Cell::Text(value.text.clone()),
        });
    }
    match (FIGURES.get(at - axes), &row.figures) {
        (Some(column), Some(figures)) => (column.get)(figures),
        (Some(_), None) => Cell::Nothing,
        (None, _) => row.error.clone().map_or(Cell::Nothing, Cell::Text),
    }
}

/// `points.csv`, being written.
pub struct Csv<'a, W: Write> {
    head: &'a SweepHead,
    columns: usize,
    out: csv::Writer<W>,
}

impl<'a, W: Write> Csv<'a, W> {
    /// Begins with the names of the columns.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn begin(out: W, head: &'a SweepHead) -> io::Result<Self> {
        let names = names(head);
        let mut out = csv::Writer::from_writer(out);
        out.write_record(&names)?;
        Ok(Self { head, columns: names.len(), out })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn push(&mut self, row: &PointRow) -> io::Result<()> {
        let text = |column| match cell(self.head, row, column) {
            Cell::Whole(n) => n.to_string(),
            // The shortest digits that read back, never with an exponent.
            Cell::Real(x) => x.to_string(),
            Cell::Text(text) => text,
            Cell::Nothing => String::new(),
        };
        Ok(self.out.write_record((0..self.columns).map(text))?)
    }

    /// All rows were added.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What the columns are, for the help.
#[must_use]
pub fn table() -> String {
    let rows = FIGURES.iter();
    let first = "Columns of points.csv: point, each varied key with its unit, and\n".to_owned();
    let text =
        rows.fold(first, |text, column| text + &format!("  {:<21} {}\n", column.name, column.doc));
    text + &format!("  {:<21} {}\n", "error", "why the point could not be run; else empty")
}
