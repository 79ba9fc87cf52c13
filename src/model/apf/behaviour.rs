//! [`Behaviour`]: what of API Priority and Fairness differs between releases.
//!
//! Source: the tags v0.28.0 to v0.36.2 of k8s.io/apiserver; docs/facts/apf.md section 0.

use crate::model::release::Release;
use crate::units::SimSpan;

/// From which routing table the list estimator tells whether etcd or the watch cache will answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListRouting {
    /// 1.28 to 1.30: any limit but with resource version 0 goes to etcd.
    AnyLimit,
    /// 1.31 and 1.32: a limit goes to etcd with a specific resource version only.
    LegacyExact,
    /// From 1.33: as before, but the match is looked at first (`ShouldDelegateList`).
    MatchFirst,
}

/// The differences, as behaviours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one flag a behaviour is the table's form")]
pub struct Behaviour {
    /// The level `exempt` is one more item of the allocation (to 1.30) rather than being served
    /// before it.
    pub exempt_in_allocation: bool,
    /// What waited too long is rejected only when another request comes to its queue (1.28) rather
    /// than at its deadline.
    pub rejects_only_at_front: bool,
    /// `SizeBasedListCostEstimate`: lists are priced by size of objects rather than their number.
    pub size_based_list_cost: bool,
    /// Sizes are known also of resources without a watch cache: 1.34 alone estimates them in every
    /// store (`newStatsCache`), later releases in those of a cacher (`EnableResourceSizeEstimation`).
    pub sizes_without_cache: bool,
    /// `WatchList`: watches that ask for initial events are priced like lists.
    pub watch_list: bool,
    /// Watches at resource version unset or 0 are priced like lists too (from 1.35).
    pub legacy_watch_is_list: bool,
    /// `ConsistentListFromCache`: reads of the latest version are answered from the cache, where
    /// etcd supports it.
    pub consistent_list_from_cache: bool,
    /// See [`ListRouting`].
    pub list_routing: ListRouting,
    /// The estimator gained object sizes (1.34), and with them a uniform treatment of single
    /// objects, stale figures and requests without information, even when the gate is off.
    pub uniform_estimate: bool,
    /// Leases had predecessors: flow schemas `endpoint-controller` and `workload-leader-election`
    /// (to 1.33).
    pub legacy_leader_election: bool,
}

impl Behaviour {
    /// Of a release with its gates applied.
    #[must_use]
    pub fn of_release(release: &Release) -> Self {
        let from = |first: u8| release.minor >= first;
        Self {
            exempt_in_allocation: !from(31),
            rejects_only_at_front: !from(29),
            size_based_list_cost: release.size_based_list_cost,
            sizes_without_cache: release.minor == 34,
            watch_list: release.watch_list,
            legacy_watch_is_list: from(35),
            consistent_list_from_cache: release.consistent_list_from_cache,
            list_routing: match release.minor {
                ..=30 => ListRouting::AnyLimit,
                31 | 32 => ListRouting::LegacyExact,
                _ => ListRouting::MatchFirst,
            },
            uniform_estimate: from(34),
            legacy_leader_election: !from(34),
        }
    }
}

/// Most that a request may wait in its queue (hard limit of `getRequestWaitContext`).
pub const MAX_REQUEST_WAIT: SimSpan = SimSpan::secs(60);

/// How long after its receipt a request is turned away if it still waits
/// (`getRequestWaitContext`): a quarter of the time it was given. `allotted` is from the receipt to
/// the request's deadline; a watch has none, and waits like a request with the server's
/// `--request-timeout`.
#[must_use]
pub fn request_wait_limit(allotted: Option<SimSpan>, request_timeout: SimSpan) -> SimSpan {
    let whole = allotted.unwrap_or(request_timeout);
    SimSpan(whole.0 / 4).min(MAX_REQUEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::{Behaviour, ListRouting, request_wait_limit};
    use crate::model::release::Release;
    use crate::units::SimSpan;

    #[test]
    fn eras() {
        let of = |minor| Behaviour::of_release(&Release::of_minor(minor).expect("modelled"));
        assert!(of(28).rejects_only_at_front && !of(29).rejects_only_at_front);
        assert!(of(30).exempt_in_allocation && !of(31).exempt_in_allocation);
        assert_eq!(of(32).list_routing, ListRouting::LegacyExact);
        assert!(of(33).legacy_leader_election && !of(34).legacy_leader_election);
        assert!(!of(34).legacy_watch_is_list && of(35).legacy_watch_is_list);
    }

    #[test]
    fn a_quarter_of_the_time_given() {
        let minute = SimSpan::secs(60);
        assert_eq!(request_wait_limit(None, minute), SimSpan::secs(15));
        assert_eq!(request_wait_limit(Some(SimSpan::secs(20)), minute), SimSpan::secs(5));
        assert_eq!(request_wait_limit(Some(SimSpan::secs(600)), minute), minute);
    }
}
