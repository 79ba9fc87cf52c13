//! Where something stands.

/// A range of bytes in one of the [`Sources`](super::source::Sources).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    /// Which source: 0 is the file, n the n-th override; then come the overlays, then what is inherited,
    /// then the manifests.
    pub(crate) source: usize,
    /// First byte.
    pub(crate) start: usize,
    /// One past the last byte.
    pub(crate) end: usize,
}

impl Span {
    /// A span of the file.
    pub(crate) const fn file(start: usize, end: usize) -> Self {
        Self { source: 0, start, end }
    }

    /// Whether it covers nothing.
    pub(crate) const fn is_empty(self) -> bool {
        self.start >= self.end
    }
}
