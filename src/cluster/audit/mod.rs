//! Audit logs: who asked a cluster for what, how often, and how many of them there were.
//!
//! # The simplest model
//!
//! A log is read once, line by line, in the order of time; several logs (of several servers, or rotated)
//! are merged as they are read. Nothing of an event is kept but counts in a table of bounded size:
//!
//! - A *client* is a user (`{member}` in the place of a node's name or a number) with a family of user
//!   agents (`kubelet`, whatever its version).
//! - An *instance* is what can be told apart within a client: a user of its own, a Pod (bound tokens name
//!   theirs), else an address. It lives from its first request to its last.
//! - A *kind* of request is a verb on a resource, in all or one namespace, with selectors of one form.
//!   Of each: how often, by how many instances, the time from one to the next of an instance, how many
//!   watches were open at once, how writes were spread over time.
//!
//! A request counts once, when it is complete. A watch is open from its arrival to its end, or to its
//! time-out if the end was never logged. What the tables cannot hold is counted and told.

mod burst;
mod clock;
mod event;
mod reader;
mod request;
mod table;

#[cfg(test)]
pub(crate) mod planted;
#[cfg(test)]
mod tests;

pub use clock::Micros;
pub use reader::{Log, read};
pub use request::{Target, Verb, VersionAsked};

use super::findings::Skipped;
use crate::units::SimSpan;

/// What audit logs say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audit {
    /// The first instant.
    pub from: Micros,
    /// The last.
    pub to: Micros,
    /// Servers whose logs they are: how many lasted at the same time.
    pub servers: u64,
    /// Requests that were counted.
    pub requests: u64,
    /// The clients, those with most requests first.
    pub clients: Vec<Client>,
    /// What was found in the logs besides.
    pub counted: Counted,
    /// Lines that were not used: of each log the first of a sort, with the number of them.
    pub skipped: Vec<Skipped>,
}

impl Audit {
    /// How long the logs last.
    #[must_use]
    pub fn span(&self) -> SimSpan {
        self.to.since(self.from)
    }
}

/// How many events were of no use, or of none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Lines of all logs.
    pub lines: u64,
    /// Of stage `RequestReceived`, or `ResponseStarted` of what is no watch: the request counts later.
    pub early_stages: u64,
    /// The same request and stage once more.
    pub duplicates: u64,
    /// Handlers that panicked.
    pub panics: u64,
    /// Requests that failed, and therefore say nothing about what a client reads.
    pub failed: u64,
    /// Of these, with status 429.
    pub throttled: u64,
    /// Requests of more clients, instances or kinds than fit into the tables.
    pub beyond_tables: u64,
    /// Watches that were open before the logs begin.
    pub open_before: u64,
    /// Requests of the servers to themselves.
    pub own: u64,
}

/// A client: a user with a family of user agents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Client {
    /// The user; `{member}` where each member has one of its own.
    pub user: String,
    /// The groups of the first.
    pub groups: Vec<String>,
    /// The user agent of the first, whole.
    pub agent: String,
    /// Its family: what is before the first slash.
    pub family: String,
    /// Requests.
    pub requests: u64,
    /// Of these, reads of single objects.
    pub gets: u64,
    /// Of these, failed.
    pub failed: u64,
    /// The first request.
    pub first: Micros,
    /// The last.
    pub last: Micros,
    /// Distinct users.
    pub users: u64,
    /// Distinct Pods, or nodes that they are on.
    pub pods: u64,
    /// Distinct addresses.
    pub addresses: u64,
    /// Instances in all.
    pub instances: u64,
    /// Instances that lived at the same time, at most.
    pub instances_at_once: u64,
    /// What it asks for, in the order of its first requests.
    pub kinds: Vec<Kind>,
}

/// Requests of a kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kind {
    /// What is done.
    pub verb: Option<Verb>,
    /// With what.
    pub target: Target,
    /// Of lists: what version is asked for.
    pub version: VersionAsked,
    /// Of lists: the page.
    pub limit: Option<u64>,
    /// The selectors of the first, with their values.
    pub selector: String,
    /// Distinct selectors.
    pub selectors: u64,
    /// The namespace of the first.
    pub namespace: String,
    /// Distinct namespaces.
    pub namespaces: u64,
    /// Lists, watches that were opened, or writes.
    pub count: u64,
    /// Further pages of lists.
    pub pages: u64,
    /// Of watches: those with `sendInitialEvents`.
    pub watch_lists: u64,
    /// Of watches: how many were usually open at once.
    pub open: u64,
    /// Instances that did it.
    pub instances: u64,
    /// Time from one to the next of an instance, if that is regular.
    pub period: Option<SimSpan>,
    /// The mean of that time.
    pub mean_gap: Option<SimSpan>,
    /// The first.
    pub first: Micros,
    /// The last.
    pub last: Micros,
    /// Of writes: how many came in one burst.
    pub burst: u64,
    /// Time without the burst, from the first request of the client to its last.
    pub steady_for: SimSpan,
}
