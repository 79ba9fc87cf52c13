//! How deep a TOML text nests, found without recursion before anything recurses over it.
//!
//! The parser bounds brackets and dotted keys one by one, but not their product, and dropping a
//! tree of several thousand levels overflows a thread's stack. The tokens are split as the
//! parser's lexer does; brackets that do not match count as open, which errs towards refusing.

use crate::language::text::span::Span;

/// Levels of brackets, and parts of a dotted key, that a scenario may have. The format needs four.
pub(crate) const DEEPEST: usize = 16;

/// The first place where the text nests deeper than [`DEEPEST`].
pub(crate) fn too_deep(text: &str) -> Option<Span> {
    let bytes = text.as_bytes();
    let (mut at, mut dots) = (0, 0);
    let mut open: Vec<u8> = Vec::new();
    while let Some(byte) = bytes.get(at) {
        let next = match byte {
            b'"' | b'\'' => string_end(bytes, at, *byte),
            b'#' => end_of_run(bytes, at, b"\r\n"),
            b' ' | b'\t' | b'\r' | b'.' | b'=' | b',' | b'\n' | b'[' | b'{' | b']' | b'}' => at + 1,
            _ => end_of_run(bytes, at, b".=,[]{} \t#\r\n"),
        };
        match byte {
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            b']' | b'}' if open.last() == Some(byte) => {
                open.pop();
            }
            _ => {}
        }
        match byte {
            b'.' => dots += 1,
            b'=' | b',' | b'\n' | b'[' | b'{' | b']' | b'}' => dots = 0,
            _ => {}
        }
        if open.len() > DEEPEST || dots > DEEPEST {
            return Some(Span::file(at, at + 1));
        }
        at = next;
    }
    None
}

/// The next of the `stops` from `at` on.
fn end_of_run(bytes: &[u8], at: usize, stops: &[u8]) -> usize {
    let rest = bytes.iter().skip(at);
    at + rest.take_while(|b| !stops.contains(b)).count()
}

/// One past the end of the string that opens at `open`.
fn string_end(bytes: &[u8], open: usize, quote: u8) -> usize {
    let is_quote = |at: usize| bytes.get(at) == Some(&quote);
    let long = is_quote(open + 1) && is_quote(open + 2);
    let mut at = open + if long { 3 } else { 1 };
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == b'"' && matches!(bytes.get(at + 1), Some(b'"' | b'\\')) => at += 1,
            b'\n' if !long => return at,
            b if *b == quote && !long => return at + 1,
            b if *b == quote && is_quote(at + 1) && is_quote(at + 2) => {
                // Up to two quotes of the content stand before the closing three.
                let extra = (3..5).take_while(|i| is_quote(at + i)).count();
                return at + 3 + extra;
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_dots_count_outside_strings() {
        let deep = "[".repeat(17);
        assert!(too_deep(&format!("a = {deep}")).is_some());
        assert!(too_deep(&format!("a = '{deep}' # {deep}")).is_none());
        assert!(too_deep(&format!("a = \"\\\"{deep}\"")).is_none());
        assert!(too_deep(&format!("a = \"\"\"\n{deep}\"\"\"\" \n")).is_none());
        assert!(too_deep(&format!("a = \"\"\"x\"\"\"\"\"\n b = {deep}")).is_some());
        assert!(too_deep(&format!("a = \"open\nb = {deep}")).is_some());
        assert!(too_deep(&format!("a = x\"y {deep}")).is_some());
        assert!(too_deep(&format!("a = {}", "{ ] ".repeat(17))).is_some());
        assert!(too_deep(&["a"; 18].join(".")).is_some());
        assert!(too_deep(&"[a.b.c]\nd.e = 1.5\n".repeat(100)).is_none());
    }
}
