//! Dotted keys as `--set` and `--vary` take them.

use super::span::Span;

/// One part of a dotted key.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Without quotes.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) at: Span,
}

/// The parts of the key, and where the value begins.
pub(crate) fn split(text: &str, source: usize) -> Option<(Vec<Part>, usize)> {
    let mut parts = Vec::new();
    let mut quote: Option<char> = None;
    let (mut start, mut name) = (0, String::new());
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '.' | '=') => {
                let trimmed = name.trim().to_owned();
                if trimmed.is_empty() {
                    return None;
                }
                let at_part = Span { source, start, end: at };
                parts.push(Part { name: trimmed, at: at_part });
                if c == '=' {
                    return Some((parts, at + 1));
                }
                (start, name) = (at + 1, String::new());
            }
            (_, c) => name.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_split_at_dots_outside_quotes() {
        let names = |text| {
            split(text, 1).map(|(parts, at)| {
                let names: Vec<String> = parts.into_iter().map(|part| part.name).collect();
                (names.join("|"), at)
            })
        };
        assert_eq!(names("a.b=1"), Some(("a|b".into(), 4)));
        assert_eq!(names("events.\"8 in.f\".at = 2m"), Some(("events|8 in.f|at".into(), 20)));
        assert_eq!(names("events.8 inf.at=2m"), Some(("events|8 inf|at".into(), 16)));
        for bad in ["", "a", "=1", "a..b=1", ".a=1", "a.\"b=1"] {
            assert_eq!(names(bad), None, "{bad}");
        }
    }
}
