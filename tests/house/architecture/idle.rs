//! Public items that nothing but tests uses. The compiler does not see them: they are public.

use std::collections::BTreeMap;

use super::scan::Source;

const KINDS: [&str; 6] = ["fn", "struct", "enum", "const", "trait", "type"];

/// The name that a line of code makes public, if it does.
fn declared(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let rest = rest.strip_prefix("const fn ").map_or(rest, |_| &rest["const ".len()..]);
    let (kind, rest) = rest.split_once(' ')?;
    let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (KINDS.contains(&kind) && !name.is_empty() && name != "_").then_some(name)
}

/// Code without the statements that pass names on.
fn without_exports(code: &str) -> String {
    let mut rest = code;
    let mut kept = String::new();
    while let Some(at) = rest.find("pub use ") {
        kept += &rest[..at];
        rest = rest[at..].split_once(';').map_or("", |(_, after)| after);
    }
    kept + rest
}

/// Public items of `src/model` that no code outside of tests names, but where they are declared.
pub(crate) fn idle(sources: &[Source]) -> Vec<String> {
    let test = |path: &str| path.ends_with("tests.rs") || path.contains("/tests/");
    let working: Vec<(&Source, String)> = sources
        .iter()
        .filter(|source| !test(&source.path))
        .map(|source| (source, without_exports(&source.working())))
        .collect();
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, code) in &working {
        let inside = |c: char| c.is_alphanumeric() || c == '_';
        for name in code.split(|c| !inside(c)) {
            *named.entry(name).or_default() += 1;
        }
        for name in code.lines().filter_map(declared) {
            *named.entry(name).or_default() -= 1;
        }
    }
    let mut found = Vec::new();
    for (source, code) in working.iter().filter(|(source, _)| source.room() == "model") {
        let idle = code.lines().filter_map(declared).filter(|name| named[name] == 0);
        found.extend(idle.map(|name| format!("{}: `{name}`", source.path)));
    }
    found
}
