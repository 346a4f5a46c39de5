//! Progress on a terminal, silence elsewhere.

use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use scr_capture::CaptureReader;

/// Packets between two looks at the progress.
const STRIDE: u64 = 4096;

/// How far a piece of work has got.
///
/// Drawn on standard error, and only where that is a terminal.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Progress of `what` through a file of `total` bytes, where that is known.
    pub fn bytes(what: &'static str, total: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10));
        let template = match total {
            Some(_) => "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
            None => "{msg} {spinner} {bytes} {bytes_per_sec}",
        };
        Self::styled(bar, template, what)
    }

    /// Progress of `what` through `total` packets.
    pub fn packets(what: &'static str, total: u64) -> Self {
        let bar =
            ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
        let template = "{msg} {wide_bar} {human_pos}/{human_len} packets {per_sec} {eta} left";
        Self::styled(bar, template, what)
    }

    /// Something whose length nobody knows.
    pub fn spinner(what: impl Into<String>) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        let progress = Self::styled(bar, "{spinner} {msg} {elapsed}", what);
        if !progress.bar.is_hidden() {
            let bar = progress.bar.clone();
            // Without a thread for it, it stands still.
            let _ = thread::Builder::new().spawn(move || {
                while !bar.is_finished() {
                    bar.tick();
                    thread::sleep(Duration::from_millis(100));
                }
            });
        }
        progress
    }

    fn styled(bar: ProgressBar, template: &str, what: impl Into<String>) -> Self {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.into());
        Self { bar }
    }

    /// Says what is being done now, in place of what was said before. For terminals only.
    pub fn say(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// Leaves a line on standard error, terminal or not.
    pub fn note(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// Notes that this much is done.
    pub fn set(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// Notes where `reader` has got to.
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
