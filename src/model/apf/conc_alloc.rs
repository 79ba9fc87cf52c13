//! The allocator inside the periodic adjustment: seats among levels, in proportion to their targets
//! but within their bounds (max-min fair).
//!
//! Source: k8s.io/apiserver `pkg/util/flowcontrol/conc_alloc.go`.

/// A target below this counts as this (`MinTarget`).
pub const MIN_TARGET: f64 = 0.001;

const EPSILON: f64 = 0.000_000_1;

/// One class to which seats are handed out (`allocProblemItem`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AllocProblemItem {
    /// What its allocation is proportional to while within the bounds; at least the lower bound.
    pub target: f64,
    /// Least allocation, not negative.
    pub lower_bound: f64,
    /// Greatest allocation, at least the lower bound.
    pub upper_bound: f64,
}

/// A solution.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocation {
    /// Unrounded, in the order of the items; their sum is the required one.
    pub allocs: Vec<f64>,
    /// What each target is multiplied with.
    pub fair_proportion: f64,
}

/// Why there is no solution.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum AllocError {
    /// The required sum is negative.
    #[error("negative sums are not supported")]
    NegativeSum,
    /// A lower bound is negative.
    #[error("lower bound {item} is {lower} but negative lower bounds are not allowed")]
    NegativeBound {
        /// Index of the item.
        item: usize,
        /// Its lower bound.
        lower: f64,
    },
    /// A target is below its lower bound.
    #[error("target {item} is {target}, which is below its lower bound of {lower}")]
    TargetBelowBound {
        /// Index of the item.
        item: usize,
        /// Its target.
        target: f64,
        /// Its lower bound.
        lower: f64,
    },
    /// An upper bound is below the lower one.
    #[error("upper bound {item} is {upper} but should not be less than the lower bound {lower}")]
    BoundsCrossed {
        /// Index of the item.
        item: usize,
        /// Its upper bound.
        upper: f64,
        /// Its lower bound.
        lower: f64,
    },
    /// A lower bound is more than its target after all.
    #[error("a lower bound is above its target")]
    BoundAboveTarget,
    /// Even the lower bounds take too much.
    #[error("lower bounds sum to {sum}, which is higher than the required sum of {required}")]
    TooLittle {
        /// Of the lower bounds.
        sum: f64,
        /// Required.
        required: f64,
    },
    /// Even the upper bounds take too little.
    #[error("upper bounds sum to {sum}, which is lower than the required sum of {required}")]
    TooMuch {
        /// Of the upper bounds.
        sum: f64,
        /// Required.
        required: f64,
    },
    /// No solution was met among the bounds.
    #[error("impossible: ran out of bounds to consider in bound-constrained problem")]
    RanOut,
}

/// An item with its bounds divided by its target (`relativeAllocItem`).
#[derive(Clone, Copy)]
struct Relative {
    target: f64,
    lower: f64,
    upper: f64,
}

/// Sums and ranges over all items.
struct Problem {
    items: Vec<Relative>,
    low_sum: f64,
    high_sum: f64,
    target_sum: f64,
    least_lower: f64,
    greatest_lower: f64,
    least_upper: f64,
    greatest_upper: f64,
}

impl Problem {
    fn new(classes: &[AllocProblemItem]) -> Result<Self, AllocError> {
        let mut problem = Self {
            items: Vec::with_capacity(classes.len()),
            low_sum: 0.0,
            high_sum: 0.0,
            target_sum: 0.0,
            least_lower: f64::from(f32::MAX),
            greatest_lower: 0.0,
            least_upper: f64::from(f32::MAX),
            greatest_upper: 0.0,
        };
        for (item, class) in classes.iter().enumerate() {
            problem.note(check(item, class)?);
        }
        Ok(problem)
    }

    fn note(&mut self, class: &AllocProblemItem) {
        let target = if class.target < MIN_TARGET { MIN_TARGET } else { class.target };
        self.low_sum += class.lower_bound;
        self.high_sum += class.upper_bound;
        self.target_sum += target;
        let item = Relative {
            target,
            lower: class.lower_bound / target,
            upper: class.upper_bound / target,
        };
        self.least_upper = self.least_upper.min(item.upper);
        self.greatest_upper = self.greatest_upper.max(item.upper);
        self.least_lower = self.least_lower.min(item.lower);
        self.greatest_lower = self.greatest_lower.max(item.lower);
        self.items.push(item);
    }

    /// Raises the proportion from the least lower bound, past one bound after the other, until the
    /// allocations sum up.
    fn sweep(&self, required: f64) -> Result<f64, AllocError> {
        // (bound, by how much the sensitive targets change there)
        let mut bounds: Vec<(f64, f64)> = Vec::with_capacity(self.items.len() * 2);
        for item in &self.items {
            bounds.push((item.lower, item.target));
            bounds.push((item.upper, -item.target));
        }
        bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut rest = bounds.iter();
        let mut sum_so_far = self.low_sum;
        let mut proportion = self.least_lower;
        let mut sensitive = Sensitive::default();
        let mut delta = Sensitive::default();
        while sum_so_far < required {
            let next_bound = loop {
                sensitive.add(delta);
                let &(bound, target) = rest.next().ok_or(AllocError::RanOut)?;
                delta = Sensitive { targets: target, classes: if target > 0.0 { 1 } else { -1 } };
                if bound > proportion {
                    break bound;
                }
            };
            if sensitive.classes == 0 {
                proportion = next_bound;
                continue;
            }
            let next = proportion + (required - sum_so_far) / sensitive.targets;
            if next <= next_bound {
                proportion = next;
                break;
            }
            sum_so_far += (next_bound - proportion) * sensitive.targets;
            proportion = next_bound;
        }
        Ok(proportion)
    }
}

/// The classes whose allocation grows with the proportion.
#[derive(Clone, Copy, Default)]
struct Sensitive {
    targets: f64,
    classes: i64,
}

impl Sensitive {
    fn add(&mut self, other: Self) {
        self.targets += other.targets;
        self.classes += other.classes;
    }
}

fn check(item: usize, class: &AllocProblemItem) -> Result<&AllocProblemItem, AllocError> {
    let (target, lower, upper) = (class.target, class.lower_bound, class.upper_bound);
    if lower < 0.0 {
        return Err(AllocError::NegativeBound { item, lower });
    }
    if target < lower {
        return Err(AllocError::TargetBelowBound { item, target, lower });
    }
    if upper < lower {
        return Err(AllocError::BoundsCrossed { item, upper, lower });
    }
    Ok(class)
}

/// Hands `required_sum` seats out (`computeConcurrencyAllocation`): each class gets the fair
/// proportion of its target, or the bound that stands in the way.
///
/// # Errors
/// The bounds cannot be met.
pub fn compute_concurrency_allocation(
    required_sum: i64,
    classes: &[AllocProblemItem],
) -> Result<Allocation, AllocError> {
    if required_sum < 0 {
        return Err(AllocError::NegativeSum);
    }
    let required = required_sum as f64;
    let problem = Problem::new(classes)?;
    if problem.greatest_lower > 1.0 {
        return Err(AllocError::BoundAboveTarget);
    }
    if problem.low_sum - required > EPSILON {
        let sum = problem.low_sum;
        return Err(AllocError::TooLittle { sum, required });
    }
    if required - problem.high_sum > EPSILON {
        let sum = problem.high_sum;
        return Err(AllocError::TooMuch { sum, required });
    }
    let solution = |fair_proportion, allocate: &dyn Fn(&AllocProblemItem, &Relative) -> f64| {
        let both = classes.iter().zip(&problem.items);
        Ok(Allocation {
            allocs: both.map(|(class, item)| allocate(class, item)).collect(),
            fair_proportion,
        })
    };
    if required_sum == 0 {
        return solution(0.0, &|_, _| 0.0);
    }
    if problem.low_sum - required > -EPSILON {
        return solution(problem.least_lower, &|class, _| class.lower_bound);
    }
    if required - problem.high_sum > -EPSILON {
        return solution(problem.greatest_upper, &|class, _| class.upper_bound);
    }
    let proportion = required / problem.target_sum;
    if problem.greatest_lower <= proportion && proportion <= problem.least_upper {
        return solution(proportion, &|_, item| item.target * proportion);
    }
    let proportion = problem.sweep(required)?;
    solution(proportion, &|class, item| {
        let fair = proportion * item.target;
        class.lower_bound.max(class.upper_bound.min(fair))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{AllocProblemItem, compute_concurrency_allocation};

    /// Items of lower bound, room above it, and target above it.
    fn items() -> impl Strategy<Value = Vec<AllocProblemItem>> {
        let item = (0u32..300, 0u32..600, 0.0..500.0).prop_map(|(lower, room, more)| {
            let lower_bound = f64::from(lower);
            AllocProblemItem {
                target: lower_bound + more,
                lower_bound,
                upper_bound: lower_bound + f64::from(room),
            }
        });
        proptest::collection::vec(item, 1..20)
    }

    proptest! {
        // As many problems, and as near, as upstream's TestConcAlloc.
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// Max-min fair: all get the same proportion of their target but for those at a bound, who
        /// could not take more or give less.
        #[test]
        fn allocations_are_fair(items in items(), part in 0.0..1.0_f64) {
            let sum = |bound: fn(&AllocProblemItem) -> f64| items.iter().map(bound).sum::<f64>();
            let (low, high) = (sum(|item| item.lower_bound), sum(|item| item.upper_bound));
            let required = (low + (high - low) * part).round() as i64;
            let allocation = compute_concurrency_allocation(required, &items).expect("it is possible");
            let total: f64 = allocation.allocs.iter().sum();
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-10 * a.abs().max(b.abs()).max(1.0);
            prop_assert!(near(total, required as f64));
            for (item, &alloc) in items.iter().zip(&allocation.allocs) {
                let fair = allocation.fair_proportion * item.target.max(super::MIN_TARGET);
                let bounded = item.lower_bound.max(item.upper_bound.min(fair));
                prop_assert!(near(alloc, bounded), "{} {}", alloc, bounded);
            }
        }
    }

    #[test]
    fn vectors_of_the_facts() {
        // docs/facts/apf.md 7.7.
        let solve = |sum, items: &[[f64; 3]]| {
            let item = |&[lower_bound, upper_bound, target]: &[f64; 3]| AllocProblemItem {
                target,
                lower_bound,
                upper_bound,
            };
            let items: Vec<_> = items.iter().map(item).collect();
            compute_concurrency_allocation(sum, &items).expect("it is possible")
        };
        let two = [[12.0, 20.0, 24.0], [6.0, 18.0, 6.0]];
        assert_eq!(solve(24, &two).allocs, [18.0, 6.0]);
        let three = [[0.0, 8.0, 10.0], [5.0, 40.0, 5.0], [0.0, 40.0, 20.0]];
        assert_eq!(solve(30, &three).allocs, [8.0, 5.0, 17.0]);
        let tight = [[2.0, 5.0, 3.0], [7.0, 9.0, 8.0]];
        assert_eq!(solve(9, &tight).allocs, [2.0, 7.0]);
        assert_eq!(solve(14, &tight).allocs, [5.0, 9.0]);
        assert_eq!(solve(0, &[[0.0, 4.0, 0.0]]).allocs, [0.0]);
    }
}
