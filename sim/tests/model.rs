//! Building, caching and loading Verilator models.

mod common;

use std::fs;
use std::path::Path;

use common::{WIDTHS, edges, input, shared_builder, widths};
use scr_hdl::Dut;
use scr_sim::build::{BuildError, BuildStep, ModelBuilder, TraceFormat};
use scr_sim::verilator::LoadError;

fn steps(builder: &ModelBuilder, text: &common::Text) -> Vec<BuildStep> {
    let mut steps = Vec::new();
    builder
        .build(&text.design(), &mut |step| steps.push(step))
        .unwrap();
    steps
}

fn entry(dir: &Path, suffix: &str) -> std::path::PathBuf {
    fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.to_string_lossy().ends_with(suffix))
        .unwrap()
}

/// An empty cache, but for Verilator's compiled run-time library, which takes long.
fn fresh_cache() -> tempfile::TempDir {
    let shared = shared_builder();
    widths().build(&shared);
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(shared.cache().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "o") {
            fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    dir
}

#[test]
fn ports_of_every_width_carry_every_bit() {
    let mut model = widths().build(&shared_builder()).instance().unwrap();
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..200 {
        let mut expected = Vec::new();
        for bits in WIDTHS {
            let (from, to) = (
                model.port(&format!("in_{bits}")).unwrap(),
                model.port(&format!("out_{bits}")).unwrap(),
            );
            let bytes = bits.div_ceil(8);
            // Bits above the width are set too, and must not matter.
            let mut value: Vec<u8> = (0..bytes).map(|_| rng.u8(..)).collect();
            model.set(from, &value);
            for byte in &mut value {
                *byte = !*byte;
            }
            value[bytes - 1] &= 0xff >> (bytes * 8 - bits);
            expected.push((to, value));
        }
        model.tick();
        for (to, value) in expected {
            let mut got = vec![0; value.len()];
            model.get(to, &mut got);
            assert_eq!(got, value, "{}", model.ports()[to].name);
        }
    }
}

#[test]
fn a_design_that_needs_falling_edges_has_them() {
    let mut model = edges().build(&shared_builder()).instance().unwrap();
    for ticks in 1..=3 {
        model.tick();
        let count = |name: &str| {
            let mut value = [0];
            model.get(model.port(name).unwrap(), &mut value);
            value[0]
        };
        // The clock is low at the start, so the first cycle has no falling edge.
        assert_eq!((count("rises"), count("falls")), (ticks, ticks - 1));
    }
}

#[test]
fn models_move_between_threads_and_do_not_share_state() {
    let library = widths().build(&shared_builder());
    let threads: Vec<_> = (0..4u8)
        .map(|n| {
            let mut model = library.instance().unwrap();
            std::thread::spawn(move || {
                let (from, to) = (model.port("in_8").unwrap(), model.port("out_8").unwrap());
                for i in 0..10_000u32 {
                    let value = (i as u8).wrapping_mul(n + 1);
                    model.set(from, &[value]);
                    model.tick();
                    let mut got = [0];
                    model.get(to, &mut got);
                    assert_eq!(got, [!value]);
                }
                model
            })
        })
        .collect();
    for thread in threads {
        drop(thread.join().unwrap());
    }
}

#[test]
#[should_panic(expected = "port clk takes no 1 bytes")]
fn the_clock_is_not_settable() {
    let mut model = widths().build(&shared_builder()).instance().unwrap();
    model.set(0, &[1]);
}

#[test]
#[should_panic(expected = "port out_9 has 2 bytes, not 1")]
fn lengths_are_checked() {
    let model = widths().build(&shared_builder()).instance().unwrap();
    model.get(model.port("out_9").unwrap(), &mut [0]);
}

#[test]
fn models_are_built_once_and_damaged_ones_again() {
    let dir = fresh_cache();
    let builder = ModelBuilder::new().cache_dir(dir.path());
    let first = steps(&builder, &widths());
    assert_eq!(first[0], BuildStep::Verilating);
    assert!(matches!(first[1], BuildStep::Compiling { done: 0, .. }));
    assert_eq!(first.last(), Some(&BuildStep::Linking));
    assert_eq!(steps(&builder, &widths()), [BuildStep::Cached]);

    // A half-written entry.
    let path = entry(dir.path(), ".so");
    let good = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, &good[..good.len() / 2]).unwrap();
    let again = steps(&builder, &widths());
    assert_eq!(again[0], BuildStep::Verilating);
    assert_eq!(steps(&builder, &widths()), [BuildStep::Cached]);

    // Another text is another model, and finds Verilator's run-time library compiled.
    let mut other = widths();
    other.sources[0].text += "// another\n";
    assert_eq!(steps(&builder, &other)[0], BuildStep::Verilating);
}

#[test]
fn sealed_files_that_are_no_models_are_built_again() {
    use sha2::{Digest, Sha256};
    let dir = fresh_cache();
    let model = widths().build(&shared_builder());
    let path = dir.path().join(model.path().file_name().unwrap());
    let body = b"not a library";
    let mut file = body.to_vec();
    file.extend_from_slice(&Sha256::digest(body));
    file.extend_from_slice(b"SCRSEAL1");
    fs::write(&path, file).unwrap();
    let again = steps(&ModelBuilder::new().cache_dir(dir.path()), &widths());
    assert_eq!(again.last(), Some(&BuildStep::Linking));
    assert!(!again.contains(&BuildStep::Cached));
}

#[test]
fn concurrent_builders_build_once() {
    let dir = fresh_cache();
    let built: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let builder = ModelBuilder::new().cache_dir(dir.path());
                    let steps = steps(&builder, &widths());
                    steps.contains(&BuildStep::Linking) as usize
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(built, 1);
}

#[test]
fn port_lists_must_be_those_of_the_verilog() {
    let fails = |change: fn(&mut common::Text)| {
        let mut text = widths();
        change(&mut text);
        match shared_builder().build(&text.design(), &mut |_| {}) {
            Err(BuildError::Load(LoadError::Ports(words))) => words,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        fails(|t| t.ports[21].bits = 511),
        "in_512 is an input of 512 bits in the Verilog and an input of 511 bits in the list"
    );
    assert_eq!(
        fails(|t| t.ports.swap_remove(1).bits = 0),
        "the list lacks the Verilog's port in_1"
    );
    assert_eq!(
        fails(|t| t.ports.push(input("more", 3))),
        "the Verilog has no port more"
    );
}

#[test]
fn syntax_errors_come_in_verilators_words() {
    let mut text = widths();
    text.sources[0].text = text.sources[0].text.replace("endmodule", "endmoodule");
    let error = shared_builder()
        .build(&text.design(), &mut |_| {})
        .unwrap_err();
    assert!(matches!(error, BuildError::Verilator { .. }));
    let words = error.to_string();
    assert!(words.contains("widths.v:"), "{words}");
    assert!(words.contains("syntax error"), "{words}");
    assert!(words.contains(" --cc -O3 "), "{words}");
}

#[test]
fn missing_programs_are_named_with_their_remedy() {
    let text = widths();
    let fails = |builder: ModelBuilder| {
        let error = builder.build(&text.design(), &mut |_| {}).unwrap_err();
        assert!(matches!(error, BuildError::Missing { .. }), "{error}");
        error.to_string()
    };
    let words = fails(shared_builder().verilator("/nonexistent/verilator"));
    assert!(words.starts_with("Verilator was not found"), "{words}");
    assert!(words.contains("apt-get install verilator g++"), "{words}");
    let words = fails(shared_builder().compiler("/nonexistent/g++"));
    assert!(words.starts_with("a C++ compiler was not found"), "{words}");
}

#[test]
fn broken_compilers_are_quoted() {
    let dir = tempfile::tempdir().unwrap();
    let compiler = dir.path().join("broken");
    fs::write(
        &compiler,
        "#!/bin/sh\n[ \"$1\" = --version ] && exit\necho out of ideas >&2\nexit 3\n",
    )
    .unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&compiler, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let error = ModelBuilder::new()
        .cache_dir(dir.path().join("cache"))
        .compiler(&compiler)
        .build(&widths().design(), &mut |_| {})
        .unwrap_err();
    assert!(matches!(error, BuildError::Compiler { .. }), "{error}");
    assert!(error.to_string().contains("out of ideas"), "{error}");
}

#[test]
fn a_clock_is_needed() {
    let text = common::Text {
        sources: vec![scr_sim::build::Source {
            name: "wire.v".into(),
            text: "module just_a_wire(input a, output b); assign b = a; endmodule\n".into(),
        }],
        top: "just_a_wire",
        ports: vec![input("a", 1), common::output("b", 1)],
    };
    let error = shared_builder()
        .build(&text.design(), &mut |_| {})
        .unwrap_err();
    assert!(matches!(error, BuildError::NoClock { .. }), "{error}");
}

#[test]
fn lint_repeats_what_verilator_says() {
    let builder = shared_builder();
    let clean = widths();
    assert_eq!(builder.lint(&clean.sources, clean.top).unwrap(), "");
    let mut latch = widths();
    latch.sources[0].text = latch.sources[0].text.replace(
        "endmodule",
        "reg l; always @* if (in_1) l = in_8[0];\nendmodule",
    );
    let words = builder.lint(&latch.sources, latch.top).unwrap();
    assert!(words.contains("LATCH"), "{words}");
    let mut wire = widths();
    wire.sources[0].text = wire.sources[0].text.replacen(
        "    reg value_1;",
        "    reg value_1; wire nobody = in_1;",
        1,
    );
    let words = builder.lint(&wire.sources, wire.top).unwrap();
    assert!(words.contains("not used: 'nobody'"), "{words}");

    let words = builder.lint(&clean.sources, "absent").unwrap();
    assert!(words.contains("absent"), "{words}");

    // What lint objects to does not stop a build, but is reported.
    let mut warned = false;
    builder
        .build(&latch.design(), &mut |step| {
            warned |= matches!(step, BuildStep::Warned(words) if words.contains("LATCH"));
        })
        .unwrap();
}

#[test]
fn waveforms_on_request() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["wave.fst", "wave.vcd"] {
        let path = dir.path().join(name);
        let library = widths().build(&shared_builder().trace(TraceFormat::of(&path)));
        let mut model = library.instance_traced(&path).unwrap();
        let port = model.port("in_8").unwrap();
        for i in 0..100 {
            model.set(port, &[i]);
            model.tick();
        }
        model.flush();
        let waveform = model.waveform().unwrap();
        drop(model);
        waveform.finished().unwrap();
        let wave = fs::read(&path).unwrap();
        assert!(wave.len() > 500, "{name}: {} bytes", wave.len());
        if name.ends_with("vcd") {
            let text = String::from_utf8(wave).unwrap();
            assert!(text.contains("value_512") && text.contains("#400000"));
        }
        let error = library
            .instance_traced(Path::new("/nonexistent/x.fst"))
            .unwrap_err();
        assert!(error.to_string().contains("cannot be opened"), "{error}");
    }
    // A volume that is full.
    let library = widths().build(&shared_builder().trace(TraceFormat::Vcd));
    let mut model = library.instance_traced(Path::new("/dev/full")).unwrap();
    for _ in 0..100_000 {
        model.tick();
    }
    let waveform = model.waveform().unwrap();
    drop(model);
    let error = waveform.finished().unwrap_err();
    assert!(error.to_string().contains("/dev/full"), "{error}");

    let fast = widths().build(&shared_builder());
    let error = fast
        .instance_traced(&dir.path().join("none.fst"))
        .unwrap_err();
    assert!(error.to_string().contains("without tracing"), "{error}");
}
