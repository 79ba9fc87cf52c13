//! The kernel kills an etcd for memory, and the kubelet starts it again.
//!
//! kubeadm has each server read and write through the etcd on its own node only. The simplest model of what follows
//! there: what was reading a range fails at once with an error, as every later read from etcd does until it is back
//! (client-go: 500, "etcdserver: ... unavailable"); requests of the server itself wait for it; caches stop following,
//! and go on from the same version. Writes of other servers go on, and this server's are taken to, too. When so many
//! members are down that the others are no majority, nobody has etcd ([`super::etcd_outage`]).
//!
//! It is back once the kubelet has started it ([`CrashLoopBackOff`](crate::model::node::CrashLoopBackOff)), it has
//! read its write-ahead log ([`ETCD_STARTS`]) and its database.

use crate::model::apiserver::server::Finished;
use crate::model::apiserver::tag::Tag;
use crate::model::client::CallError;
use crate::model::event::{Event, FaultEvent};
use crate::model::ids::ServerId;
use crate::model::plane::etcd::ETCD_STARTS;
use crate::model::plane::server_state::name;
use crate::model::world::World;
use crate::results::LogKind;
use crate::units::{Bytes, SimSpan, SimTime};

impl World<'_> {
    /// The kernel kills the etcd beside a server.
    pub(super) fn kill_etcd(&mut self, server: ServerId, now: SimTime) {
        self.plane.note_etcd_kill(&mut self.cx, server, now);
        let reads = ETCD_STARTS + self.goes_through_database(now);
        let delay = self.plane.etcd.members[server].crash_loop.died(now);
        let back_at = now + delay + reads;
        let member = &mut self.plane.etcd.members[server];
        (member.down_until, member.killed) = (back_at, true);
        self.plane.servers[server].server.etcd_ends(now);
        self.plane.begin_lag(server, delay + reads, SimSpan::ZERO, now);
        self.cx.queue.push(back_at, Event::Fault(FaultEvent::EtcdAnswers { server }));
        self.look_for_quorum(now);
        self.break_off_reads(server, now);
        self.touch(server);
    }

    /// The etcd on a lost node is gone with it, if it is there.
    pub(super) fn lose_member(&mut self, server: ServerId, back_at: SimTime, now: SimTime) {
        if self.cx.inputs.node.etcd_memory == Some(Bytes::ZERO) {
            return;
        }
        self.keep_member_down(server, back_at);
        self.look_for_quorum(now);
    }

    /// The etcd of a server answers nobody until then.
    pub(super) fn keep_member_down(&mut self, server: ServerId, until: SimTime) {
        let member = &mut self.plane.etcd.members[server];
        member.down_until = member.down_until.max(until);
        if until < SimTime::NEVER {
            self.cx.queue.push(until, Event::Fault(FaultEvent::EtcdAnswers { server }));
        }
    }

    /// Whether enough members are up for the others to be served; if not, when.
    fn look_for_quorum(&mut self, now: SimTime) {
        let members = &self.plane.etcd.members;
        let mut back: Vec<SimTime> =
            members.iter().map(|member| member.down_until).filter(|until| *until > now).collect();
        back.sort_unstable();
        let spare = (members.len() - 1) / 2;
        // The quorum is back with the last of those that it cannot spare.
        if let Some(too_many) = back.len().checked_sub(spare + 1) {
            if !self.plane.etcd.outage.down(now) {
                let text = "etcd has lost its quorum".to_owned();
                self.cx.record.note(now, LogKind::Event, "", text);
            }
            self.etcd_fails(back[too_many].since(now), false, now);
        }
    }

    /// What still has something to read from the etcd of a server fails, or waits for it if it is the server's own.
    fn break_off_reads(&mut self, server: ServerId, now: SimTime) {
        let reading = self.plane.servers[server].server.needs_etcd(&self.plane.plans.made);
        for (id, plan, tag) in reading {
            self.plane.servers[server].server.abort(&self.plane.plans.made, id, now);
            self.free_seats(server, id.slot(), now);
            match tag {
                Tag::Client(client) => {
                    if self.fleets.clients[client].request == Some(id) {
                        self.fleets.clients[client].error = Some(CallError::Internal);
                        self.answer(server, Finished { id, tag }, now);
                    }
                }
                Tag::StartUp(_) => self.plane.wait_for_etcd(server, plan, tag),
                Tag::Orphan(_) => {}
            }
        }
        self.let_in(server, now);
    }

    /// The etcd of a server answers again, unless something else keeps it.
    pub(super) fn etcd_answers(&mut self, server: ServerId, now: SimTime) {
        let member = &mut self.plane.etcd.members[server];
        if member.down_until > now {
            return;
        }
        if std::mem::take(&mut member.killed) {
            member.crash_loop.started(now);
            self.plane.servers[server].server.etcd_starts(now);
            self.plane.note_etcd_back(server, now);
            self.cx.record.note(now, LogKind::Event, &name(server), "its etcd is back".to_owned());
        }
        self.go_on_with_etcd(now);
        self.touch(server);
    }
}
