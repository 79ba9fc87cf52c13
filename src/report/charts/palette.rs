//! Colours: Okabe and Ito's set and tints of it, which colour-blind readers can tell apart.
//!
//! Red is kept for the limit and for kills; the same thing has the same colour in every chart.

use crate::results::Mechanism;

/// Red, green, blue and opacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colour {
    /// Red, green, blue.
    pub(super) rgb: (u8, u8, u8),
    /// 1 hides what is below.
    pub(super) opacity: f64,
}

const fn rgb(hex: u32) -> Colour {
    Colour { rgb: ((hex >> 16) as u8, (hex >> 8) as u8, hex as u8), opacity: 1.0 }
}

impl Colour {
    /// As style sheets write it: `#0072b2`.
    pub(super) fn css(self) -> String {
        let (red, green, blue) = self.rgb;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// The same, letting what is below shine through.
    pub(super) const fn faded(self, opacity: f64) -> Self {
        Self { rgb: self.rgb, opacity }
    }
}

/// The page.
pub(super) const PAPER: Colour = rgb(0x00FF_FFFF);
/// Headings and figures.
pub(super) const INK: Colour = rgb(0x001B_2430);
/// Secondary text.
pub(super) const MUTED: Colour = rgb(0x0056_6270);
/// Axis lines and ticks.
pub(super) const AXIS: Colour = rgb(0x0095_A0AB);
/// Grid lines.
pub(super) const GRID: Colour = rgb(0x00E6_E9EC);
/// Where events begin.
pub(super) const EVENT: Colour = rgb(0x00A9_B2BB);
/// Where events begin, when there are many.
pub(super) const FAINT: Colour = rgb(0x00D2_D8DD);
/// The limit and kills.
pub(super) const RED: Colour = rgb(0x00C8_1E1E);
/// The last tenth below the limit.
pub(super) const RED_BAND: Colour = rgb(0x00FC_E9E7);
/// A server that is not serving.
pub(super) const DOWN: Colour = rgb(0x00E3_E6E9);
/// Resident memory.
pub(super) const RESIDENT: Colour = rgb(0x0000_72B2);
/// Below the line of resident memory.
pub(super) const RESIDENT_FILL: Colour = rgb(0x00E1_EFF8);
/// Reachable heap.
pub(super) const LIVE: Colour = rgb(0x00E6_9F00);
/// The garbage collector's heap goal.
pub(super) const GOAL: Colour = rgb(0x0079_8591);
/// Seats of a priority level in use.
pub(super) const SEATS: Colour = rgb(0x0000_8F68);
/// Their limit.
pub(super) const SEAT_LIMIT: Colour = rgb(0x0047_5360);
/// Requests that wait: the colour of the memory they take.
pub(super) const WAITING: Colour = mechanism(Mechanism::QueuedRequests);
/// Requests answered 429.
pub(super) const REJECTED: Colour = rgb(0x00A8_4480);
/// LISTs.
pub(super) const LISTS: Colour = rgb(0x003A_3F99);
/// Watch-lists.
pub(super) const WATCH_LISTS: Colour = mechanism(Mechanism::InitialEvents);
/// Connections that clients open.
pub(super) const CONNECTIONS: Colour = rgb(0x0094_6A2D);
/// Requests answered 410.
pub(super) const GONE: Colour = rgb(0x00B3_5900);
/// LISTs that went to etcd: the colour of the memory they take.
pub(super) const FROM_ETCD: Colour = mechanism(Mechanism::EtcdRawResponse);
/// Requests that took too long.
pub(super) const TIMED_OUT: Colour = rgb(0x0079_8591);
/// Reads that were stale.
pub(super) const STALE: Colour = rgb(0x007A_3E9D);
/// Where some, and where most, of those who come back have to list again.
pub(super) const SOME_RELIST: Colour = rgb(0x00FC_F1DC);
pub(super) const MOST_RELIST: Colour = rgb(0x00F7_DDB0);
/// A published figure.
pub(super) const PUBLISHED: Colour = rgb(0x007A_3E9D);
/// What is summed up as "other".
pub(super) const OTHER: Colour = rgb(0x00B4_BBC2);

/// Okabe and Ito's colours for single lines, without their reds.
pub(super) const LINES: [Colour; 5] =
    [rgb(0x0000_72B2), rgb(0x00E6_9F00), rgb(0x0000_9E73), rgb(0x00CC_79A7), rgb(0x0056_B4E9)];

/// The colour of a mechanism.
pub(super) const fn mechanism(which: Mechanism) -> Colour {
    rgb(match which {
        Mechanism::ProcessBase => 0x0047_5360,
        Mechanism::WatchCacheObjects => 0x0000_72B2,
        Mechanism::WatchCacheEventRing => 0x0056_B4E9,
        Mechanism::LoopbackInformers => 0x00B3_DBF5,
        Mechanism::CrdHandlers => 0x005F_8A9E,
        Mechanism::EtcdRawResponse => 0x007D_5BA6,
        Mechanism::DecodedObjects => 0x00E6_9F00,
        Mechanism::ListSliceAndConversion => 0x00F0_E442,
        Mechanism::ResponseBuffer => 0x0000_9E73,
        Mechanism::Gzip => 0x0000_5B43,
        Mechanism::WatchStream => 0x00CC_79A7,
        Mechanism::InitialEvents => 0x008F_3F71,
        Mechanism::SocketBuffers => 0x008C_6D46,
        Mechanism::QueuedRequests => 0x003A_3F99,
        Mechanism::AuditEvents => 0x00A6_6A2C,
        Mechanism::Pools => 0x009F_D9C3,
        Mechanism::Garbage => 0x00CB_B994,
        Mechanism::FreedPages => 0x00EF_E7D6,
    })
}
