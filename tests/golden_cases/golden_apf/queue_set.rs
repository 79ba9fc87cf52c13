//! `apf-queueset`: replays each trace on a queue set with an agenda of (time, serial number).

use std::collections::BTreeMap;

use oomcast::model::apf::queue_set::{Phase, QueueSet, Queuing, RejectReason, RequestId, Start};
use oomcast::model::apf::seat_seconds::SeatSeconds;
use oomcast::model::apf::work_estimate::WorkEstimate;
use oomcast::units::{SimSpan, SimTime};
use serde::Deserialize;

use super::doubles::same;
use crate::cases::check_all;

#[derive(Deserialize)]
struct Shape {
    queues: i64,
    hand: usize,
    qlen: u64,
    limit: u64,
}

#[derive(Deserialize)]
struct Change {
    t: u64,
    #[serde(flatten)]
    shape: Shape,
}

#[derive(Deserialize)]
struct Request {
    t: u64,
    h: u64,
    is: u64,
    fs: u64,
    al: u64,
    ex: u64,
    c: Option<u64>,
    out: String,
    q: Option<i64>,
    d: Option<u64>,
    dr: Option<u64>,
    efs: Option<u64>,
    eal: Option<u64>,
    w: Option<u64>,
}

#[derive(Deserialize)]
struct Demand {
    t: u64,
    dur: f64,
    avg: Option<f64>,
    dev: Option<f64>,
    min: f64,
    max: f64,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snap {
    n: u64,
    t: u64,
    lt: u64,
    #[serde(rename = "R")]
    r: u64,
    wait: u64,
    exec: u64,
    seats: u64,
    wseats: u64,
    rej: u64,
    canc: u64,
    robin: i64,
    enq: u64,
    nq: usize,
    qs: Vec<[u64; 8]>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    cfg: Shape,
    r0: u64,
    chg: Vec<Change>,
    probe: Vec<u64>,
    reqs: Vec<Request>,
    order: Vec<usize>,
    events: u64,
    end: u64,
    demand: Vec<Demand>,
    snaps: Vec<Snap>,
}

#[derive(Clone, Copy)]
enum Event {
    Arrive(usize),
    Cancel(usize),
    Change(usize),
    Probe(usize),
    Finish(usize),
    EndLinger(usize),
}

/// What became of a request in the replay.
#[derive(Default)]
struct Outcome {
    out: &'static str,
    id: Option<RequestId>,
}

struct Replay<'a> {
    case: &'a Case,
    set: QueueSet,
    agenda: BTreeMap<(u64, u64), Event>,
    serial: u64,
    outcomes: Vec<Outcome>,
    order: Vec<usize>,
}

fn queuing(shape: &Shape) -> Queuing {
    match usize::try_from(shape.queues) {
        Err(_) => Queuing::Exempt,
        Ok(0) => Queuing::Reject,
        Ok(queues) => {
            Queuing::Queue { queues, hand_size: shape.hand, queue_length_limit: shape.qlen }
        }
    }
}

impl<'a> Replay<'a> {
    fn new(case: &'a Case) -> Self {
        let mut set = QueueSet::new(queuing(&case.cfg), case.cfg.limit, SimTime::ZERO)
            .expect("shapes of the data are possible");
        set.set_current_r(SeatSeconds(case.r0));
        let mut replay = Self {
            case,
            set,
            agenda: BTreeMap::new(),
            serial: 0,
            outcomes: case.reqs.iter().map(|_| Outcome::default()).collect(),
            order: Vec::new(),
        };
        for (i, request) in case.reqs.iter().enumerate() {
            replay.enter(request.t, Event::Arrive(i));
            if let Some(c) = request.c {
                replay.enter(c, Event::Cancel(i));
            }
        }
        for (i, change) in case.chg.iter().enumerate() {
            replay.enter(change.t, Event::Change(i));
        }
        for (i, &t) in case.probe.iter().enumerate() {
            replay.enter(t, Event::Probe(i));
        }
        replay
    }

    fn enter(&mut self, t: u64, event: Event) {
        self.agenda.insert((t, self.serial), event);
        self.serial += 1;
    }

    fn arrive(&mut self, now: SimTime, i: usize) {
        let request = &self.case.reqs[i];
        let estimate = WorkEstimate {
            initial_seats: request.is,
            final_seats: request.fs,
            additional_latency: SimSpan(request.al),
        };
        let start = self.set.start_request(now, request.h, &estimate, i as u64);
        let (out, id, queue) = match start {
            Start::Accepted { id, queue } => ("waiting", Some(id), queue),
            Start::Rejected { reason, queue } => {
                let out = match reason {
                    RejectReason::QueueFull => "queue-full",
                    RejectReason::ConcurrencyLimit => "concurrency-limit",
                };
                (out, None, queue)
            }
        };
        let queue = queue.map_or(-1, |q| i64::try_from(q).expect("few queues"));
        assert_eq!(Some(queue), request.q, "{} request {i}: queue", self.case.id);
        self.outcomes[i] = Outcome { out, id };
    }

    fn probe(&mut self, now: SimTime, i: usize) {
        let theirs = &self.case.demand[i];
        let ours = self.set.reset_demand(now);
        let equal = theirs.t == now.0
            && same(ours.duration, Some(theirs.dur))
            && same(ours.average, theirs.avg)
            && same(ours.deviation, theirs.dev)
            && same(ours.min, Some(theirs.min))
            && same(ours.max, Some(theirs.max));
        assert!(equal, "{} probe {i}: {ours:?}", self.case.id);
    }

    fn step(&mut self, t: u64, event: Event) {
        let now = SimTime(t);
        match event {
            Event::Arrive(i) => self.arrive(now, i),
            Event::Cancel(i) => {
                if let Some(id) = self.outcomes[i].id
                    && self.set.cancel(now, id)
                {
                    self.outcomes[i].out = "cancelled";
                }
            }
            Event::Change(i) => {
                let shape = &self.case.chg[i].shape;
                self.set
                    .configure(now, queuing(shape), shape.limit)
                    .expect("shapes of the data are possible");
            }
            Event::Probe(i) => self.probe(now, i),
            Event::Finish(i) => {
                if let Some(id) = self.outcomes[i].id
                    && let Some(until) = self.set.finish(now, id)
                {
                    self.enter(until.0, Event::EndLinger(i));
                }
            }
            Event::EndLinger(i) => {
                if let Some(id) = self.outcomes[i].id {
                    self.set.end_linger(now, id);
                }
            }
        }
        while let Some(id) = self.set.next_dispatched() {
            self.dispatched(now, id);
        }
    }

    fn dispatched(&mut self, now: SimTime, id: RequestId) {
        let request = self.set.request(id).expect("it executes");
        assert_eq!(request.phase, Phase::Executing);
        let i = usize::try_from(request.key).expect("an index");
        let theirs = &self.case.reqs[i];
        let label = format!("{} request {i}", self.case.id);
        assert_eq!(Some(now.0), theirs.d, "{label}: time of dispatch");
        assert_eq!(Some(self.set.current_r().0), theirs.dr, "{label}: R");
        assert_eq!(Some(request.estimate.final_seats), theirs.efs, "{label}");
        let latency = request.estimate.additional_latency.0;
        assert_eq!(Some(latency), theirs.eal, "{label}: latency");
        assert_eq!(Some(request.total_work.0), theirs.w, "{label}: work");
        self.outcomes[i].out = "executed";
        self.order.push(i);
        self.enter(now.0 + theirs.ex, Event::Finish(i));
    }

    fn snap(&self, n: u64, t: u64) -> Snap {
        let totals = self.set.totals();
        let queues = self.set.queues();
        let describe = |(i, q): (usize, &oomcast::model::apf::queue_set::Queue)| {
            let sum = &q.sum;
            let busy = q.is_active() || q.seats_in_use > 0;
            busy.then_some([
                i as u64,
                q.next_dispatch_r.0,
                q.waiting,
                q.executing,
                q.seats_in_use,
                sum.initial_seats,
                sum.max_seats,
                sum.total_work.0,
            ])
        };
        let robin = self.set.robin_index();
        Snap {
            n,
            t,
            lt: self.set.last_real_time().0,
            r: self.set.current_r().0,
            wait: totals.waiting,
            exec: totals.executing,
            seats: totals.seats_in_use,
            wseats: totals.seats_waiting,
            rej: totals.rejected,
            canc: totals.cancelled,
            robin: robin.map_or(-1, |index| i64::try_from(index).expect("few queues")),
            enq: totals.enqueues,
            nq: queues.len(),
            qs: queues.iter().enumerate().filter_map(describe).collect(),
        }
    }
}

fn check(case: &Case) {
    let id = &case.id;
    let mut replay = Replay::new(case);
    let mut events = 0;
    let mut end = 0;
    let mut snaps = case.snaps.iter();
    while let Some(((t, _), event)) = replay.agenda.pop_first() {
        replay.step(t, event);
        events += 1;
        end = t;
        if events % 50 == 0 {
            assert_eq!(Some(&replay.snap(events, t)), snaps.next(), "{id}");
        }
    }
    // Once more after the last event, also when that was a fiftieth.
    assert_eq!(Some(&replay.snap(events, end)), snaps.next(), "{id}");
    assert_eq!(snaps.next(), None, "{id}");
    assert_eq!((events, end), (case.events, case.end), "{id}: events, end");
    assert_eq!(replay.order, case.order, "{id}: order of dispatch");
    for (i, (ours, theirs)) in replay.outcomes.iter().zip(&case.reqs).enumerate() {
        assert_eq!(ours.out, theirs.out, "{id} request {i}");
    }
}

#[test]
fn golden_queue_set() {
    check_all("apf-queueset.jsonl", check);
}
