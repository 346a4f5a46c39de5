//! Lists of slots, least recently used first.

/// No slot.
const NONE: u32 = u32::MAX;

/// One list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    oldest: u32,
    newest: u32,
}

impl Default for Ends {
    fn default() -> Self {
        Self {
            oldest: NONE,
            newest: NONE,
        }
    }
}

impl Ends {
    /// The least recently used slot.
    pub fn oldest(&self) -> Option<u32> {
        (self.oldest != NONE).then_some(self.oldest)
    }
}

/// The neighbours of all slots; each slot is in at most one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recency(Vec<Link>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    older: u32,
    newer: u32,
}

impl Recency {
    /// Puts `slot`, which is in no list, at the newest end of `list`.
    #[inline]
    pub fn push(&mut self, list: &mut Ends, slot: u32) {
        let at = slot as usize;
        let link = Link {
            older: list.newest,
            newer: NONE,
        };
        if at == self.0.len() {
            self.0.push(link);
        } else {
            self.0[at] = link;
        }
        match list.newest {
            NONE => list.oldest = slot,
            newest => self.0[newest as usize].newer = slot,
        }
        list.newest = slot;
    }

    /// Takes `slot` out of `list`.
    #[inline]
    pub fn remove(&mut self, list: &mut Ends, slot: u32) {
        let Link { older, newer } = self.0[slot as usize];
        match older {
            NONE => list.oldest = newer,
            older => self.0[older as usize].newer = newer,
        }
        match newer {
            NONE => list.newest = older,
            newer => self.0[newer as usize].older = older,
        }
    }

    /// Moves `slot` to the newest end of `list`, which it is in.
    #[inline]
    pub fn touch(&mut self, list: &mut Ends, slot: u32) {
        if list.newest != slot {
            self.remove(list, slot);
            self.push(list, slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_a_plain_list(steps in proptest::collection::vec((0u8..3, any::<u16>()), 0..300)) {
            let (mut recency, mut list) = (Recency::default(), Ends::default());
            let mut plain: Vec<u32> = vec![];
            let mut slots = 0;
            for (kind, n) in steps {
                let at = usize::from(n) % plain.len().max(1);
                match kind {
                    0 => {
                        recency.push(&mut list, slots);
                        plain.push(slots);
                        slots += 1;
                    }
                    1 if !plain.is_empty() => {
                        recency.touch(&mut list, plain[at]);
                        let slot = plain.remove(at);
                        plain.push(slot);
                    }
                    2 if !plain.is_empty() => recency.remove(&mut list, plain.remove(at)),
                    _ => {}
                }
                prop_assert_eq!(list.oldest(), plain.first().copied());
            }
            while let Some(oldest) = list.oldest() {
                prop_assert_eq!(oldest, plain.remove(0));
                recency.remove(&mut list, oldest);
            }
            prop_assert!(plain.is_empty());
        }
    }
}
