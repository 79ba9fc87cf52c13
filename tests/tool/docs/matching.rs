//! What a page says of an output, against the output.

/// Stands for any number of lines.
pub(crate) const LINES: &str = "...";
/// Stands for anything within a line.
pub(crate) const ANYTHING: &str = "[..]";

/// Whether the output is as the page says.
pub(crate) fn matches(said: &[String], printed: &[&str]) -> bool {
    places(said, printed, same).is_some()
}

/// For each line that the page says, the printed line it stands for; `None` for elisions. Without
/// a result, the two do not match.
pub(crate) fn places(
    said: &[String],
    printed: &[&str],
    like: fn(&str, &str) -> bool,
) -> Option<Vec<Option<usize>>> {
    let is_elision = |line: &String| line.trim() == LINES;
    let mut result = Vec::new();
    let mut from = 0;
    let mut free = false;
    let mut rest = said;
    while !rest.is_empty() {
        if is_elision(&rest[0]) {
            (free, rest) = (true, &rest[1..]);
            result.push(None);
            continue;
        }
        let length = rest.iter().position(is_elision).unwrap_or(rest.len());
        let (segment, after) = rest.split_at(length);
        let last_start = printed.len().checked_sub(length)?;
        // A segment at the end of the page's lines is at the end of the output.
        let starts = match (free, after.is_empty()) {
            (false, true) if last_start != from => return None,
            (false, _) => from..=from,
            (true, true) => from.max(last_start)..=last_start,
            (true, false) => from..=last_start,
        };
        let fits = |&start: &usize| {
            let lines = printed.get(start..start + length);
            lines.is_some_and(|lines| segment.iter().zip(lines).all(|(a, b)| like(a, b)))
        };
        let start = starts.into_iter().filter(|&start| start >= from).find(fits)?;
        result.extend((start..start + length).map(Some));
        (from, free, rest) = (start + length, false, after);
    }
    (free || from == printed.len()).then_some(result)
}

/// Whether a line is as the page says, to the letter but for `[..]`.
fn same(said: &str, printed: &str) -> bool {
    let mut parts = said.split(ANYTHING);
    let Some(mut rest) = parts.next().and_then(|first| printed.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{matches, same};

    fn holds(said: &str, printed: &str) -> bool {
        let said: Vec<String> = said.lines().map(str::to_owned).collect();
        matches(&said, &printed.lines().collect::<Vec<_>>())
    }

    #[test]
    fn lines_must_be_there_to_the_letter() {
        assert!(holds("a\nb 1.5 GiB", "a\nb 1.5 GiB"));
        for planted in [
            "a\nb 1.6 GiB",
            "a",
            "a\nb 1.5 GiB\nc",
            "b 1.5 GiB\na",
            " a\nb 1.5 GiB",
            "a\n\nb 1.5 GiB",
        ] {
            assert!(!holds(planted, "a\nb 1.5 GiB"), "{planted}");
        }
    }

    #[test]
    fn elided_lines_hold_the_others_to_their_order() {
        for said in [
            "...",
            "a\n...",
            "...\nd",
            "a\n...\nd",
            "...\nb\nc\n...",
            "...\nb\n...\nd",
            "a\nb\nc\nd\n...",
        ] {
            assert!(holds(said, "a\nb\nc\nd"), "{said}");
        }
        for said in [
            "...\nc",
            "b\n...",
            "...\nd\n...\na",
            "...\nb\nd\n...",
            "a\n...\nx\n...\nd",
            "...\na\n...\na",
        ] {
            assert!(!holds(said, "a\nb\nc\nd"), "{said}");
        }
    }

    #[test]
    fn the_last_lines_are_sought_at_the_end() {
        assert!(holds("a\n...\nb", "a\nb\nc\nb"));
        assert!(!holds("a\n...\nb", "a\nb\nc"));
        assert!(!holds("a\na\n...\na", "a\na"));
    }

    #[test]
    fn a_wildcard_stays_within_its_line() {
        assert!(same("ran in [..] s: [..] times", "ran in 0.1 s: 20 times"));
        assert!(same("[..]", "anything"));
        assert!(same("a[..]", "a"));
        for planted in
            ["ran in [..] s: [..] time", "run in [..]", "[..] s", "[..] s [..] times [..] times"]
        {
            assert!(!same(planted, "ran in 0.1 s: 20 times"), "{planted}");
        }
    }
}
