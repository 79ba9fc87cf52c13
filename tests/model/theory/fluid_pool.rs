//! The fluid pool against a simulation of each activity on its own.

use oomcast::engine::fluid::{ClassId, Demand, FluidPool, Joined, PARTS, div_rem};
use oomcast::units::{Bytes, SimSpan};
use proptest::prelude::*;

/// Something that happens to the pool at an instant.
#[derive(Clone, Copy, Debug)]
enum Move {
    Join(ClassId),
    /// One of those that have joined, by its number, leaves if it is still there.
    Leave(usize),
}

#[derive(Clone, Debug)]
struct Course {
    demands: Vec<Demand>,
    cores: f64,
    /// Pause before each move, nanoseconds.
    moves: Vec<(u64, Move)>,
}

fn course(wire: bool) -> impl Strategy<Value = Course> {
    let bytes = if wire { 0u64..2_000_000_000 } else { 0..1 };
    let demand =
        (1_000_000u64..2_000_000_000, bytes, prop_oneof![Just(0), 1_000u64..3_000_000_000])
            .prop_map(|(cpu, wire, floor)| Demand {
                cpu: SimSpan(cpu),
                wire: Bytes(wire),
                floor: SimSpan(floor),
            });
    let step = prop_oneof![3 => (0usize..5).prop_map(Move::Join), 1 => any::<usize>().prop_map(Move::Leave)];
    let moves = (0u64..400_000_000, step);
    let demands = prop::collection::vec(demand, 5);
    (demands, 0.5f64..6.0, prop::collection::vec(moves, 1..60))
        .prop_map(|(demands, cores, moves)| Course { demands, cores, moves })
}

/// When each activity finished, by its number; `None`: it left before.
type Ends = Vec<Option<f64>>;

/// The course on a fluid pool, with its books checked on the way.
fn on_the_pool(course: &Course, wire: f64) -> Ends {
    let mut pool = FluidPool::default();
    for demand in &course.demands {
        pool.add_class(*demand);
    }
    let mut members: Vec<(u64, ClassId, Joined)> = Vec::new();
    let mut ends: Ends = Vec::new();
    // Progress ever made by the members of each class, as reported when they went.
    let mut gone = vec![0u128; course.demands.len()];
    let (mut now, mut core_seconds) = (0u64, 0.0);
    let mut moves = course.moves.iter();
    let mut next_move = moves.next().map(|(pause, what)| (*pause, *what));
    loop {
        let used = pool.share(course.cores, wire);
        check_rates(&pool, course, wire, used);
        let finish = pool.next_finish().map(|span| now + span.0);
        let at = match (finish, next_move) {
            (Some(finish), Some((at, _))) => finish.min(at),
            (Some(finish), None) => finish,
            (None, Some((at, _))) => at,
            (None, None) => break,
        };
        let before: Vec<u128> = (0..gone.len()).map(|class| pool.progress(class)).collect();
        pool.advance(SimSpan(at - now));
        for (class, before) in before.into_iter().enumerate() {
            assert!(pool.progress(class) >= before || pool.members(class) == 0);
        }
        core_seconds += used * (at - now) as f64 / 1e9;
        now = at;
        while let Some((class, id)) = pool.pop_finished() {
            let Some(place) = members.iter().position(|(i, ..)| *i == id) else { continue };
            let (_, _, joined) = members.swap_remove(place);
            pool.finish(class, joined);
            gone[class] += u128::from(PARTS);
            ends[id as usize] = Some(now as f64 / 1e9);
        }
        if let Some((_, what)) = next_move.filter(|(when, _)| *when == now) {
            match what {
                Move::Join(class) => {
                    let id = ends.len() as u64;
                    members.push((id, class, pool.join(class, id)));
                    ends.push(None);
                }
                Move::Leave(which) => {
                    let number = (which % ends.len().max(1)) as u64;
                    let place = members.iter().position(|(id, ..)| *id == number);
                    next_move = moves.next().map(|(pause, what)| (now + pause, *what));
                    let Some(place) = place else { continue };
                    let (_, class, joined) = members.swap_remove(place);
                    let all = pool.progress(class);
                    let own = pool.leave(class, joined);
                    // Exactly what it takes along is missing from the rest.
                    assert_eq!(pool.progress(class) + u128::from(own), all);
                    gone[class] += u128::from(own);
                    continue;
                }
            }
            next_move = moves.next().map(|(pause, what)| (now + pause, *what));
        }
    }
    // All processor time went into progress.
    let spent: f64 = gone
        .iter()
        .zip(&course.demands)
        .map(|(parts, demand)| *parts as f64 / PARTS as f64 * demand.cpu.as_secs_f64())
        .sum();
    let off = (spent - core_seconds).abs();
    assert!(off <= 1e-6 * (1.0 + core_seconds), "{spent} in progress, {core_seconds} spent");
    ends
}

/// Nothing is handed out twice, and nothing that somebody could use is kept back.
fn check_rates(pool: &FluidPool, course: &Course, wire: f64, used: f64) {
    let sum = |of: fn(&Demand) -> f64| -> f64 {
        let active = pool.active().iter();
        active
            .map(|class| pool.total_rate(*class) / PARTS as f64 * of(&course.demands[*class]))
            .sum()
    };
    let (cores, bytes) = (sum(|d| d.cpu.as_secs_f64()), sum(|d| d.wire.as_f64()));
    assert!(cores <= course.cores * (1.0 + 1e-6) + 1e-6, "{cores} of {} cores", course.cores);
    assert!(bytes <= wire * (1.0 + 1e-6) + 10.0, "{bytes} of {wire} bytes a second");
    assert!((used - cores).abs() < 1e-5, "{used} reported, {cores} in rates");
}

/// An activity on its own.
#[derive(Clone, Copy, Debug)]
struct Activity {
    id: usize,
    demand: Demand,
    /// Share done, 0 to 1.
    done: f64,
    /// Share a second.
    rate: f64,
}

/// The same course with a record for each activity and shares worked out one by one; processors
/// only.
fn one_by_one(course: &Course) -> Ends {
    let mut present: Vec<Activity> = Vec::new();
    let mut ends: Ends = Vec::new();
    let mut now = 0.0;
    let mut moves = course.moves.iter();
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    let mut next_move = moves.next().map(|(pause, what)| (seconds(*pause), *what));
    loop {
        share_cores(&mut present, course.cores);
        let left = |a: &Activity| now + (1.0 - a.done) / a.rate;
        let finish = present.iter().map(left).fold(f64::INFINITY, f64::min);
        let moving = next_move.map_or(f64::INFINITY, |(at, _)| at);
        let at = finish.min(moving);
        if at.is_infinite() {
            return ends;
        }
        for activity in &mut present {
            activity.done += activity.rate * (at - now);
        }
        now = at;
        present.retain(|activity| {
            let finished = (1.0 - activity.done) / activity.rate < 0.5e-9;
            if finished {
                ends[activity.id] = Some(now);
            }
            !finished
        });
        if let Some((_, what)) = next_move.filter(|(when, _)| *when <= now) {
            match what {
                Move::Join(class) => {
                    let demand = course.demands[class];
                    present.push(Activity { id: ends.len(), demand, done: 0.0, rate: 0.0 });
                    ends.push(None);
                }
                Move::Leave(which) => {
                    let number = which % ends.len().max(1);
                    present.retain(|activity| activity.id != number);
                }
            }
            next_move = moves.next().map(|(pause, what)| (now + seconds(*pause), *what));
        }
    }
}

/// Equal shares; who cannot use all of a share leaves the rest to the others.
fn share_cores(present: &mut [Activity], cores: f64) {
    let most = |a: &Activity| {
        let (cpu, floor) = (a.demand.cpu.as_secs_f64(), a.demand.floor.as_secs_f64());
        if floor > cpu { cpu / floor } else { 1.0 }
    };
    let mut open: Vec<usize> = (0..present.len()).collect();
    open.sort_by(|a, b| most(&present[*a]).total_cmp(&most(&present[*b])));
    let mut left = cores;
    for (place, index) in open.iter().enumerate() {
        let share = (left / (present.len() - place) as f64).min(most(&present[*index]));
        left -= share;
        present[*index].rate = share / present[*index].demand.cpu.as_secs_f64();
    }
}

/// The instants at which somebody leaves.
fn leaves(course: &Course) -> Vec<f64> {
    let mut now = 0;
    let instants = course.moves.iter().map(|(pause, what)| {
        now += pause;
        (now as f64 / 1e9, *what)
    });
    instants.filter(|(_, what)| matches!(what, Move::Leave(_))).map(|(at, _)| at).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400, failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Rates are whole parts a second, parts are counted whole, instants are whole nanoseconds: an
    /// activity of D seconds is off by D^2 / 10^9 seconds and a few nanoseconds at most, and what
    /// one is off shifts the next.
    #[test]
    fn classes_are_as_good_as_activities(course in course(false)) {
        let (pool, single) = (on_the_pool(&course, 1e12), one_by_one(&course));
        prop_assert_eq!(pool.len(), single.len());
        let longest = single.iter().flatten().fold(0.0, |a: f64, b| a.max(*b));
        let leaves = leaves(&course);
        let rounding = 3e-9 * (1.0 + course.moves.len() as f64) + longest * longest * 1e-9;
        for (id, (pool, single)) in pool.iter().zip(&single).enumerate() {
            match (pool, single) {
                (Some(pool), Some(single)) => {
                    prop_assert!((pool - single).abs() <= rounding, "{id}: {pool} and {single}");
                }
                (None, None) => {}
                // It leaves in the very moment in which it finishes.
                (Some(end), None) | (None, Some(end)) => {
                    let off = leaves.iter().map(|at| (at - end).abs()).fold(f64::INFINITY, f64::min);
                    prop_assert!(off <= rounding, "{id}: left in one, finished at {end} in the other");
                }
            }
        }
    }

    /// With members that leave and a wire that is too thin: every part of progress, every processor
    /// second and every byte is accounted for (asserted on the way).
    #[test]
    fn nothing_is_lost(course in course(true), wire in 1e7f64..1e10) {
        let ends = on_the_pool(&course, wire);
        let joined = course.moves.iter().filter(|(_, m)| matches!(m, Move::Join(_))).count();
        prop_assert_eq!(ends.len(), joined);
    }

    /// The quick division is that of wide numbers, and the quick rounding that of the standard library.
    #[test]
    fn divisions_and_roundings_are_exact(
        number in prop_oneof![any::<u128>(), any::<u64>().prop_map(u128::from)],
        by in 1_u64..,
        value in prop_oneof![any::<f64>(), 0.0..1e19, (0_u32..1_000_000).prop_map(|n| f64::from(n) / 2.0)],
    ) {
        let by_wide = u128::from(by);
        prop_assert_eq!(div_rem(number, by), (number / by_wide, (number % by_wide) as u64));
        prop_assert_eq!(Bytes::from_f64(value), Bytes(value.round() as u64));
    }
}
