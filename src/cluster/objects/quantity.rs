//! Quantities as Kubernetes writes them: `1Gi`, `1500m`, `1073741824`, `1.5e10`.
//!
//! Source: `resource.Quantity` of staging/src/k8s.io/apimachinery/pkg/api/resource (1.34).

use serde_json::Value;

use crate::units::Bytes;

/// Suffixes and what they stand for; an exponent and none at all come besides.
const SUFFIXES: [(&str, f64); 15] = [
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
];

/// A quantity that is more than nothing, in any form; YAML has some of them as numbers.
fn quantity(value: &Value) -> Option<f64> {
    let text = text_of(value);
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || ".+-".contains(c)));
    let (number, suffix) = text.split_at(end.unwrap_or(text.len()));
    let amount = match SUFFIXES.iter().find(|(known, _)| *known == suffix) {
        Some((_, factor)) => number.parse::<f64>().ok()? * factor,
        // Whole, or with an exponent, which Rust reads alike.
        None => text.parse().ok()?,
    };
    (amount.is_finite() && amount > 0.0).then_some(amount)
}

/// Bytes of a quantity; parts of a byte are rounded up.
#[must_use]
pub(super) fn bytes_of(value: &Value) -> Option<Bytes> {
    let bytes = quantity(value)?.ceil();
    (bytes < 1.8e19).then_some(Bytes(bytes as u64))
}

/// Cores of a quantity of CPU.
#[must_use]
pub(super) fn cores_of(value: &Value) -> Option<f64> {
    quantity(value)
}

/// A scalar as text.
pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{bytes_of, cores_of};
    use crate::units::Bytes;

    #[test]
    fn quantities_are_read_in_every_form() {
        let gib = Some(Bytes::gib(1));
        for value in [
            json!("1Gi"),
            json!("1073741824"),
            json!(1_073_741_824_u64),
            json!("1073741824000m"),
            json!("1024Mi"),
            json!("1.073741824e9"),
            json!("1.073741824E9"),
            json!("1.073741824G"),
            json!(1.073_741_824e9),
        ] {
            assert_eq!(bytes_of(&value), gib, "{value}");
        }
        assert_eq!(bytes_of(&json!("33397510144")), Some(Bytes(33_397_510_144)));
        assert_eq!(bytes_of(&json!("1E")), Some(Bytes(1_000_000_000_000_000_000)));
        assert_eq!(bytes_of(&json!("1500u")), Some(Bytes(1)));
        assert_eq!([cores_of(&json!(1.5)), cores_of(&json!("1500m"))], [Some(1.5); 2]);
        for none in ["", "0", "-1Gi", "many", "1Zi", "Gi", "1e999"] {
            assert_eq!(bytes_of(&json!(none)), None, "{none}");
        }
    }
}
