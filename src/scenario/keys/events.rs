//! The keys of events.

use super::{Family, NameForm, any_span, span};
use crate::language::Code;
use crate::language::table::declare::{table, words};
use crate::language::table::typed::{
    CountOrShare, OrWord, Typed, choice, count_or_share, flag, integer, integer_or, name, number,
    per_second, refer,
};
use crate::units::SimSpan;

table! {
    Event = EVENT: "an event";
    /// Its name, and that of the phase it opens.
    name: String = name(NameForm::Free).example("\"rollout\"");
    /// When.
    at: SimSpan = any_span().codes(&[Code::AfterTheEnd]);
    => optional EventAction action {
        /// Starts members of a fleet.
        Start(Start);
        /// Stops members of a fleet.
        Stop(Stop);
        /// Stops and starts members of a fleet.
        Restart(Restart);
        /// Ends an apiserver process, or all of them.
        Kill(Kill);
        /// Restarts the apiservers one after the other.
        Roll(Roll);
        /// Cuts an apiserver or members of a fleet off the network, silently.
        Partition(Partition);
        /// Slows etcd down.
        SlowEtcd(SlowEtcd);
        /// The balancer fails over to its twin, which knows none of the connections.
        Failover(Failover);
        /// Restarts all members of a fleet, a few at a time, as a DaemonSet is updated.
        Rollout(Rollout);
        /// Sets how fast objects of a resource are written.
        Write(Write);
        /// Creates objects of a resource.
        Create(Create);
        /// Deletes objects of a resource.
        Delete(Delete);
        /// etcd loses its quorum.
        EtcdOutage(EtcdOutage);
        /// The members of etcd are defragmented, and answer nobody meanwhile.
        Defragment(Defragment);
        /// The watch caches of an apiserver stop following etcd.
        Lag(Lag);
        /// The audit webhook answers nobody.
        AuditOutage(AuditOutage);
    }
}

const MOVED: Typed<String> = refer(Family::Client).doc("The fleet.");
const MEMBERS: Typed<Option<u32>> = integer(1, 1_000_000)
    .derived_for_some("all")
    .codes(&[Code::MoreThanMembers])
    .doc("Number of members.");
const OVER: Typed<SimSpan> = any_span().default("0s").doc("Spread over this span.");
const LASTS: Typed<SimSpan> = span(SimSpan::millis(1)).doc("How long it lasts.");

table! {
    Start = START: "a start";
    client: String = MOVED;
    count: Option<u32> = MEMBERS;
    over: SimSpan = OVER;
}

table! {
    Stop = STOP: "a stop";
    client: String = MOVED;
    count: Option<u32> = MEMBERS;
}

table! {
    Restart = RESTART: "a restart";
    client: String = MOVED;
    count: Option<u32> = MEMBERS;
    over: SimSpan = OVER;
}

/// How an apiserver ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum KillManner {
    Process,
    Graceful,
    Node,
}

/// What a balancer that fails over does to the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum FailoverManner {
    Reset,
    Silent,
}

words! {
    KillManner { Process = "process", Graceful = "graceful", Node = "node" }
    FailoverManner { Reset = "reset", Silent = "silent" }
}

table! {
    Kill = KILL: "a kill";
    /// Index of the apiserver, from 0, or "all".
    apiserver: OrWord<u16> = integer_or(0, 31, "all").codes(&[Code::NoSuchServer]);
    /// process: SIGKILL, the kernel closes its sockets; graceful: SIGTERM, see the shutdown keys of
    /// [apiserver]; node: its node is lost, and nobody closes anything.
    manner: KillManner = choice().default("process").late();
    /// How long the node is away.
    lasts: Option<SimSpan> =
        span(SimSpan::millis(1)).derived_for_some("it does not come back");
}

table! {
    Roll = ROLL: "a roll";
    /// Time between one server and the next.
    every: SimSpan = any_span();
}

table! {
    Partition = PARTITION: "a partition", one_of required ["apiserver", "client"];
    /// Index of the apiserver, from 0.
    apiserver: Option<u16> = integer(0, 31).optional();
    lasts: SimSpan = LASTS;
    /// The fleet whose members are cut off from all apiservers, together with the processes they
    /// belong to.
    client: Option<String> = refer(Family::Client).optional();
    count: Option<u32> = MEMBERS;
}

table! {
    Failover = FAILOVER: "a failover";
    /// Whether the connections are reset, or lead nowhere from now on.
    manner: FailoverManner = choice();
}

table! {
    Rollout = ROLLOUT: "a rollout";
    client: String = MOVED;
    /// Most members that are down or not yet synced: a number, or a share of the fleet.
    max_unavailable: CountOrShare = count_or_share(1_000_000).default("1");
    /// From the end of a member to the start of its successor.
    start_time: SimSpan = any_span().default("10s");
}

table! {
    SlowEtcd = SLOW_ETCD: "a slow etcd";
    /// Its speed meanwhile: 0.1 is ten times slower.
    speed: f64 = number(0.001, 1.0);
    lasts: SimSpan = LASTS;
}

const WRITTEN: Typed<String> = refer(Family::Resource).doc("The resource.");
const SPREAD: Typed<SimSpan> = span(SimSpan::secs(1)).default("1s").doc("Evenly over this span.");

table! {
    Write = WRITE: "a write rate";
    resource: String = WRITTEN;
    /// Writes from now on.
    rate: f64 = per_second(1e6);
    /// After this the rate is what it was before.
    lasts: Option<SimSpan> = span(SimSpan::millis(1)).derived_for_some("it stays");
}

table! {
    Create = CREATE: "a creation";
    resource: String = WRITTEN;
    /// Number of objects.
    count: u64 = integer(1, 1_000_000_000);
    over: SimSpan = SPREAD;
}

table! {
    Delete = DELETE: "a deletion";
    resource: String = WRITTEN;
    /// Number of objects; at most all that there are.
    count: u64 = integer(1, 1_000_000_000);
    over: SimSpan = SPREAD;
}

table! {
    EtcdOutage = ETCD_OUTAGE: "an outage of etcd";
    lasts: SimSpan = LASTS;
    /// Whether it comes back without the versions that its watchers had reached.
    compacted: bool = flag().default("false");
}

table! {
    Defragment = DEFRAGMENT: "a defragmentation";
    /// Index of the apiserver whose member it is, from 0, or "all", one after the other.
    apiserver: OrWord<u16> = integer_or(0, 31, "all").codes(&[Code::NoSuchServer]);
}

table! {
    AuditOutage = AUDIT_OUTAGE: "an outage of the audit webhook";
    lasts: SimSpan = LASTS;
}

table! {
    Lag = LAG: "a lag";
    /// Index of the apiserver, from 0.
    apiserver: u16 = integer(0, 31);
    lasts: SimSpan = LASTS;
    /// How far behind they are at once.
    behind: SimSpan = any_span().default("0s");
}
