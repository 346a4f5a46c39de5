//! The 16-byte header that starts every SCR frame: a valid Ethernet II header with EtherType 0x88B5.

use crate::Seq;

/// Bytes in the header.
pub const HEADER_BYTES: usize = 16;

/// Header byte 0: first byte of a locally administered unicast MAC address.
pub const DST_MAC_0: u8 = 0x02;

/// Header byte 1: version of the frame format.
pub const VERSION: u8 = 0x01;

/// Bits 1..0 of header byte 6: the source MAC address is locally administered, unicast.
pub const SRC_MAC_0: u8 = 0b10;

/// Header bytes 12..14: EtherType "IEEE 802 local experimental 1".
pub const ETHERTYPE: u16 = 0x88b5;

/// Offset of the EtherType.
const ETHERTYPE_AT: usize = 12;

/// The version of the format that `frame` says it has, where it is long enough to have one.
pub const fn version(frame: &[u8]) -> Option<u8> {
    match frame {
        [_, version, ..] => Some(*version),
        _ => None,
    }
}

/// Bits in an epoch number.
pub const EPOCH_BITS: u32 = 6;

/// The contents of a header.
///
/// [`emit`](Self::emit) writes exactly these; [`crate::Frame::parse`] is the inverse, with all checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// Row profile id (byte 2).
    pub profile: u8,
    /// Words B in the prefix, 1..=63 (byte 3).
    pub prefix_words: u8,
    /// Cores k in the rotation when the packet was sequenced, 1..=128 (byte 4).
    pub cores: u8,
    /// Core that the frame is steered to, 0..k (byte 5).
    pub core: u8,
    /// Epoch, 0..64 (byte 6, bits 7..2).
    pub epoch: u8,
    /// Sequence number (bytes 7..12).
    pub seq: Seq,
    /// Leading rows that carry a sequenced packet's data, 1..=255 (byte 14).
    pub valid_rows: u8,
    /// log2 of the row size in bytes (byte 15, low nibble).
    pub row_log2: u8,
}

impl Header {
    /// Writes the header's 16 bytes.
    #[inline]
    pub const fn emit(&self) -> [u8; HEADER_BYTES] {
        let seq = self.seq.to_be_bytes();
        let [type_hi, type_lo] = ETHERTYPE.to_be_bytes();
        [
            DST_MAC_0,
            VERSION,
            self.profile,
            self.prefix_words,
            self.cores,
            self.core,
            self.epoch << 2 | SRC_MAC_0,
            seq[0],
            seq[1],
            seq[2],
            seq[3],
            seq[4],
            type_hi,
            type_lo,
            self.valid_rows,
            self.row_log2,
        ]
    }

    /// The header of `frame` if its EtherType is SCR's, with nothing else checked: for those who look at frames without
    /// taking them for valid, such as a device that steers them. [`crate::Frame::parse`] checks everything.
    ///
    /// A frame cut within the last two bytes of its header has zeros there.
    #[inline]
    pub fn peek(frame: &[u8]) -> Option<Self> {
        if frame.get(ETHERTYPE_AT..)?.first_chunk() != Some(&ETHERTYPE.to_be_bytes()) {
            return None;
        }
        match frame.first_chunk() {
            Some(header) => Some(Self::read(header)),
            None => {
                let mut header = [0; HEADER_BYTES];
                header[..frame.len()].copy_from_slice(frame);
                Some(Self::read(&header))
            }
        }
    }

    /// Reads the fields from the bytes; nothing is checked.
    #[inline]
    pub(crate) const fn read(b: &[u8; HEADER_BYTES]) -> Self {
        Self {
            profile: b[2],
            prefix_words: b[3],
            cores: b[4],
            core: b[5],
            epoch: b[6] >> 2,
            seq: Seq::from_be_bytes([b[7], b[8], b[9], b[10], b[11]]),
            valid_rows: b[14],
            row_log2: b[15] & 0x0f,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peek_reads_what_emit_wrote_and_checks_the_ethertype_alone() {
        let header = Header {
            profile: 3,
            prefix_words: 63,
            cores: 128,
            core: 127,
            epoch: 63,
            seq: Seq::new(u64::MAX),
            valid_rows: 255,
            row_log2: 5,
        };
        let bytes = header.emit();
        assert_eq!(Header::peek(&bytes), Some(header));
        let cut = Header {
            row_log2: 0,
            ..header
        };
        assert_eq!(Header::peek(&bytes[..15]), Some(cut));
        assert_eq!(Header::peek(&bytes[..13]), None);
        assert_eq!(Header::peek(&[]), None);
        for at in 0..HEADER_BYTES {
            let mut other = bytes;
            other[at] ^= 0x40;
            assert_eq!(Header::peek(&other).is_none(), (12..14).contains(&at));
        }
    }
}
