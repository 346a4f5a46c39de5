//! Capabilities of the terminal on standard error, if there is one.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};

use terminal_size::{Width, terminal_size_of};

/// Number of columns from which messages are drawn and progress has a bar.
const WIDE: usize = 60;

/// The capabilities for drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Characters in a line.
    pub columns: usize,
    /// Whether characters beyond ASCII are shown.
    pub unicode: bool,
}

impl Look {
    /// The look of standard error: `None` if it is not a terminal, or one that cannot go back in a line (`TERM=dumb`).
    pub fn of_stderr() -> Option<Self> {
        let stderr = io::stderr();
        if !stderr.is_terminal() || is_dumb(env::var_os("TERM")) {
            return None;
        }
        let width = terminal_size_of(&stderr).map_or(80, |(Width(width), _)| width);
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
        Some(Self {
            // A terminal that does not know its size reports 0.
            columns: if width == 0 { 80 } else { width.into() },
            unicode: is_utf8(locale.as_deref()),
        })
    }

    /// Whether there is room for drawings.
    pub fn is_wide(self) -> bool {
        self.columns >= WIDE
    }
}

fn is_dumb(term: Option<OsString>) -> bool {
    term.is_none_or(|term| term.is_empty() || term == "dumb")
}

/// Whether the locale's character set is Unicode.
fn is_utf8(locale: Option<&str>) -> bool {
    locale.is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        name.contains("utf-8") || name.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_and_locales() {
        assert!(is_dumb(None) && is_dumb(Some("dumb".into())) && is_dumb(Some("".into())));
        assert!(!is_dumb(Some("xterm-256color".into())));
        assert!(is_utf8(Some("de_DE.UTF-8")) && is_utf8(Some("C.utf8")));
        assert!(!is_utf8(Some("C")) && !is_utf8(Some("en_US.ISO-8859-1")) && !is_utf8(None));
    }
}
