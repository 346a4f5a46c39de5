//! scr
fn main() {}
