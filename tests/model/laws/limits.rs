//! The kernel kills at the instant at which a straight line crosses the limit, whatever the pages
//! come from: fresh ones, freed ones, or freed ones that the scavenger takes away meanwhile.

use std::sync::Arc;

use crate::laws::world::{BURST, inputs, of_cgroup};
use oomcast::model::apiserver::plan::{Phase, RampKind, RequestPlan, Stage, Step};
use oomcast::model::apiserver::server::{Background, Plans, Server, ServerSettings};
use oomcast::model::apiserver::tag::Tag;
use oomcast::model::ids::ClientId;
use oomcast::model::memory::go_heap::GcSettings;
use oomcast::model::memory::ledger::OwnerId;
use oomcast::model::memory::process::ScanWeights;
use oomcast::results::Mechanism;
use oomcast::units::{Bytes, SimSpan, SimTime};

const MB: u64 = 1_000_000;

/// A process that has dropped 2 GB, so that freed pages lie about and the scavenger returns them,
/// grows by a large block of `large` bytes and small ones of `small` bytes within `seconds`.
struct Growth {
    large: u64,
    small: u64,
    seconds: u64,
}

/// Resident memory when growth begins, its highest value, and when the kernel killed.
fn grow(growth: &Growth, kill_at: u64) -> (u64, u64, Option<SimTime>) {
    let buffer = OwnerId::SERVER.entry(Mechanism::ResponseBuffer);
    let list = OwnerId::SERVER.entry(Mechanism::ListSliceAndConversion);
    let mut plans = Plans::default();
    let before = plans.add(RequestPlan {
        phases: vec![
            Phase::cpu(Stage::Working, SimSpan::secs(1))
                .ramp(RampKind::TakeLarge, buffer, Bytes(1_000 * MB))
                .ramp(RampKind::Take, list, Bytes(1_000 * MB))
                .at_end(Step::Drop(buffer, Bytes(1_000 * MB)))
                .at_end(Step::Drop(list, Bytes(1_000 * MB))),
        ],
    });
    let plan = plans.add(RequestPlan {
        phases: vec![
            Phase::cpu(Stage::Working, SimSpan::secs(growth.seconds))
                .ramp(RampKind::TakeLarge, buffer, Bytes(growth.large))
                .ramp(RampKind::Take, list, Bytes(growth.small)),
        ],
    });
    let mut hardware = inputs(BURST, &[]).hardware;
    hardware.page_fault_per_gb = SimSpan::ZERO;
    let settings = ServerSettings {
        cores: 4.0,
        cpu_limit: None,
        procs: 4.0,
        hardware,
        local_clients: false,
        gc: GcSettings { gogc: Some(100), memory_limit: None },
        memory_high: None,
        etcd_cores: 2.0,
        request_timeout: SimSpan::secs(60),
        scan: ScanWeights::of_nobody(),
        owners: 1,
    };
    let mut server = Server::new(Arc::new(settings), of_cgroup(u64::MAX / 2));
    server.boot(SimTime::ZERO);
    server.memory.add_live(OwnerId::SERVER.entry(Mechanism::WatchCacheObjects), 600 * MB);
    let litter = OwnerId::SERVER.entry(Mechanism::Garbage);
    server.background =
        Background { cores: 0.1, litter: vec![(litter, 300 * MB)], ..Background::default() };
    server.start(&plans, before, Tag::Client(ClientId(0)), false, SimTime::ZERO);
    let (mut now, mut began) = (SimTime::ZERO, None);
    loop {
        let killed = server.process(&plans, now, &mut Vec::new());
        server.collect(now);
        if killed {
            server.check();
            return (began.unwrap_or(0), server.memory.resident(), Some(now));
        }
        server.check();
        if began.is_none() && server.memory.to_scavenge() > 1_000 * MB {
            server.background = Background::default();
            let pages = server.memory.pages().for_small();
            assert!(pages > 1_000 * MB, "{pages} are free");
            began = Some(server.memory.resident());
            server.limit(of_cgroup(kill_at), now);
            server.take_phase_peak();
            server.start(&plans, plan, Tag::Client(ClientId(1)), false, now);
        } else if began.is_some() && now.as_secs_f64() > 600.0 {
            return (began.unwrap_or(0), server.take_phase_peak().0, None);
        }
        server.refresh(&plans);
        now = server.next_event();
        server.settle(now);
    }
}

#[test]
fn kills_come_at_the_crossing() {
    let mut kills = 0;
    for growth in [
        Growth { large: 6_500 * MB, small: 0, seconds: 10 },
        Growth { large: 0, small: 6_500 * MB, seconds: 10 },
        Growth { large: 4_000 * MB, small: 2_500 * MB, seconds: 10 },
        Growth { large: 5_500 * MB, small: 1_000 * MB, seconds: 5 },
        Growth { large: 6_500 * MB, small: 10 * MB, seconds: 2 },
        Growth { large: 7_500 * MB, small: 0, seconds: 20 },
    ] {
        let (base, most, none) = grow(&growth, u64::MAX / 2);
        assert_eq!(none, None);
        assert!(most > base + 200 * MB, "{base} grows to {most}");
        let mut last = SimTime::ZERO;
        for step in 0..60 {
            let kill_at = base + (most - base) * step / 60;
            let (_, resident, killed) = grow(&growth, kill_at);
            let Some(at) = killed else {
                panic!(
                    "{} MB large, {} MB small: survives {kill_at} of {most}, from {base}",
                    growth.large / MB,
                    growth.small / MB
                )
            };
            assert!(resident > kill_at && resident <= kill_at + MB / 10, "{resident} at {kill_at}");
            assert!(at >= last, "a higher limit is reached later");
            last = at;
            kills += 1;
        }
        assert_eq!(grow(&growth, most).2, None, "at the peak itself it lives");
    }
    assert_eq!(kills, 360);
}
