//! The charts as a whole: made-up runs become files, and their shapes are asked whether they are sound.

mod files;
mod shapes;
mod synthetic;

use crate::results::{LevelPoint, Mechanism, OomKill, Timeline};
use crate::units::{Bytes, SimSpan};

use synthetic::{Recipe, Run, at, run};

/// One server, killed and restarted; five events.
fn single() -> Run {
    let recipe = Recipe {
        servers: 1,
        seconds: 600,
        limit: Bytes::gib(16),
        idle: Bytes::mib(3_400),
        storm: Bytes::mib(14_500),
        oom: true,
        events: 5,
        replications: 20,
    };
    let verdict =
        "apiserver-0 runs out of memory 30 s into the relist storm, and again when it is back";
    run(recipe, verdict)
}

fn cascade() -> Run {
    let recipe = Recipe { servers: 3, ..single().recipe };
    let verdict =
        "CASCADE: apiserver-0 is OOM-killed at 2:30.8 and the other two follow within 60 s";
    run(recipe, verdict)
}

fn many(servers: usize) -> Run {
    let recipe = Recipe { servers, ..single().recipe };
    run(recipe, "All apiservers are OOM-killed, one after the other")
}

/// A limit far above all lines.
fn tiny() -> Run {
    let recipe = Recipe {
        servers: 1,
        seconds: 45,
        limit: Bytes::gib(64),
        idle: Bytes::mib(180),
        storm: Bytes::mib(60),
        oom: false,
        events: 2,
        replications: 1,
    };
    let verdict = "Absorbed: apiserver-0 peaks at 257 MiB, far below its limit of 64.0 GiB";
    run(recipe, verdict)
}

fn forty_events() -> Run {
    let recipe = Recipe {
        servers: 2,
        seconds: 7_200,
        events: 40,
        oom: false,
        limit: Bytes::gib(24),
        replications: 50,
        ..single().recipe
    };
    let verdict = "Absorbed: 77 % of the limit is the most any apiserver needs during 40 rollouts";
    run(recipe, verdict)
}

/// Names that are long, and markup in all of them.
fn long_names() -> Run {
    let mut run = cascade();
    run.scenario = format!("<script>&\"'\u{1}{}", "quarterly-upgrade-of-everything-".repeat(8));
    run.verdict = format!("<b>CASCADE</b> & more: {}", "and so on and on ".repeat(30));
    for (index, server) in run.servers.iter_mut().enumerate() {
        let name = format!("kube-apiserver-ip-10-0-{index}-17.eu-central-1.<compute>&.internal");
        run.timelines[index].server.clone_from(&name);
        server.name = name;
        for level in &mut run.timelines[index].levels {
            level.name = format!("{}-<for>-the-agents-of-a-team", level.name).repeat(3);
        }
        for holder in &mut server.holders_at_peak {
            holder.client = "a-controller-with-quite-a-long-name-in-a-namespace".repeat(2);
        }
    }
    for phase in &mut run.phases {
        phase.name = format!("{} <&> {}", phase.name, "for a reason ".repeat(9));
    }
    run
}

/// A server that dies every few seconds until the end.
fn crash_loop() -> Run {
    let mut run = tiny();
    run.verdict = "CRASH LOOP: apiserver-0 is OOM-killed 24 times and never stays up".to_owned();
    let server = &mut run.servers[0];
    server.limit = Bytes::mib(257);
    for i in 0..24_u32 {
        let start = 2.0 + f64::from(i) * 1.7;
        server.oom_kills.push(OomKill {
            at: at(start),
            resident: server.limit,
            stalled: SimSpan::ZERO,
            back_at: None,
        });
        run.timelines[0].down.push((at(start), at(start + 0.6)));
    }
    run
}

/// Inputs that leave a chart nothing, or almost nothing, to draw.
fn barren() -> Vec<(&'static str, Run)> {
    let keep = |points: usize| {
        let mut run = cascade();
        for timeline in &mut run.timelines {
            timeline.points.truncate(points);
        }
        run
    };
    let mut no_servers = cascade();
    no_servers.servers.clear();
    let mut nothing = cascade();
    nothing.timelines.clear();
    nothing.servers.clear();
    nothing.phases.clear();
    nothing.recipe.seconds = 0;
    let mut zero = keep(3);
    zero.peaks.fill(vec![Bytes::ZERO; 20]);
    zero.recipe.seconds = 0;
    for server in &mut zero.servers {
        server.limit = Bytes::ZERO;
        server.peak_resident = Bytes::ZERO;
        server.holders_at_peak.clear();
    }
    for level in zero.timelines.iter_mut().flat_map(|t| &mut t.levels) {
        level.points = vec![LevelPoint::default()];
    }
    for point in zero.timelines.iter_mut().flat_map(|t| &mut t.points) {
        point.resident = Bytes::ZERO;
        point.by_mechanism = [Bytes::ZERO; Mechanism::ALL.len()];
        point.at = at(0.0);
    }
    let mut huge = keep(2);
    huge.peaks.fill(vec![Bytes(u64::MAX); 20]);
    for server in &mut huge.servers {
        server.limit = Bytes(u64::MAX);
        server.peak_resident = Bytes(u64::MAX);
    }
    for point in huge.timelines.iter_mut().flat_map(|t| &mut t.points) {
        point.resident = Bytes(u64::MAX);
        point.heap_goal = Bytes(u64::MAX);
    }
    for level in huge.timelines.iter_mut().flat_map(|t| &mut t.levels) {
        let point =
            LevelPoint { seats: u64::MAX, waiting: u64::MAX, rejected: 9, ..level.points[0] };
        level.points = vec![point];
    }
    let mut unrecorded = cascade();
    unrecorded.timelines[1] = Timeline { server: "apiserver-1".into(), ..Timeline::default() };
    vec![
        ("no-points", keep(0)),
        ("one-point", keep(1)),
        ("two-points", keep(2)),
        ("no-servers", no_servers),
        ("nothing", nothing),
        ("all-zero", zero),
        ("huge", huge),
        ("one-unrecorded", unrecorded),
    ]
}

fn usual() -> Vec<(&'static str, Run)> {
    vec![
        ("single", single()),
        ("cascade", cascade()),
        ("seven", many(7)),
        ("twelve", many(12)),
        ("thirty-two", many(32)),
        ("forty", many(40)),
        ("tiny", tiny()),
        ("forty-events", forty_events()),
        ("long-names", long_names()),
        ("crash-loop", crash_loop()),
    ]
}

fn everything() -> impl Iterator<Item = (&'static str, Run)> {
    usual().into_iter().chain(barren())
}
