//! What tdest says beside a queue: whether it is one, for every frame of an interface.

/// An interface's output, watched in every cycle.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// The bit of a frame that is under way.
    inside: Option<bool>,
    /// Which values the bit of a frame may have that begins now: clear, set.
    may_be: [bool; 2],
    /// Number of frames with the bit clear, and with it set.
    pub frames: [u64; 2],
    /// The first thing that was wrong.
    pub wrong: Option<String>,
}

impl Watch {
    /// Frames say from now on that their queue is one (`direct`), or not.
    pub fn expect(&mut self, direct: bool) {
        self.may_be = [!direct, direct];
    }

    /// Frames say either, until [`expect`](Self::expect) is called.
    pub fn allow_both(&mut self) {
        self.may_be = [true; 2];
    }

    /// A reset: the frame under way is lost.
    pub fn reset(&mut self) {
        self.inside = None;
    }

    /// A cycle in which a beat is offered.
    pub fn beat(&mut self, direct: bool, ready: bool, last: bool) {
        match self.inside {
            Some(begun) if begun != direct => {
                let wrong = format!("bit 8 of tdest is {begun} and then {direct} in one frame");
                self.wrong.get_or_insert(wrong);
            }
            None if !self.may_be[usize::from(direct)] => {
                let wrong = format!("bit 8 of tdest is {direct}");
                self.wrong.get_or_insert(wrong);
            }
            None => self.frames[usize::from(direct)] += 1,
            Some(_) => {}
        }
        self.inside = (!(ready && last)).then_some(direct);
    }
}
