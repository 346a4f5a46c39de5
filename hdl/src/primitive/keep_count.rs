use rust_hdl::prelude::*;

use super::INLINE;

/// Counts the valid bytes of a beat. `keep` is contiguous from the lowest bit, so only its upper edge is looked
/// for: bit b of the count is set when the edge lies behind an odd multiple of 2ᵇ bytes, at a byte that is valid
/// while the one 2ᵇ behind it is not.
#[derive(LogicBlock, Default)]
pub struct KeepCount<const K: usize> {
    /// Valid bytes, contiguous from the lowest bit. K is a power of two up to 128.
    pub keep: Signal<In, Bits<K>>,
    /// How many there are.
    pub count: Signal<Out, Bits<8>>,
}

/// The intervals of counts, each from the first to before the second, in which bit `bit` of the count is set.
fn intervals(bytes: usize, bit: usize) -> impl Iterator<Item = (usize, usize)> {
    let step = 1 << bit;
    (step..=bytes)
        .step_by(2 * step)
        .map(move |from| (from, from + step))
}

impl<const K: usize> Logic for KeepCount<K> {
    fn update(&mut self) {
        let keep = self.keep.val();
        let at_least = |count: usize| count <= K && keep.get_bit(count - 1);
        let mut count = Bits::<8>::default();
        for bit in 0..8 {
            let is_set = intervals(K, bit).any(|(from, to)| at_least(from) && !at_least(to));
            count = count.replace_bit(bit, is_set);
        }
        self.count.next = count;
    }

    fn connect(&mut self) {
        self.count.connect();
    }

    fn hdl(&self) -> Verilog {
        let mut text = INLINE.to_owned();
        for bit in 0..8 {
            let edges: u128 = intervals(K, bit).map(|(from, _)| 1 << (from - 1)).sum();
            let value = match (edges, 1 << bit) {
                (0, _) => "1'd0".to_owned(),
                (_, step) if step == K => format!("keep[{}]", K - 1),
                (_, step) => format!("|(keep & ~(keep >> {step}) & {K}'h{edges:x})"),
            };
            text += &format!("assign count[{bit}] = {value};\n");
        }
        Verilog::Custom(text.trim_end().to_owned())
    }
}
