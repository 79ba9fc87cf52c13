//! Shuffle sharding: from a flow's hash to its hand of queues.
//!
//! Source: k8s.io/apiserver `pkg/util/shufflesharding/shufflesharding.go`.

/// Most bits of a hash that a deal may consume (`MaxHashBits`).
pub const MAX_HASH_BITS: u64 = 60;

/// Largest deck (`1<<26`).
pub const MAX_DECK_SIZE: usize = 1 << 26;

/// Largest hand that the entropy limit admits.
pub const MAX_HAND_SIZE: usize = 15;

/// Why a deck and hand make no dealer (`NewDealer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DealerError {
    /// One of the sizes is zero.
    #[error("deckSize {deck_size} or handSize {hand_size} is not positive")]
    NotPositive {
        /// Number of queues.
        deck_size: usize,
        /// Queues per flow.
        hand_size: usize,
    },
    /// The hand is larger than the deck.
    #[error("handSize {hand_size} is greater than deckSize {deck_size}")]
    HandTooLarge {
        /// Number of queues.
        deck_size: usize,
        /// Queues per flow.
        hand_size: usize,
    },
    /// The deck is larger than [`MAX_DECK_SIZE`].
    #[error("deckSize {deck_size} is impractically large")]
    DeckTooLarge {
        /// Number of queues.
        deck_size: usize,
    },
    /// The deal would take more than [`MAX_HASH_BITS`].
    #[error(
        "required entropy bits of deckSize {deck_size} and handSize {hand_size} is greater than 60"
    )]
    TooMuchEntropy {
        /// Number of queues.
        deck_size: usize,
        /// Queues per flow.
        hand_size: usize,
    },
}

/// Bits of hash that dealing `hand_size` of `deck_size` is taken to need (`RequiredEntropyBits`).
#[must_use]
pub fn required_entropy_bits(deck_size: usize, hand_size: usize) -> u64 {
    ((deck_size as f64).log2() * hand_size as f64).ceil() as u64
}

/// Deals hands of queues (`Dealer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dealer {
    deck_size: usize,
    hand_size: usize,
}

/// A hand of queue indices in the order of the deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hand {
    cards: [usize; MAX_HAND_SIZE],
    size: usize,
}

impl Hand {
    /// The indices, in the order of the deal.
    #[must_use]
    pub fn cards(&self) -> &[usize] {
        &self.cards[..self.size]
    }
}

impl Dealer {
    /// A dealer of `hand_size` cards from `deck_size`.
    ///
    /// # Errors
    /// The sizes are not possible.
    pub fn new(deck_size: usize, hand_size: usize) -> Result<Self, DealerError> {
        if deck_size == 0 || hand_size == 0 {
            return Err(DealerError::NotPositive { deck_size, hand_size });
        }
        if hand_size > deck_size {
            return Err(DealerError::HandTooLarge { deck_size, hand_size });
        }
        if deck_size > MAX_DECK_SIZE {
            return Err(DealerError::DeckTooLarge { deck_size });
        }
        if required_entropy_bits(deck_size, hand_size) > MAX_HASH_BITS {
            return Err(DealerError::TooMuchEntropy { deck_size, hand_size });
        }
        Ok(Self { deck_size, hand_size })
    }

    /// Deals a hand with `hash_value` as the source of entropy (`Deal`).
    #[must_use]
    pub fn deal(&self, hash_value: u64) -> Hand {
        let mut cards = [0; MAX_HAND_SIZE];
        let mut rest = hash_value;
        for (i, card) in cards[..self.hand_size].iter_mut().enumerate() {
            let left = (self.deck_size - i) as u64;
            *card = (rest % left) as usize;
            rest /= left;
        }
        // Each remainder counts among the cards not dealt yet: step over those dealt before.
        // Later cards use the remainders, not the cards, so go from the last to the first.
        for i in (0..self.hand_size).rev() {
            let mut card = cards[i];
            for j in (0..i).rev() {
                if card >= cards[j] {
                    card += 1;
                }
            }
            cards[i] = card;
        }
        Hand { cards, size: self.hand_size }
    }
}

#[cfg(test)]
mod tests {
    use super::{Dealer, DealerError};

    fn deal(hash: u64, deck: usize, hand: usize) -> Vec<usize> {
        let dealer = Dealer::new(deck, hand).expect("a possible shape");
        dealer.deal(hash).cards().to_vec()
    }

    #[test]
    fn known_deals() {
        // docs/facts/apf.md 7.5.
        assert_eq!(deal(55, 8, 3), [7, 6, 0]);
        assert_eq!(deal(1_001_001_001, 9, 3), [4, 6, 0]);
        assert_eq!(deal(u64::MAX, 128, 6), [127, 1, 7, 56, 91, 6]);
        assert_eq!(deal(1_234_567_890_123_456_789, 64, 8), [21, 34, 9, 32, 36, 28, 35, 51]);
    }

    #[test]
    fn every_hand_is_equally_likely() {
        // 8 * 7 * 6 hashes give each of the 56 sets of 3 exactly 6 times.
        let mut counts = std::collections::BTreeMap::new();
        for hash in 0..8 * 7 * 6 {
            let mut cards = deal(hash, 8, 3);
            cards.sort_unstable();
            *counts.entry(cards).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 56);
        assert!(counts.values().all(|&n| n == 6));
    }

    #[test]
    fn impossible_shapes() {
        assert!(matches!(Dealer::new(0, 1), Err(DealerError::NotPositive { .. })));
        assert!(matches!(Dealer::new(3, 4), Err(DealerError::HandTooLarge { .. })));
        assert!(matches!(Dealer::new(1 << 27, 1), Err(DealerError::DeckTooLarge { .. })));
        assert!(matches!(Dealer::new(128, 9), Err(DealerError::TooMuchEntropy { .. })));
    }
}
