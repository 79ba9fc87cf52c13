//! What each Kubernetes minor does: one table of behaviours, overridable by feature gate.
//!
//! Source: docs/facts/watch-cache.md section 1, docs/facts/clients.md section 1.5, docs/facts/memory.md 1.1.
//! The model asks `release.streams_json`, never "is the minor >= 33?".

use std::collections::BTreeMap;

use crate::units::SimSpan;

/// Oldest minor modelled.
pub const OLDEST_MINOR: u8 = 28;
/// Newest minor modelled.
pub const NEWEST_MINOR: u8 = 37;

/// A release with its gates applied: plain behaviours.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one flag a behaviour is the table's form")]
pub struct Release {
    /// Minor version: 32 for Kubernetes 1.32.
    pub minor: u8,
    /// Minor version of its Go toolchain: 23 for Go 1.23.
    pub go_minor: u8,
    /// `ConsistentListFromCache`: LISTs at the latest version are served from the cache.
    pub consistent_list_from_cache: bool,
    /// `ListFromCacheSnapshot`: pages and exact versions are served from cache snapshots.
    pub list_from_cache_snapshot: bool,
    /// `DetectCacheInconsistency`: the five-minute consistency check.
    pub detect_cache_inconsistency: bool,
    /// `ResilientWatchCacheInitialization`: a cold cache answers 429 instead of going to etcd.
    pub resilient_watch_cache_initialization: bool,
    /// Retry-After of a cold cache grows with the time it has been cold (1.33), else it is 1 s.
    pub cold_retry_after_grows: bool,
    /// `WatchCacheInitializationPostStartHook`: readiness waits for the built-in caches.
    pub readiness_waits_for_caches: bool,
    /// `StreamingCollectionEncodingToJSON`.
    pub streams_json: bool,
    /// `StreamingCollectionEncodingToProtobuf`.
    pub streams_protobuf: bool,
    /// `WatchList` on the server.
    pub watch_list: bool,
    /// `WatchListClient`, the default of clients built with this release.
    pub watch_list_client: bool,
    /// The back-off of reflectors built with this release starts over two minutes after it began
    /// (0.36), else after two minutes without an attempt (docs/facts/clients.md section 1.3).
    pub backoff_resets_by_start: bool,
    /// The watch cache keeps events for as long as a request may take, at least (from 1.33), not
    /// for 75 s.
    pub history_follows_request_timeout: bool,
    /// A relist of a watch cache frees the events in its ring (1.37) instead of leaving them until
    /// they are overwritten.
    pub clears_ring_on_relist: bool,
    /// The cacher initialises by watch-list from etcd (1.35 on) rather than by paged LIST.
    pub cacher_watch_list: bool,
    /// `ConcurrentWatchObjectDecode`.
    pub concurrent_watch_object_decode: bool,
    /// `SizeBasedListCostEstimate`.
    pub size_based_list_cost: bool,
    /// `EtcdRangeStream` (needs etcd 3.7).
    pub etcd_range_stream: bool,
    /// `WatchListCompression`.
    pub watch_list_compression: bool,
    /// `APIResponseCompression`.
    pub response_compression: bool,
    /// The initial interval of a watch-list is a lazy snapshot (1.37), not one event an object.
    pub lazy_watch_list_interval: bool,
    /// Copies of the raw response alive at once while reading from etcd: 2 with gRPC up to 1.65,
    /// 3 from 1.66 (docs/facts/watch-cache.md section 5).
    pub grpc_raw_copies: u8,
    /// Deep copies of initial events queue in a watch-list's channel (every release; not in the
    /// proof of concept of KEP-3157, pull request 106477: its published peaks leave room for 2 to
    /// 5 MB a watcher, the queue alone would take 10).
    pub queues_initial_events: bool,
    /// A LIST takes seats by its size (from 1.23), not one seat: published incidents are older.
    pub apf_list_width: bool,
    /// Priority levels lend and borrow seats (from 1.26).
    pub apf_borrowing: bool,
    /// Encoders of a streamed list reuse their buffer (1.37) instead of making garbage per item.
    pub pooled_item_encoders: bool,
    /// `--node-monitor-grace-period` of the controller manager: 40 s, from 1.32 50 s
    /// (kubernetes#126287).
    pub node_monitor_grace: SimSpan,
}

/// A gate name that the release does not have, or cannot set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Kubernetes 1.{minor} has no feature gate `{gate}`")]
pub struct UnknownGate {
    /// The name as written.
    pub gate: String,
    /// The release asked.
    pub minor: u8,
}

/// Every gate the model knows: name, first minor that has it, first minor without it. The last
/// three are no gates of Kubernetes: they make a release behave as the proof of concept that
/// KEP-3157 measured, or as releases before 1.23 and 1.26, on which published incidents ran.
pub const GATES: [(&str, u8, u8); 17] = [
    ("ConsistentListFromCache", 28, 37),
    ("ListFromCacheSnapshot", 33, 99),
    ("DetectCacheInconsistency", 34, 99),
    ("ResilientWatchCacheInitialization", 31, 37),
    ("WatchCacheInitializationPostStartHook", 31, 37),
    ("StreamingCollectionEncodingToJSON", 33, 37),
    ("StreamingCollectionEncodingToProtobuf", 33, 37),
    ("WatchList", 28, 99),
    ("WatchListClient", 30, 99),
    ("ConcurrentWatchObjectDecode", 31, 99),
    ("SizeBasedListCostEstimate", 34, 99),
    ("EtcdRangeStream", 37, 99),
    ("WatchListCompression", 37, 99),
    ("APIResponseCompression", 28, 99),
    (PROOF_OF_CONCEPT, 28, 99),
    ("APFListWidth", 28, 99),
    ("APFBorrowing", 28, 99),
];

/// Gates that are locked to `true`: name, first minor (`LockToDefault`, `kube_features.go` of 1.34 and
/// 1.35). A genuine server refuses to start with another value; the model takes it for a what-if.
pub const LOCKED: [(&str, u8); 4] = [
    ("ConsistentListFromCache", 34),
    ("ResilientWatchCacheInitialization", 34),
    ("StreamingCollectionEncodingToJSON", 34),
    ("StreamingCollectionEncodingToProtobuf", 34),
];

const PROOF_OF_CONCEPT: &str = "WatchListProofOfConcept";

impl Release {
    /// The defaults of Kubernetes 1.`minor`; `None` outside 1.28 to 1.37.
    #[must_use]
    pub fn of_minor(minor: u8) -> Option<Self> {
        if !(OLDEST_MINOR..=NEWEST_MINOR).contains(&minor) {
            return None;
        }
        let from = |first: u8| minor >= first;
        Some(Self {
            minor,
            go_minor: match minor {
                28 => 20,
                29 => 21,
                30 | 31 => 22,
                32 => 23,
                33 | 34 => 24,
                35 => 25,
                _ => 26,
            },
            consistent_list_from_cache: from(31),
            list_from_cache_snapshot: from(34),
            detect_cache_inconsistency: from(34),
            resilient_watch_cache_initialization: from(31),
            cold_retry_after_grows: from(33),
            readiness_waits_for_caches: from(36),
            streams_json: from(33),
            streams_protobuf: from(33),
            watch_list: minor == 32 || from(34),
            watch_list_client: from(35),
            backoff_resets_by_start: from(36),
            history_follows_request_timeout: from(33),
            clears_ring_on_relist: from(37),
            cacher_watch_list: from(35),
            concurrent_watch_object_decode: from(37),
            size_based_list_cost: from(34),
            etcd_range_stream: from(37),
            watch_list_compression: from(37),
            response_compression: true,
            lazy_watch_list_interval: from(37),
            grpc_raw_copies: if from(33) { 3 } else { 2 },
            queues_initial_events: true,
            apf_list_width: true,
            apf_borrowing: true,
            pooled_item_encoders: from(37),
            node_monitor_grace: SimSpan::secs(if from(32) { 50 } else { 40 }),
        })
    }

    /// The same release with gates set.
    ///
    /// # Errors
    /// Every gate the release does not have.
    pub fn with_gates(mut self, gates: &BTreeMap<String, bool>) -> Result<Self, Vec<UnknownGate>> {
        let mut unknown = Vec::new();
        for (gate, on) in gates {
            let known = GATES
                .iter()
                .any(|(name, first, gone)| name == gate && (*first..*gone).contains(&self.minor));
            if !known {
                unknown.push(UnknownGate { gate: gate.clone(), minor: self.minor });
                continue;
            }
            if gate == PROOF_OF_CONCEPT {
                self.queues_initial_events = !on;
                continue;
            }
            let field = match gate.as_str() {
                "ConsistentListFromCache" => &mut self.consistent_list_from_cache,
                "ListFromCacheSnapshot" => &mut self.list_from_cache_snapshot,
                "DetectCacheInconsistency" => &mut self.detect_cache_inconsistency,
                "ResilientWatchCacheInitialization" => {
                    &mut self.resilient_watch_cache_initialization
                }
                "WatchCacheInitializationPostStartHook" => &mut self.readiness_waits_for_caches,
                "StreamingCollectionEncodingToJSON" => &mut self.streams_json,
                "StreamingCollectionEncodingToProtobuf" => &mut self.streams_protobuf,
                "WatchList" => &mut self.watch_list,
                "WatchListClient" => &mut self.watch_list_client,
                "ConcurrentWatchObjectDecode" => &mut self.concurrent_watch_object_decode,
                "SizeBasedListCostEstimate" => &mut self.size_based_list_cost,
                "EtcdRangeStream" => &mut self.etcd_range_stream,
                "APFListWidth" => &mut self.apf_list_width,
                "APFBorrowing" => &mut self.apf_borrowing,
                "WatchListCompression" => &mut self.watch_list_compression,
                _ => &mut self.response_compression,
            };
            *field = *on;
        }
        if unknown.is_empty() { Ok(self) } else { Err(unknown) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eras() {
        let of = |minor| Release::of_minor(minor).expect("a modelled minor");
        assert!(!of(30).consistent_list_from_cache && of(31).consistent_list_from_cache);
        assert!(!of(32).streams_json && of(33).streams_json);
        assert!(of(32).watch_list && !of(33).watch_list && of(34).watch_list);
        assert!(!of(34).watch_list_client && of(35).watch_list_client);
        assert_eq!(Release::of_minor(27), None);
        assert_eq!(Release::of_minor(38), None);
    }

    #[test]
    fn gates_override_and_unknown_ones_are_named() {
        let of = |minor| Release::of_minor(minor).expect("a modelled minor");
        let set = |gate: &str, on| BTreeMap::from([(gate.to_owned(), on)]);
        let off = of(34).with_gates(&set("StreamingCollectionEncodingToJSON", false));
        assert!(!off.expect("1.34 has the gate").streams_json);
        assert!(of(28).with_gates(&set("EtcdRangeStream", true)).is_err());
        assert!(of(34).with_gates(&set("NoSuchGate", true)).is_err());
    }
}
