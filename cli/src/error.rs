//! Errors, what the user can do about them, and their exit status.

use std::env;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use scr_capture::CaptureError;

use crate::terminal::Look;

/// Result of a command.
pub type Result<T = ()> = std::result::Result<T, Error>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A check requested by the user has failed.
    Check,
    /// Bad usage or bad input.
    Bad,
    /// The reader of standard output has gone, so nobody is left to be told.
    ReaderGone,
    /// A signal came; the output is complete up to that point. The value is the exit status.
    Interrupted(u8),
}

/// A failure to be shown to the user.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    remedy: Option<String>,
}

impl Error {
    /// Bad usage or bad input, exit status 2. `message` names the culprit, `remedy` says what to do.
    pub fn bad(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            kind: Kind::Bad,
            message: message.into(),
            remedy: Some(remedy.into()),
        }
    }

    /// A failed check, exit status 1.
    pub fn check(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            kind: Kind::Check,
            ..Self::bad(message, remedy)
        }
    }

    /// Turns the error into a failed check.
    pub fn into_check(self) -> Self {
        Self {
            kind: Kind::Check,
            ..self
        }
    }

    /// No thread could be started.
    pub fn no_thread(source: &io::Error) -> Self {
        Self::bad(
            format!("a thread could not be started: {source}"),
            "raise the limits on processes (`ulimit -u`, or pids.max of the control group) and on memory (`ulimit -v`), or end other programs",
        )
    }

    /// A signal ended the command after this many packets, with this exit status.
    pub fn interrupted(status: u8, packets: u64) -> Self {
        Self {
            kind: Kind::Interrupted(status),
            ..Self::bad(
                format!("interrupted after {packets} packets"),
                "what was written ends there, at a whole packet; run the command again for the rest",
            )
        }
    }

    /// A failure to write standard output.
    pub fn stdout(error: io::Error) -> Self {
        Self::write("standard output", error)
    }

    /// A failure to write `file`.
    pub fn write(file: impl Into<String>, source: io::Error) -> Self {
        CaptureError::Unwritable {
            file: file.into(),
            source,
        }
        .into()
    }

    /// Prints the error on standard error and returns the exit status.
    pub fn report(&self) -> ExitCode {
        if self.kind == Kind::ReaderGone {
            return ExitCode::SUCCESS;
        }
        // If standard error cannot be written either, the exit status has to do.
        let _ = io::stderr().write_all(self.rendered(Look::of_stderr()).as_bytes());
        ExitCode::from(match self.kind {
            Kind::Check => 1,
            Kind::Interrupted(status) => status,
            _ => 2,
        })
    }

    fn rendered(&self, look: Option<Look>) -> String {
        let mut text = String::new();
        // Otherwise the two plain lines are better: a frame of other characters, or of many short lines, hides them.
        if let Some(look) = look.filter(|look| look.unicode && look.is_wide()) {
            let colourless = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let theme = match colourless {
                true => GraphicalTheme::unicode_nocolor(),
                false => GraphicalTheme::unicode(),
            };
            let handler = GraphicalReportHandler::new_themed(theme).with_width(look.columns);
            if handler.render_report(&mut text, self).is_ok() {
                return text;
            }
        }
        let mut text = format!("error: {}\n", self.message);
        if let Some(remedy) = &self.remedy {
            text += &format!("help: {remedy}\n");
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl Diagnostic for Error {
    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        let remedy = self.remedy.as_ref()?;
        Some(Box::new(remedy))
    }
}

impl From<CaptureError> for Error {
    fn from(error: CaptureError) -> Self {
        let kind = match &error {
            CaptureError::Unwritable { file, source }
                if file == "standard output" && source.kind() == io::ErrorKind::BrokenPipe =>
            {
                Kind::ReaderGone
            }
            _ => Kind::Bad,
        };
        Self {
            kind,
            message: error.to_string(),
            remedy: Some(error.remedy()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_has_message_and_remedy() {
        let error = Error::bad("x.pcap: packet 3: bad", "do better");
        assert_eq!(
            error.rendered(None),
            "error: x.pcap: packet 3: bad\nhelp: do better\n"
        );
        let plain = error.rendered(None);
        let look = |columns, unicode| Some(Look { columns, unicode });
        let graphical = error.rendered(look(80, true));
        assert!(graphical.contains("packet 3") && graphical.contains("do better"));
        assert_ne!(graphical, plain);
        // Narrow terminals and other character sets: nothing is drawn.
        for columns in [1, 20, 59] {
            assert_eq!(error.rendered(look(columns, true)), plain);
        }
        assert_eq!(error.rendered(look(80, false)), plain);
        error.rendered(look(usize::from(u16::MAX), true));
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let gone = Error::stdout(io::ErrorKind::BrokenPipe.into());
        assert_eq!(gone.kind, Kind::ReaderGone);
        let full = Error::stdout(io::ErrorKind::StorageFull.into());
        assert_eq!(full.kind, Kind::Bad);
        let pipe = Error::write("frames.pcap", io::ErrorKind::BrokenPipe.into());
        assert_eq!(pipe.kind, Kind::Bad);
    }
}
