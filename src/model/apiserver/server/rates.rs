//! What a server's straight lines are: the rates that hold from an instant, and the instant at
//! which the first of them crosses a threshold.

use super::{GRAIN, MARK_DONE, Plans, Server};
use crate::engine::fluid::{ClassId, Demand, PARTS};
use crate::model::apiserver::plan::RampKind;
use crate::model::costs;
use crate::model::memory::go_heap::{BACKGROUND_UTILIZATION, LIMITED_UTILIZATION};
use crate::units::{Bytes, SimSpan, SimTime};

impl Server {
    /// Works out the rates that hold from the instant settled to.
    pub fn refresh(&mut self, plans: &Plans) {
        if !self.moves() {
            return;
        }
        let pages = self.memory.pages();
        let fresh = (pages.for_large() == 0, pages.for_small() == 0);
        self.look_at_node();
        self.rates.copy = SimSpan::ZERO;
        let ranges_per_core = self.ranges_per_core();
        for index in 0..self.pool.active().len() {
            let class = self.pool.active()[index];
            let mut demand = self.demand(plans, class, fresh, ranges_per_core);
            if self.classes[class].touched.0 > Bytes::ZERO {
                self.rates.copy = self.rates.copy.max(demand.cpu);
            }
            let clients = self.clients_share(demand);
            self.classes[class].clients = clients;
            demand.cpu += clients;
            self.pool.set_demand(class, demand);
        }
        if self.memory.heap().marking().is_some_and(|marking| marking.since == self.settled) {
            self.hold_until = self.settled + self.rates.copy.scale(COPIES_WAITED_FOR);
        }
        let cores = self.cores();
        let marking = self.memory.heap().marking().is_some();
        // Requests are left a little; marking is served before steady load.
        let most = cores * (1.0 - LEAST_PROGRAM);
        let reserved =
            if marking { self.marking_share() * self.settings.procs.min(cores) } else { 0.0 };
        let reserved = reserved.min(most);
        let waits = self.backlog.waits();
        let wanted = if waits { f64::INFINITY } else { self.background.cores };
        let mut background = wanted.min(self.most_background()).min(most - reserved);
        let wire = if self.cut_off { 0.0 } else { self.settings.hardware.network.as_f64() };
        let wire = self.share_wire(wire, background);
        let efficiency = if marking { costs::EFFICIENCY_WHILE_MARKING } else { 1.0 };
        let mut program = (cores - background - reserved) * efficiency;
        let left = program;
        let mut used = self.pool.share(program, wire);
        if background < wanted {
            // Nothing is left idle while work waits.
            let spare = ((program - used) / efficiency).max(0.0).min(wanted - background);
            background += spare;
            program -= spare * efficiency;
        }
        self.rates.background = background;
        self.measure_growth(plans);
        let mut mark = 0.0;
        if marking {
            // Idle processors mark too.
            let marking_beside = |used: f64| reserved + (program - used).max(0.0) / efficiency;
            mark = marking_beside(used);
            let assist = self.assist_share(mark, used);
            if assist > 0.0 {
                used = self.pool.share(program * (1.0 - assist), wire);
                self.measure_growth(plans);
                mark = marking_beside(used);
            }
        }
        self.rates.mark = mark;
        self.rates.cores = (used - self.rates.clients).max(0.0) / efficiency + background;
        self.measure_pressure(waits, left);
    }

    /// Cores that steady load can have before requests get any.
    pub(super) fn most_background(&self) -> f64 {
        self.cores() * MOST_BACKGROUND
    }

    /// Share of the processor time that is marking's: a quarter. With a CPU quota below GOMAXPROCS the
    /// workers are throttled like everybody else, but processors without a request to run mark as well
    /// (`gcMarkWorkerIdleMode`, Go `mgc.go`) and take their part of the quota from the others. (The modes
    /// are Go's; that the idle share of GOMAXPROCS is also their share of the quota is assumed. No
    /// single server was measured under a quota: it rests on the runs of three servers of half a core each.)
    fn marking_share(&self) -> f64 {
        let members: u64 = self.pool.active().iter().map(|class| self.pool.members(*class)).sum();
        if members as f64 <= self.cores() {
            // Each has a core of its own: what they leave marks anyway.
            return BACKGROUND_UTILIZATION;
        }
        let idle = 1.0 - (members as f64 / self.settings.procs).min(1.0);
        BACKGROUND_UTILIZATION.max(idle)
    }

    /// The demand of a class, with the page faults that its memory costs now.
    fn demand(
        &mut self,
        plans: &Plans,
        class: ClassId,
        fresh: (bool, bool),
        ranges_per_core: f64,
    ) -> Demand {
        let state = &self.classes[class];
        let (large, small) = state.touched;
        let range = state.range;
        let mut demand = plans.get(state.plan).phases[state.phase as usize].demand;
        let floor = demand.floor;
        let hardware = &self.settings.hardware;
        let per_byte = hardware.page_fault_per_gb.as_secs_f64() / 1e9;
        let large_share = if fresh.0 { 1.0 } else { 0.0 };
        let small_share = if fresh.1 { costs::SMALL_FAULT_SHARE } else { 0.0 };
        let faulted = large.as_f64() * large_share + small.as_f64() * small_share;
        let faults = SimSpan::from_secs_f64(faulted * per_byte);
        demand.cpu += faults;
        if let Some(high) = self.settings.memory_high {
            let pause = self.throttle(high, large + small);
            self.classes[class].pause = pause;
            demand.floor = demand.floor.max(pause);
        }
        if range > Bytes::ZERO {
            let in_etcd = floor.scale(ranges_per_core / self.beside.pages.others);
            self.classes[class].in_etcd = in_etcd;
            demand.floor = demand.floor.max(in_etcd);
        }
        demand
    }

    /// Processor time that clients on this machine take while so much is written to them.
    fn clients_share(&self, demand: Demand) -> SimSpan {
        if !self.settings.local_clients || demand.wire == Bytes::ZERO {
            return SimSpan::ZERO;
        }
        demand.cpu.scale(costs::LOCAL_HAND_OVER) + costs::LOCAL_CLIENT.of(0, demand.wire)
    }

    /// How long `memory.high` makes an allocating thread sleep for `bytes` (docs/facts/memory.md
    /// section 4.1: 64 x^2 seconds a batch of 64 pages, at most 2 s, x the relative overage).
    fn throttle(&self, high: Bytes, bytes: Bytes) -> SimSpan {
        const BATCH: f64 = 64.0 * 4096.0;
        let resident = self.memory.resident() as f64;
        let over = (resident - high.as_f64()) / high.as_f64();
        if over <= 0.0 {
            return SimSpan::ZERO;
        }
        let over = over.min(MOST_OVERAGE);
        SimSpan::from_secs_f64(64.0 * over * over * bytes.as_f64() / BATCH)
    }

    /// Share of the program's processors that must help marking, so that marking ends before the
    /// heap passes what the pacer aims at. Past that nothing is allocated: whoever is in debt parks
    /// until marking ends (`gcParkAssist`, Go `mgcmark.go`).
    fn assist_share(&self, mark: f64, used: f64) -> f64 {
        let heap = self.memory.heap();
        if heap.marking().is_none() {
            return 0.0;
        }
        let alloc = self.rates.touched;
        if alloc <= 0.0 || used <= 0.0 {
            return 0.0;
        }
        let (aim, work) = self.memory.aim();
        let room = aim - self.memory.heap_in_use() as f64;
        let most = if heap.by_limit() {
            (LIMITED_UTILIZATION - BACKGROUND_UTILIZATION) / (1.0 - BACKGROUND_UTILIZATION)
        } else {
            MOST_ASSIST
        };
        if room <= 0.0 {
            return most;
        }
        // marking ends in time when work / (mark + f used) = room / ((1 - f) alloc)
        let share = (work * alloc - room * mark) / (work * alloc + room * used);
        share.clamp(0.0, most)
    }

    /// Sums how fast heap and resident memory grow at the pool's present rates.
    fn measure_growth(&mut self, plans: &Plans) {
        let (mut small, mut large, mut outside) = (0.0, 0.0, 0.0);
        self.rates.clients = 0.0;
        for class in self.pool.active() {
            let state = &self.classes[*class];
            let rate = self.pool.total_rate(*class) / PARTS as f64;
            self.rates.clients += rate * state.clients.as_secs_f64();
            for ramp in &plans.get(state.plan).phases[state.phase as usize].ramps {
                let bytes = rate * ramp.bytes.as_f64();
                match ramp.kind {
                    RampKind::Take | RampKind::Litter => small += bytes,
                    RampKind::TakeLarge => large += bytes,
                    RampKind::TakeOutside => outside += bytes,
                    RampKind::Drop => {}
                }
            }
        }
        let background = &self.background;
        small += background.litter.iter().map(|(_, rate)| *rate as f64).sum::<f64>();
        small += background.growth.iter().map(|line| line.per_second as f64).sum::<f64>();
        let pages = self.memory.pages();
        let large_reuse = if pages.for_large() > 0 { large } else { 0.0 };
        let small_reuse = if pages.for_small() > 0 { small } else { 0.0 };
        let reuse = large_reuse + small_reuse;
        self.rates.heap = small;
        self.rates.touched = small + large;
        self.rates.resident = small + large + outside - reuse;
        self.rates.mapped = small + large - reuse;
        self.rates.scavenge = self.scavenge_rate();
        let scavenged = self.rates.scavenge as f64;
        self.rates.freed = small_reuse + scavenged;
        self.rates.large_reuse = large_reuse;
        self.rates.resident -= scavenged;
    }

    /// Bytes per second that the scavenger returns. While heap and freed pages together outgrow what
    /// it leaves alone, it does nothing else, at most as fast as it can: they stay at that threshold.
    /// Started and stopped there by turns, it would do the same in a million events a second.
    fn scavenge_rate(&self) -> u64 {
        let most = costs::SCAVENGE_BYTES_PER_SECOND;
        match self.memory.to_scavenge() {
            left if left > SCAVENGE_SLACK => most,
            _ if self.memory.pages().for_small() > 0
                && self.memory.until_scavenged() <= SCAVENGE_SLACK =>
            {
                most.min(self.rates.mapped as u64)
            }
            _ => 0,
        }
    }

    /// How long so much work of a newcomer takes at the processors' present shares.
    #[must_use]
    pub fn time_of(&self, work: SimSpan) -> SimSpan {
        let members = self.pool.active().iter().map(|class| self.pool.members(*class));
        let share = (self.cores() / (members.sum::<u64>() + 1) as f64).min(1.0);
        work.scale(1.0 / (share * self.settings.hardware.cpu_speed))
    }

    /// The next instant at which something happens here by itself.
    #[must_use]
    pub fn next_event(&self) -> SimTime {
        if !self.moves() {
            return SimTime::NEVER;
        }
        let memory = &self.memory;
        let mut next = self.pool.next_finish().unwrap_or(SimSpan(u64::MAX));
        let mut sooner = |seconds: f64| {
            // Rounded up, and never in the past: the threshold is crossed when the event comes.
            let span = SimSpan(((seconds * 1e9).ceil().max(1.0)) as u64);
            next = next.min(span);
        };
        self.until_backlog_turns().into_iter().for_each(&mut sooner);
        self.until_released().into_iter().for_each(&mut sooner);
        self.until_spent().into_iter().for_each(|left| sooner(left.max(GRAIN)));
        let rates = &self.rates;
        for line in &self.background.growth {
            if line.until < SimTime::NEVER {
                sooner(line.until.since(self.settled).as_secs_f64());
            }
        }
        let heap = memory.heap();
        if let Some(marking) = heap.marking() {
            if rates.heap > 0.0 {
                let room = memory.aim().0 - memory.heap_in_use() as f64;
                if room > 0.0 {
                    sooner((room / rates.heap).max(GRAIN));
                }
            }
            let until = marking.until_expected();
            if until > 0.0 && rates.mark > 0.0 {
                sooner((until / rates.mark).max(GRAIN));
            }
            let work = (marking.work_left - MARK_DONE / 2.0).max(0.0) / rates.mark.max(1e-6);
            sooner(work.max(self.hold_until.since(self.settled).as_secs_f64()));
        } else {
            let missing = heap.trigger().saturating_sub(memory.heap_in_use()) as f64;
            if rates.heap > 0.0 {
                sooner(missing / rates.heap);
            }
            sooner(heap.forced_at().since(self.settled).as_secs_f64());
        }
        let freed = memory.pages().for_small();
        if freed > 0 && rates.freed > 0.0 {
            sooner((freed as f64 / rates.freed).max(GRAIN));
        }
        let runs = memory.pages().for_large();
        if runs > 0 && rates.large_reuse > 0.0 {
            sooner((runs as f64 / rates.large_reuse).max(GRAIN));
        }
        let left = memory.to_scavenge();
        let gain = rates.scavenge as f64 - rates.mapped;
        if left > SCAVENGE_SLACK && gain > 0.0 {
            sooner((left as f64 / gain).max(GRAIN));
        }
        self.until_node_changes().into_iter().for_each(&mut sooner);
        if rates.resident > 0.0 {
            let room = (self.kill_at().0 + 1).saturating_sub(memory.resident()) as f64;
            sooner(room / rates.resident);
            if let Some(high) = self.settings.memory_high {
                sooner(self.until_throttled_more(high) / rates.resident);
            }
        }
        self.settled + next
    }

    /// Bytes until `memory.high` throttling is next worth recomputing: each per cent of overage, until
    /// threads sleep as long as they ever do.
    fn until_throttled_more(&self, high: Bytes) -> f64 {
        let step = (high.as_f64() / 100.0).max(1.0);
        let over = self.memory.resident() as f64 - high.as_f64();
        match over {
            over if over < 0.0 => -over + 1.0,
            over if over > high.as_f64() * MOST_OVERAGE => f64::INFINITY,
            over => step - over % step + 1.0,
        }
    }
}

/// A collection stops the world twice, and clearing or copying a large block cannot be interrupted:
/// it waits for the copies that run, so many of them for each cycle. (Measured from the collector's
/// trace: cycles of 0.8 to 3.2 s in heaps of large buffers, where marking takes 0.1 s; 1.5 to 2.)
pub(crate) const COPIES_WAITED_FOR: f64 = 2.0;
/// Shares of the processors that steady load and assists may take at most (assumed bounds: the one keeps
/// a saturated server from standing still, the other is what parked goroutines leave to those that do not
/// allocate).
const MOST_BACKGROUND: f64 = 0.9;
const MOST_ASSIST: f64 = 0.98;
/// Relative overage at which `memory.high` lets threads sleep for 2 s, the most
/// (`MEMCG_MAX_HIGH_DELAY_JIFFIES`, Linux `mm/memcontrol.c`): 64 x^2 s for each batch of pages.
const MOST_OVERAGE: f64 = 0.176_776_695;
/// So close to its threshold the scavenger counts as being there: more than it returns in [`GRAIN`].
const SCAVENGE_SLACK: u64 = 4 << 10;
/// Share of the processors that steady load and marking leave to requests at least.
const LEAST_PROGRAM: f64 = 0.05;
