//! Scalars that are not known exactly: `"3 to 8"`, or a distribution by its quantiles.
//!
//! The checked tree holds the median; the distribution stands beside it, for the replications to
//! draw from. Its figures are written as the key's values are, so that units are checked.

use crate::language::table::plain::Plain;
use crate::language::table::quantity::{Unit, from_atoms};
use crate::language::table::read::scalar;
use crate::language::table::write::scalar as printed;
use crate::language::table::{Key, Kind, Role, one_of};
use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::{Finding, Log, shown};
use crate::language::tell::suggest::nearest;
use crate::language::text::span::Span;
use crate::language::text::tree::{Entry, Item, Node};
use crate::units::Sort as _;

/// Standard normal quantiles of the probabilities a distribution may be given by.
pub(crate) const QUANTILES: [(&str, f64); 7] = [
    ("p5", -1.644_853_626_951_472_7),
    ("p10", -1.281_551_565_544_600_4),
    ("p25", -0.674_489_750_196_081_7),
    ("p50", 0.0),
    ("p75", 0.674_489_750_196_081_7),
    ("p90", 1.281_551_565_544_600_4),
    ("p95", 1.644_853_626_951_472_7),
];

const LAWS: [&str; 4] = ["lognormal", "normal", "uniform", "triangular"];

/// How an uncertain value is distributed, before it is kept inside the bounds of its key.
///
/// Figures are in the key's smallest unit: bytes, nanoseconds, per second, per cent, or as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// Equally likely anywhere between two values.
    Uniform {
        /// Least.
        from: f64,
        /// Greatest.
        to: f64,
    },
    /// Most likely at one value, and ever less towards the ends.
    Triangular {
        /// Least.
        from: f64,
        /// Likeliest.
        mode: f64,
        /// Greatest.
        to: f64,
    },
    /// Normal.
    Normal {
        /// Mean and median.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// e to the power of a normal.
    LogNormal {
        /// Median.
        median: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
}

impl Distribution {
    /// The value of a draw: `uniform` is uniform in [0, 1), `normal` is standard normal; which of
    /// them counts depends on the distribution.
    #[must_use]
    pub fn at(&self, uniform: f64, normal: f64) -> f64 {
        match *self {
            Self::Uniform { from, to } => from + (to - from) * uniform,
            Self::Triangular { from, mode, to } => {
                let (width, left) = (to - from, mode - from);
                if uniform * width < left {
                    from + libm::sqrt(uniform * width * left)
                } else {
                    to - libm::sqrt((1.0 - uniform) * width * (to - mode))
                }
            }
            Self::Normal { mean, sd } => mean + sd * normal,
            Self::LogNormal { median, sigma } => median * libm::exp(sigma * normal),
        }
    }

    fn median(&self) -> f64 {
        self.at(0.5, 0.0)
    }
}

/// A distribution as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    law: &'static str,
    /// Its figures by name.
    figures: Vec<(&'static str, Plain)>,
    distribution: Distribution,
}

impl Spread {
    /// As an inline table of TOML.
    pub(crate) fn print(&self) -> String {
        let figures =
            self.figures.iter().map(|(name, plain)| format!("{name} = {}", printed(plain)));
        let law = format!("dist = \"{}\"", self.law);
        let parts: Vec<String> = [law].into_iter().chain(figures).collect();
        format!("{{ {} }}", parts.join(", "))
    }

    /// For people: `lognormal, p5 3GiB, p95 8GiB`.
    /// The key of this kind, so distributed.
    pub(super) fn of_key(&self, key: String, kind: Kind) -> Uncertain {
        Uncertain { key, law: self.describe(), distribution: self.distribution, kind }
    }

    fn describe(&self) -> String {
        let figures = self.figures.iter();
        let figures = figures.map(|(name, plain)| format!(", {name} {}", bare(plain)));
        self.law.to_owned() + &figures.collect::<String>()
    }
}

fn bare(plain: &Plain) -> String {
    printed(plain).trim_matches('"').to_owned()
}

/// A key of the scenario whose value is uncertain.
#[derive(Clone, Debug)]
pub struct Uncertain {
    /// The key as `--set` takes it: `clients.agents.count`.
    pub key: String,
    /// Its distribution, for people.
    pub law: String,
    /// Its distribution.
    pub distribution: Distribution,
    kind: Kind,
}

/// A key has one kind.
impl PartialEq for Uncertain {
    fn eq(&self, other: &Self) -> bool {
        (&self.key, &self.law, self.distribution) == (&other.key, &other.law, other.distribution)
    }
}

impl Uncertain {
    /// A drawn value as an override, rounded and kept inside the bounds of the key.
    #[must_use]
    pub fn set(&self, drawn: f64) -> String {
        format!("{}={}", self.key, self.show(drawn))
    }

    /// A drawn value as the scenario would write it, without quotes.
    #[must_use]
    pub fn show(&self, drawn: f64) -> String {
        plain(&self.kind, drawn).map_or_else(String::new, |plain| bare(&plain))
    }
}

/// Whether a value is meant to be uncertain.
pub(crate) fn is_meant(kind: &Kind, node: &Node) -> bool {
    kind.unit().is_some()
        && match &node.item {
            Item::Text(text) => range(text).is_some(),
            Item::Table(_) => true,
            _ => false,
        }
}

/// The two ends of `3 to 8`.
fn range(text: &str) -> Option<(&str, &str)> {
    let (low, high) = text.split_once(" to ")?;
    let (low, high) = (low.trim(), high.trim());
    (!low.is_empty() && !high.is_empty()).then_some((low, high))
}

/// Reads an uncertain value: its median and its distribution. Mistakes go to the log.
pub(crate) fn read(key: &Key, node: &Node, log: &mut Log) -> Option<(Plain, Spread)> {
    if key.role != Role::Input {
        let message = format!("`{}` cannot be uncertain", key.name);
        let finding =
            Finding::new(Code::NotUncertain, node.span, message).label("must be one value");
        log.push(finding.help(format!("write {}", key.kind.expected())));
        return None;
    }
    let reader = Reader { kind: &key.kind, name: key.name, at: node.span };
    let spread = match &node.item {
        Item::Table(entries) => reader.table(entries),
        Item::Text(text) => reader.range(text),
        _ => return None,
    };
    match spread {
        Ok(spread) => Some((plain(&key.kind, spread.distribution.median())?, spread)),
        Err(finding) => {
            log.push(*finding);
            None
        }
    }
}

/// Whether a key may be uncertain.
pub(crate) fn may_be(key: &Key) -> bool {
    key.kind.unit().is_some() && key.role == Role::Input
}

type Failed = Box<Finding>;

/// Reads the distribution of one key.
struct Reader<'a> {
    kind: &'a Kind,
    name: &'a str,
    at: Span,
}

impl Reader<'_> {
    fn wrong(&self, at: Span, message: &str, help: impl Into<Option<String>>) -> Finding {
        let message = format!("`{}` {message}", self.name);
        Finding::new(Code::BadSpread, at, message).help(help)
    }

    /// `"3 to 8"`: 90 of 100 values lie between the two, and 5 on each side.
    fn range(&self, text: &str) -> Result<Spread, Failed> {
        let (low, high) = range(text).unwrap_or((text, text));
        let mut figures = Vec::new();
        for (name, end) in [("p5", low), ("p95", high)] {
            let node = Node { raw: None, ..Node::from_raw(end, self.at) };
            figures.push((name, self.figure("", &node)?));
        }
        self.spread("lognormal", figures)
    }

    fn table(&self, entries: &[Entry]) -> Result<Spread, Failed> {
        let mut law = None;
        let mut figures = Vec::new();
        for entry in entries {
            let names = || QUANTILES.iter().map(|q| q.0).chain(["from", "mode", "to"]);
            if entry.name == "dist" {
                law = Some(self.law(&entry.node)?);
            } else if let Some(name) = names().find(|name| *name == entry.name) {
                figures.push((name, self.figure(name, &entry.node)?));
            } else {
                let message = format!("has no `{}` in its distribution", shown(&entry.name));
                let near = nearest(&entry.name, names().chain(["dist"]));
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        let names: Vec<&str> = names().collect();
                        format!("a distribution has dist and two or three of {}", names.join(", "))
                    }
                };
                return Err(self.wrong(entry.at, &message, help).into());
            }
        }
        let order = |name: &str| QUANTILES.iter().position(|q| q.0 == name);
        figures.order_by_key(|(name, _)| order(name));
        if let Some(law) = law {
            return self.spread(law, figures);
        }
        if figures.iter().any(|(name, _)| order(name).is_none()) {
            let help = "write dist = \"uniform\" (from, to) or \"triangular\" (from, mode, to)";
            let finding = self.wrong(self.at, "does not say which distribution", help.to_owned());
            return Err(finding.into());
        }
        self.spread("lognormal", figures)
    }

    fn law(&self, node: &Node) -> Result<&'static str, Failed> {
        let text = match &node.item {
            Item::Text(text) => text.as_str(),
            _ => "",
        };
        LAWS.into_iter().find(|law| *law == text).ok_or_else(|| {
            let near = nearest(text, LAWS).map(|near| format!("did you mean \"{near}\"?"));
            let message = format!("has an unknown distribution; `dist` must be {}", one_of(&LAWS));
            self.wrong(node.span, &message, near).into()
        })
    }

    /// One figure of the distribution: a value that the key itself could take.
    fn figure(&self, name: &str, node: &Node) -> Result<Plain, Failed> {
        let value = scalar(self.kind, node).and_then(|plain| match plain {
            // The word that some integers may be is no figure.
            Plain::Text(_) => scalar(&Kind::Integer { min: i64::MIN, max: i64::MAX }, node),
            plain => Ok(plain),
        });
        value.map_err(|problem| {
            let which = if name.is_empty() { String::new() } else { format!("`{name}` of ") };
            let message = format!("{which}`{}` {}", self.name, problem.message);
            let finding = Finding::new(problem.code, node.span, message).label(problem.label);
            finding.help(problem.help).into()
        })
    }

    fn spread(
        &self,
        law: &'static str,
        figures: Vec<(&'static str, Plain)>,
    ) -> Result<Spread, Failed> {
        let names: Vec<&str> = figures.iter().map(|(name, _)| *name).collect();
        let values: Vec<f64> = figures.iter().filter_map(|(_, plain)| number(plain)).collect();
        let wrong = |message: &str, help: &str| {
            Err(Failed::from(self.wrong(self.at, message, help.to_owned())))
        };
        let distribution = match (law, names.as_slice(), values.as_slice()) {
            ("uniform", ["from", "to"], [from, to]) => {
                Distribution::Uniform { from: *from, to: *to }
            }
            ("triangular", ["from", "mode", "to"], [from, mode, to]) => {
                Distribution::Triangular { from: *from, mode: *mode, to: *to }
            }
            ("normal", [a, b], [low, high]) => self.normal((a, b), (*low, *high))?,
            ("lognormal", [a, b], [low, high]) => {
                if *low <= 0.0 {
                    let message = "cannot be lognormal from 0 or less";
                    return wrong(message, "write { dist = \"uniform\", from = ..., to = ... }");
                }
                let logs = (libm::log(*low), libm::log(*high));
                match self.normal((a, b), logs)? {
                    Distribution::Normal { mean, sd } => {
                        Distribution::LogNormal { median: libm::exp(mean), sigma: sd }
                    }
                    other => other,
                }
            }
            ("uniform", ..) => {
                return wrong("needs `from` and `to` to be uniform", "give these two");
            }
            ("triangular", ..) => {
                return wrong("needs `from`, `mode` and `to` to be triangular", "give these three");
            }
            _ => {
                let message = format!("needs two quantiles to be {law}");
                return wrong(&message, "such as p5 and p95, or p50 and p95");
            }
        };
        if !values.is_sorted() || values.first() >= values.last() {
            return wrong(
                "has a distribution whose quantiles are not in ascending order",
                "write the smaller value first",
            );
        }
        Ok(Spread { law, figures, distribution })
    }

    /// The normal distribution with two quantiles.
    fn normal(
        &self,
        (a, b): (&str, &str),
        (low, high): (f64, f64),
    ) -> Result<Distribution, Failed> {
        let score = |name: &str| QUANTILES.iter().find(|q| q.0 == name).map(|q| q.1);
        match (score(a), score(b)) {
            (Some(a), Some(b)) if a < b => {
                let sd = (high - low) / (b - a);
                Ok(Distribution::Normal { mean: low - a * sd, sd })
            }
            _ => {
                let help = "such as p5 and p95, or p50 and p95".to_owned();
                Err(self.wrong(self.at, "needs two quantiles for its distribution", help).into())
            }
        }
    }
}

/// A value in the smallest unit of its key.
fn number(plain: &Plain) -> Option<f64> {
    Some(match plain {
        Plain::Integer(n) => *n as f64,
        Plain::Number(x) | Plain::PerSecond(x) | Plain::Percent(x) => *x,
        Plain::Size(bytes) => bytes.as_f64(),
        Plain::Span(span) => span.0 as f64,
        Plain::Rate(rate) => rate.as_f64(),
        _ => return None,
    })
}

/// The other way round, inside the bounds of the key.
fn plain(kind: &Kind, value: f64) -> Option<Plain> {
    let atoms = match kind.unit()? {
        Unit::Count | Unit::Bytes | Unit::Seconds | Unit::BytesPerSecond => value.round() as i128,
        // Six digits say all that a draw knows, and keep the override short.
        Unit::Number | Unit::Cores | Unit::PerSecond | Unit::Percent => {
            (value * 1e6).round() as i128 * 1000
        }
    };
    from_atoms(kind, atoms)
}

#[cfg(test)]
mod tests {
    use super::{Distribution, plain};
    use crate::language::table::Kind;
    use crate::language::table::plain::Plain;

    #[test]
    fn draws_follow_their_distribution() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        let uniform = Distribution::Uniform { from: 2.0, to: 6.0 };
        near(uniform.at(0.25, 9.0), 3.0);
        // Of area 1: at the mode a quarter lies below, in the middle half.
        let triangle = Distribution::Triangular { from: 0.0, mode: 1.0, to: 4.0 };
        near(triangle.at(0.25, 9.0), 1.0);
        near(triangle.at(0.0, 9.0), 0.0);
        near(triangle.at(1.0, 9.0), 4.0);
        near(triangle.at(0.5, 9.0), 4.0 - 6_f64.sqrt());
        near(Distribution::Normal { mean: 5.0, sd: 2.0 }.at(0.1, -1.5), 2.0);
        near(Distribution::LogNormal { median: 4.0, sigma: 0.5 }.at(0.1, 2.0), 4.0 * 1_f64.exp());
    }

    #[test]
    fn draws_stay_inside_the_bounds_of_the_key() {
        let kind = Kind::Integer { min: 1, max: 10 };
        let drawn = |x| match plain(&kind, x) {
            Some(Plain::Integer(n)) => n,
            other => panic!("{other:?}"),
        };
        assert_eq!([-3.0, 2.5, 99.0, f64::INFINITY].map(drawn), [1, 3, 10, 10]);
    }
}
