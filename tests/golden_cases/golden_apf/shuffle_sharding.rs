//! `apf-shufflesharding`.

use oomcast::model::apf::shuffle_sharding::{Dealer, required_entropy_bits};
use serde::Deserialize;

use crate::cases::check_all;

#[derive(Deserialize)]
struct Case {
    id: String,
    h: u64,
    deck: i64,
    hand: i64,
    bits: Option<u64>,
    cards: Option<Vec<usize>>,
    err: Option<String>,
}

fn check(case: &Case) {
    let id = &case.id;
    // Negative sizes cannot be said: they are refused like 0.
    let deck = usize::try_from(case.deck).unwrap_or(0);
    let hand = usize::try_from(case.hand).unwrap_or(0);
    if let Some(bits) = case.bits {
        assert_eq!(required_entropy_bits(deck, hand), bits, "{id}");
    }
    match Dealer::new(deck, hand) {
        Ok(dealer) => {
            assert_eq!(Some(dealer.deal(case.h).cards()), case.cards.as_deref(), "{id}");
        }
        Err(error) => {
            let theirs = case.err.as_ref().unwrap_or_else(|| panic!("{id}: {error}"));
            if case.deck >= 0 && case.hand >= 0 {
                assert_eq!(error.to_string(), *theirs, "{id}");
            }
        }
    }
}

#[test]
fn golden_shuffle_sharding() {
    check_all("apf-shufflesharding.jsonl", check);
}
