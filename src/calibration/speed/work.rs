//! Work like a kube-apiserver's: an object is encoded to JSON into a buffer that grows, byte by byte with a
//! look for escapes; the whole is copied; and it is read back into small pieces of an arena, which are
//! hashed as the keys of a map. No library and no allocator of many pieces takes part, so that the same
//! work is done whatever the binary is linked with. Encryption is left out: processors have instructions
//! for it, and it is little beside the encoding.

use std::hint::black_box;

/// Fields of a made-up Pod: 11 kB of JSON.
const FIELDS: usize = 250;
/// Objects that are encoded and read back in a round.
const OBJECTS: usize = 400;

/// What a round works on: texts of 8 to 31 characters, some with a quote.
#[derive(Debug)]
pub(super) struct Work {
    /// Texts of all fields, one after the other.
    text: Vec<u8>,
    /// Where each field begins and ends.
    fields: Vec<(usize, usize)>,
}

impl Default for Work {
    fn default() -> Self {
        let mut state = 1_u32;
        let mut text = Vec::new();
        let mut fields = Vec::new();
        for field in 0..FIELDS {
            let begin = text.len();
            for _ in 0..8 + field % 24 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push(
                    b"abcdefghijklmnopqrstuvwxyz-./\"0123456789"[(state >> 24) as usize % 40],
                );
            }
            fields.push((begin, text.len()));
        }
        Self { text, fields }
    }
}

impl Work {
    /// One round; returns a digest, so that no compiler leaves the work out.
    pub(super) fn round(&self) -> u64 {
        let mut response = Vec::new();
        for object in 0..OBJECTS {
            self.encode(black_box(object), &mut response);
        }
        let copied = black_box(&response).clone();
        read(black_box(&copied))
    }

    /// A JSON object at the end of a buffer that grows as it must.
    fn encode(&self, object: usize, out: &mut Vec<u8>) {
        out.push(b'{');
        for (index, (begin, end)) in self.fields.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
            escape(&self.text[*begin..begin + 8], out);
            out.extend_from_slice(b"\":\"");
            escape(&self.text[*begin..*end], out);
            out.push(b'"');
        }
        out.extend_from_slice(b",\"object\":");
        out.extend_from_slice(object.to_string().as_bytes());
        out.push(b'}');
    }
}

/// Text with escapes, byte by byte as `encoding/json` looks for them.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    let mut plain = 0;
    for (at, byte) in text.iter().enumerate() {
        if *byte < 0x20 || matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&') {
            out.extend_from_slice(&text[plain..at]);
            out.extend_from_slice(&[b'\\', *byte]);
            plain = at + 1;
        }
    }
    out.extend_from_slice(&text[plain..]);
}

/// Reads JSON back into small pieces of an arena, as a decoder allocates them, and hashes each as a map
/// does with its keys.
fn read(json: &[u8]) -> u64 {
    let mut arena = Vec::with_capacity(json.len());
    let mut places = Vec::new();
    let (mut inside, mut escaped) = (false, false);
    for byte in json {
        match (inside, escaped, byte) {
            (true, false, b'\\') => escaped = true,
            (_, false, b'"') => {
                inside = !inside;
                places.push(arena.len());
            }
            (true, _, other) => {
                arena.push(*other);
                escaped = false;
            }
            (false, ..) => {}
        }
    }
    let mut digest = 0_u64;
    for piece in places.windows(2) {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in &arena[piece[0]..piece[1]] {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        digest ^= hash;
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_json_and_is_read_back() {
        let work = Work::default();
        let mut json = Vec::new();
        work.encode(7, &mut json);
        let read: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        assert_eq!(read["object"], 7);
        assert!(json.len() > 5_000);
        assert_eq!(work.round(), Work::default().round());
    }
}
