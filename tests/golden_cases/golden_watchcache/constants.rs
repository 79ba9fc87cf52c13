//! `watchcache-constants`.

use std::collections::BTreeMap;

use oomcast::model::watchcache::capacity;
use oomcast::units::SimSpan;
use serde::Deserialize;

use super::interval::INTERVAL_BUFFER;
use crate::cases::{report, text};

// Constants of the cacher (k8s.io/apiserver `storage/cacher`) that change nothing in the model.
const COMPACTION_POLL_PERIOD: SimSpan = SimSpan::secs(15);
const DISPATCH_BUDGET: SimSpan = SimSpan::millis(100);
const DISPATCH_BUDGET_REFRESH: SimSpan = SimSpan::millis(50);
const INCOMING: u64 = 100;
const TOO_HIGH_RETRY: SimSpan = SimSpan::secs(1);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Tables {
    constants: BTreeMap<String, u64>,
    channel_sizes: Vec<ChannelSize>,
    capacity_upper_bounds: Vec<UpperBound>,
    unready_retry_after: Vec<RetryAfter>,
    incoming_channel_size: u64,
    resources_with_index: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChannelSize {
    capacity: u64,
    fresh_ns: u64,
    index_exists: bool,
    trigger_used: bool,
    chan_size: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpperBound {
    fresh_ns: u64,
    upper_bound_capacity: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RetryAfter {
    down_ns: u64,
    retry_after_seconds: u64,
}

fn constant(name: &str) -> u64 {
    match name {
        "blockTimeoutNs" => capacity::BLOCK_TIMEOUT.0,
        "bookmarkFrequencyNs" => capacity::BOOKMARK_PERIOD.0,
        "compactionPollPeriodNs" => COMPACTION_POLL_PERIOD.0,
        "dispatchBudgetMaxNs" => DISPATCH_BUDGET.0,
        "dispatchBudgetRefreshNsPerSecond" => DISPATCH_BUDGET_REFRESH.0,
        "eventFreshDurationNs" => capacity::DEFAULT_HISTORY.0,
        "intervalBufferSize" => INTERVAL_BUFFER,
        "lowerBoundCapacity" => capacity::LOWER_BOUND,
        "maxChanSizeWithIndexAndTrigger" => capacity::MOST_CHANNEL_TRIGGERED,
        "maxChanSizeWithIndexWithoutTrigger" => capacity::MOST_CHANNEL_INDEXED,
        "maxChanSizeWithoutIndex" => capacity::MOST_CHANNEL,
        "minChanSize" => capacity::LEAST_CHANNEL,
        "relistPageSize" => capacity::RELIST_PAGE,
        "tooHighRetrySeconds" => TOO_HIGH_RETRY.as_secs_f64() as u64,
        "upperBoundCapacity" => capacity::UPPER_BOUND,
        _ => panic!("{name}: no such constant"),
    }
}

#[test]
fn golden_watchcache_constants() {
    let tables: Tables =
        serde_json::from_str(&text("watchcache-constants.json")).expect("the tables");
    let mut checked = 1;
    for (name, &theirs) in &tables.constants {
        assert_eq!(constant(name), theirs, "{name}");
        checked += 1;
    }
    for row in &tables.channel_sizes {
        let ours = capacity::channel_size(
            row.capacity,
            SimSpan(row.fresh_ns),
            row.index_exists,
            row.trigger_used,
        );
        assert_eq!(ours, row.chan_size, "{row:?}");
        checked += 1;
    }
    for row in &tables.capacity_upper_bounds {
        let ours = capacity::upper_bound(SimSpan(row.fresh_ns));
        assert_eq!(ours, row.upper_bound_capacity, "{row:?}");
        checked += 1;
    }
    for row in &tables.unready_retry_after {
        let ours = capacity::unready_retry_after(SimSpan(row.down_ns), true);
        assert_eq!(ours, SimSpan::secs(row.retry_after_seconds), "{row:?}");
        checked += 1;
    }
    for (resource, field) in &tables.resources_with_index {
        assert_eq!(capacity::watcher_index(resource), Some(field.as_str()), "{resource}");
        checked += 1;
    }
    assert_eq!(INCOMING, tables.incoming_channel_size);
    report("watchcache-constants.json", checked);
}
