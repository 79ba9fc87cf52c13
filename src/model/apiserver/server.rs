//! One apiserver process as a fluid machine: requests in phases, memory, collector, limits.
//!
//! Between two events every rate is constant. [`Server::settle`] moves the state along the straight
//! lines to an instant, [`Server::refresh`] works out the rates that hold from there, and
//! [`Server::next_event`] the instant at which the first line crosses a threshold: a phase ends, the
//! collector's trigger or the end of its marking, freed pages run out, the scavenger is done, the
//! memory limit is reached.

mod account;
mod backlog;
mod beside;
mod booking;
mod file_pages;
mod pressure;
mod rates;
mod settings;
mod streams;

pub(crate) use beside::HAND_OVERS;
pub use beside::{EtcdRoom, NodeRoom, Victim};
pub(crate) use file_pages::{FILES_OF_OTHERS, STALL};
pub(crate) use rates::COPIES_WAITED_FOR;
pub use settings::{Background, FanOut, Growth, Held, Limits, ServerSettings};

use backlog::Backlog;
use beside::Beside;
use pressure::{Pressed, Pressure, Quota, Shortage};

use std::sync::Arc;

use super::list::touched;
use super::plan::{Holdings, RampKind, RequestPlan, Stage, part_of};
use super::tag::Tag;
use crate::engine::fluid::{ClassId, FluidPool, Joined, PARTS};
use crate::engine::{Purpose, Streams};
use crate::model::costs;
use crate::model::memory::ledger::{EntryId, OwnerId};
use crate::model::memory::pool::SyncPool;
use crate::model::memory::process::ProcessMemory;
use crate::results::Mechanism;
use crate::units::{Bytes, SimSpan, SimTime};

/// Index of a plan in the run's [`Plans`].
pub type PlanId = u32;

/// Every plan of a run; servers share them.
#[derive(Clone, Debug, Default)]
pub struct Plans {
    plans: Vec<RequestPlan>,
}

impl Plans {
    /// Adds a plan.
    pub fn add(&mut self, plan: RequestPlan) -> PlanId {
        self.plans.push(plan);
        (self.plans.len() - 1) as PlanId
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.plans.len()
    }

    /// A plan.
    #[must_use]
    pub fn get(&self, id: PlanId) -> &RequestPlan {
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

    /// Its slot: unique among the requests being served.
    #[must_use]
    pub fn slot(self) -> usize {
        self.slot as usize
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
    /// Whose it is.
    tag: Tag,
    /// Whether it occupies a place under max-in-flight.
    counted: bool,
    /// Answered with 504: its first write will fail.
    given_up: bool,
}

/// A class of the fluid pool: one phase of one plan on this server.
#[derive(Clone, Debug)]
struct PhaseClass {
    plan: PlanId,
    phase: u32,
    /// Response bytes that each member writes.
    wire: Bytes,
    /// Stored bytes of the range that etcd reads for each.
    range: Bytes,
    /// How long that takes etcd now.
    in_etcd: SimSpan,
    /// Bytes that page faults are charged for: large and small.
    touched: (Bytes, Bytes),
    /// Processor time that clients on this machine take from each member.
    clients: SimSpan,
    /// How long each member sleeps above `memory.high`, at the present overage.
    pause: SimSpan,
    /// What each ramp has applied for the present members.
    applied: Vec<u64>,
}

/// Which P runs what: the draws of a server's pools.
const POOL_PLACES: Purpose = Purpose::named("places in pools");

#[derive(Clone, Copy, Debug, Default)]
struct Rates {
    /// Cores used by requests and background.
    cores: f64,
    /// Cores that clients on the same machine use.
    clients: f64,
    /// CPU-seconds of marking a second.
    mark: f64,
    /// Growth of the heap that the collector sees, bytes a second: of small blocks, since large ones count
    /// at once.
    heap: f64,
    /// Bytes touched a second, small and large.
    touched: f64,
    /// Growth of resident memory.
    resident: f64,
    /// Loss of freed pages to small blocks and to the scavenger.
    freed: f64,
    /// Loss of the freed pages that large blocks have to those.
    large_reuse: f64,
    /// Those of the cores that steady load uses.
    background: f64,
    /// Bytes per second that watch streams can have of the network, and whether they want more.
    stream_room: f64,
    wire_bound: bool,
    /// Growth of heap and freed pages together, before the scavenger returns any.
    mapped: f64,
    /// Bytes per second that the scavenger returns.
    scavenge: u64,
    /// CPU time of the longest copy of a large buffer under way.
    copy: SimSpan,
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct Server {
    /// Settings.
    pub settings: Arc<ServerSettings>,
    /// Where its memory ends now.
    limits: Limits,
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
    quota: Option<Quota>,
    beside: Beside,
    pressure: Pressure,
    pressed: Pressed,
    shortage: Shortage,
    /// A running collection cannot end before: the world does not stop in the middle of a copy.
    hold_until: SimTime,
    /// Scratch of [`Server::book_departure`]: bytes by ramp.
    departed: Vec<u64>,
    /// Remainders of the background's bytes, the scavenger's bytes and CPU nanoseconds.
    litter_carry: Vec<u64>,
    growth_carry: Vec<u64>,
    scavenge_carry: u64,
    /// Bytes that ramps have mapped while the scavenger worked, and that are not booked yet.
    mapped: f64,
    cpu_nanos: f64,
    /// Steady load that waits.
    backlog: Backlog,
    peak: (u64, SimTime),
    phase_peak: u64,
    peak_holders: Vec<(EntryId, u64)>,
    /// Response bytes of phases that are over, to their end or broken off.
    written: u64,
    /// Ends of phases, begins and ends of collections so far.
    steps: u64,
    /// Bytes above the limit that a crossing noticed too late has let through: always none.
    overshoot: u64,
    running: bool,
    /// Cut off from its clients: responses stay where they are.
    cut_off: bool,
}

/// A request that has finished all its phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Which.
    pub id: RequestId,
    /// Whose it was.
    pub tag: Tag,
}

impl Server {
    /// A server whose process is not running.
    #[must_use]
    pub fn new(settings: Arc<ServerSettings>, limits: Limits) -> Self {
        let draws = Streams::new(0, 0).stream(POOL_PLACES, 0);
        let pool = SyncPool::new(settings.procs, settings.cores, draws);
        let memory = settings.empty_memory(pool, SimTime::ZERO);
        let quota = settings.cpu_limit.map(Quota::new);
        Self {
            settings,
            limits,
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
            quota,
            beside: Beside::default(),
            pressure: Pressure::default(),
            pressed: Pressed::default(),
            shortage: Shortage::default(),
            hold_until: SimTime::ZERO,
            departed: Vec::new(),
            litter_carry: Vec::new(),
            growth_carry: Vec::new(),
            scavenge_carry: 0,
            mapped: 0.0,
            cpu_nanos: 0.0,
            backlog: Backlog::default(),
            peak: (0, SimTime::ZERO),
            phase_peak: 0,
            peak_holders: Vec::new(),
            written: 0,
            steps: 0,
            overshoot: 0,
            running: false,
            cut_off: false,
        }
    }

    /// Draws from the streams of a replication, as server number `index`.
    pub fn draw_from(&mut self, streams: &Streams, index: u64) {
        self.memory.draw_pool_from(streams.stream(POOL_PLACES, index));
    }

    /// Cuts the server off from its clients, or connects it again.
    pub fn cut_off(&mut self, now: SimTime, cut_off: bool) {
        self.settle(now);
        self.cut_off = cut_off;
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

    /// Bytes written to clients: answers, so far as they have come, and watch events.
    #[must_use]
    pub fn bytes_sent(&self) -> Bytes {
        let under_way =
            |class: &ClassId| part_of(self.classes[*class].wire, self.pool.progress(*class));
        let under_way: u64 = self.pool.active().iter().map(under_way).sum();
        Bytes(self.written + under_way) + self.streamed()
    }

    /// Ends of phases, begins and ends of collections so far: what is behind a tick that is not the
    /// mere crossing of a threshold.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Highest resident memory so far, when, and who held it.
    #[must_use]
    pub fn peak(&self) -> (Bytes, SimTime, &[(EntryId, u64)]) {
        (Bytes(self.peak.0), self.peak.1, &self.peak_holders)
    }

    /// Starts the process: empty but for its binary.
    pub fn boot(&mut self, now: SimTime) {
        self.memory = self.settings.empty_memory(self.memory.pool().of_next_process(), now);
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
        self.beside.stands_still = false;
        self.memory.clear();
        self.backlog.clear();
        for (slot, request) in self.requests.iter_mut().enumerate() {
            if request.alive {
                request.alive = false;
                request.generation += 1;
                let parts = self.pool.leave(request.class, request.joined);
                self.written += part_of(self.classes[request.class].wire, u128::from(parts));
                self.free.push(slot as u32);
            }
        }
        self.classes.iter_mut().for_each(|class| class.applied.fill(0));
        self.in_flight = 0;
        self.rates = Rates::default();
        self.pressure = Pressure::default();
        self.shortage.short = false;
        self.etcd_reads(Bytes::ZERO, now);
        self.quota = self.settings.cpu_limit.map(Quota::new);
    }

    /// Tags of the requests being served of which nothing has been written, in slot order.
    pub fn unanswered<'a>(&'a self, plans: &'a Plans) -> impl Iterator<Item = Tag> + 'a {
        let stage = |r: &Request| plans.get(r.plan).phases[r.phase as usize].stage;
        self.requests
            .iter()
            .filter(move |r| r.alive && matches!(stage(r), Stage::Etcd | Stage::Working))
            .map(|request| request.tag)
    }

    /// Starts a request at `now`. `counted`: it takes a place under max-in-flight.
    pub fn start(
        &mut self,
        plans: &Plans,
        plan: PlanId,
        tag: Tag,
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

    /// Answers a request of which nothing has been written with 504: the handler works on under a
    /// new mark, until its first write fails (docs/facts/watch-cache.md section 6.5).
    pub fn give_up(&mut self, id: RequestId, tag: Tag) {
        let request = &mut self.requests[id.slot as usize];
        request.tag = tag;
        request.given_up = true;
    }

    /// Cuts a request: what it holds becomes garbage.
    pub fn abort(&mut self, plans: &Plans, id: RequestId, now: SimTime) {
        if !self.serves(id) {
            return;
        }
        self.settle(now);
        let request = self.requests[id.slot as usize];
        let parts = self.pool.leave(request.class, request.joined);
        self.written += part_of(self.classes[request.class].wire, u128::from(parts));
        self.book_departure(plans, request.class, parts);
        let phase = request.phase as usize;
        for (ramp, done) in plans.get(request.plan).phases[phase].ramps.iter().zip(&self.departed) {
            if ramp.kind == RampKind::TakeLarge {
                self.memory.forsake(ramp.entry, ramp.bytes, *done);
            }
        }
        let held: Holdings = plans.get(request.plan).holdings_after(phase, &self.departed);
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
        let blocks = phase.ramps.iter().filter(|ramp| ramp.kind == RampKind::TakeLarge);
        blocks.for_each(|ramp| self.memory.allocate(ramp.entry, ramp.bytes));
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
            wire: spec.demand.wire,
            range: spec.range,
            in_etcd: SimSpan::ZERO,
            touched: touched(spec),
            clients: SimSpan::ZERO,
            pause: SimSpan::ZERO,
            applied: vec![0; spec.ramps.len()],
        });
        class
    }

    /// Finishes what ends at `now` (settled to before): phases go on to the next, finished
    /// requests are reported. Returns whether the kernel kills it.
    pub fn process(&mut self, plans: &Plans, now: SimTime, finished: &mut Vec<Finished>) -> bool {
        if !self.moves() {
            return false;
        }
        self.book(plans);
        self.note_overshoot();
        // The kernel kills at the step that passes the limit, not after all of an instant.
        let kill_at = self.kill_at().0;
        while self.memory.resident() <= kill_at
            && let Some((class, packed)) = self.pool.pop_finished()
        {
            let id = RequestId::unpack(packed);
            let request = self.requests[id.slot as usize];
            if !self.serves(id) || request.class != class {
                continue;
            }
            self.steps += 1;
            self.pool.finish(class, request.joined);
            self.written += self.classes[class].wire.0;
            self.book_departure(plans, class, PARTS);
            let plan = plans.get(request.plan);
            for step in &plan.phases[request.phase as usize].end {
                self.memory.step(*step);
            }
            if request.phase as usize + 1 < plan.phases.len() {
                self.requests[id.slot as usize].phase += 1;
                self.enter_phase(plans, id.slot);
                let writes = matches!(self.stage(plans, id), Stage::Streaming | Stage::Writing);
                if request.given_up && writes {
                    self.abort(plans, id, now);
                    finished.push(Finished { id, tag: request.tag });
                }
            } else {
                self.release(id.slot);
                finished.push(Finished { id, tag: request.tag });
            }
        }
        self.note_peak(now);
        self.memory.resident() > kill_at
    }

    /// Ends and begins collections that are due at `now`; whether any did.
    pub fn collect(&mut self, now: SimTime) -> bool {
        if !self.moves() {
            return false;
        }
        let mut changed = false;
        if let Some(marking) = self.memory.heap().marking() {
            if marking.work_left > MARK_DONE || now < self.hold_until {
                return false;
            }
            self.memory.end_cycle(now);
            changed = true;
        }
        let heap = self.memory.heap();
        if self.memory.heap_in_use() >= heap.trigger() || now >= heap.forced_at() {
            let speed = self.settings.hardware.mark_speed();
            self.memory.begin_cycle(now, speed, self.background.writes_per_second);
            changed = true;
        }
        self.steps += u64::from(changed);
        changed
    }

    fn note_peak(&mut self, now: SimTime) {
        let resident = self.memory.resident();
        self.note_all();
        self.phase_peak = self.phase_peak.max(resident);
        if resident > self.peak.0 {
            self.peak = (resident, now);
            self.peak_holders.clear();
            self.peak_holders.extend(self.memory.ledger.entries());
        }
    }

    /// Panics when an invariant does not hold: run by the checkers in tests.
    ///
    /// # Panics
    /// See [`ProcessMemory::check`].
    pub fn check(&self) {
        assert_eq!(self.overshoot, 0, "bytes above the limit before the kernel killed");
        self.backlog.check();
        if !self.running {
            return;
        }
        let used = self.rates.cores + self.rates.clients + self.rates.mark;
        assert!(used <= self.settings.cores * (1.0 + 1e-6), "{used} processors in use");
        self.memory.check();
        self.check_beside();
        let alive = self.requests.iter().filter(|request| request.alive).count() as u64;
        let members: u64 = self.pool.active().iter().map(|c| self.pool.members(*c)).sum();
        assert_eq!(alive, members, "every request is in exactly one class");
    }
}

/// Marking is done below so many CPU-seconds of work left.
const MARK_DONE: f64 = 1e-9;
/// Shortest wait for a threshold that rounding may miss, seconds.
const GRAIN: f64 = 1e-6;
/// What the rounding of many ramps to whole bytes may add up to.
const ROUNDING: u64 = 64 << 10;
