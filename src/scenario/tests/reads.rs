//! Clients that read several things.

use super::{codes, load_with, sound};
use crate::model::input::{Action, Behaviour, FleetId, PartInput};
use crate::scenario::{Knob, Scenario, Vary};

const SEVERAL: &str = "schema = 1\nname = \"several\"\n[run]\nduration = \"5m\"\n\
    [apiserver]\nversion = \"1.36\"\n[cluster]\nnodes = 4\n[objects.pods]\ncount = 10\n\
    size = \"4KiB\"\n[objects.nodes]\ncount = 4\nsize = \"8KiB\"\n\
    [[clients]]\nname = \"a\"\ncount = 2\nreflector = { resource = \"pods\" }\n\
    [[clients]]\nname = \"b\"\ncount = 3\nidle-watches = 7\nheartbeats = true\n\
    reflectors.nodes = { own-node = true }\nreflectors.half = { resource = \"pods\", \
    selected = \"50%\" }\nwatchers.pods = {}\n\
    [[clients]]\nname = \"c\"\ncount = 6\nconnection = \"b\"\nstart = \"stopped\"\n\
    reflector = { resource = \"pods\" }\nlisters.nodes = { rounds = 2 }\n\
    [[events]]\nname = \"go\"\nat = \"1m\"\nstart = { client = \"c\" }\n";

/// Name, part and whose connections.
type Seen<'s> = (&'s str, Option<(usize, &'s str)>, Option<u32>);

/// Each fleet.
fn fleets(scenario: &Scenario) -> Vec<Seen<'_>> {
    let part = |part: &PartInput| part.of.0 as usize;
    let of = |f: &crate::model::input::FleetInput| f.connections.of.map(|of| of.0);
    let all = scenario.inputs.fleets.iter();
    all.map(|f| (f.name.as_str(), f.part.as_ref().map(|p| (part(p), p.name.as_str())), of(f)))
        .collect()
}

#[test]
fn a_client_is_a_fleet_for_each_read_in_one_process() {
    let scenario = sound(SEVERAL, &[]);
    assert_eq!(
        fleets(&scenario),
        [
            ("a", None, None),
            ("b", None, None),
            ("b", Some((1, "half")), Some(1)),
            ("b", Some((1, "pods")), Some(1)),
            ("c", None, Some(1)),
            ("c", Some((4, "nodes")), Some(1)),
        ]
    );
    let fleets = &scenario.inputs.fleets;
    // What a process has once is with its first read.
    assert_eq!(fleets.iter().map(|f| f.idle_watches).collect::<Vec<_>>(), [0, 7, 0, 0, 0, 0]);
    assert_eq!(fleets.iter().filter(|fleet| fleet.heartbeats).count(), 1);
    assert!(fleets.iter().skip(1).all(|fleet| [3, 6].contains(&fleet.count)));
    let Behaviour::Reflector { read, .. } = &fleets[1].behaviour else { panic!("a reflector") };
    assert_eq!((read.selected, read.selector), (0.25, true));
    assert!(matches!(fleets[3].behaviour, Behaviour::Watcher { .. }));
    assert!(matches!(fleets[5].behaviour, Behaviour::Lister { rounds: Some(2), .. }));
    let first = |action: &Action| matches!(action, Action::Start { fleet: FleetId(4), .. });
    assert!(first(&scenario.inputs.events[0].action));
    assert_eq!(scenario.anchors.reads.len(), fleets.len());
    let again = sound(&scenario.effective, &[]);
    assert_eq!((again.inputs, again.effective), (scenario.inputs, scenario.effective));
}

#[test]
fn a_namespace_is_a_share_of_the_objects_without_a_selector() {
    let read = |text: &str, set: &[&str]| {
        let scenario = sound(text, set);
        let Behaviour::Reflector { read, .. } = &scenario.inputs.fleets[2].behaviour else {
            panic!()
        };
        (read.selected, read.selector, read.namespaced)
    };
    let stated = SEVERAL.replace("selected = \"50%\"", "selected = \"50%\", namespaced = true");
    assert_eq!(read(&stated, &[]), (0.5, false, true));
    let usual = SEVERAL.replace("selected = \"50%\"", "namespaced = true");
    assert_eq!(read(&usual, &["cluster.namespaces=5"]), (0.2, false, true));
    assert_eq!(codes(load_with(&usual, &[])).len(), 1, "the number of namespaces is not known");
}

#[test]
fn reads_go_by_their_names() {
    let set = ["clients.b.reflectors.half.selected=20%", "clients.c.reflectors.nodes={}"];
    let scenario = sound(SEVERAL, &set);
    assert_eq!(fleets(&scenario)[5], ("c", Some((4, "nodes")), Some(1)));
    let Behaviour::Reflector { read, .. } = &scenario.inputs.fleets[2].behaviour else { panic!() };
    assert!((read.selected - 0.2).abs() < 1e-12);
    let gone = sound(SEVERAL, &["clients.b.watchers.pods.remove=true"]);
    assert_eq!(gone.inputs.fleets.len(), 5);
    let vary = Vary::parse("clients.b.reflectors.half.selected=20%,30%").expect("values");
    vary.knob.check(&scenario).expect("there is such a read");
    let knob = Knob::parse("clients.b.reflectors.other.selected").expect("a key");
    assert!(knob.check(&scenario).is_err(), "there is no such read");
}

#[test]
fn mistakes_in_what_is_read_are_told_once() {
    let wrong = SEVERAL.replace("watchers.pods", "watchers.posts");
    assert_eq!(codes(load_with(&wrong, &[])), ["t.toml:26:10 E0201"]);
    let nothing = "[[clients]]\nname = \"d\"\ncount = 1\n";
    let none = codes(load_with(&format!("{SEVERAL}{nothing}"), &[]));
    assert_eq!(none, ["t.toml:38:1 E0107"]);
    let none = codes(load_with(&format!("{SEVERAL}{nothing}reflectors = {{}}\n"), &[]));
    assert_eq!(none, ["t.toml:41:14 E0107"]);
    let both =
        SEVERAL.replace("reflectors.nodes", "lister = { resource = \"pods\" }\nreflectors.nodes");
    assert_eq!(sound(&both, &[]).inputs.fleets.len(), 7);
}
