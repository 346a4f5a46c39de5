//! Running a program and keeping its output.

use std::process::{Command, Output};

use super::BuildError;

/// Largest number of characters of a program's output that an error quotes.
const MAX_WORDS: usize = 4_000;

/// Runs a program to its end.
pub(super) fn run(command: &mut Command) -> Result<Output, BuildError> {
    command.output().map_err(|source| BuildError::Start {
        command: line(command),
        source,
    })
}

/// The command as one would type it.
pub(super) fn line(command: &Command) -> String {
    let quoted = |word: &std::ffi::OsStr| {
        let word = word.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+./,:%@".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(quoted)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The program's output, stderr first, cut in the middle if it is too long: the beginning names the cause and the end
/// the count.
pub(super) fn words(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let stdout = String::from_utf8_lossy(&output.stdout);
    if !stdout.trim().is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(stdout.trim());
    }
    if text.is_empty() {
        text = format!("it said nothing and ended with {}", output.status);
    }
    shorten(&text, MAX_WORDS)
}

fn shorten(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(limit * 3 / 4);
    let tail = text.ceil_char_boundary(text.len() - limit / 4);
    format!(
        "{}\n[… {} bytes left out …]\n{}",
        &text[..head],
        tail - head,
        &text[tail..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_can_be_pasted_into_a_shell() {
        let mut command = Command::new("c++");
        command.args(["-O3", "a b.cpp", "it's", ""]);
        assert_eq!(line(&command), r"c++ -O3 'a b.cpp' 'it'\''s' ''");
    }

    #[test]
    fn long_words_keep_head_and_tail() {
        let text = format!("first{}last", "é".repeat(500));
        let short = shorten(&text, 100);
        assert!(short.starts_with("first") && short.ends_with("last"));
        assert!(short.len() < 160);
        assert_eq!(shorten("few", 100), "few");
    }
}
