//! Comparing doubles with printed ones.

/// Bit for bit, but any NaN for null.
pub(crate) fn same(ours: f64, theirs: Option<f64>) -> bool {
    match theirs {
        None => ours.is_nan(),
        Some(theirs) => ours.to_bits() == theirs.to_bits() || (ours == 0.0 && theirs == 0.0),
    }
}
