//! Packets from memory, for tests and measurements.

use scr_capture::{Packet, Timestamp};

use super::{BoxError, Extent, PacketSource};

/// A source of packets in memory, given once or several times.
#[derive(Clone, Debug, Default)]
pub struct MemorySource {
    bytes: Vec<u8>,
    packets: Vec<(usize, usize, Timestamp, u32)>,
    rounds: u64,
    given: u64,
    at: usize,
}

impl MemorySource {
    /// Appends a packet, one microsecond later than the one before.
    pub fn push(&mut self, packet: &[u8]) {
        let time = match self.packets.last() {
            Some(&(.., time, _)) => time.plus_nanos(1000),
            None => Timestamp::new(1, 0),
        };
        self.push_at(packet, time, packet.len() as u32);
    }

    /// Appends a packet.
    pub fn push_at(&mut self, packet: &[u8], time: Timestamp, original_len: u32) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(packet);
        self.packets.push((start, packet.len(), time, original_len));
    }

    /// Repeats all packets `rounds` more times, with the same timestamps and increasing numbers.
    #[must_use]
    pub fn repeated(mut self, rounds: u64) -> Self {
        self.rounds = rounds;
        self
    }
}

impl PacketSource for MemorySource {
    #[inline]
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, BoxError> {
        if self.at == self.packets.len() && self.rounds > 0 {
            self.at = 0;
            self.rounds -= 1;
        }
        let Some(&(start, len, timestamp, original_len)) = self.packets.get(self.at) else {
            return Ok(None);
        };
        self.at += 1;
        self.given += 1;
        Ok(Some(Packet {
            index: self.given,
            offset: 0,
            timestamp,
            original_len,
            data: &self.bytes[start..start + len],
        }))
    }

    fn extent(&self) -> Extent {
        Extent::default()
    }
}
