//! Processor sharing on the fluid pool: M/G/1-PS and its relatives.
//!
//! Under processor sharing, the mean time of a customer who needs x of service is x / (1 - load),
//! whatever the law of service times (Kleinrock 1976, volume 2, section 4.4); the number present is
//! geometric. With c servers, of which a customer uses one at most, times and numbers are those of
//! M/M/c, again whatever the law (Cohen 1979).

use oomcast::engine::fluid::{Demand, FluidPool, Joined};
use oomcast::engine::statistics::Moments;
use oomcast::engine::{Stream, Streams};
use oomcast::units::{Bytes, SimSpan, SimTime};

use crate::theory::formulas::mean_wait_mmc;
use crate::theory::law::Law;
use crate::theory::station::SERVICE;

const REPLICATIONS: u32 = 30;
const CUSTOMERS: usize = 8_000;
const WARM_UP: usize = 800;

/// What is shared.
#[derive(Clone, Copy, Debug)]
enum Shared {
    /// So many processors.
    Cores(f64),
    /// A wire that carries a byte a nanosecond.
    Wire,
}

/// A customer of a pool.
#[derive(Clone, Copy, Debug)]
struct Served {
    /// In mean service times.
    needs: f64,
    /// From arrival to departure, likewise.
    stays: f64,
    /// Others present on arrival.
    found: usize,
}

/// Poisson arrivals to a fluid pool; each customer is a class of its own, since each needs another
/// amount.
struct Queue {
    shared: Shared,
    fluid: FluidPool,
    now: SimTime,
    /// By class: service time, arrival, others present, handle.
    customers: Vec<(SimSpan, SimTime, usize, Joined)>,
    present: usize,
    served: Vec<Option<Served>>,
}

impl Queue {
    fn run(shared: Shared, offered: f64, law: Law, streams: Streams) -> Vec<Served> {
        let mut gaps: Stream = streams.stream("gaps", 0);
        let mut services: Stream = streams.stream("services", 0);
        let mut queue = Self {
            shared,
            fluid: FluidPool::default(),
            now: SimTime::ZERO,
            customers: Vec::new(),
            present: 0,
            served: Vec::new(),
        };
        for _ in 0..CUSTOMERS {
            let gap = gaps.exponential(SERVICE.scale(1.0 / offered));
            queue.pass_until(queue.now + gap);
            queue.arrive(law.draw(&mut services, SERVICE));
        }
        queue.pass_until(SimTime::NEVER);
        assert!(queue.present == 0 && queue.fluid.active().is_empty());
        queue.served.into_iter().skip(WARM_UP).map(|c| c.expect("served")).collect()
    }

    fn arrive(&mut self, needs: SimSpan) {
        let demand = match self.shared {
            Shared::Cores(_) => Demand { cpu: needs, ..Demand::default() },
            Shared::Wire => Demand { wire: Bytes(needs.0), ..Demand::default() },
        };
        let class = self.fluid.add_class(demand);
        let joined = self.fluid.join(class, class as u64);
        self.customers.push((needs, self.now, self.present, joined));
        self.served.push(None);
        self.present += 1;
    }

    fn pass_until(&mut self, end: SimTime) {
        loop {
            match self.shared {
                Shared::Cores(cores) => self.fluid.share(cores, 1.0),
                Shared::Wire => self.fluid.share(1.0, 1e9),
            };
            let next = self.fluid.next_finish().map_or(SimTime::NEVER, |span| self.now + span);
            if next > end || next == SimTime::NEVER {
                if end < SimTime::NEVER {
                    self.fluid.advance(end.since(self.now));
                    self.now = end;
                }
                return;
            }
            self.fluid.advance(next.since(self.now));
            self.now = next;
            while let Some((class, _)) = self.fluid.pop_finished() {
                self.depart(class);
            }
        }
    }

    fn depart(&mut self, class: usize) {
        let (needs, arrived, found, joined) = self.customers[class];
        self.fluid.finish(class, joined);
        self.present -= 1;
        let unit = SERVICE.as_secs_f64();
        self.served[class] = Some(Served {
            needs: needs.as_secs_f64() / unit,
            stays: self.now.since(arrived).as_secs_f64() / unit,
            found,
        });
    }
}

fn replicate(shared: Shared, offered: f64, law: Law, seed: u64) -> Vec<Vec<Served>> {
    let run = |replication| Queue::run(shared, offered, law, Streams::new(seed, replication));
    (0..REPLICATIONS).map(run).collect()
}

/// Asserts that the ratio of two sums over the customers is `expected`: within four standard errors
/// over the replications, which must be small.
fn assert_ratio(
    what: &str,
    expected: f64,
    runs: &[Vec<Served>],
    of: impl Fn(&Served) -> Option<(f64, f64)>,
) {
    let ratio = |run: &Vec<Served>| {
        let (above, below) =
            run.iter().filter_map(&of).fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        above / below
    };
    let moments: Moments = runs.iter().map(ratio).collect();
    let z = (moments.mean() - expected) / super::standard_error(&moments);
    assert!(z.abs() < 4.0, "{what}: {} instead of {expected}, z = {z:.1}", moments.mean());
    let precision = super::standard_error(&moments) / expected;
    assert!(precision < 0.05, "{what}: known to ±{precision:.3} only, too little to test");
}

/// E[T | x] = x / (1 - load), for small and for large customers, for every law.
#[test]
fn the_time_is_proportional_to_the_need() {
    for (seed, law) in (0..).zip(Law::ALL) {
        for (load, seed) in [(0.5, seed), (0.7, seed + 100)] {
            let runs = replicate(Shared::Cores(1.0), load, law, seed);
            let slowdown = 1.0 / (1.0 - load);
            let name = format!("{law:?} at {load}");
            assert_ratio(&name, slowdown, &runs, |c| Some((c.stays, c.needs)));
            if matches!(law, Law::Deterministic) {
                continue;
            }
            for (what, from, to) in [("small", 0.0, 0.7), ("large", 1.3, f64::INFINITY)] {
                assert_ratio(&format!("{name}, {what}"), slowdown, &runs, |c| {
                    (from..to).contains(&c.needs).then_some((c.stays, c.needs))
                });
            }
        }
    }
}

/// The number present is geometric, whatever the law.
#[test]
fn the_number_present_is_geometric() {
    let load = 0.6;
    for (seed, law) in (200..).zip(Law::ALL) {
        let runs = replicate(Shared::Cores(1.0), load, law, seed);
        for (k, expected) in [(0, 1.0 - load), (1, load * (1.0 - load)), (3, 0.4 * 0.216)] {
            assert_ratio(&format!("{law:?}, P(N = {k})"), expected, &runs, |c| {
                Some((f64::from(u8::from(c.found == k)), 1.0))
            });
        }
    }
}

/// Processors of which an activity uses one at most: the mean time is that of M/M/c.
#[test]
fn several_processors() {
    for (seed, (cores, load)) in (300..).zip([(2, 0.7), (4, 0.8), (8, 0.6)]) {
        let offered = load * f64::from(cores);
        let expected = 1.0 + mean_wait_mmc(cores, offered);
        for (law, seed) in
            [(Law::Exponential, seed), (Law::Uniform, seed + 10), (Law::Lognormal, seed + 20)]
        {
            let runs = replicate(Shared::Cores(f64::from(cores)), offered, law, seed);
            let name = format!("{law:?} on {cores} cores");
            assert_ratio(&name, expected, &runs, |c| Some((c.stays, c.needs)));
        }
    }
}

/// Enough processors for all: nobody waits for anybody.
#[test]
fn endless_processors() {
    for law in Law::ALL {
        for run in replicate(Shared::Cores(1e6), 5.0, law, 400).into_iter().take(3) {
            let unit = SERVICE.as_secs_f64();
            let off = run.iter().map(|c| (c.stays - c.needs) * unit * 1e9).fold(0.0, f64::max);
            assert!(off <= 2.0, "{law:?}: {off} ns late");
        }
    }
}

/// The wire is shared like a processor.
#[test]
fn the_wire() {
    for (seed, law) in (500..).zip([Law::Exponential, Law::Uniform, Law::Hyperexponential]) {
        let runs = replicate(Shared::Wire, 0.6, law, seed);
        assert_ratio(&format!("wire, {law:?}"), 2.5, &runs, |c| Some((c.stays, c.needs)));
    }
}
