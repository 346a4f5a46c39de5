//! Progress on a terminal, silence elsewhere.

use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use scr_capture::CaptureReader;

use crate::terminal::Look;

/// Number of packets between two progress updates.
const STRIDE: u64 = 4096;

/// The progress of a piece of work.
///
/// Drawn on standard error, and only if that is a terminal.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Progress of `what` through a file of `total` bytes, if known.
    pub fn bytes(what: &'static str, total: Option<u64>) -> Self {
        match total {
            Some(_) => Self::new(
                what,
                total,
                "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
                "{msg} {percent} %",
            ),
            None => Self::new(
                what,
                total,
                "{msg} {spinner} {bytes} {bytes_per_sec}",
                "{msg} {bytes}",
            ),
        }
    }

    /// Progress of `what` through `total` of `unit`: `packets`, `rounds`.
    pub fn counted(what: &'static str, total: u64, unit: &'static str) -> Self {
        let wide = format!("{{msg}} {{wide_bar}} {{human_pos}}/{{human_len}} {unit}, {{eta}} left");
        Self::new(what, Some(total), &wide, "{msg} {percent} %")
    }

    /// Progress of `what` through `total` seconds. With 0 seconds there is still one round to finish.
    pub fn seconds(what: &'static str, total: u64) -> Self {
        match total {
            0 => Self::spinner(what),
            _ => Self::new(
                what,
                Some(total),
                "{msg} {wide_bar} {pos}/{len} s",
                "{msg} {percent} %",
            ),
        }
    }

    /// Progress of something of unknown length.
    pub fn spinner(what: impl Into<String>) -> Self {
        let template = "{spinner} {msg} {elapsed}";
        let progress = Self::new(what, None, template, template);
        if !progress.bar.is_hidden() {
            let bar = progress.bar.clone();
            // Without its thread, the spinner stands still.
            let _ = thread::Builder::new().spawn(move || {
                while !bar.is_finished() {
                    bar.tick();
                    thread::sleep(Duration::from_millis(100));
                }
            });
        }
        progress
    }

    fn new(what: impl Into<String>, total: Option<u64>, wide: &str, narrow: &str) -> Self {
        let look = Look::of_stderr();
        let target = match look {
            Some(_) => ProgressDrawTarget::stderr_with_hz(10),
            None => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = match look {
            Some(look) if !look.is_wide() => narrow,
            _ => wide,
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(match look {
                Some(Look { unicode: false, .. }) => {
                    style.progress_chars("#> ").tick_chars("|/-\\ ")
                }
                _ => style,
            });
        }
        bar.set_message(what.into());
        Self { bar }
    }

    /// Shows the current activity, in place of the previous text. Terminals only.
    pub fn say(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// Prints a line on standard error, terminal or not.
    pub fn note(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// Sets the amount done.
    pub fn set(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// Sets the progress to the position of `reader`.
    #[inline]
    pub fn at(&self, reader: &CaptureReader) {
        if reader.packets_read().is_multiple_of(STRIDE) {
            self.bar.set_position(reader.bytes_read());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
