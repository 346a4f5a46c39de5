//! How segments move a connection: states, kinds of segments, the table of transitions, and timeouts.

use crate::layout::TcpFlags;

/// The state of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The client has sent a SYN.
    #[default]
    SynSent,
    /// Both sides have sent a SYN: a simultaneous open.
    SynSent2,
    /// A SYN has been answered by SYN+ACK.
    SynRecv,
    /// The connection is established.
    Established,
    /// One side has sent a FIN.
    FinWait,
    /// The first FIN was acknowledged.
    CloseWait,
    /// Both sides have sent a FIN.
    LastAck,
    /// The second FIN was acknowledged.
    TimeWait,
    /// A side has sent a RST.
    Close,
}

impl State {
    /// All states.
    #[cfg(test)]
    pub(super) const ALL: [Self; 9] = [
        Self::SynSent,
        Self::SynSent2,
        Self::SynRecv,
        Self::Established,
        Self::FinWait,
        Self::CloseWait,
        Self::LastAck,
        Self::TimeWait,
        Self::Close,
    ];

    /// Name of the state in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SynSent => "SYN_SENT",
            Self::SynSent2 => "SYN_SENT2",
            Self::SynRecv => "SYN_RECV",
            Self::Established => "ESTABLISHED",
            Self::FinWait => "FIN_WAIT",
            Self::CloseWait => "CLOSE_WAIT",
            Self::LastAck => "LAST_ACK",
            Self::TimeWait => "TIME_WAIT",
            Self::Close => "CLOSE",
        }
    }

    /// Seconds that a connection lives in this state without a row that refreshes it.
    pub const fn timeout(self) -> u32 {
        match self {
            Self::Established => 5 * 24 * 60 * 60,
            Self::SynSent | Self::SynSent2 | Self::FinWait | Self::TimeWait => 120,
            Self::SynRecv | Self::CloseWait => 60,
            Self::LastAck => 30,
            Self::Close => 10,
        }
    }
}

/// Seconds that a connection lives that is taken for established without proof: it was not answered, none of its
/// acknowledgments counted, or a RST has just tried to end it.
pub const UNANSWERED_TIMEOUT: u32 = 300;

/// Direction of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client: the sender of the connection's first packet.
    #[default]
    Original,
    /// From the server.
    Reply,
}

impl Direction {
    /// The other direction.
    #[inline(always)]
    pub const fn other(self) -> Self {
        match self {
            Self::Original => Self::Reply,
            Self::Reply => Self::Original,
        }
    }
}

/// Kind of a segment, by its flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Segment {
    /// SYN without ACK.
    #[default]
    Syn,
    /// SYN and ACK.
    SynAck,
    /// FIN, which always has ACK.
    Fin,
    /// ACK alone.
    Ack,
    /// RST, with or without ACK.
    Rst,
}

impl Segment {
    /// The kind of a segment with these flags; `None` if no sane sender sets them together. PSH, ECE and CWR are always
    /// allowed, URG with all but RST and SYN+ACK.
    #[inline(always)]
    pub const fn of(flags: TcpFlags) -> Option<Self> {
        const FIN: u8 = TcpFlags::FIN;
        const SYN: u8 = TcpFlags::SYN;
        const FIN_ACK: u8 = FIN | ACK;
        const SYN_ACK: u8 = SYN | ACK;
        const RST: u8 = 0x04;
        const RST_ACK: u8 = RST | ACK;
        const ACK: u8 = 0x10;
        const URG: u8 = 0x20;
        let urgent = flags.0 & URG != 0;
        match flags.0 & (FIN | SYN | RST | ACK) {
            SYN => Some(Self::Syn),
            SYN_ACK if !urgent => Some(Self::SynAck),
            FIN_ACK => Some(Self::Fin),
            ACK => Some(Self::Ack),
            RST | RST_ACK if !urgent => Some(Self::Rst),
            _ => None,
        }
    }
}

/// The table's answer to a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Move to this state, or stay in it.
    To(State),
    /// A SYN on a connection that has ended: it may open the next one.
    Reopen,
    /// The sender may know better: the segment passes and the state stays.
    Ignore,
    /// No state accepts the segment.
    Invalid,
}

/// The table. `from` is `None` if there is no connection yet; the direction is then the original one.
#[inline]
pub const fn step(from: Option<State>, direction: Direction, segment: Segment) -> Step {
    use Direction::{Original, Reply};
    use Segment::{Ack, Fin, Rst, Syn, SynAck};
    use State::{
        Close, CloseWait, Established, FinWait, LastAck, SynRecv, SynSent, SynSent2, TimeWait,
    };
    let Some(from) = from else {
        return match (segment, direction) {
            (Syn, Original) => Step::To(SynSent),
            (Ack, Original) => Step::To(Established),
            _ => Step::Invalid,
        };
    };
    match (segment, direction, from) {
        (Syn, Original, SynSent) => Step::To(SynSent),
        (Syn, Original, SynSent2) => Step::To(SynSent2),
        (Syn, Original, TimeWait | Close) => Step::Reopen,
        (Syn, Original, _) => Step::Ignore,
        (Syn, Reply, SynSent | SynSent2) => Step::To(SynSent2),
        (Syn, Reply, TimeWait) => Step::Reopen,
        (Syn, Reply, _) => Step::Invalid,

        (SynAck, Original, SynSent2 | SynRecv) => Step::To(SynRecv),
        (SynAck, Original, _) => Step::Invalid,
        (SynAck, Reply, SynSent | SynSent2) => Step::To(SynRecv),
        (SynAck, Reply, _) => Step::Ignore,

        (Fin, _, SynSent | SynSent2) => Step::Invalid,
        (Fin, _, SynRecv | Established) => Step::To(FinWait),
        (Fin, _, FinWait | CloseWait | LastAck) => Step::To(LastAck),

        (Ack, Original, SynSent | SynSent2) => Step::Invalid,
        (Ack, Reply, SynSent | SynSent2) => Step::Ignore,
        (Ack, Original, SynRecv) => Step::To(Established),
        (Ack, Reply, SynRecv) => Step::To(SynRecv),
        (Ack, _, Established) => Step::To(Established),
        (Ack, _, FinWait | CloseWait) => Step::To(CloseWait),
        (Ack, _, LastAck) => Step::To(TimeWait),

        (Fin | Ack, _, TimeWait) => Step::To(TimeWait),
        (Fin | Ack, _, Close) => Step::To(Close),
        (Rst, _, _) => Step::To(Close),
    }
}
