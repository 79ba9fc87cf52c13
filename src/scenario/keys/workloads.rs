//! The keys of workloads.

use super::{Family, NameForm, any_span, span};
use crate::language::table::declare::{table, words};
use crate::language::table::typed::{
    Typed, choice, integer, name, per_second, percent, refer, texts,
};
use crate::units::SimSpan;

/// What a workload can be; `scenario/workloads.rs` has what each needs and does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scenario) enum WorkloadKind {
    PodChurn,
    NodeHeartbeats,
    HpaSpike,
    Hpa,
    NodeScaleOut,
    CrashLoop,
    CustomResourceUpdates,
}

words! {
    WorkloadKind {
        PodChurn = "pod-churn",
        NodeHeartbeats = "node-heartbeats",
        HpaSpike = "hpa-spike",
        Hpa = "hpa",
        NodeScaleOut = "node-scale-out",
        CrashLoop = "crash-loop",
        CustomResourceUpdates = "custom-resource-updates",
    }
}

const fn whole() -> Typed<u64> {
    integer(1, 100_000_000)
}

table! {
    Workload = WORKLOAD: "a workload";
    /// Its name, and that of the phase it opens, unless it begins with the run.
    name: String = name(NameForm::Free);
    /// What goes on.
    kind: WorkloadKind = choice();
    /// When it begins.
    at: SimSpan = any_span().default("0s");
    /// How long it lasts.
    lasts: Option<SimSpan> = span(SimSpan::secs(1)).derived_for_some("to the end of the run; an hpa-spike must say it");
    /// Life cycles of pods, or updates.
    rate: Option<f64> = per_second(1e6).optional();
    /// Pods that come, or that restart again and again; of an hpa, those that the load needs at its height.
    pods: Option<u64> = whole().optional();
    /// Pods that an hpa's load needs at its lowest: they are among the objects.
    least: Option<u64> = whole().optional();
    /// From one height of an hpa's load to the next; it is high in the first half.
    period: Option<SimSpan> = span(SimSpan::secs(30)).default_for_some("10m").late();
    /// From the creation of a pod of an hpa until it works.
    start_time: Option<SimSpan> = any_span().default_for_some("30s").late();
    /// behavior.scaleUp.stabilizationWindowSeconds of an hpa.
    up_window: Option<SimSpan> = any_span().default_for_some("0s").late();
    /// behavior.scaleDown.stabilizationWindowSeconds of an hpa.
    down_window: Option<SimSpan> = any_span().default_for_some("5m").late();
    /// Nodes that come, or whose heartbeats these are.
    nodes: Option<u64> = whole().optional();
    /// Pods that come with each node.
    pods_per_node: Option<u64> = whole().default_for_some("30").late();
    /// They come evenly over this span; the load of an hpa rises and falls over it.
    over: Option<SimSpan> = span(SimSpan::secs(1)).optional();
    /// Time between two restarts of a pod; the default is where the kubelet's back-off ends.
    every: Option<SimSpan> = span(SimSpan::secs(1)).default_for_some("5m").late();
    /// Share of the pods that services select.
    in_services: Option<f64> = percent(100.0).default_for_some("100%").late();
    /// The resource updated.
    resource: Option<String> = refer(Family::Resource).optional();
    /// Fleets of which one member starts with each node that comes.
    joins: Vec<String> = texts(100);
}
