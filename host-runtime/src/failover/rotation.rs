//! Which place each of the sequencer's cores is.

use super::Members;

/// The rotation: the sequencer's core c steers to the queue of place `queues[c]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    queues: Vec<u16>,
}

impl Rotation {
    /// Each core is the place of its own number.
    pub fn straight(cores: u8) -> Self {
        Self {
            queues: (0..cores.into()).collect(),
        }
    }

    /// A rotation over `members`. Places keep their cores as far as possible, so that few steering entries change: a
    /// core whose place is gone gets that of the highest core.
    #[must_use]
    pub fn over(&self, members: Members) -> Self {
        let mut left: Vec<u16> = members
            .iter()
            .filter(|place| !self.queues.contains(place))
            .collect();
        left.reverse();
        let mut queues: Vec<Option<u16>> = self
            .queues
            .iter()
            .map(|&place| members.has(place).then_some(place))
            .collect();
        for queue in &mut queues {
            if queue.is_none() {
                *queue = left.pop();
            }
        }
        left.reverse();
        queues.extend(left.into_iter().map(Some));
        let mut at = 0;
        while at < queues.len() {
            if queues[at].is_some() {
                at += 1;
            } else {
                queues.swap_remove(at);
            }
        }
        Self {
            queues: queues.into_iter().flatten().collect(),
        }
    }

    /// k.
    pub fn cores(&self) -> u8 {
        self.queues.len() as u8
    }

    /// The queue of each core.
    pub fn queues(&self) -> &[u16] {
        &self.queues
    }

    /// The queue of `core`; its own number where there is none.
    #[inline]
    pub fn queue(&self, core: u8) -> u16 {
        self.queues
            .get(usize::from(core))
            .copied()
            .unwrap_or(core.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_keep_their_cores() {
        let over =
            |rotation: &Rotation, members: &[u16]| rotation.over(members.iter().copied().collect());
        let four = Rotation::straight(4);
        let three = over(&four, &[0, 2, 3]);
        assert_eq!(three.queues(), [0, 3, 2]);
        assert_eq!(over(&three, &[0, 1, 2, 3]).queues(), [0, 3, 2, 1]);
        assert_eq!(over(&three, &[2]).queues(), [2]);
        assert_eq!(over(&four, &[0, 2, 3, 5]).queues(), [0, 5, 2, 3]);
        assert_eq!(over(&four, &[4, 5, 6, 7, 8]).queues(), [4, 5, 6, 7, 8]);
        assert_eq!((three.cores(), three.queue(1), three.queue(9)), (3, 3, 9));
    }
}
