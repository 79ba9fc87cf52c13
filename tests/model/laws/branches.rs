//! A run can be stopped at any instant, cloned, and continued: with the same draws it is the same
//! run, with others it shares the past and nothing else.

use super::world::{BURST, TURMOIL};
use crate::support::valid;
use oomcast::model::RunOptions;
use oomcast::model::input::Inputs;
use oomcast::model::world::World;
use oomcast::results::RunRecord;
use oomcast::units::{SimSpan, SimTime};

const OPTIONS: RunOptions = RunOptions { seed: 11, replication: 3, timelines: true };

fn at(inputs: &Inputs, part: u64) -> SimTime {
    SimTime::ZERO + SimSpan(inputs.duration.0 / 16 * part)
}

fn branched(inputs: &Inputs, part: u64, branch: u32) -> RunRecord {
    let mut trunk = World::new(inputs, OPTIONS);
    trunk.advance(at(inputs, part));
    trunk.branch(branch).run(OPTIONS.replication)
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
        trunk.advance(at(&inputs, part));
        let (first, second) = (trunk.branch(1), trunk.branch(2));
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
