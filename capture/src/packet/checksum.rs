//! The Internet checksum (RFC 1071).

/// A running one's complement sum of 16-bit words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum(u64);

impl Sum {
    /// Adds bytes; only the last piece added may have an odd length.
    pub(super) fn add(mut self, bytes: &[u8]) -> Self {
        let mut words = bytes.chunks_exact(4);
        for word in &mut words {
            self.0 += u64::from(u32::from_be_bytes([word[0], word[1], word[2], word[3]]));
        }
        let mut tail = [0; 4];
        let rest = words.remainder();
        tail[..rest.len()].copy_from_slice(rest);
        self.0 += u64::from(u32::from_be_bytes(tail));
        self
    }

    /// Adds one 16-bit word.
    pub(super) fn add_u16(mut self, word: u16) -> Self {
        self.0 += u64::from(word);
        self
    }

    /// The complement, as stored in a header.
    pub(super) fn finish(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xFFFF {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        !(sum as u16)
    }
}

/// The Internet checksum of `bytes`: the value for a header that consists of `bytes` with a zero checksum field.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u16 {
    Sum::default().add(bytes).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_1071() {
        assert_eq!(
            checksum(&[0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]),
            !0xDDF2
        );
        assert_eq!(checksum(&[]), 0xFFFF);
        assert_eq!(checksum(&[1]), !0x0100);
    }
}
