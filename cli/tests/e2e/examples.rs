//! Every example of README.md and docs/cli.md that shows what it prints, run and compared with what it shows.
//!
//! An example is a block of kind `console`. A line that begins with `$ ` is a command, which the shell runs in a folder that has
//! `tests/data`; what follows is what it prints, on both outputs. Of figures that differ from run to run the text has `…`, which
//! stands for anything within a line.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::data;

/// A command and what it is said to print.
#[derive(Debug, Default, PartialEq)]
struct Example {
    command: String,
    printed: Vec<String>,
}

/// The examples of a page; those of one block follow each other in one folder.
fn blocks(page: &str) -> Vec<Vec<Example>> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line != "```console" {
            continue;
        }
        let mut examples: Vec<Example> = Vec::new();
        for line in lines.by_ref().take_while(|line| *line != "```") {
            match (line.strip_prefix("$ "), examples.last_mut()) {
                (Some(command), _) => examples.push(Example {
                    command: command.to_owned(),
                    printed: Vec::new(),
                }),
                (None, Some(example)) => example.printed.push(line.to_owned()),
                (None, None) => panic!("output before a command: {line}"),
            }
        }
        blocks.push(examples);
    }
    blocks
}

/// Whether a line is as shown.
fn is_like(shown: &str, line: &str) -> bool {
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    for (i, part) in parts.iter().enumerate() {
        if i + 1 == parts.len() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

#[test]
fn an_ellipsis_stands_for_any_text() {
    assert!(is_like("a … c", "a b c") && is_like("…", "x") && is_like("x", "x"));
    assert!(is_like("… s, … Mpps", "0.001 s, 12.3 Mpps"));
    assert!(!is_like("x", "xy") && !is_like("a … c", "a b d") && !is_like("a…b…c", "a c b"));
}

/// Runs a block, and returns how many commands it had.
fn run(page: &str, block: &[Example]) -> usize {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tests")).unwrap();
    let tests = folder.path().join("tests/data");
    std::os::unix::fs::symlink(fs::canonicalize(data()).unwrap(), tests).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_scr")).parent().unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(
        [program.to_owned()]
            .into_iter()
            .chain(env::split_paths(&path)),
    );
    let path = path.unwrap();
    for example in block {
        let printed = folder.path().join("printed");
        let both = File::create(&printed).unwrap();
        let status = Command::new("sh")
            .args(["-c", &example.command])
            .current_dir(folder.path())
            .env("PATH", &path)
            .stdin(Stdio::null())
            .stdout(both.try_clone().unwrap())
            .stderr(both)
            .status()
            .unwrap();
        let printed = fs::read_to_string(printed).unwrap();
        // Said once, where the model is in no cache yet.
        let building = |line: &&str| line.starts_with("building the Verilator model");
        let lines: Vec<&str> = printed.lines().filter(|line| !building(line)).collect();
        let alike = lines.len() == example.printed.len()
            && example
                .printed
                .iter()
                .zip(&lines)
                .all(|(shown, line)| is_like(shown, line));
        assert!(
            alike && status.success(),
            "{page}: $ {}\nshown:\n{}\n\nprinted ({status}):\n{printed}",
            example.command,
            example.printed.join("\n")
        );
    }
    block.len()
}

fn page(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(name);
    fs::read_to_string(path).unwrap()
}

#[test]
fn examples_print_what_they_show() {
    crate::hardware::must_verilate();
    let mut shown = String::new();
    for (name, fewest) in [("README.md", 5), ("docs/cli.md", 6)] {
        let text = page(name);
        let commands: usize = blocks(&text).iter().map(|block| run(name, block)).sum();
        assert!(commands >= fewest, "{name} has {commands} examples");
        shown += &text;
    }
    // What the pages are to show.
    for part in [
        " drop\n",
        "\"heavy\":true",
        " died (crash)",
        " cores, at ",
        "from peers' logs",
    ] {
        assert!(shown.contains(part), "no example shows {part:?}");
    }
}

/// The two commands that a reader finds first are these, and the first is the one whose output is shown.
#[test]
fn the_first_commands_come_first() {
    let readme = page("README.md");
    let commands: Vec<&str> = readme
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.lines().next())
        .collect();
    let first = "cargo run --release -- replay tests/data/mix.pcap --cores 4";
    assert_eq!(commands[..2], [first, "scripts/test"]);
    let shown = &blocks(&readme)[0][0];
    assert_eq!(
        shown.command,
        first.replace("cargo run --release --", "scr")
    );
}
