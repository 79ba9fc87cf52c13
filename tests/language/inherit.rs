//! Inherited files, removals, profiles: who wins, and where mistakes are told.

use crate::support::load as text;
use crate::{BASE, load, places, profiles};

/// The count of a fleet.
fn fleets(scenario: &oomcast::scenario::Scenario) -> Vec<(&str, u32)> {
    scenario.inputs.fleets.iter().map(|fleet| (fleet.name.as_str(), fleet.count)).collect()
}

#[test]
fn later_files_lie_over_earlier_ones_and_the_file_over_all() {
    let files = [
        ("main.toml", "inherits = [\"base.toml\", \"sub/second.toml\"]\nname = \"own\"\n"),
        ("base.toml", BASE),
        (
            "sub/second.toml",
            "inherits = \"third.toml\"\nname = \"second\"\n[objects.pods]\ncount = 300\n\
             [[clients]]\nname = \"b\"\ncount = 9\nreflector = { resource = \"pods\" }\n",
        ),
        (
            "sub/third.toml",
            "[objects.pods]\ncount = 200\nsize = \"6kB\"\n[[clients]]\nname = \"a\"\ncount = 5\n",
        ),
    ];
    let found = load("order", &files, &[]).expect("valid");
    assert_eq!(found.name, "own");
    assert_eq!(found.inputs.resources[0].count, 300);
    assert_eq!(found.inputs.resources[0].size.0, 6_000);
    assert_eq!(fleets(&found), [("a", 5), ("b", 9)]);
    assert_eq!(found.inputs.apiserver.memory_limit.map(|limit| limit.0 >> 30), Some(8));
}

#[test]
fn what_several_inherit_is_laid_down_once_below_all_of_them() {
    let files = [
        ("main.toml", "inherits = [\"left.toml\", \"right.toml\"]\n"),
        ("base.toml", BASE),
        ("left.toml", "inherits = \"base.toml\"\n[objects.pods]\ncount = 7\n"),
        ("right.toml", "inherits = \"./base.toml\"\n[objects.pods]\nsize = \"7kB\"\n"),
    ];
    let found = load("diamond", &files, &[]).expect("valid").inputs;
    assert_eq!((found.resources[0].count, found.resources[0].size.0), (7, 7_000));
}

#[test]
fn the_effective_scenario_inherits_nothing() {
    let files = [
        ("main.toml", "inherits = \"base.toml\"\n[profiles.x]\nname = \"x\"\n"),
        ("base.toml", BASE),
    ];
    let found = load("effective", &files, &[]).expect("valid");
    let again = text(&found.effective, &[]).expect("valid");
    assert_eq!((&again.effective, &again.hash), (&found.effective, &found.hash));
    assert_eq!(again.inputs, found.inputs);
    assert_eq!(found.hash, text(BASE, &[]).expect("valid").hash, "composed or not, it is the same");
}

#[test]
fn cycles_missing_files_and_unknown_presets_are_told_with_their_place() {
    let files = [
        ("main.toml", "\ninherits = \"a.toml\"\n"),
        (
            "a.toml",
            "inherits = [\n  \"gone.toml\",\n  \"main.toml\",\n  \"preset:kubeadm3\",\n  7,\n]\n",
        ),
    ];
    let found = load("cycle", &files, &[]).expect_err("four mistakes");
    let a = |code, line| (code, "a.toml".to_owned(), line);
    assert_eq!(places(&found), [a("E0501", 2), a("E0501", 3), a("E0501", 4), a("E0103", 5)]);
    let help = |i: usize| found.items[i].help.clone().unwrap_or_default();
    assert!(
        help(1).contains("main.toml inherits") && help(1).contains("a.toml inherits"),
        "{}",
        help(1)
    );
    assert_eq!(help(2), "did you mean \"preset:kubeadm-3\"?");
    let alone = text("inherits = \"base.toml\"\n", &[]).expect_err("no folder");
    assert_eq!(places(&alone), [("E0501", "t.toml".to_owned(), 1)]);
    let long: Vec<(String, String)> = (0..150)
        .map(|i| (format!("f{i}.toml"), format!("inherits = \"f{}.toml\"\n", i + 1)))
        .chain([("main.toml".to_owned(), "inherits = \"f0.toml\"\n".to_owned())])
        .collect();
    let long: Vec<(&str, &str)> = long.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(places(&load("long", &long, &[]).expect_err("too many"))[0].0, "E0110");
}

#[test]
fn mistakes_name_the_inherited_file() {
    let files = [
        ("main.toml", "inherits = \"base.toml\"\n[objects.pods]\ncount = 3\n"),
        ("base.toml", &BASE.replace("\"5kB\"", "\"5XB\"").replace("[node]", "[node]\ncors = 4")),
    ];
    let found = load("places", &files, &[]).expect_err("two mistakes");
    let base = |code, line| (code, "base.toml".to_owned(), line);
    assert_eq!(places(&found), [base("E0101", 9), base("E0104", 13)]);
    let missing =
        [("main.toml", "inherits = \"base.toml\"\nschema = 1\n"), ("base.toml", "name = \"x\"\n")];
    let missing = load("missing", &missing, &[]).expect_err("no [run]");
    assert!(
        places(&missing)
            .iter()
            .all(|(code, file, _)| (*code, file.as_str()) == ("E0102", "main.toml"))
    );
}

#[test]
fn what_is_inherited_can_be_removed() {
    let remove = |over: &str| {
        let own = format!("inherits = \"base.toml\"\n{over}");
        load("remove", &[("main.toml", &own), ("base.toml", BASE)], &[])
    };
    assert!(
        remove("[[clients]]\nname = \"a\"\nremove = true\n")
            .expect("valid")
            .inputs
            .fleets
            .is_empty()
    );
    let limit = remove("[apiserver]\nremove = [\"memory-limit\"]\n").expect("valid").inputs;
    assert_eq!(limit.apiserver.memory_limit, None);
    let anew =
        "[[clients]]\nname = \"a\"\nremove = [\"reflector\"]\nwatcher = { resource = \"pods\" }\n";
    assert_eq!(fleets(&remove(anew).expect("valid")), [("a", 2)]);
    let whole = "[[clients]]\nname = \"a\"\nremove = true\nwatcher = { resource = \"pods\" }\n";
    let lost = remove(whole).expect_err("its count went, too");
    assert_eq!(lost.items[0].message, "a client needs `count`");
    for nothing in [
        "[[clients]]\nname = \"aa\"\nremove = true\n",
        "[apiserver]\nremove = [\"memory-limits\"]\n",
        "[objects.secrets]\nremove = true\n",
    ] {
        let found = remove(nothing).expect_err("nothing to remove");
        assert_eq!(places(&found)[0].0, "E0503", "{}", found.render(false));
    }
    let near = remove("[apiserver]\nremove = [\"memory-limits\"]\n").expect_err("misspelt");
    assert_eq!(near.items[0].help.as_deref(), Some("did you mean `memory-limit`?"));
    assert_eq!(places(&remove("[apiserver]\nremove = 3\n").expect_err("no list"))[0].0, "E0103");
    let set = text(BASE, &["clients.a.remove=true"]).expect("valid");
    assert!(set.inputs.fleets.is_empty());
    assert!(text(BASE, &["clients.b.remove=true"]).is_err());
}

const WITH_PROFILES: &str = "\n[profiles.big.objects.pods]\ncount = 900\n\
    [profiles.old.apiserver]\nversion = \"1.30\"\n[[profiles.old.clients]]\nname = \"a\"\ncount = 70\n\
    [profiles.huge.objects.pods]\ncount = 9_000\n";

#[test]
fn profiles_are_laid_over_the_file_in_the_order_typed() {
    let with = format!("{BASE}{WITH_PROFILES}");
    let pods = |chosen: &[&str]| profiles(&with, chosen).expect("valid").inputs.resources[0].count;
    assert_eq!(pods(&[]), 100);
    assert_eq!(pods(&["big", "huge"]), 9_000);
    assert_eq!(pods(&["huge", "big"]), 900);
    let old = profiles(&with, &["old", "big"]).expect("valid");
    assert_eq!((old.inputs.release.minor, fleets(&old)), (30, vec![("a", 70)]));
    assert_eq!(profiles(&with, &[]).expect("valid").hash, text(BASE, &[]).expect("valid").hash);
}

#[test]
fn unknown_profiles_get_a_suggestion_and_all_are_looked_through() {
    let with = format!("{BASE}{WITH_PROFILES}");
    let found = profiles(&with, &["bog"]).expect_err("unknown");
    assert_eq!(places(&found), [("E0502", "--profile".to_owned(), 1)]);
    assert_eq!(found.items[0].help.as_deref(), Some("did you mean `big`?"));
    let none = profiles(BASE, &["big"]).expect_err("there are none");
    assert_eq!(none.items[0].code.id(), "E0502");
    let wrong = with.replace("count = 900\n", "cuont = 900\nsize = \"x\"\n");
    for chosen in [&[][..], &["big"]] {
        let found = profiles(&wrong, chosen).expect_err("two mistakes");
        assert_eq!(places(&found).iter().map(|p| p.0).collect::<Vec<_>>(), ["E0101", "E0104"]);
    }
    assert!(profiles(&format!("profiles = 3\n{BASE}"), &[]).is_err());
    assert!(profiles(&format!("{BASE}[profiles]\nx = 3\n"), &[]).is_err());
    assert!(text(BASE, &["profiles.x.name=y"]).is_err(), "too late");
    assert!(text(BASE, &["inherits=preset:objects"]).is_err(), "too late");
}

/// The scenarios that came before presets are what they were: their folders keep their names.
#[test]
fn the_hashes_of_shipped_scenarios_stand() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let hashes: Vec<String> = HASHES
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(|name| {
            let path = folder.join(format!("{name}.toml"));
            let found = oomcast::scenario::load_file(&path, &[]).expect("valid");
            format!("{name} {}", found.hash)
        })
        .collect();
    assert_eq!(hashes.join("\n"), HASHES);
}

const HASHES: &str = "\
cilium-restart-64g bd991e46e39a
cilium-restart-apf 3fe77d3736bc
cilium-restart 93581b115c2c
ha-cascade-streamed 2390a3d2e52b
ha-cascade e56009fc917a
kep-3157-buffered 5bfe462b6e20
kep-3157-streamed 205933ad8f9d
list-benchmark-buffered a9102bb20426
list-benchmark-streamed 3c59f09f67d0";
