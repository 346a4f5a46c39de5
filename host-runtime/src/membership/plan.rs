//! Changes of k at sequence numbers.

use std::fmt;
use std::str::FromStr;

use scr_wire::MAX_CORES;

/// One change: from the frame with number `seq` on there are `cores` cores. Written `SEQ:K`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    /// Sequence number of the first frame under the new k. Counted from the first frame that is sequenced, as long as
    /// no new epoch starts.
    pub seq: u64,
    /// The new k, 1..=128.
    pub cores: u8,
}

/// A text that is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The text is not of the form.
    #[error("'{0}' is no change of cores such as 1000:2, at a sequence number to 1..=128 cores")]
    Form(String),
    /// Two changes are out of order.
    #[error("{0} does not come after {1}")]
    Order(Resize, Resize),
}

impl FromStr for Resize {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let parse = || {
            let (seq, cores) = text.trim().split_once(':')?;
            let (seq, cores) = (seq.parse().ok()?, cores.parse().ok()?);
            (1..=MAX_CORES)
                .contains(&cores)
                .then_some(Self { seq, cores })
        };
        parse().ok_or_else(|| PlanError::Form(text.to_owned()))
    }
}

impl fmt::Display for Resize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.cores)
    }
}

/// Changes in ascending order of their numbers. Written `SEQ:K,SEQ:K`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan(Vec<Resize>);

impl Plan {
    /// A plan of these changes.
    ///
    /// # Errors
    ///
    /// [`PlanError::Order`] when their numbers do not ascend.
    pub fn new(resizes: Vec<Resize>) -> Result<Self, PlanError> {
        for pair in resizes.windows(2) {
            if pair[1].seq <= pair[0].seq {
                return Err(PlanError::Order(pair[1], pair[0]));
            }
        }
        Ok(Self(resizes))
    }

    /// The changes.
    pub fn resizes(&self) -> &[Resize] {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The largest k, `cores` being the one at the start.
    pub fn most_cores(&self, cores: u8) -> u8 {
        self.0.iter().map(|r| r.cores).fold(cores, u8::max)
    }
}

impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let resizes: Result<Vec<_>, _> = text.split(',').map(str::parse).collect();
        Self::new(resizes?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_read_and_bad_ones_refused() {
        let plan: Plan = "0:3, 100:2,5000:128".parse().unwrap();
        assert_eq!(plan.resizes()[1], Resize { seq: 100, cores: 2 });
        assert_eq!((plan.most_cores(4), plan.is_empty()), (128, false));
        for bad in ["", "5", "5:0", "5:129", "x:2", "5:2,5:3", "5:2,4:3", "5:2,"] {
            assert!(bad.parse::<Plan>().is_err(), "{bad}");
        }
    }
}
