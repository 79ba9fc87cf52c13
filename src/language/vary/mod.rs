//! What to vary: one key of a scenario and the values it takes.
//!
//! | written | values |
//! |---|---|
//! | `clients.agents.count=100,500,2000` | these |
//! | `clients.agents.count=100..2000:100` | 100, 200 ... 2000 |
//! | `apiserver.memory-limit=8GiB..64GiB:x2` | 8, 16, 32, 64 GiB |
//! | `hardware.cpu-noise=0%..20%` | any in between, for designs that draw |
//! | `clients.agents.start-jitter=10ms..100s:log` | any in between, even on a logarithmic scale |
//!
//! A value is applied as `--set` applies it: [`Knob::set`] is the override.

mod knob;
mod range;
mod rate;
mod value;

pub use crate::language::table::quantity::Unit;
pub use knob::Knob;
pub use range::{MOST_VALUES, Range};
pub use rate::{DAYS_PER_MONTH, Rate};
pub use value::Value;

use crate::language::table::Table;
use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::{Diagnostics, Finding, Log, shown};
use crate::language::text::nesting;
use crate::language::text::path::split;
use crate::language::text::source::Sources;
use crate::language::text::span::Span;

/// A failed reading; boxed, for it is far larger than what is read.
type Failed = Box<Finding>;

/// A key and the values it is to take.
#[derive(Clone, Debug, PartialEq)]
pub struct Vary {
    /// The key.
    pub knob: Knob,
    /// The values.
    pub range: Range,
}

impl Vary {
    /// Reads `key=A..B:step`, `key=A..B:xFACTOR`, `key=A..B`, `key=A..B:log` or `key=a,b,c`.
    ///
    /// Whether the scenario has what the key names, such as a client, is for [`Knob::check`] to say.
    pub(crate) fn parse_in(root: &'static Table, text: &str) -> Result<Self, Diagnostics> {
        Self::read(root, text, Frame::ARGUMENT).map_err(|finding| found(text, *finding))
    }

    /// Reads from a text that stands somewhere.
    pub(crate) fn read(root: &'static Table, text: &str, frame: Frame) -> Result<Self, Failed> {
        let Some((parts, value_at)) = split(text, 0) else {
            let message = "what to vary must be of the form key=values";
            let finding = Finding::new(Code::BadVary, frame.at(0, text.len()), message);
            return Err(Box::new(finding.help(Some(EXAMPLES.to_owned()))));
        };
        let knob = Knob::of_parts(root, parts, frame)?;
        let values = text.get(value_at..).unwrap_or("");
        if nesting::too_deep(values).is_some() {
            let at = frame.at(value_at, text.len());
            return Err(Box::new(Finding::new(Code::TooDeep, at, "this nests too deeply")));
        }
        let range = Range::read(&knob, values, frame.shifted(value_at))?;
        Ok(Self { knob, range })
    }

    /// The value at a share of the way, 0 to 1, through the range. Drawn values have four digits.
    #[must_use]
    pub fn at_share(&self, share: f64) -> Value {
        self.range.at_share(&self.knob, share)
    }
}

/// Canonical: two texts that mean the same print the same.
impl std::fmt::Display for Vary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.knob.key(), self.range)
    }
}

const EXAMPLES: &str =
    "for example: clients.agents.count=100..2000:100, or apiserver.memory-limit=8GiB,16GiB,32GiB";

/// Where a text to vary stands, so that a part of it can be pointed at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    whole: Span,
    /// Where the text begins, if its bytes are those of the source.
    begin: Option<usize>,
}

impl Frame {
    /// An argument of the command line.
    const ARGUMENT: Self =
        Self { whole: Span { source: 0, start: 0, end: usize::MAX }, begin: Some(0) };

    /// A string of the scenario file.
    pub(crate) fn of_string(text: &str, span: Span) -> Self {
        // With escapes the bytes of the text are not those of the file: point at all of it.
        let plain = span.source == 0 && span.end - span.start == text.len() + 2;
        Self { whole: span, begin: plain.then_some(span.start + 1) }
    }

    /// Of a text that begins further on.
    fn shifted(self, by: usize) -> Self {
        Self { begin: self.begin.map(|begin| begin + by), ..self }
    }

    /// The place of a part.
    fn at(self, start: usize, end: usize) -> Span {
        match self.begin {
            Some(begin) => Span { start: begin + start, end: begin + end, ..self.whole },
            None => self.whole,
        }
    }
}

/// One mistake in an argument, as diagnostics.
fn found(text: &str, finding: Finding) -> Diagnostics {
    let mut log = Log::new(Sources::new("--vary", text.to_owned()));
    log.push(finding);
    log.finish()
}

/// What stands in the way of varying a key.
fn not_variable(key: &str, at: Span, why: &str, help: Option<String>) -> Finding {
    let message = format!("`{}` cannot be varied: {why}", shown(key));
    Finding::new(Code::NotVariable, at, message).help(help)
}
