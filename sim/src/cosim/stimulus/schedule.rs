//! Which packet comes next, and what happens while it is being sent.

use std::collections::VecDeque;
use std::iter::Peekable;

use fastrand::Rng;

use crate::cosim::packets::TestPacket;
use crate::cosim::steps::{Setting, Step};

/// An action besides sending.
#[derive(Debug)]
pub(crate) enum Action {
    /// A setting is changed.
    Set(Setting),
    /// The block is reset for so many cycles.
    Reset(u8),
}

impl Action {
    fn of(step: &Step) -> Option<Self> {
        match *step {
            Step::Set(setting) => Some(Self::Set(setting)),
            Step::Reset(cycles) => Some(Self::Reset(cycles)),
            Step::Packet(_) | Step::Drain => None,
        }
    }
}

/// The steps still to be made.
pub(super) struct Schedule<I: Iterator<Item = Step>> {
    steps: Peekable<I>,
    actions: VecDeque<Action>,
    /// Cycles until the next action is allowed.
    delay: u64,
    draining: bool,
}

impl<I: Iterator<Item = Step>> Schedule<I> {
    pub(super) fn new(steps: I) -> Self {
        Self {
            steps: steps.peekable(),
            actions: VecDeque::new(),
            delay: 0,
            draining: false,
        }
    }

    /// The next packet, unless the frames inside have to come out first. The actions behind it begin at some moment
    /// while it is being sent.
    pub(super) fn packet(
        &mut self,
        all_out: bool,
        beat_bytes: usize,
        rng: &mut Rng,
    ) -> Option<TestPacket> {
        self.draining &= !all_out;
        while !self.draining {
            match self.steps.next()? {
                Step::Packet(packet) => {
                    let beats = packet.bytes.len().div_ceil(beat_bytes);
                    if self.take_actions() {
                        self.delay = rng.u64(..=2 * beats as u64);
                    }
                    return Some(packet);
                }
                Step::Drain => self.draining = true,
                step => self.actions.extend(Action::of(&step)),
            }
        }
        None
    }

    /// The next action, if it is time for it. Writes follow each other at once; a reset waits for nothing.
    pub(super) fn action(&mut self, writing: bool) -> Option<Action> {
        self.delay = self.delay.saturating_sub(1);
        let must_wait = writing && matches!(self.actions.front(), Some(Action::Set(_)));
        if self.delay > 0 || must_wait {
            return None;
        }
        self.actions.pop_front()
    }

    /// Whether no step is left.
    pub(super) fn is_done(&mut self) -> bool {
        self.actions.is_empty() && self.steps.peek().is_none()
    }

    /// Takes the actions that come before the next packet; returns whether there are any.
    fn take_actions(&mut self) -> bool {
        let before = self.actions.len();
        while let Some(action) = self.steps.peek().and_then(Action::of) {
            self.steps.next();
            self.actions.push_back(action);
        }
        self.actions.len() > before
    }
}
