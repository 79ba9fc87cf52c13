//! Closed formulas of queueing theory (Kleinrock, *Queueing Systems*, volume 1, 1975).

/// Erlang B: the probability that all of `servers` are busy when nobody waits, `offered` being the
/// arrival rate × mean service time. By the recursion over the number of servers, which is stable.
pub(crate) fn erlang_b(servers: u32, offered: f64) -> f64 {
    (1..=servers).fold(1.0, |blocked, k| offered * blocked / (f64::from(k) + offered * blocked))
}

/// Erlang C: the probability of having to wait in an M/M/c station.
pub(crate) fn erlang_c(servers: u32, offered: f64) -> f64 {
    let blocked = erlang_b(servers, offered);
    let load = offered / f64::from(servers);
    blocked / (1.0 - load * (1.0 - blocked))
}

/// The mean wait in an M/M/c station, in mean service times.
pub(crate) fn mean_wait_mmc(servers: u32, offered: f64) -> f64 {
    erlang_c(servers, offered) / (f64::from(servers) - offered)
}

/// Pollaczek and Khinchine: the mean wait in an M/G/1 station in order of arrival, in mean service
/// times; `second_moment` of the service time in the same unit.
pub(crate) fn mean_wait_mg1(load: f64, second_moment: f64) -> f64 {
    load * second_moment / (2.0 * (1.0 - load))
}

/// The Poisson probability of `k`.
pub(crate) fn poisson(mean: f64, k: u32) -> f64 {
    (1..=k).fold((-mean).exp(), |p, i| p * mean / f64::from(i))
}

#[test]
fn formulas_match_published_values() {
    let close = |value: f64, expected: f64| assert!((value - expected).abs() < 1e-6, "{value}");
    close(erlang_c(1, 0.9), 0.9);
    close(erlang_c(8, 7.2), 0.701_533);
    close(mean_wait_mmc(8, 7.2), 0.876_916);
    close(erlang_c(100, 95.0), 0.506_457);
    close(mean_wait_mmc(100, 95.0), 0.101_291);
    // One server, exponential service: both formulas for the mean wait.
    close(mean_wait_mg1(0.9, 2.0), mean_wait_mmc(1, 0.9));
    // With two servers: a² / 2 / (1 + a + a² / 2).
    close(erlang_b(2, 1.0), 0.2);
    close((0..60).map(|k| poisson(9.0, k)).sum(), 1.0);
}
