//! etcd's database: when it comes to its quota nothing can be written from then on; while it is defragmented it
//! answers nobody.

use crate::model::event::{Event, LoadEvent};
use crate::model::ids::ServerId;
use crate::model::plane::database::DEFRAGMENTED;
use crate::model::plane::server_state::name;
use crate::model::world::World;
use crate::results::LogKind;
use crate::units::{Bytes, SimSpan, SimTime};

impl World<'_> {
    /// Objects or rates of writes have changed, or a compaction is due: looks at the database, and arranges
    /// the next look.
    pub(super) fn look_at_database(&mut self, now: SimTime) {
        let Some(quota) = self.cx.inputs.etcd.quota else { return };
        if self.plane.etcd.database.full_since.is_some() {
            return;
        }
        let objects = self.pass_database(now);
        let database = &mut self.plane.etcd.database;
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

    /// Brings the database up to date; bytes of the objects in it.
    fn pass_database(&mut self, now: SimTime) -> Bytes {
        let (mut objects, mut rate) = (Bytes::ZERO, 0.0);
        for resource in self.cx.inputs.resource_ids() {
            let size = self.cx.inputs.resources[resource].size;
            objects += size.times(self.plane.etcd.objects[resource]);
            if !self.cx.inputs.admission_fails(resource) {
                rate += self.plane.flows.rate(resource).per_second * size.as_f64();
            }
        }
        self.plane.etcd.database.pass(now, rate);
        objects
    }

    /// How long a member takes to go through its file now.
    pub(super) fn goes_through_database(&mut self, now: SimTime) -> SimSpan {
        let objects = self.pass_database(now);
        DEFRAGMENTED.time_for(self.plane.etcd.database.file(objects))
    }

    /// Members of etcd are defragmented, one after the other.
    pub(super) fn defragment(&mut self, server: Option<ServerId>, now: SimTime) {
        let each = self.goes_through_database(now);
        let members = server.map_or_else(|| self.plane.servers.ids().collect(), |one| vec![one]);
        for (place, server) in members.into_iter().enumerate() {
            self.load_later(now + each.times(place as u64), LoadEvent::Defragment { server });
        }
    }

    /// The member of a server locks its file while it copies it (`defrag`, etcd `server/storage/backend/backend.go`).
    /// The simplest model: the server's reads from etcd fail as without a quorum, its caches stop following, and
    /// writes through other members go on, its own too. A single member takes everything with it.
    pub(super) fn defragment_member(&mut self, server: ServerId, now: SimTime) {
        let lasts = self.goes_through_database(now);
        let message = format!("its member of etcd is defragmented and answers nobody for {lasts}");
        self.cx.record.note(now, LogKind::Event, &name(server), message);
        if self.plane.servers.len() == 1 {
            self.etcd_fails(lasts, false, now);
        } else {
            self.keep_member_down(server, now + lasts);
            self.plane.begin_lag(server, lasts, SimSpan::ZERO, now);
        }
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
