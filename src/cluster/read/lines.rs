//! Text line by line, in bounded memory.

use std::io::{self, BufRead};

/// Longest line that is handed on. An audit event may have a whole list of objects in it.
pub const MOST_LINE_BYTES: usize = 16 << 20;
/// A buffer that has grown beyond this is given back after its line.
const KEPT_BYTES: usize = 1 << 20;

/// A line of a text.
#[derive(Debug)]
pub enum Line<'l> {
    /// Its number, from 1, and its bytes without the end of the line.
    Whole(u64, &'l [u8]),
    /// A line longer than [`MOST_LINE_BYTES`], of this number. It was passed over.
    TooLong(u64),
    /// The text breaks off at this line: a truncated gzip file, a disk that fails. It is the last.
    Broken(u64, io::Error),
}

/// The lines of a text. Ends of lines may be of Unix or of Windows; a byte order mark is dropped.
pub struct Lines {
    text: Box<dyn BufRead>,
    line: Vec<u8>,
    number: u64,
    ended: bool,
}

impl Lines {
    /// The lines of this text.
    #[must_use]
    pub fn new(text: Box<dyn BufRead>) -> Self {
        Self { text, line: Vec::new(), number: 0, ended: false }
    }

    /// The next line; `None` after the last.
    pub fn advance(&mut self) -> Option<Line<'_>> {
        if self.ended {
            return None;
        }
        self.line.clear();
        self.line.shrink_to(KEPT_BYTES);
        self.number += 1;
        let mut too_long = false;
        loop {
            let chunk = match self.text.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.ended = true;
                    return Some(Line::Broken(self.number, error));
                }
            };
            let end = memchr::memchr(b'\n', chunk);
            let part = &chunk[..end.unwrap_or(chunk.len())];
            too_long |= self.line.len() + part.len() > MOST_LINE_BYTES;
            if !too_long {
                self.line.extend_from_slice(part);
            }
            let used = end.map_or(part.len(), |end| end + 1);
            self.ended = chunk.is_empty();
            self.text.consume(used);
            if end.is_some() || self.ended {
                break;
            }
        }
        if too_long {
            self.line = Vec::new();
            return Some(Line::TooLong(self.number));
        }
        if self.ended && self.line.is_empty() {
            return None;
        }
        let bytes = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        let marked = (self.number == 1).then(|| bytes.strip_prefix(b"\xef\xbb\xbf")).flatten();
        Some(Line::Whole(self.number, marked.unwrap_or(bytes)))
    }
}
