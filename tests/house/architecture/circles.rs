//! Files of a room that import each other in a circle.
//!
//! A file and the files of the folder of its own name are one thing: what runs between them makes no
//! circle, as a `mod.rs` must name its children.

use std::collections::{BTreeMap, BTreeSet};

use super::scan::Source;

/// Files, by their module paths below the crate, and whom each imports.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The module of a file: `model::client` for `src/model/client/mod.rs`.
fn module(source: &Source) -> String {
    let inside = source.path.trim_start_matches("src/").trim_end_matches(".rs");
    inside.trim_end_matches("/mod").replace('/', "::")
}

/// Whether one is the folder of the other.
fn kin(a: &str, b: &str) -> bool {
    let below = |inner: &str, outer: &str| inner.starts_with(&format!("{outer}::"));
    a == b || below(a, b) || below(b, a)
}

/// Paths of a module that begin with `super::`, from the crate.
fn climbing(source: &Source, module: &str) -> Vec<String> {
    let code = &source.working();
    let whole =
        |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c));
    let mut found = Vec::new();
    for (at, _) in code.match_indices("super::").filter(|(at, _)| whole(*at)) {
        let mut rest = &code[at..];
        let mut base: Vec<&str> = module.split("::").collect();
        while let Some(inner) = rest.strip_prefix("super::") {
            base.pop();
            rest = inner;
        }
        found.extend(
            super::scan::open(rest).iter().map(|path| format!("{}::{path}", base.join("::"))),
        );
    }
    found
}

fn arrows(sources: &[&Source]) -> Arrows {
    let modules: BTreeSet<String> = sources.iter().map(|source| module(source)).collect();
    let home = |path: &str| {
        let mut path = path;
        while !modules.contains(path) {
            path = path.rsplit_once("::")?.0;
        }
        Some(path.to_owned())
    };
    let mut arrows = Arrows::new();
    for source in sources {
        let from = module(source);
        let absolute = Source::new(&source.path, source.working()).crate_paths();
        let paths = absolute.into_iter().map(|path| path.path).chain(climbing(source, &from));
        let to = paths.filter_map(|path| home(&path)).filter(|to| !kin(&from, to)).collect();
        arrows.insert(from, to);
    }
    arrows
}

/// Everything that can be reached from a file.
fn reached(arrows: &Arrows, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next = vec![from.to_owned()];
    while let Some(at) = next.pop() {
        for to in arrows.get(&at).into_iter().flatten() {
            if found.insert(to.clone()) {
                next.push(to.clone());
            }
        }
    }
    found
}

/// The circles of a room: each the files that reach each other, in order.
pub(crate) fn circles(sources: &[Source], room: &str) -> Vec<Vec<String>> {
    let test = |path: &str| path.ends_with("tests.rs") || path.contains("/tests/");
    let inside: Vec<&Source> =
        sources.iter().filter(|s| s.room() == room && !test(&s.path)).collect();
    let arrows = arrows(&inside);
    let reach: BTreeMap<&String, BTreeSet<String>> =
        arrows.keys().map(|from| (from, reached(&arrows, from))).collect();
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (from, to) in &reach {
        let mutual: Vec<String> =
            to.iter().filter(|to| reach[to].contains(*from)).cloned().collect();
        if mutual.len() > 1 {
            circles.insert(mutual);
        }
    }
    circles.into_iter().collect()
}
