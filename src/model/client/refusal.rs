//! What a client does about a call that was refused before it was served.
//!
//! [`reaction`] is the table of docs/facts/clients.md section 1.2, for the rows in which nothing of an
//! answer has come: one arm for each row, one test for each.

use super::Next;
use super::go::{DIAL_TIMEOUT, MAX_RETRIES, RETRY_AFTER};
use crate::model::input::{Behaviour, Retries};
use crate::units::SimSpan;

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Connection refused, or no server in rotation.
    Refused,
    /// Nobody answers the dial.
    Silent,
    /// 429 with its Retry-After.
    TooManyRequests(SimSpan),
    /// 410: the version is too old.
    Expired,
}

/// What a client does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// The REST layer sends the same call again after a while: one try less.
    SendAgain(SimSpan),
    /// The reflector opens its stream again after a while, as after a clean close: no back-off.
    Reopen(SimSpan),
    /// After a while and a back-off the client goes on with this. `expired`: its version is too old,
    /// and it has lost its view.
    BackOff {
        /// What it does then.
        next: Next,
        /// Before the back-off.
        after: SimSpan,
        /// Whether its version is too old.
        expired: bool,
    },
    /// A lister goes on to its next round after a while.
    NextRound(SimSpan),
    /// A client without retries gives the call up after a while.
    GiveUp(SimSpan),
}

/// What a client does about a refused call, of which it has made `tries` before.
#[must_use]
pub fn reaction(
    refusal: Refusal,
    next: Next,
    behaviour: &Behaviour,
    retries: Retries,
    tries: u8,
) -> Reaction {
    let streams = matches!(next, Next::Watch | Next::WatchList);
    let after = if refusal == Refusal::Silent { DIAL_TIMEOUT } else { SimSpan::ZERO };
    match (refusal, retries) {
        (Refusal::TooManyRequests(after), Retries::ClientGo) if tries < MAX_RETRIES => {
            return Reaction::SendAgain(after);
        }
        (_, Retries::Never) => return Reaction::GiveUp(after),
        // The REST layer dials again, and the reflector takes the end of that for a clean close.
        (Refusal::Silent, _) if streams => return Reaction::Reopen(DIAL_TIMEOUT + RETRY_AFTER),
        _ => {}
    }
    let expired = refusal == Refusal::Expired && next == Next::Watch;
    match behaviour {
        // A watch is opened again at its last version, unless that is too old; all else starts from
        // the top.
        Behaviour::Reflector { .. } => {
            let again = next == Next::Watch && !expired;
            let next = if again { Next::Watch } else { Next::Begin };
            Reaction::BackOff { next, after, expired }
        }
        Behaviour::Lister { pause, .. } => Reaction::NextRound(after + (*pause).max(RETRY_AFTER)),
        Behaviour::Watcher { .. } => Reaction::BackOff { next: Next::Watch, after, expired: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::input::{Encoding, ReadInput, ResourceId, ResourceVersion};

    const SOON: SimSpan = SimSpan::secs(1);

    fn reflector() -> Behaviour {
        let read = ReadInput {
            resource: ResourceId(0),
            encoding: Encoding::Protobuf,
            gzip: false,
            resource_version: ResourceVersion::Any,
            limit: None,
            selected: 1.0,
            selector: false,
            namespaced: false,
        };
        Behaviour::Reflector { read, watch_list: true, watch: true, bookmarks: true }
    }

    fn lister(pause: SimSpan) -> Behaviour {
        let Behaviour::Reflector { read, .. } = reflector() else { unreachable!() };
        Behaviour::Lister { read, rounds: None, pause, all_pages: true }
    }

    fn of_reflector(refusal: Refusal, next: Next, tries: u8) -> Reaction {
        reaction(refusal, next, &reflector(), Retries::ClientGo, tries)
    }

    fn back_off(next: Next) -> Reaction {
        Reaction::BackOff { next, after: SimSpan::ZERO, expired: false }
    }

    /// "Connection refused": back-off, then the watch at its last version, or the top of the loop.
    #[test]
    fn a_refused_connection_backs_off() {
        let after = |next| of_reflector(Refusal::Refused, next, 0);
        assert_eq!(after(Next::WatchList), back_off(Next::Begin));
        assert_eq!(after(Next::Watch), back_off(Next::Watch));
        assert_eq!(after(Next::List), back_off(Next::Begin));
    }

    /// "HTTP 429, after the REST layer's retries": ten of them after Retry-After, then as above.
    #[test]
    fn retry_after_is_heeded_ten_times() {
        let rejected = Refusal::TooManyRequests(SOON);
        for next in [Next::WatchList, Next::Watch, Next::List] {
            let after = |tries| of_reflector(rejected, next, tries);
            assert_eq!(after(0), Reaction::SendAgain(SOON));
            assert_eq!(after(MAX_RETRIES - 1), Reaction::SendAgain(SOON));
            let then = if next == Next::Watch { Next::Watch } else { Next::Begin };
            assert_eq!(after(MAX_RETRIES), back_off(then));
        }
        let plain = reaction(rejected, Next::List, &reflector(), Retries::BackOff, 0);
        assert_eq!(plain, back_off(Next::Begin), "there is no REST layer");
    }

    /// "410 Gone" of a watch: it is left, and after a back-off the client starts from the top.
    #[test]
    fn a_version_that_is_too_old_begins_again() {
        let expected = Reaction::BackOff { next: Next::Begin, after: SimSpan::ZERO, expired: true };
        assert_eq!(of_reflector(Refusal::Expired, Next::Watch, 0), expected);
    }

    /// "Dial time-out at open": streams go on as after a clean close, a LIST is an error.
    #[test]
    fn a_silent_server_is_a_clean_close_to_streams() {
        let after = |next| of_reflector(Refusal::Silent, next, 0);
        let reopen = Reaction::Reopen(DIAL_TIMEOUT + RETRY_AFTER);
        assert_eq!(after(Next::Watch), reopen);
        assert_eq!(after(Next::WatchList), reopen);
        let expected = Reaction::BackOff { next: Next::Begin, after: DIAL_TIMEOUT, expired: false };
        assert_eq!(after(Next::List), expected);
    }

    /// What is no reflector: listers go on to the next round, watchers open their watch again, and
    /// who does not retry gives up.
    #[test]
    fn others_have_their_own_ways() {
        let after = |behaviour: &Behaviour, retries| {
            reaction(Refusal::Refused, Next::List, behaviour, retries, 0)
        };
        let minute = SimSpan::secs(60);
        let round = after(&lister(minute), Retries::ClientGo);
        assert_eq!(round, Reaction::NextRound(minute));
        let at_once = after(&lister(SimSpan::ZERO), Retries::BackOff);
        assert_eq!(at_once, Reaction::NextRound(RETRY_AFTER), "not in a tight loop");
        let watcher = Behaviour::Watcher { resource: ResourceId(0) };
        let watch = reaction(Refusal::Refused, Next::Watch, &watcher, Retries::ClientGo, 0);
        assert_eq!(watch, back_off(Next::Watch));
        assert_eq!(after(&reflector(), Retries::Never), Reaction::GiveUp(SimSpan::ZERO));
    }
}
