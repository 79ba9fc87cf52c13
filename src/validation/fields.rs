//! Fields of an observation that have no meaning for the model, and the bounds they are held to.

/// A field that cannot be mapped, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Its path.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// The error of a field.
pub(super) fn wrong<T>(path: &str, reason: impl Into<String>) -> Result<T, FieldError> {
    Err(FieldError { path: path.to_owned(), reason: reason.into() })
}

/// Checks that a number lies within bounds.
pub(super) fn within(
    path: &str,
    value: f64,
    bounds: std::ops::RangeInclusive<f64>,
) -> Result<f64, FieldError> {
    if bounds.contains(&value) {
        return Ok(value);
    }
    wrong(path, format!("must be between {} and {}, not {value}", bounds.start(), bounds.end()))
}
