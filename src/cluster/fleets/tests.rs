//! Fleets of a measured cluster, and of planted ones.

use std::io::BufReader;

use super::{Cluster, Fleets, from_audit};
use crate::cluster::audit::{Log, read};
use crate::cluster::read::Lines;

/// The fleets of a log that is on disk.
fn of_file(path: &str) -> Fleets {
    let open = || -> std::io::Result<Lines> {
        let file = std::fs::File::open(path)?;
        if !path.ends_with("gz") { return Ok(Lines::new(Box::new(BufReader::with_capacity(65536, file)))); }
        let file = flate2::read::MultiGzDecoder::new(file);
        Ok(Lines::new(Box::new(BufReader::new(file))))
    };
    let audit = read(&[Log { name: "audit.log.gz".to_owned(), open: Box::new(open) }]);
    println!("{:#?} {:?} {}", audit.counted, audit.skipped, audit.requests);
    from_audit(&audit, "audit.log.gz", &Cluster { nodes: Some(60), ..Cluster::default() })
}

#[test]
fn look() {
    let path = std::env::var("LOOK").unwrap_or_else(|_| "tests/data/cluster/audit.log.gz".into());
    let found = of_file(&path);
    for f in &found.fleets {
        println!("== {} x{} {} node={} minor={:?} share={:.4} idle={} | {}", f.name, f.members, f.user, f.per_node, f.client_minor, f.share, f.idle_watches, f.evidence);
        for r in &f.reads { println!("   R {} {:?} {:?} sel={:?} ns={:?} limit={:?} rv={:?} seen={}", r.resource, r.kind, r.selected, r.selector, r.namespace, r.limit, r.resource_version, r.list_seen); }
        for w in &f.writes { println!("   W {} {:.4}", w.resource, w.rate); }
    }
    println!("{:?}", found.notes);
}
