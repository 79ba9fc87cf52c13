//! What the others on the servers' nodes hold as objects come and go, and what that leaves the servers.
//!
//! The simplest model: they keep the most that they ever needed. What is deleted leaves free pages in etcd's file,
//! which stays as large until it is defragmented, and in the heaps of Go programs, which need them again at their
//! next collection. Objects come in the steps in which all of the model meets them (`flows`); the raft log
//! is looked at each time a part of it has been replaced. What the scenario states stays as it is.

use crate::model::ids::{ResourceId, Table};
use crate::model::input::Inputs;
use crate::model::node;
use crate::model::plane::Plane;
use crate::model::plane::raft_log::{Entries, RaftLog};
use crate::model::residents::{self, Residents};
use crate::units::{Bytes, SimTime};

/// What the others on each server's node have.
#[derive(Clone, Debug)]
pub struct Others {
    /// The most so far.
    has: Residents,
    /// The last entries of etcd's raft log.
    log: RaftLog,
    /// What the controllers hold of an object, by resource.
    in_controllers: Table<ResourceId, Bytes>,
    /// Number of the present plan of when to look next.
    pub(crate) plan: u32,
}

impl Others {
    /// At the start of a run.
    #[must_use]
    pub fn new(inputs: &Inputs) -> Self {
        let [older, written] = inputs.raft_log().map(|(count, bytes)| Entries { count, bytes });
        let rates = inputs.resources.iter().map(|resource| resource.writes_per_second);
        let most = f64::from(inputs.release.etcd_raft_entries);
        Self {
            has: Residents::at_start(inputs),
            log: RaftLog::new(most, older, written, entries(inputs, rates)),
            in_controllers: inputs.resources.iter().map(residents::in_controllers).collect(),
            plan: 0,
        }
    }

    /// What they have.
    #[must_use]
    pub fn has(&self) -> Residents {
        self.has
    }
}

/// So many writes to each resource, or per second.
fn entries(inputs: &Inputs, writes: impl Iterator<Item = f64>) -> Entries {
    let each = inputs.resources.iter().zip(writes);
    each.fold(Entries::default(), |sum, (resource, writes)| Entries {
        count: sum.count + writes,
        bytes: sum.bytes + writes * resource.size.as_f64(),
    })
}

impl Plane {
    /// Objects or rates of writes have changed, or the raft log has: looks at what the others on the servers' nodes
    /// hold. When to look next, unless something else changes before.
    pub(crate) fn look_at_residents(&mut self, inputs: &Inputs, now: SimTime) -> Option<SimTime> {
        let others = &mut self.others;
        others.log.pass(now, entries(inputs, self.writes.iter().copied()));
        let needs =
            Residents::of(inputs, &self.etcd.objects, others.log.bytes(), &others.in_controllers);
        let has = others.has.or_more(needs);
        let after = others.log.changes_after().filter(|_| inputs.node.etcd_memory.is_none());
        if has != others.has {
            others.has = has;
            let limits = node::limits(inputs, has);
            for server in self.servers.ids() {
                self.servers[server].server.limit(limits, now);
                self.touch(server);
            }
        }
        after.map(|after| now + after)
    }
}
