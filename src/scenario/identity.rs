//! As whom the members of a fleet are authenticated.

use crate::language::{Code, Finding, Log, Plain, Resolved, Span};
use crate::model::input::MEMBER;

const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Components of a cluster: names of their fleets, and as whom they are authenticated.
const COMPONENTS: [(&str, &str); 5] = [
    ("kubelet", KUBELET),
    ("kubelets", KUBELET),
    ("kube-proxy", "system:serviceaccount:kube-system:kube-proxy"),
    ("kube-scheduler", "system:kube-scheduler"),
    ("kube-controller-manager", CONTROLLER_MANAGER),
];
const KUBELET: &str = "system:node:{member}";
const CONTROLLER_MANAGER: &str = "system:kube-controller-manager";

/// What kubelets write most: states, heartbeats, events of their own.
const OF_KUBELETS: [&str; 4] = ["pods", "nodes", "leases", "events"];

/// Fills the user and the groups of a client.
pub(super) fn defaults(client: &mut Resolved, log: &mut Log) {
    if let Some(name) = client.text("name") {
        let component = COMPONENTS.iter().find(|(component, _)| *component == name);
        let user = component.map_or_else(
            || format!("{SERVICE_ACCOUNT}default:{name}"),
            |(_, user)| (*user).to_owned(),
        );
        client.fill("user", Plain::Text(user));
    }
    let Some(user) = client.text("user") else {
        return;
    };
    if !is_name(user, client.at("user"), "user", log) {
        return;
    }
    if user.replace(MEMBER, "").contains(['{', '}']) {
        let finding =
            Finding::new(Code::BadName, client.at("user"), "braces may hold nothing else");
        log.push(finding.help(format!("`{MEMBER}` stands for the member's number, from 0")));
        return;
    }
    let at = client.at("user");
    let groups = groups_of(user).into_iter().map(|group| (group, at)).collect();
    client.fill("groups", Plain::Texts(groups));
    add_authenticated(client);
}

/// Fills who writes a resource.
pub(super) fn writer(plural: &str, built_in: bool, resource: &mut Resolved, log: &mut Log) {
    let user = if OF_KUBELETS.contains(&plural) {
        KUBELET.replace(MEMBER, "0")
    } else if built_in {
        CONTROLLER_MANAGER.to_owned()
    } else {
        format!("{SERVICE_ACCOUNT}default:{plural}-writer")
    };
    resource.fill("writer", Plain::Text(user));
    if let Some(user) = resource.text("writer") {
        is_name(user, resource.at("writer"), "writer", log);
    }
}

fn is_name(user: &str, at: Span, key: &str, log: &mut Log) -> bool {
    let named = !user.trim().is_empty();
    if !named {
        let finding = Finding::new(Code::BadName, at, format!("`{key}` must not be empty"));
        log.push(finding.help("an anonymous client is \"system:anonymous\"".to_owned()));
    }
    named
}

/// The groups that Kubernetes puts a user in, by the form of its name.
pub(super) fn groups_of(user: &str) -> Vec<String> {
    let texts = |groups: &[&str]| groups.iter().map(|&group| group.to_owned()).collect();
    if let Some((namespace, _)) =
        user.strip_prefix(SERVICE_ACCOUNT).and_then(|rest| rest.split_once(':'))
    {
        let of_namespace = format!("system:serviceaccounts:{namespace}");
        return texts(&["system:serviceaccounts", &of_namespace, AUTHENTICATED]);
    }
    if user.starts_with("system:node:") {
        return texts(&["system:nodes", AUTHENTICATED]);
    }
    match user {
        "system:anonymous" => texts(&[UNAUTHENTICATED]),
        "system:apiserver" | "kubernetes-admin" => texts(&["system:masters", AUTHENTICATED]),
        _ => texts(&[AUTHENTICATED]),
    }
}

/// The server itself adds the group of all who are authenticated.
fn add_authenticated(client: &mut Resolved) {
    let Some(groups) = client.texts("groups") else {
        return;
    };
    if groups.iter().any(|(group, _)| group == AUTHENTICATED || group == UNAUTHENTICATED) {
        return;
    }
    let at: Span = client.at("groups");
    let added = (AUTHENTICATED.to_owned(), at);
    let groups = groups.iter().cloned().chain([added]).collect();
    client.replace("groups", Some(Plain::Texts(groups)));
}

#[cfg(test)]
mod tests {
    use super::groups_of;

    #[test]
    fn groups_follow_the_form_of_the_name() {
        let of = |user: &str| groups_of(user).join(" ");
        assert_eq!(
            of("system:serviceaccount:d8-cni-cilium:agent"),
            "system:serviceaccounts system:serviceaccounts:d8-cni-cilium system:authenticated"
        );
        assert_eq!(of("system:node:node-1"), "system:nodes system:authenticated");
        assert_eq!(of("system:anonymous"), "system:unauthenticated");
        assert_eq!(of("system:kube-scheduler"), "system:authenticated");
        assert_eq!(of("system:apiserver"), "system:masters system:authenticated");
    }
}
