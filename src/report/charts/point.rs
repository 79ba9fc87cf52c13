//! A place on a page, for what is laid out and for what is drawn.

/// x and y, in pixels of the page.
pub(super) type Point = (f64, f64);
