//! Objects of Kubernetes from files: lists and single ones, JSON and YAML, handed on one by one, so
//! that a list of any length takes the memory of its largest object.

mod collect;
mod control;
mod json;
mod pod;
mod quantity;
mod yaml;

pub(crate) use collect::key_of;
pub use collect::{Counted, NodeFact, Objects};
pub use control::Control;
pub use pod::ApiserverPod;

use serde_json::Value;

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
