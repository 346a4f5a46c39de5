//! A part of a bus: several streams of the same kind lie side by side, at any bit.

/// Copies `bits` bits of `from`, from its bit 0 on, to the bits of `to` from `at` on.
pub fn put(to: &mut [u8], at: usize, from: &[u8], bits: usize) {
    if at.is_multiple_of(8) && bits.is_multiple_of(8) {
        to[at / 8..][..bits / 8].copy_from_slice(&from[..bits / 8]);
        return;
    }
    for bit in 0..bits {
        let value = from[bit / 8] >> (bit % 8) & 1;
        let place = &mut to[(at + bit) / 8];
        *place = *place & !(1 << ((at + bit) % 8)) | value << ((at + bit) % 8);
    }
}

/// Copies the `bits` bits of `from` from `at` on to `to`, from its bit 0 on; the others of `to` are 0.
pub fn take(from: &[u8], at: usize, to: &mut [u8], bits: usize) {
    if at.is_multiple_of(8) && bits.is_multiple_of(8) {
        to[..bits / 8].copy_from_slice(&from[at / 8..][..bits / 8]);
        return;
    }
    to.fill(0);
    for bit in 0..bits {
        to[bit / 8] |= (from[(at + bit) / 8] >> ((at + bit) % 8) & 1) << (bit % 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_taken() {
        let mut bus = [0xa5; 25];
        for (at, bits) in [(0, 97), (97, 97), (8, 16), (3, 1), (191, 9)] {
            let value = [0x5a, 0x3c, 0xff, 0x01, 7, 8, 9, 10, 11, 12, 13, 14, 1];
            let before = bus;
            put(&mut bus, at, &value, bits);
            let mut found = [0xff; 13];
            take(&bus, at, &mut found, bits);
            for bit in 0..bits {
                let get = |bytes: &[u8], bit: usize| bytes[bit / 8] >> (bit % 8) & 1;
                assert_eq!(get(&found, bit), get(&value, bit), "{at} {bits} {bit}");
            }
            for bit in (0..200).filter(|bit| !(at..at + bits).contains(bit)) {
                assert_eq!(
                    bus[bit / 8] >> (bit % 8) & 1,
                    before[bit / 8] >> (bit % 8) & 1
                );
            }
        }
    }
}
