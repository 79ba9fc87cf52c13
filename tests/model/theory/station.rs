//! A service station: Poisson arrivals, a first-come-first-served waiting room, equal servers.

use std::collections::VecDeque;

use oomcast::engine::{EventQueue, Stream, Streams};
use oomcast::units::{SimSpan, SimTime};

use crate::theory::law::Law;

use super::time_weighted::TimeWeighted;

/// The mean service time of every station: formulas are in units of it.
pub(crate) const SERVICE: SimSpan = SimSpan::millis(10);

/// A station in Kendall's M/G/c/K, its load given by `offered` = arrival rate × mean service time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Station {
    pub(crate) servers: usize,
    /// How many may wait; one more is turned away.
    pub(crate) waiting_room: usize,
    pub(crate) offered: f64,
    pub(crate) law: Law,
}

impl Station {
    /// A station where nobody is turned away.
    pub(crate) const fn new(servers: usize, offered: f64, law: Law) -> Self {
        Self { servers, waiting_room: usize::MAX, offered, law }
    }

    /// Simulates from the first arrival until `customers` have come and all have gone again.
    pub(crate) fn run(self, streams: Streams, customers: u32) -> Run {
        let mut run = Run::new(self, streams);
        let mut queue = EventQueue::new();
        queue.push(SimTime::ZERO, Event::Arrive);
        while let Some((now, event)) = queue.pop() {
            match event {
                Event::Arrive => {
                    run.arrive(now, &mut queue);
                    if run.customers.len() < customers as usize {
                        let next = now + run.gaps.exponential(SERVICE.scale(1.0 / self.offered));
                        queue.push(next, Event::Arrive);
                    }
                }
                Event::Leave(customer) => run.leave(now, customer, &mut queue),
            }
            run.check_littles_law(now);
        }
        assert!(run.in_service.value() == 0 && run.waiting.value() == 0);
        run
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Arrive,
    /// The customer of this number leaves.
    Leave(u32),
}

/// What became of one customer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Customer {
    arrived: SimTime,
    /// Customers present on arrival, this one not counted.
    pub(crate) found: u64,
    pub(crate) turned_away: bool,
    wait: SimSpan,
    service: SimSpan,
    /// Something the customer holds from arrival to departure, such as bytes.
    holds: u64,
}

impl Customer {
    /// The wait in mean service times.
    pub(crate) fn wait(&self) -> f64 {
        self.wait.as_secs_f64() / SERVICE.as_secs_f64()
    }
}

/// The course of one simulation.
#[derive(Debug)]
pub(crate) struct Run {
    station: Station,
    gaps: Stream,
    services: Stream,
    holdings: Stream,
    pub(crate) customers: Vec<Customer>,
    line: VecDeque<u32>,
    waiting: TimeWeighted,
    in_service: TimeWeighted,
    held: TimeWeighted,
    /// Of the customers that have left: Σ wait, Σ service, Σ held × stay.
    left: [u128; 3],
    /// How often the station was empty, that is how often Little's law was asserted.
    pub(crate) times_empty: u32,
}

impl Run {
    fn new(station: Station, streams: Streams) -> Self {
        let nothing = TimeWeighted::new(SimTime::ZERO, 0);
        Self {
            station,
            gaps: streams.stream("gaps", 0),
            services: streams.stream("services", 0),
            holdings: streams.stream("holdings", 0),
            customers: Vec::new(),
            line: VecDeque::new(),
            waiting: nothing,
            in_service: nothing,
            held: nothing,
            left: [0; 3],
            times_empty: 0,
        }
    }

    fn arrive(&mut self, now: SimTime, queue: &mut EventQueue<Event>) {
        let id = self.customers.len() as u32;
        let server_free = self.in_service.value() < self.station.servers as u64;
        let turned_away = !server_free && self.line.len() >= self.station.waiting_room;
        let customer = Customer {
            arrived: now,
            found: self.waiting.value() + self.in_service.value(),
            turned_away,
            wait: SimSpan::ZERO,
            service: self.station.law.draw(&mut self.services, SERVICE),
            holds: self.holdings.below(1 << 30),
        };
        self.customers.push(customer);
        if turned_away {
            return;
        }
        self.held.add(now, customer.holds);
        if server_free {
            self.serve(now, id, queue);
        } else {
            self.line.push_back(id);
            self.waiting.add(now, 1);
        }
    }

    fn serve(&mut self, now: SimTime, id: u32, queue: &mut EventQueue<Event>) {
        self.in_service.add(now, 1);
        let customer = &mut self.customers[id as usize];
        customer.wait = now.since(customer.arrived);
        queue.push(now + customer.service, Event::Leave(id));
    }

    fn leave(&mut self, now: SimTime, id: u32, queue: &mut EventQueue<Event>) {
        let customer = self.customers[id as usize];
        let stay = customer.wait + customer.service;
        assert_eq!(stay, now.since(customer.arrived));
        self.left[0] += u128::from(customer.wait.0);
        self.left[1] += u128::from(customer.service.0);
        self.left[2] += u128::from(customer.holds) * u128::from(stay.0);
        self.held.sub(now, customer.holds);
        self.in_service.sub(now, 1);
        if let Some(next) = self.line.pop_front() {
            self.waiting.sub(now, 1);
            self.serve(now, next, queue);
        }
    }

    /// Little's law over the window from the beginning, whenever the station is empty: the integral of
    /// a number (or of a sum held) is the sum of the stays, to the nanosecond.
    fn check_littles_law(&mut self, now: SimTime) {
        if self.waiting.value() + self.in_service.value() > 0 {
            return;
        }
        let integrals = [&self.waiting, &self.in_service, &self.held].map(|n| n.integral(now));
        assert_eq!(integrals, self.left);
        self.times_empty += 1;
    }
}
