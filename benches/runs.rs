//! Whole runs, as ratios.

fn main() {}
