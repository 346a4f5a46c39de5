//! zstd (RFC 8878): consecutive frames, whose contents form one stream.

use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::super::chunks::Chunks;
use super::{Compression, StreamFault};

/// Length of a block's header, and of the smallest part of a frame.
const BLOCK_HEADER: usize = 3;

pub(in super::super) struct Zstd {
    input: Chunks,
    decoder: Decoder<'static>,
    /// Number of input bytes the decoder asks for; 0 between frames.
    wanted: usize,
    /// Whether the last call filled its output, so that there may be more.
    pending: bool,
}

impl Zstd {
    pub(super) fn new(input: Chunks) -> Result<Self, StreamFault> {
        Ok(Self {
            input,
            decoder: Decoder::new()?,
            wanted: 0,
            pending: false,
        })
    }

    pub(super) fn file_offset(&self) -> u64 {
        self.input.offset()
    }

    pub(super) fn read(&mut self, into: &mut [u8]) -> Result<usize, StreamFault> {
        loop {
            let most = match self.pending {
                true => 0,
                false if self.input.require(1)? => self.step(),
                false if self.wanted == 0 => return Ok(0),
                false => return Err(StreamFault::Cut),
            };
            let window = self.input.window();
            let given_in = &window[..window.len().min(most)];
            let tried = self.input.offset() + given_in.len() as u64;
            let mut source = InBuffer::around(given_in);
            let mut sink = OutBuffer::around(into);
            let ran = self.decoder.run(&mut source, &mut sink);
            let (taken, given) = (source.pos(), sink.pos());
            self.input.take(taken);
            match ran {
                Ok(wanted) => self.wanted = wanted,
                Err(error) => return Err(fault(&error.to_string(), tried)),
            }
            self.pending = given == into.len();
            if given > 0 {
                return Ok(given);
            }
        }
    }

    /// The maximum input for one call. Whatever a call decodes before it fails is lost. So no call gets the header of
    /// the next block, which the decoder requests together with a block, and everything before damage is handed on.
    fn step(&self) -> usize {
        match self.wanted {
            0 => 1,
            few @ ..=BLOCK_HEADER => few,
            more => more - BLOCK_HEADER,
        }
    }
}

/// The library's error for the stream up to `at`.
#[cold]
fn fault(what: &str, at: u64) -> StreamFault {
    /// The library's message for a window that is larger than it allows.
    const WINDOW: &str = "Frame requires too much memory for decoding";
    if what == WINDOW {
        return StreamFault::Window;
    }
    StreamFault::Damaged {
        compression: Compression::Zstd,
        at,
        what: what.to_lowercase(),
    }
}
