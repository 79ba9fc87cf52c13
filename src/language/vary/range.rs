//! The values of a knob: listed, stepped through, or anything in between.

use std::collections::BTreeSet;

use super::knob::read_as;
use super::value::{of_steps, tidy};
use super::{Failed, Frame, Knob, Unit, Value, not_variable};
use crate::language::table::Kind;
use crate::language::table::plain::Plain;
use crate::language::table::quantity::{atoms, from_atoms, nearest};
use crate::language::table::read::{grouped, scalar};
use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::{Finding, shown};
use crate::language::text::span::Span;
use crate::language::text::tree::Node;

/// Values that one key may take in a list or by steps.
pub const MOST_VALUES: usize = 100_000;

/// The values to vary over.
#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// These, in this order.
    Values(Vec<Value>),
    /// Any from `low` to `high`.
    Between {
        /// The least.
        low: Value,
        /// The greatest.
        high: Value,
        /// Whether equal ratios count as equally far, not equal differences.
        log: bool,
    },
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Values(values) => {
                let values: Vec<&str> = values.iter().map(Value::toml).collect();
                f.write_str(&values.join(","))
            }
            Self::Between { low, high, log } => {
                write!(f, "{low}..{high}{}", if *log { ":log" } else { "" })
            }
        }
    }
}

/// How a range goes from one end to the other.
enum Spacing {
    Anything { log: bool },
    Step(i128),
    Factor(f64),
}

impl Range {
    /// Reads what stands after the `=`.
    pub(crate) fn read(knob: &Knob, text: &str, frame: Frame) -> Result<Self, Failed> {
        match text.split_once("..") {
            // A word may have dots in it.
            Some(_) if knob.unit().is_none() && knob.read(text, frame).is_ok() => {
                list(knob, text, frame)
            }
            Some((low, rest)) => range(knob, low, rest, frame),
            None => list(knob, text, frame),
        }
    }

    /// See [`Vary::at_share`](super::Vary::at_share).
    pub(crate) fn at_share(&self, knob: &Knob, share: f64) -> Value {
        match self {
            Self::Values(values) => {
                let index = (share * values.len() as f64) as usize;
                // Never empty.
                values.get(index).or(values.last()).cloned().unwrap_or_else(|| zero(knob))
            }
            Self::Between { low, high, log } => between(knob, (low, high), *log, share),
        }
    }
}

fn zero(knob: &Knob) -> Value {
    knob.at(0.0).unwrap_or_else(|| Value::of(&Plain::Text(String::new())))
}

fn between(knob: &Knob, (low, high): (&Value, &Value), log: bool, share: f64) -> Value {
    let (Some(a), Some(b)) = (low.coordinate(), high.coordinate()) else {
        return low.clone();
    };
    let there = if log { a * libm::pow(b / a, share) } else { a + (b - a) * share };
    // A drawn value of more digits would pretend a precision it has not.
    let kind = knob.kind();
    let atoms = tidy(kind, nearest(kind, there)).clamp(nearest(kind, a), nearest(kind, b));
    from_atoms(kind, atoms).map_or_else(|| low.clone(), |plain| Value::of(&plain))
}

fn list(knob: &Knob, text: &str, frame: Frame) -> Result<Range, Failed> {
    let mut values: Vec<Value> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut start = 0;
    for item in text.split(',') {
        let place = frame.shifted(start);
        start += item.len() + 1;
        if item.trim().is_empty() {
            let finding =
                Finding::new(Code::BadVary, place.at(0, item.len()), "a value is missing");
            let help = format!("for example: {}={}", knob.key(), example(knob));
            return Err(Box::new(finding.help(Some(help))));
        }
        let value = knob.read(item, place)?;
        if !seen.insert(value.toml().to_owned()) {
            let message = format!("the value {} is listed twice", shown(&value.to_string()));
            return Err(Box::new(Finding::new(Code::BadVary, place.at(0, item.len()), message)));
        }
        values.push(value);
        bounded(values.len() as i128, place.at(0, item.len()))?;
    }
    Ok(Range::Values(values))
}

fn example(knob: &Knob) -> &'static str {
    match knob.unit() {
        Some(Unit::Count | Unit::Number | Unit::Cores) => "1..8:1",
        Some(Unit::Bytes) => "8GiB,16GiB",
        Some(Unit::Seconds) => "1s,10s",
        Some(Unit::BytesPerSecond) => "10MB/s,100MB/s",
        Some(Unit::PerSecond) => "10/s,100/s",
        Some(Unit::Percent) => "5%,10%",
        None => "a,b",
    }
}

fn range(knob: &Knob, low: &str, rest: &str, frame: Frame) -> Result<Range, Failed> {
    let all = low.len() + 2 + rest.len();
    if knob.unit().is_none() {
        let help = Some("list its values: a,b,c".to_owned());
        return Err(not_variable(knob.key(), frame.at(0, all), "it has no ranges", help).into());
    }
    let (high, spacing) = match rest.split_once(':') {
        Some((high, spacing)) => (high, Some(spacing)),
        None => (rest, None),
    };
    let kind = match *knob.kind() {
        Kind::IntegerOr { min, max, .. } => Kind::Integer { min, max },
        kind => kind,
    };
    let high_frame = frame.shifted(low.len() + 2);
    let read = |text, frame| read_as(&kind, knob.key(), text, frame);
    let (from, to) = (read(low, frame)?, read(high, high_frame)?);
    let (Some(a), Some(b)) = (exact(&kind, low), exact(&kind, high)) else {
        return Err(not_variable(knob.key(), frame.at(0, all), "it has no ranges", None).into());
    };
    let whole = frame.at(0, low.len() + 2 + high.len());
    if a >= b {
        return Err(empty(whole, &from, &to, a == b).into());
    }
    let spacing_frame = high_frame.shifted(high.len() + 1);
    let ratios = |text: &str| text == "log" || text.starts_with('x');
    if a <= 0 && spacing.is_some_and(|text| ratios(text.trim())) {
        let finding =
            Finding::new(Code::EmptyRange, whole, "a range of ratios must begin above zero");
        return Err(Box::new(finding));
    }
    match spacing.map(|text| read_spacing(knob, &kind, text, spacing_frame)).transpose()? {
        None => Ok(Range::Between { low: from, high: to, log: false }),
        Some(Spacing::Anything { log }) => Ok(Range::Between { low: from, high: to, log }),
        Some(Spacing::Step(step)) if step > b - a => {
            let at = spacing_frame.at(0, spacing.map_or(0, str::len));
            let message = format!("the step passes over the whole range {from}..{to}");
            Err(Box::new(Finding::new(Code::EmptyRange, at, message)))
        }
        Some(Spacing::Step(step)) => {
            let count = (b - a) / step + 1;
            bounded(count, frame.at(0, all))?;
            Ok(values(&kind, (0..count).map(|i| a + i * step)))
        }
        Some(Spacing::Factor(factor)) => {
            // One more than fit, for the rounding of the logarithms.
            let count = libm::log(b as f64 / a as f64) / libm::log(factor) + 2.0;
            bounded(count as i128, frame.at(0, all))?;
            let nth = |i| {
                let exact = (a as f64 * libm::pow(factor, f64::from(i))).round() as i128;
                if i == 0 { a } else { tidy(&kind, exact) }
            };
            Ok(values(&kind, (0..count as u32).map(nth).filter(|n| *n <= b)))
        }
    }
}

/// Values of ascending atoms, equal ones once.
fn values(kind: &Kind, atoms: impl Iterator<Item = i128>) -> Range {
    let plain = atoms.filter_map(|atoms| from_atoms(kind, atoms));
    let mut values: Vec<Value> = plain.map(|plain| Value::of(&plain)).collect();
    values.dedup();
    Range::Values(values)
}

fn exact(kind: &Kind, text: &str) -> Option<i128> {
    let node = Node::from_raw(text.trim(), Span::default());
    atoms(&scalar(kind, &node).ok()?)
}

/// Reads what stands after the colon.
fn read_spacing(knob: &Knob, kind: &Kind, text: &str, frame: Frame) -> Result<Spacing, Failed> {
    let at = frame.at(0, text.len());
    let trimmed = text.trim();
    if trimmed == "log" {
        return Ok(Spacing::Anything { log: true });
    }
    if let Some(factor) = trimmed.strip_prefix('x') {
        return match factor.parse::<f64>() {
            Ok(factor) if factor.is_finite() && factor >= 1.0001 => Ok(Spacing::Factor(factor)),
            _ => {
                let message = "the factor must be a number above 1";
                let finding = Finding::new(Code::BadVary, at, message);
                Err(Box::new(finding.help(Some("x2 doubles from value to value".to_owned()))))
            }
        };
    }
    let kind = of_steps(kind);
    match exact(&kind, trimmed) {
        Some(step) if step > 0 => Ok(Spacing::Step(step)),
        Some(_) => {
            let message = "the step must be above zero";
            Err(Box::new(Finding::new(Code::EmptyRange, at, message)))
        }
        None => {
            let (what, key) = (kind.expected(), shown(knob.key()));
            let message = format!("the step of `{key}` must be {what}");
            let finding = Finding::new(Code::BadVary, at, message).label("no such step");
            let help = "or a factor such as x2, or `log` for any value on a logarithmic scale";
            Err(Box::new(finding.help(Some(help.to_owned()))))
        }
    }
}

fn empty(at: Span, from: &Value, to: &Value, single: bool) -> Finding {
    let (message, help) = if single {
        (format!("the range {from}..{to} holds one value only"), None)
    } else {
        let message = format!("the range {from}..{to} is empty: it ends before it begins");
        (message, Some(format!("did you mean {to}..{from}?")))
    };
    Finding::new(Code::EmptyRange, at, message).help(help)
}

/// Refuses more values than a key may take.
fn bounded(count: i128, at: Span) -> Result<(), Failed> {
    if count <= MOST_VALUES as i128 {
        return Ok(());
    }
    let shown = i64::try_from(count).map_or("more".to_owned(), grouped);
    let message = format!("a key may take at most {MOST_VALUES} values");
    Err(Box::new(
        Finding::new(Code::TooManyPoints, at, message).label(format!("this makes {shown}")),
    ))
}
