//! One apiserver process as a fluid machine: requests in phases, memory, collector, limits.
//!
//! Between two events every rate is constant. [`Server::settle`] moves the state along the straight
//! lines to an instant, [`Server::refresh`] works out the rates that hold from there, and
//! [`Server::next_event`] the instant at which the first line crosses a threshold: a phase ends, the
//! collector's trigger or the end of its marking, freed pages run out, the scavenger is done, the
//! memory limit is reached.

use std::sync::Arc;

use super::list::touched;
use super::plan::{Holdings, Plan, RampKind, Stage, part_of};
use crate::engine::fluid::{ClassId, Demand, FluidPool, Joined, PARTS};
use crate::model::costs;
use crate::model::input::Hardware;
use crate::model::memory::go_heap::{BACKGROUND_UTILIZATION, GcSettings};
use crate::model::memory::ledger::{EntryId, OwnerId};
use crate::model::memory::process::{ProcessMemory, ScanWeights};
use crate::results::Mechanism;
use crate::units::{Bytes, SimSpan, SimTime};

/// Index of a plan in the run's [`Plans`].
pub type PlanId = u32;

/// Every plan of a run; servers share them.
#[derive(Clone, Debug, Default)]
pub struct Plans {
    plans: Vec<Plan>,
}

impl Plans {
    /// Adds a plan.
    pub fn add(&mut self, plan: Plan) -> PlanId {
        self.plans.push(plan);
        (self.plans.len() - 1) as PlanId
    }

    /// A plan.
    #[must_use]
    pub fn get(&self, id: PlanId) -> &Plan {
        &self.plans[id as usize]
    }
}

/// A request's handle; stale handles are recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId {
    slot: u32,
    generation: u32,
}

impl RequestId {
    fn pack(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.slot)
    }

    fn unpack(id: u64) -> Self {
        Self { slot: id as u32, generation: (id >> 32) as u32 }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Request {
    generation: u32,
    /// In use.
    alive: bool,
    plan: PlanId,
    phase: u32,
    class: ClassId,
    joined: Joined,
    /// The owner's mark: which client, which kind.
    tag: u64,
    /// Whether it occupies a place under max-in-flight.
    counted: bool,
}

/// A class of the fluid pool: one phase of one plan on this server.
#[derive(Clone, Debug)]
struct PhaseClass {
    plan: PlanId,
    phase: u32,
    /// Bytes that page faults are charged for: large and small.
    touched: (Bytes, Bytes),
    /// What each ramp has applied for the present members.
    applied: Vec<u64>,
}

/// Constant settings of a server.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Cores it may use: the node's, or its CFS quota.
    pub cores: f64,
    /// GOMAXPROCS.
    pub procs: f64,
    /// Speeds; `cpu_speed` includes the replication's noise.
    pub hardware: Hardware,
    /// GOGC, GOMEMLIMIT.
    pub gc: GcSettings,
    /// Resident memory at which the kernel kills it.
    pub kill_at: Bytes,
    /// cgroup `memory.high`, if set.
    pub memory_high: Option<Bytes>,
    /// Scan weights by owner.
    pub scan: ScanWeights,
    /// Number of ledger owners.
    pub owners: usize,
}

/// A steady load besides requests: watch fan-out, writes, the idle process.
#[derive(Clone, Debug, Default)]
pub struct Background {
    /// Cores it keeps busy.
    pub cores: f64,
    /// Garbage it makes: entry and bytes a second.
    pub litter: Vec<(EntryId, u64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Rates {
    /// Cores used by requests and background.
    cores: f64,
    /// CPU-seconds of marking a second.
    mark: f64,
    /// Growth of the heap that the collector sees, bytes a second.
    heap: f64,
    /// Growth of resident memory.
    resident: f64,
    /// Loss of freed pages to reuse and to the scavenger.
    freed: f64,
    /// Loss of the freed pages that large blocks can use, at most.
    large_reuse: f64,
    /// Whether the scavenger works.
    scavenging: bool,
    /// CPU time of the longest copy of a large buffer under way.
    copy: SimSpan,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Server {
    /// Settings.
    pub settings: Arc<ServerSettings>,
    /// Memory.
    pub memory: ProcessMemory,
    /// Steady load.
    pub background: Background,
    pool: FluidPool,
    classes: Vec<PhaseClass>,
    /// Class of (plan, phase), once used here.
    class_of: Vec<Vec<Option<ClassId>>>,
    requests: Vec<Request>,
    free: Vec<u32>,
    in_flight: u32,
    settled: SimTime,
    rates: Rates,
    /// A running collection cannot end before: the world does not stop in the middle of a copy.
    hold_until: SimTime,
    /// Remainders of the background's bytes, the scavenger's bytes and CPU nanoseconds.
    litter_carry: Vec<u64>,
    scavenge_carry: u64,
    cpu_nanos: f64,
    peak: (u64, SimTime),
    phase_peak: u64,
    peak_holders: Vec<(EntryId, u64)>,
    bytes_sent: u64,
    /// Bytes above the limit that a crossing noticed too late has let through: always none.
    overshoot: u64,
    running: bool,
}

/// A request that has finished all its phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Which.
    pub id: RequestId,
    /// The mark it was started with.
    pub tag: u64,
}

impl Server {
    /// A server whose process is not running.
    #[must_use]
    pub fn new(settings: Arc<ServerSettings>) -> Self {
        let memory =
            ProcessMemory::new(settings.gc, settings.owners, settings.scan.clone(), SimTime::ZERO);
        Self {
            settings,
            memory,
            background: Background::default(),
            pool: FluidPool::default(),
            classes: Vec::new(),
            class_of: Vec::new(),
            requests: Vec::new(),
            free: Vec::new(),
            in_flight: 0,
            settled: SimTime::ZERO,
            rates: Rates::default(),
            hold_until: SimTime::ZERO,
            litter_carry: Vec::new(),
            scavenge_carry: 0,
            cpu_nanos: 0.0,
            peak: (0, SimTime::ZERO),
            phase_peak: 0,
            peak_holders: Vec::new(),
            bytes_sent: 0,
            overshoot: 0,
            running: false,
        }
    }

    /// Whether the process runs.
    #[must_use]
    pub fn running(&self) -> bool {
        self.running
    }

    /// Requests that count against max-in-flight.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// CPU time used so far.
    #[must_use]
    pub fn cpu(&self) -> SimSpan {
        SimSpan(self.cpu_nanos as u64)
    }

    /// Response bytes of finished requests.
    #[must_use]
    pub fn bytes_sent(&self) -> Bytes {
        Bytes(self.bytes_sent)
    }

    /// Highest resident memory so far, when, and who held it.
    #[must_use]
    pub fn peak(&self) -> (Bytes, SimTime, &[(EntryId, u64)]) {
        (Bytes(self.peak.0), self.peak.1, &self.peak_holders)
    }

    /// Highest resident memory since the last call.
    pub fn take_phase_peak(&mut self) -> Bytes {
        let peak = self.phase_peak;
        self.phase_peak = self.memory.resident();
        Bytes(peak)
    }

    /// Starts the process: empty but for its binary.
    pub fn boot(&mut self, now: SimTime) {
        self.memory = ProcessMemory::new(
            self.settings.gc,
            self.settings.owners,
            self.settings.scan.clone(),
            now,
        );
        let base = OwnerId::SERVER.entry(Mechanism::ProcessBase);
        let outside = costs::BINARY_RESIDENT + costs::RUNTIME_RESIDENT;
        self.memory.add_outside_heap(base, outside.0);
        self.settled = now;
        self.running = true;
        self.note_peak(now);
    }

    /// Ends the process: memory, requests and connections are gone.
    pub fn kill(&mut self, now: SimTime) {
        self.settle(now);
        self.running = false;
        self.memory.clear();
        for (slot, request) in self.requests.iter_mut().enumerate() {
            if request.alive {
                request.alive = false;
                request.generation += 1;
                self.pool.leave(request.class, request.joined);
                self.free.push(slot as u32);
            }
        }
        self.classes.iter_mut().for_each(|class| class.applied.fill(0));
        self.in_flight = 0;
        self.rates = Rates::default();
    }

    /// Tags of the requests being served, in slot order.
    pub fn tags(&self) -> impl Iterator<Item = u64> + '_ {
        self.requests.iter().filter(|request| request.alive).map(|request| request.tag)
    }

    /// Starts a request at `now`. `counted`: it takes a place under max-in-flight.
    pub fn start(
        &mut self,
        plans: &Plans,
        plan: PlanId,
        tag: u64,
        counted: bool,
        now: SimTime,
    ) -> RequestId {
        self.settle(now);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.requests.push(Request::default());
            (self.requests.len() - 1) as u32
        });
        let request = &mut self.requests[slot as usize];
        let id = RequestId { slot, generation: request.generation };
        *request = Request {
            alive: true,
            plan,
            phase: 0,
            tag,
            counted,
            generation: id.generation,
            ..Request::default()
        };
        self.in_flight += u32::from(counted);
        self.enter_phase(plans, slot);
        id
    }

    /// Whether a request is still being served.
    #[must_use]
    pub fn serves(&self, id: RequestId) -> bool {
        let request = &self.requests[id.slot as usize];
        request.alive && request.generation == id.generation
    }

    /// What a request is doing.
    #[must_use]
    pub fn stage(&self, plans: &Plans, id: RequestId) -> Stage {
        let request = &self.requests[id.slot as usize];
        plans.get(request.plan).phases[request.phase as usize].stage
    }

    /// Changes the mark of a request: its client has gone, but the handler works on.
    pub fn retag(&mut self, id: RequestId, tag: u64) {
        self.requests[id.slot as usize].tag = tag;
    }

    /// Cuts a request: what it holds becomes garbage.
    pub fn abort(&mut self, plans: &Plans, id: RequestId, now: SimTime) {
        if !self.serves(id) {
            return;
        }
        self.settle(now);
        let request = self.requests[id.slot as usize];
        let parts = self.pool.leave(request.class, request.joined);
        self.book_departure(plans, request.class, parts);
        let held: Holdings = plans.get(request.plan).holdings(request.phase as usize, parts);
        self.memory.abandon(&held);
        self.release(id.slot);
    }

    fn release(&mut self, slot: u32) {
        let request = &mut self.requests[slot as usize];
        self.in_flight -= u32::from(request.counted);
        request.alive = false;
        request.generation += 1;
        self.free.push(slot);
    }

    fn enter_phase(&mut self, plans: &Plans, slot: u32) {
        let request = self.requests[slot as usize];
        let class = self.class(plans, request.plan, request.phase);
        let phase = &plans.get(request.plan).phases[request.phase as usize];
        phase.start.iter().for_each(|step| self.memory.step(*step));
        let id = RequestId { slot, generation: request.generation };
        let joined = self.pool.join(class, id.pack());
        let request = &mut self.requests[slot as usize];
        request.class = class;
        request.joined = joined;
    }

    fn class(&mut self, plans: &Plans, plan: PlanId, phase: u32) -> ClassId {
        let (plan_index, phase_index) = (plan as usize, phase as usize);
        if self.class_of.len() <= plan_index {
            self.class_of.resize(plan_index + 1, Vec::new());
        }
        let phases = &mut self.class_of[plan_index];
        if phases.len() <= phase_index {
            phases.resize(phase_index + 1, None);
        }
        if let Some(class) = phases[phase_index] {
            return class;
        }
        let spec = &plans.get(plan).phases[phase_index];
        let class = self.pool.add_class(spec.demand);
        phases[phase_index] = Some(class);
        self.classes.push(PhaseClass {
            plan,
            phase,
            touched: touched(spec),
            applied: vec![0; spec.ramps.len()],
        });
        class
    }

    /// Moves the state along its straight lines to `now`. Needs the plans only for the ramps.
    pub fn settle(&mut self, now: SimTime) {
        let span = now.since(self.settled);
        self.settled = now;
        if span == SimSpan::ZERO || !self.running {
            return;
        }
        self.pool.advance(span);
        let seconds = span.as_secs_f64();
        self.cpu_nanos += (self.rates.cores + self.rates.mark) * span.0 as f64;
        if self.memory.heap().marking().is_some() {
            self.memory.heap_mut().mark(self.rates.mark * seconds);
        }
        self.pass_background(span);
        if self.rates.scavenging {
            let bytes = u128::from(costs::SCAVENGE_BYTES_PER_SECOND) * u128::from(span.0)
                + u128::from(self.scavenge_carry);
            self.scavenge_carry = (bytes % 1_000_000_000) as u64;
            self.memory.scavenge((bytes / 1_000_000_000) as u64);
        }
    }

    fn pass_background(&mut self, span: SimSpan) {
        self.litter_carry.resize(self.background.litter.len(), 0);
        for ((entry, rate), carry) in self.background.litter.iter().zip(&mut self.litter_carry) {
            let bytes = u128::from(*rate) * u128::from(span.0) + u128::from(*carry);
            *carry = (bytes % 1_000_000_000) as u64;
            self.memory.ramp(RampKind::Litter, *entry, (bytes / 1_000_000_000) as u64);
        }
    }

    /// Books what the ramps have done up to the instant settled to.
    fn book(&mut self, plans: &Plans) {
        for index in 0..self.pool.active().len() {
            let class = self.pool.active()[index];
            let (progress, members) = (self.pool.progress(class), self.pool.members(class));
            let state = &mut self.classes[class];
            let phase = &plans.get(state.plan).phases[state.phase as usize];
            for (ramp, applied) in phase.ramps.iter().zip(&mut state.applied) {
                // A member is past its end by less than a nanosecond until it is taken out.
                let total = part_of(ramp.bytes, progress).min(ramp.bytes.0.saturating_mul(members));
                let more = total.saturating_sub(*applied);
                *applied += more;
                if more > 0 {
                    self.memory.ramp(ramp.kind, ramp.entry, more);
                }
            }
        }
    }

    /// Books the ramps of a class that a member has just left after `parts`: that member's share
    /// is made exact, and the rest stays with the members that remain.
    fn book_departure(&mut self, plans: &Plans, class: ClassId, parts: u64) {
        let progress = self.pool.progress(class);
        let state = &mut self.classes[class];
        let phase = &plans.get(state.plan).phases[state.phase as usize];
        for (ramp, applied) in phase.ramps.iter().zip(&mut state.applied) {
            let gone = part_of(ramp.bytes, u128::from(parts));
            let target = part_of(ramp.bytes, progress) + gone;
            let more = target.saturating_sub(*applied);
            *applied = (*applied + more) - gone;
            if more > 0 {
                self.memory.ramp(ramp.kind, ramp.entry, more);
            }
        }
    }

    /// Finishes what ends at `now` (settled to before): phases go on to the next, finished
    /// requests are reported, collections begin and end. Returns whether the kernel kills it.
    pub fn process(&mut self, plans: &Plans, now: SimTime, finished: &mut Vec<Finished>) -> bool {
        if !self.running {
            return false;
        }
        self.book(plans);
        self.note_overshoot();
        // The kernel kills at the step that passes the limit, not after all of an instant.
        while self.memory.resident() <= self.settings.kill_at.0
            && let Some((class, packed)) = self.pool.pop_finished()
        {
            let id = RequestId::unpack(packed);
            let request = self.requests[id.slot as usize];
            if !self.serves(id) || request.class != class {
                continue;
            }
            self.pool.finish(class, request.joined);
            self.book_departure(plans, class, PARTS);
            let plan = plans.get(request.plan);
            for step in &plan.phases[request.phase as usize].end {
                self.memory.step(*step);
            }
            if request.phase as usize + 1 < plan.phases.len() {
                self.requests[id.slot as usize].phase += 1;
                self.enter_phase(plans, id.slot);
            } else {
                self.bytes_sent += plan.wire.0;
                self.release(id.slot);
                finished.push(Finished { id, tag: request.tag });
            }
        }
        self.note_peak(now);
        self.run_collector(now);
        self.memory.resident() > self.settings.kill_at.0
    }

    /// Straight lines must be stopped where they cross the limit: what lies above it now must come
    /// from steps since the last time, or from the shortest wait for a threshold.
    fn note_overshoot(&mut self) {
        let excused = self.memory.take_stepped() + (self.rates.heap * 1.1 * GRAIN) as u64;
        let bound = self.settings.kill_at.0.saturating_add(excused).saturating_add(ROUNDING);
        self.overshoot = self.overshoot.max(self.memory.resident().saturating_sub(bound));
    }

    fn run_collector(&mut self, now: SimTime) {
        if let Some(marking) = self.memory.heap().marking() {
            if marking.work_left > MARK_DONE || now < self.hold_until {
                return;
            }
            self.memory.end_cycle(now);
        }
        let heap = self.memory.heap();
        let due = self.memory.heap_in_use() >= heap.trigger() && now >= heap.not_before();
        if due || now >= heap.forced_at() {
            self.memory.begin_cycle(now, self.settings.hardware.cpu_speed);
        }
    }

    fn note_peak(&mut self, now: SimTime) {
        let resident = self.memory.resident();
        self.phase_peak = self.phase_peak.max(resident);
        if resident > self.peak.0 {
            self.peak = (resident, now);
            self.peak_holders.clear();
            self.peak_holders.extend(self.memory.ledger.entries());
        }
    }

    /// Works out the rates that hold from the instant settled to.
    pub fn refresh(&mut self, plans: &Plans) {
        if !self.running {
            return;
        }
        let fresh = (self.memory.freed_for_large() == 0, self.memory.freed() == 0);
        self.rates.copy = SimSpan::ZERO;
        for index in 0..self.pool.active().len() {
            let class = self.pool.active()[index];
            let demand = self.demand(plans, class, fresh);
            if self.classes[class].touched.0 > Bytes::ZERO {
                self.rates.copy = self.rates.copy.max(demand.cpu);
            }
            self.pool.set_demand(class, demand);
        }
        if self.memory.heap().marking().is_some_and(|marking| marking.since == self.settled) {
            self.hold_until = self.settled + self.rates.copy.scale(COPIES_WAITED_FOR);
        }
        let cores = self.settings.cores;
        let background = self.background.cores.min(cores * MOST_BACKGROUND);
        let marking = self.memory.heap().marking().is_some();
        let reserved = if marking {
            (BACKGROUND_UTILIZATION * self.settings.procs).min(cores * MOST_BACKGROUND)
        } else {
            0.0
        };
        let wire = self.settings.hardware.network.as_f64();
        let program = (cores - background - reserved).max(cores * 0.05);
        let mut used = self.pool.share(program, wire);
        self.measure_growth(plans);
        let mut mark = 0.0;
        if marking {
            // Idle processors mark too.
            mark = reserved + (program - used).max(0.0);
            let assist = self.assist_share(mark, used);
            if assist > 0.0 {
                used = self.pool.share(program * (1.0 - assist), wire);
                self.measure_growth(plans);
                mark += program * assist;
            }
        }
        self.rates.mark = mark;
        self.rates.cores = used + background;
    }

    /// The demand of a class, with the page faults that its memory costs now.
    fn demand(&self, plans: &Plans, class: ClassId, fresh: (bool, bool)) -> Demand {
        let state = &self.classes[class];
        let mut demand = plans.get(state.plan).phases[state.phase as usize].demand;
        let (large, small) = state.touched;
        let hardware = &self.settings.hardware;
        let per_byte = hardware.page_fault_per_gb.as_secs_f64() / 1e9 / hardware.cpu_speed;
        let large_share = if fresh.0 { 1.0 } else { 0.0 };
        let small_share = if fresh.1 { costs::SMALL_FAULT_SHARE } else { 0.0 };
        let faulted = large.as_f64() * large_share + small.as_f64() * small_share;
        let faults = SimSpan::from_secs_f64(faulted * per_byte);
        demand.cpu += faults;
        if let Some(high) = self.settings.memory_high {
            let pause = self.throttle(high, large + small);
            demand.floor = demand.floor.max(pause);
        }
        demand
    }

    /// How long `memory.high` makes an allocating thread sleep for `bytes` (facts/memory.md
    /// section 4.1: 64 x^2 seconds a batch of 64 pages, at most 2 s, x the relative overage).
    fn throttle(&self, high: Bytes, bytes: Bytes) -> SimSpan {
        const BATCH: f64 = 64.0 * 4096.0;
        let resident = self.memory.resident() as f64;
        let over = (resident - high.as_f64()) / high.as_f64();
        if over <= 0.0 {
            return SimSpan::ZERO;
        }
        SimSpan::from_secs_f64((64.0 * over * over).min(2.0) * bytes.as_f64() / BATCH)
    }

    /// Share of the program's processors that must help marking, so that the heap does not grow
    /// past its goal by more than a tenth before marking ends (`maxOvershoot`, Go mgcpacer.go;
    /// measured overruns are at most 16 %).
    fn assist_share(&self, mark: f64, used: f64) -> f64 {
        let heap = self.memory.heap();
        let Some(marking) = heap.marking() else {
            return 0.0;
        };
        let room = heap.goal() as f64 * 1.1 - self.memory.heap_in_use() as f64;
        let (work, alloc) = (marking.work_left, self.rates.heap);
        if alloc <= 0.0 || heap.not_before() > SimTime::ZERO || used <= 0.0 {
            return 0.0;
        }
        if room <= 0.0 {
            return MOST_ASSIST;
        }
        // marking ends in time when work / (mark + f used) = room / ((1 - f) alloc)
        let share = (work * alloc - room * mark) / (work * alloc + room * used);
        share.clamp(0.0, MOST_ASSIST)
    }

    /// Sums how fast heap and resident memory grow at the pool's present rates.
    fn measure_growth(&mut self, plans: &Plans) {
        let (mut small, mut large, mut outside) = (0.0, 0.0, 0.0);
        for class in self.pool.active() {
            let state = &self.classes[*class];
            let rate = self.pool.total_rate(*class) / PARTS as f64;
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
        small += self.background.litter.iter().map(|(_, rate)| *rate as f64).sum::<f64>();
        let large_reuse = if self.memory.freed_for_large() > 0 { large } else { 0.0 };
        let small_reuse = if self.memory.freed() > 0 { small } else { 0.0 };
        let reuse = large_reuse + small_reuse;
        self.rates.heap = small + large;
        self.rates.resident = small + large + outside - reuse;
        self.rates.scavenging = self.memory.to_scavenge() > 0;
        let scavenged =
            if self.rates.scavenging { costs::SCAVENGE_BYTES_PER_SECOND as f64 } else { 0.0 };
        self.rates.freed = reuse + scavenged;
        // The scavenger, too, takes pages that large blocks could use.
        self.rates.large_reuse = reuse + scavenged;
        self.rates.resident -= scavenged;
    }

    /// The next instant at which something happens here by itself.
    #[must_use]
    pub fn next_event(&self) -> SimTime {
        if !self.running {
            return SimTime::NEVER;
        }
        let memory = &self.memory;
        let mut next = self.pool.next_finish().unwrap_or(SimSpan(u64::MAX));
        let mut sooner = |seconds: f64| {
            // Rounded up, and never in the past: the threshold is crossed when the event comes.
            let span = SimSpan(((seconds * 1e9).ceil().max(1.0)) as u64);
            next = next.min(span);
        };
        let rates = &self.rates;
        let heap = memory.heap();
        match heap.marking() {
            Some(marking) => {
                let work = (marking.work_left - MARK_DONE / 2.0).max(0.0) / rates.mark.max(1e-6);
                sooner(work.max(self.hold_until.since(self.settled).as_secs_f64()));
            }
            None => {
                let missing = heap.trigger().saturating_sub(memory.heap_in_use()) as f64;
                if rates.heap > 0.0 {
                    let wait = heap.not_before().since(self.settled).as_secs_f64();
                    sooner((missing / rates.heap).max(wait));
                }
                sooner(heap.forced_at().since(self.settled).as_secs_f64());
            }
        }
        let freed = memory.freed();
        if freed > 0 && rates.freed > 0.0 {
            sooner((freed as f64 / rates.freed).max(GRAIN));
        }
        let runs = memory.freed_for_large();
        if runs > 0 && rates.large_reuse > 0.0 {
            sooner((runs as f64 / rates.large_reuse).max(GRAIN));
        }
        if rates.scavenging {
            let left = memory.to_scavenge() as f64;
            sooner((left / costs::SCAVENGE_BYTES_PER_SECOND as f64).max(GRAIN));
        }
        if rates.resident > 0.0 {
            let room = (self.settings.kill_at.0 + 1).saturating_sub(memory.resident()) as f64;
            sooner(room / rates.resident);
            if let Some(high) = self.settings.memory_high {
                sooner(self.until_throttled_more(high) / rates.resident);
            }
        }
        self.settled + next
    }

    /// Bytes until `memory.high` throttling is next worth recomputing: each per cent of overage.
    fn until_throttled_more(&self, high: Bytes) -> f64 {
        let step = (high.as_f64() / 100.0).max(1.0);
        let over = self.memory.resident() as f64 - high.as_f64();
        if over < 0.0 { -over + 1.0 } else { step - over % step }
    }

    /// The rates and books for a timeline sample: live heap, goal, requests.
    #[must_use]
    pub fn heap_goal(&self) -> Bytes {
        Bytes(self.memory.heap().goal())
    }

    /// Panics when an invariant does not hold: run by the checkers in tests.
    ///
    /// # Panics
    /// See [`ProcessMemory::check`].
    pub fn check(&self) {
        assert_eq!(self.overshoot, 0, "bytes above the limit before the kernel killed");
        if !self.running {
            return;
        }
        self.memory.check();
        let alive = self.requests.iter().filter(|request| request.alive).count() as u64;
        let members: u64 = self.pool.active().iter().map(|c| self.pool.members(*c)).sum();
        assert_eq!(alive, members, "every request is in exactly one class");
    }
}

/// A collection stops the world twice, and clearing or copying a large block cannot be interrupted:
/// it waits for the copies that run. (Measured: cycles of 0.8 to 3.2 s in heaps of large buffers,
/// where marking takes 0.1 s.)
const COPIES_WAITED_FOR: f64 = 1.5;
/// Marking is done below so many CPU-seconds of work left.
const MARK_DONE: f64 = 1e-9;
/// Shares of the processors that steady load and assists may take at most.
const MOST_BACKGROUND: f64 = 0.9;
const MOST_ASSIST: f64 = 0.8;
/// Shortest wait for a threshold that rounding may miss, seconds.
const GRAIN: f64 = 1e-6;
/// What the rounding of many ramps to whole bytes may add up to.
const ROUNDING: u64 = 64 << 10;
