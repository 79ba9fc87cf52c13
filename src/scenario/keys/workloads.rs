//! The keys of workloads.

use super::Presence::{Default, Optional, Required};
use super::{Family, Key, Kind, NameForm, Table, integer, key, percent, span};
use crate::units::SimSpan;

/// What a workload can be; `scenario/workloads.rs` has what each needs and does.
pub(super) const KINDS: [&str; 6] = [
    "pod-churn",
    "node-heartbeats",
    "hpa-spike",
    "node-scale-out",
    "crash-loop",
    "custom-resource-updates",
];

const fn whole(name: &'static str, doc: &'static str) -> Key {
    key(name, integer(1, 100_000_000), Optional, doc)
}

pub(super) static WORKLOAD: Table = Table {
    what: "a workload",
    one_of: None,
    keys: &[
        key("name", Kind::Name(NameForm::Free), Required, "Its name."),
        key("kind", Kind::Choice(&KINDS), Required, "What goes on."),
        key("at", span(SimSpan::ZERO), Default("0s"), "When it begins."),
        key(
            "lasts",
            span(SimSpan::secs(1)),
            Optional,
            "How long it lasts; left out: to the end of the run.",
        ),
        key("rate", Kind::PerSecond { max: 1e6 }, Optional, "Life cycles of pods, or updates."),
        whole("pods", "Pods that come, or that restart again and again."),
        whole("nodes", "Nodes that come, or whose heartbeats these are."),
        whole("pods-per-node", "Pods that come with each node; left out: 30."),
        key("over", span(SimSpan::secs(1)), Optional, "They come evenly over this span."),
        key(
            "every",
            span(SimSpan::secs(1)),
            Optional,
            "Time between two restarts of a pod; left out: 5m, where its back-off ends.",
        ),
        key(
            "in-services",
            percent(100.0),
            Optional,
            "Share of the pods that services select; left out: 100%.",
        ),
        key("resource", Kind::Refer(Family::Resource), Optional, "The resource updated."),
        key(
            "joins",
            Kind::Texts { max: 100 },
            Optional,
            "Fleets of which one member starts with each node that comes.",
        ),
    ],
};
