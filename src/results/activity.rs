//! What clients and servers did over time: calls by kind, open watches, and how far back the watch
//! caches go.
//!
//! **A counter more in the activity** is one line in the table of [`ActivityKind`] below: its
//! variant, its column in `activity.csv`, its name for people and the field of [`Counters`] that it
//! follows. The recorder, `activity.csv` and the busiest seconds follow by themselves; what a chart
//! draws of it is said in `report/charts/activity.rs`, what the story tells in `report/story`.

use serde::{Deserialize, Serialize};

use super::{Counters, Holder};
use crate::units::{SimSpan, SimTime};

macro_rules! activity_kinds {
    ($($(#[$doc:meta])+ $kind:ident: $key:literal, $label:literal, $counter:ident;)+) => {
        /// What is counted over time.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ActivityKind {
            $($(#[$doc])+ $kind,)+
        }

        impl ActivityKind {
            /// Every kind, in the order of columns.
            pub const ALL: [Self; [$($key),+].len()] = [$(Self::$kind),+];

            /// Its column in `activity.csv`.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$kind => $key,)+ }
            }

            /// Its name for people, in the plural.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$kind => $label,)+ }
            }

            /// How many there have been so far.
            #[must_use]
            pub const fn read(self, counters: &Counters) -> u64 {
                match self { $(Self::$kind => counters.$counter,)+ }
            }
        }
    };
}

activity_kinds! {
    /// Connections that clients opened.
    Connections: "connections", "new connections", connections_opened;
    /// Watches opened.
    Watches: "watches_opened", "watches opened", watches_opened;
    /// Watches lost to a dying server or connection.
    WatchesLost: "watches_lost", "watches lost", watches_lost;
    /// LISTs (and pages) that a server began to answer.
    Lists: "lists", "LISTs", lists_begun;
    /// Those of them that went to etcd.
    ListsFromEtcd: "lists_from_etcd", "LISTs from etcd", lists_from_etcd;
    /// Watch-lists that a server began to answer.
    WatchLists: "watch_lists", "watch-lists", watch_lists_begun;
    /// Answered 410: the version was too old.
    Gone: "gone_410", "410s (too old)", requests_gone;
    /// Answered 429.
    Rejected: "rejected_429", "429s (rejected)", requests_rejected;
    /// Refused, or cut by a dying server or a lost connection.
    Failed: "failed", "failed calls", requests_failed;
    /// Answered 504 or cut at the request time-out.
    TimedOut: "timed_out", "time-outs", requests_timed_out;
    /// Answered with data older than the client had seen before.
    StaleReads: "stale_reads", "stale reads", stale_reads;
}

/// Counts of every [`ActivityKind`], in the order of [`ActivityKind::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActivityCounts(pub [u64; ActivityKind::ALL.len()]);

impl ActivityCounts {
    /// What has been counted so far.
    #[must_use]
    pub fn of(counters: &Counters) -> Self {
        Self(ActivityKind::ALL.map(|kind| kind.read(counters)))
    }

    /// One count.
    #[must_use]
    pub const fn get(&self, kind: ActivityKind) -> u64 {
        self.0[kind as usize]
    }

    /// What came since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].saturating_sub(earlier.0[i])))
    }

    /// Adds others.
    pub fn add(&mut self, others: &Self) {
        self.0.iter_mut().zip(others.0).for_each(|(count, other)| *count += other);
    }
}

/// A second in which something was counted most often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusiestSecond {
    /// When it began; the first of equals.
    pub at: SimTime,
    /// How many.
    pub count: u64,
}

/// One server in a bucket of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerActivity {
    /// Open watches at the bucket's end.
    pub watches: u64,
    /// Requests being served at the bucket's end.
    pub in_flight: u32,
    /// Watches that it refused in the bucket for the age of their version (410).
    pub gone: u64,
    /// Requests that it answered 429 in the bucket.
    pub rejected: u64,
}

/// What happened in a bucket of time. They all have the same width and follow on each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityBucket {
    /// Of all servers.
    pub counts: ActivityCounts,
    /// One per server, in their order.
    pub servers: Vec<ServerActivity>,
}

/// What a kill for memory found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillScene {
    /// When.
    pub at: SimTime,
    /// The server's name.
    pub server: String,
    /// The largest entry of its memory.
    pub largest: Option<Holder>,
    /// Watches that were lost.
    pub watches: u64,
}

/// How far back the watch caches of a resource go, at an instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowPoint {
    /// When.
    pub at: SimTime,
    /// How old the version is that half of the watchers have seen last, or older.
    pub median_age: SimSpan,
    /// One per server: the age of the oldest version that a watch can resume from. `None`: its cache
    /// is not filled, or it has no process.
    pub spans: Vec<Option<SimSpan>>,
    /// One per server: the share of watchers whose version would be too old for it.
    pub too_old: Vec<f64>,
}

/// How far back the watch caches of a resource go, beside what their watchers have seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatchWindow {
    /// The resource.
    pub resource: String,
    /// Members of fleets that watch it.
    pub watchers: u64,
    /// The oldest that the version seen last by a watcher can be: a period of bookmarks, and what they
    /// carry was up to as old as the last write or the last progress notification.
    pub oldest_age: SimSpan,
    /// In order of time.
    pub points: Vec<WindowPoint>,
}

/// The activity of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// The busiest second of each kind, in the order of [`ActivityKind::ALL`].
    pub busiest: [BusiestSecond; ActivityKind::ALL.len()],
    /// Width of a bucket: whole seconds.
    pub width: SimSpan,
    /// The buckets from the start on, when recording was asked for.
    pub buckets: Vec<ActivityBucket>,
    /// One per resource that is watched through a watch cache, most watchers first, when recording
    /// was asked for; of many resources the most watched.
    pub windows: Vec<WatchWindow>,
    /// One a kill, in order of time, when recording was asked for (bounded; the oldest are kept).
    pub kills: Vec<KillScene>,
}

impl Activity {
    /// The busiest second of a kind.
    #[must_use]
    pub const fn busiest(&self, kind: ActivityKind) -> BusiestSecond {
        self.busiest[kind as usize]
    }

    /// When a bucket begins.
    #[must_use]
    pub fn start_of(&self, bucket: usize) -> SimTime {
        SimTime::ZERO + self.width.times(bucket as u64)
    }

    /// Highest count of a kind in a bucket.
    #[must_use]
    pub fn highest(&self, kind: ActivityKind) -> u64 {
        self.buckets.iter().map(|bucket| bucket.counts.get(kind)).max().unwrap_or(0)
    }

    /// Without what only one replication of many is kept for.
    #[must_use]
    pub fn slim(self) -> Self {
        Self { busiest: self.busiest, width: self.width, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::{ActivityCounts, ActivityKind};
    use crate::results::Counters;

    #[test]
    fn counts_are_differences_of_the_counters() {
        let earlier = Counters { lists_begun: 3, requests_gone: 2, ..Counters::default() };
        let later = Counters { lists_begun: 10, requests_gone: 2, ..earlier };
        let counts = ActivityCounts::of(&later).since(&ActivityCounts::of(&earlier));
        assert_eq!((counts.get(ActivityKind::Lists), counts.get(ActivityKind::Gone)), (7, 0));
    }

    #[test]
    fn every_kind_has_its_place_and_its_own_column() {
        for (place, kind) in ActivityKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
            let others = ActivityKind::ALL.iter().filter(|other| other.key() == kind.key());
            assert_eq!(others.count(), 1, "{}", kind.key());
        }
    }
}
