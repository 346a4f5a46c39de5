//! The tools that models are built with, and where models are kept: every Verilator with every compiler, `scr doctor`, and
//! caches that cannot be used.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::args;
use crate::machine::as_root;
use crate::run::{command, data_file, run, scr};

const SCR: &str = env!("CARGO_BIN_EXE_scr");

/// The Verilator of the distribution, and the newest one that is tested with.
fn verilators() -> [OsString; 2] {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/verilator-newest");
    // It is kept where it always is, not where a test keeps models.
    let found = Command::new(script).output().unwrap();
    assert!(found.status.success(), "{found:?}");
    let newest = String::from_utf8(found.stdout).unwrap();
    ["verilator".into(), newest.trim().into()]
}

/// `scr doctor --json`, which builds and runs a small model, with a cache in `folder`.
fn doctor(folder: &Path) -> Command {
    let mut doctor = command(["doctor", "--json"]);
    doctor.env("SCR_CACHE_DIR", folder.join("cache"));
    for variable in ["VERILATOR", "CXX"] {
        doctor.env_remove(variable);
    }
    doctor
}

#[track_caller]
fn built(found: &Value) {
    let nic = &found["nic_sim"];
    assert_eq!(nic["simulator"], "verilator", "{found}");
    assert!(nic["model_seconds"].as_f64().unwrap() > 0.0, "{found}");
}

fn tool<'a>(found: &'a Value, name: &str) -> &'a Value {
    let mut tools = found["tools"].as_array().unwrap().iter();
    tools.find(|tool| tool["name"] == name).unwrap()
}

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Where a program of this name is.
fn which(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(name));
    places
        .find(|place| place.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed"))
}

#[test]
fn every_verilator_with_every_compiler() {
    for verilator in verilators() {
        for compiler in ["g++", "clang++"] {
            let mut cosim = command(["cosim", "--random", "1000", "--json"]);
            cosim.env("VERILATOR", &verilator).env("CXX", compiler);
            let report = run(&mut cosim).ok().json();
            assert!(report["mismatch"].is_null(), "{report}");
            assert_eq!(report["packets"], 1000, "{report}");
        }
    }
}

#[test]
fn the_newest_verilator_writes_waveforms() {
    let folder = tempfile::tempdir().unwrap();
    let [_, newest] = verilators();
    let wave = folder.path().join("wave.fst");
    let mut replay = command(args![
        "replay",
        data_file("mix-us.pcap"),
        "--nic",
        "verilator",
        "--trace",
        &wave
    ]);
    run(replay.env("VERILATOR", newest)).ok();
    assert!(wave.metadata().unwrap().len() > 1000);
}

#[test]
fn each_compiler_of_the_list_is_found_when_it_is_the_only_one() {
    for name in ["g++", "c++", "clang++"] {
        // Always the same folder, for compiled files are found again only for a compiler at the same place.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("only {name}"));
        fs::create_dir_all(folder.join("bin")).unwrap();
        for program in ["verilator", "perl", "as", "ld", name] {
            let link = folder.join("bin").join(program);
            if !link.is_symlink() {
                symlink(which(program), link).unwrap();
            }
        }
        let mut doctor = doctor(&folder);
        let found = run(doctor.env("PATH", folder.join("bin"))).ok().json();
        built(&found);
        let compiler = tool(&found, "c++");
        assert_eq!(
            compiler["path"],
            folder.join("bin").join(name).to_str().unwrap()
        );
    }
}

#[test]
fn variables_are_command_lines() {
    let folder = tempfile::tempdir().unwrap();
    let spaced = folder.path().join("my tools/the compiler");
    script(&spaced, r#"echo "$@" >>"$0.log"; exec g++ "$@""#);
    let with = |compiler: &str| {
        let mut doctor = doctor(folder.path());
        doctor
            .env("CXX", compiler)
            .env("CCACHE_DIR", folder.path().join("ccache"));
        doctor
    };
    built(&run(&mut with("ccache g++ -m64")).ok().json());
    let quoted = format!("'{}' -m64 '-DNOTE=a b'", spaced.display());
    built(&run(&mut with(&quoted)).ok().json());
    let log = fs::read_to_string(folder.path().join("my tools/the compiler.log")).unwrap();
    assert!(
        log.lines().all(|line| line.starts_with("-m64 -DNOTE=a b")),
        "{log}"
    );
    // A file of the whole name needs no quotation marks.
    let mut whole = with(spaced.to_str().unwrap());
    let found = run(whole.arg("--quick")).ok().json();
    assert_eq!(tool(&found, "c++")["path"], spaced.to_str().unwrap());

    let fails = |compiler: &str, said: &[&str]| {
        let mut cosim = command(["cosim", "--random", "1"]);
        run(cosim.env("CXX", compiler)).fails(2, said);
        let found = run(with(compiler).arg("--quick")).ok().json();
        assert!(!tool(&found, "c++")["problem"].is_null(), "{found}");
    };
    fails("absent -x", &["$CXX names absent", "help: Name a program"]);
    fails(
        "g++ 'x",
        &["$CXX is no command line", "help: Quote as for a shell"],
    );
    fails("sh -c 'exit 3'", &["does not work"]);
}

#[test]
fn relative_names_are_resolved_once() {
    let folder = tempfile::tempdir().unwrap();
    let wrapped = |name: &str| format!("exec {} \"$@\"", which(name).display());
    script(&folder.path().join("v"), &wrapped("verilator"));
    script(&folder.path().join("tools/g++"), &wrapped("g++"));
    let path = std::env::var("PATH").unwrap();
    let mut doctor = doctor(folder.path());
    doctor
        .current_dir(folder.path())
        .env("VERILATOR", "./v")
        .env("PATH", format!("tools:{path}"))
        .env("SCR_CACHE_DIR", "relative cache");
    let found = run(&mut doctor).ok().json();
    built(&found);
    let base = folder.path();
    assert_eq!(
        tool(&found, "verilator")["path"],
        base.join("v").to_str().unwrap()
    );
    assert_eq!(
        tool(&found, "c++")["path"],
        base.join("tools/g++").to_str().unwrap()
    );
    assert!(base.join("relative cache").is_dir());
}

#[test]
fn doctor_says_what_a_replay_would() {
    let folder = tempfile::tempdir().unwrap();
    // The compiler answers, and cannot compile.
    let broken = folder.path().join("broken");
    script(
        &broken,
        "[ \"$1\" = --version ] && exec echo 1.0\necho out of ideas >&2; exit 3",
    );
    let mut doctor = doctor(folder.path());
    let ran = run(doctor.env("CXX", &broken));
    assert_eq!(ran.status, 1, "{ran:?}");
    let found = ran.json();
    assert_eq!(tool(&found, "c++")["version"], "1.0");
    assert!(found["nic_sim"]["simulator"].is_null(), "{found}");
    assert!(ran.stderr.contains("out of ideas"), "{ran:?}");
    let quick = run(doctor.arg("--quick")).ok().json();
    assert_eq!(quick["nic_sim"]["simulator"], "verilator");

    // Without a Verilator there is the other simulator, which is no failure.
    let mut doctor = command(["doctor", "--json"]);
    let found = run(doctor.env("VERILATOR", "/nonexistent/verilator"))
        .ok()
        .json();
    assert_eq!(found["nic_sim"]["simulator"], "rust-hdl");
    assert!(
        found["nic_sim"]["reason"]
            .as_str()
            .unwrap()
            .contains("/nonexistent")
    );
    let shown = run(command(["doctor"]).env("VERILATOR", "/nonexistent/verilator")).ok();
    assert!(
        shown.stdout.contains("uses rust-hdl's simulator here"),
        "{shown:?}"
    );

    // What it says of sby is what scripts/prove does.
    let shown = scr(["doctor", "--quick"]).ok().stdout;
    assert!(shown.contains("scripts/prove, do without"), "{shown}");
    let prove = include_str!("../../../scripts/prove");
    assert!(!prove.contains("sby") && prove.contains("yosys-smtbmc"));
}

#[test]
fn code_is_loaded_only_from_where_nobody_else_can_put_it() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    fs::create_dir(&cache).unwrap();
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o770)).unwrap();
    let refused = || {
        let mut cosim = command(["cosim", "--random", "1"]);
        run(cosim.env("SCR_CACHE_DIR", &cache))
    };
    let ran = refused();
    let path = cache.canonicalize().unwrap();
    let said = format!("others may write to {}", path.display());
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains(&said), "{ran:?}");
    let mut doctor = doctor(folder.path());
    let told = run(&mut doctor);
    assert_eq!(told.status, 1);
    assert!(
        told.stderr.contains(&said),
        "doctor says the same: {told:?}"
    );
    assert_eq!(
        fs::read_dir(&cache).unwrap().count(),
        0,
        "nothing was made there"
    );
    // The remedy, as it stands.
    let remedy = ran.stderr.split('`').nth(1).unwrap();
    assert!(remedy.starts_with("chmod go-w "), "{remedy}");
    assert!(
        Command::new("sh")
            .args(["-c", remedy])
            .status()
            .unwrap()
            .success()
    );
    built(&run(&mut doctor).ok().json());

    // Root can give it to somebody else; everybody else finds one of root's.
    let not_mine = match fs::metadata("/proc/self").unwrap().uid() {
        0 => {
            chown(&cache, Some(65534), None).unwrap();
            cache.clone()
        }
        _ => "/usr".into(),
    };
    let mut cosim = command(["cosim", "--random", "1"]);
    run(cosim.env("SCR_CACHE_DIR", not_mine)).fails(
        2,
        &[
            "belongs to another user",
            "help: Name a directory of your own",
        ],
    );
}

#[test]
fn without_a_home_or_room_models_are_kept_for_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let note = "note: models are kept only for this run: ";
    let private = |doctor: &mut Command, why: &str| {
        let ran = run(doctor.env("TMPDIR", &temporary)).ok();
        assert_eq!(ran.stderr.matches(note).count(), 1, "{ran:?}");
        assert!(
            ran.stderr.contains(why) && ran.stderr.contains("$SCR_CACHE_DIR"),
            "{ran:?}"
        );
        let found = ran.json();
        built(&found);
        let cache = found["nic_sim"]["cache"].as_str().unwrap();
        assert!(
            Path::new(cache).starts_with(temporary.canonicalize().unwrap()),
            "{cache}"
        );
        assert_eq!(
            fs::read_dir(&temporary).unwrap().count(),
            0,
            "nothing is left"
        );
    };
    let mut homeless = doctor(folder.path());
    homeless
        .env_remove("SCR_CACHE_DIR")
        .env_remove("XDG_CACHE_HOME")
        .env("HOME", "/nonexistent");
    private(&mut homeless, "there is no home directory");
    assert!(!Path::new("/nonexistent").exists());
    // Nothing can be made in /proc, not even by root.
    let mut unwritable = doctor(folder.path());
    private(
        unwritable.env("SCR_CACHE_DIR", "/proc/models"),
        "cannot create /proc/models",
    );
}

#[test]
fn a_full_cache_is_left_and_one_without_exec_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o "mode=700,$2" tmpfs "$0"
        SCR_CACHE_DIR="$0" exec "$1" doctor --json"#;
    let mounted = |options: &str| as_root(script, args![folder.path(), SCR, options]);
    let full = mounted("size=300k").ok();
    built(&full.json());
    assert!(
        full.stderr.contains("models are kept only for this run"),
        "{full:?}"
    );

    let refused = mounted("noexec");
    assert_eq!(refused.status, 1, "{refused:?}");
    let said = [
        "failed to map segment",
        "mounted without `exec`",
        "$SCR_CACHE_DIR",
    ];
    assert!(
        said.iter().all(|part| refused.stderr.contains(part)),
        "{refused:?}"
    );
    assert!(!refused.stderr.contains("/proc/self/fd"), "{refused:?}");
    // The remedy.
    built(&mounted("exec").ok().json());
}

#[test]
fn without_locks_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (source, library) = (
        folder.path().join("flock.c"),
        folder.path().join("flock.so"),
    );
    let marker = folder.path().join("called");
    let text = format!(
        "#include <errno.h>\n#include <fcntl.h>\n\
         int flock(int fd, int how) {{ open(\"{}\", O_CREAT, 0600); errno = ENOLCK; return -1; }}\n",
        marker.display()
    );
    fs::write(&source, text).unwrap();
    let compiled = Command::new("g++")
        .args(["-x", "c", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status()
        .unwrap();
    assert!(compiled.success());
    let mut doctor = doctor(folder.path());
    built(&run(doctor.env("LD_PRELOAD", &library)).ok().json());
    assert!(marker.exists(), "locks were asked for");
}
