//! Releases row by row, and one that is made up.

use super::behaviours::behaviours;
use super::table::minors;
use super::*;

fn of(minor: u8) -> Release {
    Release::of_minor(minor).expect("a modelled minor")
}

fn set(gate: &str, on: bool) -> BTreeMap<String, bool> {
    BTreeMap::from([(gate.to_owned(), on)])
}

#[test]
fn eras() {
    assert!(!of(30).consistent_list_from_cache && of(31).consistent_list_from_cache);
    assert!(!of(32).streams_json && of(33).streams_json);
    assert!(of(32).watch_list && !of(33).watch_list && of(34).watch_list);
    assert!(!of(34).watch_list_client && of(35).watch_list_client);
    assert!(!of(34).gomaxprocs_follows_limit && of(35).gomaxprocs_follows_limit);
    assert!(of(28).rejects_only_at_front && !of(29).rejects_only_at_front);
    assert!(of(30).exempt_in_allocation && !of(31).exempt_in_allocation);
    assert_eq!(of(32).list_routing, ListRouting::LegacyExact);
    assert!(of(33).legacy_leader_election && !of(34).legacy_leader_election);
    assert!(!of(34).legacy_watch_is_list && of(35).legacy_watch_is_list);
    assert_eq!(Release::of_minor(OLDEST_MINOR - 1), None);
    assert_eq!(Release::of_minor(NEWEST_MINOR + 1), None);
}

#[test]
fn gates_override_and_unknown_ones_are_named() {
    let off = of(34).with_gates(&set("StreamingCollectionEncodingToJSON", false));
    assert!(!off.expect("1.34 has the gate").streams_json);
    assert!(of(28).with_gates(&set("EtcdRangeStream", true)).is_err());
    assert!(of(34).with_gates(&set("NoSuchGate", true)).is_err());
}

/// The minors are without a gap, and written as they are numbered.
#[test]
fn versions_are_in_order() {
    for (row, minor) in MINORS.iter().enumerate() {
        assert_eq!(usize::from(minor.minor), usize::from(OLDEST_MINOR) + row);
        assert_eq!(minor.version, format!("1.{}", minor.minor));
    }
}

/// Every gate sets its own behaviour and no other's, in every release that has it; none is locked
/// before it is there.
#[test]
fn every_gate_has_a_behaviour_of_its_own() {
    for (number, gate) in Release::GATES.iter().enumerate() {
        assert!(gate.locked.is_none_or(|locked| locked > gate.since), "{}", gate.name);
        for minor in MINORS.iter().map(|m| m.minor) {
            let [off, on] = [false, true].map(|on| of(minor).with_gates(&set(gate.name, on)));
            assert_eq!(off.is_ok(), gate.is_of(minor), "{} in 1.{minor}", gate.name);
            assert!(off != on || off.is_err(), "{} changes nothing in 1.{minor}", gate.name);
        }
        let mut release = of(NEWEST_MINOR);
        let own = std::ptr::from_mut((gate.behaviour)(&mut release));
        for other in &Release::GATES[..number] {
            let theirs = std::ptr::from_mut((other.behaviour)(&mut release));
            assert_ne!(own, theirs, "{} and {}", gate.name, other.name);
        }
    }
}

/// Tables with a made-up release and a made-up gate.
#[expect(unreachable_pub, reason = "the macro makes tables for everyone")]
mod made_up {
    use super::*;

    const LATER: &[Minor] = minors! {
        36: go 26, Measured;
        37: go 26, SourcesOnly;
        38: go 27, LikeMeasured;
    };

    behaviours! {
        /// Two behaviours, one of which the made-up release brings with a gate.
        pub struct Later of minor with Go go {
            /// As in [`Release`].
            streams_json: bool = minor >= 33, gate "StreamingJSON" since 33 locked 34 gone 37;
            /// Made up.
            streams_tables: bool = minor >= 38, gate "StreamingTables" since 38;
            /// A number of its own for every release.
            go: u8 = go;
        }
    }

    fn later(minor: u8) -> Option<Later> {
        row(LATER, minor).map(|row| Later::of_row(row.minor, row.go))
    }

    #[test]
    fn a_new_release_and_a_new_gate_fall_through_nothing() {
        assert_eq!(later(39), None);
        let new = later(38).expect("the made-up release");
        assert_eq!((new.go, new.streams_tables), (27, true), "from its rows");
        let old = later(37).expect("the release before");
        assert_eq!((old.go, old.streams_tables), (26, false));

        let mut changed = new;
        let gates = set("StreamingTables", false);
        set_gates(&mut changed, (38, Later::GATES), &gates).expect("1.38 has it");
        assert_eq!(changed, Later { streams_tables: false, ..new }, "its own behaviour alone");
        let mut before = old;
        let unknown = set_gates(&mut before, (37, Later::GATES), &gates);
        assert_eq!(unknown.map_err(|unknown| unknown[0].minor), Err(37));
        let gone = set_gates(&mut changed, (38, Later::GATES), &set("StreamingJSON", false));
        assert_eq!(gone.map_err(|unknown| unknown[0].gate.clone()), Err("StreamingJSON".into()));
        assert_eq!(before, old);
    }
}
