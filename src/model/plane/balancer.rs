//! The L4 balancer: which server a new connection goes to, and health checks with rise and fall.
//!
//! Connections are sticky: nothing moves one that is open (docs/facts/clients.md section 5.1). The
//! balancer forgets a dead server only after `fall` checks, and until then sends connections there
//! that are refused.

use crate::model::ids::{ServerId, Table};
use crate::model::input::{BalancerInput, BalancerPolicy};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Backend {
    in_rotation: bool,
    /// Checks in a row that disagree with `in_rotation`.
    against: u32,
    connections: u64,
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct Balancer {
    input: BalancerInput,
    backends: Table<ServerId, Backend>,
    turn: usize,
}

impl Balancer {
    /// A balancer over `servers` backends, all in rotation or none.
    #[must_use]
    pub fn new(input: BalancerInput, servers: usize, in_rotation: bool) -> Self {
        let backend = Backend { in_rotation, against: 0, connections: 0 };
        Self { input, backends: Table::filled(backend, servers), turn: 0 }
    }

    /// The server for a new connection; `None` when none is in rotation. `draw` decides for the
    /// random policy.
    pub fn pick(&mut self, draw: u64) -> Option<ServerId> {
        let candidates = self.backends.iter().filter(|b| b.in_rotation).count();
        if candidates == 0 {
            return None;
        }
        let nth = |n: usize| {
            let alive = self.backends.pairs().filter(|(_, b)| b.in_rotation);
            alive.map(|(server, _)| server).nth(n)
        };
        match self.input.policy {
            BalancerPolicy::LeastConnections => {
                let alive = self.backends.pairs().filter(|(_, b)| b.in_rotation);
                alive.min_by_key(|(server, b)| (b.connections, *server)).map(|(server, _)| server)
            }
            BalancerPolicy::RoundRobin => {
                self.turn = (self.turn + 1) % candidates;
                nth(self.turn)
            }
            BalancerPolicy::Random => nth((draw % candidates as u64) as usize),
        }
    }

    /// So many connections to the server opened.
    pub fn connected(&mut self, server: ServerId, count: u32) {
        self.backends[server].connections += u64::from(count);
    }

    /// So many connections to the server closed.
    pub fn disconnected(&mut self, server: ServerId, count: u32) {
        let connections = &mut self.backends[server].connections;
        *connections = connections.saturating_sub(u64::from(count));
    }

    /// Connections open to the server.
    #[must_use]
    pub fn connections(&self, server: ServerId) -> u64 {
        self.backends[server].connections
    }

    /// Whether the server is in rotation.
    #[must_use]
    pub fn in_rotation(&self, server: ServerId) -> bool {
        self.backends[server].in_rotation
    }

    /// A health check passed or failed. Returns the new state when it changed.
    pub fn check(&mut self, server: ServerId, healthy: bool) -> Option<bool> {
        let backend = &mut self.backends[server];
        if healthy == backend.in_rotation {
            backend.against = 0;
            return None;
        }
        backend.against += 1;
        let needed = if healthy { self.input.rise } else { self.input.fall };
        if backend.against < needed.max(1) {
            return None;
        }
        backend.in_rotation = healthy;
        backend.against = 0;
        Some(healthy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::input::{HealthCheck, OnFailure};
    use crate::units::SimSpan;

    fn balancer(policy: BalancerPolicy) -> Balancer {
        let input = BalancerInput {
            policy,
            check_interval: SimSpan::secs(2),
            fall: 3,
            rise: 2,
            on_failure: OnFailure::default(),
            check: HealthCheck::default(),
        };
        Balancer::new(input, 3, true)
    }

    #[test]
    fn least_connections_spreads_evenly() {
        let mut balancer = balancer(BalancerPolicy::LeastConnections);
        for _ in 0..30 {
            let server = balancer.pick(0).expect("in rotation");
            balancer.connected(server, 1);
        }
        assert!((0..3).all(|server| balancer.connections(ServerId(server)) == 10));
    }

    #[test]
    fn falls_after_three_and_rises_after_two() {
        let mut balancer = balancer(BalancerPolicy::RoundRobin);
        let fall: Vec<_> = (0..3).map(|_| balancer.check(ServerId(1), false)).collect();
        assert_eq!(fall, [None, None, Some(false)]);
        assert!((0..20).all(|_| balancer.pick(0) != Some(ServerId(1))));
        let rise: Vec<_> = (0..2).map(|_| balancer.check(ServerId(1), true)).collect();
        assert_eq!(rise, [None, Some(true)]);
        for server in [0, 1, 2, 0, 1, 2, 0, 1, 2] {
            let _ = balancer.check(ServerId(server), false);
        }
        assert_eq!(balancer.pick(0), None);
    }
}
