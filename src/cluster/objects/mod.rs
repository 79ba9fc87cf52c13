//! Objects of Kubernetes from files: lists and single ones, JSON and YAML, handed on one by one, so
//! that a list of any length takes the memory of its largest object.

mod collect;
mod control;
pub(super) mod json;
mod pod;
mod quantity;
mod yaml;

pub(crate) use collect::key_of;
pub use collect::{Counted, NodeFact, Objects};
pub use control::Control;
pub use pod::ApiserverPod;

use std::io::Read;

use serde_json::Value;

use crate::cluster::read::Input;

/// An object and where it is from.
#[derive(Clone, Copy, Debug)]
pub struct Object<'o> {
    /// The file.
    pub file: &'o str,
    /// Its kind, such as `Pod`.
    pub kind: &'o str,
    /// Its group and version, such as `apps/v1`.
    pub api_version: &'o str,
    /// All of it.
    pub value: &'o Value,
}

impl Object<'_> {
    /// A field, by its path.
    #[must_use]
    pub fn field(&self, path: &str) -> Option<&Value> {
        self.value.pointer(path)
    }

    /// A field that is text; empty: it has none.
    #[must_use]
    pub fn text(&self, path: &str) -> &str {
        self.field(path).and_then(Value::as_str).unwrap_or_default()
    }

    /// Its API group; empty: core.
    #[must_use]
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The plural of its kind, by the rule of `meta.UnsafeGuessKindToResource`
    /// (staging/src/k8s.io/apimachinery/pkg/api/meta/restmapper.go, 1.34).
    #[must_use]
    pub fn plural(&self) -> String {
        plural(self.kind)
    }
}

/// The plural of a kind.
#[must_use]
pub fn plural(kind: &str) -> String {
    let lower = kind.to_ascii_lowercase();
    match lower.chars().last() {
        _ if lower.ends_with("endpoints") => lower,
        Some('s') => lower + "es",
        Some('y') => format!("{}ies", &lower[..lower.len() - 1]),
        _ => lower + "s",
    }
}

/// The kind of the items of a list that says it after them, as tools write it that sort keys: of
/// `kind: NodeList`, in either form, `Node`.
fn kind_of_items(input: &Input) -> Option<String> {
    const LIST: &[u8] = b"List";
    /// Longer than any kind, with its key.
    const KEPT_BYTES: usize = 256;
    let mut text = input.open().ok()?;
    let (mut window, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        let read = text.read(&mut buffer).ok().filter(|read| *read > 0)?;
        window.extend_from_slice(&buffer[..read]);
        for at in memchr::memmem::find_iter(&window, LIST) {
            let plain = |byte: &u8| byte.is_ascii_alphanumeric();
            let from = window[..at].iter().rposition(|byte| !plain(byte)).map_or(0, |at| at + 1);
            let key = window[..from].trim_ascii_end();
            let key = key.strip_suffix(b"\"").unwrap_or(key).trim_ascii_end();
            let key = key.strip_suffix(b":").map(<[u8]>::trim_ascii_end).unwrap_or_default();
            let key = key.strip_suffix(b"\"").unwrap_or(key);
            let ends = !window.get(at + LIST.len()).is_some_and(plain);
            if ends && from < at && key.ends_with(b"kind") {
                return Some(String::from_utf8_lossy(&window[from..at]).into_owned());
            }
        }
        window.drain(..window.len().saturating_sub(KEPT_BYTES));
    }
}
