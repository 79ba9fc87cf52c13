//! Which series a `PromQL` expression asks for: its selectors, found by reading words.
//!
//! The grammar is Prometheus' own (promql/parser/lex.go); what is wrong with an expression has been said
//! by `promtool` before. A word is a metric unless it is a keyword, an aggregation, or called.

/// A selector of an expression.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector {
    /// Its metric; empty where it has none.
    pub metric: String,
    /// As it is written, without range and offset.
    pub text: String,
}

/// Words that a list of labels in parentheses follows.
const WITH_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
/// Other words that are no metrics.
const KEYWORDS: [&str; 26] = [
    "and",
    "or",
    "unless",
    "bool",
    "offset",
    "atan2",
    "inf",
    "nan",
    "start",
    "end",
    "sum",
    "avg",
    "min",
    "max",
    "count",
    "stddev",
    "stdvar",
    "group",
    "topk",
    "bottomk",
    "quantile",
    "count_values",
    "limitk",
    "limit_ratio",
    "anchored",
    "smoothed",
];

/// The selectors of an expression, each once, in their order.
#[must_use]
pub fn selectors(expression: &str) -> Vec<Selector> {
    let mut reader = Reader { rest: expression };
    let mut found: Vec<Selector> = Vec::new();
    while let Some(selector) = reader.advance() {
        if !found.contains(&selector) {
            found.push(selector);
        }
    }
    found
}

struct Reader<'a> {
    rest: &'a str,
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

impl<'a> Reader<'a> {
    /// The next selector.
    fn advance(&mut self) -> Option<Selector> {
        loop {
            let first = self.rest.chars().next()?;
            match first {
                '"' | '\'' | '`' => self.skip(string(self.rest)),
                '#' => self.skip(self.rest.find('\n').unwrap_or(self.rest.len())),
                '[' => self.skip(closed(self.rest, ']')),
                '{' => {
                    let text = self.take(closed(self.rest, '}'));
                    return Some(Selector { metric: named(text), text: text.to_owned() });
                }
                // A number, or a duration.
                c if c.is_ascii_digit() => {
                    self.take_while(|c| in_word(c) || c == '.');
                }
                c if in_word(c) => {
                    if let Some(selector) = self.word() {
                        return Some(selector);
                    }
                }
                c => self.skip(c.len_utf8()),
            }
        }
    }

    /// The selector that begins with the word here, if one does.
    fn word(&mut self) -> Option<Selector> {
        let word = self.take_while(in_word);
        let next = self.rest.trim_start();
        let lower = word.to_ascii_lowercase();
        if WITH_LABELS.contains(&&*lower) {
            if next.starts_with('(') {
                self.rest = next;
                self.skip(closed(next, ')'));
            }
            return None;
        }
        if next.starts_with('(') || KEYWORDS.contains(&&*lower) {
            return None;
        }
        let mut text = word.to_owned();
        if next.starts_with('{') {
            self.rest = next;
            text += self.take(closed(next, '}'));
        }
        Some(Selector { metric: word.to_owned(), text })
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, holds: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(|c| !holds(c)).unwrap_or(self.rest.len()))
    }

    fn skip(&mut self, bytes: usize) {
        self.take(bytes);
    }
}

/// How long the string is that a text begins with.
fn string(text: &str) -> usize {
    let mut chars = text.char_indices();
    let quote = chars.next().map_or('"', |(_, c)| c);
    let mut escaped = false;
    for (at, c) in chars {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// How long the part is that a text begins with, up to its closing sign; strings in it are passed over.
fn closed(text: &str, sign: char) -> usize {
    let mut at = 1;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        at += match c {
            '"' | '\'' | '`' => string(&text[at..]),
            c => c.len_utf8(),
        };
        if c == sign {
            return at;
        }
    }
    text.len()
}

/// The metric of `{__name__="metric"}`.
fn named(braces: &str) -> String {
    let value = braces.split_once("__name__=\"").map(|(_, rest)| rest);
    value
        .and_then(|rest| rest.split_once('"'))
        .map_or_else(String::new, |(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::selectors;

    #[test]
    fn metrics_are_told_from_words_labels_and_functions() {
        let of = |text: &str| -> Vec<String> {
            selectors(text).into_iter().map(|selector| selector.text).collect()
        };
        let ratio = "sum by (job, code) (rate(a_total{code=~\"5..|}\"}[5m])) / on (job) \
                     group_left (x) sum(b_total) > bool 0.1 and c unless d offset 5m # e";
        assert_eq!(of(ratio), ["a_total{code=~\"5..|}\"}", "b_total", "c", "d"]);
        assert_eq!(of("absent(up{job='x'} == 1) or vector(1)"), ["up{job='x'}"]);
        assert_eq!(of("max_over_time(a:b:c[1h:1m] @ end()) > 1e9 and Inf"), ["a:b:c"]);
        assert_eq!(of("{__name__=\"up\"}"), ["{__name__=\"up\"}"]);
        assert_eq!(selectors("{__name__=\"up\"}")[0].metric, "up");
        assert_eq!(of("predict_linear(m {a=\"b\"} [10m], 4 * 3600) > 0"), ["m{a=\"b\"}"]);
        assert_eq!(of("label_replace(m, \"a\", \"$1\", \"b\", \"(.*)\")"), ["m"]);
        for broken in ["a{", "a[", "\"", "by (", "{\"\\", "ä{é"] {
            let _ = of(broken);
        }
    }
}
