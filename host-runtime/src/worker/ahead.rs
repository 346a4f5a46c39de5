//! Looking ahead in a lane, so that the entries that coming rows touch are in the cache when the rows are applied.
//!
//! ```text
//!  lane:  at ────────▶ fetched
//!         handled now  some rows ahead
//! ```
//!
//! Where the state fits the core's L2 nothing is fetched, because it would only cost time. Looking ahead never changes a
//! result; frames are not even checked here.

use scr_nf::NetworkFunction;
use scr_wire::Header;
use scr_wire::header::HEADER_BYTES;

use super::Worker;

/// Rows that are fetched before they are applied: enough to cover an access to memory, few enough that all are still in L1
/// when they are wanted.
const ROWS: u32 = 32;

/// How far a lane has been looked through.
#[derive(Debug)]
pub struct Ahead {
    on: bool,
    /// The first frame whose rows have not been fetched.
    next: usize,
}

impl Ahead {
    /// The start of a lane. The size of the state decides here whether the lane is looked ahead in at all.
    pub fn new<F: NetworkFunction>(worker: &Worker<F>) -> Self {
        Self {
            on: worker.function.looks_ahead(&worker.state),
            next: 0,
        }
    }

    /// Looks ahead of place `at` in a lane of `len` frames; `frame` returns their bytes. To be called before each frame is
    /// handled.
    #[inline(always)]
    pub fn advance<'a, F: NetworkFunction>(
        &mut self,
        worker: &Worker<F>,
        at: usize,
        len: usize,
        frame: impl Fn(usize) -> &'a [u8],
    ) {
        if !self.on || self.next >= len {
            return;
        }
        // Frames that hold about ROWS new rows.
        let cores = Header::peek(frame(at)).map_or(1, |header| header.cores.max(1));
        let distance = (ROWS >> cores.ilog2()).max(1) as usize;
        while self.next < len.min(at + distance) {
            worker.prefetch(frame(self.next));
            self.next += 1;
        }
    }
}

impl<F: NetworkFunction> Worker<F> {
    /// Fetches the entries that a frame's rows will touch: those rows that are new if no frame before was lost.
    #[inline]
    fn prefetch(&self, bytes: &[u8]) {
        let Some(header) = Header::peek(bytes) else {
            return;
        };
        let size = self.profile.row_bytes();
        let mut start = size.max(HEADER_BYTES);
        for _ in 0..header.cores.min(header.valid_rows) {
            let Some(row) = bytes.get(start..start + size) else {
                return;
            };
            self.function.prefetch(&self.state, row);
            start += size;
        }
    }
}
