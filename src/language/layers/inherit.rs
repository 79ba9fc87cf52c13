//! What a scenario inherits: files and presets that it is laid over.
//!
//! `inherits` names them, the first lowest. Each may inherit further ones; one that several inherit is
//! laid down once, below all of them. The file itself comes last.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::grammar::{Grammar, Preset};
use super::parse::parse;
use crate::language::layers::overlay;
use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::{Finding, Log, shown};
use crate::language::tell::suggest::nearest;
use crate::language::text::file::{LARGEST_FILE, read};
use crate::language::text::span::Span;
use crate::language::text::tree::{Item, Node};

/// Files and presets that a scenario may inherit in total.
const MOST: usize = 100;

/// How one may name a preset.
const PRESET: &str = "preset:";

/// A file or preset, by whichever name it was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    Preset(&'static str),
    File(PathBuf),
}

impl Identity {
    fn of_file(path: &Path) -> Self {
        Self::File(path.canonicalize().unwrap_or_else(|_| path.to_owned()))
    }
}

/// Lays a source over a base: what it inherits first, then itself. `path` is that of the source, if it
/// was read from a file.
pub(crate) fn lay(
    grammar: &Grammar,
    base: &mut Node,
    tree: Node,
    path: Option<&Path>,
    log: &mut Log,
) {
    let folder = path.map(|path| path.parent().unwrap_or_else(|| Path::new("")).to_owned());
    let mut layers = Layers { grammar, base, seen: BTreeSet::new(), open: Vec::new() };
    let own = path.map(Identity::of_file);
    layers
        .open
        .extend(own.map(|own| (own, shown(&path.unwrap_or(Path::new("")).to_string_lossy()))));
    layers.lay(tree, folder.as_deref(), log);
}

struct Layers<'a> {
    grammar: &'a Grammar,
    base: &'a mut Node,
    /// What has been laid down.
    seen: BTreeSet<Identity>,
    /// What inherits what is being read, outermost first, with what it is called.
    open: Vec<(Identity, String)>,
}

impl Layers<'_> {
    /// Recursion is bounded: nothing is laid down twice, and at most [`MOST`] in total.
    fn lay(&mut self, mut tree: Node, folder: Option<&Path>, log: &mut Log) {
        for (name, at) in inherited(&mut tree, log) {
            match name.strip_prefix(PRESET) {
                Some(preset) => self.preset(preset.trim(), at, log),
                None => self.file(&name, at, folder, log),
            }
        }
        overlay::lay(self.grammar, self.base, tree, log);
    }

    fn preset_of(&self, name: &str) -> Option<&'static Preset> {
        self.grammar.presets.iter().find(|preset| preset.name == name)
    }

    fn preset(&mut self, name: &str, at: Span, log: &mut Log) {
        let Some(preset) = self.preset_of(name) else {
            log.push(unknown_preset(self.grammar, name, at));
            return;
        };
        let called = format!("{PRESET}{}", preset.name);
        if self.enter(Identity::Preset(preset.name), &called, at, log) {
            let source = log.sources.add_file(&called, preset.text.to_owned());
            self.source(source, None, log);
        }
    }

    fn file(&mut self, name: &str, at: Span, folder: Option<&Path>, log: &mut Log) {
        let Some(folder) = folder else {
            let message = "files can be inherited only by a file";
            let finding =
                Finding::new(Code::Inherits, at, message).label("no file to be relative to");
            log.push(
                finding.help("a preset can be inherited from anywhere: \"preset:NAME\"".to_owned()),
            );
            return;
        };
        let path = folder.join(name);
        let text = match text_of(&path) {
            Ok(text) => text,
            Err(why) => {
                log.push(unreadable(self.preset_of(name), (name, &path), &why, at));
                return;
            }
        };
        let called = path.display().to_string();
        if self.enter(Identity::of_file(&path), &called, at, log) {
            let source = log.sources.add_file(&called, text);
            log.sources.set_folder(source, path.parent().unwrap_or_else(|| Path::new("")));
            self.source(source, path.parent(), log);
        }
    }

    /// Whether something is still to be laid down.
    fn enter(&mut self, identity: Identity, called: &str, at: Span, log: &mut Log) -> bool {
        if let Some(first) = self.open.iter().position(|(open, _)| *open == identity) {
            let round = self.open.iter().skip(first).map(|(_, called)| called.as_str());
            let round: Vec<&str> = round.chain([called]).collect();
            let message = format!("`{}` inherits itself", shown(called));
            let finding = Finding::new(Code::Inherits, at, message).label("this closes the circle");
            log.push(finding.help(format!("the circle: {}", round.join(" inherits "))));
            return false;
        }
        if self.seen.contains(&identity) {
            return false;
        }
        if self.seen.len() >= MOST {
            let message = format!("a scenario may inherit at most {MOST} files and presets");
            log.push(Finding::new(Code::TooMany, at, message));
            return false;
        }
        self.seen.insert(identity.clone());
        self.open.push((identity, called.to_owned()));
        true
    }

    /// Lays down what was entered last.
    fn source(&mut self, source: usize, folder: Option<&Path>, log: &mut Log) {
        if let Some(tree) = parse(source, log) {
            self.lay(tree, folder, log);
        }
        self.open.pop();
    }
}

/// Takes out of a tree what it inherits.
fn inherited(tree: &mut Node, log: &mut Log) -> Vec<(String, Span)> {
    let Some(node) = tree.take("inherits") else {
        return Vec::new();
    };
    let items = match node.item {
        Item::Array(items) => items,
        item => vec![Node { item, ..node }],
    };
    let mut names = Vec::new();
    for item in items {
        match item.item {
            Item::Text(name) => names.push((name, item.span)),
            _ => {
                let found = item.type_name();
                let message =
                    format!("`inherits` must be a file or preset, or a list, not {found}");
                let finding = Finding::new(Code::WrongType, item.span, message);
                let finding = finding.label(format!("this is {found}"));
                log.push(finding.help(
                    "for example: inherits = [\"base.toml\", \"preset:fleet-kubelet\"]".to_owned(),
                ));
            }
        }
    }
    names
}

fn text_of(path: &Path) -> Result<String, String> {
    let bytes = read(path, LARGEST_FILE)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(format!("a scenario may have at most {} MiB", LARGEST_FILE >> 20));
    }
    String::from_utf8(bytes).map_err(|_| "this is not UTF-8 text".to_owned())
}

fn unreadable(
    preset: Option<&Preset>,
    (name, path): (&str, &Path),
    why: &str,
    at: Span,
) -> Finding {
    let message = format!("`{}` cannot be inherited", shown(name));
    let finding = Finding::new(Code::Inherits, at, message).label(why);
    finding.help(match preset {
        Some(preset) => format!("if the preset was meant, write \"{PRESET}{}\"", preset.name),
        None => format!("it is looked for at {}", shown(&path.to_string_lossy())),
    })
}

fn unknown_preset(grammar: &Grammar, name: &str, at: Span) -> Finding {
    let message = format!("there is no preset `{}`", shown(name));
    let finding = Finding::new(Code::Inherits, at, message).label("no such preset");
    let near = nearest(name, grammar.presets.iter().map(|preset| preset.name));
    finding.help(match near {
        Some(near) => format!("did you mean \"{PRESET}{near}\"?"),
        None => "`oomcast presets` lists them".to_owned(),
    })
}
