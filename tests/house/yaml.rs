//! Every YAML file that others read, such as the action and the manifests, is YAML.

use std::path::{Path, PathBuf};

use saphyr_parser::Parser;

/// The files below a folder that end so.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "yml" || end == "yaml") {
            found.push(path);
        }
    }
}

/// The first mistake.
fn mistake(text: &str) -> Option<String> {
    Parser::new_from_str(text).find_map(Result::err).map(|error| error.to_string())
}

#[test]
fn yaml_files_are_yaml() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in [".github", "deploy", "scenarios"] {
        files(&root.join(folder), &mut found);
    }
    assert!(found.len() >= 6, "{found:?}");
    for path in found {
        let text = std::fs::read_to_string(&path).expect("text");
        assert_eq!(mistake(&text), None, "{}", path.display());
    }
    assert!(mistake("a: b (needs `c: d`)\n").is_some());
    assert!(mistake("a: @PLACE@\n").is_some());
}
