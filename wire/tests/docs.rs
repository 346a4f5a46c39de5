//! `docs/wire-format.md` says what the code does.

use std::fs;
use std::path::Path;

use scr_wire::parse::Timestamp;
use scr_wire::registers::{self, Register};
use scr_wire::sequencer::{Config, Disposition, Sequencer};
use scr_wire::{Field, PassedBy, Profile, Rejection, Seq, profile};

const HEAD: [&str; 2] = ["| id | name | R | fields (bytes) |", "|---|---|---|---|"];

fn page() -> String {
    document("wire-format.md")
}

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between `<!-- name -->` and `<!-- /name -->`.
fn marked<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let (start, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let lines = page.lines().skip_while(|line| *line != start).skip(1);
    let lines: Vec<_> = lines.take_while(|line| *line != end).collect();
    assert!(!lines.is_empty(), "nothing is marked {name}");
    lines
}

/// The hexadecimal bytes that a line starts with.
fn bytes(line: &str) -> impl Iterator<Item = u8> {
    line.split_whitespace()
        .take_while(|word| word.len() == 2)
        .map_while(|word| u8::from_str_radix(word, 16).ok())
}

/// Ethernet, IPv4, TCP SYN from 10.0.0.`i`:1024+`i` to 10.0.1.1:80 with a total length of 40.
fn syn(i: u8) -> Vec<u8> {
    let mut frame = vec![0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0x00];
    frame.extend([0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0]);
    frame.extend([10, 0, 0, i, 10, 0, 1, 1]);
    frame.extend([
        4, i, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0, 0, 0, 0, 0, 0,
    ]);
    frame.resize(60, 0);
    frame
}

/// The table of registers between two marks of a page.
fn registers_are_current(page: &str, mark: &str, registers: &[Register]) {
    let head = [
        "| offset | name | access | bits | meaning |",
        "|---|---|---|---|---|",
    ];
    let rows: Vec<_> = registers.iter().map(ToString::to_string).collect();
    let rows = rows.iter().map(String::as_str);
    let expected: Vec<&str> = head.into_iter().chain(rows).collect();
    let page = document(page);
    let got = marked(&page, mark);
    assert_eq!(
        got,
        expected,
        "the table should be\n{}\n",
        expected.join("\n")
    );
}

#[test]
fn the_tables_of_registers_are_current() {
    registers_are_current("sequencer.md", "registers", &registers::MAP);
    let page = registers::shell::MAP;
    registers_are_current("shells/corundum.md", "registers", &page);
}

#[test]
fn the_table_of_profiles_is_current() {
    let rows = profile::BUILTIN.map(Profile::to_string);
    let expected: Vec<&str> = HEAD
        .into_iter()
        .chain(rows.iter().map(String::as_str))
        .collect();
    let page = page();
    let got = marked(&page, "profiles");
    assert_eq!(
        got,
        expected,
        "the table should be\n{}\n",
        expected.join("\n")
    );
}

#[test]
fn the_worked_example_is_what_the_sequencer_writes() {
    let page = page();
    let example: Vec<u8> = marked(&page, "example")
        .into_iter()
        .flat_map(bytes)
        .collect();
    let mut sequencer = Sequencer::new(&profile::FLOW, 64, Config::new(3, 1)).unwrap();
    let mut prefix = [0xff; 64];
    let last = [1, 2, 3].map(|i| sequencer.sequence(&syn(i), Timestamp::default(), &mut prefix))[2];
    let expected = Disposition::Sequenced {
        seq: Seq::new(2),
        core: 2,
        prefix_bytes: 64,
    };
    assert_eq!(last, expected);
    assert_eq!(example, prefix);
}

#[test]
fn every_field_and_every_rejection_is_there() {
    let page = page();
    let row = |start: &str| page.lines().any(|line| line.starts_with(start));
    for field in Field::ALL {
        let start = format!(
            "| `{}` | {} | `Field::{field:?}` |",
            field.name(),
            field.len()
        );
        assert!(row(&start), "{start}");
    }
    let reasons = |head: &str| -> Vec<&str> {
        page.lines()
            .skip_while(|line| !line.starts_with(head))
            .skip(2)
            .map_while(|line| line.strip_prefix("| `")?.split('`').next())
            .collect()
    };
    let rejections = reasons("| reason | the frame is rejected when |");
    assert_eq!(rejections, Rejection::ALL.map(Rejection::name));
    let mut passed_by = reasons("| reason | the frame |");
    let mut all = PassedBy::ALL.map(PassedBy::name);
    passed_by.sort_unstable();
    all.sort_unstable();
    assert_eq!(passed_by, all);
}
