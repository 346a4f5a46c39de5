//! One thread, one state, the surviving rows in order: every replica must match it.

use scr_nf::NetworkFunction;
use scr_wire::{Frame, Profile};

use crate::worker::{Outcome, Reason};

/// The reference run of a function.
#[derive(Debug)]
pub struct Reference<F: NetworkFunction> {
    function: F,
    state: F::State,
    profile: Profile,
    rewritten: Vec<u8>,
}

impl<F: NetworkFunction> Reference<F> {
    /// A reference before the first row.
    pub fn new(function: F, profile: &Profile) -> Self {
        Self {
            state: function.new_state(),
            function,
            profile: *profile,
            rewritten: Vec::new(),
        }
    }

    /// Applies the `new` leading rows of a frame and returns the expected outcome, with the packet's new bytes if it is
    /// to be rewritten.
    #[inline]
    pub fn apply(&mut self, frame: &Frame<'_>, new: usize) -> (Outcome, &[u8]) {
        self.rewritten.clear();
        let row_bytes = self.profile.row_bytes();
        let rows = frame.rows().get(..new * row_bytes).unwrap_or(&[]);
        let mut effect = None;
        for row in rows.chunks_exact(row_bytes).rev() {
            effect = Some(self.function.apply(&mut self.state, row));
        }
        let outcome = match effect {
            Some(effect) => Outcome::Verdict(self.function.verdict(
                effect,
                frame.packet(),
                &mut self.rewritten,
            )),
            None => Outcome::Rejected(Reason::OutOfOrder),
        };
        (outcome, &self.rewritten)
    }

    /// The state.
    pub fn into_state(self) -> F::State {
        self.state
    }
}
