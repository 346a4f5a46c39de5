//! Packets waiting, laid out as beats.

use std::collections::VecDeque;

use crate::stream::User;

struct Packet {
    bytes: usize,
    user: User,
    id: u16,
}

/// A queue of packets. Each starts at a multiple of the beat size and is padded with zeros.
pub(super) struct InputQueue {
    beat_bytes: usize,
    full_keep: u128,
    data: Vec<u8>,
    packets: VecDeque<Packet>,
    /// Byte offset of the next beat in `data`.
    at: usize,
    /// Bytes of the front packet that have been accepted.
    done: usize,
}

/// The next beat to offer.
pub(super) struct InBeat<'a> {
    pub(super) data: &'a [u8],
    pub(super) keep: u128,
    pub(super) first: bool,
    pub(super) last: bool,
    pub(super) user: User,
    pub(super) id: u16,
    pub(super) packet_bytes: usize,
}

impl InputQueue {
    pub(super) fn new(beat_bytes: usize) -> Self {
        Self {
            beat_bytes,
            full_keep: u128::MAX >> (128 - beat_bytes),
            data: Vec::new(),
            packets: VecDeque::new(),
            at: 0,
            done: 0,
        }
    }

    pub(super) fn push(&mut self, packet: &[u8], user: User, id: u16) {
        self.data.extend_from_slice(packet);
        let padded = self.data.len().next_multiple_of(self.beat_bytes);
        self.data.resize(padded, 0);
        self.packets.push_back(Packet {
            bytes: packet.len(),
            user,
            id,
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Bytes waiting, padding included.
    pub(super) fn bytes(&self) -> usize {
        self.data.len() - self.at
    }

    #[inline]
    pub(super) fn beat(&self) -> Option<InBeat<'_>> {
        let packet = self.packets.front()?;
        let left = packet.bytes - self.done;
        let last = left <= self.beat_bytes;
        Some(InBeat {
            data: &self.data[self.at..self.at + self.beat_bytes],
            keep: if last {
                u128::MAX >> (128 - left)
            } else {
                self.full_keep
            },
            first: self.done == 0,
            last,
            user: packet.user,
            id: packet.id,
            packet_bytes: packet.bytes,
        })
    }

    /// Records that the beat was accepted.
    #[inline]
    pub(super) fn advance(&mut self) {
        self.at += self.beat_bytes;
        self.done += self.beat_bytes;
        if self.packets.front().is_some_and(|p| p.bytes <= self.done) {
            self.packets.pop_front();
            self.done = 0;
            if self.packets.is_empty() {
                self.data.clear();
                self.at = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beats_of_packets_of_every_length() {
        let mut queue = InputQueue::new(64);
        let packets: Vec<Vec<u8>> = (1..300usize).map(|n| vec![n as u8; n]).collect();
        for (i, packet) in packets.iter().enumerate() {
            queue.push(packet, User(i as u128), i as u16);
        }
        for (i, packet) in packets.iter().enumerate() {
            let mut got = Vec::new();
            loop {
                let beat = queue.beat().unwrap();
                assert_eq!((beat.user, beat.id), (User(i as u128), i as u16));
                assert_eq!(beat.first, got.is_empty());
                assert_eq!(beat.packet_bytes, packet.len());
                let count = beat.keep.count_ones() as usize;
                got.extend_from_slice(&beat.data[..count]);
                assert!(beat.data[count..].iter().all(|&b| b == 0));
                let last = beat.last;
                assert!(last || count == 64);
                queue.advance();
                if last {
                    break;
                }
            }
            assert_eq!(&got, packet);
        }
        assert!(queue.is_empty() && queue.beat().is_none() && queue.bytes() == 0);
    }
}
