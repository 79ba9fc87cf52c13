//! The patches of an observed run as changes of the rate of writes.

use super::fields::{FieldError, within};
use super::observation::{Phase, PhaseKind, Run, phase_name};
use super::resources::target;
use crate::model::ids::Table;
use crate::model::input::{Action, EventInput, Id, ResourceId};
use crate::units::{SimSpan, SimTime, Sort};

/// What a patch phase without a rate and an end lasts, in seconds.
const ASSUMED_SECONDS: f64 = 75.0;

/// Writes a second of a patch phase that began at `start`, and how many seconds it took.
fn rate(at: &str, phase: &Phase, start: f64) -> Result<(f64, f64), FieldError> {
    let writes = phase.writes.unwrap_or(0) as f64;
    let observed = phase.end_s.map(|end| end - start).filter(|span| *span > 0.0);
    let seconds = match (observed, phase.writes_per_s.filter(|rate| *rate > 0.0)) {
        (Some(span), _) => span,
        (None, Some(rate)) => writes / rate,
        (None, None) => ASSUMED_SECONDS,
    };
    let seconds = within(&format!("{at}.end_s"), seconds, 0.0..=1e6)?;
    let per_second = if seconds > 0.0 { writes / seconds } else { 0.0 };
    Ok((within(&format!("{at}.writes"), per_second, 0.0..=1e6)?, seconds))
}

/// Every change of a resource's rate of writes; patches of a resource at one time add up.
///
/// # Errors
/// The first field that has no meaning for the model.
pub(super) fn changes(run: &Run, starts: &[f64]) -> Result<Vec<EventInput>, FieldError> {
    let mut turns = Vec::new();
    for (index, (phase, &start)) in run.phases.iter().zip(starts).enumerate() {
        if phase.kind == PhaseKind::Patch {
            let (per_second, seconds) = rate(&format!("phases[{index}]"), phase, start)?;
            let (resource, name) = (ResourceId::at(target(run, phase)), phase_name(index));
            turns.push((start, resource, per_second, name.clone()));
            turns.push((start + seconds, resource, -per_second, format!("{name} ends")));
        }
    }
    turns.order_by(|a, b| a.0.total_cmp(&b.0));
    let mut rates: Table<ResourceId, f64> = Table::filled(0.0, run.objects.len());
    let changes = turns.into_iter().map(|(at, resource, change, name)| {
        // What began at one rate ends at it: no dust of rounding stays.
        rates[resource] += change;
        let per_second = if rates[resource] < 1e-9 { 0.0 } else { rates[resource] };
        let at = SimTime::ZERO + SimSpan::from_secs_f64(at);
        EventInput { name, at, action: Action::Write { resource, per_second, lasts: None } }
    });
    Ok(changes.collect())
}
