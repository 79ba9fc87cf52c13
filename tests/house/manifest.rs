//! Every dependency of the manifest is used.

use crate::architecture::everything;

fn manifest() -> toml::Table {
    include_str!("../../Cargo.toml").parse().expect("TOML")
}

fn names(manifest: &toml::Table, table: &str) -> Vec<String> {
    let table = manifest[table].as_table().expect("a table");
    table.keys().map(|name| name.replace('-', "_")).collect()
}

/// Whether code says `name::` or `use name`.
fn says(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let whole = !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
        let after = &code[at + name.len()..];
        let imported = code[..at].ends_with("use ") && after.starts_with([';', ' ']);
        whole && (after.starts_with("::") || imported)
    })
}

#[test]
fn every_dependency_is_used() {
    let manifest = manifest();
    let sources = everything();
    let used = |name: &str, inside: &str| {
        sources.iter().any(|s| s.path.starts_with(inside) && says(&s.code, name))
    };
    let idle: Vec<String> = names(&manifest, "dependencies")
        .into_iter()
        .filter(|name| !used(name, "src/"))
        .chain(names(&manifest, "dev-dependencies").into_iter().filter(|name| !used(name, "")))
        .collect();
    assert!(idle.is_empty(), "no source uses {idle:?}");
}

#[test]
fn what_is_needed_by_all_is_no_dependency_of_tests() {
    let manifest = manifest();
    let always = names(&manifest, "dependencies");
    let twice: Vec<String> =
        names(&manifest, "dev-dependencies").into_iter().filter(|n| always.contains(n)).collect();
    assert!(twice.is_empty(), "named twice: {twice:?}");
}

#[test]
fn uses_are_seen() {
    assert!(says("use anyhow::Result;", "anyhow") && says("let x = anyhow::anyhow!();", "anyhow"));
    assert!(says("use rayon;", "rayon"));
    assert!(!says("crate::toml::parse()", "toml") && !says("let toml = 1;", "toml"));
    assert!(!says("use mytoml::x;", "toml"));
}
