//! A CPU limit: what is left of a period's quota runs free, then threads stand still for the rest.

use std::sync::Arc;

use crate::laws::world::{BURST, inputs, of_cgroup};
use crate::outcomes::WRITES;
use crate::support;
use oomcast::model::apiserver::plan::{Phase, RequestPlan, Stage};
use oomcast::model::apiserver::server::{Plans, Server, ServerSettings};
use oomcast::model::apiserver::tag::Tag;
use oomcast::model::ids::ClientId;
use oomcast::model::memory::go_heap::GcSettings;
use oomcast::model::memory::process::ScanWeights;
use oomcast::model::node;
use oomcast::results::PressureRecord;
use oomcast::units::{SimSpan, SimTime};

/// When eight requests of 2 CPU-seconds are done on eight processors, the CPU time used, and what was lacked.
fn eight_requests(cpu_limit: Option<f64>) -> (f64, f64, PressureRecord) {
    let mut plans = Plans::default();
    let phases = vec![Phase::cpu(Stage::Working, SimSpan::secs(2))];
    let plan = plans.add(RequestPlan { phases });
    let settings = Arc::new(ServerSettings {
        cores: 8.0,
        cpu_limit,
        procs: 8.0,
        hardware: inputs(BURST, &[]).hardware,
        local_clients: false,
        gc: GcSettings { gogc: None, memory_limit: None },
        memory_high: None,
        etcd_cores: 2.0,
        request_timeout: SimSpan::secs(60),
        scan: ScanWeights::of_nobody(),
        owners: 1,
    });
    let mut server = Server::new(settings, of_cgroup(u64::MAX / 2));
    server.boot(SimTime::ZERO);
    for client in 0..8 {
        server.start(&plans, plan, Tag::Client(ClientId(client)), false, SimTime::ZERO);
    }
    let (mut now, mut finished) = (SimTime::ZERO, Vec::new());
    loop {
        server.process(&plans, now, &mut finished);
        if finished.len() == 8 {
            return (now.as_secs_f64(), server.cpu().as_secs_f64(), server.pressed());
        }
        server.refresh(&plans);
        server.check();
        now = server.next_event();
        server.settle(now);
    }
}

#[test]
fn a_limit_takes_time_but_no_work() {
    let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 1e-3, "{found} {wanted}");
    let (seconds, cpu, lacked) = eight_requests(None);
    near(seconds, 2.0);
    near(cpu, 16.0);
    assert_eq!(lacked, PressureRecord::default());

    // A period's 0.2 CPU-seconds are gone after 1/30 s; the rest comes at two cores.
    let (seconds, cpu, lacked) = eight_requests(Some(2.0));
    let throttled = (16.0 - 0.2) / 2.0 - 1.0 / 30.0;
    near(seconds, (16.0 - 0.2) / 2.0);
    near(cpu, 16.0);
    near(lacked.throttled.as_secs_f64(), 6.0 * throttled);
    near(lacked.cpu_full.as_secs_f64(), 0.75 * throttled);
    near(lacked.cpu_some.as_secs_f64(), throttled);
}

/// Go 1.25 takes GOMAXPROCS from the limit, so that no more threads run than it allows.
#[test]
fn a_limit_throttles_where_go_does_not_follow_it() {
    let limit = |version: &str| {
        let set = ["node.cores=8", "apiserver.cpu-limit=2", version];
        let inputs = support::valid(WRITES, &set).inputs;
        node::cpu_limit(&inputs.apiserver, &inputs.node, &inputs.release)
    };
    assert_eq!(limit("apiserver.version=1.34"), Some(2.0));
    assert_eq!(limit("apiserver.version=1.35"), None);
}
