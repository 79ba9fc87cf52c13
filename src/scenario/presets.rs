//! The presets that come with oomcast: plain scenario files with comments, to be inherited.
//!
//! `presets/NAME.toml` is `preset:NAME`. A preset says what it is in its first line.

use crate::language::tell::suggest;

pub use crate::language::layers::grammar::Preset;

macro_rules! presets {
    ($($group:literal: $($name:literal),* $(,)?;)*) => {
        /// Every preset, by group.
        pub const PRESETS: &[Preset] = &[$($(Preset {
            name: $name,
            group: $group,
            text: include_str!(concat!("../../presets/", $name, ".toml")),
        },)*)*];
    };
}

presets! {
    "Releases":
        "release-1.30", "release-1.33", "release-1.36";
    "Control planes":
        "kubeadm-1", "kubeadm-3",
        "gce-100-nodes", "gce-500-nodes", "gce-5000-nodes",
        "openshift-24-workers", "openshift-120-workers", "openshift-252-workers",
        "openshift-501-workers",
        "rke2-225-agents", "rke2-450-agents", "rke2-1300-agents", "rke2-large",
        "gardener-shoot", "eks-4xl";
    "Objects":
        "objects", "objects-nodes", "objects-pods", "objects-services", "objects-config",
        "objects-workloads", "objects-events", "objects-cilium", "objects-calico",
        "objects-crds";
    "Fleets":
        "fleet-kubelet", "fleet-kube-proxy", "fleet-cilium", "fleet-calico", "fleet-calico-typha",
        "fleet-kube-controller-manager", "fleet-kube-scheduler", "fleet-operator",
        "fleet-pod-informer";
    "Fleets of common products":
        "fleet-argocd", "fleet-cert-manager", "fleet-coredns", "fleet-flux", "fleet-gatekeeper",
        "fleet-helm", "fleet-ingress-nginx", "fleet-karpenter", "fleet-kube-state-metrics",
        "fleet-kubectl", "fleet-kyverno", "fleet-metrics-server", "fleet-prometheus",
        "fleet-prometheus-operator";
    "Whole clusters":
        "reference";
}

/// The preset of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// The name of a preset that was probably meant.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static str> {
    suggest::nearest(name, PRESETS.iter().map(|preset| preset.name))
}
