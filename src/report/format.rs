//! Numbers and lines for people: one place decides how many digits a percentage or a clock shows, and
//! where a line may break.

use textwrap::{Options, WordSplitter};

use crate::results::{LevelSummary, OutcomeCount, Summary};
use crate::units::{Bytes, SimSpan, SimTime};

/// A share as a percentage with about three digits: `65.5 %`, `0.3 %`, `100 %`.
pub(super) fn percent(share: f64) -> String {
    let value = share * 100.0;
    let digits = match value.abs() {
        v if v >= 99.95 || v == 0.0 => 0,
        v if v >= 0.1 => 1,
        _ => 2,
    };
    format!("{value:.digits$} %")
}

/// A share in whole per cent, for narrow columns; `<1 %` rather than a zero that is none.
pub(super) fn whole_percent(share: f64) -> String {
    let value = share * 100.0;
    if value > 0.0 && value < 0.5 {
        return "<1 %".to_owned();
    }
    // Adding zero turns the -0 that a small negative rounds to into 0.
    format!("{:.0} %", value.round() + 0.0)
}

/// A relative deviation with its sign: `+7.4 %`.
pub(super) fn deviation(error: f64) -> String {
    format!("{:+.1} %", error * 100.0)
}

/// How many of `n` runs, never a bare percentage: `131 of 200 (65.5 %, 58.7 to 71.7 %)`, and the
/// bound alone where none or all did.
pub(super) fn proportion(p: &OutcomeCount, n: u32) -> String {
    let of = format!("{} of {n}", p.count);
    match p.count {
        0 => format!("{of} (at most {})", percent(p.high)),
        c if c == n => format!("{of} (at least {})", percent(p.low)),
        c => format!(
            "{of} ({}, {} to {})",
            percent(f64::from(c) / f64::from(n)),
            percent(p.low).trim_end_matches(" %"),
            percent(p.high)
        ),
    }
}

/// Seconds as on a clock: `1:07.3`; from ten minutes on without tenths.
pub(super) fn clock(seconds: f64) -> String {
    let text = SimTime(SimSpan::from_secs_f64(seconds).0).to_string();
    if seconds < 600.0 {
        return text;
    }
    text.rsplit_once('.').map_or(text.clone(), |(whole, _)| whole.to_owned())
}

/// What is left below the limit, as a share of it; negative above it. `None` without a limit.
pub(super) fn headroom(peak: Bytes, limit: Bytes) -> Option<f64> {
    (limit > Bytes::ZERO).then(|| 1.0 - peak.as_f64() / limit.as_f64())
}

/// A large count in groups: `1 234 567`.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A count for narrow columns: from a hundred thousand on in thousands, `1234k`.
pub(super) fn short_count(n: u64) -> String {
    if n < 100_000 { n.to_string() } else { format!("{}k", n / 1_000) }
}

/// The priority levels in which requests waited or were rejected.
pub(super) fn under_pressure(summary: &Summary) -> Vec<&LevelSummary> {
    let levels = summary.priority_levels.iter();
    levels.filter(|level| level.peak_waiting.max > 0 || level.rejected.max > 0).collect()
}

/// The space that no printer breaks a line at. It never leaves this room: printers write a plain one.
const UNBROKEN: char = '\u{a0}';

/// Units that stay with their number.
const UNITS: [&str; 12] =
    ["%", "B", "KiB", "MiB", "GiB", "TiB", "ns", "us", "ms", "s", "runs", "CPU-s"];

/// A text whose numbers are not torn at the ends of lines: `12 345`, `68 %` and `4.2 GiB` stay whole.
pub(super) fn unbroken(text: &str) -> String {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let mut whole = String::with_capacity(text.len());
    for (index, word) in text.split(' ').enumerate() {
        let bare = word.trim_end_matches(|c: char| ",.;:)".contains(c));
        let belongs = digit(word.chars().next()) || UNITS.contains(&bare);
        let after_number = digit(whole.chars().last());
        if index > 0 {
            whole.push(if belongs && after_number { UNBROKEN } else { ' ' });
        }
        whole.push_str(word);
    }
    whole
}

/// A text that stays on one line where that is not asking too much.
pub(super) fn on_one_line(text: &str) -> String {
    const SHORT: usize = 32;
    if text.chars().count() > SHORT {
        return unbroken(text);
    }
    text.chars().map(|c| if c == ' ' { UNBROKEN } else { c }).collect()
}

/// The words of a text, with a plain space inside what stays together.
pub(super) fn words(text: &str) -> Vec<String> {
    let whole = unbroken(text);
    let words = whole.split([' ', '\n', '\t']).filter(|word| !word.is_empty());
    words.map(plain_spaces).collect()
}

fn plain_spaces(text: &str) -> String {
    text.replace(UNBROKEN, " ")
}

/// A text in lines of at most `width` columns; `first` and `rest` indent the first and the other
/// lines. What is longer than a line is cut.
pub(super) fn wrap(text: &str, width: usize, first: &str, rest: &str) -> Vec<String> {
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(rest)
        .word_splitter(WordSplitter::NoHyphenation);
    let whole = unbroken(text);
    textwrap::wrap(&whole, options).iter().map(|line| plain_spaces(line.trim_end())).collect()
}

/// Text that Markdown and its tables show as it is.
pub(super) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text, usize::MAX).chars() {
        if matches!(c, '|' | '*' | '_' | '`' | '<' | '[' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    plain_spaces(&escaped)
}

/// Text from a scenario without control characters, so that it cannot steer a terminal, and at
/// most `width` characters long.
pub(super) fn clean(text: &str, width: usize) -> String {
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if printable.chars().count() <= width {
        return printable;
    }
    let kept: String = printable.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::{
        clean, clock, deviation, grouped, markdown, percent, proportion, short_count,
        whole_percent, words, wrap,
    };
    use crate::results::OutcomeCount;

    #[test]
    fn numbers_for_people() {
        assert_eq!(percent(0.655), "65.5 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.000_42), "0.04 %");
        assert_eq!(whole_percent(-0.001), "0 %");
        assert_eq!(whole_percent(0.001), "<1 %");
        assert_eq!(deviation(-0.0743), "-7.4 %");
        assert_eq!(clock(67.34), "1:07.3");
        assert_eq!(clock(727.34), "12:07");
        assert_eq!(grouped(1_234_567), "1 234 567");
        assert_eq!(grouped(12), "12");
        assert_eq!((short_count(99_999), short_count(1_234_567)), ("99999".into(), "1234k".into()));
    }

    #[test]
    fn numbers_are_not_torn() {
        let lines = |text, width| wrap(text, width, "", "");
        assert_eq!(lines("all 12 345 clients", 9), ["all", "12 345", "clients"]);
        assert_eq!(
            lines("held 68 %, then 4.2 GiB of it", 12),
            ["held 68 %,", "then 4.2 GiB", "of it"]
        );
        assert_eq!(lines("in an OOM-killed server", 9), ["in an", "OOM-kille", "d server"]);
        assert_eq!(lines("", 9), [""]);
        assert_eq!(words("68 %,  then 10 s"), ["68 %,", "then", "10 s"]);
        assert_eq!(markdown("a | 68 %"), "a \\| 68 %");
    }

    #[test]
    fn a_zero_is_a_bound() {
        let p = |count, low, high| proportion(&OutcomeCount { count, low, high }, 200);
        assert_eq!(p(0, 0.0, 0.01487), "0 of 200 (at most 1.5 %)");
        assert_eq!(p(200, 0.98513, 1.0), "200 of 200 (at least 98.5 %)");
        assert_eq!(p(131, 0.58676, 0.7174), "131 of 200 (65.5 %, 58.7 to 71.7 %)");
    }

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\n", 20), "a [31mb ");
        assert_eq!(clean("ciliumendpoints", 8), "ciliume…");
    }
}
