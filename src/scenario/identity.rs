//! As whom the members of a fleet are authenticated.

use super::code::Code;
use super::diagnostic::{Draft, Log};
use super::filled::{Filled, Plain};
use super::source::Span;

const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Fills the user and the groups of a client.
pub(super) fn defaults(client: &mut Filled, log: &mut Log) {
    if let Some(name) = client.text("name") {
        let user = format!("{SERVICE_ACCOUNT}default:{name}");
        client.fill("user", Plain::Text(user));
    }
    let Some(user) = client.text("user") else {
        return;
    };
    if user.trim().is_empty() {
        let draft = Draft::new(Code::BadName, client.at("user"), "`user` must not be empty");
        log.push(draft.help("an anonymous client is \"system:anonymous\"".to_owned()));
        return;
    }
    let at = client.at("user");
    let groups = groups_of(user).into_iter().map(|group| (group, at)).collect();
    client.fill("groups", Plain::Texts(groups));
    add_authenticated(client);
}

/// The groups that Kubernetes puts a user in, by the form of its name.
fn groups_of(user: &str) -> Vec<String> {
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
fn add_authenticated(client: &mut Filled) {
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
