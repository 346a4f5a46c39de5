//! What output files are, and what failed runs leave of them.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::args;
use crate::run::{command, data_file, run, scr};

/// A command that writes a file.
fn writing(output: &Path) -> [OsString; 4] {
    args!["sequence", data_file("mix.pcap"), "-o", output]
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_failed_run_leaves_old_files_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let old = ["emitted.v", "frames", "out", "state", "wave.vcd"];
    for name in old {
        fs::write(path(name), "old").unwrap();
    }
    let mix = data_file("mix.pcap");
    let replay = |more: &[OsString]| {
        let mut all = args![
            "replay",
            &mix,
            "--frames",
            path("frames"),
            "--out",
            path("out"),
            "--state",
            path("state"),
        ]
        .to_vec();
        all.extend_from_slice(more);
        scr(all)
    };
    // The disk is full at the end, all workers die, the hardware writes what cannot be kept.
    let full = args!["--nic", "model", "--lose", "3", "--events", "/dev/full"];
    replay(&full).fails(2, &["/dev/full"]);
    let crash = args!["--nic", "model", "--cores", "1", "--crash", "0@50"];
    replay(&crash).fails(1, &["all workers are dead"]);
    let traced = args![
        "--trace",
        path("wave.vcd"),
        "--events",
        "/dev/full",
        "--lose",
        "3"
    ];
    replay(&traced).fails(2, &["/dev/full"]);
    // A capture that is bad behind its packets.
    let mut bytes = fs::read(&mix).unwrap();
    bytes.extend_from_slice(&[0xff; 4096]);
    let bad = path("bad.pcap");
    fs::write(&bad, bytes).unwrap();
    let mut command = writing(&path("frames"));
    command[1] = bad.into();
    scr(command).fails(2, &["packet 701"]);
    fs::remove_file(path("bad.pcap")).unwrap();

    assert_eq!(names(folder.path()), old, "nothing else is left");
    for name in old {
        assert_eq!(fs::read_to_string(path(name)).unwrap(), "old", "{name}");
    }
}

#[test]
fn new_files_have_the_rights_of_new_files_and_old_ones_keep_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("frames");
    let mode = || fs::metadata(&output).unwrap().mode() & 0o777;
    let script = "umask 027; exec \"$0\" \"$@\"";
    let run_masked = || {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script, env!("CARGO_BIN_EXE_scr")])
            .args(writing(&output));
        run(&mut shell).ok()
    };
    run_masked();
    assert_eq!(mode(), 0o640);
    fs::set_permissions(&output, fs::Permissions::from_mode(0o606)).unwrap();
    run_masked();
    assert_eq!(mode(), 0o606);
    assert_eq!(names(folder.path()), ["frames"]);
}

#[test]
fn links_stay_and_lead_to_the_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let (link, dangling) = (folder.path().join("link"), folder.path().join("dangling"));
    fs::create_dir(folder.path().join("there")).unwrap();
    fs::write(folder.path().join("there/old"), "old").unwrap();
    symlink("there/old", &link).unwrap();
    symlink("there/new", &dangling).unwrap();
    let expected = folder.path().join("expected");
    scr(writing(&expected)).ok();
    for path in [&link, &dangling] {
        scr(writing(path)).ok();
        assert!(path.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read(path).unwrap(), fs::read(&expected).unwrap());
    }
    assert_eq!(names(&folder.path().join("there")), ["new", "old"]);
}

#[test]
fn streams_are_written_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let expected = folder.path().join("expected");
    scr(writing(&expected)).ok();
    let expected = fs::read(&expected).unwrap();

    let fifo = folder.path().join("fifo");
    let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read(fifo).unwrap()
    });
    scr(writing(&fifo)).ok();
    assert_eq!(reader.join().unwrap(), expected);
    assert!(!fifo.metadata().unwrap().is_file(), "it is still a FIFO");

    for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        // Standard output that is a pipe, and that is a file.
        let mut child = command(args!["sequence", data_file("mix.pcap"), "-o", name])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut bytes = Vec::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        assert!(child.wait().unwrap().success());
        assert!(bytes == expected, "{name}");
    }
    let redirected = folder.path().join("redirected");
    let file = fs::File::create(&redirected).unwrap();
    let done = command(args!["sequence", data_file("mix.pcap"), "-o", "-"])
        .stdout(file)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(done.success());
    assert_eq!(fs::read(&redirected).unwrap(), expected);
    scr(writing(Path::new("/dev/null"))).ok();
}

#[test]
fn two_outputs_cannot_be_one_file_that_is_not_there_yet() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("a")).unwrap();
    symlink("a", folder.path().join("b")).unwrap();
    let path = |name: &str| folder.path().join(name);
    let replay = |out: PathBuf, frames: PathBuf| {
        let mix = data_file("mix.pcap");
        scr(args![
            "replay", mix, "--nic", "model", "--out", out, "--frames", frames
        ])
    };
    replay(path("x"), path("x")).fails(2, &["--out", "is also --frames"]);
    replay(path("a/x"), path("b/x")).fails(2, &["--out", "is also --frames"]);
    replay(path("a/x"), path("b/y")).ok();
}
