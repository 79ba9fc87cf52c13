//! A plot and its two axes: from times, bytes, counts and shares to pixels.

use crate::units::{Bytes, SimTime};

use super::scene::{Point, Rect};

/// What can stand on an axis.
pub(super) trait Value: Copy {
    /// Its place among others of its kind.
    fn number(self) -> f64;
}

impl Value for f64 {
    fn number(self) -> f64 {
        self
    }
}

impl Value for u64 {
    fn number(self) -> f64 {
        self as f64
    }
}

impl Value for Bytes {
    fn number(self) -> f64 {
        self.as_f64()
    }
}

impl Value for SimTime {
    fn number(self) -> f64 {
        self.0 as f64
    }
}

/// An axis from one value to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis<V> {
    pub(super) low: V,
    pub(super) high: V,
    logarithmic: bool,
}

impl<V: Value> Axis<V> {
    /// Equal steps are equally far apart.
    pub(super) fn linear(low: V, high: V) -> Self {
        Self { low, high, logarithmic: false }
    }

    /// Equal ratios are equally far apart; `low` is above zero.
    pub(super) fn logarithmic(low: V, high: V) -> Self {
        Self { low, high, logarithmic: true }
    }

    /// Whether a value is neither below nor above the axis.
    pub(super) fn holds(&self, value: V) -> bool {
        (self.low.number()..=self.high.number()).contains(&value.number())
    }

    /// How far along the axis a value stands: 0 to 1, and at the nearer end if it is outside.
    pub(super) fn part(&self, value: V) -> f64 {
        let low = self.low.number();
        let along = |number: f64| {
            if self.logarithmic { libm::log((number / low).max(1.0)) } else { number - low }
        };
        let whole = along(self.high.number());
        if whole > 0.0 { (along(value.number()) / whole).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// The part of a page in which lines are drawn. Most plots show bytes over time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot<X = SimTime, Y = Bytes> {
    /// Where on the page.
    pub(super) area: Rect,
    /// From the left edge to the right.
    pub(super) across: Axis<X>,
    /// From the lower edge to the upper.
    pub(super) up: Axis<Y>,
}

impl<Y: Value + Default> Plot<SimTime, Y> {
    /// A plot from the start of the scenario to `end`, and from nothing to `top`.
    pub(super) fn over_time(area: Rect, end: SimTime, top: Y) -> Self {
        let across = Axis::linear(SimTime::ZERO, end);
        Self { area, across, up: Axis::linear(Y::default(), top) }
    }
}

impl<X: Value, Y: Value> Plot<X, Y> {
    /// The same axes elsewhere on the page.
    pub(super) fn moved(self, area: Rect) -> Self {
        Self { area, ..self }
    }

    /// The value at the right edge.
    pub(super) fn end(&self) -> X {
        self.across.high
    }

    /// The value at the upper edge.
    pub(super) fn top(&self) -> Y {
        self.up.high
    }

    /// The column of a value.
    pub(super) fn x(&self, value: X) -> f64 {
        self.area.x + self.area.w * self.across.part(value)
    }

    /// The row of a value.
    pub(super) fn y(&self, value: Y) -> f64 {
        self.area.bottom() - self.area.h * self.up.part(value)
    }

    /// Both.
    pub(super) fn point(&self, x: X, y: Y) -> Point {
        (self.x(x), self.y(y))
    }

    /// A line over the whole height at a value.
    pub(super) fn vertical(&self, value: X) -> Vec<Point> {
        let x = self.x(value);
        vec![(x, self.area.y), (x, self.area.bottom())]
    }

    /// A line over the whole width at a value.
    pub(super) fn horizontal(&self, value: Y) -> Vec<Point> {
        let y = self.y(value);
        vec![(self.area.x, y), (self.area.right(), y)]
    }
}

#[cfg(test)]
mod tests {
    use super::Axis;

    #[test]
    fn values_outside_stay_at_the_edges() {
        let axis = Axis::linear(10.0, 20.0);
        let near = |part: f64, expected: f64| (part - expected).abs() < 1e-12;
        for (value, part) in [(5.0, 0.0), (10.0, 0.0), (15.0, 0.5), (20.0, 1.0), (99.0, 1.0)] {
            assert!(near(axis.part(value), part), "{value}");
        }
        assert!(axis.holds(10.0) && !axis.holds(20.1));
        let decades = Axis::logarithmic(1.0, 100.0);
        for (value, part) in [(0.0, 0.0), (10.0, 0.5), (1e9, 1.0)] {
            assert!(near(decades.part(value), part), "{value}");
        }
        assert!(near(Axis::linear(3_u64, 3).part(3), 0.0));
    }
}
