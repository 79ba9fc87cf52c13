//! Clients that presets once had: a mistake that names one says where it went.
//!
//! A process with several reflectors is one client now. What a file, an overlay or a `--set` says of a former one is
//! laid over nothing, so that something is missing, or not found.

use crate::language::Severity;
use crate::language::tell::diagnostic::Diagnostics;

/// A former client of a preset, and where what it read is now.
const RETIRED: [(&str, &str); 25] = [
    ("kubelets-node", "clients.kubelets.reflectors.nodes"),
    ("kubelets-services", "clients.kubelets.reflectors.services"),
    ("kube-proxy-services", "clients.kube-proxy.reflectors.services"),
    ("kube-scheduler-nodes", "clients.kube-scheduler.reflectors.nodes"),
    ("kube-controller-manager-nodes", "clients.kube-controller-manager.reflectors.nodes"),
    (
        "kube-controller-manager-replicasets",
        "clients.kube-controller-manager.reflectors.replicasets",
    ),
    (
        "kube-controller-manager-endpointslices",
        "clients.kube-controller-manager.reflectors.endpointslices",
    ),
    ("kube-controller-manager-configmaps", "clients.kube-controller-manager.reflectors.configmaps"),
    ("kube-controller-manager-secrets", "clients.kube-controller-manager.reflectors.secrets"),
    ("operator-secrets", "clients.operator.reflectors.secrets"),
    ("operator-configmaps", "clients.operator.reflectors.configmaps"),
    ("operator-pods", "clients.operator.reflectors.pods"),
    ("cilium-endpoints", "clients.cilium"),
    ("cilium-identities", "clients.cilium.reflectors.ciliumidentities"),
    ("cilium-nodes", "clients.cilium.reflectors.ciliumnodes"),
    ("cilium-services", "clients.cilium.reflectors.services"),
    ("cilium-endpointslices", "clients.cilium.reflectors.endpointslices"),
    ("cilium-pods", "clients.cilium.reflectors.pods"),
    ("calico-pods", "clients.calico-node"),
    ("calico-nodes", "clients.calico-node.reflectors.nodes"),
    ("calico-policies", "clients.calico-node.reflectors.networkpolicies"),
    ("typha-pods", "clients.calico-typha"),
    ("typha-nodes", "clients.calico-typha.reflectors.nodes"),
    ("typha-policies", "clients.calico-typha.reflectors.networkpolicies"),
    ("typha-blocks", "clients.calico-typha.reflectors.ipamblocks"),
];

/// Says of every mistake about a former client where it went.
pub(super) fn explain(found: &mut Diagnostics) {
    for one in found.items.iter_mut().filter(|one| one.severity == Severity::Error) {
        let told = |name: &str| {
            let named = one.message.contains(&format!("`{name}`"));
            named || one.message.contains(&format!("\"{name}\""))
        };
        if let Some((name, now)) = RETIRED.iter().find(|(name, _)| told(name)) {
            one.help = Some(format!(
                "the presets no longer have a client `{name}`: one process is one client, what it read is at {now}"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RETIRED;

    /// Every place that is named is one of a preset.
    #[test]
    fn what_became_of_clients_is_there() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("presets");
        for (name, now) in RETIRED {
            let path: Vec<&str> = now.split('.').collect();
            let client = format!("name = \"{}\"", path[1]);
            let there = std::fs::read_dir(&folder).expect("presets").any(|entry| {
                let text = std::fs::read_to_string(entry.expect("readable").path()).expect("text");
                text.lines().any(|line| line == client)
                    && path.get(2..).is_none_or(|rest| text.contains(&rest.join(".")))
            });
            assert!(there, "{name}: {now}");
        }
    }
}
