//! Writes the Verilog of a profile's sequencer to a folder: `emit PROFILE N WIDTH DIR`.
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mut config = scr_hdl::CoreConfig::new(scr_wire::Profile::by_name(&a[1]).unwrap());
    config.history = a[2].parse().unwrap();
    config.width = a[3].parse().unwrap();
    let e = match scr_hdl::emit(&config) { Ok(e) => e, Err(e) => { eprintln!("{e}"); std::process::exit(1) } };
    std::fs::create_dir_all(&a[4]).unwrap();
    for (n, t) in &e.files { std::fs::write(format!("{}/{n}", a[4]), t).unwrap(); }
}
