//! Stations with a closed formula.

use crate::theory::formulas::{erlang_b, erlang_c, mean_wait_mg1, mean_wait_mmc, poisson};
use crate::theory::law::Law;
use crate::theory::station::{Customer, Station};
use crate::theory::{assert_average, indicator, replicate};

/// M/M/c: how many have to wait, and how long.
fn assert_mmc(servers: u32, load: f64, seed: u64) {
    let offered = load * f64::from(servers);
    let runs = replicate(Station::new(servers as usize, offered, Law::Exponential), seed);
    let name = format!("M/M/{servers} at {load}");
    assert_average(
        &format!("{name}, share that waits"),
        erlang_c(servers, offered),
        &runs,
        |customer| indicator(customer.wait() > 0.0),
    );
    assert_average(
        &format!("{name}, mean wait"),
        mean_wait_mmc(servers, offered),
        &runs,
        Customer::wait,
    );
}

#[test]
fn mm1() {
    assert_mmc(1, 0.5, 1);
    assert_mmc(1, 0.7, 2);
    assert_mmc(1, 0.9, 3);
}

#[test]
fn mm1_number_present_is_geometric() {
    let load = 0.7;
    let runs = replicate(Station::new(1, load, Law::Exponential), 4);
    for k in [0, 1, 2, 5] {
        let expected = (1.0 - load) * load.powi(k);
        assert_average(&format!("P(N = {k})"), expected, &runs, |customer| {
            indicator(customer.found == k as u64)
        });
    }
}

#[test]
fn mmc_erlang_c() {
    assert_mmc(8, 0.9, 5);
    assert_mmc(20, 0.9, 6);
}

#[test]
fn mg1_pollaczek_khinchine() {
    for (seed, law) in (10..).zip(Law::ALL) {
        let load = 0.7;
        let runs = replicate(Station::new(1, load, law), seed);
        let expected = mean_wait_mg1(load, law.second_moment());
        assert_average(&format!("M/G/1, {law:?}"), expected, &runs, Customer::wait);
    }
}

/// The number in flight without any limit is Poisson, whatever the law of the service times.
#[test]
fn mg_infinity_is_poisson() {
    for (seed, law) in (20..).zip(Law::ALL) {
        let offered = 5.0;
        let runs = replicate(Station::new(usize::MAX, offered, law), seed);
        let name = format!("M/G/infinity, {law:?}");
        let found = |customer: &Customer| customer.found as f64;
        assert_average(&format!("{name}, mean"), offered, &runs, found);
        let second_moment = offered + offered * offered;
        assert_average(&format!("{name}, E[N²]"), second_moment, &runs, |customer| {
            found(customer).powi(2)
        });
        for k in [1, 4, 9] {
            assert_average(
                &format!("{name}, P(N = {k})"),
                poisson(offered, k),
                &runs,
                |customer| indicator(customer.found == u64::from(k)),
            );
        }
    }
}

/// Without a waiting room the share turned away depends on the mean service time only.
#[test]
fn mgcc_erlang_b() {
    for (seed, law) in (30..).zip(Law::ALL) {
        let station = Station { waiting_room: 0, ..Station::new(10, 8.0, law) };
        let runs = replicate(station, seed);
        assert_average(&format!("M/G/10/10, {law:?}"), erlang_b(10, 8.0), &runs, |customer| {
            indicator(customer.turned_away)
        });
    }
}
