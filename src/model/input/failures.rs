//! Inputs of connections and of what befalls servers: how they end, and what their clients hear of it.

use super::FleetId;
use crate::units::SimSpan;

/// What a server does when it is asked to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShutdownInput {
    /// `--shutdown-delay-duration`: `/readyz` fails, serving goes on.
    pub delay: SimSpan,
    /// `--shutdown-watch-termination-grace-period`: watches are closed over this span.
    pub watch_grace: SimSpan,
    /// `--shutdown-send-retry-after`: requests that come after the delay are sent elsewhere.
    pub send_retry_after: bool,
}

impl ShutdownInput {
    /// Whether a server that is asked to end takes its time.
    #[must_use]
    pub fn takes_time(&self) -> bool {
        *self != Self::default()
    }
}

/// What the balancer does with the connections to a server that it takes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// Nothing.
    #[default]
    Leave,
    /// Resets them (haproxy: `on-marked-down shutdown-sessions`).
    Reset,
}

/// Which health check the balancer makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HealthCheck {
    /// `/readyz`: the informers of the server itself have synced, and it is not about to end.
    #[default]
    Readyz,
    /// `/livez`, the older `/healthz`, or a connection alone: it listens, whatever its caches hold.
    Livez,
}

/// The connections of a fleet's members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionsInput {
    /// The fleet whose connections these members use: they are reflectors of the same
    /// processes. It has connections of its own.
    pub of: Option<FleetId>,
    /// TCP connections a member holds, at least 1, all to one server.
    pub count: u32,
}

impl Default for ConnectionsInput {
    fn default() -> Self {
        Self { of: None, count: 1 }
    }
}

/// How a process ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// SIGKILL: the kernel closes its sockets.
    #[default]
    Process,
    /// SIGTERM: it shuts down ([`ShutdownInput`]).
    Graceful,
    /// With its node: nobody closes anything.
    Node {
        /// Until the node is back; `None`: not within the run.
        lasts: Option<SimSpan>,
    },
}

/// `maxUnavailable` of a rolling update.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxUnavailable {
    /// So many.
    Count(u32),
    /// This share of the members, 0 to 1, rounded up as Kubernetes does.
    Share(f64),
}

impl MaxUnavailable {
    /// The number for a fleet of `members`: at least one.
    #[must_use]
    pub fn of(self, members: u32) -> u32 {
        let most = match self {
            Self::Count(count) => count,
            Self::Share(share) => (f64::from(members) * share).ceil() as u32,
        };
        most.clamp(1, members.max(1))
    }
}
