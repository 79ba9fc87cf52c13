//! The reflector's back-off against the recorded behaviour of the real code, bit for bit.

use crate::cases::{check_all, report, text};
use oomcast::model::client::backoff::{Backoff, BackoffParameters, ResetEra};
use oomcast::model::client::go::{MAX_RETRIES, PAGER_LIMIT, WATCH_TIMEOUT};
use oomcast::model::release::Release;
use oomcast::model::watchcache::capacity::{CACHER_INTERNAL_ERROR_RETRY, RELIST_PAGE};
use oomcast::units::{SimSpan, SimTime};
use serde::Deserialize;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    init_ns: u64,
    cap_ns: u64,
    steps: i64,
    factor: f64,
    jitter: f64,
    reset_ns: u64,
}

impl Parameters {
    fn ours(&self) -> BackoffParameters {
        BackoffParameters {
            initial: SimSpan(self.init_ns),
            cap: SimSpan(self.cap_ns),
            // Fewer than none is none.
            steps: u32::try_from(self.steps.max(0)).expect("a number of steps"),
            factor: self.factor,
            jitter: self.jitter,
            reset: SimSpan(self.reset_ns),
        }
    }
}

/// A watch cache's pause before it tries again (k8s.io/apiserver cacher.go `NewCacherFromConfig`):
/// nothing in the model waits for it.
const CACHER_RESTART_PERIOD: SimSpan = SimSpan::secs(1);

#[derive(Deserialize)]
struct Case {
    id: String,
    tags: Vec<String>,
    params: Parameters,
    calls: Vec<Call>,
}

/// After `w` of work, with the draw `u`, a delay of `d`.
#[derive(Deserialize)]
struct Call {
    w: u64,
    u: Option<f64>,
    d: u64,
}

fn check(case: &Case) {
    let parameters = case.params.ours();
    if case.tags.iter().any(|tag| tag == "reflector") {
        assert_eq!(parameters, BackoffParameters::REFLECTOR, "{}", case.id);
    }
    let mut backoff = Backoff::new(&parameters, ResetEra::SinceLastReset);
    let mut now = SimTime::ZERO;
    for (n, call) in case.calls.iter().enumerate() {
        now += SimSpan(call.w);
        let delay = backoff.delay(now, call.u.unwrap_or(0.0));
        assert_eq!(delay, SimSpan(call.d), "{} call {n}", case.id);
        now += delay;
    }
}

#[test]
fn golden_reflector_backoff() {
    check_all("reflector-backoff.jsonl", check);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Reflector {
    #[serde(rename = "reflectorBackoff")]
    backoff: Parameters,
    cacher_internal_error_retry_ns: u64,
    cacher_restart_period_ns: u64,
    pager_page_size: u64,
    retry_after_max_retries: u8,
    server_cache_list_page_size: u64,
    watch_list_client_default: bool,
    watch_timeout_min_seconds: u64,
    watch_timeout_max_seconds: u64,
}

#[test]
fn golden_reflector_parameters() {
    let theirs: Reflector =
        serde_json::from_str(&text("reflector-parameters.json")).expect("the parameters");
    assert_eq!(theirs.backoff.ours(), BackoffParameters::REFLECTOR);
    assert_eq!(CACHER_INTERNAL_ERROR_RETRY, SimSpan(theirs.cacher_internal_error_retry_ns));
    assert_eq!(CACHER_RESTART_PERIOD, SimSpan(theirs.cacher_restart_period_ns));
    assert_eq!(PAGER_LIMIT, theirs.pager_page_size);
    assert_eq!(MAX_RETRIES, theirs.retry_after_max_retries);
    assert_eq!(RELIST_PAGE, theirs.server_cache_list_page_size);
    let recorded = Release::of_minor(36).expect("the release recorded");
    assert_eq!(recorded.watch_list_client, theirs.watch_list_client_default);
    let (least, most) = WATCH_TIMEOUT;
    assert_eq!(least, SimSpan::secs(theirs.watch_timeout_min_seconds));
    assert_eq!(most, SimSpan::secs(theirs.watch_timeout_max_seconds));
    report("reflector-parameters.json", 1);
}
