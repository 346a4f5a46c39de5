//! The example of a function of one's own runs.

#[path = "../../examples/own_function/main.rs"]
mod own_function;

#[test]
fn the_example_runs() {
    own_function::main().unwrap();
}
