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
    let blocks = blocks(&page);
    let mut shown = 0;
    for block in &blocks {
        assert!(
            function.contains(block) || program.contains(block),
            "this block is not in the example:\n{block}"
        );
        shown += if function.contains(block) {
            block.lines().count()
        } else {
            0
        };
    }
    // Left out are the documentation, the imports, and the head of the implementation.
    let rest = function.lines().filter(|line| !line.is_empty()).count() - shown;
    assert!(
        rest < 45,
        "{rest} lines of the function are not on the page"
    );
    let line = "    ConnectionLimit(super::connection_limit::ConnectionLimit),\n";
    assert!(page.contains(line));
}
