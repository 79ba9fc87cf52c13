//! Clients: the members of the fleets, each in exactly one state.
//!
//! [`world`](crate::model::world) moves them: what each failure does to a reflector is the table of docs/facts/clients.md
//! section 1.2. Draws of a client are keyed by (client, how many it made before), so that no
//! client's luck depends on another's.

pub mod backoff;
pub mod era;
pub mod go;
pub mod refusal;

use crate::engine::Streams;
use crate::engine::bucket::TokenBucket;
use crate::model::admission::Ticket;
use crate::model::apiserver::server::RequestId;
use crate::model::ids::{FleetId, ServerId};
use crate::model::release::ClientGo;
use crate::units::{Bytes, Fnv, SimTime};
use backoff::Backoff;

/// What a client does when its timer fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Starts from the top: watch-list or LIST.
    Begin,
    /// Sends a LIST (again).
    List,
    /// Opens a watch-list (again).
    WatchList,
    /// Opens a watch.
    Watch,
    /// Has decoded its list.
    Decoded,
}

/// Where a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not started, or stopped.
    Stopped,
    /// Waits for its timer.
    Waiting(Next),
    /// Has sent a call into a network that is cut, and hears nothing.
    Unheard(Next),
    /// Waits in a queue of its priority level.
    Queued(Next),
    /// Waits for a LIST's answer.
    Listing,
    /// Receives initial events.
    WatchListing,
    /// Waits for a watch to open.
    OpeningWatch,
    /// Holds a watch.
    Watching,
    /// Has done all it was to do.
    Finished,
}

impl State {
    /// Whether a call is under way.
    #[must_use]
    pub fn calls(self) -> bool {
        matches!(
            self,
            Self::Unheard(_)
                | Self::Queued(_)
                | Self::Listing
                | Self::WatchListing
                | Self::OpeningWatch
        )
    }
}

/// Which resource version a reflector asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFrom {
    /// What the scenario says for the first LIST.
    First,
    /// Not older than what it has seen.
    Last,
    /// The latest, after 410 Gone.
    Latest,
}

/// Where a member's connection leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// To its server.
    Open,
    /// Nowhere: what stands between has forgotten it. Its server still holds the other end.
    Lost,
    /// Nowhere: the process at its other end is gone, and nobody said so.
    Gone,
}

/// What a watch hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Whatever its server sends.
    Well,
    /// Nothing: [`Client::seen`] is what it had seen when its connection fell silent.
    Nothing,
}

/// How a member's idle watches are opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleWatches {
    /// At the versions they had seen.
    AsTheyWere,
    /// After a LIST each: they were lost silently.
    ListFirst,
}

/// Why a call will fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// 500: etcd does not answer.
    Internal,
    /// 504 "Too large resource version": the cache has not come to the version asked for.
    TooLarge,
}

/// Between which instants a start was drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StartSpread {
    /// The earliest it could have been.
    pub from: SimTime,
    /// The latest; where that is the earliest too, nothing was drawn.
    pub to: SimTime,
}

/// A member of a fleet.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact")]
pub struct Client {
    /// Its fleet.
    pub fleet: FleetId,
    /// See [`State`].
    pub state: State,
    /// The server it is connected to, if it is to any.
    pub server: Option<ServerId>,
    /// Where its connection leads.
    pub path: Path,
    /// Its process is cut off from all servers until then.
    pub cut_until: SimTime,
    /// What its watch hears.
    pub hearing: Hearing,
    /// How its idle watches are opened next.
    pub idle: IdleWatches,
    /// The request it waits for.
    pub request: Option<RequestId>,
    /// Its place in a queue, while it waits there.
    pub ticket: Option<Ticket>,
    /// Whether the server holds memory for its waiting.
    pub waiting_memory: bool,
    /// When its present call was received.
    pub received: SimTime,
    /// Connections so far: a loss of an older one is void.
    pub connections: u32,
    /// Timers with an older generation are void.
    pub generation: u32,
    /// How its last start was drawn.
    pub starts: StartSpread,
    /// Back-off of its reflector.
    pub backoff: Backoff<'static>,
    /// What its process may still send, if its connection is this member's.
    pub tokens: TokenBucket,
    /// Whether the LIST that it waits to send has its token.
    pub has_token: bool,
    /// Tries of the present call.
    pub retries: u8,
    /// Which version the next LIST asks for.
    pub from: ListFrom,
    /// When the newest resource version that it has seen was current.
    pub seen: SimTime,
    /// The newest data that it has ever had, also before it was restarted.
    pub newest: SimTime,
    /// When its present call was sent, or its watch opened.
    pub opened: SimTime,
    /// The server of its present or last connection, if it had one.
    pub last_server: Option<ServerId>,
    /// Whether it falls back with the events that its watch has yet to be given.
    pub behind: bool,
    /// Events that its watch has missed.
    pub missed: u64,
    /// Whether its idle watches stay open while it opens the one on what it reads.
    pub keeps_idle: bool,
    /// What its reading watch keeps on the server of the interval it began with.
    pub interval: Bytes,
    /// How its present call will fail, if it will.
    pub error: Option<CallError>,
    /// Whether the answer it waits for comes from a cache at any version.
    pub from_cache: bool,
    /// Items still to come in pages; 0: not paging.
    pub items_left: u64,
    /// Items of the page it waits for, and whether a page of the same list has come before.
    pub page: (u64, bool),
    /// LISTs still to do (listers).
    pub rounds_left: u64,
    /// Whether it has a complete view.
    pub synced: bool,
    /// When its LIST times out.
    pub deadline: SimTime,
    /// Whether its timer for that is under way.
    pub timer: bool,
    /// Its own among the random streams: draws depend on its fleet's name and its place in the
    /// fleet, not on other fleets.
    pub key: u64,
    /// Draws made.
    pub draws: u32,
}

impl Client {
    /// A stopped member of the fleet with these index and name.
    #[must_use]
    pub fn new(fleet: FleetId, name: &str, place: u32, era: ClientGo) -> Self {
        Self {
            fleet,
            state: State::Stopped,
            server: None,
            path: Path::Open,
            cut_until: SimTime::ZERO,
            hearing: Hearing::Well,
            idle: IdleWatches::AsTheyWere,
            request: None,
            ticket: None,
            waiting_memory: false,
            received: SimTime::ZERO,
            connections: 0,
            generation: 0,
            starts: StartSpread::default(),
            backoff: era.backoff(),
            tokens: TokenBucket::default(),
            has_token: false,
            retries: 0,
            from: ListFrom::First,
            seen: SimTime::ZERO,
            newest: SimTime::ZERO,
            opened: SimTime::ZERO,
            last_server: None,
            behind: false,
            missed: 0,
            keeps_idle: false,
            interval: Bytes::ZERO,
            error: None,
            from_cache: false,
            items_left: 0,
            page: (0, false),
            rounds_left: 0,
            synced: false,
            deadline: SimTime::NEVER,
            timer: false,
            key: client_key(name, place),
            draws: 0,
        }
    }

    /// A uniform draw on [0, 1): the client's next.
    pub fn draw(&mut self, streams: &Streams) -> f64 {
        self.draws += 1;
        streams.stream("client", self.key.wrapping_add(u64::from(self.draws))).uniform()
    }
}

/// The hash of a fleet's name and a place in it, with room below for numbers of draws.
fn client_key(name: &str, place: u32) -> u64 {
    Fnv::new().bytes(name.as_bytes()).bytes(&place.to_le_bytes()).value()
}
