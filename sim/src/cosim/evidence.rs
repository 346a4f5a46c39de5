//! The evidence that a failed cosimulation leaves.

use std::fs;
use std::path::{Path, PathBuf};

use scr_capture::{CaptureError, CaptureWriter};

use super::config::CosimConfig;
use super::engine::run;
use super::mismatch::Mismatch;
use super::steps::Step;
use crate::verilator::{ModelLibrary, TraceError, WaveformError};

/// The files that describe a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The packets sent, up to the one whose frame was wrong.
    pub packets: PathBuf,
    /// The mismatch, the settings and all steps, as text.
    pub note: PathBuf,
    /// The waveform of the same run.
    pub waveform: Option<PathBuf>,
}

/// Why evidence could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The capture could not be written.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The note could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The waveform could not be started.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The waveform could not be written.
    #[error(transparent)]
    Waveform(#[from] WaveformError),
}

/// Writes the packets of a failed run as `NAME.pcap` and a note as `NAME.txt` into `directory`, and runs the steps once
/// more on `traced`, a model of the same block built with [tracing](crate::build::ModelBuilder::trace), for its
/// waveform `NAME.fst`.
///
/// # Errors
///
/// [`EvidenceError`].
pub fn keep_evidence(
    directory: &Path,
    name: &str,
    steps: &[Step],
    config: &CosimConfig,
    mismatch: &Mismatch,
    traced: Option<&ModelLibrary>,
) -> Result<Evidence, EvidenceError> {
    let write_error = |path: &Path| {
        let path = path.to_owned();
        move |source| EvidenceError::Write { path, source }
    };
    fs::create_dir_all(directory).map_err(write_error(directory))?;

    let packets = directory.join(format!("{name}.pcap"));
    let mut capture = CaptureWriter::create(&packets)?;
    let sent = steps.iter().filter_map(|step| match step {
        Step::Packet(packet) => Some(packet),
        _ => None,
    });
    for packet in sent.take(mismatch.packet as usize) {
        let time = scr_capture::Timestamp::new(packet.time.seconds.into(), packet.time.nanos);
        capture.write(&time, packet.bytes.len() as u32, &packet.bytes)?;
    }
    capture.finish()?;

    let note = directory.join(format!("{name}.txt"));
    let mut text = format!("{mismatch}\n\n{config:#?}\n\n");
    let mut number = 0;
    for step in steps {
        text += &match step {
            Step::Packet(packet) => {
                number += 1;
                format!("packet {number}: {} bytes\n", packet.bytes.len())
            }
            Step::Set(setting) => format!("set {setting:?}\n"),
            Step::Reset(cycles) => format!("reset for {cycles} cycles\n"),
            Step::Drain => "drain\n".to_owned(),
        };
        if number > mismatch.packet {
            break;
        }
    }
    fs::write(&note, text).map_err(write_error(&note))?;

    let waveform = match traced {
        None => None,
        Some(library) => {
            let path = directory.join(format!("{name}.fst"));
            let mut model = library.instance_traced(&path)?;
            // The run fails as before, and the waveform ends there.
            _ = run(&mut model, steps.iter().cloned(), config);
            let waveform = model.waveform();
            drop(model);
            waveform.map_or(Ok(()), |waveform| waveform.finished())?;
            Some(path)
        }
    };
    Ok(Evidence {
        packets,
        note,
        waveform,
    })
}
