//! A stream read through one reusable buffer.

use std::io::ErrorKind;

use super::source::{Source, StreamFault};
use crate::MAX_RECORD_LEN;

/// The bytes of a stream, a window of which is in memory.
///
/// The buffer has the chunk's size and grows only for a record that is larger, in steps as its bytes arrive, so that a
/// false length in a short file costs nothing.
pub(super) struct Chunks {
    source: Source,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Position of `start` in the stream.
    offset: u64,
    ended: bool,
    /// Whether the stream ended although its compression says that more follows.
    cut: bool,
}

impl Chunks {
    pub(super) fn new(source: Source, chunk: usize) -> Self {
        Self {
            source,
            buffer: vec![0; chunk.max(1)],
            start: 0,
            end: 0,
            offset: 0,
            ended: false,
            cut: false,
        }
    }

    /// Bytes consumed so far: the offset of the window in the stream.
    #[inline]
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes of the file on disk consumed so far.
    pub(super) fn file_offset(&self) -> u64 {
        self.source.file_offset().unwrap_or(self.offset)
    }

    /// Whether the stream ended before its compression says it should.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// The bytes available and not yet consumed.
    #[inline]
    pub(super) fn window(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Consumes `length` bytes of the window.
    #[inline]
    pub(super) fn take(&mut self, length: usize) {
        self.start += length;
        self.offset += length as u64;
    }

    /// The last `length` bytes consumed; they remain until more bytes are required.
    #[inline]
    pub(super) fn taken(&self, length: usize) -> &[u8] {
        &self.buffer[self.start - length..self.start]
    }

    /// Consumes any number `length` of bytes; false if the stream ends before that.
    pub(super) fn skip(&mut self, mut length: u64) -> Result<bool, Box<StreamFault>> {
        loop {
            let here = (self.window().len() as u64).min(length);
            self.take(here as usize);
            length -= here;
            if length == 0 {
                return Ok(true);
            }
            if !self.require(1)? {
                return Ok(false);
            }
        }
    }

    /// Reads until the window has at least `need` bytes; false if the stream ends before that.
    #[inline]
    pub(super) fn require(&mut self, need: usize) -> Result<bool, Box<StreamFault>> {
        if self.end - self.start >= need {
            return Ok(true);
        }
        self.fill(need)
    }

    #[cold]
    #[inline(never)]
    fn fill(&mut self, need: usize) -> Result<bool, Box<StreamFault>> {
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
                Err(StreamFault::Io(error)) if error.kind() == ErrorKind::Interrupted => {}
                Err(StreamFault::Cut) => {
                    self.ended = true;
                    self.cut = true;
                }
                Err(fault) => return Err(Box::new(fault)),
            }
        }
        Ok(self.end >= need)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn chunks(bytes: Vec<u8>, chunk: usize) -> Chunks {
        Chunks::new(Source::Plain(Box::new(Cursor::new(bytes))), chunk)
    }

    #[test]
    fn grows_for_a_record_larger_than_the_chunk() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut chunks = chunks(bytes.clone(), 3);
        assert!(chunks.require(2).unwrap());
        chunks.take(2);
        assert_eq!(chunks.taken(2), &bytes[..2]);
        assert!(chunks.require(200).unwrap());
        chunks.take(200);
        assert_eq!(chunks.taken(200), &bytes[2..202]);
        assert_eq!(chunks.offset(), 202);
        assert!(!chunks.require(100).unwrap());
        assert_eq!(chunks.window(), &bytes[202..]);
    }

    #[test]
    fn skips_more_than_it_holds() {
        let mut chunks = chunks((0..=255).collect(), 16);
        assert!(chunks.require(3).unwrap());
        assert!(chunks.skip(250).unwrap());
        assert_eq!((chunks.offset(), chunks.buffer.len()), (250, 16));
        assert!(chunks.skip(0).unwrap());
        assert!(chunks.require(1).unwrap());
        assert_eq!(chunks.window()[0], 250);
        assert!(!chunks.skip(7).unwrap());
        assert_eq!(chunks.offset(), 256);
    }

    #[test]
    fn a_false_length_does_not_allocate() {
        let mut chunks = chunks(vec![0; 10], 16);
        assert!(!chunks.require(MAX_RECORD_LEN).unwrap());
        assert_eq!(chunks.buffer.len(), 16);
    }
}
