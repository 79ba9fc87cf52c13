//! What shares the node's memory with a server: etcd.
//!
//! **Its memory.** While etcd serves a range it holds the values, the marshalled answer and garbage
//! ([`ETCD_READ_WHOLE`]). The simplest model: a server reads from the etcd on its own node, as kubeadm sets it
//! up; a range takes all of that when it begins; the most that was needed stays for [`KEPT`]. At rest etcd has
//! what the scenario states or the stored objects make, and ranges that need no more than that add nothing. The
//! database's own pages are in what it has at rest.
//!
//! **Who is killed.** When the node is out of memory, and ordinary processes were killed ([`super::file_pages`]), the
//! kernel kills the process of highest badness: of apiserver and etcd, which have the same `oom_score_adj` as static
//! pods, the larger. A killed etcd leaves all it had; the kubelet starts it again (`world/etcd_kill.rs`).
//!
//! **Its time.** A range runs on one core, and the node's cores are shared among the ranges that are read at
//! once. A small read waits behind them for its turns ([`HAND_OVERS`]): that is what health checks see.
//!
//! **At a cgroup's limit.** At `memory.max` the kernel frees what it can before it kills: the pages of the
//! binary, if they are charged to the cgroup, and those only. As long as each try frees a page it tries again
//! (`try_charge_memcg`, Linux `mm/memcontrol.c`: it gives up after `MAX_RECLAIM_RETRIES` tries in a row that
//! freed nothing), and whoever runs reads the pages again. Of 56 measured kills the seven of servers whose pages
//! were so reclaimed came 4 s to more than 6 minutes after the limit was reached, with 1 kB/s written
//! instead of 60 MB/s; the others came at once. What ends such a stall is not known: neither the rate of
//! allocation nor the pages that are charged tell 4 s from 6 minutes. The simplest model: the process stands
//! still for as long as the scenario says, with all that it holds, and is then killed. Whoever calls it hears
//! nothing meanwhile; a probe may end it sooner.

use super::file_pages::FilePages;
use super::{GRAIN, Limits, PlanId, Plans, ROUNDING, RequestId, Server};
use crate::engine::fluid::{ClassId, PARTS};
use crate::model::apiserver::tag::Tag;
use crate::model::input::ETCD_READ_WHOLE;
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

/// Where the memory of a server's node ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeRoom {
    /// Resident memory of the server at which the node would be out of memory without an etcd.
    pub without_etcd: Bytes,
    /// Ordinary processes that the kernel kills before that, and whose memory is in it.
    pub daemons: Bytes,
    /// `None`: it runs elsewhere.
    pub etcd: Option<EtcdRoom>,
    /// By how many bytes more etcd must be resident than the server for the kernel to kill it.
    pub handicap: i64,
    /// cgroup `memory.min` of the server.
    pub min: Bytes,
    /// cgroup `memory.low` of the server.
    pub low: Bytes,
}

/// What etcd takes of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EtcdRoom {
    /// What is set aside for it.
    pub rest: Bytes,
    /// What it takes while it reads nothing.
    pub idle: Bytes,
    /// What it takes after a server has started beside it.
    pub started: Bytes,
}

/// Whom the kernel kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// The server.
    Apiserver,
    /// etcd beside it.
    Etcd,
}

/// How the node is now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside {
    /// Stored bytes of the ranges that etcd reads, and of those that it has memory for.
    reads: Bytes,
    held: Bytes,
    /// When it returns what is not needed any more.
    returns: SimTime,
    /// It was killed, and has not started again.
    down: bool,
    /// Bytes that etcd took of the server's room, not yet looked at.
    pub(super) taken: u64,
    /// By how much the server was below what the node left it, at the tightest.
    slack: Bytes,
    /// The most etcd has had, and the most that it, the server and the controllers took together.
    peak: Bytes,
    all: Bytes,
    /// Pages of files on the node.
    pub(super) pages: FilePages,
    /// The process is at its cgroup's limit, and nothing in it moves.
    pub(super) stands_still: bool,
}

impl Default for Beside {
    fn default() -> Self {
        Self {
            reads: Bytes::ZERO,
            held: Bytes::ZERO,
            returns: SimTime::NEVER,
            down: false,
            taken: 0,
            slack: Bytes(u64::MAX),
            peak: Bytes::ZERO,
            all: Bytes::ZERO,
            pages: FilePages::default(),
            stands_still: false,
        }
    }
}

impl EtcdRoom {
    /// What it has for ranges of so many stored bytes, and with what is set aside for it.
    fn holds(&self, ranges: Bytes) -> Bytes {
        self.rest.max(self.idle + ranges.scale(ETCD_READ_WHOLE))
    }

    /// What it is taken to use of that.
    fn uses(&self, ranges: Bytes) -> Bytes {
        self.started.max(self.idle + ranges.scale(ETCD_READ_WHOLE))
    }
}

impl NodeRoom {
    /// What etcd has for ranges of so many stored bytes.
    fn etcd(&self, ranges: Bytes) -> Bytes {
        self.etcd.map_or(Bytes::ZERO, |etcd| etcd.holds(ranges))
    }

    /// Whom the kernel kills: a resident server, or etcd with ranges of so many stored bytes.
    fn victim(&self, resident: Bytes, ranges: Bytes) -> Victim {
        let Some(etcd) = self.etcd else { return Victim::Apiserver };
        let etcd = i128::from(etcd.uses(ranges).0);
        let scores_higher = etcd > i128::from(resident.0) + i128::from(self.handicap);
        if scores_higher { Victim::Etcd } else { Victim::Apiserver }
    }
}

impl Server {
    /// Resident memory at which its node is out of memory now.
    pub(super) fn node_kill_at(&self) -> Bytes {
        self.limits.node.without_etcd - self.etcd_now()
    }

    /// Resident memory above which the kernel kills now: this process, or etcd.
    pub(super) fn kill_at(&self) -> Bytes {
        self.node_kill_at().min(self.limits.cgroup)
    }

    /// Whether it has more than the kernel lets it have.
    #[must_use]
    pub fn above_limit(&self) -> bool {
        self.moves() && self.memory.resident() > self.kill_at().0
    }

    /// Whom the kernel kills, if it has to.
    #[must_use]
    pub fn victim(&self) -> Victim {
        let resident = Bytes(self.memory.resident());
        if self.beside.down || resident > self.limits.cgroup {
            return Victim::Apiserver;
        }
        self.limits.node.victim(resident, self.beside.held)
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

    /// What it could have had at most: its limit, or as much more than its peak as its node left it at the
    /// tightest instant, which need not be that of the peak where the others on the node grow.
    #[must_use]
    pub fn tightest_limit(&self) -> Bytes {
        self.limits.first.limit.min(Bytes(self.peak.0) + self.beside.slack)
    }

    /// The others on its node have something else from now on.
    pub fn limit(&mut self, limits: Limits, now: SimTime) {
        self.settle(now);
        let before = self.kill_at();
        self.limits = limits;
        self.note_taken(before);
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
        self.node_kill_at() <= self.limits.cgroup
    }

    /// What etcd has on the node at rest, and the most it has had.
    #[must_use]
    pub fn etcd_beside(&self) -> (Bytes, Bytes) {
        let rest = self.limits.node.etcd(Bytes::ZERO);
        (rest, rest.max(self.beside.peak))
    }

    /// The most that the server, etcd beside it and controllers took of the node together.
    #[must_use]
    pub fn node_peak(&self) -> Bytes {
        self.beside.all
    }

    /// Notes what all of them take now.
    pub(super) fn note_all(&mut self) {
        let held = self.beside.held;
        let etcd = self.limits.node.etcd.filter(|_| !self.beside.down);
        let etcd = etcd.map_or(Bytes::ZERO, |etcd| etcd.uses(held));
        let all = Bytes(self.memory.resident()) + etcd + self.limits.others.controllers;
        self.beside.all = self.beside.all.max(all);
        let slack = self.node_kill_at() - Bytes(self.memory.resident());
        self.beside.slack = self.beside.slack.min(slack);
    }

    /// What etcd has on the node now.
    #[must_use]
    pub fn etcd_now(&self) -> Bytes {
        if self.beside.down { Bytes::ZERO } else { self.limits.node.etcd(self.beside.held) }
    }

    /// How long etcd takes for what takes it so long when it has nothing else to do.
    #[must_use]
    pub fn etcd_takes(&self, alone: SimSpan) -> SimSpan {
        let queued = self.ranges_at_work() / self.settings.etcd_cores - 1.0;
        let waits = TIME_SLICE.scale(HAND_OVERS * queued.max(0.0));
        (alone + waits).scale(1.0 / self.beside.pages.others)
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
        // Most often nothing has changed.
        let same = ranges == self.beside.reads && now < self.beside.returns;
        if same || self.limits.node.etcd.is_none() || self.beside.down {
            return;
        }
        let before = self.kill_at();
        let beside = &mut self.beside;
        beside.reads = ranges;
        if ranges >= beside.held {
            (beside.held, beside.returns) = (ranges, SimTime::NEVER);
        } else if beside.returns == SimTime::NEVER {
            beside.returns = now + KEPT;
        } else if now >= beside.returns {
            (beside.held, beside.returns) = (ranges, SimTime::NEVER);
        }
        self.note_taken(before);
    }

    /// The room for the server was so large before.
    fn note_taken(&mut self, before: Bytes) {
        self.beside.taken += (before - self.kill_at()).0;
        self.beside.peak = self.beside.peak.max(self.etcd_now());
        self.note_all();
    }

    /// etcd beside it is killed: nobody reads from it.
    pub fn etcd_ends(&mut self, now: SimTime) {
        self.settle(now);
        let beside = &mut self.beside;
        (beside.reads, beside.held, beside.returns) = (Bytes::ZERO, Bytes::ZERO, SimTime::NEVER);
        beside.down = true;
    }

    /// It has started again.
    pub fn etcd_starts(&mut self, now: SimTime) {
        self.settle(now);
        let before = self.kill_at();
        self.beside.down = false;
        self.note_taken(before);
    }

    /// Requests that have a range still to read from etcd, with their plans, in slot order.
    #[must_use]
    pub fn needs_etcd(&self, plans: &Plans) -> Vec<(RequestId, PlanId, Tag)> {
        let reads = |request: &super::Request| {
            let phases = &plans.get(request.plan).phases[request.phase as usize..];
            request.alive && phases.iter().any(|phase| phase.range > Bytes::ZERO)
        };
        let slots = (0..).zip(&self.requests).filter(|(_, request)| reads(request));
        let of = |(slot, request): (u32, &super::Request)| {
            let id = RequestId { slot, generation: request.generation };
            (id, request.plan, request.tag)
        };
        slots.map(of).collect()
    }

    /// Looks at what the node has now.
    pub(super) fn look_at_node(&mut self) {
        if self.limits.node.etcd.is_some() {
            let reads =
                |class: &ClassId| self.classes[*class].range.times(self.pool.members(*class));
            let ranges = self.pool.active().iter().map(reads).sum();
            self.etcd_reads(ranges, self.settled);
        }
        self.look_for_pages();
    }

    /// Seconds until etcd returns what it does not need any more, more pages are gone, or less, or the server is
    /// found above what it may have.
    pub(super) fn until_node_changes(&self) -> Option<f64> {
        if self.memory.resident() > self.kill_at().0 {
            return Some(0.0);
        }
        let returns = self.beside.returns;
        let returns = (returns < SimTime::NEVER).then(|| returns.since(self.settled).as_secs_f64());
        returns.into_iter().chain(self.until_pages_go()).min_by(f64::total_cmp)
    }

    /// Panics when etcd has less than it reads. (That server and etcd have no more than the node has for them,
    /// [`note_overshoot`](Self::note_overshoot) sees to.)
    pub(super) fn check_beside(&self) {
        assert!(self.beside.reads <= self.beside.held || self.limits.node.etcd.is_none());
        let FilePages { speed, others, .. } = self.beside.pages;
        assert!(speed > 0.0 && others <= speed);
    }
}

#[cfg(test)]
impl NodeRoom {
    /// A node that has room for everything.
    pub(super) const ENDLESS: Self = Self {
        without_etcd: Bytes(u64::MAX),
        daemons: Bytes::ZERO,
        etcd: None,
        handicap: 0,
        min: Bytes::ZERO,
        low: Bytes::ZERO,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: fn(u64) -> Bytes = |n| Bytes(n * 1_000_000);

    fn room() -> NodeRoom {
        let etcd = EtcdRoom { rest: MB(1_000), idle: MB(450), started: MB(600) };
        NodeRoom { etcd: Some(etcd), ..NodeRoom::ENDLESS }
    }

    #[test]
    fn ranges_take_the_servers_room_and_those_that_etcd_is_used_to_do_not() {
        assert_eq!(room().etcd(MB(100)), MB(1_000));
        assert_eq!(room().etcd(MB(1_600)), MB(6_050));
        let elsewhere = NodeRoom { etcd: None, ..room() };
        assert_eq!(elsewhere.etcd(MB(1_600)), Bytes::ZERO);
    }

    #[test]
    fn the_kernel_kills_the_larger_unless_the_scores_are_adjusted() {
        let victim = |handicap, etcd, resident: u64| {
            NodeRoom { etcd, handicap, ..room() }.victim(MB(resident), MB(1_600))
        };
        let etcd = room().etcd;
        assert_eq!(victim(0, etcd, 6_051), Victim::Apiserver);
        assert_eq!(victim(0, etcd, 6_049), Victim::Etcd);
        // A server of higher score is killed though it is smaller, and one of -1000 never.
        assert_eq!(victim(500_000_000, etcd, 5_600), Victim::Apiserver);
        assert_eq!(victim(i64::MIN, etcd, 60_000), Victim::Etcd);
        assert_eq!(victim(0, None, 1), Victim::Apiserver);
    }
}
