//! JSON: an object, or a list whose items are handed on as they are read.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{Object, Objects, kind_of_items};
use crate::cluster::read::Input;

/// What one object may take; etcd accepts 1.5 MB. As values it takes some ten times as much.
pub(in crate::cluster) const MOST_OBJECT_BYTES: u64 = 6 << 20;

/// Reads a file of JSON objects.
///
/// # Errors
/// What is wrong and at which line; what comes before it has been handed on.
pub(super) fn read(input: &Input, objects: &mut Objects) -> Result<(), (Option<u64>, String)> {
    let text = input.open().map_err(|error| (None, error.to_string()))?;
    // The reader takes byte by byte.
    let (bounded, left) = Bounded::of(text);
    let mut reader = serde_json::Deserializer::from_reader(bounded);
    let document = Document { input, objects, left: &left };
    // Several documents may follow each other.
    let mut document = Some(document);
    while let Some(mut one) = document.take() {
        match reader.deserialize_map(&mut one) {
            Ok(()) => document = reader.end().is_err().then_some(one),
            Err(error) if error.is_eof() && error.line() <= 1 && error.column() == 0 => {}
            Err(error) => return Err((Some(error.line() as u64), error.to_string())),
        }
    }
    Ok(())
}

/// A text of which only so much is read before somebody sets the count back.
pub(in crate::cluster) struct Bounded {
    text: Box<dyn BufRead>,
    left: Rc<Cell<u64>>,
    begun: bool,
}

impl Bounded {
    /// A text, and what is left of it.
    pub(in crate::cluster) fn of(text: Box<dyn BufRead>) -> (BufReader<Self>, Rc<Cell<u64>>) {
        let left = Rc::new(Cell::new(MOST_OBJECT_BYTES));
        (BufReader::new(Self { text, left: Rc::clone(&left), begun: false }), left)
    }
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !std::mem::replace(&mut self.begun, true)
            && self.text.fill_buf()?.starts_with(b"\xef\xbb\xbf")
        {
            self.text.consume(3);
        }
        let read = self.text.read(buffer)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.ok_or_else(|| {
            io::Error::other(format!("an object of more than {} MiB", MOST_OBJECT_BYTES >> 20))
        })?);
        Ok(read)
    }
}

/// A document that is being read.
struct Document<'d> {
    input: &'d Input,
    objects: &'d mut Objects,
    left: &'d Cell<u64>,
}

impl<'de> Visitor<'de> for &mut Document<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object of Kubernetes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut own = Map::new();
        let mut is_list = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "items" {
                is_list = true;
                let text = |key| own.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
                let (kind, version) = (text("kind"), text("apiVersion"));
                let kind = kind.strip_suffix("List").unwrap_or(&kind).to_owned();
                map.next_value_seed(Items { document: self, kind, version })?;
            } else if own.contains_key(&key) {
                map.next_value::<IgnoredAny>()?;
            } else {
                own.insert(key, map.next_value()?);
            }
        }
        let own = Value::Object(own);
        if is_list {
            self.objects.list_ends(&own);
        } else {
            let text = |key| own.get(key).and_then(Value::as_str).unwrap_or("");
            let (kind, api_version) = (text("kind"), text("apiVersion"));
            self.objects.add(&Object { file: &self.input.name, kind, api_version, value: &own });
        }
        self.left.set(MOST_OBJECT_BYTES);
        Ok(())
    }
}

/// The items of a list; its kind and version stand for those of items that have none.
struct Items<'i, 'd> {
    document: &'i mut Document<'d>,
    kind: String,
    version: String,
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list of objects")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let mut looked = false;
        while let Some(value) = items.next_element::<Value>()? {
            if self.kind.is_empty() && !looked && value.get("kind").is_none() {
                looked = true;
                self.kind = kind_of_items(self.document.input).unwrap_or_default();
            }
            let own = |key| value.get(key).and_then(Value::as_str);
            let kind = own("kind").unwrap_or(&self.kind);
            let api_version = own("apiVersion").unwrap_or(&self.version);
            let file = self.document.input.name.as_str();
            self.document.objects.add_item(&Object { file, kind, api_version, value: &value });
            self.document.left.set(MOST_OBJECT_BYTES);
        }
        Ok(())
    }
}
