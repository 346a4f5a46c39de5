//! The packets that passed, written to their capture by a separate thread.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use scr_capture::{CaptureError, CaptureWriter, WriteOptions};
use scr_nic::BoxError;
use scr_runtime::PacketSink;
use scr_runtime::device::PacketInfo;

use crate::error::{Error, Result};
use crate::output::Opened;

/// Number of bytes after which a chunk goes to the writing thread.
const CHUNK: usize = 256 << 10;

/// Largest number of chunks on their way to the writing thread.
const CHUNKS: usize = 4;

/// Packets in order, in one buffer.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Information on each packet, and the offset at which its bytes end.
    packets: Vec<(PacketInfo, usize)>,
}

/// Takes packets for the capture. Dropping it hands over the last chunk.
pub struct OutSink {
    full: SyncSender<Chunk>,
    spare: Receiver<Chunk>,
    chunk: Chunk,
}

/// The capture being written.
pub struct OutFile {
    thread: JoinHandle<std::result::Result<(), CaptureError>>,
}

/// Writes the capture to a file that was opened for it.
///
/// # Errors
///
/// If no thread can be started.
pub fn start(opened: Opened) -> Result<(OutSink, OutFile)> {
    let (full, chunks) = sync_channel(CHUNKS);
    let (spent, spare) = channel();
    let work = move || {
        let Opened { file, name } = opened;
        let mut writer = CaptureWriter::from_file(file, name, WriteOptions::default());
        write(&mut writer, &chunks, &spent)?;
        writer.finish()
    };
    let thread = thread::Builder::new()
        .spawn(work)
        .map_err(|error| Error::no_thread(&error))?;
    let sink = OutSink {
        full,
        spare,
        chunk: Chunk::default(),
    };
    Ok((sink, OutFile { thread }))
}

fn write(
    writer: &mut CaptureWriter<'_>,
    chunks: &Receiver<Chunk>,
    spent: &Sender<Chunk>,
) -> std::result::Result<(), CaptureError> {
    for mut chunk in chunks {
        let mut start = 0;
        for &(info, end) in &chunk.packets {
            writer.write(&info.timestamp, info.original_len, &chunk.bytes[start..end])?;
            start = end;
        }
        chunk.bytes.clear();
        chunk.packets.clear();
        // The receiver may be gone.
        let _ = spent.send(chunk);
    }
    Ok(())
}

impl OutSink {
    fn hand_over(&mut self) -> std::result::Result<(), BoxError> {
        let next = self.spare.try_recv().unwrap_or_default();
        let full = std::mem::replace(&mut self.chunk, next);
        self.full
            .send(full)
            .map_err(|_| "the capture of passed packets cannot be written".into())
    }
}

impl PacketSink for OutSink {
    fn packet(&mut self, info: &PacketInfo, bytes: &[u8]) -> std::result::Result<(), BoxError> {
        self.chunk.bytes.extend_from_slice(bytes);
        self.chunk.packets.push((*info, self.chunk.bytes.len()));
        if self.chunk.bytes.len() >= CHUNK || self.chunk.packets.len() >= CHUNK / 64 {
            self.hand_over()?;
        }
        Ok(())
    }
}

impl Drop for OutSink {
    fn drop(&mut self) {
        // If this fails, finishing the file reports the reason.
        let _ = self.hand_over();
    }
}

impl OutFile {
    /// Waits until everything is written. The sink must have been dropped.
    ///
    /// # Errors
    ///
    /// If the capture could not be written.
    pub fn finish(self) -> Result {
        match self.thread.join() {
            Ok(written) => Ok(written?),
            Err(_) => Err(stopped()),
        }
    }
}

fn stopped() -> Error {
    Error::check(
        "--out: the writing thread stopped unexpectedly",
        "this is a defect; please report it with the command line",
    )
}
