//! One scalar of the text, read as its key's kind demands.

use crate::language::table::plain::Plain;
use crate::language::table::{Kind, NameForm, Units, one_of};
use crate::language::tell::code::Code;
use crate::language::tell::diagnostic::shown;
use crate::language::tell::suggest::nearest;
use crate::language::text::tree::{Item, Node};
use crate::units::{Bytes, QuantityError, SimSpan, parse_byte_rate, parse_bytes, parse_span};

/// What is wrong with a value.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Its kind.
    pub(crate) code: Code,
    /// One sentence, to follow the key's name in quotes.
    pub(crate) message: String,
    /// What to say at the place.
    pub(crate) label: String,
    /// What to do.
    pub(crate) help: Option<String>,
}

impl Problem {
    fn new(code: Code, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { code, message: message.into(), label: label.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn quantity(kind: &Kind, error: QuantityError) -> Self {
        let message = format!("must be {}", kind.expected());
        Self::new(Code::BadQuantity, message, error.0)
    }

    fn bounds(min: impl std::fmt::Display, max: impl std::fmt::Display, label: &str) -> Self {
        let (min, max) = (min.to_string(), max.to_string());
        let message = if min == max {
            format!("must be {min}")
        } else {
            format!("must be between {min} and {max}")
        };
        Self::new(Code::OutOfBounds, message, label)
    }
}

type Read<T = Plain> = Result<T, Problem>;

/// Reads a scalar.
pub(crate) fn scalar(kind: &Kind, node: &Node) -> Read {
    match kind {
        Kind::Text { max } => text(kind, node, *max),
        Kind::Name(form) => name(kind, node, *form),
        Kind::Refer(_) => Ok(Plain::Text(string(kind, node)?.to_owned())),
        Kind::Flag => flag(kind, node),
        Kind::Integer { min, max } => integer(kind, node, *min, *max),
        Kind::IntegerOr { min, max, word } => integer_or(kind, node, (*min, *max), word),
        Kind::IntegerOrPercent { max } => match per_cent(string(kind, node).unwrap_or_default()) {
            Ok(value) => bounded(value, 0.0, 100.0).map(Plain::Percent),
            Err(_) => integer(kind, node, 1, *max),
        },
        Kind::Number { min, max } => bounded(number(kind, node)?, *min, *max).map(Plain::Number),
        Kind::Cores { min, max } => bounded(cores(kind, node)?, *min, *max).map(Plain::Number),
        Kind::Choice(words) => choice(kind, node, words),
        Kind::Minor { oldest, newest, .. } => minor(kind, node, (*oldest, *newest)),
        Kind::Texts { max } => texts(kind, node, *max),
        Kind::Deferred { kinds, .. } => deferred(kind, node, kinds),
        Kind::Per(units) => per(kind, node, units),
        Kind::Inherits | Kind::Profiles => Err(too_late()),
        _ => quantity(kind, node),
    }
}

/// Reads a value with a unit.
fn quantity(kind: &Kind, node: &Node) -> Read {
    let text = unit_string(kind, node)?;
    let wrong = |error| Problem::quantity(kind, error);
    match kind {
        Kind::Size { min, max, .. } => {
            let value = parse_bytes(text).map_err(wrong)?;
            if (*min..=*max).contains(&value) {
                return Ok(Plain::Size(value));
            }
            let label = format!("this is {value}");
            Err(Problem::bounds(short(*min), short(*max), &label))
        }
        Kind::Span { min, max } => {
            let value = parse_span(text).map_err(wrong)?;
            if (*min..=*max).contains(&value) {
                return Ok(Plain::Span(value));
            }
            let label = format!("this is {}", days(value));
            Err(Problem::bounds(days(*min), days(*max), &label))
        }
        Kind::Rate { min, max } => {
            let value = parse_byte_rate(text).map_err(wrong)?;
            if (*min..=*max).contains(&value) {
                return Ok(Plain::Rate(value));
            }
            Err(Problem::bounds(min, max, &format!("this is {value}")))
        }
        Kind::PerSecond { max } => {
            let value = per_second(text).map_err(wrong)?;
            bounded(value, 0.0, *max).map(Plain::PerSecond)
        }
        Kind::Percent { max } => {
            let value = per_cent(text).map_err(wrong)?;
            bounded(value, 0.0, *max).map(Plain::Percent)
        }
        _ => Err(wrong_type(kind, node)),
    }
}

fn wrong_type(kind: &Kind, node: &Node) -> Problem {
    let message = format!("must be {}, not {}", kind.expected(), node.type_name());
    Problem::new(Code::WrongType, message, format!("this is {}", node.type_name()))
}

/// The text of a string; of any scalar, where a `--set` left the quotes out.
fn string<'a>(kind: &Kind, node: &'a Node) -> Read<&'a str> {
    match (&node.item, &node.raw) {
        (Item::Text(text), _) | (_, Some(text)) => Ok(text),
        _ => Err(wrong_type(kind, node)),
    }
}

/// A string that holds a number and its unit; bare numbers get advice.
fn unit_string<'a>(kind: &Kind, node: &'a Node) -> Read<&'a str> {
    if node.raw.is_none() && matches!(node.item, Item::Integer(_) | Item::Float(_)) {
        let message = format!("needs a unit: {}", kind.expected());
        return Err(Problem::new(Code::BadQuantity, message, "a bare number has no unit"));
    }
    string(kind, node)
}

fn text(kind: &Kind, node: &Node, max: usize) -> Read {
    let text = string(kind, node)?;
    if text.len() > max {
        let label = format!("this is {} bytes long", text.len());
        let message = format!("must not be longer than {max} bytes");
        return Err(Problem::new(Code::OutOfBounds, message, label));
    }
    Ok(Plain::Text(text.to_owned()))
}

/// Bytes that a string of a list may have.
pub(crate) const LONGEST_TEXT: usize = 1024;

/// A list of strings without control characters.
fn texts(kind: &Kind, node: &Node, max: usize) -> Read {
    let Item::Array(items) = &node.item else {
        let problem = wrong_type(kind, node);
        return Err(match &node.item {
            Item::Text(text) => problem.help(format!("write [\"{}\"]", shown(text))),
            _ => problem,
        });
    };
    if items.len() > max {
        let label = format!("this has {} entries", items.len());
        let message = format!("must not have more than {max} entries");
        return Err(Problem::new(Code::TooMany, message, label));
    }
    let mut texts = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        let Item::Text(text) = &item.item else {
            let message =
                format!("must be {}; its entry {i} is {}", kind.expected(), item.type_name());
            return Err(Problem::new(Code::WrongType, message, "not all are strings"));
        };
        if text.len() > LONGEST_TEXT || text.chars().any(char::is_control) {
            let message = format!(
                "has an entry {i} with control characters or more than {LONGEST_TEXT} bytes"
            );
            return Err(Problem::new(Code::BadName, message, "not printable"));
        }
        texts.push((text.clone(), item.span));
    }
    Ok(Plain::Texts(texts))
}

fn name(kind: &Kind, node: &Node, form: NameForm) -> Read {
    let text = string(kind, node)?;
    check_name(text, form)?;
    Ok(Plain::Text(text.to_owned()))
}

/// Checks a name's length and characters.
pub(crate) fn check_name(text: &str, form: NameForm) -> Read<()> {
    let wrong = |message: &str| Err(Problem::new(Code::BadName, message, "not a name"));
    let most = match form {
        NameForm::Plural | NameForm::Subdomain => 253,
        NameForm::Slug | NameForm::Free => 100,
    };
    if text.trim().is_empty() {
        return wrong("must not be empty");
    }
    if text.len() > most {
        return wrong(&format!("must not be longer than {most} bytes"));
    }
    let all = |ok: fn(char) -> bool| text.chars().all(ok);
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    match form {
        NameForm::Slug
            if !starts_well || !all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) =>
        {
            wrong("may have letters, digits, `-`, `_` and `.`, and starts with a letter or digit")
        }
        NameForm::Plural
            if !starts_well
                || !all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c)) =>
        {
            wrong("must be a resource's plural in lower case, such as `secrets`")
        }
        NameForm::Subdomain if !is_subdomain(text) => wrong(
            "must be a name as Kubernetes has them: lower-case letters, digits, `-` and `.`, \
             first and last a letter or digit",
        ),
        NameForm::Free if all(|c| !c.is_control()) => Ok(()),
        NameForm::Free => wrong("must not have control characters"),
        _ => Ok(()),
    }
}

/// Whether a text is a subdomain of RFC 1123, but for its length.
pub(crate) fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// Whether a text is a label of RFC 1123, but for its length.
pub(crate) fn is_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.chars().all(|c| plain(c) || c == '-') && text.starts_with(plain) && text.ends_with(plain)
}

fn flag(kind: &Kind, node: &Node) -> Read {
    match node.item {
        Item::Flag(flag) => Ok(Plain::Flag(flag)),
        _ => Err(wrong_type(kind, node)),
    }
}

fn integer(kind: &Kind, node: &Node, min: i64, max: i64) -> Read {
    match &node.item {
        Item::Integer(n) => {
            let fits = n.and_then(|n| i64::try_from(n).ok());
            match fits.filter(|n| (min..=max).contains(n)) {
                Some(n) => Ok(Plain::Integer(n)),
                None => Err(Problem::bounds(grouped(min), grouped(max), "out of bounds")),
            }
        }
        Item::Text(text) if text.trim().parse::<i64>().is_ok() => {
            Err(wrong_type(kind, node).help("write the number without quotes"))
        }
        _ => Err(wrong_type(kind, node)),
    }
}

fn integer_or(kind: &Kind, node: &Node, (min, max): (i64, i64), word: &str) -> Read {
    match &node.item {
        Item::Text(text) if text == word => Ok(Plain::Text(text.clone())),
        Item::Text(text) if nearest(text, [word]).is_some() => {
            Err(wrong_type(kind, node).help(format!("did you mean \"{word}\"?")))
        }
        _ => integer(kind, node, min, max),
    }
}

fn number(kind: &Kind, node: &Node) -> Read<f64> {
    match node.item {
        Item::Integer(Some(n)) => Ok(n as f64),
        Item::Integer(None) => Ok(f64::INFINITY),
        Item::Float(x) => Ok(x),
        _ => Err(wrong_type(kind, node)),
    }
}

/// Cores as a number, or as Kubernetes writes CPU: `4`, `1.5`, `500m`.
fn cores(kind: &Kind, node: &Node) -> Read<f64> {
    let Item::Text(text) = &node.item else {
        return number(kind, node);
    };
    let (digits, divisor) = match text.trim().strip_suffix('m') {
        Some(milli) => (milli, 1000.0),
        None => (text.trim(), 1.0),
    };
    let value = decimal(digits).map_err(|error| Problem::quantity(kind, error))?;
    Ok(value / divisor)
}

/// Inside bounds and finite. NaN is inside no bounds.
fn bounded(value: f64, min: f64, max: f64) -> Read<f64> {
    if (min..=max).contains(&value) {
        // A negative zero would print as such and change the hash.
        return Ok(value + 0.0);
    }
    Err(Problem::bounds(min, max, "out of bounds"))
}

fn choice(kind: &Kind, node: &Node, words: &[&str]) -> Read {
    let text = string(kind, node)?;
    if words.contains(&text) {
        return Ok(Plain::Text(text.to_owned()));
    }
    let message = format!("must be {}", one_of(words));
    let mut problem = Problem::new(Code::NotAChoice, message, "not one of these");
    if let Some(word) = nearest(text, words.iter().copied()) {
        problem = problem.help(format!("did you mean \"{word}\"?"));
    }
    Err(problem)
}

fn minor(kind: &Kind, node: &Node, (oldest, newest): (u8, u8)) -> Read {
    let text = match node.item {
        Item::Float(_) if node.raw.is_none() => {
            return Err(wrong_type(kind, node).help("write the release in quotes: \"1.32\""));
        }
        _ => string(kind, node)?,
    };
    let digits = text.strip_prefix("1.").unwrap_or("");
    let plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse::<u8>() {
        Ok(minor) if plain && (oldest..=newest).contains(&minor) => Ok(Plain::Minor(minor)),
        _ => Err(no_release(text, (oldest, newest))),
    }
}

fn no_release(text: &str, (oldest, newest): (u8, u8)) -> Problem {
    let message = format!("must be a release from \"1.{oldest}\" to \"1.{newest}\"");
    let problem = Problem::new(Code::UnknownRelease, message, "not modelled");
    // `v1.32.4` as people write it.
    let mut parts = text.trim_start_matches('v').splitn(3, '.');
    match (parts.next(), parts.next()) {
        (Some("1"), Some(minor))
            if minor.parse::<u8>().is_ok_and(|m| (oldest..=newest).contains(&m)) =>
        {
            problem.help(format!("write \"1.{}\"", shown(minor)))
        }
        _ => problem,
    }
}

/// What something is counted by: how many of which unit.
pub(crate) fn per_of(text: &str, units: &Units) -> Option<(i64, &'static str)> {
    let text = text.trim();
    if let Some(one) = units.words().find(|one| *one == text) {
        return Some((1, one));
    }
    let (number, unit) = text.split_once(' ')?;
    let number: String = number.chars().filter(|c| *c != '_').collect();
    let number = number.parse::<i64>().ok().filter(|n| (1..=1_000_000).contains(n))?;
    let (one, _) = units
        .counted
        .iter()
        .find(|(one, many)| unit.trim() == *many || (number == 1 && unit.trim() == *one))?;
    Some((number, one))
}

fn per(kind: &Kind, node: &Node, units: &Units) -> Read {
    let text = string(kind, node)?;
    match per_of(text, units) {
        Some((1, unit)) => Ok(Plain::Text(unit.to_owned())),
        Some((number, unit)) => Ok(Plain::Text(format!("{number} {unit}s"))),
        None => {
            let message = format!("must be {}", kind.expected());
            let problem = Problem::new(Code::NotAChoice, message, "not one of these");
            let near = nearest(text, units.words());
            Err(match near {
                Some(near) => problem.help(format!("did you mean \"{near}\"?")),
                None => problem,
            })
        }
    }
}

/// What composes the file has been read when its keys are.
fn too_late() -> Problem {
    let message = "is allowed only at the top level of a scenario file";
    let help = "overlays, profiles and `--set` are applied on top of what it gives";
    Problem::new(Code::Misplaced, message, "not allowed here").help(help)
}

/// Kept as written: another key decides how to read it.
fn deferred(kind: &Kind, node: &Node, kinds: &[Kind]) -> Read {
    let may_be = |wanted: fn(&Kind) -> bool| kinds.iter().any(wanted);
    match node.item {
        Item::Flag(flag) if may_be(|kind| matches!(kind, Kind::Flag)) => Ok(Plain::Flag(flag)),
        Item::Integer(_) if may_be(|kind| matches!(kind, Kind::Integer { .. })) => {
            integer(kind, node, 0, i64::MAX)
        }
        _ if may_be(|kind| matches!(kind, Kind::Integer { .. })) => {
            Ok(Plain::Text(string(kind, node)?.to_owned()))
        }
        _ => Ok(Plain::Text(unit_string(kind, node)?.to_owned())),
    }
}

/// A non-negative decimal without exponent.
fn decimal(text: &str) -> Result<f64, QuantityError> {
    let text = text.trim();
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let shape_ok = plain.chars().all(|c| c.is_ascii_digit() || c == '.')
        && plain.starts_with(|c: char| c.is_ascii_digit())
        && plain.ends_with(|c: char| c.is_ascii_digit());
    match plain.parse::<f64>() {
        Ok(value) if shape_ok && value.is_finite() => Ok(value),
        _ if text.starts_with('-') => Err(QuantityError("it cannot be negative".into())),
        _ => Err(QuantityError("this is not a number and a unit".into())),
    }
}

fn per_second(text: &str) -> Result<f64, QuantityError> {
    let Some((number, unit)) = text.rsplit_once('/') else {
        return Err(QuantityError("`/s`, `/min` or `/h` is missing".into()));
    };
    let number = decimal(number)?;
    match unit.trim() {
        "s" => Ok(number),
        "m" | "min" => Ok(number / 60.0),
        "h" => Ok(number / 3600.0),
        _ => Err(QuantityError("use `/s`, `/min` or `/h`".into())),
    }
}

fn per_cent(text: &str) -> Result<f64, QuantityError> {
    match text.trim().strip_suffix('%') {
        Some(number) => decimal(number),
        None => Err(QuantityError("the `%` is missing".into())),
    }
}

/// A bound of a size in its shortest exact form: `64MiB`.
pub(crate) fn short(bytes: Bytes) -> String {
    format!("{bytes:#}")
}

/// A span of whole days as such: `30d` reads better than `720h`.
pub(crate) fn days(span: SimSpan) -> String {
    const DAY: u64 = SimSpan::secs(86_400).0;
    if span.0 >= DAY && span.0.is_multiple_of(DAY) {
        return format!("{}d", span.0 / DAY);
    }
    span.to_string()
}

/// An integer with underscores between thousands, as the file may write it.
pub(crate) fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    if n < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::text::span::Span;

    fn read(kind: &Kind, toml: &str) -> Read {
        let mut node = Node::from_raw(toml, Span::default());
        node.raw = None;
        scalar(kind, &node)
    }

    #[test]
    fn cores_read_as_kubernetes_writes_them() {
        let kind = Kind::Cores { min: 0.1, max: 1024.0 };
        for (text, cores) in [("\"500m\"", 0.5), ("\"4\"", 4.0), ("4", 4.0), ("1.5", 1.5)] {
            let value = read(&kind, text);
            assert!(matches!(value, Ok(Plain::Number(x)) if x.total_cmp(&cores).is_eq()), "{text}");
        }
        for text in ["\"\"", "\"4c\"", "-1", "nan", "inf", "\"-4\"", "5000", "true", "\"m\""] {
            assert!(read(&kind, text).is_err(), "{text} must be refused");
        }
    }

    #[test]
    fn rates_and_shares() {
        let writes = Kind::PerSecond { max: 1e6 };
        for (text, value) in [
            ("\"100/s\"", 100.0),
            ("\"6/min\"", 0.1),
            ("\"36/h\"", 0.01),
            ("\"1_000.5/s\"", 1000.5),
        ] {
            let read = read(&writes, text);
            assert!(
                matches!(read, Ok(Plain::PerSecond(x)) if x.total_cmp(&value).is_eq()),
                "{text}"
            );
        }
        let share = Kind::Percent { max: 100.0 };
        assert!(
            matches!(read(&share, "\"15%\""), Ok(Plain::Percent(x)) if x.total_cmp(&15.0).is_eq())
        );
        for text in ["\"15\"", "0.15", "\"101%\"", "\"-1%\"", "\"1e1%\"", "\"%\""] {
            assert!(read(&share, text).is_err(), "{text} must be refused");
        }
        for text in ["\"1/d\"", "\"1\"", "\"/s\"", "\"2000000/s\"", "\"nan/s\""] {
            assert!(read(&writes, text).is_err(), "{text} must be refused");
        }
    }

    #[test]
    fn releases_and_names() {
        let release = Kind::Minor { what: "a release", oldest: 28, newest: 37 };
        assert!(matches!(read(&release, "\"1.32\""), Ok(Plain::Minor(32))));
        for text in ["1.32", "\"1.27\"", "\"1.38\"", "\"1.+32\"", "\"1.032\"", "\"2.1\"", "\"\""] {
            let minor = read(&release, text);
            assert!(minor.is_err(), "{text} must be refused");
        }
        assert!(check_name("a b/ü", NameForm::Free).is_ok());
        assert!(check_name("../x", NameForm::Slug).is_err());
        assert!(check_name("Pods", NameForm::Plural).is_err());
        assert!(check_name("a\u{7}", NameForm::Free).is_err());
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(1_000_000), "1_000_000");
        assert_eq!(grouped(-997), "-997");
        assert_eq!(grouped(0), "0");
    }
}
