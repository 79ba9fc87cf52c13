//! Texts mutated until something breaks, the same ones every time: what the fuzz target of `fuzz/`
//! does by chance, on the stable toolchain.

use oomcast::scenario::{LARGEST_FILE, Vary};

use super::VALID;
use crate::readers::loads;

/// Texts tried.
const ROUNDS: u32 = 1_500;
/// Bytes that a mutated text may have.
const LARGEST: usize = 64 * 1024;

const SEEDS: [&str; 5] = [
    VALID,
    include_str!("../../data/storm.toml"),
    include_str!("../../../scenarios/cilium-restart.toml"),
    include_str!("../../../scenarios/kep-3157-streamed.toml"),
    "schema = 1\nname = \"s\"\n[sweep]\nvary = [\"clients.a.count=1..9:2\", \"node.cores=1,2\"]\n",
];

/// What takes the place of something, or comes between.
const TOKENS: [&str; 32] = [
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\"",
    "'",
    "\"\"\"",
    "#",
    "\\",
    "\n",
    "\r\n",
    "\0",
    "\u{feff}",
    "-",
    "nan",
    "inf",
    "1e400",
    "9223372036854775808",
    "0x7fffffffffffffff",
    "\"3 to 8\"",
    "\"100%\"",
    "\"8GB\"",
    "1979-05-27T07:32:00Z",
    "true",
    "{ p50 = 1, p95 = 2 }",
    "\"\\u0000\"",
    "clients",
];

/// xorshift64*: small, and the same everywhere.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n.max(1) as u64).expect("fits")
    }

    /// A range of the text.
    fn part(&mut self, text: &[u8], most: usize) -> std::ops::Range<usize> {
        let start = self.below(text.len() + 1);
        start..(start + self.below(most)).min(text.len())
    }
}

/// One mutation; pieces of other texts are of `seeds`.
pub(crate) fn mutate<S: AsRef<[u8]>>(text: &mut Vec<u8>, seeds: &[S], draws: &mut Draws) {
    match draws.below(9) {
        0 => {
            let at = draws.below(text.len());
            let bit = draws.below(8);
            if let Some(byte) = text.get_mut(at) {
                *byte ^= 1 << bit;
            }
        }
        1 => {
            let part = draws.part(text, 40);
            let token = TOKENS[draws.below(TOKENS.len())];
            text.splice(part, token.bytes());
        }
        2 => {
            let other = seeds[draws.below(seeds.len())].as_ref();
            let piece = other[draws.part(other, 400)].to_vec();
            let part = draws.part(text, 200);
            text.splice(part, piece);
        }
        3 => text.truncate(draws.below(text.len() + 1)),
        4 => {
            let piece = text[draws.part(text, 300)].repeat(1 + draws.below(20));
            let at = draws.below(text.len() + 1);
            text.splice(at..at, piece);
        }
        5 => {
            let (open, close) = [("[", "]"), ("{ a = ", " }"), ("a.", "")][draws.below(3)];
            let depth = 1 << draws.below(10);
            let nest = open.repeat(depth) + "1" + &close.repeat(depth);
            let at = draws.below(text.len() + 1);
            text.splice(at..at, nest.bytes());
        }
        6 => swap_values(text, draws),
        7 => {
            let part = draws.part(text, 60);
            text.drain(part);
        }
        _ => {
            let part = draws.part(text, 8);
            let random: Vec<u8> = part.clone().map(|_| draws.next().to_le_bytes()[0]).collect();
            text.splice(part, random);
        }
    }
    text.truncate(LARGEST);
}

/// Two lines exchange what is right of their `=`.
fn swap_values(text: &mut Vec<u8>, draws: &mut Draws) {
    let whole = String::from_utf8_lossy(text).into_owned();
    let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
    let pairs: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].contains('=')).collect();
    if pairs.is_empty() {
        return;
    }
    let (a, b) = (pairs[draws.below(pairs.len())], pairs[draws.below(pairs.len())]);
    let (Some((key_a, value_a)), Some((key_b, value_b))) =
        (lines[a].split_once('='), lines[b].split_once('='))
    else {
        return;
    };
    (lines[a], lines[b]) = (format!("{key_a}={value_b}"), format!("{key_b}={value_a}"));
    *text = lines.join("\n").into_bytes();
}

fn survives(text: &[u8], overrides: &[String]) -> bool {
    assert!(text.len() as u64 <= LARGEST_FILE);
    loads(text, overrides)
}

#[test]
fn mutated_texts_neither_panic_nor_hang() {
    let mut draws = Draws(0x9e37_79b9_7f4a_7c15);
    let mut valid = 0;
    for round in 0..ROUNDS {
        let mut text = SEEDS[draws.below(SEEDS.len())].as_bytes().to_vec();
        // Most texts are near a valid one, some are far off.
        for _ in 0..=draws.below(if round % 8 == 0 { 30 } else { 3 }) {
            mutate(&mut text, &SEEDS, &mut draws);
        }
        valid += u32::from(survives(&text, &[]));
    }
    assert!((ROUNDS / 100..ROUNDS).contains(&valid), "{valid} of {ROUNDS} were valid");
}

#[test]
fn mutated_overrides_and_ranges_neither_panic_nor_hang() {
    let seeds = [
        "clients.informers.count=32",
        "events.\"8 informers\".at=2m",
        "etcd={ latency = \"7ms\" }",
        "clients.agents.count=100..2000:100",
        "apiserver.memory-limit=8GiB..64GiB:x2",
        "hardware.cpu-noise=0%..20%:log",
    ];
    let mut draws = Draws(0xd1b5_4a32_d192_ed03);
    for _ in 0..ROUNDS {
        let mut text = seeds[draws.below(seeds.len())].as_bytes().to_vec();
        for _ in 0..=draws.below(4) {
            mutate(&mut text, &SEEDS, &mut draws);
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        survives(VALID.as_bytes(), std::slice::from_ref(&text));
        match Vary::parse(&text) {
            Ok(vary) => assert_eq!(Vary::parse(&vary.to_string()).as_ref(), Ok(&vary), "{text}"),
            Err(found) => assert_eq!(found.items.len(), 1),
        }
    }
}
