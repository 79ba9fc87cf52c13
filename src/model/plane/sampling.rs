//! Samples of a server for the timelines, and its invariants.

use crate::model::admission::Admission;
use crate::model::context::Context;
use crate::model::ids::ServerId;
use crate::model::plane::Plane;
use crate::units::SimTime;

impl Plane {
    /// Records a server's memory as it is now.
    pub(crate) fn sample(&mut self, cx: &mut Context<'_>, server: ServerId, now: SimTime) {
        if let Some(recorder) = &mut cx.record.recorder {
            let state = &self.servers[server];
            let watches = state.watches.iter().sum::<u64>();
            recorder.sample(server, now, &state.server, watches);
        }
    }

    /// Records the priority levels as an event left them.
    pub(crate) fn sample_levels(&mut self, cx: &mut Context<'_>, now: SimTime) {
        let Some(recorder) = &mut cx.record.recorder else { return };
        for (server, state) in cx.inputs.server_ids().zip(&mut self.servers) {
            recorder.sample_levels(server, now, state.admission.as_ref());
            state.admission.as_mut().into_iter().for_each(Admission::forget_changes);
        }
    }

    #[cfg(debug_assertions)]
    pub(crate) fn check_server(&self, server: ServerId) {
        let state = &self.servers[server];
        crate::model::checks::server(&state.server);
        crate::model::checks::admission(state.admission.as_ref());
    }
}
