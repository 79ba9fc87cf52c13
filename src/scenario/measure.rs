//! What can be asked of a run: the metrics of expectations, comparisons and breaking points, with
//! their units.

use std::fmt;

use super::keys::Kind;
use crate::language::{Node, Plain, Span, nearest, one_of, scalar};
use crate::units::{Bytes, SimSpan};

macro_rules! measures {
    ($($variant:ident $key:literal $dimension:ident $worse:ident $meaning:literal)*) => {
        /// A metric: what happened in a run or not, or a figure of it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Measure {
            $(#[doc = $meaning] $variant,)*
        }

        impl Measure {
            /// Every metric.
            pub const ALL: [Self; [$($key),*].len()] = [$(Self::$variant),*];

            /// The name in scenarios and on the command line.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key,)* }
            }

            /// One sentence: what it is.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// What it counts in.
            #[must_use]
            pub const fn dimension(self) -> Dimension {
                match self { $(Self::$variant => Dimension::$dimension,)* }
            }

            /// Which way is worse.
            #[must_use]
            pub const fn worse(self) -> Worse {
                match self { $(Self::$variant => Worse::$worse,)* }
            }
        }
    };
}

measures! {
    Oom "oom" Event Higher "A server, or the etcd beside it, was killed for memory."
    Cascade "cascade" Event Higher "On two nodes or more a server or etcd was killed for memory."
    NonRecovering "non-recovering" Event Higher "At the end a server was down, cut off, without its etcd or had a cold cache, etcd had no quorum, or a client lacked its list."
    Wrong "wrong" Event Higher "A server or etcd was killed for memory, or at the end one was down, cut off, without its etcd or had a cold cache, etcd had no quorum, or a client lacked its list."
    Absorbed "absorbed" Event Lower "No server was killed or lost, no request failed, no watch was ended, no node was NotReady, no read was stale, no work fell behind, no node was overcommitted."
    Peak "peak" Size Higher "Highest resident memory of any server."
    Headroom "headroom" Share Lower "The least share of its limit that a server had left at its peak."
    Duration "duration" Span Higher "From the first event until the last list asked for was answered."
    Rejected "rejected" Count Higher "Requests answered 429."
    WritesRejected "writes-rejected" Count Higher "Writes answered 429."
    Failed "failed" Count Higher "Requests cut by a dying server, a time-out or a lost connection."
    TimedOut "timed-out" Count Higher "Requests answered 504 or cut at the request time-out."
    StaleReads "stale-reads" Count Higher "LISTs answered with data older than the client had seen before."
    Writes "writes" Count Higher "Writes that came: updates, creations and deletions."
    Created "created" Count Higher "Objects that were created."
    Objects "objects" Count Higher "Most objects stored at once."
    Cpu "cpu" Span Higher "CPU time of all servers."
    BytesSent "bytes-sent" Size Higher "Bytes written to clients."
    CpuUtilisation "cpu-used" Share Higher "CPU time of the busiest server, of what its cores or its CPU limit allow in the run."
    Throttled "throttled" Span Higher "Time that threads of a server stood still for its CPU limit, over all processors; the most of any server."
    CpuPressure "cpu-psi" Share Higher "Share of the run in which work of a server waited for a processor (PSI some); the most of any."
    MemoryPressure "memory-psi" Share Higher "Share of the run in which a thread of a server slept above memory.high, waited for pages of its binary or stood still at the memory limit (PSI some); the most of any."
    IoPressure "io-psi" Share Higher "Share of the run in which a server waited for pages of its binary to be read again (PSI full); the most of any."
}

/// What a metric counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// It happens in a run or not; over many, it has a probability.
    Event,
    /// Bytes.
    Size,
    /// Time.
    Span,
    /// A share of something.
    Share,
    /// A number of things.
    Count,
}

/// Which way a metric is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worse {
    /// More is worse.
    Higher,
    /// Less is worse.
    Lower,
}

/// A value of a metric with its unit. Values of one metric are ordered.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Amount {
    /// A probability or a share, 1 for all.
    Share(f64),
    /// Bytes.
    Size(Bytes),
    /// Things.
    Count(u64),
    /// Time.
    Span(SimSpan),
    /// Later than any time: it did not come.
    Never,
}

impl Measure {
    /// The metric of this name.
    ///
    /// # Errors
    /// Another name; the message says which there are.
    pub fn from_key(key: &str) -> Result<Self, String> {
        let known = Self::ALL
            .into_iter()
            .find(|measure| measure.key() == key)
            .or_else(|| (key == Self::PEAK_ALIAS).then_some(Self::Peak));
        known.ok_or_else(|| {
            let keys = Self::ALL.map(Self::key);
            match nearest(key, keys) {
                Some(near) => format!("there is no metric `{key}`: did you mean `{near}`?"),
                None => format!("there is no metric `{key}`; write {}", one_of(&keys)),
            }
        })
    }

    /// Another name of [`Measure::Peak`].
    pub(super) const PEAK_ALIAS: &str = "peak-resident";

    /// Whether runs record it for each phase as well.
    #[must_use]
    pub const fn is_per_phase(self) -> bool {
        match self {
            Self::Oom | Self::Peak | Self::Duration | Self::BytesSent => true,
            Self::Cascade
            | Self::NonRecovering
            | Self::Wrong
            | Self::Absorbed
            | Self::Headroom
            | Self::Rejected
            | Self::WritesRejected
            | Self::Failed
            | Self::TimedOut
            | Self::StaleReads
            | Self::Writes
            | Self::Created
            | Self::Objects
            | Self::Cpu
            | Self::CpuUtilisation
            | Self::Throttled
            | Self::CpuPressure
            | Self::MemoryPressure
            | Self::IoPressure => false,
        }
    }

    /// Whether it happens or not, rather than having a value in every run.
    #[must_use]
    pub fn is_event(self) -> bool {
        self.dimension() == Dimension::Event
    }

    /// What a bound of it is written as.
    pub(super) const fn kind(self) -> Kind {
        match self.dimension() {
            Dimension::Event | Dimension::Share => Kind::Percent { max: 100.0 },
            Dimension::Size => Kind::Size { min: Bytes::ZERO, max: Bytes(u64::MAX), limit: false },
            Dimension::Span => Kind::Span { min: SimSpan::ZERO, max: SimSpan(u64::MAX) },
            Dimension::Count => Kind::Integer { min: 0, max: i64::MAX },
        }
    }
}

impl Amount {
    /// Of a value that was read as its metric demands.
    pub(super) fn of(plain: &Plain) -> Option<Self> {
        match plain {
            Plain::Flag(flag) => Some(Self::Share(f64::from(u8::from(*flag)))),
            Plain::Percent(x) => Some(Self::Share(x / 100.0)),
            Plain::Size(bytes) => Some(Self::Size(*bytes)),
            Plain::Span(span) => Some(Self::Span(*span)),
            Plain::Integer(n) => u64::try_from(*n).ok().map(Self::Count),
            _ => None,
        }
    }

    /// As a number in its smallest unit, for statistics; infinite if it never came.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        match self {
            Self::Share(x) => x,
            Self::Size(bytes) => bytes.as_f64(),
            Self::Count(n) => n as f64,
            Self::Span(span) => span.0 as f64,
            Self::Never => f64::INFINITY,
        }
    }

    /// As files have it: bytes, seconds, a share from 0 to 1, a count; `None` if it never came.
    #[must_use]
    pub const fn in_files(self) -> Option<f64> {
        match self {
            Self::Span(span) => Some(span.as_secs_f64()),
            Self::Never => None,
            other => Some(other.as_f64()),
        }
    }
}

/// For people: `65.5 %`, `12.3 GiB`, `1m30s`, `never`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(x) => f.pad(&format!("{:.1} %", x * 100.0)),
            Self::Size(bytes) => bytes.fmt(f),
            Self::Count(n) => n.fmt(f),
            Self::Span(span) => {
                // About four digits.
                let unit = match *span {
                    span if span < SimSpan::secs(10) => 1_000_000,
                    span if span < SimSpan::secs(60) => 100_000_000,
                    _ => 1_000_000_000,
                };
                SimSpan(span.0.saturating_add(unit / 2) / unit * unit).fmt(f)
            }
            Self::Never => f.pad("never"),
        }
    }
}

/// Something that happens in a run or not: an event, or a figure past a bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// What is asked.
    pub measure: Measure,
    /// The bound of a figure, and whether it is to be above it; `None` of an event.
    pub bound: Option<(Past, Amount)>,
}

/// On which side of a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// Above it.
    Above,
    /// Below it.
    Below,
}

impl Condition {
    /// What a storm is judged by, and all that is asked about storms: whether a run goes wrong.
    pub const WRONG: Self = Self { measure: Measure::Wrong, bound: None };

    /// Whether a server is killed for memory.
    pub const OOM: Self = Self { measure: Measure::Oom, bound: None };

    /// Reads `oom`, `cascade`, `peak>32GiB` or `headroom<10%`.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(at) = text.find(['>', '<']) else {
            let measure = Measure::from_key(text.trim())?;
            if measure.is_event() {
                return Ok(Self { measure, bound: None });
            }
            let bound = match measure.dimension() {
                Dimension::Size => ">16GiB",
                Dimension::Span => ">2m",
                Dimension::Count => ">0",
                Dimension::Share | Dimension::Event => "<10%",
            };
            let key = measure.key();
            return Err(format!("`{key}` needs a bound, such as {key}{bound}"));
        };
        let measure = Measure::from_key(text[..at].trim())?;
        if measure.is_event() {
            return Err(format!("`{}` happens or not: it has no bound", measure.key()));
        }
        let past = if text[at..].starts_with('>') { Past::Above } else { Past::Below };
        let amount = amount(&measure.kind(), &text[at + 1..])
            .map_err(|why| format!("the bound of `{}` {why}", measure.key()))?;
        Ok(Self { measure, bound: Some((past, amount)) })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.measure.key();
        match self.bound {
            None => f.pad(key),
            Some((Past::Above, amount)) => f.pad(&format!("{key} > {amount}")),
            Some((Past::Below, amount)) => f.pad(&format!("{key} < {amount}")),
        }
    }
}

/// How much worse a metric may become: a share of its value, or of all runs for an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Which metric.
    pub measure: Measure,
    /// 0.05 for 5 %.
    pub allowed: f64,
}

impl Tolerance {
    /// Reads `peak=5%`.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (key, share) = text.split_once('=').ok_or("expected METRIC=SHARE, such as peak=5%")?;
        let measure = Measure::from_key(key.trim())?;
        Ok(Self { measure, allowed: share_of(share)? })
    }
}

/// Reads a percentage as a share: 0.05 of `5%`.
///
/// # Errors
/// What is wrong, for people.
pub fn share_of(text: &str) -> Result<f64, String> {
    match amount(&Kind::Percent { max: 1000.0 }, text) {
        Ok(Amount::Share(share)) => Ok(share),
        Ok(_) => Err("must be a percentage such as \"5%\"".to_owned()),
        Err(why) => Err(format!("this {why}")),
    }
}

fn amount(kind: &Kind, text: &str) -> Result<Amount, String> {
    let node = Node::from_raw(text.trim(), Span::default());
    let plain =
        scalar(kind, &node).map_err(|problem| format!("{}: {}", problem.message, problem.label))?;
    Amount::of(&plain).ok_or_else(|| format!("must be {}", kind.expected()))
}

#[cfg(test)]
mod tests {
    use super::{Amount, Condition, Measure, Past, Tolerance};
    use crate::units::{Bytes, SimSpan};

    #[test]
    fn conditions() {
        let parse = |text| Condition::parse(text).map(|c| (c.measure, c.bound));
        assert_eq!(parse("oom"), Ok((Measure::Oom, None)));
        let peak = Amount::Size(Bytes::gib(32));
        assert_eq!(parse("peak>32GiB"), Ok((Measure::Peak, Some((Past::Above, peak)))));
        let tenth = Amount::Share(0.1);
        assert_eq!(parse("headroom < 10%"), Ok((Measure::Headroom, Some((Past::Below, tenth)))));
        assert_eq!(
            parse("rejected>0"),
            Ok((Measure::Rejected, Some((Past::Above, Amount::Count(0)))))
        );
        for (bad, why) in [
            ("ooom", "did you mean `oom`?"),
            ("", "there is no metric"),
            ("peak", "needs a bound"),
            ("oom>3", "has no bound"),
            ("peak>32", "must be a size"),
            ("peak>", "must be a size"),
            ("headroom<120%", "between 0 and 100"),
        ] {
            let told = parse(bad).expect_err(bad);
            assert!(told.contains(why), "{bad}: {told}");
        }
    }

    #[test]
    fn tolerances() {
        let parse = |text| Tolerance::parse(text).map(|t| (t.measure, t.allowed));
        assert_eq!(parse("peak=5%"), Ok((Measure::Peak, 0.05)));
        for bad in ["peak", "peak=5", "paek=5%", "peak=-5%", "peak=5%%"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_for_people() {
        assert_eq!(Amount::Share(0.6549).to_string(), "65.5 %");
        assert_eq!(Amount::Span(SimSpan::millis(91_440)).to_string(), "1m31s");
        assert!(Amount::Never > Amount::Span(SimSpan(u64::MAX)));
    }
}
