//! What shares the node's memory with a server: etcd, and the pages of files that the kernel takes back
//! before it kills.
//!
//! **etcd.** While etcd serves a range it holds the values, the marshalled answer and garbage
//! ([`ETCD_READ_WHOLE`]). The simplest model: a server reads from the etcd on its own node, as kubeadm sets it
//! up; a range takes all of that when it begins; the most that was needed stays for [`KEPT`]. At rest etcd has
//! what the scenario states or the stored objects make, and ranges that need no more than that add nothing. The
//! database's own pages are in what it has at rest. When the node is out of memory, the kernel kills the larger
//! of the two, which is taken to be the apiserver even where it is not yet: it holds each answer decoded and
//! encoded as well.
//!
//! **etcd's time.** A range runs on one core, and the node's cores are shared among the ranges that are read at
//! once. A small read waits behind them for its turns ([`HAND_OVERS`]): that is what health checks see.
//!
//! **Pages of files.** Before the node is out of memory the kernel takes back the pages of programs, which are
//! read again from the disk when they are next run: everybody on the node waits. The simplest model: the last
//! bytes before the kill are those pages. With a share x of them gone, a program takes 1 + [`STALL`] x^4 times
//! as long: what nobody runs goes first. `memory.min` keeps the server's own pages as far as it reaches, and
//! `memory.low` lets those of the others go first; these wait in any case, etcd among them.
//!
//! **The same within a cgroup.** At `memory.max` the kernel frees what it can before it kills: the pages of the
//! binary, if they are charged to the cgroup, and those only. As long as each try frees a page it tries again
//! (`try_charge_memcg`, Linux `mm/memcontrol.c`: it gives up after `MAX_RECLAIM_RETRIES` tries in a row that
//! freed nothing), and whoever runs reads the pages again. Of 56 measured kills the seven of servers whose pages
//! were so reclaimed came 4 s to more than 6 minutes after the limit was reached, with 1 kB/s written
//! instead of 60 MB/s; the others came at once. What ends such a stall is not known: neither the rate of
//! allocation nor the pages that are charged tell 4 s from 6 minutes. The simplest model: the process stands
//! still for as long as the scenario says, with all that it holds, and is then killed. Whoever calls it hears
//! nothing meanwhile; a probe may end it sooner.

use super::{GRAIN, Limits, ROUNDING, Server};
use crate::engine::fluid::{ClassId, PARTS};
use crate::model::costs::BINARY_RESIDENT;
use crate::model::input::ETCD_READ_WHOLE;
use crate::model::node::LimitKind;
use crate::units::{Bytes, SimSpan, SimTime};

/// How long etcd keeps what it has taken: without other work Go collects after two minutes (`forcegcperiod`,
/// Go `runtime/proc.go`), and then returns pages.
const KEPT: SimSpan = SimSpan::secs(120);

/// How long Go lets a goroutine run while others wait (`forcePreemptNS`, Go `runtime/proc.go`): a range is copied
/// and encoded without a pause.
const TIME_SLICE: SimSpan = SimSpan::millis(10);

/// How often a small linearizable read waits for its turn: in the gRPC stream, twice in the loops of `ReadIndex`
/// and raft, after the wait for what is applied, in the writer (etcd `server/etcdserver/v3_server.go`,
/// `raft.go`; assumed: 3 to 8).
pub(crate) const HAND_OVERS: f64 = 5.0;

/// Pages of files that the other programs of a node run from: etcd, kubelet, container runtime, agents (assumed:
/// 100 to 400 MB).
pub(crate) const FILES_OF_OTHERS: Bytes = Bytes(200_000_000);

/// How many times as long a program takes with all its pages gone (assumed: 30 to 300. Measured servers that
/// crawled at their limit read 1,700 pages a second again, and answered nobody).
pub(crate) const STALL: f64 = 100.0;

/// Steps in which pages of files go.
const STEPS: u64 = 16;

/// Where the memory of a server's node ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeRoom {
    /// Resident memory of the server at which the node is out of memory, with etcd at rest.
    pub kill_at: Bytes,
    /// etcd at rest, and what it takes for what is stored while it reads nothing; `None`: it runs elsewhere.
    pub etcd: Option<(Bytes, Bytes)>,
    /// cgroup `memory.min` of the server.
    pub min: Bytes,
    /// cgroup `memory.low` of the server.
    pub low: Bytes,
}

/// How the node is now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside {
    /// Stored bytes of the ranges that etcd reads, and of those that it has memory for.
    reads: Bytes,
    held: Bytes,
    /// When it returns what is not needed any more.
    returns: SimTime,
    /// Bytes that etcd took of the server's room, not yet looked at.
    pub(super) taken: u64,
    /// The most etcd has had, and the most that it, the server and the controllers took together.
    peak: Bytes,
    all: Bytes,
    /// Steps of pages that are gone.
    gone: u64,
    /// Speed of the server, and of the others on its node: 1 when nothing is gone.
    pub(super) speed: f64,
    pub(super) others: f64,
    /// The process is at its cgroup's limit, and nothing in it moves.
    pub(super) stands_still: bool,
}

impl Default for Beside {
    fn default() -> Self {
        Self {
            reads: Bytes::ZERO,
            held: Bytes::ZERO,
            returns: SimTime::NEVER,
            taken: 0,
            peak: Bytes::ZERO,
            all: Bytes::ZERO,
            gone: 0,
            speed: 1.0,
            others: 1.0,
            stands_still: false,
        }
    }
}

impl NodeRoom {
    /// What etcd has for ranges of so many stored bytes.
    fn etcd(&self, ranges: Bytes) -> Bytes {
        self.etcd.map_or(Bytes::ZERO, |(rest, idle)| rest.max(idle + ranges.scale(ETCD_READ_WHOLE)))
    }

    /// Resident memory at which the node is out of memory, with etcd as large as that.
    fn kill_at(&self, ranges: Bytes) -> Bytes {
        self.kill_at - (self.etcd(ranges) - self.etcd(Bytes::ZERO))
    }

    /// Pages of the server's binary that the kernel may take at so much resident memory.
    fn own_pages(&self, resident: Bytes) -> Bytes {
        BINARY_RESIDENT.min(resident - self.min)
    }

    /// Pages of files that it may take in all.
    fn pages(&self, resident: Bytes) -> Bytes {
        FILES_OF_OTHERS + self.own_pages(resident)
    }
}

/// How fast a program is with a share of its pages gone.
fn speed(gone: f64) -> f64 {
    let gone = gone.clamp(0.0, 1.0);
    1.0 / (1.0 + STALL * gone * gone * gone * gone)
}

impl Server {
    /// Resident memory above which the kernel kills it now.
    pub(super) fn kill_at(&self) -> Bytes {
        let node = self.limits.node.map(|node| node.kill_at(self.beside.held));
        node.map_or(self.limits.first.kill_at, |node| node.min(self.limits.first.kill_at))
    }

    /// Straight lines must be stopped where they cross the limit: what lies above it now must come
    /// from steps since the last time, or from the shortest wait for a threshold.
    pub(super) fn note_overshoot(&mut self) {
        let taken = std::mem::take(&mut self.beside.taken);
        let excused = self.memory.take_stepped() + (self.rates.touched * 1.1 * GRAIN) as u64;
        // A server begins with more than a node may have left for it: nothing has grown by then.
        if self.settled == SimTime::ZERO {
            return;
        }
        let bound =
            self.kill_at().0.saturating_add(taken).saturating_add(excused).saturating_add(ROUNDING);
        self.overshoot = self.overshoot.max(self.memory.resident().saturating_sub(bound));
    }

    /// Where its memory ends now.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The others on its node have something else from now on.
    pub fn limit(&mut self, limits: Limits, now: SimTime) {
        self.settle(now);
        let before = self.kill_at();
        self.limits = limits;
        self.beside.taken += (before - self.kill_at()).0;
        self.beside.peak = self.beside.peak.max(self.etcd_now());
        self.note_all();
    }

    /// The process stands still from now on, until it is killed.
    pub fn stand_still(&mut self, now: SimTime) {
        self.settle(now);
        self.beside.stands_still = true;
        self.rates = super::Rates::default();
        self.all_wait_for_memory();
    }

    /// Whether there is a process that does not stand still.
    pub(super) fn moves(&self) -> bool {
        self.running && !self.beside.stands_still
    }

    /// Whether it is the node that runs out of memory first, and not the server's cgroup.
    #[must_use]
    pub fn node_ends_first(&self) -> bool {
        let node = self.limits.node.map(|node| node.kill_at(self.beside.held));
        let moves = node.is_some_and(|node| node <= self.limits.first.kill_at);
        moves || self.limits.first.kind == LimitKind::Node
    }

    /// What etcd has on the node at rest, and the most it has had.
    #[must_use]
    pub fn etcd_beside(&self) -> (Bytes, Bytes) {
        let rest = self.limits.node.map_or(Bytes::ZERO, |node| node.etcd(Bytes::ZERO));
        (rest, rest.max(self.beside.peak))
    }

    /// The most that the server, etcd beside it and controllers took of the node together.
    #[must_use]
    pub fn node_peak(&self) -> Bytes {
        self.beside.all
    }

    /// Notes what all of them take now.
    pub(super) fn note_all(&mut self) {
        let (idle, started) = self.limits.others.etcd;
        let ranges = self.beside.held.scale(ETCD_READ_WHOLE);
        let etcd = if started == Bytes::ZERO { started } else { started.max(idle + ranges) };
        let all = Bytes(self.memory.resident()) + etcd + self.limits.others.controllers;
        self.beside.all = self.beside.all.max(all);
    }

    /// What etcd has on the node now.
    #[must_use]
    pub fn etcd_now(&self) -> Bytes {
        self.limits.node.map_or(Bytes::ZERO, |node| node.etcd(self.beside.held))
    }

    /// How long etcd takes for what takes it so long when it has nothing else to do.
    #[must_use]
    pub fn etcd_takes(&self, alone: SimSpan) -> SimSpan {
        let queued = self.ranges_at_work() / self.settings.etcd_cores - 1.0;
        (alone + TIME_SLICE.scale(HAND_OVERS * queued.max(0.0))).scale(1.0 / self.beside.others)
    }

    /// Ranges that etcd works at: those of which it, and not the server, makes the time.
    fn ranges_at_work(&self) -> f64 {
        let at_work = |class: &ClassId| {
            let ended = self.pool.total_rate(*class) / PARTS as f64;
            ended * self.classes[*class].in_etcd.as_secs_f64()
        };
        self.pool.active().iter().map(at_work).sum()
    }

    /// How many ranges a core of etcd has to work at, if it is more than one: each takes as many times as long.
    pub(super) fn ranges_per_core(&self) -> f64 {
        let ranges = |class: &&ClassId| self.classes[**class].range > Bytes::ZERO;
        let members =
            self.pool.active().iter().filter(ranges).map(|class| self.pool.members(*class));
        (members.sum::<u64>() as f64 / self.settings.etcd_cores).max(1.0)
    }

    /// etcd reads ranges of so many stored bytes from now on.
    pub(super) fn etcd_reads(&mut self, ranges: Bytes, now: SimTime) {
        let Some(node) = self.limits.node.filter(|node| node.etcd.is_some()) else { return };
        let beside = &mut self.beside;
        let before = node.kill_at(beside.held);
        beside.reads = ranges;
        if ranges >= beside.held {
            (beside.held, beside.returns) = (ranges, SimTime::NEVER);
        } else if beside.returns == SimTime::NEVER {
            beside.returns = now + KEPT;
        } else if now >= beside.returns {
            (beside.held, beside.returns) = (ranges, SimTime::NEVER);
        }
        beside.taken += (before - node.kill_at(beside.held)).0;
        beside.peak = beside.peak.max(node.etcd(beside.held));
        self.note_all();
    }

    /// How many of the pages are gone, and how fast that leaves everybody.
    pub(super) fn look_for_pages(&mut self) {
        let Some(node) = self.limits.node.filter(|_| self.node_ends_first()) else {
            (self.beside.gone, self.beside.speed, self.beside.others) = (0, 1.0, 1.0);
            return;
        };
        let resident = Bytes(self.memory.resident());
        let (left_alone, step) = self.steps_of_pages(&node, resident);
        let beside = &mut self.beside;
        beside.gone = ((resident - left_alone).0 / step).min(STEPS);
        let share = beside.gone as f64 / STEPS as f64;
        beside.others = speed(share);
        let own = node.own_pages(resident).as_f64();
        let taken = if resident <= node.low {
            (share * node.pages(resident).as_f64() - FILES_OF_OTHERS.as_f64()).max(0.0)
        } else {
            share * own
        };
        beside.speed = speed(taken / BINARY_RESIDENT.as_f64());
    }

    /// Looks at what the node has now.
    pub(super) fn look_at_node(&mut self) {
        if self.limits.node.is_none() {
            return;
        }
        let reads = |class: &ClassId| self.classes[*class].range.times(self.pool.members(*class));
        let ranges = self.pool.active().iter().map(reads).sum();
        self.etcd_reads(ranges, self.settled);
        self.look_for_pages();
    }

    /// Seconds until etcd returns what it does not need any more, more pages are gone, or less, or the server is
    /// found above what it may have.
    pub(super) fn until_node_changes(&self) -> Option<f64> {
        let node = self.limits.node?;
        let resident = Bytes(self.memory.resident());
        if resident > self.kill_at() {
            return Some(0.0);
        }
        let returns = self.beside.returns;
        let returns = (returns < SimTime::NEVER).then(|| returns.since(self.settled).as_secs_f64());
        let grows = self.rates.resident;
        let (left_alone, step) = self.steps_of_pages(&node, resident);
        let next = left_alone.0 + (self.beside.gone + u64::from(grows > 0.0)) * step;
        let pages = if grows > 0.0 && self.beside.gone < STEPS {
            Some((next.saturating_sub(resident.0) as f64 + 1.0) / grows)
        } else if grows < 0.0 && self.beside.gone > 0 {
            Some((resident.0.saturating_sub(next) as f64 + 1.0) / -grows)
        } else {
            None
        };
        let pages = pages.filter(|_| self.node_ends_first()).map(|left| left.max(GRAIN));
        returns.into_iter().chain(pages).min_by(f64::total_cmp)
    }

    /// Resident memory from which on pages go, and that of a step.
    fn steps_of_pages(&self, node: &NodeRoom, resident: Bytes) -> (Bytes, u64) {
        let pages = node.pages(resident);
        (self.kill_at() - pages, (pages.0 / STEPS).max(1))
    }

    /// Panics when server and etcd together have more than the node has for them, or etcd less than it reads.
    pub(super) fn check_beside(&self) {
        if let Some(node) = self.limits.node {
            let resident = Bytes(self.memory.resident());
            let most = node.kill_at(self.beside.held) + Bytes(self.beside.taken + ROUNDING);
            assert!(resident <= most, "{resident} of {most} that etcd leaves on the node");
            assert!(self.beside.reads <= self.beside.held || node.etcd.is_none());
        }
        assert!(self.beside.speed > 0.0 && self.beside.others <= self.beside.speed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: fn(u64) -> Bytes = |n| Bytes(n * 1_000_000);

    fn room() -> NodeRoom {
        let etcd = Some((MB(1_000), MB(450)));
        NodeRoom { kill_at: MB(8_000), etcd, min: Bytes::ZERO, low: Bytes::ZERO }
    }

    #[test]
    fn ranges_take_the_servers_room_and_those_that_etcd_is_used_to_do_not() {
        assert_eq!(room().kill_at(MB(100)), MB(8_000));
        assert_eq!(room().etcd(MB(1_600)), MB(6_050));
        assert_eq!(room().kill_at(MB(1_600)), MB(2_950));
        let elsewhere = NodeRoom { etcd: None, ..room() };
        assert_eq!(elsewhere.kill_at(MB(1_600)), MB(8_000));
    }

    #[test]
    fn memory_min_keeps_pages_as_far_as_it_reaches() {
        let kept = |min| NodeRoom { min, ..room() }.own_pages(MB(3_000));
        assert_eq!(kept(Bytes::ZERO), BINARY_RESIDENT);
        assert_eq!(kept(MB(2_950)), MB(50));
        assert_eq!(kept(MB(4_000)), Bytes::ZERO);
    }

    #[test]
    fn what_nobody_runs_goes_first() {
        assert!(speed(0.25) > 0.7 && speed(0.5) < 0.2);
        assert!((speed(1.0) - 1.0 / 101.0).abs() < 1e-12);
    }
}
