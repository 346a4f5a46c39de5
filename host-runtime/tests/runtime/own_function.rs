//! The example of a function of one's own runs.

#[path = "../../examples/own_function/main.rs"]
mod example;

#[test]
fn the_example_runs() {
    example::main().unwrap();
}
