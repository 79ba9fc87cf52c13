//! A run can be stopped at any instant, cloned, and continued: with the same draws it is the same
//! run, with others it shares the past and nothing else.

use super::world::{BURST, TURMOIL};
use crate::support::valid;
use oomcast::model::RunOptions;
use oomcast::model::input::Inputs;
use oomcast::model::world::World;
use oomcast::results::RunRecord;
use oomcast::units::{SimSpan, SimTime};

/// A limit at which about half of the bursts end in a kill.
const LIMIT: &str = "apiserver.memory-limit=4112MiB";

const OPTIONS: RunOptions = RunOptions { seed: 11, replication: 3, timelines: true };

fn at(inputs: &Inputs, part: u64) -> SimTime {
    SimTime::ZERO + SimSpan(inputs.duration.0 / 16 * part)
}

fn branched(inputs: &Inputs, part: u64, branch: u32) -> RunRecord {
    let mut trunk = World::new(inputs, OPTIONS);
    trunk.advance(at(inputs, part));
    trunk.branch(branch, at(inputs, part)).run(OPTIONS.replication)
}

#[test]
fn stopping_on_the_way_changes_nothing() {
    for text in [BURST, TURMOIL] {
        let inputs = valid(text, &[]).inputs;
        let whole = World::new(&inputs, OPTIONS).run(OPTIONS.replication);
        let mut stopped = World::new(&inputs, OPTIONS);
        let mut clones = Vec::new();
        for part in 0..=16 {
            stopped.advance(at(&inputs, part));
            clones.push(stopped.clone());
        }
        assert_eq!(stopped.run(OPTIONS.replication), whole);
        for clone in clones {
            assert_eq!(clone.run(OPTIONS.replication), whole);
        }
    }
}

/// Cloning on the way is the same as to run anew up to the instant and to change the draws there.
#[test]
fn a_branch_is_a_run_with_other_draws_from_then_on() {
    let inputs = valid(TURMOIL, &[]).inputs;
    let mut trunk = World::new(&inputs, OPTIONS);
    let mut differing = 0;
    for part in [0, 5, 9, 16] {
        let now = at(&inputs, part);
        trunk.advance(now);
        let (first, second) = (trunk.branch(1, now), trunk.branch(2, now));
        let first = first.run(OPTIONS.replication);
        assert_eq!(first, branched(&inputs, part, 1));
        let second = second.run(OPTIONS.replication);
        differing += u32::from(first.trace_hash != second.trace_hash);
        let whole = trunk.clone().run(OPTIONS.replication);
        let past = |run: &RunRecord| {
            let kills = run.servers.iter().flat_map(|server| &server.oom_kills);
            kills.filter(|kill| kill.at <= at(&inputs, part)).count()
        };
        assert_eq!(past(&first), past(&whole));
    }
    // Nothing is drawn after the end; before it, jitter and luck are.
    assert_eq!(differing, 3, "branches go the same way");
}

/// The law of total probability: over replications, the mean of P(kill | state at t) is P(kill), for
/// any t; and the share of continuations is 0 or 1 only when the kill has happened or cannot.
#[test]
fn the_mean_of_conditional_probabilities_is_the_probability() {
    let inputs = valid(BURST, &[LIMIT]).inputs;
    let killed = |run: &RunRecord| u32::from(run.oom_kills() > 0);
    let runs = 60;
    let branches = 12;
    let options = |replication| RunOptions { seed: 3, replication, timelines: false };
    let alone: u32 =
        (0..400).map(|r| killed(&World::new(&inputs, options(r + 1_000)).run(r))).sum();
    let expected = f64::from(alone) / 400.0;
    assert!((0.2..0.8).contains(&expected), "the test wants a close call: {expected}");
    for seconds in [29, 31, 33] {
        let mut sum = 0;
        for replication in 0..runs {
            let mut trunk = World::new(&inputs, options(replication));
            let now = SimTime::ZERO + SimSpan::secs(seconds);
            trunk.advance(now);
            sum +=
                (1..=branches).map(|b| killed(&trunk.branch(b, now).run(replication))).sum::<u32>();
        }
        let found = f64::from(sum) / f64::from(runs * branches);
        // Three standard deviations of the mean of 60 probabilities, were they all 0 or 1, and of 400
        // runs.
        let spread = 3.0 * (expected * (1.0 - expected) * (1.0 / 60.0 + 1.0 / 400.0)).sqrt();
        assert!((found - expected).abs() < spread, "at {seconds} s: {found} against {expected}");
    }
}
