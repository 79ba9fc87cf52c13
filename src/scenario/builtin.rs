//! The resources of Kubernetes itself: their API groups and what they are made of.

/// Plural, API group and shape.
const BUILT_IN: [(&str, &str, &str); 54] = [
    ("secrets", CORE, "blob"),
    ("configmaps", CORE, "blob"),
    ("pods", CORE, "typed"),
    ("nodes", CORE, "typed"),
    ("services", CORE, "typed"),
    ("endpoints", CORE, "typed"),
    ("events", CORE, "typed"),
    ("namespaces", CORE, "typed"),
    ("serviceaccounts", CORE, "typed"),
    ("persistentvolumes", CORE, "typed"),
    ("persistentvolumeclaims", CORE, "typed"),
    ("replicationcontrollers", CORE, "typed"),
    ("podtemplates", CORE, "typed"),
    ("limitranges", CORE, "typed"),
    ("resourcequotas", CORE, "typed"),
    ("endpointslices", "discovery.k8s.io", "typed"),
    ("leases", "coordination.k8s.io", "typed"),
    ("deployments", "apps", "typed"),
    ("replicasets", "apps", "typed"),
    ("daemonsets", "apps", "typed"),
    ("statefulsets", "apps", "typed"),
    ("controllerrevisions", "apps", "typed"),
    ("jobs", "batch", "typed"),
    ("cronjobs", "batch", "typed"),
    ("storageclasses", STORAGE, "typed"),
    ("volumeattachments", STORAGE, "typed"),
    ("csinodes", STORAGE, "typed"),
    ("csidrivers", STORAGE, "typed"),
    ("csistoragecapacities", STORAGE, "typed"),
    ("horizontalpodautoscalers", "autoscaling", "typed"),
    ("poddisruptionbudgets", "policy", "typed"),
    ("networkpolicies", NETWORKING, "typed"),
    ("ingresses", NETWORKING, "typed"),
    ("ingressclasses", NETWORKING, "typed"),
    ("roles", RBAC, "typed"),
    ("rolebindings", RBAC, "typed"),
    ("clusterroles", RBAC, "typed"),
    ("clusterrolebindings", RBAC, "typed"),
    ("priorityclasses", "scheduling.k8s.io", "typed"),
    ("runtimeclasses", "node.k8s.io", "typed"),
    ("flowschemas", "flowcontrol.apiserver.k8s.io", "typed"),
    ("prioritylevelconfigurations", "flowcontrol.apiserver.k8s.io", "typed"),
    ("mutatingwebhookconfigurations", ADMISSION, "typed"),
    ("validatingwebhookconfigurations", ADMISSION, "typed"),
    ("validatingadmissionpolicies", ADMISSION, "typed"),
    ("certificatesigningrequests", "certificates.k8s.io", "typed"),
    ("resourceclaims", RESOURCE, "typed"),
    ("resourceclaimtemplates", RESOURCE, "typed"),
    ("resourceslices", RESOURCE, "typed"),
    ("deviceclasses", RESOURCE, "typed"),
    ("apiservices", "apiregistration.k8s.io", "typed"),
    ("customresourcedefinitions", "apiextensions.k8s.io", "typed"),
    ("validatingadmissionpolicybindings", ADMISSION, "typed"),
    ("mutatingadmissionpolicies", ADMISSION, "typed"),
];

const CORE: &str = "";
const ADMISSION: &str = "admissionregistration.k8s.io";
const NETWORKING: &str = "networking.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
const RESOURCE: &str = "resource.k8s.io";
const STORAGE: &str = "storage.k8s.io";

/// The API group of a resource that the scenario gives none.
pub const CUSTOM: &str = "custom.example.com";

/// Whether a resource is built in.
#[must_use]
pub fn is_known(plural: &str) -> bool {
    known(plural).is_some()
}

/// The shape of a built-in resource.
#[must_use]
pub fn shape_of(plural: &str) -> Option<&'static str> {
    known(plural).map(|(_, _, shape)| *shape)
}

/// The API group that a resource has unless the scenario says otherwise.
#[must_use]
pub fn group_of(plural: &str) -> &'static str {
    known(plural).map_or(CUSTOM, |(_, group, _)| group)
}

/// The plurals.
pub(super) fn plurals() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(plural, ..)| *plural)
}

fn known(plural: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    BUILT_IN.iter().find(|(known, ..)| *known == plural)
}
