//! The surviving rows: those that some delivered frame carries.

use scr_wire::{Header, Seq};

use crate::dispatch::Segment;

/// Half of all sequence numbers.
const HALF: u64 = 1 << (Seq::BITS - 1);

/// Follows the delivered frames in order and determines which rows of each are new.
#[derive(Clone, Debug)]
pub struct Ledger {
    expected: Seq,
    /// Rows before `expected`, over all epochs, as workers count them.
    before: u64,
    max_rows: u64,
    lost: u64,
    last_surviving: Option<Seq>,
    last_sent: Option<Seq>,
    /// Frames sent after that one whose headers cannot be read.
    unreadable: u64,
}

impl Ledger {
    /// A ledger before the first frame of a numbering that starts at `first_seq`; at most `max_rows` rows of each frame
    /// are used.
    pub fn new(first_seq: Seq, max_rows: u8) -> Self {
        Self {
            expected: first_seq,
            before: 0,
            max_rows: u64::from(max_rows.max(1)),
            lost: 0,
            last_surviving: None,
            last_sent: None,
            unreadable: 0,
        }
    }

    /// Records a delivered frame; returns how many of its leading rows no frame before it carried. At least 1, or
    /// `None` if the frame does not come after the previous ones.
    #[inline]
    pub fn take(&mut self, header: &Header) -> Option<usize> {
        let ahead = header.seq.since(self.expected);
        if ahead >= HALF {
            return None;
        }
        let carried = u64::from(header.valid_rows).min(self.max_rows);
        let new = (ahead + 1).min(carried);
        self.lost += ahead + 1 - new;
        self.before += ahead + 1;
        self.expected = header.seq.plus(1);
        self.last_surviving = Some(header.seq);
        Some(new as usize)
    }

    /// The position of a row: its number over all epochs, as workers count it. Beyond all positions for a row that lies
    /// behind.
    pub fn position(&self, seq: Seq) -> u64 {
        match seq.since(self.expected) {
            ahead if ahead < HALF => self.before + ahead,
            _ => u64::MAX,
        }
    }

    /// Records that the frames of a segment were sent, delivered or not.
    pub fn sent(&mut self, segment: &Segment) {
        if segment.last.is_some() {
            self.last_sent = segment.last;
            self.unreadable = 0;
        }
        self.unreadable += segment.unreadable;
    }

    /// Starts a new numbering: rows sent after the last delivered frame of the old one are lost.
    pub fn start_epoch(&mut self, first: Seq) {
        let tail = self.tail();
        self.lost += tail + self.unreadable;
        // Workers know nothing of frames that cannot be read.
        self.before += tail;
        self.expected = first;
        self.last_sent = None;
        self.unreadable = 0;
    }

    /// Rows sent after the last delivered frame, except those of frames that cannot be read.
    fn tail(&self) -> u64 {
        let Some(last) = self.last_sent else {
            return 0;
        };
        let beyond = last.plus(1).since(self.expected);
        if beyond < HALF { beyond } else { 0 }
    }

    /// Number of rows that no delivered frame carried, if nothing more comes.
    pub fn lost_everywhere(&self) -> u64 {
        self.lost + self.tail() + self.unreadable
    }

    /// The last row that survived.
    pub fn last_surviving(&self) -> Option<Seq> {
        self.last_surviving
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(seq: u64, valid_rows: u8) -> Header {
        Header {
            profile: 3,
            prefix_words: 1,
            cores: 3,
            core: 0,
            epoch: 0,
            seq: Seq::new(seq),
            valid_rows,
            row_log2: 4,
        }
    }

    fn segment(last: Option<u64>, unreadable: u64) -> Segment {
        Segment {
            start: 0,
            barrier: false,
            epoch: None,
            window: 1,
            last: last.map(Seq::new),
            unreadable,
        }
    }

    #[test]
    fn counts_rows_that_no_frame_carried() {
        let mut ledger = Ledger::new(Seq::ZERO, 255);
        assert_eq!(ledger.take(&header(0, 1)), Some(1));
        assert_eq!(ledger.take(&header(2, 3)), Some(2));
        assert_eq!(ledger.take(&header(8, 3)), Some(3));
        assert_eq!(ledger.lost_everywhere(), 3);
        assert_eq!(ledger.take(&header(8, 3)), None);
        ledger.sent(&segment(Some(12), 2));
        assert_eq!(ledger.lost_everywhere(), 9);
        ledger.sent(&segment(None, 1));
        assert_eq!(ledger.lost_everywhere(), 10);
        assert_eq!(ledger.last_surviving(), Some(Seq::new(8)));
        assert_eq!(ledger.position(Seq::new(10)), 10);
        assert_eq!(ledger.position(Seq::new(8)), u64::MAX);
        ledger.start_epoch(Seq::ZERO);
        assert_eq!(ledger.lost_everywhere(), 10);
        assert_eq!(ledger.position(Seq::new(1)), 14);
        ledger.sent(&segment(None, 1));
        assert_eq!(ledger.lost_everywhere(), 11);
        assert_eq!(ledger.take(&header(1, 2)), Some(2));
        ledger.sent(&segment(Some(1), 0));
        assert_eq!(ledger.last_surviving(), Some(Seq::new(1)));
        assert_eq!(ledger.lost_everywhere(), 10);
    }
}
