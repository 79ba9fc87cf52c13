//! What a fleet is called: as people call the program.

use std::collections::BTreeSet;

/// Families of user agents that name a library or a language and not a program, in lower case.
const GENERIC: [&str; 28] = [
    "go-http-client",
    // One binary for all components: k3s, MicroK8s, and releases before 1.19.
    "k3s",
    "kubelite",
    "hyperkube",
    "rke2",
    "python-requests",
    "python-urllib3",
    "python",
    "openapi-generator",
    "swagger-codegen",
    "kubernetes-client",
    "kubernetes-python-client",
    "fabric8-kubernetes-client",
    "okhttp",
    "java",
    "apache-httpclient",
    "curl",
    "mozilla",
    "axios",
    "node-fetch",
    "ruby",
    "rust",
    "manager",
    "main",
    "operator",
    "controller",
    "server",
    "app",
];

/// Programs that ask for protobuf where there is one, by what their agents contain, in lower case:
/// components of Kubernetes, what is built on controller-runtime, and agents that set it
/// (docs/facts/clients.md, "Fleet: who lists and watches what").
const PROTOBUF: [&str; 17] = [
    "kubelet/",
    "kube-proxy/",
    "kube-controller-manager/",
    "kube-scheduler/",
    "cloud-controller-manager",
    "k3s",
    "kubelite",
    "hyperkube",
    "controller-runtime",
    "cilium",
    "calico",
    "kube-state-metrics",
    "prometheus/",
    "cluster-autoscaler",
    // These set it, or are built on controller-runtime (sources: the presets of these names).
    "coredns/",
    "karpenter/",
    "metrics-server/",
];

/// Libraries and programs that know JSON only.
const JSON: [&str; 11] = [
    "python",
    "go-http-client",
    "curl",
    "okhttp",
    "java",
    "node-fetch",
    "axios",
    "fabric8",
    "ruby",
    // Dynamic clients (sources: the presets fleet-argocd, fleet-kyverno).
    "argocd-application-controller/",
    "kyverno/",
];

/// Whether a client asks for JSON where there is protobuf, if its agent tells: no log has it.
#[must_use]
pub(in crate::cluster) fn asks_for_json(agent: &str) -> Option<bool> {
    let agent = agent.to_ascii_lowercase();
    let any = |of: &[&str]| of.iter().any(|part| agent.contains(part));
    if any(&JSON) { Some(true) } else { any(&PROTOBUF).then_some(false) }
}

/// The name of a fleet: the family of its agent, unless that says nothing; else the service account's, or
/// the last part of the user's.
pub(super) fn name(family: &str, user: &str) -> String {
    let plain = slug(family);
    if !is_generic(family) {
        return plain;
    }
    if user.starts_with("system:node:") {
        return "kubelet".to_owned();
    }
    let account = user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let name = match account {
        // Every namespace has a service account of this name.
        Some((namespace, "default")) => slug(&format!("{namespace}-default")),
        Some((_, name)) => slug(name),
        None => {
            let parts = user.replace("{member}", "");
            slug(parts.rsplit([':', '/']).find(|part| !part.is_empty()).unwrap_or_default())
        }
    };
    match (name.is_empty(), plain.is_empty()) {
        (false, _) => name,
        (true, false) => plain,
        (true, true) => "unknown".to_owned(),
    }
}

/// Whether the family of an agent says nothing about the program.
pub(super) fn is_generic(family: &str) -> bool {
    let plain = slug(family);
    plain.is_empty() || GENERIC.contains(&plain.as_str())
}

/// A name that is not taken: with the namespace or the name of the user, else with a number.
pub(super) fn unique(name: String, user: &str, taken: &mut BTreeSet<String>) -> String {
    let mut parts = user.rsplit(':').map(slug).filter(|part| !part.is_empty() && *part != name);
    let longer = parts.next().map(|part| format!("{name}-{part}"));
    let numbered = (2_u32..).map(|number| format!("{name}-{number}"));
    let free = std::iter::once(name.clone()).chain(longer).chain(numbered);
    let mut free = free.skip_while(|name| taken.contains(name));
    let name = free.next().unwrap_or(name);
    taken.insert(name.clone());
    name
}

/// Lower case, with dashes between what is neither a letter nor a digit.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().take(60) {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// The minor release in the agent of a component of Kubernetes: 34 of `kubelet/v1.34.1 (linux/amd64)`.
/// Other programs count their own releases.
pub(super) fn client_minor(agent: &str) -> Option<u8> {
    const COMPONENTS: [&str; 6] = [
        "kubelet",
        "kube-proxy",
        "kube-scheduler",
        "kube-controller-manager",
        "cloud-controller-manager",
        "kubectl",
    ];
    let (family, rest) = agent.split_once('/')?;
    let minor = rest.strip_prefix("v1.")?.split(|c: char| !c.is_ascii_digit()).next()?;
    COMPONENTS.contains(&family).then(|| minor.parse().ok())?
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{asks_for_json, name};
    use crate::scenario::presets::PRESETS;

    /// User agents of the presets, by the names of their clients.
    #[test]
    fn agents_of_the_presets_get_the_names_of_their_clients() {
        let agents = BTreeMap::from([
            ("argocd-application-controller/v3.5.0 (linux/amd64)", "argocd-application-controller"),
            ("cert-manager/v1.20.0 (linux/amd64) cert-manager/0123abc", "cert-manager"),
            ("CoreDNS/1.14.0 git_commit:0123abc (linux/amd64/go1.26)", "coredns"),
            ("helm-controller/v0.0.0 (linux/amd64) kubernetes/$Format", "helm-controller"),
            ("Helm/4.1.0", "helm"),
            ("karpenter/1.14.0", "karpenter"),
            ("kube-state-metrics/v2.20.0 (linux/amd64) kubernetes/0123abc", "kube-state-metrics"),
            ("kubectl/v1.36.0 (linux/amd64) kubernetes/0123abc", "kubectl"),
            ("metrics-server/v0.9.0 (linux/amd64) kubernetes/0123abc", "metrics-server"),
            (
                "nginx-ingress-controller/v1.15.0 (linux/amd64) ingress-nginx/0123abc",
                "nginx-ingress-controller",
            ),
            ("Prometheus/3.14.0", "prometheus"),
        ]);
        for (agent, client) in agents {
            let family = agent.split('/').next().unwrap_or_default();
            assert_eq!(name(family, "system:serviceaccount:x:y"), client);
            let has = format!("name = \"{client}\"\n");
            assert!(PRESETS.iter().any(|preset| preset.text.contains(&has)), "{client}");
        }
        // Its binary is called manager.
        let user = "system:serviceaccount:gatekeeper-system:gatekeeper-admin";
        assert_eq!(name("manager", user), "gatekeeper-admin");
    }

    #[test]
    fn some_agents_tell_their_encoding() {
        assert_eq!(asks_for_json("argocd-application-controller/v3.5.0 (linux/amd64)"), Some(true));
        assert_eq!(asks_for_json("Kyverno/v1.17.0 (linux; amd64)"), Some(true));
        assert_eq!(asks_for_json("CoreDNS/1.14.0 git_commit:0123abc"), Some(false));
        assert_eq!(asks_for_json("karpenter/1.14.0"), Some(false));
        assert_eq!(asks_for_json("Helm/4.1.0"), None);
    }
}
