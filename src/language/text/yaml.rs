//! The text of a manifest as a [tree](super::tree): YAML, and JSON as the part of YAML it is.
//!
//! The parser yields events without recursion. The tree is built with an explicit stack of bounded
//! depth, and aliases are expanded within a budget of nodes, so that no text is costly. After a
//! syntax error reading goes on at the next `---`.

use std::collections::BTreeMap;

use super::tree::{Entry, Item, Node};
use crate::language::{Code, Finding, Log, Span, shown};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span as Range, Tag};

/// Levels of objects and lists that a manifest may have; those of the API need ten.
const DEEPEST: usize = 64;
/// Values that a manifest may have, aliases expanded.
const MOST_NODES: usize = 100_000;

/// What kind of value it is, in the words of YAML, with its article.
pub(crate) fn type_name(node: &Node) -> &'static str {
    match node.item {
        Item::Array(_) => "a list",
        Item::Table(_) => "an object",
        Item::Null
        | Item::Text(_)
        | Item::Integer(_)
        | Item::Float(_)
        | Item::Flag(_)
        | Item::Datetime => node.type_name(),
    }
}

/// How many values it holds, itself included. Recursion is bounded by [`DEEPEST`].
fn size(node: &Node) -> usize {
    let below = node.items().iter().chain(node.entries().iter().map(|entry| &entry.node));
    1 + below.map(size).sum::<usize>()
}

/// How many levels it has below itself.
fn depth(node: &Node) -> usize {
    let below = node.items().iter().chain(node.entries().iter().map(|entry| &entry.node));
    let within = usize::from(matches!(node.item, Item::Array(_) | Item::Table(_)));
    within + below.map(depth).max().unwrap_or(0)
}

/// The documents of a source that are not empty, as far as they can be read.
pub(crate) fn documents(source: usize, log: &mut Log) -> Vec<Node> {
    let text = log.sources.text(source);
    let mut documents = Vec::new();
    let mut from = 0;
    while let Some(rest) = text.get(from..) {
        let mut reader = Reader::new(rest, Span { source, start: from, end: from });
        match reader.read(&mut documents, log) {
            // After that many mistakes a file is broken throughout.
            Err(Stop::Syntax(_)) if log.is_full() => break,
            Err(Stop::Syntax(at)) => match next_document(&text, at.max(from + 2)) {
                Some(next) => from = next,
                None => break,
            },
            Ok(()) | Err(Stop::Bound) => break,
        }
    }
    documents
}

/// Where the first line `---` from a byte on begins, but after the beginning of the text.
fn next_document(text: &str, from: usize) -> Option<usize> {
    let is_mark = |at: usize| {
        let end = text.get(at..).and_then(|line| line.strip_prefix("---"));
        end.is_some_and(|end| end.is_empty() || end.starts_with([' ', '\t', '\r', '\n']))
    };
    // The error may be the mark itself.
    let from = from.saturating_sub(1);
    let breaks = text.get(from..)?.match_indices('\n').map(|(at, _)| from + at + 1);
    breaks.into_iter().find(|at| is_mark(*at))
}

/// Why reading stops.
enum Stop {
    /// The text is not YAML, from this byte on.
    Syntax(usize),
    /// It is deeper or larger than allowed.
    Bound,
}

/// An object or list that is being read.
enum Open {
    List { anchor: usize, span: Span, items: Vec<Node> },
    Object(OpenObject),
}

struct OpenObject {
    anchor: usize,
    span: Span,
    entries: Vec<Entry>,
    /// Where each key was first.
    first: BTreeMap<String, Span>,
    /// The key whose value comes next.
    key: Option<(String, Span)>,
}

struct Reader<'t> {
    text: &'t str,
    /// Where the text begins in its source.
    base: Span,
    /// The last position looked up: characters and bytes. Positions come in order, nearly.
    last: (usize, usize),
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, base: Span) -> Self {
        Self { text, base, last: (0, 0), open: Vec::new(), anchors: BTreeMap::new(), nodes: 0 }
    }

    fn read(&mut self, documents: &mut Vec<Node>, log: &mut Log) -> Result<(), Stop> {
        for event in Parser::new_from_str(self.text) {
            let (event, range) = match event {
                Ok(event) => event,
                Err(error) => return Err(self.syntax(*error.marker(), error.info(), log)),
            };
            let span = self.span(range);
            match event {
                Event::SequenceStart(anchor, _) => {
                    self.enter(Open::List { anchor, span, items: Vec::new() }, span, log)?;
                }
                Event::MappingStart(anchor, _) => {
                    let (entries, first) = (Vec::new(), BTreeMap::new());
                    let open = OpenObject { anchor, span, entries, first, key: None };
                    self.enter(Open::Object(open), span, log)?;
                }
                Event::Scalar(text, style, anchor, tag) => {
                    if let Some(Open::Object(OpenObject { key: key @ None, .. })) =
                        self.open.last_mut()
                    {
                        *key = Some((text.into_owned(), span));
                        continue;
                    }
                    let item = scalar(&text, style, tag.as_deref());
                    self.value(Node::new(span, item), anchor, documents, log)?;
                }
                Event::Alias(anchor) => {
                    let node = self.expand(anchor, span, log)?;
                    self.value(node, 0, documents, log)?;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let Some(open) = self.open.pop() else { continue };
                    let (node, anchor) = open.close();
                    self.value(node, anchor, documents, log)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn enter(&mut self, open: Open, span: Span, log: &mut Log) -> Result<(), Stop> {
        if self.open.len() >= DEEPEST {
            return Err(too_deep(span, log));
        }
        self.open.push(open);
        Ok(())
    }

    /// Puts a whole value where it belongs.
    fn value(
        &mut self,
        node: Node,
        anchor: usize,
        documents: &mut Vec<Node>,
        log: &mut Log,
    ) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(too_many(node.span, log));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None if matches!(node.item, Item::Null) => {}
            None => documents.push(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Object(object)) => {
                let Some((name, at)) = object.key.take() else {
                    let finding =
                        Finding::new(Code::ManifestSyntax, node.span, "a key must be a word");
                    let finding = finding.label(format!("this is {}", type_name(&node)));
                    log.push(finding.help(self.template_help()));
                    return Err(Stop::Syntax(node.span.end));
                };
                object.put(Entry { name, at, node }, log);
            }
        }
        Ok(())
    }

    /// What an alias stands for, at the alias's place in the budget.
    fn expand(&mut self, anchor: usize, span: Span, log: &mut Log) -> Result<Node, Stop> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Ok(Node::new(span, Item::Null));
        };
        let (size, depth) = (size(node), depth(node));
        self.nodes = self.nodes.saturating_add(size);
        if self.nodes > MOST_NODES {
            return Err(too_many(span, log));
        }
        if self.open.len() + depth > DEEPEST {
            return Err(too_deep(span, log));
        }
        Ok(node.clone())
    }

    fn syntax(&mut self, at: Marker, info: &str, log: &mut Log) -> Stop {
        let byte = self.base.start + self.byte(at.index());
        let span = Span { start: byte, end: byte + 1, ..self.base };
        let finding = Finding::new(Code::ManifestSyntax, span, "this is not YAML").label(info);
        log.push(finding.help(self.template_help()));
        Stop::Syntax(byte)
    }

    /// Charts are full of braces.
    fn template_help(&self) -> Option<String> {
        let found = self.text.contains("{{");
        found.then(|| "this looks like a template: render it first (helm template)".to_owned())
    }

    fn span(&mut self, range: Range) -> Span {
        let start = self.base.start + self.byte(range.start.index());
        let end = self.base.start + self.byte(range.end.index());
        Span { start, end: end.max(start), ..self.base }
    }

    /// The byte of a character, found by steps from the last one looked up.
    fn byte(&mut self, char: usize) -> usize {
        let (at, from) = self.last;
        let (before, after) = self.text.split_at(from);
        self.last = match char.checked_sub(at) {
            Some(ahead) => match after.char_indices().nth(ahead) {
                Some((byte, _)) => (char, from + byte),
                // Some positions are past the end.
                None => (at + after.chars().count(), self.text.len()),
            },
            None => match before.char_indices().rev().nth(at - char - 1) {
                Some((byte, _)) => (char, byte),
                None => (0, 0),
            },
        };
        self.last.1
    }
}

impl Open {
    /// The value, now that all of it has been read, and its anchor.
    fn close(self) -> (Node, usize) {
        match self {
            Self::List { anchor, span, items } => (Node::new(span, Item::Array(items)), anchor),
            Self::Object(OpenObject { anchor, span, entries, .. }) => {
                let span = entries.first().map_or(span, |entry| entry.at);
                (Node::new(span, Item::Table(entries)), anchor)
            }
        }
    }
}

impl OpenObject {
    /// Adds an entry, unless the key is there already.
    fn put(&mut self, entry: Entry, log: &mut Log) {
        if let Some(first) = self.first.get(&entry.name) {
            let message = format!("the key `{}` occurs twice", shown(&entry.name));
            let finding = Finding::new(Code::ManifestSyntax, entry.at, message).label("the second");
            log.push(finding.related(Some(*first), "the first"));
            return;
        }
        self.first.insert(entry.name.clone(), entry.at);
        self.entries.push(entry);
    }
}

fn too_deep(span: Span, log: &mut Log) -> Stop {
    let finding = Finding::new(Code::ManifestSyntax, span, "this nests too deeply");
    log.push(finding.label(format!("more than {DEEPEST} levels")));
    Stop::Bound
}

fn too_many(span: Span, log: &mut Log) -> Stop {
    let finding = Finding::new(Code::ManifestSyntax, span, "the manifest has too many values");
    log.push(finding.label(format!("here the {MOST_NODES} allowed are passed")));
    Stop::Bound
}

/// A scalar as kubectl takes it: what is in quotes is a string.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Item {
    let is_string = tag.is_some_and(|tag| tag.suffix == "str" || tag.suffix == "!");
    if style != ScalarStyle::Plain || is_string {
        return Item::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Item::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Item::Flag(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            Item::Flag(false)
        }
        _ => number(text).unwrap_or_else(|| Item::Text(text.to_owned())),
    }
}

fn number(text: &str) -> Option<Item> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let radix = |prefix, radix| i128::from_str_radix(digits.strip_prefix(prefix)?, radix).ok();
    if let Some(value) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Some(Item::Integer(Some(if text.starts_with('-') { -value } else { value })));
    }
    if digits.chars().all(|c| c.is_ascii_digit()) {
        return Some(Item::Integer(text.parse().ok()));
    }
    text.parse().ok().map(Item::Float)
}

#[cfg(test)]
mod tests {
    use super::{Item, Node, documents};
    use crate::language::tell::diagnostic::Log;
    use crate::language::text::source::Sources;

    fn read(text: &str) -> (Vec<Node>, Vec<String>) {
        let mut log = Log::new(Sources::new("m.yaml", text.to_owned()));
        let documents = documents(0, &mut log);
        (
            documents,
            log.finish()
                .items
                .iter()
                .map(crate::language::tell::diagnostic::Diagnostic::short)
                .collect(),
        )
    }

    fn shape(node: &Node) -> String {
        match &node.item {
            Item::Null => "null".into(),
            Item::Flag(flag) => flag.to_string(),
            Item::Integer(n) => n.map_or_else(|| "huge".into(), |n| n.to_string()),
            Item::Float(_) => "float".into(),
            Item::Datetime => "a time".into(),
            Item::Text(text) => format!("'{text}'"),
            Item::Array(items) => {
                format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(", "))
            }
            Item::Table(entries) => {
                let pairs = entries.iter().map(|e| format!("{}: {}", e.name, shape(&e.node)));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn values_are_those_of_kubectl() {
        let text =
            "a: 1\nb: '1'\nc: yes\nd: ~\ne: 0x1F\nf: 1.5\ng: !!str 7\nh: [-3, é]\n1: |\n  x\n";
        let (documents, errors) = read(text);
        assert_eq!(
            documents.iter().map(shape).collect::<Vec<_>>(),
            ["{a: 1, b: '1', c: true, d: null, e: 31, f: float, g: '7', h: [-3, 'é'], 1: 'x\n'}"]
        );
        assert_eq!(errors, [""; 0]);
    }

    #[test]
    fn json_is_yaml_and_positions_count_bytes() {
        let (documents, errors) = read("{\n\t\"ä\": {\"b\": [1,\n\ttrue]}\n}");
        assert_eq!((shape(&documents[0]).as_str(), errors.len()), ("{ä: {b: [1, true]}}", 0));
        let entries = documents[0].entries();
        assert_eq!((entries[0].at.start, entries[0].node.span.start), (3, 10));
    }

    #[test]
    fn reading_goes_on_after_a_syntax_error() {
        let (documents, errors) = read("a: b: c\n---\nd: 1\n---\ne: [\n---\nf: 2\n");
        assert_eq!(documents.iter().map(shape).collect::<Vec<_>>(), ["{d: 1}", "{f: 2}"]);
        assert_eq!(
            errors,
            [
                "m.yaml:1:5: error[E0302]: this is not YAML",
                "m.yaml:6:1: error[E0302]: this is not YAML"
            ]
        );
    }

    #[test]
    fn keys_are_words_and_occur_once() {
        let (_, errors) = read("a: 1\nb: 2\na: 3\n---\na: {{ .Values.x }}\n");
        assert_eq!(
            errors,
            [
                "m.yaml:3:1: error[E0302]: the key `a` occurs twice",
                "m.yaml:5:7: error[E0302]: a key must be a word"
            ]
        );
    }

    #[test]
    fn aliases_are_expanded_within_bounds() {
        let (documents, _) = read("a: &x [1, 2]\nb: *x\n");
        assert_eq!(shape(&documents[0]), "{a: [1, 2], b: [1, 2]}");
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..30 {
            let aliases = vec![format!("*a{}", i - 1); 10].join(", ");
            bomb.extend([format!("a{i}: &a{i} [{aliases}]\n")]);
        }
        let chain: Vec<String> = (1..90).map(|i| format!("a{i}: &a{i} [*a{}]\n", i - 1)).collect();
        for text in [bomb, format!("a0: &a0 x\n{}", chain.concat())] {
            let (_, errors) = read(&text);
            assert_eq!(errors.len(), 1, "{errors:?}");
        }
    }
}
