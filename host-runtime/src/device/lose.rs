//! Losing frames between NIC and workers, on purpose.

use scr_wire::Seq;
use scr_wire::header::HEADER_BYTES;

use super::{Batch, Device, DeviceError, Extent, Fate, NicReport, Ranges};

/// Which frames are lost. Frames that passed by never are.
#[derive(Clone, Debug, PartialEq)]
pub enum Loss {
    /// Those with these sequence numbers.
    List(Ranges),
    /// Each with the same probability, decided by its sequence number and a seed alone, so that the same seed loses
    /// the same frames.
    Rate {
        /// Probability, 0 to 1.
        probability: f64,
        /// Seed.
        seed: u64,
    },
}

impl Loss {
    fn loses(&self, seq: u64) -> bool {
        match self {
            Self::List(list) => list.contains(seq),
            Self::Rate { probability, seed } => {
                let uniform = (mix(seed ^ mix(seq)) >> 11) as f64 / (1u64 << 53) as f64;
                uniform < *probability
            }
        }
    }
}

/// SplitMix64's step: a bijection without visible pattern.
const fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// A wrapper that marks frames as lost.
#[derive(Debug)]
pub struct Lose<D> {
    inner: D,
    loss: Loss,
    lost: Ranges,
}

impl<D: Device> Lose<D> {
    /// `inner` without the frames that `loss` takes.
    pub fn new(inner: D, loss: Loss) -> Self {
        Self {
            inner,
            loss,
            lost: Ranges::default(),
        }
    }
}

impl<D: Device> Device for Lose<D> {
    fn receive(&mut self, batch: &mut Batch) -> Result<bool, DeviceError> {
        let before = batch.len();
        let more = self.inner.receive(batch);
        for i in before..batch.len() {
            if !batch.frames()[i].path.is_sequenced() {
                continue;
            }
            let Some(header) = batch.bytes(i).first_chunk::<HEADER_BYTES>() else {
                continue;
            };
            let [.., a, b, c, d, e, _, _, _, _] = *header;
            let seq = Seq::from_be_bytes([a, b, c, d, e]).get();
            if self.loss.loses(seq) {
                self.lost.insert(seq);
                batch.frames_mut()[i].fate = Fate::Lost;
            }
        }
        more
    }

    fn nic(&self) -> NicReport {
        self.inner.nic()
    }

    fn extent(&self) -> Extent {
        self.inner.extent()
    }

    fn lost(&self) -> Option<&Ranges> {
        Some(&self.lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_and_repeats() {
        let lost = |probability, seed| -> Vec<u64> {
            let loss = Loss::Rate { probability, seed };
            (0..100_000).filter(|&seq| loss.loses(seq)).collect()
        };
        assert!(lost(0.0, 1).is_empty());
        assert_eq!(lost(1.0, 1).len(), 100_000);
        let tenth = lost(0.1, 7);
        assert!((9_700..10_300).contains(&tenth.len()), "{}", tenth.len());
        assert_eq!(tenth, lost(0.1, 7));
        assert_ne!(tenth, lost(0.1, 8));
    }
}
