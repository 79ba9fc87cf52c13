//! Reads Rust sources just well enough: comments and literals are blanked, `use` trees are opened.

use std::path::Path;

/// A source file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Below the repository, with `/`.
    pub(crate) path: String,
    /// As it is on disk.
    pub(crate) text: String,
    /// The same with comments and the insides of literals blanked, line by line as long.
    pub(crate) code: String,
}

/// A path into the crate: `crate::model::input` is `model::input` at its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CratePath {
    /// Without `crate::`.
    pub(crate) path: String,
    /// From 1.
    pub(crate) line: usize,
}

/// Collects every `.rs` file below `folder`.
pub(crate) fn walk(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(root, &path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy();
            let text = std::fs::read_to_string(&path).expect("readable");
            found.push(Source::new(&name.replace('\\', "/"), text));
        }
    }
}

impl Source {
    pub(crate) fn new(path: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { path: path.to_owned(), code: blanked(&text), text }
    }

    /// The top-level room: `model` for `src/model/input.rs`, `main` and `lib` for those files.
    pub(crate) fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
    }

    /// The code up to the tests that stand at its end.
    pub(crate) fn working(&self) -> String {
        let end = self.code.find("#[cfg(test)]\nmod ").unwrap_or(self.code.len());
        self.code[..end].to_owned()
    }

    /// Lines of code of which `wanted` is true, with their numbers.
    pub(crate) fn lines_with(&self, wanted: impl Fn(&str) -> bool) -> Vec<(usize, &str)> {
        (1..).zip(self.code.lines()).filter(|(_, line)| wanted(line)).collect()
    }

    /// Every path into the crate, braces opened, in `use` and elsewhere; doc comments do not count.
    pub(crate) fn crate_paths(&self) -> Vec<CratePath> {
        const ROOT: &str = "crate::";
        let code = &self.code;
        let mut found = Vec::new();
        for (at, _) in code.match_indices(ROOT) {
            let before = code[..at].chars().next_back();
            // `$crate::` counts; `mycrate::` does not.
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            let tree = &code[at + ROOT.len()..];
            found.extend(open(tree).into_iter().map(|path| CratePath { path, line }));
        }
        found
    }
}

/// The paths of a use tree, or the one path at the beginning of `tree`.
pub(crate) fn open(tree: &str) -> Vec<String> {
    let name: String = tree.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let rest = &tree[name.len()..];
    if name.is_empty() {
        let Some(inside) = rest.strip_prefix('{') else { return Vec::new() };
        return branches(inside).iter().flat_map(|branch| open(branch.trim_start())).collect();
    }
    let Some(further) = rest.strip_prefix("::") else { return vec![name] };
    let deeper = open(further);
    if deeper.is_empty() {
        return vec![name];
    }
    deeper.into_iter().map(|path| format!("{name}::{path}")).collect()
}

/// What stands between the commas of a brace group, whose opening brace is gone.
fn branches(inside: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push(&inside[start..at]);
                return found;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// Blanks comments and the insides of string and character literals.
fn blanked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => block_end(&chars, at),
            'r' if !continues_name(&chars, at) => raw_end(&chars, at),
            '"' => string_end(&chars, at),
            '\'' => char_end(&chars, at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

fn continues_name(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_') && chars[at - 1] != 'b'
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n)
}

fn block_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0, at);
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 1),
            ('*', '/') => (depth, i) = (depth - 1, i + 1),
            _ => {}
        }
        i += 1;
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], at: usize) -> usize {
    let mut i = at + 1;
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 1,
            '"' => return i + 1,
            _ => {}
        }
        i += 1;
    }
    chars.len()
}

/// Past `r"..."` or `r#"..."#`; where it is none, `at`.
fn raw_end(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return at;
    }
    let closes = |i: &usize| {
        chars[*i] == '"'
            && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
    };
    (open + 1..chars.len()).find(closes).map_or(chars.len(), |i| i + 1 + hashes)
}

/// Past a character literal; a lifetime is none.
fn char_end(chars: &[char], at: usize) -> usize {
    match chars.get(at + 1) {
        Some('\\') => {
            let end = chars[at + 3..].iter().position(|c| *c == '\'');
            end.map_or(chars.len(), |n| at + 4 + n)
        }
        Some(_) if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}
