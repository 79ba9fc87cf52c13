//! `apf-allocation`.

use oomcast::model::apf::conc_alloc::{AllocProblemItem, compute_concurrency_allocation};
use serde::Deserialize;

use super::doubles::same;
use crate::cases::check_all;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    id: String,
    sum: i64,
    items: Vec<[f64; 3]>,
    allocs: Option<Vec<f64>>,
    fair: Option<f64>,
    err: Option<String>,
    #[serde(default)]
    order_sensitive: bool,
}

fn check(case: &Case) {
    let id = &case.id;
    let item = |&[lower_bound, upper_bound, target]: &[f64; 3]| AllocProblemItem {
        target,
        lower_bound,
        upper_bound,
    };
    let items: Vec<_> = case.items.iter().map(item).collect();
    match compute_concurrency_allocation(case.sum, &items) {
        Err(error) => assert!(case.err.is_some(), "{id}: {error}"),
        Ok(ours) => {
            let theirs = case.allocs.as_ref().expect("a solution or an error");
            assert_eq!(ours.allocs.len(), theirs.len(), "{id}");
            let fair = [(&ours.fair_proportion, case.fair.as_ref())];
            let allocs = ours.allocs.iter().zip(theirs.iter().map(Some));
            for (&ours, theirs) in allocs.chain(fair) {
                let theirs = *theirs.expect("a fair proportion");
                let near = case.order_sensitive && (ours - theirs).abs() <= 1e-9 * theirs.abs();
                assert!(near || same(ours, Some(theirs)), "{id}: {ours} {theirs}");
            }
        }
    }
}

#[test]
fn golden_allocation() {
    check_all("apf-allocation.jsonl", check);
}
