//! What never changes in a run: owners of the ledger, profiles of objects, speeds of the hardware.

use super::apiserver::{definitions, startup};
use super::ids::{FleetId, ResourceId, Table};
use super::input::{Hardware, Inputs};
use super::memory::ledger::{OwnerId, Owners};
use super::memory::process::ScanWeights;
use super::objects::ObjectProfile;
use crate::results::Mechanism;
use crate::units::Bytes;

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// Profiles, by resource.
    pub profiles: Table<ResourceId, ObjectProfile>,
    /// Names of the ledger's owners.
    pub owners: Owners,
    /// Speeds of this replication.
    pub hardware: Hardware,
}

impl Catalog {
    /// The catalog of a scenario on this hardware.
    #[must_use]
    pub fn new(inputs: &Inputs, hardware: Hardware) -> Self {
        let mut names = vec![(String::new(), String::new())];
        names.extend(inputs.resources.iter().map(|r| (String::new(), r.name.clone())));
        names.extend(
            inputs
                .fleets
                .iter()
                .map(|fleet| (fleet.name.clone(), inputs.resources[fleet.resource()].name.clone())),
        );
        Self {
            profiles: inputs
                .resources
                .iter()
                .map(|resource| {
                    ObjectProfile::of(resource).with_heap(inputs.calibration.heap(resource.shape))
                })
                .collect(),
            owners: Owners { names },
            hardware,
        }
    }

    /// The owner of what a server holds of a resource.
    #[must_use]
    pub fn resource_owner(&self, resource: ResourceId) -> OwnerId {
        OwnerId(1 + u32::from(resource.0))
    }

    /// The owner of what is held for a fleet.
    #[must_use]
    pub fn fleet_owner(&self, fleet: FleetId) -> OwnerId {
        OwnerId(1 + self.profiles.len() as u32 + fleet.0)
    }

    /// What marking the objects of each owner costs.
    #[must_use]
    pub fn scan_weights(&self, inputs: &Inputs) -> ScanWeights {
        let (cheap, mut weights) = (inputs.release.marks_spans, ScanWeights::of_nobody());
        let of_fleets = inputs.fleets.iter().map(|fleet| &self.profiles[fleet.resource()]);
        for profile in self.profiles.iter().chain(of_fleets) {
            weights.objects.push(profile.scan.weight(profile.cached, cheap));
            weights.events.push(profile.scan.weight(profile.event_copy, cheap));
        }
        weights
    }

    /// What a warm server holds of a resource beyond its ring of events: entry and bytes.
    #[must_use]
    pub fn warm_holdings(&self, inputs: &Inputs, resource: ResourceId) -> Vec<(Mechanism, Bytes)> {
        let (spec, profile) = (&inputs.resources[resource], &self.profiles[resource]);
        vec![
            (Mechanism::WatchCacheObjects, startup::cached_bytes(spec, profile, spec.count)),
            (Mechanism::LoopbackInformers, startup::loopback_bytes(spec, profile, spec.count)),
            (Mechanism::CrdHandlers, definitions::handler_bytes(spec, spec.count)),
        ]
    }
}
