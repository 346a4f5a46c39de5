//! zstd (RFC 8878): frames one after the other, whose contents are one stream.

use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::super::chunks::Chunks;
use super::{Compression, StreamFault};

/// Length of a block's header, and of the smallest thing that a frame consists of.
const BLOCK_HEADER: usize = 3;

pub(in super::super) struct Zstd {
    input: Chunks,
    decoder: Decoder<'static>,
    /// How much input the decoder asks for; 0 between frames.
    wanted: usize,
    /// The last call filled its output, so that there may be more.
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

    /// The most input for one call. What a call decodes before it fails is lost. So no call gets the header of the next
    /// block, for which the decoder asks together with a block, and all that lies before damage is handed on.
    fn step(&self) -> usize {
        match self.wanted {
            0 => 1,
            few @ ..=BLOCK_HEADER => few,
            more => more - BLOCK_HEADER,
        }
    }
}

/// What the library says of the stream up to `at`.
#[cold]
fn fault(what: &str, at: u64) -> StreamFault {
    /// What the library calls a window that is larger than it allows.
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
