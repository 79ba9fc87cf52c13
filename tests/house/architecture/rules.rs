//! The rules: each takes sources and names the offences.

use super::scan::Source;

/// Longest file, in lines. There is no list of exceptions.
const LONGEST: usize = 600;

/// Longest function, from its name to its closing brace.
const LONGEST_FUNCTION: usize = 90;

/// Who may import what. A room may always import itself. An entry that is a path allows what is
/// below it only.
///
/// `experiment`, `validation` and `cli` take statistics from the engine; `report` does not need it.
const LAYERS: [(&str, &[&str]); 14] = [
    ("units", &[]),
    ("engine", &["units"]),
    ("results", &["units"]),
    ("model", &["engine", "units", "results"]),
    ("language", &["units"]),
    ("scenario", &["language", "model::input", "model::release", "model::apf", "units"]),
    ("experiment", &["scenario", "model", "engine", "results", "units"]),
    ("validation", &["experiment", "scenario", "model", "engine", "results", "units"]),
    ("cluster", &["experiment", "scenario", "language", "model", "results", "units"]),
    (
        "answers",
        &[
            "validation",
            "experiment",
            "scenario",
            "language",
            "model",
            "engine",
            "results",
            "units",
        ],
    ),
    ("calibration", &["validation", "scenario", "model", "engine", "results", "units"]),
    ("report", &["results", "units"]),
    (
        "cli",
        &[
            "units",
            "engine",
            "results",
            "model",
            "scenario",
            "experiment",
            "validation",
            "cluster",
            "answers",
            "calibration",
            "report",
        ],
    ),
    ("main", &[]),
];

/// Of `model::apf`, what is plain input.
const PLAIN_APF: [&str; 1] = ["model::apf::config"];

/// Crates and modules that the model and the engine must not know.
const IMPURE: [&str; 9] = [
    "serde_json",
    "toml",
    "clap",
    "std::fs",
    "std::io",
    "std::env",
    "std::net",
    "std::process",
    "std::time",
];
/// Only `results` and `units` of what the model sees may derive it.
const SERDE: &str = "serde";

/// Paths that climb a layer.
pub(crate) fn layers(sources: &[Source]) -> Vec<String> {
    let mut offences = Vec::new();
    for source in sources {
        let room = source.room();
        if room == "lib" {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == room) else {
            offences.push(format!("{}: `{room}` has no place in the layer rule", source.path));
            continue;
        };
        for path in source.crate_paths() {
            let below =
                |base: &str| path.path == base || path.path.starts_with(&format!("{base}::"));
            let plain = !below("model::apf")
                || room != "scenario"
                || PLAIN_APF.iter().any(|plain| below(plain));
            let fine = below(room) || allowed.iter().any(|base| below(base)) && plain;
            if !fine {
                let (file, line, path) = (&source.path, path.line, path.path);
                offences.push(format!("{file}:{line}: `{room}` may not import `{path}`"));
            }
        }
    }
    offences
}

/// Inside the model: who must not know whom. Servers and clients know nothing of each other, and what
/// both use knows neither; the world alone knows both.
const APART: [(&str, &[&str]); 8] = [
    ("src/model/plane/", &["model::fleets", "model::world"]),
    ("src/model/fleets/", &["model::plane", "model::world"]),
    ("src/model/client/", &["model::plane", "model::fleets", "model::world"]),
    ("src/model/apiserver/", &["model::plane", "model::fleets", "model::world", "model::event"]),
    ("src/model/admission", &["model::plane", "model::fleets", "model::world", "model::event"]),
    ("src/model/event.rs", &["model::plane", "model::fleets", "model::world", "model::context"]),
    ("src/model/record/", &["model::plane", "model::fleets", "model::world", "model::context"]),
    ("src/model/context.rs", &["model::plane", "model::fleets", "model::world"]),
];

/// Servers that know clients, clients that know servers, and what is below both and knows one.
pub(crate) fn apart(sources: &[Source]) -> Vec<String> {
    let mut offences = Vec::new();
    for source in sources {
        for (_, strangers) in APART.iter().filter(|(place, _)| source.path.starts_with(place)) {
            for path in source.crate_paths() {
                let known = |stranger: &&&str| {
                    path.path == **stranger || path.path.starts_with(&format!("{stranger}::"))
                };
                if let Some(stranger) = strangers.iter().find(known) {
                    let (file, line) = (&source.path, path.line);
                    offences.push(format!("{file}:{line}: must not know `{stranger}`"));
                }
            }
        }
    }
    offences
}

/// What ties the model or the engine to files, formats, clocks or the terminal.
pub(crate) fn purity(sources: &[Source]) -> Vec<String> {
    let inner = ["model", "engine", "units", "results"];
    let mut offences = Vec::new();
    for source in sources.iter().filter(|source| inner.contains(&source.room())) {
        let derives = ["units", "results"].contains(&source.room());
        for name in IMPURE.into_iter().chain((!derives).then_some(SERDE)) {
            for (line, _) in source.lines_with(|line| names(line, name)) {
                offences.push(format!("{}:{line}: knows `{name}`", source.path));
            }
        }
    }
    offences
}

/// Whether a line of code names a crate or module.
fn names(line: &str, name: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(name).any(|(at, _)| {
        let after = &line[at + name.len()..];
        let before = line[..at].chars().next_back();
        !inside(before) && !inside(after.chars().next()) && {
            let used = after.starts_with("::") || line.trim_start().starts_with("use ");
            used || before == Some(':') || name.contains("::")
        }
    })
}

/// Printing anywhere but in `cli`, which does it in one place.
pub(crate) fn printing(sources: &[Source]) -> Vec<String> {
    let mut offences = Vec::new();
    for source in sources.iter().filter(|source| source.room() != "cli") {
        for word in ["println!", "eprintln!", "print!", "eprint!", "dbg!"] {
            for (line, _) in source.lines_with(|line| invokes(line, word)) {
                offences.push(format!("{}:{line}: `{word}`", source.path));
            }
        }
    }
    offences
}

fn invokes(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// Files that are too long to read.
pub(crate) fn lengths(sources: &[Source]) -> Vec<String> {
    let too_long =
        sources.iter().map(|s| (s, s.text.lines().count())).filter(|(_, n)| *n > LONGEST);
    too_long.map(|(s, n)| format!("{}: {n} lines, at most {LONGEST}", s.path)).collect()
}

/// Functions that do not fit a screen.
pub(crate) fn long_functions(sources: &[Source]) -> Vec<String> {
    let mut offences = Vec::new();
    for source in sources {
        for (at, _) in source.code.match_indices("fn ") {
            let begins = !source.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let lines = function(&source.code[at..]).matches('\n').count() + 1;
            if begins && lines > LONGEST_FUNCTION {
                let line = source.code[..at].matches('\n').count() + 1;
                let file = &source.path;
                offences.push(format!("{file}:{line}: {lines} lines, at most {LONGEST_FUNCTION}"));
            }
        }
    }
    offences
}

/// The function with which a text begins, to its closing brace; nothing if it has no body.
fn function(code: &str) -> &str {
    let (mut nested, mut depth) = (0, 0);
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => nested += 1,
            ')' | ']' => nested -= 1,
            ';' if nested == 0 && depth == 0 => return "",
            '{' => depth += 1,
            '}' if depth <= 1 => return &code[..at],
            '}' => depth -= 1,
            _ => {}
        }
    }
    ""
}

/// Files that do not begin with a module comment.
pub(crate) fn module_docs(sources: &[Source]) -> Vec<String> {
    let silent = sources.iter().filter(|source| {
        let first = source.text.lines().next().unwrap_or_default();
        first.trim_start_matches("//!").trim().is_empty() || !first.starts_with("//! ")
    });
    silent.map(|source| format!("{}: no module comment", source.path)).collect()
}

/// Work left undone, and tests that do not run.
pub(crate) fn leftovers(sources: &[Source]) -> Vec<String> {
    let mut offences = Vec::new();
    for source in sources {
        for word in ["todo!", "unimplemented!", "#[ignore", "#![ignore", "FIXME", "XXX"] {
            // Comments count for the two that only ever stand in them.
            let commented = word.chars().all(char::is_uppercase);
            let text = if commented { &source.text } else { &source.code };
            let this = source.path.starts_with("tests/house/architecture/");
            for (line, _) in (1..).zip(text.lines()).filter(|(_, l)| !this && invokes(l, word)) {
                offences.push(format!("{}:{line}: `{word}`", source.path));
            }
        }
    }
    offences
}
