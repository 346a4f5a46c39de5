//! Writing captures, byte for byte the same for the same packets.

mod format;

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

pub use format::{TsResolution, UnknownFormat, WriteFormat, WriteOptions};

use crate::{ByteOrder, CaptureError, MAX_RECORD_LEN, Timestamp};

/// The snap length in the file header, in bytes: the largest that Wireshark and libpcap read.
pub const SNAPLEN: u32 = 262_144;

/// Number of bytes collected before they are passed to the system.
const BUFFER: usize = 256 << 10;
/// Offset of the snap length in a pcap file.
const PCAP_SNAPLEN_AT: u64 = 16;

enum Sink<'a> {
    File(File),
    Stream(Box<dyn Write + 'a>),
}

impl Sink<'_> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all(bytes),
            Self::Stream(stream) => stream.write_all(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stream(stream) => stream.flush(),
        }
    }
}

/// An Ethernet capture being written.
///
/// Call [`finish`](Self::finish) at the end; dropping the writer writes buffered data but cannot report failure.
///
/// The header announces a snap length of [`SNAPLEN`]. If a longer packet was written, `finish` raises it to that
/// packet's length, provided the output is a seekable pcap file. In a stream the header has been sent, and the value
/// stays (readers of this crate ignore it). pcapng files announce no limit.
pub struct CaptureWriter<'a> {
    sink: Sink<'a>,
    buffer: Vec<u8>,
    name: String,
    options: WriteOptions,
    packets: u64,
    longest: usize,
    /// Set once a write has failed or the writer was finished; nothing more is written.
    closed: bool,
}

impl std::fmt::Debug for CaptureWriter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaptureWriter")
            .field("name", &self.name)
            .field("options", &self.options)
            .field("packets", &self.packets)
            .finish_non_exhaustive()
    }
}

impl CaptureWriter<'static> {
    /// Creates a nanosecond little-endian pcap at `path`, replacing any existing file; `-` is standard output.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(path: &Path) -> Result<Self, CaptureError> {
        Self::create_with(path, WriteOptions::default())
    }

    /// As [`create`](Self::create), in a given format.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create_with(
        path: &Path,
        options: impl Into<WriteOptions>,
    ) -> Result<Self, CaptureError> {
        if path == Path::new("-") {
            return Self::from_write_with(io::stdout(), "standard output", options);
        }
        let name = path.display().to_string();
        match File::create(path) {
            Ok(file) => Ok(CaptureWriter::start(Sink::File(file), name, options.into())),
            Err(source) => Err(CaptureError::Unwritable { file: name, source }),
        }
    }

    /// Writes to a file that is open for writing and empty; `name` stands for it in errors.
    #[must_use]
    pub fn from_file(
        file: File,
        name: impl Into<String>,
        options: impl Into<WriteOptions>,
    ) -> Self {
        CaptureWriter::start(Sink::File(file), name.into(), options.into())
    }
}

impl<'a> CaptureWriter<'a> {
    /// Writes a nanosecond little-endian pcap to any [`Write`]; `name` stands for the file in errors.
    ///
    /// # Errors
    /// None at present; later calls report write failures.
    pub fn from_write(
        sink: impl Write + 'a,
        name: impl Into<String>,
    ) -> Result<Self, CaptureError> {
        Self::from_write_with(sink, name, WriteOptions::default())
    }

    /// As [`from_write`](Self::from_write), in a given format.
    ///
    /// # Errors
    /// None at present; later calls report write failures.
    pub fn from_write_with(
        sink: impl Write + 'a,
        name: impl Into<String>,
        options: impl Into<WriteOptions>,
    ) -> Result<Self, CaptureError> {
        Ok(Self::start(
            Sink::Stream(Box::new(sink)),
            name.into(),
            options.into(),
        ))
    }

    fn start(sink: Sink<'a>, name: String, options: WriteOptions) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER + 4096);
        file_header(&mut buffer, options);
        Self {
            sink,
            buffer,
            name,
            options,
            packets: 0,
            longest: 0,
            closed: false,
        }
    }

    /// Appends a packet of which `data` was captured and whose length on the wire was `original_len` bytes.
    ///
    /// # Errors
    /// If the output cannot be written, or `data` is longer than [`MAX_RECORD_LEN`].
    #[inline]
    pub fn write(
        &mut self,
        timestamp: &Timestamp,
        original_len: u32,
        data: &[u8],
    ) -> Result<(), CaptureError> {
        self.write_vectored(timestamp, original_len, &[data])
    }

    /// As [`write`](Self::write), with the packet's bytes in several consecutive pieces.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    #[inline]
    pub fn write_vectored(
        &mut self,
        timestamp: &Timestamp,
        original_len: u32,
        pieces: &[&[u8]],
    ) -> Result<(), CaptureError> {
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        if length > MAX_RECORD_LEN {
            return Err(self.too_long(length));
        }
        self.packets += 1;
        self.longest = self.longest.max(length);
        match self.options.format {
            WriteFormat::Pcap => {
                self.pcap_header(timestamp, timestamp.nanos / 1000, length, original_len)
            }
            WriteFormat::PcapNs => {
                self.pcap_header(timestamp, timestamp.nanos, length, original_len)
            }
            WriteFormat::PcapNg { resolution, offset } => {
                self.block_header(timestamp, resolution, offset, length, original_len);
            }
        }
        for piece in pieces {
            self.buffer.extend_from_slice(piece);
        }
        if let WriteFormat::PcapNg { .. } = self.options.format {
            let padding = length.next_multiple_of(4) - length;
            self.buffer.extend_from_slice(&[0; 3][..padding]);
            self.buffer
                .extend_from_slice(&self.options.byte_order.u32(block_length(length)));
        }
        if self.buffer.len() >= BUFFER {
            self.drain()?;
        }
        Ok(())
    }

    #[inline]
    fn pcap_header(
        &mut self,
        timestamp: &Timestamp,
        fraction: u32,
        length: usize,
        original_len: u32,
    ) {
        let order = self.options.byte_order;
        let mut header = [0; 16];
        header[0..4].copy_from_slice(&order.u32(timestamp.seconds as u32));
        header[4..8].copy_from_slice(&order.u32(fraction));
        header[8..12].copy_from_slice(&order.u32(length as u32));
        header[12..16].copy_from_slice(&order.u32(original_len));
        self.buffer.extend_from_slice(&header);
    }

    fn block_header(
        &mut self,
        timestamp: &Timestamp,
        resolution: TsResolution,
        offset: i64,
        length: usize,
        original_len: u32,
    ) {
        let order = self.options.byte_order;
        let per_second = resolution.per_second();
        let fraction = u128::from(timestamp.nanos) * u128::from(per_second) / 1_000_000_000;
        let raw = timestamp
            .seconds
            .wrapping_sub(offset as u64)
            .wrapping_mul(per_second)
            .wrapping_add(fraction as u64);
        let fields = [
            6,
            block_length(length),
            0,
            (raw >> 32) as u32,
            raw as u32,
            length as u32,
            original_len,
        ];
        for field in fields {
            self.buffer.extend_from_slice(&order.u32(field));
        }
    }

    /// Packets written so far.
    #[must_use]
    pub fn packets_written(&self) -> u64 {
        self.packets
    }

    /// Writes buffered data and closes the capture.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn finish(mut self) -> Result<(), CaptureError> {
        self.drain()?;
        self.closed = true;
        let raised = self.raise_snaplen();
        raised
            .and_then(|()| self.sink.flush())
            .map_err(|source| self.unwritable(source))
    }

    fn raise_snaplen(&mut self) -> io::Result<()> {
        let is_pcap = matches!(self.options.format, WriteFormat::Pcap | WriteFormat::PcapNs);
        let Sink::File(file) = &mut self.sink else {
            return Ok(());
        };
        if !is_pcap || self.longest <= SNAPLEN as usize {
            return Ok(());
        }
        // A pipe or terminal opened by name cannot seek; its header stays as it is.
        if file.seek(SeekFrom::Start(PCAP_SNAPLEN_AT)).is_ok() {
            file.write_all(&self.options.byte_order.u32(self.longest as u32))?;
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn drain(&mut self) -> Result<(), CaptureError> {
        if self.closed {
            self.buffer.clear();
            return Err(self.unwritable(io::Error::other("an earlier write failed")));
        }
        let written = self.sink.write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(|source| {
            self.closed = true;
            self.unwritable(source)
        })
    }

    fn unwritable(&self, source: io::Error) -> CaptureError {
        CaptureError::Unwritable {
            file: self.name.clone(),
            source,
        }
    }

    #[cold]
    fn too_long(&self, length: usize) -> CaptureError {
        CaptureError::TooLong {
            file: self.name.clone(),
            packet: self.packets + 1,
            length: length as u64,
        }
    }
}

impl Drop for CaptureWriter<'_> {
    fn drop(&mut self) {
        if !self.closed {
            // A failure can no longer be reported here; callers who care use `finish`.
            let _ = self.drain();
        }
    }
}

/// Length of an Enhanced Packet Block without options.
fn block_length(captured: usize) -> u32 {
    32 + captured.next_multiple_of(4) as u32
}

fn file_header(out: &mut Vec<u8>, options: WriteOptions) {
    let order = options.byte_order;
    match options.format {
        WriteFormat::Pcap => pcap_file_header(out, order, 0xA1B2_C3D4),
        WriteFormat::PcapNs => pcap_file_header(out, order, 0xA1B2_3C4D),
        WriteFormat::PcapNg { resolution, offset } => {
            pcapng_file_header(out, order, resolution, offset)
        }
    }
}

fn pcap_file_header(out: &mut Vec<u8>, order: ByteOrder, magic: u32) {
    out.extend_from_slice(&order.u32(magic));
    out.extend_from_slice(&order.u16(2));
    out.extend_from_slice(&order.u16(4));
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&order.u32(SNAPLEN));
    out.extend_from_slice(&order.u32(1));
}

fn pcapng_file_header(out: &mut Vec<u8>, order: ByteOrder, resolution: TsResolution, offset: i64) {
    // Section header: byte-order magic, version 1.0, length of the section unknown.
    for field in [0x0A0D_0D0A, 28, 0x1A2B_3C4D] {
        out.extend_from_slice(&order.u32(field));
    }
    out.extend_from_slice(&order.u16(1));
    out.extend_from_slice(&order.u16(0));
    out.extend_from_slice(&order.u64(u64::MAX));
    out.extend_from_slice(&order.u32(28));

    // Interface description: Ethernet, no snap length.
    let mut options = Vec::with_capacity(24);
    options.extend_from_slice(&order.u16(9));
    options.extend_from_slice(&order.u16(1));
    options.extend_from_slice(&[resolution.option(), 0, 0, 0]);
    if offset != 0 {
        options.extend_from_slice(&order.u16(14));
        options.extend_from_slice(&order.u16(8));
        options.extend_from_slice(&order.u64(offset as u64));
    }
    options.extend_from_slice(&[0; 4]);
    let length = order.u32(20 + options.len() as u32);
    out.extend_from_slice(&order.u32(1));
    out.extend_from_slice(&length);
    out.extend_from_slice(&order.u16(1));
    out.extend_from_slice(&[0; 6]);
    out.extend_from_slice(&options);
    out.extend_from_slice(&length);
}
