//! The tables: minor releases, what a server of each does, what a client built with each does.
//!
//! Source: docs/facts/watch-cache.md section 1, docs/facts/apf.md section 0, docs/facts/clients.md
//! sections 1.1 to 1.5, docs/facts/memory.md section 1.1; `kube_features.go` of each tag for gates.

use super::behaviours::behaviours;
use crate::units::SimSpan;

/// A minor release whose servers are modelled.
///
/// A row that leaves something out does not compile:
///
/// ```compile_fail,E0063
/// use oomcast::model::release::{Evidence, Minor};
/// let _ = Minor { minor: 38, version: "1.38", evidence: Evidence::Measured };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minor {
    /// 32 for 1.32.
    pub minor: u8,
    /// As it is written: `1.32`.
    pub version: &'static str,
    /// Minor version of its Go toolchain: 23 for Go 1.23.
    pub go: u8,
    /// How well predictions for it are founded.
    pub evidence: Evidence,
}

/// How well predictions for a release are founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Bursts on real servers of it are in the ledger of the model's errors (docs/fidelity.md).
    Measured,
    /// It encodes lists as a measured neighbour does.
    LikeMeasured,
    /// From the sources of Kubernetes alone.
    SourcesOnly,
}

macro_rules! minors {
    ($($minor:literal: go $go:literal, $evidence:ident;)*) => {
        &[$(Minor {
            minor: $minor,
            version: concat!("1.", $minor),
            go: $go,
            evidence: Evidence::$evidence,
        },)*]
    };
}

#[cfg(test)]
pub(super) use minors;

/// The releases of servers, in order. A new one is a row here; what it changes is a row or a value in
/// [`Release`].
pub const MINORS: &[Minor] = minors! {
    28: go 20, Measured;
    29: go 21, LikeMeasured;
    30: go 22, LikeMeasured;
    31: go 22, LikeMeasured;
    32: go 23, Measured;
    33: go 24, LikeMeasured;
    34: go 24, Measured;
    35: go 25, LikeMeasured;
    36: go 26, Measured;
    37: go 26, SourcesOnly;
};

/// The oldest release whose clients are modelled: docs/facts/clients.md knows of no change before.
pub const OLDEST_CLIENT_MINOR: u8 = 10;

/// From which routing table the list estimator of API Priority and Fairness takes whether etcd or the
/// watch cache will answer (docs/facts/apf.md section 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListRouting {
    /// 1.28 to 1.30: any limit but with resource version 0 goes to etcd.
    AnyLimit,
    /// 1.31 and 1.32: a limit goes to etcd with a specific resource version only.
    LegacyExact,
    /// From 1.33: as before, but the match is looked at first (`ShouldDelegateList`).
    MatchFirst,
}

/// Which version a reflector asks for when it lists again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relists {
    /// "0": anything cached, even if it is older than what it has.
    Any,
    /// What it has seen last, but after 410 the latest, in pages.
    LatestAfterGone,
    /// What it has seen last.
    Last,
}

behaviours! {
    /// A release with its gates applied: plain behaviours. The model asks for the behaviour, never
    /// for the minor.
    pub struct Release of minor with Go go {
        /// LISTs at the latest version are served from the cache.
        consistent_list_from_cache: bool = minor >= 31,
            gate "ConsistentListFromCache" since 28 locked 34 gone 37;
        /// Pages and exact versions are served from snapshots of the cache.
        list_from_cache_snapshot: bool = minor >= 34,
            gate "ListFromCacheSnapshot" since 33;
        /// The consistency check every five minutes.
        detect_cache_inconsistency: bool = minor >= 34,
            gate "DetectCacheInconsistency" since 34;
        /// A cold cache answers 429 instead of going to etcd.
        resilient_watch_cache_initialization: bool = minor >= 31,
            gate "ResilientWatchCacheInitialization" since 31 locked 34 gone 37;
        /// Readiness waits for the built-in caches.
        readiness_waits_for_caches: bool = minor >= 36,
            gate "WatchCacheInitializationPostStartHook" since 31 gone 37;
        /// JSON lists are encoded item by item.
        streams_json: bool = minor >= 33,
            gate "StreamingCollectionEncodingToJSON" since 33 locked 34 gone 37;
        /// Protobuf lists are encoded item by item.
        streams_protobuf: bool = minor >= 33,
            gate "StreamingCollectionEncodingToProtobuf" since 33 locked 34 gone 37;
        /// Servers offer watch-lists; API Priority and Fairness prices watches that ask for initial
        /// events like lists. Off again in 1.33.
        watch_list: bool = minor == 32 || minor >= 34,
            gate "WatchList" since 28;
        /// Clients built with this release ask for watch-lists.
        watch_list_client: bool = ClientGo::of_row(minor).watch_list,
            gate "WatchListClient" since 30;
        /// Decoding of etcd's events on several goroutines.
        concurrent_watch_object_decode: bool = minor >= 37,
            gate "ConcurrentWatchObjectDecode" since 31;
        /// API Priority and Fairness prices lists by the size of their objects, not their number.
        size_based_list_cost: bool = minor >= 34,
            gate "SizeBasedListCostEstimate" since 34;
        /// Large reads from etcd come as a stream (needs etcd 3.7).
        etcd_range_stream: bool = minor >= 37,
            gate "EtcdRangeStream" since 37;
        /// Watch-lists may be compressed.
        watch_list_compression: bool = minor >= 37,
            gate "WatchListCompression" since 37;
        /// Responses are compressed for clients that accept it.
        response_compression: bool = true,
            gate "APIResponseCompression" since 28;
        /// A watch-list queues no deep copies of its initial events in its channel, as in the proof of
        /// concept of KEP-3157 (pull request 106477: its published peaks leave room for 2 to 5 MB
        /// per watcher, the queue alone would take 10). No gate of Kubernetes.
        watch_list_proof_of_concept: bool = false,
            gate "WatchListProofOfConcept" since 28;
        /// A LIST takes seats by its size, not one seat: published incidents are older than that
        /// (1.23). No gate of Kubernetes.
        apf_list_width: bool = true,
            gate "APFListWidth" since 28;
        /// The estimator of API Priority and Fairness is told how many objects there are. From 1.28 on the
        /// stores were set up without the tracker of their counts, so that every LIST took one seat
        /// (kubernetes#124223, mended in 1.31; in the last patches of 1.29 and 1.30, kubernetes#129470
        /// and #129469, which are not told apart here). No gate of Kubernetes.
        apf_counts_objects: bool = minor >= 31,
            gate "APFObjectCounts" since 28;
        /// Priority levels lend and borrow seats (from 1.26). No gate of Kubernetes.
        apf_borrowing: bool = true,
            gate "APFBorrowing" since 28;

        /// The Retry-After of a cold cache grows with the time it has been cold, else it is 1 s.
        cold_retry_after_grows: bool = minor >= 33;
        /// The watch cache keeps events at least for as long as a request may take, not for 75 s.
        history_follows_request_timeout: bool = minor >= 33;
        /// Copies of the raw response alive at once while reading from etcd: 2 with gRPC up to 1.65,
        /// 3 from 1.66 (docs/facts/watch-cache.md section 5).
        grpc_raw_copies: u8 = match minor { ..=32 => 2, 33.. => 3 };
        /// Entries of the raft log that the etcd which kubeadm sets up with this release keeps in memory at most:
        /// `--snapshot-count` (etcd 3.6 from 1.34, `DefaultEtcdVersion` of kubeadm; docs/facts/memory.md section 2.6).
        etcd_raft_entries: u32 = if minor >= 34 { 10_000 } else { 100_000 };
        /// The cacher initialises by watch-list from etcd rather than by paged LIST.
        cacher_watch_list: bool = minor >= 35;
        /// A relist of a watch cache frees the events in its ring instead of leaving them until they
        /// are overwritten.
        clears_ring_on_relist: bool = minor >= 37;
        /// The initial interval of a watch-list is a lazy snapshot, not one event per object.
        lazy_watch_list_interval: bool = minor >= 37;
        /// The interval that a watch begins with is made from a copy of the store's list, and the watch
        /// keeps its arrays (measured on 1.32 against 1.36: `watchers2000-configmaps-10000x10k`).
        watch_interval_copies_list: bool = minor <= 32;
        /// Encoders of a streamed list reuse their buffer instead of making garbage per item.
        pooled_item_encoders: bool = minor >= 37;
        /// The collector marks spans of small objects instead of one after the other (Green Tea, Go 1.26; Go blog
        /// 2025-10-29).
        marks_spans: bool = go >= 26;
        /// Without GOMAXPROCS in its environment, the process takes its CPU limit for the number of its
        /// processors (Go 1.25; docs/facts/memory.md section 4.1).
        gomaxprocs_follows_limit: bool = go >= 25;
        /// `--node-monitor-grace-period` of the controller manager (kubernetes#126287).
        node_monitor_grace: SimSpan = SimSpan::secs(match minor { ..=31 => 40, 32.. => 50 });

        /// API Priority and Fairness: the level `exempt` is one more item of the allocation rather
        /// than being served before it.
        exempt_in_allocation: bool = minor <= 30;
        /// API Priority and Fairness: what waited too long is rejected only when another request
        /// comes to its queue rather than at its deadline.
        rejects_only_at_front: bool = minor <= 28;
        /// The list estimator knows sizes also of resources without a watch cache: 1.34 alone
        /// estimates them in every store (`newStatsCache`), later releases in those of a cacher
        /// (`EnableResourceSizeEstimation`).
        sizes_without_cache: bool = minor == 34;
        /// Watches at resource version unset or 0 are priced like lists, too.
        legacy_watch_is_list: bool = minor >= 35;
        /// See [`ListRouting`].
        list_routing: ListRouting = match minor {
            ..=30 => ListRouting::AnyLimit,
            31 | 32 => ListRouting::LegacyExact,
            33.. => ListRouting::MatchFirst,
        };
        /// The list estimator gained object sizes, and with them a uniform treatment of single
        /// objects, stale figures and requests without information, even when
        /// [`size_based_list_cost`](Self::size_based_list_cost) is off.
        uniform_estimate: bool = minor >= 34;
        /// Leases have flow schemas of their own, `endpoint-controller` and
        /// `workload-leader-election`.
        legacy_leader_election: bool = minor <= 33;

        /// What clients built with this release do, but for
        /// [`watch_list_client`](Self::watch_list_client).
        client_go: ClientGo = ClientGo::of_row(minor);
    }
}

behaviours! {
    /// What a client does that was built with the client-go of a minor release.
    pub struct ClientGo of minor {
        /// See [`Relists`]. Up to 1.16 "0" (client-go 0.16 reflector.go `ListAndWatch`); in 1.17 what
        /// was seen last, after 410 "" (kubernetes#83520); from 1.18 after 410, too, what was seen
        /// last (kubernetes#86430).
        relists: Relists = match minor {
            ..=16 => Relists::Any,
            17 => Relists::LatestAfterGone,
            18.. => Relists::Last,
        };
        /// A reflector waits one second flat between attempts; then its back-off grows, with jitter
        /// (kubernetes#87795).
        flat_back_off: bool = minor <= 17;
        /// Reflectors ask for bookmarks on their watches (client-go 0.16 reflector.go).
        bookmarks: bool = minor >= 16;
        /// `WatchListClient` is on by default.
        watch_list: bool = minor >= 35;
        /// The back-off of a reflector starts over two minutes after it began, else after two minutes
        /// without an attempt (docs/facts/clients.md section 1.3).
        backoff_resets_by_start: bool = minor >= 36;
    }
}
