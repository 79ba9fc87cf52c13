//! A load that changes, in whole runs: writes, objects that come and go, slow watchers, outages of
//! etcd, versions that fall behind.

mod audit;
mod counts;
mod etcd;
mod residents;
mod saturation;
mod slow;
mod streams;
mod versions;
mod workloads;

use crate::support;
use oomcast::results::{Mechanism, RunRecord, TimelinePoint};
use oomcast::scenario::Scenario;

/// A scenario whose events, objects and clients are `rest`.
pub(crate) fn load(apiserver: &str, duration: &str, rest: &str) -> Scenario {
    let text = format!(
        r#"
schema = 1
name = "dynamics"

[run]
duration = "{duration}"

[apiserver]
{apiserver}

[node]
memory = "64GiB"
cores = 16

{rest}
"#
    );
    support::valid(&text, &[])
}

/// What is wrong with such a scenario.
pub(crate) fn mistakes(rest: &str) -> String {
    let text = format!(
        "schema = 1\nname = \"x\"\n[run]\nduration = \"10m\"\n[apiserver]\nversion = \"1.34\"\n\
         [node]\nmemory = \"64GiB\"\n{rest}"
    );
    support::load(&text, &[]).expect_err("mistakes").render(false)
}

pub(crate) fn run(apiserver: &str, duration: &str, rest: &str) -> RunRecord {
    support::run(&load(apiserver, duration, rest).inputs, 3)
}

pub(crate) fn of(point: &TimelinePoint, mechanism: Mechanism) -> f64 {
    let place = Mechanism::ALL.iter().position(|m| *m == mechanism).expect("a mechanism");
    point.by_mechanism[place].as_f64()
}

/// Bytes of a mechanism on the first server, `seconds` into the run.
pub(crate) fn at(record: &RunRecord, mechanism: Mechanism, seconds: f64) -> f64 {
    let points = &record.timelines[0].points;
    let after = points.iter().position(|p| p.at.as_secs_f64() >= seconds).expect("a sample after");
    let (a, b) = (&points[after - 1], &points[after]);
    let (from, to) = (a.at.as_secs_f64(), b.at.as_secs_f64());
    let part = if to > from { (seconds - from) / (to - from) } else { 1.0 };
    of(a, mechanism) + part * (of(b, mechanism) - of(a, mechanism))
}

/// The most bytes of a mechanism on the first server.
pub(crate) fn most(record: &RunRecord, mechanism: Mechanism) -> f64 {
    record.timelines[0].points.iter().map(|point| of(point, mechanism)).fold(0.0, f64::max)
}
