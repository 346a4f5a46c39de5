//! Incremental updates of Internet checksums, without reading the rest of the packet (RFC 1624, equation 3).

/// The effect of changes to 16-bit words on a checksum over them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adjustment(u32);

impl Adjustment {
    /// Records a 16-bit word that changed from `old` to `new`.
    ///
    /// Each change adds less than 2¹⁷, so there is room for thousands.
    #[inline(always)]
    pub fn word(&mut self, old: [u8; 2], new: [u8; 2]) {
        self.0 += u32::from(!u16::from_be_bytes(old)) + u32::from(u16::from_be_bytes(new));
    }

    /// Records an IPv4 address that changed.
    #[inline(always)]
    pub fn address(&mut self, [a, b, c, d]: [u8; 4], [e, f, g, h]: [u8; 4]) {
        self.word([a, b], [e, f]);
        self.word([c, d], [g, h]);
    }

    /// The checksum `stored`, after the changes: HC' = ~(~HC + ~m + m'). A wrong checksum stays as wrong as it was, so
    /// that earlier damage is not hidden.
    #[inline(always)]
    pub fn apply(self, stored: [u8; 2]) -> [u8; 2] {
        let mut sum = self.0 + u32::from(!u16::from_be_bytes(stored));
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        (!(sum as u16)).to_be_bytes()
    }

    /// Like [`apply`](Self::apply), for UDP over IPv4 (RFC 768): 0 means no checksum and stays; a sum of 0 is sent as
    /// 0xffff.
    #[inline(always)]
    pub fn apply_udp(self, stored: [u8; 2]) -> [u8; 2] {
        match stored {
            [0, 0] => stored,
            _ => match self.apply(stored) {
                [0, 0] => [0xff, 0xff],
                sum => sum,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 1071, section 4.1.
    fn checksum(words: &[u16]) -> u16 {
        let mut sum: u64 = words.iter().map(|&w| u64::from(w)).sum();
        while sum >> 16 != 0 {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }

    #[test]
    fn the_example_of_rfc_1624() {
        // Section 4: HC = 0xDD2F, m = 0x5555, m' = 0x3285, HC' = 0x0000.
        let mut change = Adjustment::default();
        change.word([0x55, 0x55], [0x32, 0x85]);
        assert_eq!(change.apply([0xdd, 0x2f]), [0, 0]);
        assert_eq!(change.apply_udp([0xdd, 0x2f]), [0xff, 0xff]);
        assert_eq!(change.apply_udp([0, 0]), [0, 0]);
    }

    proptest! {
        #[test]
        fn equals_a_checksum_over_everything(
            mut words in proptest::collection::vec(any::<u16>(), 2..40),
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u16>()), 0..12),
        ) {
            words[0] = 0x4500; // with a word that is not 0 no sum is ambiguous
            let before = checksum(&words);
            let mut change = Adjustment::default();
            for (at, new) in changes {
                let at = 1 + at.index(words.len() - 1);
                change.word(words[at].to_be_bytes(), new.to_be_bytes());
                words[at] = new;
            }
            prop_assert_eq!(u16::from_be_bytes(change.apply(before.to_be_bytes())), checksum(&words));
            let wrong = change.apply((before ^ 0x0101).to_be_bytes());
            prop_assert_ne!(u16::from_be_bytes(wrong), checksum(&words));
        }
    }
}
