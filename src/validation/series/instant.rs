//! Instants as monitoring writes them: unix times and RFC 3339.

use toml::value::{Datetime, Offset};

/// An instant, and whether its zone was left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Instant {
    /// Unix seconds.
    pub(super) seconds: f64,
    /// Whether it was written without a zone.
    pub(super) zoneless: bool,
}

/// What to write.
pub(super) const EXPECTED: &str =
    "write unix seconds such as 1778580240, or RFC 3339 such as 2026-05-12T10:04:00Z";

/// Reads an instant.
pub(super) fn parse(text: &str) -> Option<Instant> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return of_number(number);
    }
    text.parse::<Datetime>().ok().and_then(of_datetime)
}

/// A unix time in seconds, milliseconds, microseconds or nanoseconds: they are apart by a thousand, and
/// no cluster was watched before 1973.
pub(super) fn of_number(number: f64) -> Option<Instant> {
    let unit = match number {
        n if !(0.0..1e20).contains(&n) => return None,
        n if n >= 1e17 => 1e9,
        n if n >= 1e14 => 1e6,
        n if n >= 1e11 => 1e3,
        _ => 1.0,
    };
    Some(Instant { seconds: number / unit, zoneless: false })
}

/// A date and time; a date alone is none.
pub(super) fn of_datetime(value: Datetime) -> Option<Instant> {
    let (date, time) = (value.date?, value.time?);
    let day = days(i64::from(date.year), i64::from(date.month), i64::from(date.day));
    let second = time.second.unwrap_or(0);
    let clock = i64::from(time.hour) * 3_600 + i64::from(time.minute) * 60 + i64::from(second);
    let east = match value.offset {
        Some(Offset::Custom { minutes }) => i64::from(minutes) * 60,
        Some(Offset::Z) | None => 0,
    };
    let whole = day * 86_400 + clock - east;
    let fraction = f64::from(time.nanosecond.unwrap_or(0)) / 1e9;
    (whole >= 0)
        .then_some(Instant { seconds: whole as f64 + fraction, zoneless: value.offset.is_none() })
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, counted in years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let from_march = (month + 9) % 12;
    let in_year = (153 * from_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + in_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_form_of_the_same_instant() {
        for text in [
            "1778580240",
            "1778580240000",
            "1778580240000000000",
            "1778580240.0",
            "2026-05-12T10:04:00Z",
            "2026-05-12 10:04:00",
            "2026-05-12T12:04:00.000+02:00",
        ] {
            let found = parse(text).unwrap_or_else(|| panic!("{text}"));
            assert!((found.seconds - 1_778_580_240.0).abs() < 1e-6, "{text}: {found:?}");
        }
        assert_eq!(parse("2000-03-01T00:00:00Z").map(|i| i.seconds), Some(951_868_800.0));
        assert_eq!(parse("2024-02-29T23:59:59Z").map(|i| i.seconds), Some(1_709_251_199.0));
        assert!(parse("2026-05-12 10:04:00").is_some_and(|i| i.zoneless));
        for text in ["", "noon", "-5", "NaN", "inf", "2026-13-01T00:00:00Z", "2026-05-12", "10:04"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
