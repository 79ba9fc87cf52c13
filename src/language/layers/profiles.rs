//! Profiles: variants of a scenario that its own file holds, chosen by name.

use super::grammar::Grammar;
use crate::language::layers::overlay;
use crate::language::layers::removal;
use crate::language::table::NameForm;
use crate::language::table::read::check_name;
use crate::language::table::walk::Walker;
use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::{Finding, Log, shown};
use crate::language::tell::suggest::nearest;
use crate::language::text::span::Span;
use crate::language::text::tree::{Entry, Item, Node};

/// Lays the chosen profiles over the tree, in the order in which they were chosen. The others are
/// looked through for mistakes.
pub(crate) fn apply(grammar: &Grammar, tree: &mut Node, chosen: &[String], log: &mut Log) {
    let mut profiles = taken(tree, log);
    let names: Vec<String> = profiles.iter().map(|profile| profile.name.clone()).collect();
    let mut laid: Vec<&str> = Vec::new();
    for name in chosen {
        if laid.contains(&name.as_str()) {
            continue;
        }
        let Some(index) = profiles.iter().position(|profile| profile.name == *name) else {
            unknown(name, &names, log);
            continue;
        };
        let profile = profiles.remove(index);
        log.sources.mark_profile(name, &profile.node);
        overlay::lay(grammar, tree, profile.node, log);
        laid.push(name);
    }
    for mut profile in profiles {
        removal::strip(&mut profile.node);
        if let Item::Table(entries) = &profile.node.item {
            // What a profile leaves out is in the file.
            Walker { root: grammar.root, log, complete: false }.table(
                grammar.root,
                &profile.node,
                entries,
            );
        }
    }
}

/// Takes the profiles out of the tree; what is none is reported.
fn taken(tree: &mut Node, log: &mut Log) -> Vec<Entry> {
    let Some(node) = tree.take("profiles") else {
        return Vec::new();
    };
    let wrong = |what: &str, at: Span, found: &str, log: &mut Log| {
        let message = format!("{what} must be a table, not {found}");
        let finding = Finding::new(Code::WrongType, at, message).label(format!("this is {found}"));
        log.push(finding.help("write one table each, such as [profiles.large.cluster]".to_owned()));
    };
    let Item::Table(entries) = node.item else {
        wrong("`profiles`", node.span, node.type_name(), log);
        return Vec::new();
    };
    for entry in &entries {
        if let Err(problem) = check_name(&entry.name, NameForm::Slug) {
            let message = format!("`{}` {}", shown(&entry.name), problem.message);
            log.push(Finding::new(problem.code, entry.at, message).label(problem.label));
        }
        if !matches!(entry.node.item, Item::Table(_)) {
            let what = format!("`profiles.{}`", shown(&entry.name));
            wrong(&what, entry.node.span, entry.node.type_name(), log);
        }
    }
    entries.into_iter().filter(|entry| matches!(entry.node.item, Item::Table(_))).collect()
}

/// A profile that was typed and that the file does not have.
fn unknown(name: &str, names: &[String], log: &mut Log) {
    let source = log.sources.add_file("--profile", name.to_owned());
    let at = Span { source, start: 0, end: name.len() };
    let message = format!("the scenario has no profile `{}`", shown(name));
    let finding = Finding::new(Code::UnknownProfile, at, message).label("no such profile");
    let near = nearest(name, names.iter().map(String::as_str));
    log.push(finding.help(match near {
        Some(near) => format!("did you mean `{}`?", shown(near)),
        None if names.is_empty() => "it has no profiles: add [profiles.NAME]".to_owned(),
        None => {
            let some: Vec<String> = names.iter().take(5).map(|name| shown(name)).collect();
            format!("its profiles are: {}", some.join(", "))
        }
    }));
}
