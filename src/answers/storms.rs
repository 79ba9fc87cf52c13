//! The storms of a scenario: the steady state, what it says itself, the standard ones.
//!
//! # The simplest model
//!
//! A built storm takes the scenario's events out and puts one of its own in. A fleet that these events
//! start would be missing in it: it runs from the beginning instead, with as many members as the events
//! have running at once at most.

use crate::experiment::Variant;
use crate::model::input::{Action, Behaviour, EventInput, FleetId, FleetInput};
use crate::results::{ForecastResult, StormRow};
use crate::scenario::storms::{self as standard, Fleets, NAMES};
use crate::scenario::{Overlay, Scenario};
use crate::units::{SimSpan, Sort};

/// A storm that can be run.
pub(super) struct Storm {
    /// Its name, and what it is.
    pub(super) row: StormRow,
    /// `None`: it cannot be run, for what the row says.
    pub(super) variant: Option<Variant>,
}

/// The steady state, what is written, and the standard storms.
pub(super) fn storms(variant: &Variant) -> Vec<Storm> {
    let written = !variant.scenario().inputs.events.is_empty();
    // What the command line sets would hide what a storm sets.
    let settled = variant.settled();
    let started = started(variant.scenario());
    let running = running(variant.scenario(), &started);
    let quiet = |name: &str, storm: &str| {
        let lasts = storm.contains("duration = ");
        let overlay = format!("{}{running}{storm}", without_events(variant.scenario(), lasts));
        settled.over(Overlay { name: name.to_owned(), text: overlay.into_bytes() })
    };
    let row = |name: &str, what: &str, from: &str| StormRow {
        name: name.to_owned(),
        what: what.to_owned(),
        from: from.to_owned(),
        ..StormRow::default()
    };
    let made = |row: StormRow, made: Result<Variant, crate::scenario::Diagnostics>| match made {
        Ok(variant) => Storm { row, variant: Some(variant) },
        Err(found) => {
            let because = found.first_error().map(|first| first.message.clone());
            Storm { row: StormRow { because, ..row }, variant: None }
        }
    };
    let steady = row("steady", "Nothing happens.", "built");
    let mut found = vec![made(steady, quiet("steady", ""))];
    if written {
        let own = row(ForecastResult::OWN, "The events of the scenario.", "scenario");
        found.push(Storm { row: own, variant: Some(variant.clone()) });
    }
    let fleets = fleets(variant.scenario(), &started);
    let built = standard::storms(&Fleets {
        heaviest: fleets.heaviest.as_ref().map(|(n, m)| (n.as_str(), *m)),
        ..fleets.plain
    });
    for name in NAMES {
        if let Ok(profile) = variant.with_profile(name) {
            found.push(Storm { row: row(name, "", "profile"), variant: Some(profile) });
        } else if let Some(storm) = built.iter().find(|storm| storm.name == name) {
            found.push(made(row(name, &storm.what, "built"), quiet(name, &storm.overlay())));
        }
    }
    found
}

/// How long a run lasts in which all servers restart one after the other. Each further server makes the
/// roll longer, so that the run must last longer, too: else the roll is cut at its end, and servers that are
/// just away are taken for lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Roll {
    servers: u16,
    duration: SimSpan,
    every: SimSpan,
}

impl Roll {
    /// That of a scenario; `None`: nothing rolls in it.
    pub(super) fn of(scenario: &Scenario) -> Option<Self> {
        let inputs = &scenario.inputs;
        let every = |event: &EventInput| {
            if let Action::Roll { every } = event.action { Some(every) } else { None }
        };
        let every = inputs.events.iter().filter_map(every).max()?;
        Some(Self { servers: inputs.apiserver.replicas, duration: inputs.duration, every })
    }

    /// The override by which a run with so many servers ends as long after its roll; `None`: it does so.
    pub(super) fn with_servers(&self, servers: u16) -> Option<String> {
        let more = servers.checked_sub(self.servers).filter(|more| *more > 0)?;
        let duration = SimSpan(self.duration.0.saturating_add(self.every.times(more.into()).0));
        Some(format!("run.duration=\"{duration}\""))
    }
}

/// What [`Fleets`] borrows from.
struct Built {
    heaviest: Option<(String, u32)>,
    plain: Fleets<'static>,
}

fn fleets(scenario: &Scenario, started: &[Started<'_>]) -> Built {
    let inputs = &scenario.inputs;
    let members = |fleet: &FleetInput| {
        let of = started.iter().find(|one| one.fleet.name == fleet.name);
        of.map_or(if fleet.running { fleet.count } else { 0 }, |one| one.members)
    };
    let weight = |fleet: &FleetInput| match &fleet.behaviour {
        Behaviour::Reflector { read, .. } | Behaviour::Lister { read, .. } => {
            let resource = &inputs.resources[read.resource];
            let bytes = resource.count as f64 * resource.size.as_f64() * read.selected;
            bytes * f64::from(members(fleet))
        }
        Behaviour::Watcher { .. } => 0.0,
    };
    let running = inputs.fleets.iter().filter(|fleet| members(fleet) > 0);
    let heaviest = running.max_by(|a, b| weight(a).total_cmp(&weight(b)));
    let kubelets = inputs.fleets.iter().filter(|fleet| fleet.name.starts_with("kubelet"));
    let nodes = kubelets.map(|fleet| fleet.count).max();
    let sized =
        scenario.effective.contains("\n[cluster]\n") && scenario.effective.contains("\nnodes = ");
    let per_node = match nodes {
        _ if sized => vec![("count", "1".to_owned()), ("per", "\"node\"".to_owned())],
        Some(nodes) => vec![("count", nodes.to_string())],
        None => vec![("count", "100".to_owned())],
    };
    let pods = inputs.resources.iter().any(|r| r.name == "pods" && r.count > 0);
    Built {
        heaviest: heaviest.map(|fleet| (fleet.name.clone(), members(fleet))),
        plain: Fleets { heaviest: None, replicas: inputs.apiserver.replicas, pods, per_node },
    }
}

/// The head of an overlay that takes out what happens in a scenario, and what is said of it; ten minutes
/// at least are left for a storm that does not say how long it `lasts`.
fn without_events(scenario: &Scenario, lasts: bool) -> String {
    let effective: toml::Table = scenario.effective.parse().unwrap_or_default();
    let has = |key: &&str| {
        effective.get(*key).and_then(toml::Value::as_array).is_some_and(|list| !list.is_empty())
    };
    let gone: Vec<String> = ["events", "published", "expect"]
        .iter()
        .filter(|key| has(key))
        .map(|key| format!("\"{key}\""))
        .collect();
    let remove =
        if gone.is_empty() { String::new() } else { format!("remove = [{}]\n", gone.join(", ")) };
    let short = !lasts && scenario.inputs.duration < SimSpan::secs(600);
    remove + if short { "run.duration = \"10m\"\n" } else { "" }
}

/// A fleet that waits for the scenario's events.
struct Started<'a> {
    fleet: &'a FleetInput,
    /// As many of its members as run at once at most.
    members: u32,
}

/// Fleets that the scenario starts by events.
fn started(scenario: &Scenario) -> Vec<Started<'_>> {
    let inputs = &scenario.inputs;
    let mut events: Vec<&EventInput> = inputs.events.iter().collect();
    events.order_by_key(|event| event.at);
    let most = |id: FleetId| {
        let all = inputs.fleets[id].count;
        let of = |count: &Option<u32>| count.unwrap_or(all).min(all);
        let (mut now, mut most) = (0_u32, 0);
        for EventInput { action, .. } in &events {
            if let Action::Start { fleet, count, .. } = action
                && *fleet == id
            {
                now = now.saturating_add(of(count)).min(all);
            }
            // Of all members, those that run among them: at least so many do after it.
            if let Action::Restart { fleet, count, .. } = action
                && *fleet == id
            {
                now = now.max(of(count));
            }
            if let Action::Stop { fleet, count } = action
                && *fleet == id
            {
                now = now.saturating_sub(of(count));
            }
            most = most.max(now);
        }
        most
    };
    let waits = |fleet: &FleetInput| !fleet.running && fleet.part.is_none();
    let all = inputs.fleet_ids().filter(|id| waits(&inputs.fleets[*id]));
    all.map(|id| Started { fleet: &inputs.fleets[id], members: most(id) })
        .filter(|started| started.members > 0)
        .collect()
}

/// The overlay by which they run from the beginning.
fn running(scenario: &Scenario, started: &[Started<'_>]) -> String {
    let effective: toml::Table = scenario.effective.parse().unwrap_or_default();
    let has_per = |name: &str| {
        let clients = effective.get("clients").and_then(toml::Value::as_array);
        let named =
            |client: &&toml::Value| client.get("name").and_then(|n| n.as_str()) == Some(name);
        let client = clients.and_then(|clients| clients.iter().find(named));
        client.is_some_and(|client| client.get("per").is_some())
    };
    let one = |Started { fleet, members }: &Started<'_>| {
        let name = toml::Value::from(fleet.name.as_str());
        let per = if has_per(&fleet.name) { "remove = [\"per\"]\n" } else { "" };
        let count = if *members == fleet.count {
            String::new()
        } else {
            format!("{per}count = {members}\n")
        };
        format!("[[clients]]\nname = {name}\nstart = \"running\"\n{count}")
    };
    started.iter().map(one).collect()
}

/// What is to be known of the built storms of a scenario, if anything is.
pub(super) fn note(scenario: &Scenario) -> Option<String> {
    let started = started(scenario);
    let of = |one: &Started<'_>| format!("{} ({})", one.fleet.name, one.members);
    let names: Vec<String> = started.iter().map(of).collect();
    (!names.is_empty()).then(|| {
        format!(
            "what the events of the scenario start runs from the beginning in the steady state and in \
             storms built by oomcast: {}",
            names.join(", ")
        )
    })
}
