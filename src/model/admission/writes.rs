//! Writes, and GETs at a rate, in their priority level: where they wait and how long they hold seats.

use super::requests::{Key, request_info};
use super::{Admission, Arrival, Class, Ticket};
use crate::model::apf::classify::User;
use crate::model::apf::work_estimate::WorkEstimate;
use crate::model::ids::ResourceId;
use crate::model::input::Inputs;
use crate::results::Counters;
use crate::units::SimTime;

/// How far a write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteStage {
    /// In its queue.
    Waiting,
    /// In the handler.
    Executing,
    /// Answered, with its seats still taken for the watchers' sake.
    Lingering,
}

/// What requests at a rate do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateVerb {
    /// Writes: each is an update here.
    Update,
    /// GETs of single objects: a seat, and none for watchers.
    Get,
}

impl RateVerb {
    /// As flow schemas call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Get => "get",
        }
    }
}

/// So many writes to a resource, or GETs of its objects, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Write {
    /// Which of the two.
    pub verb: RateVerb,
    /// Its number among those of the server.
    pub serial: u32,
    /// Index of the resource.
    pub resource: ResourceId,
    /// Watches on the server that see it.
    pub watches: u64,
    /// Writes that it stands for, at least 1.
    pub together: f64,
    /// How many whole writes are let in, with what was left of those before; the rest was answered 429 when it
    /// came: what is left of that is the seats that the writes before it hold. None of GETs, which are counted
    /// when they come.
    pub count: u64,
}

/// A write that waits or holds seats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing {
    write: Write,
    ticket: Ticket,
    stage: WriteStage,
}

impl Writing {
    pub(super) fn verb(&self) -> RateVerb {
        self.write.verb
    }
}

impl Admission {
    /// Writes or GETs arrive. Seats of the mutating estimator, its additional latency once for each.
    pub fn arrive_write(&mut self, inputs: &Inputs, write: Write, now: SimTime) -> Arrival {
        let class = self.class_at_rate(inputs, write.resource, write.verb);
        let info = request_info(&inputs.resources[write.resource], write.verb.name());
        let most = self.controller.level(class.level).map_or(0, |level| level.max_seats);
        let mut estimate = WorkEstimate::of_seats(1);
        if inputs.release.apf_list_width && write.verb == RateVerb::Update {
            let mut stats = self.stats(inputs, write.resource, write.watches);
            estimate = self.estimator.estimate(Some(&info), None, most, &mut stats);
        }
        estimate.additional_latency = estimate.additional_latency.scale(write.together);
        let key = Key::Write { serial: write.serial, resource: write.resource };
        let arrival = self.start(class.level, class.hash, &estimate, key, now);
        if let Arrival::Accepted(ticket) = arrival {
            let stage = WriteStage::Waiting;
            self.writes.insert(write.serial, Writing { write, ticket, stage });
        }
        arrival
    }

    /// Seats of the level that writes to a resource fall under; `None`: it is not limited.
    #[must_use]
    pub fn seats_for_writes(&mut self, inputs: &Inputs, resource: ResourceId) -> Option<u64> {
        let class = self.class_at_rate(inputs, resource, RateVerb::Update);
        let level = self.controller.level(class.level).filter(|_| !class.exempt)?;
        Some(level.queues.limit())
    }

    /// Under what writes to a resource, or GETs of it, fall: found out once, as they have one user.
    fn class_at_rate(&mut self, inputs: &Inputs, resource: ResourceId, verb: RateVerb) -> Class {
        let place = usize::from(verb == RateVerb::Get);
        if let Some(class) = self.rate_classes[resource][place] {
            return class;
        }
        let spec = &inputs.resources[resource];
        let user = User { name: &spec.writer.user, groups: &spec.writer.groups };
        let info = request_info(spec, verb.name());
        let class = Class::from(self.controller.classify(&user, &info));
        self.rate_classes[resource][place] = Some(class);
        class
    }

    /// A write has been dispatched; none if it is gone.
    pub fn write_dispatched(&mut self, serial: u32) -> Option<Write> {
        let writing = self.writes.get_mut(&serial)?;
        writing.stage = WriteStage::Executing;
        Some(writing.write)
    }

    /// Whether a write waits in its queue.
    #[must_use]
    pub fn write_waits(&self, serial: u32) -> bool {
        self.writes.get(&serial).is_some_and(|writing| writing.stage == WriteStage::Waiting)
    }

    /// Counts the writes, or GETs, that are answered 429 if this one has waited for too long; none if it does not
    /// wait or was answered before.
    pub fn count_timed_out(&self, serial: u32, counters: &mut Counters) {
        let waits = |writing: &&Writing| writing.stage == WriteStage::Waiting;
        let Some(Writing { write, .. }) = self.writes.get(&serial).filter(waits) else { return };
        match write.verb {
            RateVerb::Update => counters.writes_rejected += write.count,
            RateVerb::Get => counters.gets_failed += write.together.round() as u64,
        }
    }

    /// A stage of a write is over, unless it was over before: until when its seats linger.
    pub fn end_write_stage(
        &mut self,
        serial: u32,
        stage: WriteStage,
        now: SimTime,
    ) -> Option<SimTime> {
        let writing = *self.writes.get(&serial).filter(|writing| writing.stage == stage)?;
        let Ticket { level, id } = writing.ticket;
        self.mark_changed(level);
        match stage {
            WriteStage::Waiting => {
                self.give_up(writing.ticket, now);
                self.forget_write(serial);
                None
            }
            WriteStage::Executing => {
                let until = self.controller.queues_mut(level)?.finish(now, id);
                self.pending.push(level);
                if until.is_none() {
                    self.forget_write(serial);
                } else if let Some(writing) = self.writes.get_mut(&serial) {
                    writing.stage = WriteStage::Lingering;
                }
                until
            }
            WriteStage::Lingering => {
                self.controller.queues_mut(level)?.end_linger(now, id);
                self.pending.push(level);
                self.forget_write(serial);
                None
            }
        }
    }

    /// A write is over.
    pub fn forget_write(&mut self, serial: u32) {
        self.writes.remove(&serial);
    }

    /// Writes in their handlers.
    pub(super) fn writes_executing(&self) -> u64 {
        let executing = |writing: &&Writing| writing.stage == WriteStage::Executing;
        self.writes.values().filter(executing).count() as u64
    }
}
