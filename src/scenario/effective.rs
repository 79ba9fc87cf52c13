//! The effective scenario: canonical TOML with every default filled in, and its hash.

use super::filled::{Filled, Plain, Slot, State, Value};
use super::keys::Kind;
use super::uncertain::Spread;
use crate::units::Bytes;

/// Prints the checked tree; loading the result gives the same inputs.
pub(super) fn print(root: &Filled) -> String {
    printed(root, &[], &[])
}

/// 12 hex digits that name the scenario, whatever its seed, its replications and its sweep.
pub(super) fn hash(root: &Filled) -> String {
    let text = printed(root, &["seed", "replications"], &["sweep"]);
    let mut digits = format!("{:016x}", fnv1a(text.as_bytes()));
    digits.truncate(12);
    digits
}

/// FNV-1a of 64 bits: the same on every machine and in every version.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn printed(root: &Filled, skip_in_run: &[&str], skip: &[&str]) -> String {
    let mut text = String::new();
    pairs(root, &[], &mut text);
    for slot in &root.slots {
        let name = slot.key.name;
        let State::Set(value) = &slot.state else {
            continue;
        };
        if skip.contains(&name) {
            continue;
        }
        match value {
            Value::Table(table) => {
                let skip = if name == "run" { skip_in_run } else { &[] };
                text.extend(["\n[", name, "]\n"]);
                pairs(table, skip, &mut text);
                lists(table, name, &mut text);
            }
            Value::Named(tables) => {
                for (inner, _, table) in tables {
                    text.extend(["\n[", name, ".", &key(inner), "]\n"]);
                    pairs(table, &[], &mut text);
                }
            }
            Value::List(tables) => {
                for table in tables {
                    text.extend(["\n[[", name, "]]\n"]);
                    pairs(table, &[], &mut text);
                }
            }
            Value::Plain(_) | Value::Gates(_) => {}
        }
    }
    text
}

/// The arrays of tables of a section, with a header each.
fn lists(section: &Filled, name: &str, text: &mut String) {
    for slot in &section.slots {
        if let State::Set(Value::List(tables)) = &slot.state {
            for table in tables {
                text.extend(["\n[[", name, ".", slot.key.name, "]]\n"]);
                pairs(table, &[], text);
            }
        }
    }
}

/// The keys of a table, one a line; at the root only the scalars, and no arrays of a section.
fn pairs(table: &Filled, skip: &[&str], text: &mut String) {
    let is_root = std::ptr::eq(table.table, &raw const super::keys::ROOT);
    let is_section = super::keys::ROOT
        .keys
        .iter()
        .any(|key| matches!(key.kind, Kind::Table(inner) if std::ptr::eq(table.table, inner)));
    for slot in &table.slots {
        let State::Set(value) = &slot.state else {
            continue;
        };
        let structure = is_root && !matches!(value, Value::Plain(_))
            || is_section && matches!(value, Value::List(_));
        if structure || skip.contains(&slot.key.name) {
            continue;
        }
        text.extend([slot.key.name, " = ", &of_slot(slot, value), "\n"]);
    }
}

/// The value of a key inside a line, or its distribution where it is uncertain.
pub(super) fn of_slot(slot: &Slot, value: &Value) -> String {
    slot.spread.as_ref().map_or_else(|| inline(value), Spread::print)
}

/// A value inside a line.
fn inline(value: &Value) -> String {
    match value {
        Value::Plain(plain) => scalar(plain),
        Value::Gates(gates) => {
            braces(gates.iter().map(|(name, on, _)| format!("{} = {on}", key(name))))
        }
        Value::Table(table) => inner(table),
        Value::List(tables) => brackets(tables.iter().map(inner)),
        Value::Named(_) => "{}".to_owned(),
    }
}

/// A table inside a line.
pub(super) fn inner(table: &Filled) -> String {
    braces(table.slots.iter().filter_map(|slot| match &slot.state {
        State::Set(value) => Some(format!("{} = {}", slot.key.name, of_slot(slot, value))),
        _ => None,
    }))
}

pub(super) fn brackets(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn braces(pairs: impl Iterator<Item = String>) -> String {
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() {
        return "{}".to_owned();
    }
    format!("{{ {} }}", pairs.join(", "))
}

/// A scalar as TOML.
pub(super) fn scalar(plain: &Plain) -> String {
    match plain {
        Plain::Text(text) => quoted(text),
        Plain::Flag(flag) => flag.to_string(),
        Plain::Integer(n) => n.to_string(),
        // Debug prints the shortest digits that read back, and always as a float.
        Plain::Number(x) => format!("{x:?}"),
        Plain::Size(bytes) => format!("\"{}\"", shortest(*bytes)),
        Plain::Span(span) => format!("\"{span}\""),
        Plain::Rate(rate) => format!("\"{}/s\"", shortest(Bytes(rate.0))),
        Plain::PerSecond(x) => format!("\"{x}/s\""),
        Plain::Percent(x) => format!("\"{x}%\""),
        Plain::Minor(minor) => format!("\"1.{minor}\""),
        Plain::Texts(texts) => brackets(texts.iter().map(|(text, _)| quoted(text))),
    }
}

/// The shorter of the exact binary and decimal forms: `16GiB`, but `400MB` and not `390625KiB`.
fn shortest(bytes: Bytes) -> String {
    const DECIMAL: [(&str, u64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    let binary = format!("{bytes:#}");
    let unit = DECIMAL.iter().find(|(_, size)| bytes.0 > 0 && bytes.0.is_multiple_of(*size));
    match unit.map(|(unit, size)| format!("{}{unit}", bytes.0 / size)) {
        Some(decimal) if decimal.len() < binary.len() => decimal,
        _ => binary,
    }
}

/// A key, bare where it can be.
pub(super) fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quoted(name) }
}

/// A part of a key as `--set` takes it.
pub(super) fn path_part(name: &str) -> String {
    let special = name.contains(['.', '=', '"', '\'']) || name.trim() != name || name.is_empty();
    let quote = if name.contains('\'') { '"' } else { '\'' };
    if special { format!("{quote}{name}{quote}") } else { name.to_owned() }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.extend(format!("\\u{:04X}", u32::from(c)).chars()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Sorts events as the model takes them: by time, those of the same time as written.
pub(super) fn sort_events(root: &mut Filled) {
    if let Some(Value::List(events)) = root.value_mut("events") {
        events.sort_by_key(|event| event.span_of("at"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a_matches_the_published_vectors() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn sizes_take_the_shorter_form() {
        for (bytes, text) in [
            (16 << 30, "16GiB"),
            (400_000_000, "400MB"),
            (9_240_000_000, "9240MB"),
            (1_024_000, "1024kB"),
            (0, "0B"),
            (1_001, "1001B"),
        ] {
            assert_eq!(shortest(Bytes(bytes)), text);
        }
    }

    #[test]
    fn strings_are_escaped() {
        assert_eq!(quoted("a\"\\\n\u{1b}ü"), "\"a\\\"\\\\\\n\\u001Bü\"");
        assert_eq!(key("a-b"), "a-b");
        assert_eq!(key("a.b"), "\"a.b\"");
    }
}
