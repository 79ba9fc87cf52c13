//! What tells how many apiservers there are, where their Pods are not to be seen; and the configuration of
//! `OpenShift`'s.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Object;
use crate::cluster::audit::Micros;
use crate::units::SimSpan;

/// Servers renew their lease every ten seconds, and one that is gone keeps it for an hour
/// (`pkg/controlplane/apiserver/server.go`, 1.34): one that is behind the others by more is of a server
/// that is gone.
const RENEWED: SimSpan = SimSpan::secs(120);

/// What objects say of the servers.
#[derive(Clone, Debug, Default)]
pub struct Control {
    /// When the identity leases of kube-apiservers were renewed, and the file.
    leases: Vec<Micros>,
    leases_file: String,
    /// Addresses behind the Service `kubernetes`, and the file.
    pub addresses: Option<(u64, String)>,
    /// Arguments that `OpenShift`'s servers take from a `ConfigMap`.
    pub arguments: BTreeMap<String, String>,
    /// The file of that.
    pub arguments_file: String,
}

impl Control {
    /// Takes in an object, if it is one of these.
    pub(super) fn add(&mut self, object: &Object<'_>) {
        let of = |namespace, name| {
            object.text("/metadata/namespace") == namespace && object.text("/metadata/name") == name
        };
        match object.kind {
            "Lease" => self.lease(object),
            "Endpoints" if of("default", "kubernetes") => {
                let subsets = list(object.field("/subsets"));
                let addresses = subsets.iter().map(|one| list(one.get("addresses")).len() as u64);
                self.addresses(addresses.sum(), object.file);
            }
            "EndpointSlice" if of("default", "kubernetes") => {
                let ready =
                    |one: &&Value| one.pointer("/conditions/ready") != Some(&Value::Bool(false));
                let endpoints = list(object.field("/endpoints")).iter().filter(ready);
                self.addresses(endpoints.count() as u64, object.file);
            }
            "ConfigMap" if of("openshift-kube-apiserver", "config") => self.configuration(object),
            _ => {}
        }
    }

    /// How many servers hold a lease, and the file; `None`: no leases were there.
    #[must_use]
    pub fn leases(&self) -> Option<(u64, &str)> {
        let newest = self.leases.iter().max()?;
        let held = self.leases.iter().filter(|at| newest.since(**at) <= RENEWED).count();
        Some((held as u64, &self.leases_file))
    }

    fn lease(&mut self, object: &Object<'_>) {
        // The second is the label up to 1.25.
        let labels = ["apiserver.kubernetes.io/identity", "k8s.io/component"];
        let labelled = object.field("/metadata/labels").and_then(Value::as_object);
        let of_server = labelled.is_some_and(|all| {
            labels
                .iter()
                .any(|label| all.get(*label).and_then(Value::as_str) == Some("kube-apiserver"))
        });
        let renewed = Micros::parse(object.text("/spec/renewTime"));
        if let Some(at) = renewed.filter(|_| of_server && self.leases.len() < 1_000) {
            self.leases.push(at);
            object.file.clone_into(&mut self.leases_file);
        }
    }

    fn addresses(&mut self, count: u64, file: &str) {
        if self.addresses.as_ref().is_none_or(|(before, _)| *before < count) {
            self.addresses = Some((count, file.to_owned()));
        }
    }

    /// `config.yaml` is JSON: `{"apiServerArguments": {"max-requests-inflight": ["3000"]}}`.
    fn configuration(&mut self, object: &Object<'_>) {
        let text = object.field("/data/config.yaml").and_then(Value::as_str).unwrap_or_default();
        let Ok(config) = serde_json::from_str::<Value>(text) else { return };
        let arguments = config.get("apiServerArguments").and_then(Value::as_object);
        for (name, values) in arguments.into_iter().flatten() {
            let values: Vec<&str> = list(Some(values)).iter().filter_map(Value::as_str).collect();
            // Gates and sizes are several; of everything else the last counts.
            let value = match name.as_str() {
                "feature-gates" | "watch-cache-sizes" | "etcd-servers" => values.join(","),
                _ => values.last().copied().unwrap_or_default().to_owned(),
            };
            self.arguments.insert(name.clone(), value);
        }
        object.file.clone_into(&mut self.arguments_file);
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
