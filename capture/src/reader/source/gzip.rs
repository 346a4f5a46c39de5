//! gzip (RFC 1952): consecutive members, whose contents form one stream.
//!
//! `flate2` inflates and checks the checksum. Its own gzip readers drop what they inflated in the call that met damage,
//! up to a whole buffer. Here this data is handed on first, so that all packets before the damage are read; for this
//! reason the framing is parsed here.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::super::chunks::Chunks;
use super::{Compression, StreamFault};

const MAGIC: [u8; 2] = [0x1F, 0x8B];
const HEADER: usize = 10;
const TRAILER: usize = 8;

/// At least the 32 KiB that the inflater may hold back, so that data inflated before damage always has room.
const OUT: usize = 64 << 10;

enum State {
    Header,
    Body,
    Trailer,
    /// Behind a member; another may follow.
    Between,
}

pub(in super::super) struct Gzip {
    input: Chunks,
    state: State,
    inflate: Decompress,
    crc: Crc,
    out: Box<[u8]>,
    from: usize,
    to: usize,
    /// A fault met behind the data still in `out`.
    fault: Option<StreamFault>,
}

impl Gzip {
    pub(super) fn new(input: Chunks) -> Self {
        Self {
            input,
            state: State::Header,
            inflate: Decompress::new(false),
            crc: Crc::new(),
            out: vec![0; OUT].into(),
            from: 0,
            to: 0,
            fault: None,
        }
    }

    pub(super) fn file_offset(&self) -> u64 {
        self.input.offset()
    }

    pub(super) fn read(&mut self, into: &mut [u8]) -> Result<usize, StreamFault> {
        while self.from == self.to {
            if let Some(fault) = self.fault.take() {
                return Err(fault);
            }
            match self.state {
                State::Header => self.header()?,
                State::Body => self.body()?,
                State::Trailer => self.trailer()?,
                State::Between => {
                    if !self.another()? {
                        return Ok(0);
                    }
                }
            }
        }
        let length = into.len().min(self.to - self.from);
        into[..length].copy_from_slice(&self.out[self.from..self.from + length]);
        self.from += length;
        Ok(length)
    }

    fn header(&mut self) -> Result<(), StreamFault> {
        self.require(HEADER)?;
        let header = self.input.window();
        if header[..2] != MAGIC {
            return Err(self.damaged("a member has no magic number"));
        }
        let (method, flags) = (header[2], header[3]);
        if method != 8 {
            return Err(self.damaged(format!("compression method {method} is not known")));
        }
        if flags & 0xE0 != 0 {
            return Err(self.damaged("a member has reserved flags"));
        }
        self.input.take(HEADER);
        if flags & 4 != 0 {
            self.require(2)?;
            let length = u16::from_le_bytes([self.input.window()[0], self.input.window()[1]]);
            self.input.take(2);
            if !self.input.skip(length.into())? {
                return Err(StreamFault::Cut);
            }
        }
        for flag in [8, 16] {
            if flags & flag != 0 {
                self.skip_text()?;
            }
        }
        if flags & 2 != 0 {
            self.require(2)?;
            self.input.take(2);
        }
        self.inflate.reset(false);
        self.crc.reset();
        self.state = State::Body;
        Ok(())
    }

    /// Skips a text terminated by a zero byte.
    fn skip_text(&mut self) -> Result<(), StreamFault> {
        loop {
            self.require(1)?;
            let window = self.input.window();
            match window.iter().position(|&byte| byte == 0) {
                Some(end) => {
                    self.input.take(end + 1);
                    return Ok(());
                }
                None => self.input.take(window.len()),
            }
        }
    }

    fn body(&mut self) -> Result<(), StreamFault> {
        self.require(1)?;
        let (taken, given) = (self.inflate.total_in(), self.inflate.total_out());
        let status =
            self.inflate
                .decompress(self.input.window(), &mut self.out, FlushDecompress::None);
        let taken = (self.inflate.total_in() - taken) as usize;
        let given = (self.inflate.total_out() - given) as usize;
        self.input.take(taken);
        self.crc.update(&self.out[..given]);
        (self.from, self.to) = (0, given);
        match status {
            Ok(Status::StreamEnd) => self.state = State::Trailer,
            Ok(_) if taken + given > 0 => {}
            Ok(_) | Err(_) => self.fault = Some(self.damaged("its deflated data are invalid")),
        }
        Ok(())
    }

    fn trailer(&mut self) -> Result<(), StreamFault> {
        self.require(TRAILER)?;
        let word = |at: usize| {
            let bytes = &self.input.window()[at..at + 4];
            u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
        };
        if word(0) != self.crc.sum() {
            return Err(self.damaged("the checksum is wrong: data before it are damaged"));
        }
        if word(4) != self.crc.amount() {
            return Err(self.damaged("the length is wrong: data before it are damaged"));
        }
        self.input.take(TRAILER);
        self.state = State::Between;
        Ok(())
    }

    /// Whether another member follows. Tapes and some tools pad with zeros.
    fn another(&mut self) -> Result<bool, StreamFault> {
        while self.input.require(1)? {
            let window = self.input.window();
            match window.iter().position(|&byte| byte != 0) {
                None => self.input.take(window.len()),
                Some(zeros) => {
                    self.input.take(zeros);
                    if !self.input.require(2)? || self.input.window()[..2] != MAGIC {
                        return Err(self.damaged("what follows the last member is no other"));
                    }
                    self.state = State::Header;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn require(&mut self, need: usize) -> Result<(), StreamFault> {
        match self.input.require(need)? {
            true => Ok(()),
            false => Err(StreamFault::Cut),
        }
    }

    #[cold]
    fn damaged(&self, what: impl Into<String>) -> StreamFault {
        StreamFault::Damaged {
            compression: Compression::Gzip,
            at: self.input.offset(),
            what: what.into(),
        }
    }
}
