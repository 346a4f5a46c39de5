//! A machine that has no memory, no threads or no room left.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::args;
use crate::run::{Ran, data_file, run};

/// Runs `scr` with a limit that `prlimit` sets.
fn limited(limit: &str, arguments: impl IntoIterator<Item = OsString>) -> Ran {
    let mut command = Command::new("prlimit");
    command.arg(limit).arg(env!("CARGO_BIN_EXE_scr"));
    run(command.args(arguments))
}

/// Runs a script as root, in a mount name space of its own; its arguments are from `$0` on.
pub fn as_root<S: AsRef<OsStr>>(script: &str, arguments: impl IntoIterator<Item = S>) -> Ran {
    let mut command = match fs::metadata("/proc/self").unwrap().uid() {
        0 => Command::new("unshare"),
        _ => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "--preserve-env", "unshare"]);
            sudo
        }
    };
    run(command
        .args(["-m", "sh", "-e", "-c", script])
        .args(arguments))
}

#[test]
fn without_memory_there_is_an_error_that_says_what_to_make_smaller() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcap");
    fs::write(&path, "old").unwrap();
    let limit = "--as=300000000";
    let generate = |flows: &str| {
        let trace = args!["trace", "gen", "--packets", "100", "--flows", flows];
        limited(limit, trace.into_iter().chain(args!["-o", &path]))
    };
    generate("16777216").fails(2, &["error: out of memory: ", "\nhelp: ", "--flows"]);
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    generate("1000").ok();

    let replay = |rows: &str| {
        let out = folder.path().join("out");
        let replay = args!["replay", data_file("mix.pcap"), "--nic", "model"];
        let logs = args!["--cores", "16", "--log-rows", rows, "--out", out];
        limited(limit, replay.into_iter().chain(logs))
    };
    replay("1048576").fails(2, &["error: out of memory: ", "\nhelp: ", "--log-rows"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    replay("1000").ok();
}

#[test]
fn without_threads_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let program = folder.path().join("scr");
    fs::copy(env!("CARGO_BIN_EXE_scr"), &program).unwrap();
    let input = folder.path().join("mix.pcap");
    fs::copy(data_file("mix.pcap"), &input).unwrap();
    // The limit does not bind root.
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let limited = |limit: &str, arguments: &[OsString]| {
        let mut command = Command::new("prlimit");
        command.args([limit, "--"]).arg(&program).args(arguments);
        if is_root {
            command.uid(65534).gid(65534);
        }
        run(&mut command)
    };
    let few = |arguments: &[OsString]| limited("--nproc=1", arguments);
    let output = folder.path().join("output");
    let said = ["a thread could not be started", "help: ", "ulimit -u"];
    few(&args!["sequence", &input, "-o", &output]).fails(2, &said);
    few(&args!["trace", "gen", "-o", &output]).fails(2, &said);
    few(&args!["replay", &input, "--nic", "model"]).fails(2, &said);
    few(&args!["replay", &input, "--nic", "model", "--out", &output]).fails(2, &said);
    // One for the program and one that waits for signals, none for workers.
    let replay = args!["replay", &input, "--nic", "model", "--out", &output];
    limited("--nproc=2", &replay).fails(2, &said);
    limited("--nproc=3", &replay).fails(2, &said);
    assert!(!output.exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    // What needs none works.
    few(&args!["decode", &input]).ok();
}

#[test]
fn a_full_volume_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=64k tmpfs "$0"
        echo old >"$0/x"
        "$1" sequence "$2" -o "$0/x" || echo "status $?"
        ls -A "$0"; cat "$0/x""#;
    let arguments = [
        folder.path(),
        Path::new(env!("CARGO_BIN_EXE_scr")),
        &data_file("mix.pcap"),
    ];
    let ran = as_root(script, arguments).ok();
    assert_eq!(ran.stdout, "status 2\nx\nold\n", "{ran:?}");
    let said = ["/x: cannot be written", "help: free some space"];
    assert!(said.iter().all(|part| ran.stderr.contains(part)), "{ran:?}");
}
