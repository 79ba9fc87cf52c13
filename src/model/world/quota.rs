//! etcd's database comes to its quota: nothing can be written from then on.

use crate::model::event::{Event, LoadEvent};
use crate::model::world::World;
use crate::results::LogKind;
use crate::units::{Bytes, SimTime};

impl World<'_> {
    /// Objects or rates of writes have changed, or a compaction is due: looks at the database, and arranges
    /// the next look.
    pub(super) fn look_at_database(&mut self, now: SimTime) {
        let Some(quota) = self.cx.inputs.etcd.quota else { return };
        if self.plane.etcd.database.full_since.is_some() {
            return;
        }
        let (mut objects, mut rate) = (Bytes::ZERO, 0.0);
        for resource in self.cx.inputs.resource_ids() {
            let size = self.cx.inputs.resources[resource].size;
            objects += size.times(self.plane.etcd.objects[resource]);
            rate += self.plane.flows.rate(resource).per_second * size.as_f64();
        }
        let database = &mut self.plane.etcd.database;
        database.pass(now, rate);
        if database.file(objects) > quota {
            database.full_since = Some(now);
            let message = format!(
                "etcd's database is larger than its quota of {quota}: it takes no writes (NOSPACE)"
            );
            self.cx.record.note(now, LogKind::Event, "", message);
            self.halt_writes(true, now);
            return;
        }
        database.plan += 1;
        let event = LoadEvent::Database { plan: database.plan };
        let next = database.next(objects, quota);
        self.cx.queue.push(next, Event::Load(event));
    }

    /// What was arranged is due, unless something else has changed since.
    pub(super) fn database_due(&mut self, plan: u32, now: SimTime) {
        if self.plane.etcd.database.plan == plan {
            self.look_at_database(now);
        }
    }

    /// Writes that etcd has refused for want of space.
    pub(super) fn note_refused_writes(&mut self, end: SimTime) {
        if let Some(since) = self.plane.etcd.database.full_since {
            let rates = self.cx.inputs.resource_ids().map(|id| self.plane.flows.usual_rate(id));
            let refused = rates.sum::<f64>() * end.since(since).as_secs_f64();
            self.cx.record.counters.writes_rejected += refused as u64;
        }
    }
}
