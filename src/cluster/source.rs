//! Values with where they are from.

/// What stands for the source of a size that follows from another.
pub(super) const ESTIMATED: &str = "estimated from size";

/// Where a value is from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The file, as the user named it.
    pub file: String,
    /// What in it: a metric, a field, a flag.
    pub what: String,
}

impl Source {
    /// A source.
    #[must_use]
    pub fn new(what: impl Into<String>, file: impl Into<String>) -> Self {
        Self { file: file.into(), what: what.into() }
    }
}

/// A value with its source.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<T> {
    /// The value.
    pub value: T,
    /// Where it is from.
    pub source: Source,
}

impl<T> Found<T> {
    /// A value with its source.
    pub const fn new(value: T, source: Source) -> Self {
        Self { value, source }
    }

    /// The value in another form, from the same source.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Found<U> {
        Found { value: change(self.value), source: self.source }
    }
}
