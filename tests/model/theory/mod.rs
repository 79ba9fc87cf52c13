//! The engine against queueing theory: stations built on `EventQueue` and `Streams`, whose behaviour
//! has a closed formula.
//!
//! A mean over independent replications must lie within four of its standard errors of the formula,
//! and the standard error must be small enough for that to mean something. Seeds are fixed, so a test
//! that passes once passes always. Little's law needs no tolerance: it is an identity, in nanoseconds.

mod fluid_pool;
mod formulas;
mod law;
mod littles_law;
mod processor_sharing;
mod queues;
mod station;
mod time_weighted;

use oomcast::engine::Streams;
use oomcast::engine::statistics::Moments;
use station::{Customer, Station};

/// Independent replications per comparison.
const REPLICATIONS: u32 = 40;
/// Arrivals per replication.
const CUSTOMERS: u32 = 30_000;
/// Arrivals of a replication that are left out: the station starts empty, which is not typical.
const WARM_UP: usize = 4_000;

/// The standard error of a mean.
fn standard_error(sample: &Moments) -> f64 {
    (sample.variance() / sample.count() as f64).sqrt()
}

/// Runs the replications of a station; gives the customers after the warm-up of each.
fn replicate(station: Station, seed: u64) -> Vec<Vec<Customer>> {
    let run = |replication| {
        let mut customers = station.run(Streams::new(seed, replication), CUSTOMERS).customers;
        customers.drain(..WARM_UP);
        customers
    };
    (0..REPLICATIONS).map(run).collect()
}

/// Asserts that the average of `quantity` over all customers is `expected`.
fn assert_average(
    what: &str,
    expected: f64,
    replications: &[Vec<Customer>],
    quantity: impl Fn(&Customer) -> f64,
) {
    let average = |customers: &Vec<Customer>| {
        customers.iter().map(&quantity).sum::<f64>() / customers.len() as f64
    };
    let moments: Moments = replications.iter().map(average).collect();
    let z = (moments.mean() - expected) / standard_error(&moments);
    assert!(z.abs() < 4.0, "{what}: {} instead of {expected}, z = {z:.1}", moments.mean());
    let precision = standard_error(&moments) / expected;
    assert!(precision < 0.05, "{what}: known to ±{precision:.3} only, too little to test");
}

/// 1 if true: its average is a probability.
fn indicator(condition: bool) -> f64 {
    f64::from(u8::from(condition))
}
