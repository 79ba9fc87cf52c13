//! Pages of files on a server's node, which the kernel takes back before it kills.
//!
//! Before the node is out of memory the kernel takes back the pages of programs, which are read again from the disk
//! when they are next run: everybody on the node waits. The simplest model: the last bytes before the kill are those
//! pages. With a share x of them gone, a program takes 1 + [`STALL`] x^4 times as long: what nobody runs goes first.
//! `memory.min` keeps the server's own pages as far as it reaches, and `memory.low` lets those of the others go
//! first; these wait in any case, etcd among them. Pages come back a step later than they went: the kernel reclaims
//! between two watermarks, and a line that is held where the stall begins would cross it back and forth.
//!
//! Then the kernel kills ordinary processes, whose `oom_score_adj` is higher than that of static pods, and pages have
//! room again; in what those leave, pages go a second time before the kernel kills a static pod. The kubelet starts
//! the ordinary ones again: they are taken to have their memory back once no page need go for it. All of that comes
//! as well where the server has a limit of its own, at the memory that the node then has left.

use super::{GRAIN, NodeRoom, Server};
use crate::model::costs::BINARY_RESIDENT;
use crate::units::Bytes;

/// Pages of files that the other programs of a node run from: etcd, kubelet, container runtime, agents (assumed:
/// 100 to 400 MB).
pub(crate) const FILES_OF_OTHERS: Bytes = Bytes(200_000_000);

/// How many times as long a program takes with all its pages gone (assumed: 30 to 300. Measured servers that
/// crawled at their limit read 1,700 pages a second again, and answered nobody).
pub(crate) const STALL: f64 = 100.0;

/// Steps in which pages of files go.
const STEPS: u64 = 16;

/// How much of the pages is gone.
#[derive(Clone, Copy, Debug)]
pub(super) struct FilePages {
    /// Steps of pages that are gone.
    gone: u64,
    /// Speed of the server, and of the others on its node: 1 when nothing is gone.
    pub(super) speed: f64,
    pub(super) others: f64,
    /// Ordinary processes were killed, and have not come back.
    killed: bool,
    /// That has happened since somebody asked.
    noticed: bool,
}

impl Default for FilePages {
    fn default() -> Self {
        Self { gone: 0, speed: 1.0, others: 1.0, killed: false, noticed: false }
    }
}

impl NodeRoom {
    /// Pages of the server's binary that the kernel may take at so much resident memory.
    fn own_pages(&self, resident: Bytes) -> Bytes {
        BINARY_RESIDENT.min(resident - self.min)
    }

    /// Pages of files that it may take in all.
    fn pages(&self, resident: Bytes) -> Bytes {
        FILES_OF_OTHERS + self.own_pages(resident)
    }

    /// How fast server and others are with a share of the pages gone.
    fn speeds(&self, share: f64, resident: Bytes) -> (f64, f64) {
        let taken = if resident <= self.low {
            (share * self.pages(resident).as_f64() - FILES_OF_OTHERS.as_f64()).max(0.0)
        } else {
            share * self.own_pages(resident).as_f64()
        };
        (speed(taken / BINARY_RESIDENT.as_f64()), speed(share))
    }
}

/// How fast a program is with a share of its pages gone.
fn speed(gone: f64) -> f64 {
    let gone = gone.clamp(0.0, 1.0);
    1.0 / (1.0 + STALL * gone * gone * gone * gone)
}

impl Server {
    /// How many of the pages are gone, and how fast that leaves everybody.
    pub(super) fn look_for_pages(&mut self) {
        let resident = Bytes(self.memory.resident());
        self.look_for_daemons(resident);
        let (from, step) = self.steps_of_pages(resident);
        let (least, most) = ((resident - from).0 / step, (resident + Bytes(step) - from).0 / step);
        let gone = self.beside.pages.gone.clamp(least.min(STEPS), most.min(STEPS));
        let (speed, others) = self.limits.node.speeds(gone as f64 / STEPS as f64, resident);
        let pages = &mut self.beside.pages;
        (pages.gone, pages.speed, pages.others) = (gone, speed, others);
    }

    /// Whether ordinary processes are killed, or come back.
    fn look_for_daemons(&mut self, resident: Bytes) {
        let node = &self.limits.node;
        let first = self.daemons_die_at();
        let back_at = first - node.pages(resident);
        let pages = &mut self.beside.pages;
        if node.daemons > Bytes::ZERO && resident > first {
            pages.noticed |= !pages.killed;
            pages.killed = true;
        } else if resident <= back_at {
            pages.killed = false;
        }
    }

    /// Whether ordinary processes on the node were killed since this was last asked.
    pub fn take_daemons_killed(&mut self) -> bool {
        if self.moves() {
            self.look_for_daemons(Bytes(self.memory.resident()));
        }
        std::mem::take(&mut self.beside.pages.noticed)
    }

    /// Resident memory at which the kernel kills ordinary processes.
    fn daemons_die_at(&self) -> Bytes {
        self.node_kill_at() - self.limits.node.daemons
    }

    /// Seconds until more pages are gone, or less, or ordinary processes are killed.
    pub(super) fn until_pages_go(&self) -> Option<f64> {
        let grows = self.rates.resident;
        if grows == 0.0 {
            return None;
        }
        let resident = Bytes(self.memory.resident());
        let (from, step) = self.steps_of_pages(resident);
        let pages = &self.beside.pages;
        let left = if grows < 0.0 {
            let back_at = (from.0 + pages.gone * step).saturating_sub(step);
            (pages.gone > 0).then(|| resident.0.saturating_sub(back_at))
        } else if pages.gone < STEPS {
            let next = from.0 + (pages.gone + 1) * step;
            Some(next.saturating_sub(resident.0))
        } else {
            (!pages.killed).then(|| (self.daemons_die_at() - resident).0)
        };
        left.map(|left| ((left as f64 + 1.0) / grows.abs()).max(GRAIN))
    }

    /// Resident memory from which on pages go, and that of a step.
    fn steps_of_pages(&self, resident: Bytes) -> (Bytes, u64) {
        let all_gone =
            if self.beside.pages.killed { self.node_kill_at() } else { self.daemons_die_at() };
        let pages = self.limits.node.pages(resident);
        (all_gone - pages, (pages.0 / STEPS).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: fn(u64) -> Bytes = |n| Bytes(n * 1_000_000);

    #[test]
    fn memory_min_keeps_pages_as_far_as_it_reaches() {
        let kept = |min| NodeRoom { min, ..NodeRoom::ENDLESS }.own_pages(MB(3_000));
        assert_eq!(kept(Bytes::ZERO), BINARY_RESIDENT);
        assert_eq!(kept(MB(2_950)), MB(50));
        assert_eq!(kept(MB(4_000)), Bytes::ZERO);
    }

    #[test]
    fn what_nobody_runs_goes_first() {
        assert!(speed(0.25) > 0.7 && speed(0.5) < 0.2);
        assert!((speed(1.0) - 1.0 / 101.0).abs() < 1e-12);
    }
}
