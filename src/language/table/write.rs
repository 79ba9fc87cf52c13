//! Scalars, keys and strings as TOML.

use super::plain::Plain;
use crate::units::Bytes;

pub(crate) fn brackets(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

pub(crate) fn braces(pairs: impl Iterator<Item = String>) -> String {
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() {
        return "{}".to_owned();
    }
    format!("{{ {} }}", pairs.join(", "))
}

/// A scalar as TOML.
pub(crate) fn scalar(plain: &Plain) -> String {
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
pub(crate) fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quoted(name) }
}

/// A part of a key as `--set` takes it.
pub(crate) fn path_part(name: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

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
