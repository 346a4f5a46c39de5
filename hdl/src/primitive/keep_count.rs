//! Counting the valid bytes of a beat.

use rust_hdl::prelude::*;

use super::INLINE;

/// Counts the valid bytes of a beat. `keep` is contiguous from the lowest bit, so the groups of 2ᵇ bytes
/// that it fills are as many as the count divided by 2ᵇ, and bit b of the count says whether they are odd: the parity of
/// the groups' last bits.
///
/// The edge of `keep` would be found with as few LUTs, by an OR of `keep[i] & ~keep[i + 1]`. But where a path has time to
/// spare, synthesis may stretch a long OR into a chain of more levels than a stage may have. Parities remain trees.
#[derive(LogicBlock, Default)]
pub struct KeepCount<const K: usize> {
    /// Valid bytes, contiguous from the lowest bit. K is a power of two up to 128.
    pub keep: Signal<In, Bits<K>>,
    /// How many there are.
    pub count: Signal<Out, Bits<8>>,
}

/// The last bits of all whole groups of 2ᵇ bytes in `bytes`, lowest first, for bit `bit` = b of the count.
pub fn ends(bytes: usize, bit: usize) -> impl Iterator<Item = usize> {
    let size = 1 << bit;
    (size - 1..bytes).step_by(size)
}

impl<const K: usize> Logic for KeepCount<K> {
    fn update(&mut self) {
        let keep = self.keep.val();
        let mut count = Bits::<8>::default();
        for bit in 0..8 {
            let groups = ends(K, bit).filter(|&end| keep.get_bit(end)).count();
            count = count.replace_bit(bit, groups % 2 == 1);
        }
        self.count.next = count;
    }

    fn connect(&mut self) {
        self.count.connect();
    }

    fn hdl(&self) -> Verilog {
        let mut text = INLINE.to_owned();
        for bit in 0..8 {
            let mask: u128 = ends(K, bit).map(|end| 1 << end).sum();
            let value = match 1 << bit {
                1 => "^keep".to_owned(),
                size if size > K => "1'd0".to_owned(),
                size if size == K => format!("keep[{}]", K - 1),
                _ => format!("^(keep & {K}'h{mask:x})"),
            };
            text += &format!("assign count[{bit}] = {value};\n");
        }
        Verilog::Custom(text.trim_end().to_owned())
    }
}
