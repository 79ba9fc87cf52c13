//! Why a key can change nothing: one table over the keys.
//!
//! A row says what of the scenario makes its keys idle. Where no row tells, the scenario would feel the key,
//! but the runs did not come to where it counts: that is the last column.

use crate::model::ids::FleetId;
use crate::model::input::{Action, FleetInput, Inputs};
use crate::scenario::Scenario;

/// What is asked of a scenario: whether it makes the key idle; with the client that the key is of.
type Idle = fn(&Inputs, Option<&FleetInput>) -> bool;

/// Keys by their beginnings (of those of a client what follows its name), what makes them idle, and how one
/// says so. The first row that holds counts.
const ROWS: [(&[&str], Idle, &str); 17] = [
    (&["clients."], never_starts, "no event starts the client"),
    (&["clients.start-jitter"], one_member, "the client has one member"),
    (&["balancer."], one_server, "there is one server"),
    (&["apiserver.goaway-chance"], one_server, "there is one server"),
    (&["apf."], without_apf, "API Priority and Fairness is off"),
    (
        &["clients.flow-schema", "clients.user", "clients.groups"],
        without_apf,
        "API Priority and Fairness is off",
    ),
    (&["apiserver.shutdown-"], nobody_ends, "no event asks a server to end"),
    (&["etcd.progress-notify-interval"], nobody_writes, "nothing is written"),
    (
        &["clients.drain-rate", "clients.decode-rate"],
        always,
        "its clients never took less than came",
    ),
    (&["hardware.network"], always, "answers and watch events never wanted more than that"),
    (&["apiserver.memory-high"], always, "no server came above that"),
    (
        &["apiserver.cpu-limit", "apiserver.gomaxprocs", "node.cores"],
        always,
        "no server wanted more processors",
    ),
    (&["apiserver.gomemlimit"], always, "no heap came near it"),
    (&["apiserver.request-timeout"], always, "no request took that long"),
    (&["apiserver.max-"], always, "there were never that many requests at once"),
    (&["apf."], always, "no request waited or was rejected"),
    (&["clients.retries"], always, "none of its calls failed"),
];

fn always(_: &Inputs, _: Option<&FleetInput>) -> bool {
    true
}

fn one_server(inputs: &Inputs, _: Option<&FleetInput>) -> bool {
    inputs.server_ids().count() == 1
}

fn without_apf(inputs: &Inputs, _: Option<&FleetInput>) -> bool {
    !inputs.apf.enabled
}

fn one_member(_: &Inputs, fleet: Option<&FleetInput>) -> bool {
    fleet.is_some_and(|fleet| fleet.count == 1)
}

/// Whether nothing ends a server that would give it time.
fn nobody_ends(inputs: &Inputs, _: Option<&FleetInput>) -> bool {
    let ends = |action: &Action| matches!(action, Action::Roll { .. } | Action::Kill { .. });
    !inputs.events.iter().any(|event| ends(&event.action))
}

fn nobody_writes(inputs: &Inputs, _: Option<&FleetInput>) -> bool {
    let rates = inputs.resources.iter().all(|resource| resource.writes_per_second <= 0.0);
    let writes = |action: &Action| {
        matches!(action, Action::Write { .. } | Action::Create { .. } | Action::Delete { .. })
    };
    rates
        && inputs.workloads.flows.is_empty()
        && !inputs.events.iter().any(|event| writes(&event.action))
}

/// Whether a fleet is not there at the start, and neither an event nor a workload brings it.
fn never_starts(inputs: &Inputs, fleet: Option<&FleetInput>) -> bool {
    let Some(fleet) = fleet.filter(|fleet| !fleet.running) else { return false };
    let is = |id: FleetId| inputs.fleets[id].name == fleet.name;
    let starts = |action: &Action| matches!(action, Action::Start { fleet, .. } | Action::Restart { fleet, .. } if is(*fleet));
    let started = inputs.events.iter().any(|event| starts(&event.action));
    !started && !inputs.workloads.joins.iter().any(|join| is(join.fleet))
}

/// Why a key changes nothing in a scenario, in which it was set within its bounds; `None`: that is not known.
pub(super) fn known(scenario: &Scenario, key: &str) -> Option<&'static str> {
    let inputs = &scenario.inputs;
    let of_client = |fleet: &FleetInput| {
        let rest = key.strip_prefix("clients.")?;
        let quoted = format!("\"{}\".", fleet.name);
        let rest = rest.strip_prefix(&format!("{}.", fleet.name)).or(rest.strip_prefix(&quoted))?;
        Some(format!("clients.{rest}"))
    };
    let found = inputs.fleets.iter().find_map(|fleet| Some((fleet, of_client(fleet)?)));
    let (fleet, key) = found.map_or((None, key.to_owned()), |(fleet, key)| (Some(fleet), key));
    let row = ROWS.iter().find(|(keys, idle, _)| {
        keys.iter().any(|begin| key.starts_with(begin)) && idle(inputs, fleet)
    });
    row.map(|(.., words)| *words)
}
