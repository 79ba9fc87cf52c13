//! Sweeps: a scenario at many points of its keys, each with all its replications.
//!
//! [`Points`] says what the points are; [`sweep()`] runs them in any order; a [`Gathering`] condenses the
//! rows, which it takes in order and does not keep. All points share the seed, so that they differ by what is
//! varied only.

mod alike;
mod along;
mod condense;
mod gather;
mod morris;
mod points;
mod run;
#[cfg(test)]
mod tests;
mod verdict;

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::results::{AxisRecord, DesignRecord, SWEEP_FORMAT, SweepHead};
use crate::scenario::sweep::{Design, SweepPlan};
use crate::scenario::{Scenario, Unit, Vary};

pub use gather::Gathering;
pub use points::Points;
pub use run::{SweepError, Task, sweep};

/// What identifies a sweep.
#[must_use]
pub fn head(scenario: &Scenario, plan: &SweepPlan, points: &Points<'_>, tool: &str) -> SweepHead {
    let axis = |vary: &Vary| AxisRecord {
        key: vary.knob.key().to_owned(),
        column: format!("{}{}", vary.knob.key(), vary.knob.unit().map_or("", Unit::suffix)),
        values: vary.range.to_string(),
    };
    let samples = match plan.design {
        Design::Grid => None,
        Design::Random | Design::Lhs => plan.samples,
        Design::Morris => Some(plan.trajectories()),
    };
    let design = DesignRecord {
        kind: plan.design.word().to_owned(),
        samples,
        axes: plan.vary.iter().map(axis).collect(),
    };
    let design_hash = hash(&design, scenario);
    SweepHead {
        format_version: SWEEP_FORMAT.to_owned(),
        tool_version: tool.to_owned(),
        scenario: scenario.name.clone(),
        scenario_hash: scenario.hash.clone(),
        release: scenario.inputs.release.version(),
        seed: scenario.seed,
        replications: scenario.replications,
        design,
        design_hash,
        points: points.count(),
    }
}

/// The plan of a sweep of which only the head is at hand; `None` where it cannot be read.
#[must_use]
pub fn plan_of(head: &SweepHead) -> Option<SweepPlan> {
    let axes = head.design.axes.iter();
    let vary = axes.map(|axis| Vary::parse(&format!("{}={}", axis.key, axis.values)).ok());
    let design = Design::of(&head.design.kind)?;
    Some(SweepPlan { vary: vary.collect::<Option<_>>()?, design, samples: head.design.samples })
}

/// 12 hexadecimal digits.
fn hash(design: &DesignRecord, scenario: &Scenario) -> String {
    let mut text = format!("{} {:?}\n", design.kind, design.samples);
    for axis in &design.axes {
        let _ = writeln!(text, "{}={}", axis.key, axis.values);
    }
    let _ = writeln!(text, "{} {}", scenario.seed, scenario.replications);
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(6).fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
