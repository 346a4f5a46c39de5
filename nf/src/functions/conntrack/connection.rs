//! A connection: its state, what must be remembered besides, and how each segment changes it.
//!
//! With an IPv4 key, a table entry is 64 bytes, one cache line; this is why flags are bits of one word here.

use super::extent::{Ends, Extent, Room, Slack, is_after, is_before};
use super::transitions::{Direction, Segment, State, Step, UNANSWERED_TIMEOUT, step};

/// The largest window without scaling.
const WINDOW: u32 = 65_535;
/// The largest window scale, as a power of two.
const SCALE: u32 = 14;
/// Minimum distance that acknowledgments may lie behind.
const OLD_ACK: u32 = 66_000;

/// Known properties of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// Kind of the segment.
    pub segment: Segment,
    /// Direction of the segment.
    pub direction: Direction,
    /// TCP sequence number.
    pub seq: u32,
    /// TCP acknowledgment number, whether or not the segment has the flag ACK.
    pub ack: u32,
    /// Whether the segment has the flag ACK.
    pub acknowledges: bool,
    /// Room behind the segment's headers.
    pub room: Room,
    /// Arrival time, in nanoseconds.
    pub now: u64,
}

impl Packet {
    /// Whether the segment opens a connection if there is none.
    #[inline(always)]
    pub fn opens(&self) -> bool {
        matches!(step(None, Direction::Original, self.segment), Step::To(_))
    }

    #[inline(always)]
    fn extent(&self) -> Extent {
        Extent::of(self.segment, self.seq, self.room)
    }
}

/// Effect of a segment on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The connection continues; the segment passes.
    Lives,
    /// The connection is unchanged; the segment is dropped.
    Refuses,
    /// The connection is to be removed; the segment passes.
    Ends,
    /// The connection is to be replaced by the one that the segment opens.
    GivesWay,
}

/// A kind of segment from one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sent(u8);

impl Sent {
    #[inline(always)]
    const fn new(segment: Segment, from: Direction) -> Self {
        Self((segment as u8) << 1 | from as u8)
    }

    #[inline(always)]
    const fn is(self, segment: Segment) -> bool {
        self.0 >> 1 == segment as u8
    }
}

/// Numbers that a side has sent. All windows are assumed at their largest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Side {
    /// The highest number behind what the side has sent.
    end: u32,
    /// The highest acknowledgment number that the side has sent and that counted; none without [`Marks::MAX_ACK`].
    max_ack: u32,
    /// How far the side may send.
    max_end: u32,
    /// The largest window that the side may have offered; 0 before its first packet.
    window: u32,
}

impl Side {
    /// A side with its first packet.
    #[inline]
    const fn first(end: u32, syn: bool) -> Self {
        Self {
            end,
            max_ack: 0,
            max_end: if syn { end } else { end.wrapping_add(WINDOW) },
            window: WINDOW,
        }
    }
}

/// Flags and, in the highest four bits, what is known of where the noted packet ends: [`Slack`], or
/// [`NOTHING`](Self::NOTHING).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Marks(u16);

impl Marks {
    /// The key is the server's 5-tuple.
    const REVERSED: u16 = 1;
    /// The server has sent something that was not invalid.
    const ANSWERED: u16 = 1 << 1;
    /// An answer was followed by a packet that led from SYN_RECV or ESTABLISHED to ESTABLISHED.
    const ASSURED: u16 = 1 << 2;
    /// Both sides have sent a SYN.
    const SIMULTANEOUS: u16 = 1 << 3;
    /// A SYN was ignored in LAST_ACK: an ACK from the server answers that SYN, not the client's FIN.
    const CHALLENGE: u16 = 1 << 4;
    /// The last refresh was for [`UNANSWERED_TIMEOUT`], whatever the state.
    const BRIEF: u16 = 1 << 5;
    /// The client has a [`Side::max_ack`]. The next bit: the server has.
    const MAX_ACK: u16 = 1 << 6;
    /// The client may scale windows. The next bit: the server may.
    const SCALED: u16 = 1 << 8;
    /// The client's FIN moved the connection to FIN_WAIT. The next bit: the server's did.
    const CLOSED: u16 = 1 << 10;
    /// Both sides' bits.
    const BOTH: u16 = 0b11;
    /// Position of the highest four bits.
    const SLACK: u32 = 12;
    /// Nothing has been noted yet.
    const NOTHING: u16 = 0xf << Self::SLACK;

    #[inline(always)]
    const fn has(self, mark: u16) -> bool {
        self.0 & mark != 0
    }

    #[inline(always)]
    const fn set(&mut self, mark: u16, to: bool) {
        self.0 = if to { self.0 | mark } else { self.0 & !mark };
    }

    /// The bit of `mark` for a side.
    #[inline(always)]
    const fn of(mark: u16, side: Direction) -> u16 {
        mark << side as u16
    }
}

impl Default for Marks {
    fn default() -> Self {
        Self(Self::NOTHING)
    }
}

/// A connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// Time of the last refresh, in nanoseconds.
    pub last: u64,
    sides: [Side; 2],
    /// [`Ends::last`] of the noted packet.
    noted: u32,
    marks: Marks,
    /// The previous segment, unless it was invalid.
    latest: Sent,
    /// State of the connection.
    pub state: State,
}

const _: () = assert!(size_of::<Connection>() == 48);

impl Connection {
    /// The connection that a segment from its client opens, if any. `reversed`: its key is the server's 5-tuple.
    #[inline]
    pub fn open(packet: &Packet, reversed: bool) -> Option<Self> {
        let Step::To(state) = step(None, Direction::Original, packet.segment) else {
            return None;
        };
        let packet = &Packet {
            direction: Direction::Original,
            ..*packet
        };
        let mut connection = Self {
            state,
            ..Self::default()
        };
        connection.marks.set(Marks::REVERSED, reversed);
        let syn = packet.segment == Segment::Syn;
        connection.begin_client(packet.extent().end(), syn, packet.room.holds_options());
        connection.take_in(packet);
        connection.latest = Sent::new(packet.segment, Direction::Original);
        connection.refresh(packet);
        Some(connection)
    }

    /// Whether the connection's key is the server's 5-tuple.
    #[inline(always)]
    pub const fn is_reversed(&self) -> bool {
        self.marks.has(Marks::REVERSED)
    }

    /// Whether the connection has timed out.
    #[inline]
    pub fn is_dead(&self, now: u64) -> bool {
        let seconds = if self.marks.has(Marks::BRIEF) {
            UNANSWERED_TIMEOUT
        } else {
            self.state.timeout()
        };
        now >= self.last + u64::from(seconds) * 1_000_000_000
    }

    /// Applies a segment.
    #[inline]
    pub fn take(&mut self, packet: &Packet) -> Fate {
        let Packet {
            segment, direction, ..
        } = *packet;
        let next = match step(Some(self.state), direction, segment) {
            Step::Invalid => return Fate::Refuses,
            Step::Reopen if self.may_be_reopened(direction) => return Fate::GivesWay,
            Step::Ignore if self.is_resynchronised_by(packet) => {
                self.resynchronise();
                State::SynRecv
            }
            Step::Reopen | Step::Ignore => {
                self.ignore(packet);
                return Fate::Lives;
            }
            Step::To(State::TimeWait) if self.is_challenged_by(packet) => {
                self.marks.set(Marks::CHALLENGE, false);
                self.marks.set(Marks::ANSWERED, true);
                return Fate::Lives;
            }
            Step::To(_) if segment == Segment::Rst => match self.judge_rst(packet) {
                Some(next) => next,
                None => return Fate::Refuses,
            },
            Step::To(State::SynRecv)
                if segment == Segment::Ack
                    && direction == Direction::Reply
                    && self.marks.has(Marks::SIMULTANEOUS) =>
            {
                State::Established
            }
            Step::To(next) => next,
        };
        let before = self.state;
        // The rest reads no numbers of a connection that has begun to close.
        if next <= State::Established {
            self.take_in(packet);
        }
        match next {
            State::SynSent2 => self.marks.set(Marks::SIMULTANEOUS, true),
            State::FinWait => self.marks.set(Marks::of(Marks::CLOSED, direction), true),
            _ => {}
        }
        self.latest = Sent::new(segment, direction);
        self.state = next;
        let answered = self.marks.has(Marks::ANSWERED);
        if segment == Segment::Rst && !answered {
            return Fate::Ends;
        }
        if segment != Segment::Syn || before != State::SynSent || answered {
            self.refresh(packet);
            if answered
                && next == State::Established
                && matches!(before, State::SynRecv | State::Established)
            {
                self.marks.set(Marks::ASSURED, true);
            }
        }
        self.answer(direction);
        Fate::Lives
    }

    #[inline]
    fn refresh(&mut self, packet: &Packet) {
        self.last = packet.now;
        let brief = self.state == State::Established
            && (packet.segment == Segment::Rst
                || !self.marks.has(Marks::ANSWERED)
                || self.noted().is_none());
        self.marks.set(Marks::BRIEF, brief);
    }

    #[inline(always)]
    fn answer(&mut self, from: Direction) {
        self.marks.0 |= Marks::ANSWERED * from as u16;
    }

    /// Sets the client's side as of its first packet.
    fn begin_client(&mut self, end: u32, syn: bool, options: bool) {
        self.sides = [Side::first(end, syn), Side::default()];
        let sides = (Marks::MAX_ACK | Marks::SCALED | Marks::CLOSED) * Marks::BOTH;
        self.marks.set(sides, false);
        self.marks.set(Marks::SCALED, syn && options);
    }

    fn may_be_reopened(&self, by: Direction) -> bool {
        self.marks.has(Marks::CLOSED * Marks::BOTH) || self.latest == Sent::new(Segment::Rst, by)
    }

    /// Where the packet noted last may end.
    #[inline(always)]
    fn noted(&self) -> Option<Ends> {
        let slack = self.marks.0 >> Marks::SLACK;
        (slack != Marks::NOTHING >> Marks::SLACK).then_some(Ends {
            last: self.noted,
            options: Slack(slack as u8),
        })
    }

    #[inline(always)]
    fn note(&mut self, packet: &Packet) {
        let Ends { last, options } = packet.extent().ends();
        self.noted = last;
        self.marks.0 = self.marks.0 & !Marks::NOTHING | u16::from(options.0) << Marks::SLACK;
    }

    /// Whether a SYN+ACK acknowledges the other side's SYN that was just ignored: then both sides know of a connection
    /// other than this one, and this one becomes that.
    fn is_resynchronised_by(&self, packet: &Packet) -> bool {
        packet.segment == Segment::SynAck
            && self.latest == Sent::new(Segment::Syn, packet.direction.other())
            && self.noted().is_some_and(|ends| ends.has(packet.ack))
    }

    /// Becomes the connection whose SYN was noted.
    fn resynchronise(&mut self) {
        if let Some(ends) = self.noted() {
            self.begin_client(ends.last, true, ends.has_options());
        }
        self.marks.set(Marks::CHALLENGE, false);
    }

    /// Whether an ACK answers a SYN that was just ignored.
    fn is_challenged_by(&self, packet: &Packet) -> bool {
        self.state == State::LastAck
            && packet.segment == Segment::Ack
            && self.latest == Sent::new(Segment::Syn, packet.direction.other())
            && self.marks.has(Marks::CHALLENGE)
    }

    fn ignore(&mut self, packet: &Packet) {
        self.latest = Sent::new(packet.segment, packet.direction);
        self.note(packet);
        if self.latest == Sent::new(Segment::Syn, Direction::Original) {
            self.marks.set(Marks::SIMULTANEOUS, false);
            let challenge = self.state == State::LastAck;
            self.marks.set(Marks::CHALLENGE, challenge);
        }
        self.answer(packet.direction);
    }

    /// The state that a RST leads to; `None` if it is invalid, as anybody who guesses addresses and ports could send
    /// it.
    fn judge_rst(&self, packet: &Packet) -> Option<State> {
        let Packet { seq, direction, .. } = *packet;
        let other = direction.other();
        let unknown = !self.marks.has(Marks::of(Marks::MAX_ACK, other));
        if self.state > State::Established || unknown || self.latest.is(Segment::Syn) {
            return Some(State::Close);
        }
        let stands = self.state == State::Established && self.marks.has(Marks::ASSURED);
        if !stands && seq == 0 {
            return Some(State::Close);
        }
        let max_ack = self.sides[other as usize].max_ack;
        if is_before(seq, max_ack) {
            return None;
        }
        if !stands || seq == max_ack {
            return Some(State::Close);
        }
        // What was sent behind the acknowledgments seen: a RST that follows it is in order.
        let follows = self.latest == Sent::new(Segment::Ack, direction)
            && self.noted().map_or(seq == 0, |ends| ends.has(seq));
        if follows {
            Some(State::Close)
        } else {
            // The receiver will send a challenge ACK.
            Some(State::Established)
        }
    }

    /// Records a segment, and notes it if it is an ACK that counts.
    #[inline(always)]
    fn take_in(&mut self, packet: &Packet) {
        if self.count(packet) && packet.segment == Segment::Ack {
            self.note(packet);
        }
    }

    /// Records the numbers of a segment if they can be right. This is the kernel's window tracking, with every window,
    /// scale and length at its largest: what does not count is certainly outside.
    #[inline]
    fn count(&mut self, packet: &Packet) -> bool {
        let Packet {
            segment, direction, ..
        } = *packet;
        let extent = packet.extent();
        let end = extent.end();
        let syn = matches!(segment, Segment::Syn | Segment::SynAck);
        let marks = &mut self.marks;
        let [client, server] = &mut self.sides;
        let (me, peer) = match direction {
            Direction::Original => (client, server),
            Direction::Reply => (server, client),
        };
        let first = me.window == 0;
        let again = || {
            syn && matches!(self.state, State::SynSent | State::SynRecv) && is_before(me.end, end)
        };
        if first || again() {
            let max_ack = me.max_ack;
            *me = Side {
                max_ack,
                ..Side::first(end, syn)
            };
            if syn {
                if extent.room().holds_options() {
                    marks.set(Marks::of(Marks::SCALED, direction), true);
                    marks.set(Marks::of(Marks::MAX_ACK | Marks::CLOSED, direction), false);
                }
                let both = Marks::SCALED * Marks::BOTH;
                if direction == Direction::Reply && marks.0 & both != both {
                    marks.set(both, false);
                }
                if segment == Segment::Syn && (first || direction == Direction::Reply) {
                    return false;
                }
            } else if packet.ack == peer.end.wrapping_add(1) {
                peer.end = packet.ack;
            }
        }
        let nothing = !packet.acknowledges || segment == Segment::Rst && packet.ack == 0;
        let ack = if nothing { peer.end } else { packet.ack };
        let heard = peer.window > 0;
        let lowest = me.end.wrapping_sub(peer.window).wrapping_sub(1);
        let oldest = peer
            .end
            .wrapping_sub(me.window.max(OLD_ACK))
            .wrapping_sub(1);
        let low = heard && !is_after(end, lowest);
        let outside = low || !is_after(ack, oldest) || is_after(ack, peer.end);
        if is_after(packet.seq, me.max_end) {
            let over = end.wrapping_sub(me.max_end).wrapping_add(1);
            if heard && !outside && over <= peer.window {
                me.end = end;
            }
            return false;
        }
        if outside {
            return false;
        }
        let scaled = !syn && marks.has(Marks::of(Marks::SCALED, direction));
        let window = if scaled { WINDOW << SCALE } else { WINDOW };
        me.window = me.window.max(window);
        if is_after(end, me.end) {
            me.end = end;
        }
        if packet.acknowledges {
            let mark = Marks::of(Marks::MAX_ACK, direction);
            if !marks.has(mark) || is_after(ack, me.max_ack) {
                me.max_ack = ack;
            }
            marks.set(mark, true);
        }
        if heard && is_after(end, me.max_end) {
            peer.window = peer.window.wrapping_add(end.wrapping_sub(me.max_end));
        }
        let limit = ack.wrapping_add(window);
        if is_after(limit, peer.max_end.wrapping_sub(1)) {
            peer.max_end = limit;
        }
        true
    }
}
