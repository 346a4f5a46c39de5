//! A file seen through one reusable buffer.

use std::io::{self, ErrorKind, Read};

use crate::MAX_RECORD_LEN;

/// The bytes of a stream, of which a window is in memory.
///
/// The buffer has the chunk's size and grows only for a record that is larger, in steps as its bytes arrive, so that a
/// false length in a short file costs nothing.
pub(super) struct Chunks {
    source: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where `start` lies in the stream.
    offset: u64,
    ended: bool,
}

impl Chunks {
    pub(super) fn new(source: Box<dyn Read + Send>, chunk: usize) -> Self {
        Self {
            source,
            buffer: vec![0; chunk.max(1)],
            start: 0,
            end: 0,
            offset: 0,
            ended: false,
        }
    }

    /// Bytes consumed so far: the offset of the window in the stream.
    #[inline]
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes at hand, not yet consumed.
    #[inline]
    pub(super) fn window(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Consumes `length` bytes of the window and returns them.
    #[inline]
    pub(super) fn take(&mut self, length: usize) -> &[u8] {
        let from = self.start;
        self.start += length;
        self.offset += length as u64;
        &self.buffer[from..self.start]
    }

    /// Reads until the window has at least `need` bytes; false if the stream ends before that.
    #[inline]
    pub(super) fn require(&mut self, need: usize) -> io::Result<bool> {
        if self.end - self.start >= need {
            return Ok(true);
        }
        self.fill(need)
    }

    #[cold]
    #[inline(never)]
    fn fill(&mut self, need: usize) -> io::Result<bool> {
        debug_assert!(
            need <= MAX_RECORD_LEN + 64,
            "lengths are checked before they are required"
        );
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < need && !self.ended {
            if self.end == self.buffer.len() {
                let larger = (self.buffer.len() * 2).min(need.next_power_of_two());
                self.buffer.resize(larger, 0);
            }
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.end >= need)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn grows_for_a_record_larger_than_the_chunk() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut chunks = Chunks::new(Box::new(Cursor::new(bytes.clone())), 3);
        assert!(chunks.require(2).unwrap());
        assert_eq!(chunks.take(2), &bytes[..2]);
        assert!(chunks.require(200).unwrap());
        assert_eq!(chunks.take(200), &bytes[2..202]);
        assert_eq!(chunks.offset(), 202);
        assert!(!chunks.require(100).unwrap());
        assert_eq!(chunks.window(), &bytes[202..]);
    }

    #[test]
    fn a_false_length_does_not_allocate() {
        let mut chunks = Chunks::new(Box::new(Cursor::new(vec![0; 10])), 16);
        assert!(!chunks.require(MAX_RECORD_LEN).unwrap());
        assert_eq!(chunks.buffer.len(), 16);
    }
}
