//! What is printed can be read at 80 columns, without colour and in a pipe.

use super::{VALID, folder, oomcast};
use crate::support::{stderr, stdout};

/// The widest line of prose, and that nothing is coloured. Quoted lines of a file, commands to be
/// pasted and paths are as long as they are.
fn readable(what: &str, printed: &str) -> Vec<String> {
    assert!(!printed.contains('\u{1b}'), "{what} is coloured in a pipe");
    let mut wide = Vec::new();
    for line in printed.lines() {
        let quoted = line.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '|')
            && line.contains('|');
        let pasted =
            ["next: ", "oomcast ", "wrote ", "  oomcast "].iter().any(|w| line.starts_with(w));
        let path = line.trim_start().starts_with("--> ") || line.contains(".toml: ");
        let columns = line.chars().count();
        if columns > 80 && !quoted && !pasted && !path {
            wide.push(format!("{what}, {columns} columns:\n{line}"));
        }
    }
    wide
}

const STORM: &str = "schema = 1
name = \"storm\"
description = \"Agents of every node list all pods at once, and one server is small.\"
[run]
duration = \"40s\"
replications = 3
[apiserver]
version = \"1.32\"
replicas = 2
memory-limit = \"1300MB\"
[node]
memory = \"8GiB\"
[objects.pods]
count = 20_000
size = \"5kB\"
[[clients]]
name = \"agents-of-every-node-in-the-cluster\"
count = 1_200
start = \"stopped\"
reflector = { resource = \"pods\", encoding = \"json\" }
[[events]]
name = \"rollout\"
at = \"20s\"
start = { client = \"agents-of-every-node-in-the-cluster\" }
[[expect]]
name = \"no kill\"
metric = \"oom\"
at-most = \"5%\"
severity = \"warning\"
";

#[test]
fn everything_is_readable_at_80_columns() {
    let place = folder("columns");
    std::fs::write(place.join("storm.toml"), STORM).expect("writes");
    let broken = VALID
        .replace("memory-limit =", "memry-limit =")
        .replace("[balancer]", "[loadbalancer]")
        .replace("reflector = { resource = \"secrets\"", "reflector = { resource = \"secret\"")
        .replace("shape = \"custom\"\n", "")
        .replace("duration = \"20m\"", "duration = \"20 minutes\"");
    std::fs::write(place.join("broken.toml"), broken).expect("writes");
    let agents = "clients.agents-of-every-node-in-the-cluster.count";
    let vary = format!("{agents}=100,200");
    let some = ["-n", "2", "--no-progress", "--no-charts"];
    let with = |head: &[&'static str], more: &[&'static str]| [head, more].concat();
    let mut commands = vec![
        vec!["check", "storm.toml", "broken.toml"],
        vec!["explain"],
        vec!["explain", "E0107"],
        vec!["explain", "W0309"],
        vec!["explain", "clients.user"],
        vec!["explain", "objects.writer"],
        vec!["explain", "apf"],
        with(&["run", "storm.toml", "-o", "run"], &some),
        vec!["show", "storm.toml", "--apf"],
        with(&["compare", "storm.toml", "--set-b", "apiserver.version=1.34"], &["-n", "2"]),
    ];
    commands.push(["sweep", "storm.toml", "-o", "sweep", "-n", "2", "--vary", &vary].to_vec());
    let find = format!("{agents}=1..4");
    commands.push(["find", "storm.toml", "-o", "find", "--vary", &find, "-n", "5"].to_vec());
    let mut wide = Vec::new();
    for command in commands {
        let output = oomcast(&place, &command, "");
        let what = command.join(" ");
        let code = output.status.code();
        let expected = if command[0] == "check" { Some(2) } else { Some(0) };
        assert_eq!(code, expected, "{what}\n{}", stderr(&output));
        wide.extend(readable(&what, &stdout(&output)));
        wide.extend(readable(&what, &stderr(&output)));
    }
    assert!(wide.is_empty(), "{}", wide.join("\n\n"));
}

#[test]
fn every_code_and_key_is_readable_at_80_columns() {
    use oomcast::scenario::{Code, keys};
    // One process for each would take minutes: the texts are what can be long.
    for code in Code::ALL {
        assert!(code.meaning().chars().count() <= 90, "{code:?}");
        let text = oomcast::scenario::explain::code(*code).expect("a text");
        for line in text.wrong.text().lines().chain(text.right.text().lines()) {
            assert!(line.chars().count() <= 76, "{code:?}: {line}");
        }
    }
    keys::visit(|path, _| assert!(path.len() <= 60, "{path}"));
}

/// The widest texts that findings have fold, too, wherever they point.
#[test]
fn findings_fold_at_any_width() {
    use oomcast::scenario::load;
    let mistakes = VALID
        .replace("policy = \"round-robin\"", "policy = \"nonsense\"")
        .replace(
            "[objects.secrets]",
            "[objects.some-very-long-name-of-a-custom-resource.of.a.group]",
        )
        .replace("cpu-limit = \"4\"", "cpu-limit = \"four\"")
        .replace("watcher = { resource = \"pods\" }\n", "");
    let found = load("a-scenario.toml", mistakes.as_bytes(), &[]).expect_err("mistakes");
    assert!(found.items.len() >= 4);
    for width in [60, 80, 100] {
        for one in &found.items {
            let printed = one.render_at(false, width);
            for line in printed.lines().filter(|line| !line.contains("-->")) {
                assert!(line.chars().count() <= width, "{width} columns:\n{printed}");
            }
        }
    }
}
