//! `summary.json`.
//!
//! The serialised [`Summary`], indented by two spaces, ended by a line feed. Keys are in the order of
//! the struct's fields; sizes are integer bytes, times are seconds since the scenario began,
//! probabilities run from 0 to 1, and what does not apply is `null`.
//!
//! | key | what |
//! |---|---|
//! | `format_version` | `MAJOR.MINOR`: a minor step adds keys, a major one changes or removes them |
//! | `scenario`, `scenario_hash`, `seed`, `replications`, `release` | what was run |
//! | `verdict` | the answer, one sentence |
//! | `outcomes` | outcome to count; every outcome is present, the counts sum to `replications` |
//! | `outcome_intervals` | outcome to `count`, `low`, `high` of the 95 % interval |
//! | `oom` | `count`, `low`, `high` of replications with a kill |
//! | `first_oom_seconds` | median time of the first kill |
//! | `peak_resident_bytes` | `median`, `p95`, `max` of the highest server of a run |
//! | `apiservers[]` | `name`, `limit_bytes`, `peak_resident_bytes`, `runs_with_oom`, `oom_kills`, `first_oom_seconds`, `back_after_seconds` |
//! | `phases[]` | `name`, `start_seconds`, `peak_resident_bytes`, `runs_with_oom`, `settled_after_seconds`, `bytes_sent` |
//! | `holders_at_peak[]` | `mechanism`, `client`, `resource`, `bytes`, largest first; sums to `worst_peak_bytes` |
//! | `leave_one_out` | the same without each client, where a server was killed: `with_all`, `without_one[]`, `without_two`, `without_all`, `not_tried` |
//! | `cpu_seconds` | CPU time of all servers, median |
//! | `counters` | totals of the worst replication |
//! | `worst_replication`, `worst_server`, `worst_peak_bytes`, `worst_peak_seconds` | where the highest peak was |
//! | `scraped_peaks[]` | what scrapes of that server would have seen: `interval_seconds`, `peak_bytes` and `failed` scrapes in the median schedule, whose first is at `first_seconds`; `lowest_bytes`, `highest_bytes` of all schedules |
//! | `simulated_seconds` | length of the longest replication |
//! | `published[]` | `phase`, `metric`, `published`, `predicted`, `error`, `within`, `source`, `note` |
//! | `incomplete` | replications stopped at the event limit before their end |
//! | `cascade` | `count`, `low`, `high` of replications with kills of two servers or more |
//! | `peak_quantiles[]` | `quantile`, `bytes`, and the ends `low`, `high` of a distribution-free 95 % interval |
//! | `stopping_rule` | of `--until-ci`: `half_width` asked for, `reached_half_width`, `reached` |
//! | `uncertainty` | `inputs[]` (`key`, `law`, `drawn` p5, p50, p95, `peak_correlation`), `pairs`, and for `peak` (bytes) and `oom` what comes from inputs and from seeds: `total_sd`, `input_sd`, `seed_sd`, `input_share`, `low`, `high` |
//! | `expectations[]` | `name`, `severity`, `metric`, `quantile`, `wanted`, `found`, `bound`, `value`, `low`, `high`, `holds`, `certain` |
//! | `warnings[]` | sentences |

use serde::Serialize;

use crate::results::{
    AdviseResult, AlertsResult, ApfPlan, AssessResult, CalibrationResult, CompareResult,
    FindResult, ForecastResult, MachineSpeed, NoReturn, Summary, Validation,
};

/// Renders `summary.json`.
///
/// # Errors
/// None that plain data can cause; the serialiser's, if it ever has one.
pub fn summary(summary: &Summary) -> serde_json::Result<String> {
    pretty(summary)
}

/// Renders the levels and fleets of `oomcast show --apf`, whose keys are the fields of [`ApfPlan`].
///
/// # Errors
/// None that plain data can cause; the serialiser's, if it ever has one.
pub fn apf(plan: &ApfPlan) -> serde_json::Result<String> {
    pretty(plan)
}

/// Renders the result of `oomcast validate`: the serialised [`Validation`].
///
/// # Errors
/// None that plain data can cause; the serialiser's, if it ever has one.
pub fn validation(validation: &Validation) -> serde_json::Result<String> {
    pretty(validation)
}

/// Renders the result of `oomcast calibrate`: the serialised [`CalibrationResult`].
///
/// # Errors
/// None that plain data can cause; the serialiser's, if it ever has one.
pub fn calibration(result: &CalibrationResult) -> serde_json::Result<String> {
    pretty(result)
}

/// Renders the result of `oomcast speed`: the serialised [`MachineSpeed`].
///
/// # Errors
/// None that plain data can cause; the serialiser's, if it ever has one.
pub fn speed(speed: &MachineSpeed) -> serde_json::Result<String> {
    pretty(speed)
}

/// Renders `find.json`, whose keys are the fields of [`FindResult`].
///
/// # Errors
/// None that plain data can cause; the serialiser's, if it ever has one.
pub fn find(found: &FindResult) -> serde_json::Result<String> {
    pretty(found)
}

/// Renders `forecast.json`, whose keys are the fields of [`ForecastResult`].
///
/// # Errors
/// None that plain data can cause; the serialiser's, if it ever has one.
pub fn forecast(result: &ForecastResult) -> serde_json::Result<String> {
    pretty(result)
}

/// Renders `no-return.json`, whose keys are the fields of [`NoReturn`].
///
/// # Errors
/// None that plain data can cause; the serialiser's, if it ever has one.
pub fn no_return(found: &NoReturn) -> serde_json::Result<String> {
    pretty(found)
}

/// Renders `alerts.json`, whose keys are the fields of [`AlertsResult`].
///
/// # Errors
/// None that plain data can cause; the serialiser's, if it ever has one.
pub fn alerts(result: &AlertsResult) -> serde_json::Result<String> {
    pretty(result)
}

/// Renders `compare.json`, whose keys are the fields of [`CompareResult`].
///
/// # Errors
/// None that plain data can cause; the serialiser's, if it ever has one.
pub fn compare(result: &CompareResult) -> serde_json::Result<String> {
    pretty(result)
}

/// Renders `advise.json`, whose keys are the fields of [`AdviseResult`].
///
/// # Errors
/// None that plain data can cause; the serialiser's, if it ever has one.
pub fn advise(result: &AdviseResult) -> serde_json::Result<String> {
    pretty(result)
}

/// Renders `assess.json`, whose keys are the fields of [`AssessResult`].
///
/// # Errors
/// None that plain data can cause; the serialiser's, if it ever has one.
pub fn assess(result: &AssessResult) -> serde_json::Result<String> {
    pretty(result)
}

/// Any plain data as indented JSON with a line feed at the end.
pub(super) fn pretty(value: &impl Serialize) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}
