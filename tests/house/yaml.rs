//! Every YAML file that others read, such as the action and the manifests, is YAML.

use std::path::Path;

use crate::prose::{files, read};
use saphyr_parser::Parser;

/// The first mistake.
fn mistake(text: &str) -> Option<String> {
    Parser::new_from_str(text).find_map(Result::err).map(|error| error.to_string())
}

#[test]
fn yaml_files_are_yaml() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [".github", "deploy", "scenarios"].iter();
    let found: Vec<_> =
        folders.flat_map(|folder| files(&root.join(folder), &["yml", "yaml"])).collect();
    assert!(found.len() >= 6, "{found:?}");
    for path in found {
        assert_eq!(mistake(&read(&path)), None, "{}", path.display());
    }
    assert!(mistake("a: b (needs `c: d`)\n").is_some());
    assert!(mistake("a: @PLACE@\n").is_some());
}
