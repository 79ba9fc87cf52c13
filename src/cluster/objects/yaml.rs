//! YAML as kubectl prints it: documents, and lists whose items begin at the first column. Each item
//! is parsed by itself.

use serde_json::Value;

use super::{Object, Objects, kind_of_items};
use crate::cluster::read::{Input, Line};
use crate::language::Log;
use crate::language::text::source::Sources;
use crate::language::text::yaml::documents;

/// What one object may take.
const MOST_OBJECT_BYTES: usize = 6 << 20;

/// Something that was not understood: its line and why.
pub(super) type Mistake = (Option<u64>, String);

/// Reads a file of YAML objects; what is wrong with some of them is handed back.
pub(super) fn read(input: &Input, objects: &mut Objects) -> Vec<Mistake> {
    let mut lines = match input.lines() {
        Ok(lines) => lines,
        Err(error) => return vec![(None, error.to_string())],
    };
    let mut reader = Reader {
        input,
        of_items: None,
        objects,
        text: String::new(),
        at: 1,
        wrong: vec![],
        head: None,
    };
    let mut in_items = false;
    while let Some(line) = lines.advance() {
        let (number, line) = match line {
            Line::Whole(number, line) => (number, String::from_utf8_lossy(line)),
            Line::TooLong(number) => {
                reader.wrong.push((Some(number), "the line is longer than 16 MiB".to_owned()));
                continue;
            }
            Line::Broken(number, error) => {
                reader.wrong.push((Some(number), format!("the file breaks off: {error}")));
                break;
            }
        };
        let item = in_items && (line.starts_with("- ") || line == "-");
        let document = line == "---" || line.starts_with("--- ") || line == "...";
        let leaves = in_items && line.starts_with(|c: char| c.is_ascii_alphabetic());
        let enters = !in_items && line.trim_end() == "items:";
        if document {
            reader.flush(number, false);
            reader.list_ends();
        }
        if item || document || leaves || enters {
            reader.flush(number, enters);
            in_items = item || enters;
        }
        if enters && reader.head.is_none() {
            reader.head = Some(Value::Null);
        }
        if !document && !enters {
            reader.text.push_str(&line);
            reader.text.push('\n');
        }
    }
    reader.flush(0, false);
    reader.list_ends();
    reader.wrong
}

struct Reader<'r> {
    input: &'r Input,
    /// The kind of the items of a list that says it after them, once it was looked for.
    of_items: Option<String>,
    objects: &'r mut Objects,
    /// The object that is being read, and its first line.
    text: String,
    at: u64,
    wrong: Vec<Mistake>,
    /// What stands before the items of a list.
    head: Option<Value>,
}

impl Reader<'_> {
    /// Hands on what was read; the next object begins at this line. What stands before items is the head
    /// of their list.
    fn flush(&mut self, next: u64, head: bool) {
        let (text, at) = (std::mem::take(&mut self.text), std::mem::replace(&mut self.at, next));
        if text.trim().is_empty() {
            return;
        }
        if text.len() > MOST_OBJECT_BYTES {
            let what = format!("an object of more than {} MiB", MOST_OBJECT_BYTES >> 20);
            return self.wrong.push((Some(at), what));
        }
        let mut log = Log::new(Sources::new(&self.input.name, text));
        let found = documents(0, &mut log);
        for mistake in log.finish().items {
            let line = at + mistake.primary.place.line.saturating_sub(1) as u64;
            self.wrong.push((Some(line), mistake.message));
        }
        for node in &found {
            match node.to_json() {
                list @ Value::Object(_) if head => self.head = Some(list),
                Value::Array(items) => items.iter().for_each(|item| self.hand_on(item)),
                object => self.hand_on(&object),
            }
        }
    }

    fn hand_on(&mut self, value: &Value) {
        let text = |key| value.get(key).and_then(Value::as_str).unwrap_or("");
        let (mut kind, mut api_version) = (text("kind"), text("apiVersion"));
        let head = self.head.take();
        if let Some(head) = head.as_ref().filter(|_| kind.is_empty()) {
            // Items of a list of one kind need not say it.
            let text = |key| head.get(key).and_then(Value::as_str).unwrap_or_default();
            kind = text("kind").strip_suffix("List").unwrap_or_default();
            api_version = text("apiVersion");
            if kind.is_empty() {
                let look = || kind_of_items(self.input).unwrap_or_default();
                kind = self.of_items.get_or_insert_with(look);
            }
        }
        // What is left of a list without its items.
        if kind == "List" || kind.ends_with("List") && value.get("spec").is_none() {
            self.objects.list_ends(value);
        } else {
            let object = Object { file: &self.input.name, kind, api_version, value };
            if head.is_some() { self.objects.add_item(&object) } else { self.objects.add(&object) }
        }
        self.head = head;
    }

    /// The end of a list whose head came first.
    fn list_ends(&mut self) {
        if let Some(head) = self.head.take() {
            self.objects.list_ends(&head);
        }
    }
}
