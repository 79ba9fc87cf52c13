//! The model against measured runs of a genuine kube-apiserver.

mod measured {
    pub mod observation;
}

use measured::observation::{Observation, observations};
use oomcast::model::{self, RunOptions};

#[test]
fn table() {
    let observations: Vec<Observation> = observations();
    println!(
        "{:46} {:>8} {:>8} {:>7} | {:>6} {:>6} {:>6} {:>6}",
        "run", "measured", "model", "err", "t", "model", "cpu", "model"
    );
    let mut errors = Vec::new();
    for observation in &observations {
        let record = model::run(
            &observation.inputs(),
            RunOptions { seed: 1, replication: 0, timelines: false },
        );
        let peak = record.servers[0].peak_resident.as_f64();
        let error = peak / observation.peak - 1.0;
        let ok = record.counters.lists_ok;
        errors.push(error.abs());
        println!(
            "{:46} {:8.0} {:8.0} {:+6.1}% | {:6.1} {:6.1} {:6.1} {:6.1} ok {} gc {} oom {}",
            observation.id,
            observation.peak / 1e6,
            peak / 1e6,
            error * 100.0,
            observation.seconds,
            record
                .log
                .iter()
                .rev()
                .find(|l| l.kind == oomcast::results::LogKind::Synced)
                .map_or(0.0, |l| l.at.as_secs_f64()),
            observation.cpu,
            record.servers[0].cpu.as_secs_f64(),
            ok,
            record.counters.gc_cycles,
            record.servers[0].oom_kills.len()
        );
        if std::env::var("VERBOSE").is_ok() {
            for holder in record.servers[0].holders_at_peak.iter().take(8) {
                println!("      {:?} {:.0}", holder.mechanism, holder.bytes.as_f64() / 1e6);
            }
        }
    }
    errors.sort_by(f64::total_cmp);
    println!(
        "median error {:.1}%, p90 {:.1}%, worst {:.1}%",
        errors[errors.len() / 2] * 100.0,
        errors[errors.len() * 9 / 10] * 100.0,
        errors[errors.len() - 1] * 100.0
    );
}
