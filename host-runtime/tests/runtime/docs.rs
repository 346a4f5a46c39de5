//! Pages of the handbook that show code or tables of this crate say what the code says.

use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The blocks of Rust on a page.
fn blocks(page: &str) -> Vec<&str> {
    let starts = page.split("```rust\n").skip(1);
    starts
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

#[test]
fn the_page_on_writing_a_function_shows_the_example() {
    let page = read("../docs/write-a-function.md");
    let function = read("examples/own_function/connection_limit.rs");
    let program = read("examples/own_function/main.rs");
    let mut shown = String::new();
    for block in blocks(&page) {
        if function.contains(block) {
            shown.push_str(block);
        } else {
            assert!(program.contains(block), "not in the example:\n{block}");
        }
    }
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.is_empty());
        lines.map(str::to_owned).collect()
    };
    assert_eq!(lines(&shown), lines(&function), "the page shows it whole");
    let line = "    ConnectionLimit(crate::functions::connection_limit::ConnectionLimit),\n";
    assert!(page.contains(line));
}
