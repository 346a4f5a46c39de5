//! A connection: its state, what must be remembered besides, and what each segment does to it.

use super::transitions::{Direction, Segment, State, Step, UNANSWERED_TIMEOUT, step};

/// What is known of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// What it is.
    pub segment: Segment,
    /// Where it comes from.
    pub direction: Direction,
    /// TCP sequence number.
    pub seq: u32,
    /// TCP acknowledgment number.
    pub ack: u32,
    /// When it came, in nanoseconds.
    pub now: u64,
}

/// What becomes of a connection with a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on; the segment passes.
    Lives,
    /// It is as before; the segment is dropped.
    Refuses,
    /// It is to be removed; the segment passes.
    Ends,
    /// It is to be replaced by the one that the segment opens.
    GivesWay,
}

/// A connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// Time of the last refresh, in nanoseconds.
    pub last: u64,
    /// Seconds that it lives from there on.
    timeout: u32,
    /// What acknowledges the SYN that was ignored last.
    ignored_syn_end: u32,
    /// Its state.
    pub state: State,
    /// The segment before, unless it was invalid, and where that came from.
    latest: (Segment, Direction),
    /// The server has sent something that was not invalid.
    answered: bool,
    /// It has been closed by a FIN, so that a SYN may reopen it.
    closed_by_fin: bool,
    /// Both sides have sent a SYN.
    simultaneous: bool,
    /// A SYN was ignored in LAST_ACK: an ACK from the server answers that SYN, and not the client's FIN.
    challenge_expected: bool,
}

impl Connection {
    /// The connection that a segment from its client opens, if it opens one.
    #[inline]
    pub fn open(segment: Segment, now: u64) -> Option<Self> {
        let Step::To(state) = step(None, Direction::Original, segment) else {
            return None;
        };
        let mut connection = Self {
            state,
            latest: (segment, Direction::Original),
            ..Self::default()
        };
        connection.refresh(now);
        Some(connection)
    }

    /// Whether it has timed out.
    #[inline]
    pub fn is_dead(&self, now: u64) -> bool {
        now >= self.last + u64::from(self.timeout) * 1_000_000_000
    }

    /// Takes a segment.
    #[inline]
    pub fn take(&mut self, packet: &Packet) -> Fate {
        let Packet {
            segment, direction, ..
        } = *packet;
        let next = match step(Some(self.state), direction, segment) {
            Step::Invalid => return Fate::Refuses,
            Step::Reopen if self.closed_by_fin || self.latest == (Segment::Rst, direction) => {
                return Fate::GivesWay;
            }
            Step::Ignore if self.is_resynchronised_by(packet) => {
                self.closed_by_fin = false;
                State::SynRecv
            }
            Step::Reopen | Step::Ignore => {
                self.ignore(packet);
                return Fate::Lives;
            }
            Step::To(State::TimeWait) if self.is_challenged_by(packet) => {
                self.challenge_expected = false;
                self.answered = true;
                return Fate::Lives;
            }
            Step::To(_) if segment == Segment::Rst && !self.answered => return Fate::Ends,
            Step::To(State::SynRecv)
                if segment == Segment::Ack
                    && direction == Direction::Reply
                    && self.simultaneous =>
            {
                State::Established
            }
            Step::To(state) => state,
        };
        self.simultaneous |= next == State::SynSent2;
        self.closed_by_fin |= next == State::FinWait;
        let repeated = segment == Segment::Syn && self.state == State::SynSent && !self.answered;
        self.state = next;
        self.latest = (segment, direction);
        if !repeated {
            self.refresh(packet.now);
        }
        self.answered |= direction == Direction::Reply;
        Fate::Lives
    }

    #[inline]
    fn refresh(&mut self, now: u64) {
        self.last = now;
        self.timeout = match self.state {
            State::Established if !self.answered => UNANSWERED_TIMEOUT,
            state => state.timeout(),
        };
    }

    /// Whether a SYN+ACK from the server acknowledges the client's SYN that was just ignored: then both know of a
    /// connection that is not this one, and this one becomes that.
    fn is_resynchronised_by(&self, packet: &Packet) -> bool {
        packet.segment == Segment::SynAck
            && packet.direction == Direction::Reply
            && self.latest == (Segment::Syn, Direction::Original)
            && packet.ack == self.ignored_syn_end
    }

    /// Whether an ACK from the server answers a SYN that was just ignored.
    fn is_challenged_by(&self, packet: &Packet) -> bool {
        self.state == State::LastAck
            && packet.segment == Segment::Ack
            && packet.direction == Direction::Reply
            && self.latest == (Segment::Syn, Direction::Original)
            && self.challenge_expected
    }

    fn ignore(&mut self, packet: &Packet) {
        self.latest = (packet.segment, packet.direction);
        if self.latest == (Segment::Syn, Direction::Original) {
            self.ignored_syn_end = packet.seq.wrapping_add(1);
            self.simultaneous = false;
            self.challenge_expected = self.state == State::LastAck;
        }
        self.answered |= packet.direction == Direction::Reply;
    }
}
