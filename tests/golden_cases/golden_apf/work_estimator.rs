//! `apf-workestimator` and `apf-watchcount`.

use oomcast::model::apf::classify::RequestInfo;
use oomcast::model::apf::object_count::{ObjectStats, StatsError};
use oomcast::model::apf::work_estimator::{
    ListOptions, Lookups, RequestedVersion, VersionMatch, WorkEstimator, WorkEstimatorConfig,
};
use oomcast::model::release::Release;
use oomcast::units::SimSpan;
use serde::Deserialize;

use super::objects;
use super::watch_count::{RegisteredWatch, WatchTracker};
use crate::cases::check_all;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Info {
    verb: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    resource: String,
    #[serde(default)]
    subresource: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
}

impl Info {
    fn model(&self) -> RequestInfo<'_> {
        RequestInfo {
            is_resource: true,
            verb: &self.verb,
            api_group: &self.group,
            resource: &self.resource,
            subresource: &self.subresource,
            namespace: &self.namespace,
            name: &self.name,
            path: "",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Gates {
    size_based: bool,
    watch_list: bool,
    progress: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Config {
    min_seats: u64,
    max_list_seats: u64,
    max_mutating_seats: u64,
    objects_per_seat: f64,
    mutating_enabled: bool,
    event_ns: u64,
    watches_per_seat: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Query {
    limit: Option<String>,
    #[serde(rename = "continue")]
    continues: Option<String>,
    #[serde(default)]
    rv: String,
    #[serde(default)]
    rv_match: String,
    #[serde(default)]
    label_selector: String,
    #[serde(default)]
    field_selector: String,
    send_initial_events: Option<String>,
    #[serde(rename = "allowWatchBookmarks")]
    _allow_watch_bookmarks: Option<String>,
}

impl Query {
    /// `None` when it cannot be parsed.
    fn model(&self) -> Option<ListOptions> {
        let limit = self.limit.as_deref().map_or(Ok(0), str::parse);
        let sends = |text: &str| !text.eq_ignore_ascii_case("false") && text != "0";
        Some(ListOptions {
            limit: limit.ok()?,
            continues: self.continues.as_ref().is_some_and(|text| !text.is_empty()),
            resource_version: match self.rv.as_str() {
                "" => RequestedVersion::Unset,
                "0" => RequestedVersion::Zero,
                _ => RequestedVersion::Specific,
            },
            resource_version_match: match self.rv_match.as_str() {
                "" => VersionMatch::Unset,
                "Exact" => VersionMatch::Exact,
                "NotOlderThan" => VersionMatch::NotOlderThan,
                _ => VersionMatch::Unknown,
            },
            selector: !self.label_selector.is_empty() || !self.field_selector.is_empty(),
            send_initial_events: self.send_initial_events.as_deref().is_some_and(sends),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stats {
    count: i64,
    avg_bytes: i64,
    err: Option<String>,
}

#[derive(Deserialize)]
struct Out {
    is: u64,
    fs: u64,
    al: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    id: String,
    gates: Gates,
    cfg: Option<Config>,
    pl_max: u64,
    info: Option<Info>,
    opts: Query,
    #[serde(default)]
    bad: bool,
    stats: Stats,
    stats_key: Option<String>,
    watchers: u64,
    out: Out,
    max_seats: u64,
}

/// Answers of the data; notes what was asked for.
struct Recorded<'a> {
    case: &'a Case,
    stats_key: Option<String>,
}

impl Lookups for Recorded<'_> {
    fn stats(&mut self, info: &RequestInfo) -> Result<ObjectStats, StatsError> {
        self.stats_key = Some(if info.api_group.is_empty() {
            info.resource.to_owned()
        } else {
            format!("{}.{}", info.resource, info.api_group)
        });
        let stats = &self.case.stats;
        match stats.err.as_deref() {
            None => Ok(ObjectStats { count: stats.count, average_size: stats.avg_bytes }),
            Some("stale") => Err(StatsError::Stale),
            Some("unknown") => Err(StatsError::NotFound),
            Some(_) => Err(StatsError::Other),
        }
    }

    fn watch_count(&mut self, _: &RequestInfo) -> u64 {
        self.case.watchers
    }
}

fn estimator(case: &Case) -> WorkEstimator {
    let release = Release {
        size_based_list_cost: case.gates.size_based,
        watch_list: case.gates.watch_list,
        ..objects::recorded()
    };
    let mut config = WorkEstimatorConfig::of_release(&release);
    if let Some(own) = &case.cfg {
        config = WorkEstimatorConfig {
            minimum_seats: own.min_seats,
            maximum_list_seats_limit: own.max_list_seats,
            maximum_mutating_seats_limit: own.max_mutating_seats,
            objects_per_seat: own.objects_per_seat,
            mutating_enabled: own.mutating_enabled,
            event_additional_duration: SimSpan(own.event_ns),
            watches_per_seat: own.watches_per_seat,
        };
    }
    WorkEstimator::new(config, release, case.gates.progress)
}

fn check(case: &Case) {
    let id = &case.id;
    let options = case.opts.model().filter(|_| !case.bad);
    assert_eq!(options.is_none(), case.bad, "{id}: parsing");
    let info = case.info.as_ref().map(Info::model);
    let mut recorded = Recorded { case, stats_key: None };
    let ours =
        estimator(case).estimate(info.as_ref(), options.as_ref(), case.pl_max, &mut recorded);
    let theirs = (case.out.is, case.out.fs, case.out.al);
    let seats = (ours.initial_seats, ours.final_seats);
    assert_eq!((seats.0, seats.1, ours.additional_latency.0), theirs, "{id}");
    assert_eq!(ours.max_seats(), case.max_seats, "{id}: most seats");
    assert_eq!(recorded.stats_key, case.stats_key, "{id}: key of the figures");
}

#[test]
fn golden_work_estimator() {
    check_all("apf-workestimator.jsonl", check);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Operation {
    op: String,
    info: Option<Info>,
    #[serde(default)]
    field_selector: String,
    which: Option<usize>,
    count: Option<u64>,
}

#[derive(Deserialize)]
struct WatchCase {
    id: String,
    ops: Vec<Operation>,
}

fn check_watches(case: &WatchCase) {
    let mut tracker = WatchTracker::default();
    let mut watches: Vec<Option<RegisteredWatch>> = Vec::new();
    for (i, op) in case.ops.iter().enumerate() {
        let info = op.info.as_ref().map(Info::model).unwrap_or_default();
        match op.op.as_str() {
            "watch" => watches.push(tracker.register_watch(&info, &op.field_selector)),
            "forget" => {
                let which = op.which.expect("which watch");
                if let Some(watch) = watches[which].take() {
                    tracker.forget(watch);
                }
            }
            _ => {
                let ours = Some(tracker.interested_watch_count(&info));
                assert_eq!(ours, op.count, "{} operation {i}", case.id);
            }
        }
    }
}

#[test]
fn golden_watch_count() {
    check_all("apf-watchcount.jsonl", check_watches);
}
