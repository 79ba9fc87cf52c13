//! Text forms of quantities, as scenario files write them.
//!
//! Bytes are Kubernetes quantities with a unit (`16Gi`, `16GiB`, `400MB`, `1.5k`); spans are Go
//! durations (`250ms`, `1m30s`, also `d`); rates are a quantity per second or minute
//! (`5MB/s`). A bare number is refused: the unit is part of the value. Lower-case `m` is a thousandth of a
//! byte, as Kubernetes prints some limits, and refused where megabytes were probably meant.

use super::{ByteRate, Bytes, SimSpan};

/// Why a quantity could not be read, as one sentence fragment that says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QuantityError(pub String);

fn split_number(text: &str) -> (&str, &str) {
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    text.split_at(end)
}

/// A non-negative decimal; at most 40 characters, underscores between digits.
fn parse_number(text: &str) -> Option<f64> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let ok = text.len() <= 40
        && !text.starts_with('_')
        && !text.ends_with('_')
        && plain.bytes().filter(|b| *b == b'.').count() <= 1
        && plain.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && plain.bytes().last().is_some_and(|b| b.is_ascii_digit());
    if ok { plain.parse().ok() } else { None }
}

/// An exact product where the number is whole, rounded otherwise. `None` past `u64`.
fn product(number: &str, unit: u64) -> Option<u64> {
    let plain: String = number.chars().filter(|c| *c != '_').collect();
    if let Ok(whole) = plain.parse::<u64>() {
        return whole.checked_mul(unit);
    }
    let value = parse_number(number)? * unit as f64;
    (value < 1.8e19).then_some(value.round() as u64)
}

/// Thousandths of a byte that a size must have at least: nobody means less than 1 kB by `500m`.
const LEAST_MILLI: u64 = 1_000_000;

/// Reads a size: `16GiB`, `16Gi`, `400MB`, `400M`, `1.5k`, `100B`, `128974848000m`.
///
/// # Errors
/// A missing or unknown unit, a malformed number, or more than `u64` bytes.
pub fn parse_bytes(text: &str) -> Result<Bytes, QuantityError> {
    let text = text.trim();
    let (number, unit) = split_number(text);
    let unit = unit.trim_start();
    let wrong = |what: String| QuantityError(what);
    if text.starts_with('-') {
        return Err(wrong("a size cannot be negative".into()));
    }
    if parse_number(number).is_none() {
        return Err(wrong("expected a size such as \"16GiB\", \"400MB\" or \"1.5Gi\"".into()));
    }
    let factor = match unit {
        "B" => 1,
        "k" | "K" | "kB" | "KB" => 1_000,
        "M" | "MB" => 1_000_000,
        "G" | "GB" => 1_000_000_000,
        "T" | "TB" => 1_000_000_000_000,
        "P" | "PB" => 1_000_000_000_000_000,
        "E" | "EB" => 1_000_000_000_000_000_000,
        "Ki" | "KiB" => 1 << 10,
        "Mi" | "MiB" => 1 << 20,
        "Gi" | "GiB" => 1 << 30,
        "Ti" | "TiB" => 1 << 40,
        "Pi" | "PiB" => 1 << 50,
        "Ei" | "EiB" => 1 << 60,
        "" => {
            return Err(wrong(format!(
                "a size needs a unit: \"{number}B\", \"{number}MiB\" or \"{number}GiB\""
            )));
        }
        "m" => {
            let milli = product(number, 1).filter(|milli| *milli >= LEAST_MILLI);
            if let Some(milli) = milli {
                // Kubernetes rounds up to whole bytes, too.
                return Ok(Bytes(milli.div_ceil(1000)));
            }
            return Err(wrong(format!(
                "`m` means a thousandth in Kubernetes: write \"{number}MB\" or \"{number}MiB\""
            )));
        }
        other => {
            return Err(wrong(format!(
                "unknown unit `{other}` of a size: use B, kB, MB, GB, TB, PB, EB or KiB, MiB, GiB, TiB, PiB, EiB"
            )));
        }
    };
    product(number, factor).map(Bytes).ok_or_else(|| wrong("this size is past 16 EiB".into()))
}

/// Reads a span of time: `250ms`, `1m30s`, `1.5h`, `2d`, `0`.
///
/// # Errors
/// A missing or unknown unit, a malformed number, or more than 584 years.
pub fn parse_span(text: &str) -> Result<SimSpan, QuantityError> {
    let text = text.trim();
    let wrong = |what: String| QuantityError(what);
    if text == "0" {
        return Ok(SimSpan::ZERO);
    }
    if text.starts_with('-') {
        return Err(wrong("a duration cannot be negative".into()));
    }
    let mut rest = text;
    let mut total = 0u64;
    while !rest.is_empty() {
        let (number, after) = split_number(rest);
        if parse_number(number).is_none() {
            return Err(wrong(
                "expected a duration such as \"30s\", \"250ms\" or \"1m30s\"".into(),
            ));
        }
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let factor = match unit.trim() {
            "ns" => 1,
            // Go prints the micro sign, and reads the Greek letter too.
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            "" => {
                return Err(wrong(format!(
                    "a duration needs a unit: \"{number}s\", \"{number}ms\" or \"{number}m\""
                )));
            }
            other => {
                return Err(wrong(format!(
                    "unknown unit `{other}` of a duration: use ns, us, ms, s, m, h or d"
                )));
            }
        };
        total = product(number, factor)
            .and_then(|n| total.checked_add(n))
            .ok_or_else(|| wrong("this duration is past 584 years".into()))?;
        rest = next;
    }
    if text.is_empty() {
        return Err(wrong("expected a duration such as \"30s\", \"250ms\" or \"1m30s\"".into()));
    }
    Ok(SimSpan(total))
}

/// Reads a rate of bytes: `5MB/s`, `1.2GB/s`, `600MiB/m`; bits as `10Gbit/s`.
///
/// # Errors
/// No `/s` or `/m`, or a size that cannot be read.
pub fn parse_byte_rate(text: &str) -> Result<ByteRate, QuantityError> {
    let text = text.trim();
    let hint = "expected a rate such as \"5MB/s\", \"1.25GB/s\" or \"10Gbit/s\"";
    let Some((size, per)) = text.rsplit_once('/') else {
        return Err(QuantityError(hint.into()));
    };
    let (size, bits) = match size.trim_end().strip_suffix("bit") {
        Some(prefix) => (format!("{}B", prefix.trim_end()), 8),
        None => (size.to_owned(), 1),
    };
    let seconds = match per.trim() {
        "s" => 1,
        "m" | "min" => 60,
        _ => return Err(QuantityError(hint.into())),
    };
    Ok(ByteRate(parse_bytes(&size)?.0 / bits / seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse_bytes("16GiB"), Ok(Bytes::gib(16)));
        assert_eq!(parse_bytes("16Gi"), Ok(Bytes::gib(16)));
        assert_eq!(parse_bytes("400 MB"), Ok(Bytes(400_000_000)));
        assert_eq!(parse_bytes("1.5k"), Ok(Bytes(1_500)));
        assert_eq!(parse_bytes("1_000B"), Ok(Bytes(1_000)));
        assert_eq!(parse_bytes("128974848000m"), Ok(Bytes(128_974_848)));
        assert_eq!(parse_bytes("1000001m"), Ok(Bytes(1_001)), "rounded up");
        assert_eq!(parse_bytes("15Ei"), Ok(Bytes(15 << 60)));
        assert_eq!(parse_bytes("2P"), Ok(Bytes(2_000_000_000_000_000)));
        assert_eq!(parse_bytes("18446744073709551615B"), Ok(Bytes(u64::MAX)));
        for bad in [
            "",
            "8",
            "500m",
            "8XB",
            "-1GiB",
            "1..5GiB",
            "1e3GiB",
            "20000000TiB",
            "NaN",
            "_1B",
            "16Ei",
            "999999m",
        ] {
            assert!(parse_bytes(bad).is_err(), "{bad} must be refused");
        }
        assert!(parse_bytes("500m").unwrap_err().0.contains("thousandth"));
    }

    #[test]
    fn spans() {
        assert_eq!(parse_span("1m30s"), Ok(SimSpan::secs(90)));
        assert_eq!(parse_span("1.5h"), Ok(SimSpan::secs(5400)));
        assert_eq!(parse_span("0"), Ok(SimSpan::ZERO));
        assert_eq!(parse_span("1h0m0.5s"), Ok(SimSpan::millis(3_600_500)));
        assert_eq!(parse_span("7\u{b5}s"), parse_span("7\u{3bc}s"));
        assert_eq!(parse_span("2d"), Ok(SimSpan::secs(172_800)));
        for bad in ["", "30", "5 weeks", "-1s", "1.s", "900000d", "s"] {
            assert!(parse_span(bad).is_err(), "{bad} must be refused");
        }
    }

    #[test]
    fn rates() {
        assert_eq!(parse_byte_rate("5MB/s"), Ok(ByteRate(5_000_000)));
        assert_eq!(parse_byte_rate("10Gbit/s"), Ok(ByteRate(1_250_000_000)));
        assert!(parse_byte_rate("5MB").is_err());
        assert!(parse_byte_rate("5MB/h").is_err());
    }
}
