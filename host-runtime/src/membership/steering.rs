//! Which place each of the sequencer's cores is, as members come and go.

use scr_nic::SteeringMap;

use super::CoreSet;

/// The steering map over `members` that follows `map`. Places keep their cores as far as possible, so that few entries
/// change: a core whose place is gone gets that of the highest core.
#[must_use]
pub fn over(map: &SteeringMap, members: CoreSet) -> SteeringMap {
    let mut left: Vec<u16> = members
        .iter()
        .filter(|place| !map.queues().contains(place))
        .collect();
    left.reverse();
    let mut queues: Vec<Option<u16>> = map
        .queues()
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
    SteeringMap::new(queues.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_keep_their_cores() {
        let after =
            |map: &SteeringMap, members: &[u16]| over(map, members.iter().copied().collect());
        let four = SteeringMap::straight(4);
        let three = after(&four, &[0, 2, 3]);
        assert_eq!(three.queues(), [0, 3, 2]);
        assert_eq!(after(&three, &[0, 1, 2, 3]).queues(), [0, 3, 2, 1]);
        assert_eq!(after(&three, &[2]).queues(), [2]);
        assert_eq!(after(&four, &[0, 2, 3, 5]).queues(), [0, 5, 2, 3]);
        assert_eq!(after(&four, &[4, 5, 6, 7, 8]).queues(), [4, 5, 6, 7, 8]);
        assert_eq!((three.cores(), three.queue(1), three.queue(9)), (3, 3, 9));
    }
}
