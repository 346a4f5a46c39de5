//! SIGINT (Ctrl-C) and SIGTERM: output in progress is completed at a packet boundary.
//!
//! A thread waits for the signals, so that nothing is done inside a handler. A command that writes calls [`came`]
//! between packets, and behaves as if its input had ended. The second signal, or the first if there is nothing to
//! complete, ends the program at once; unfinished files are removed.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use scr_capture::CaptureReader;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::{Error, Result};
use crate::output::staged;

/// The first signal that came, 0 if none did.
static CAME: AtomicI32 = AtomicI32::new(0);

/// Whether the command calls [`came`], so that the first signal need not end the program.
static ASKED: AtomicBool = AtomicBool::new(false);

/// Readable once a signal has come. None while nobody waits for signals.
static WAKE: OnceLock<PipeReader> = OnceLock::new();

/// From now on a signal ends the program and removes unfinished files.
///
/// # Errors
///
/// If no thread can be started to wait for signals.
pub fn watch() -> Result {
    static WATCHING: AtomicBool = AtomicBool::new(false);
    if WATCHING.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    let ignored = ignored();
    let signals: Vec<i32> = [SIGINT, SIGTERM]
        .into_iter()
        .filter(|signal| ignored >> (signal - 1) & 1 == 0)
        .collect();
    let started = io::pipe().and_then(|(reader, writer)| {
        let signals = Signals::new(&signals)?;
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || wait(signals, writer))?;
        Ok(reader)
    });
    match started {
        Ok(reader) => {
            // Called only once.
            let _ = WAKE.set(reader);
            Ok(())
        }
        Err(error) => Err(Error::no_thread(&error)),
    }
}

/// The signals ignored from outside, as under `nohup` or behind `&`: bit 0 is signal 1. They stay ignored.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

fn wait(mut signals: Signals, mut wake: PipeWriter) {
    for signal in signals.forever() {
        let first = CAME
            .compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok();
        if first && ASKED.load(Ordering::SeqCst) {
            // There is room in the pipe, and its other end stays open.
            let _ = wake.write_all(b"!");
            continue;
        }
        staged::remove_all();
        scr_sim::build::remove_private_cache();
        signal_hook::low_level::exit(status(signal));
    }
}

/// The exit status of a program that a signal has ended, as in a shell.
fn status(signal: i32) -> i32 {
    128 + signal
}

/// From now on the first signal only makes [`came`] true.
///
/// # Errors
///
/// As [`watch`].
pub fn ask() -> Result {
    watch()?;
    ASKED.store(true, Ordering::SeqCst);
    Ok(())
}

/// Whether a signal has come, so that it is time to finish.
#[inline]
pub fn came() -> bool {
    CAME.load(Ordering::Relaxed) != 0
}

/// The result of a command that has finished because a signal came.
///
/// # Errors
///
/// If one came: the exit status says so, and the message says that the output is complete up to that point.
pub fn ended(packets: u64) -> Result {
    match CAME.load(Ordering::SeqCst) {
        0 => Ok(()),
        signal => Err(Error::interrupted(status(signal) as u8, packets)),
    }
}

/// Opens the capture at `path`; `-` is standard input. A signal ends a wait for more data from a pipe.
///
/// # Errors
///
/// As [`CaptureReader::open`].
pub fn open(path: &Path) -> Result<CaptureReader> {
    let reader = if path == Path::new("-") {
        match io::stdin().as_fd().try_clone_to_owned() {
            Ok(stdin) => CaptureReader::from_read(Waiting::new(stdin), "standard input"),
            // Standard input is closed; reading it reports that.
            Err(_) => CaptureReader::open(path),
        }
    } else {
        let kind = path.metadata().map(|metadata| metadata.file_type());
        match kind {
            Ok(kind) if !kind.is_file() && !kind.is_dir() => match File::open(path) {
                Ok(file) => {
                    CaptureReader::from_read(Waiting::new(file.into()), path.display().to_string())
                }
                Err(_) => CaptureReader::open(path),
            },
            _ => CaptureReader::open(path),
        }
    };
    Ok(reader?)
}

/// A stream that ends if a signal comes while it has no data.
struct Waiting {
    file: File,
}

impl Waiting {
    fn new(file: OwnedFd) -> Self {
        Self { file: file.into() }
    }
}

impl Read for Waiting {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if let Some(wake) = WAKE.get() {
            let mut either = [
                PollFd::new(&self.file, PollFlags::IN),
                PollFd::new(wake, PollFlags::IN),
            ];
            loop {
                match poll(&mut either, None) {
                    Ok(_) => break,
                    Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if !either[1].revents().is_empty() {
                return Ok(0);
            }
        }
        self.file.read(bytes)
    }
}
