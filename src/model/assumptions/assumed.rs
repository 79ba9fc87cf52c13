//! What is neither measured nor published.

use super::{decimal, how, value};
use crate::model::apiserver::audit;
use crate::model::apiserver::consistency::LOOK;
use crate::model::apiserver::definitions::{INSTALL_GARBAGE, SCRAPE_GARBAGE};
use crate::model::apiserver::list::{MOST_MANAGED_FIELDS, TABLE_ROW};
use crate::model::apiserver::server::{FILES_OF_OTHERS, HAND_OVERS, STALL};
use crate::model::apiserver::startup::{BODY_READ, REST_STORED, STRUCT_COPY};
use crate::model::client::go::REDIAL_SPREAD;
use crate::model::costs;
use crate::model::plane::REVIEW_COPIES;
use crate::model::plane::database::{DEFRAGMENTED, FILE_PER_BYTE};
use crate::model::plane::etcd::ETCD_STARTS;
use crate::model::residents::{CONTROLLER_MANAGER, METADATA, SCHEDULER};
use crate::results::{Assumption, CFS_PERIOD, Held};
use crate::units::Bytes;

pub(super) fn rows() -> Vec<Assumption> {
    let mut rows = constants();
    rows.extend(more_constants());
    rows.extend(of_the_node());
    rows.extend(of_what_is_refused());
    rows.extend(of_audit());
    rows.extend(simplifications_of_etcd());
    rows.extend(simplifications());
    rows
}

fn constants() -> Vec<Assumption> {
    let row = |what, shown: String, source, range, leans| {
        value(Held::Assumed, (what, shown), (source, range), leans)
    };
    vec![
        row(
            "garbage of an idle server",
            format!("{}/s", decimal(Bytes(costs::IDLE_GARBAGE_PER_SECOND))),
            "probes, leases, metrics; forced cycles of an idle server free 10 to 60 MB",
            "0.1 to 0.5 MB/s; `other-garbage` adds to it",
            "where the collector stands when a burst begins",
        ),
        row(
            "garbage of installing a custom resource definition, in multiples of what it keeps",
            INSTALL_GARBAGE.to_string(),
            "the heap of measured servers came to its goal meanwhile (docs/facts/memory.md section 2.5)",
            "at least 2",
            "the peak while an operator is installed",
        ),
        row(
            "etcd commits a write in",
            costs::ETCD_COMMIT.to_string(),
            "a round among members and a sync each; etcd's tuning guide wants the sync below 10 ms (p99)",
            "1 to 20 ms",
            "seats that writes hold",
        ),
        row(
            "period of a CPU limit",
            CFS_PERIOD.to_string(),
            "`--cpu-cfs-quota-period` of the kubelet; a bucket of one period's quota, filled at the limit, stands \
             for the periods",
            "10 to 100 ms, as configured",
            "how long a burst runs free before it is throttled",
        ),
        row(
            "a GET of one object costs what a LIST of one from etcd does, besides its JSON",
            costs::REQUEST_BASE.to_string(),
            "put together from the parts of measured LISTs; no GET was measured",
            "0.1 to 0.5 ms",
            "CPU time and garbage of `gets`",
        ),
        row(
            "state of a gzip writer",
            decimal(costs::GZIP_WRITER),
            "tables and window of Go's `compress/flate`, not measured",
            "0.8 to 1.3 MB",
            "many compressed lists at once",
        ),
        row(
            "a new connection, TLS handshake with client certificate included: CPU time",
            costs::TLS_HANDSHAKE.to_string(),
            "measured together with the watch on it: 2,000 idle watches of a 1.36 server",
            "0.5 to 3.5 ms",
            "reconnects of thousands of clients",
        ),
    ]
}

/// What starts, Tables and background work take.
fn more_constants() -> Vec<Assumption> {
    let row = |what, shown: String, source, range, leans| {
        value(Held::Assumed, (what, shown), (source, range), leans)
    };
    vec![
        row(
            "a row of a Table without the managed fields of its metadata",
            decimal(TABLE_ROW),
            "measured for Pods on 1.32: 4.2 kB a row",
            "0.5 to 5 kB",
            "`encoding = \"table\"`",
        ),
        row(
            "redials of one instant are spread over",
            REDIAL_SPREAD.to_string(),
            "network and schedulers of the clients",
            "1 to 100 ms",
            "how a herd falls on the servers that are left",
        ),
        row(
            "managed fields in a row of a Table, at most",
            decimal(MOST_MANAGED_FIELDS),
            "they grow with the number of fields, not with the length of strings",
            "2 to 10 kB",
            "`encoding = \"table\"` of large objects",
        ),
        row(
            "a read of a response's body gives the informers of a starting server",
            format!("{BODY_READ:#}"),
            "a whole frame of HTTP/2 at its default size (`SETTINGS_MAX_FRAME_SIZE`, RFC 9113)",
            "512 B to 16 KiB",
            "what `io.ReadAll` allocates: starts of servers that list from etcd",
        ),
        row(
            "copy of an event of a typed object, at most",
            decimal(STRUCT_COPY),
            "1.5 times the measured Pods of 6.1 kB; larger ones have longer strings, which copies share",
            "6 to 15 kB",
            "starts of servers whose informers begin with watch-lists",
        ),
        row(
            "the consistency checker looks at an object for",
            LOOK.to_string(),
            "FNV over about 100 bytes",
            "0.1 to 1 us",
            "CPU of the pulse, from 1.34",
        ),
        row(
            "stored bytes for a byte of `other-live-heap`, read again at a start",
            REST_STORED.to_string(),
            "as typed objects have it",
            "0.2 to 1",
            "recovery of servers with much that the scenario leaves out",
        ),
        row(
            "CPU time of a request without its body; its garbage; memory while it waits",
            format!(
                "{}; {}; {}",
                costs::REQUEST_BASE,
                costs::REQUEST_GARBAGE,
                costs::QUEUED_REQUEST
            ),
            "routing, authentication, authorisation, audit of metadata",
            "a factor of 3",
            "storms of many small requests",
        ),
    ]
}

/// The node around a server, and etcd's file.
fn of_the_node() -> Vec<Assumption> {
    let row = |what, shown: String, source, range, leans| {
        value(Held::Assumed, (what, shown), (source, range), leans)
    };
    vec![
        row(
            "pages of files that other programs of a node run from",
            decimal(FILES_OF_OTHERS),
            "binaries of etcd, kubelet, container runtime and agents; the server's own 86 MB are measured",
            "100 to 400 MB",
            "how long before a node is out of memory everybody on it waits",
        ),
        row(
            "a small read waits so many times for its turn while etcd reads ranges, 10 ms each and range per core",
            HAND_OVERS.to_string(),
            "goroutines between etcd's socket and its answer; Go's time slice is 10 ms",
            "3 to 8",
            "how many LISTs from etcd at once fail its health check of 2 s",
        ),
        row(
            "a killed etcd answers again, besides the kubelet's back-off and the reading of its file, after",
            ETCD_STARTS.to_string(),
            "container, write-ahead log since the last snapshot, election or return of the member",
            "2 to 20 s",
            "how long a server is without its etcd",
        ),
        row(
            "etcd's file is copied, or read by a starting etcd, at",
            DEFRAGMENTED.to_string(),
            "500 MB in less than 5 s, usually in less than 1; 10 s for large files on slow disks (docs/facts/memory.md \
             section 2.6)",
            "50 to 500 MB/s",
            "how long `defragment` keeps a member from answering",
        ),
        row(
            "controller manager and scheduler without objects",
            decimal(CONTROLLER_MANAGER + SCHEDULER),
            "an empty OpenShift has 143 MB for the former, one that does not lead 17 MB",
            "65 to 200 MB; `node.controllers-memory`",
            "memory of the whole node",
        ),
        row(
            "controller manager and scheduler take twice what they hold: built-in objects decoded, Pods and Nodes in both \
             (Services and EndpointSlices again in kube-proxy), of a custom resource metadata of",
            decimal(METADATA),
            "their informers (kubernetes#115699); what they leave out of objects from 1.28 on (managed fields) is kept",
            "1 to 3 kB; `node.controllers-memory`",
            "memory of the whole node of large clusters",
        ),
        row(
            "with all its pages gone a program takes so many times as long; with a share x of them, x^4 of that more",
            STALL.to_string(),
            "measured servers at a cgroup's limit read 1,700 pages a second again, and answered nobody",
            "30 to 300",
            "how long a node without a limit on the server stands still before the kill",
        ),
        row(
            "how long a server stands still at its cgroup's limit before it is killed",
            "0s".to_owned(),
            "49 of 56 measured kills came at once; 7 servers whose limit was charged for their binary stood still before (docs/fidelity.md); \
             `apiserver.stall-at-limit`",
            "0 s to more than 6 minutes",
            "when clients of a killed server come to the others; how long its own clients wait",
        ),
        row(
            "bytes of etcd's file for a byte of keys and values",
            FILE_PER_BYTE.to_string(),
            "pages of bbolt that are not full",
            "1.1 to 1.5",
            "when `etcd.quota` is reached",
        ),
    ]
}

fn of_what_is_refused() -> Vec<Assumption> {
    let row = |what, shown: String, source, range, leans| {
        value(Held::Assumed, (what, shown), (source, range), leans)
    };
    vec![
        row(
            "etcd's quota, where it is not stated",
            "never reached".to_owned(),
            "clusters of gigabytes raise it; etcd's default is 2 GiB: state `etcd.quota` to see writes refused past it",
            "2 to 8 GiB",
            "whether etcd takes writes",
        ),
        row(
            "etcd answers the read of one object in",
            costs::ETCD_GET.to_string(),
            "a round among members, without a sync; GETs at a rate (`gets`) come as the user who writes the resource",
            "0.5 to 10 ms",
            "seats that GETs hold: 429s, and LISTs that wait",
        ),
        row(
            "nodes while etcd takes no writes for want of space",
            "stay Ready".to_owned(),
            "their leases are not renewed, but nobody can write that they are NotReady, either (`applierV3Capped`, etcd \
             `server/etcdserver/apply/apply.go`); the refused writes are counted",
            "NotReady for a moment once etcd takes writes again",
            "evictions, leader changes afterwards",
        ),
    ]
}

fn of_audit() -> Vec<Assumption> {
    let row = |what, shown: String, source, range, leans| {
        value(Held::Assumed, (what, shown), (source, range), leans)
    };
    vec![
        row(
            "an audit event without bodies in the heap; encoded",
            format!("{}; {}", decimal(audit::EVENT), decimal(audit::EVENT_JSON)),
            "its JSON is below 2.5 kB in 95 of 100 (kubernetes#53417)",
            "2 to 8 kB",
            "audit backends that fall behind",
        ),
        row(
            "what a call to an audit webhook that is under way holds beside its batch",
            decimal(audit::CALL),
            "two or three goroutines of 8 kB, the request, buffers of its connection",
            "20 to 100 kB",
            "audit webhooks that are slow or answer nobody",
        ),
        row(
            "copies of a body that writing its line to the audit log takes at once",
            audit::LINE_COPIES.to_string(),
            "`audit.EventString` and `fmt.Fprintln`: encoder's buffer, its copy, a string, what is printed",
            "3 to 5",
            "LISTs with `audit.reads = \"request-response\"`",
        ),
        row(
            "copies of an object's JSON in the review of an admission webhook; of a conversion webhook",
            format!("{REVIEW_COPIES}; {}", costs::CONVERSION_COPIES),
            "the object and the one it replaces, each raw and in the encoded review",
            "3 to 6",
            "servers whose webhooks are slow",
        ),
        row(
            "garbage of a scrape of `/metrics` for each served version of a custom resource definition",
            decimal(SCRAPE_GARBAGE),
            "400 series of 1 kB: a server of 1.34 with some sixty kinds exports 15,000 series",
            "0.1 to 1.5 MB",
            "the resident set of small clusters with many operators",
        ),
    ]
}

/// etcd beside a server.
fn simplifications_of_etcd() -> Vec<Assumption> {
    let row = |what, source, leans| how(Held::Assumed, what, source, leans);
    vec![
        row(
            "etcd is a rate and a latency; the one on a server's own node serves it, and keeps for two minutes what its \
             ranges took, beside the most that was stored so far",
            "`[etcd]`, `node.etcd-memory`; `src/model/input/residents.rs`: 50 MB, the stored bytes, 1.75 times the raft \
             log, and 3.5 times the ranges that a start reads at once, or all that are read at once",
            "lists from etcd by many at once; etcd on the same node",
        ),
        row(
            "a range takes all that it holds in etcd when it begins",
            "five at once are as published (etcd-io/etcd#19766); of hundreds that share its cores most hold less: \
             kubernetes#65954 saw 100 GB where this gives 700",
            "on the safe side: when a node with many lists from etcd is out of memory",
        ),
        row(
            "etcd's file fills half of a node at most",
            "the kernel takes its pages back before it kills, and etcd reads them again: that costs no time here",
            "nodes whose etcd stores more than a quarter of their memory",
        ),
        row(
            "a server of `oom-score-adj` -1000 dies with its node where there is no etcd to kill",
            "the kernel may kill controllers of -997 first, or nobody: then the node hangs",
            "nodes of such servers",
        ),
        row(
            "writes go on through other members of etcd while that of a server is down",
            "kubeadm has a server write through its own member only; clients and balancer send them elsewhere once \
             `/readyz` fails",
            "writes that fail while etcd is killed or defragmented",
        ),
    ]
}

fn simplifications() -> Vec<Assumption> {
    let row = |what, source, leans| how(Held::Assumed, what, source, leans);
    vec![
        row(
            "the objects of a resource all have its mean size",
            "sizes are rarely known better",
            "resources of a few huge objects among many small ones",
        ),
        row(
            "writes come at a steady rate, and all are updates",
            "creations and deletions at the same rate leave the count as it is",
            "churn in bursts",
        ),
        row(
            "a write that is turned away or times out is not made again, and objects are created and deleted at the \
             rate that was asked for all the same",
            "a controller makes it again after Retry-After and its own back-off; kubelets replace it by their next",
            "how long an overload by writes lasts: it is longer with those that are made again",
        ),
        row(
            "watch streams have up to 90 % of the network before answers, and share it by what waits",
            "max-min fair shares of many small streams beside a few large answers come to that",
            "servers whose network is full",
        ),
        row(
            "what a cache that does not follow etcd holds up weighs in memory when it is written, not when it comes",
            "ring and garbage of the events",
            "the memory of a server during `lag`",
        ),
        row(
            "a server at its cgroup's limit is killed at once",
            "measured servers crawled for 10 s to minutes, while the kernel took pages of the binary",
            "the time of a kill, and how many clients of a cascade are served before it",
        ),
        row(
            "aggregated apiservers take no memory, and a log backend is never slow but for `audit.latency`",
            "no figures are published",
            "servers that have them",
        ),
        row(
            "admission webhooks are called one after the other, and watchers are sent an event of a write that one \
             refuses, too",
            "mutating ones are (k8s.io/apiserver `admission/plugin/webhook`), validating ones are called at once",
            "how long writes hold seats and memory where webhooks are slow",
        ),
        row(
            "`io.ReadAll` up to Go 1.25, releases up to 1.35, allocates as that of Go 1.26",
            "older ones append to one slice: more garbage, less held at once",
            "starts of servers up to 1.35 with many objects in their own informers",
        ),
        row(
            "the collector scans 70 % of a list's slices and converted items, 40 % of an empty server's heap, half of \
             what watches and waiting requests hold",
            "`src/model/memory/process.rs`: by the pointers in them, within 20 points; objects are measured",
            "how long marking takes, and what is allocated meanwhile",
        ),
        row(
            "under a CPU quota, processors without a request mark, too, and take their part of the quota",
            "Go `runtime/mgc.go` `gcMarkWorkerIdleMode`; no single server was measured under a quota, it rests on \
             the runs of several servers of half a core",
            "servers with `cpu-limit` below GOMAXPROCS: durations, cascades",
        ),
        row(
            "the interval of a peak is twice as wide outside of the validated domain; where `hardware.cpu-speed` is \
             not stated it holds nine of ten measured runs replayed at speeds of 1.0 to 2.0 and page faults of 0.25 to \
             1.6 s/GB, which is 7 to 17 % more",
            "`src/experiment/model_error.rs`: 1.5 to 3 times; the range is that of two measured machines, \
             `oomcast speed` measures another",
            "`peak_interval`, \"too close to call\"",
        ),
        row(
            "speeds of two machines",
            "two cores each, of two kinds; `hardware.*` and `oomcast calibrate` fit others",
            "durations elsewhere",
        ),
    ]
}
