//! A source as a tree, its syntax errors in the log.

use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::{Finding, Log};
use crate::language::text::nesting;
use crate::language::text::span::Span;
use crate::language::text::tree::{self, Node};

/// The tree of a source; `None` if it nests too deeply. Syntax errors are reported one per line, and
/// what could be read comes back.
pub(crate) fn parse(source: usize, log: &mut Log) -> Option<Node> {
    let text = log.sources.text(source);
    if let Some(at) = nesting::too_deep(text.as_ref()) {
        let finding = Finding::new(Code::TooDeep, Span { source, ..at }, "this nests too deeply");
        log.push(finding.label(format!("more than {} levels", nesting::DEEPEST)));
        return None;
    }
    let (tree, errors) = tree::parse(source, text.as_ref());
    for (at, message) in errors {
        log.push_syntax(Finding::new(Code::Syntax, at, message));
    }
    Some(tree)
}
