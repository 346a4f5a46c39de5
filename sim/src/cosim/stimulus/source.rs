//! Packets offered as beats, in a pattern; garbage while nothing is offered.

use fastrand::Rng;
use scr_hdl::Dut;

use crate::cosim::packets::TestPacket;
use crate::stream::{Beat, MAX_BEAT_BYTES, PatternState, StreamPorts, User};

/// A beat that has just been put at the input.
pub(crate) struct Offered<'a> {
    /// The beat's packet, if the beat is the first of it.
    pub(crate) packet: Option<&'a TestPacket>,
    /// The flag beside the beat.
    pub(crate) flag: bool,
}

/// The input's part in a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing was offered.
    Idle,
    /// A beat was offered and not accepted.
    Stalled,
    /// A beat was accepted.
    Accepted(Accepted),
}

/// A beat that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Bytes of the beat.
    pub(crate) bytes: usize,
    /// The beat is the first of its packet.
    pub(crate) first: bool,
    /// The beat is the last of its packet.
    pub(crate) last: bool,
}

/// The packet being sent.
struct Sending {
    packet: TestPacket,
    /// Bytes accepted.
    done: usize,
    /// Whether a beat is at the input and not accepted yet.
    offering: bool,
}

/// The input stream.
pub(super) struct Source {
    ports: StreamPorts,
    pattern: PatternState,
    sending: Option<Sending>,
    held: bool,
    beat: Box<Beat>,
    /// The first beat of an earlier frame, if it was a whole beat.
    stale: [u8; MAX_BEAT_BYTES],
}

impl Source {
    pub(super) fn new(ports: StreamPorts, pattern: PatternState) -> Self {
        Self {
            ports,
            pattern,
            sending: None,
            held: false,
            beat: Box::default(),
            stale: [0; MAX_BEAT_BYTES],
        }
    }

    /// Whether a packet is not accepted completely.
    pub(super) fn is_sending(&self) -> bool {
        self.sending.is_some()
    }

    /// Sends a packet, after the previous one.
    pub(super) fn send(&mut self, packet: TestPacket) {
        self.sending = Some(Sending {
            packet,
            done: 0,
            offering: false,
        });
    }

    /// Holds packets back, or no longer: no beat begins meanwhile.
    pub(super) fn hold(&mut self, hold: bool) {
        self.held = hold;
    }

    /// The block is being reset: only a packet that it has seen nothing of is still sent.
    pub(super) fn reset(&mut self) {
        self.sending = self.sending.take().filter(|s| s.done == 0 && !s.offering);
    }

    /// Offers the next beat, if there is one and the pattern allows it.
    pub(super) fn offer(
        &mut self,
        dut: &mut (impl Dut + ?Sized),
        rng: &mut Rng,
    ) -> Option<Offered<'_>> {
        let next = self.sending.as_mut().filter(|s| !s.offering && !self.held);
        let mood = self.pattern.next(next.is_some());
        let sending = next.filter(|_| mood)?;
        sending.offering = true;
        let first = sending.done == 0;
        let packet = &sending.packet;
        let beat_bytes = self.ports.beat_bytes();
        let left = &packet.bytes[sending.done..];
        let count = left.len().min(beat_bytes);
        let beat = &mut *self.beat;
        beat.data[..count].copy_from_slice(&left[..count]);
        // The bytes behind the frame's end are arbitrary, or those of an earlier frame: perhaps a header.
        if rng.bool() {
            beat.data[count..beat_bytes].copy_from_slice(&self.stale[count..beat_bytes]);
        } else {
            rng.fill(&mut beat.data[count..beat_bytes]);
        }
        if first && count == beat_bytes {
            self.stale[..beat_bytes].copy_from_slice(&left[..beat_bytes]);
        }
        beat.keep = u128::MAX >> (128 - count);
        beat.last = left.len() <= beat_bytes;
        // Beside later beats only the bad-frame flag counts.
        if first {
            beat.user = packet.user();
            beat.id = packet.id & self.ports.max_id();
        } else {
            (beat.user, beat.id) = arbitrary(rng, &self.ports);
        }
        // Shells set the flag beside the last beat.
        let flag = match beat.last {
            true => packet.bad_frame,
            false => rng.bool(),
        };
        beat.user = beat.user.with_flag(flag);
        self.ports.drive(dut, beat);
        self.ports.s_valid.set_bit(dut, true);
        Some(Offered {
            packet: first.then_some(packet),
            flag,
        })
    }

    /// After the tick: the beat at the input was accepted if the block was ready. An idle input carries garbage.
    pub(super) fn accept(
        &mut self,
        dut: &mut (impl Dut + ?Sized),
        accepts: bool,
        rng: &mut Rng,
    ) -> Fate {
        let Some(sending) = self.sending.as_mut().filter(|s| s.offering) else {
            return Fate::Idle;
        };
        if !accepts {
            return Fate::Stalled;
        }
        let left = sending.packet.bytes.len() - sending.done;
        let accepted = Accepted {
            bytes: left.min(self.ports.beat_bytes()),
            first: sending.done == 0,
            last: left <= self.ports.beat_bytes(),
        };
        sending.offering = false;
        sending.done += accepted.bytes;
        if accepted.last {
            self.sending = None;
        }
        self.ports.s_valid.set_bit(dut, false);
        self.garbage(dut, rng);
        Fate::Accepted(accepted)
    }

    /// Drives random payload, which the block must ignore while tvalid is low.
    fn garbage(&mut self, dut: &mut (impl Dut + ?Sized), rng: &mut Rng) {
        let beat = &mut *self.beat;
        for chunk in beat.data.chunks_exact_mut(8) {
            chunk.copy_from_slice(&rng.u64(..).to_le_bytes());
        }
        beat.keep = rng.u128(..) & self.ports.full_keep();
        beat.last = rng.bool();
        (beat.user, beat.id) = arbitrary(rng, &self.ports);
        self.ports.drive(dut, beat);
    }
}

/// Any tuser and tid.
fn arbitrary(rng: &mut Rng, ports: &StreamPorts) -> (User, u16) {
    let user = User(rng.u128(..) >> (128 - User::BITS));
    (user, rng.u16(..) & ports.max_id())
}
