//! SIGINT and SIGTERM: captures end at a packet.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::args;
use crate::capture;
use crate::run::{command, data_file};

/// Longer than anything here takes, unless it never ends.
const LIMIT: Duration = Duration::from_secs(120);

struct Running(Child);

impl Running {
    fn start(arguments: impl IntoIterator<Item = OsString>, stdin: Stdio, stdout: Stdio) -> Self {
        let child = command(arguments)
            .stdin(stdin)
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    /// Waits until so many unfinished files in the folder have so many bytes.
    fn wait_for(&self, folder: &Path, files: usize, bytes: u64) {
        wait_until(|| {
            let unfinished = fs::read_dir(folder).unwrap().flatten().filter(|entry| {
                let is_unfinished = entry.file_name().to_string_lossy().starts_with(".scr-");
                is_unfinished && entry.metadata().is_ok_and(|m| m.len() >= bytes)
            });
            unfinished.count() >= files
        });
    }

    fn end(mut self) -> (ExitStatus, String) {
        let started = Instant::now();
        let status = loop {
            match self.0.try_wait().unwrap() {
                Some(status) => break status,
                None if started.elapsed() > LIMIT => {
                    self.0.kill().unwrap();
                    panic!("it does not end");
                }
                None => sleep(Duration::from_millis(10)),
            }
        };
        let mut said = String::new();
        self.0
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert!(!said.contains("panicked"), "{said}");
        (status, said)
    }
}

fn wait_until(mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < LIMIT);
        sleep(Duration::from_millis(10));
    }
}

/// Nothing is left but these files.
fn holds_only(folder: &Path, names: &[&str]) {
    let mut left: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, names);
}

#[test]
fn generating_ends_at_a_packet() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pcap");
        fs::write(&path, "old").unwrap();
        let endless = args!["trace", "gen", "--packets", "1000000000", "-o", &path];
        let run = Running::start(endless, Stdio::null(), Stdio::piped());
        run.wait_for(folder.path(), 1, 1);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        run.signal(signal);
        let (ended, said) = run.end();
        assert_eq!(ended.code(), Some(status), "{said}");
        let packets = capture::read(&path).len();
        assert!(packets > 0);
        let message = format!("interrupted after {packets} packets");
        assert!(said.contains(&message), "{said}");
        holds_only(folder.path(), &["x.pcap"]);
    }
}

#[test]
fn a_stream_ends_at_a_packet() {
    let endless = args!["trace", "gen", "--packets", "1000000000", "-o", "-"];
    let mut run = Running::start(endless, Stdio::null(), Stdio::piped());
    let mut out = run.0.stdout.take().unwrap();
    let mut bytes = vec![0; 1 << 20];
    out.read_exact(&mut bytes).unwrap();
    run.signal(Signal::INT);
    out.read_to_end(&mut bytes).unwrap();
    assert_eq!(run.end().0.code(), Some(130));
    assert!(capture::parse(&bytes).len() > 1000);
}

/// A capture on a pipe that stays open when nothing more comes.
fn idle(arguments: impl IntoIterator<Item = OsString>) -> Running {
    let mut run = Running::start(arguments, Stdio::piped(), Stdio::piped());
    let mix = fs::read(data_file("mix.pcap")).unwrap();
    let stdin = run.0.stdin.as_mut().unwrap();
    stdin.write_all(&mix).unwrap();
    stdin.flush().unwrap();
    run
}

#[test]
fn an_idle_input_is_not_waited_for() {
    let whole = capture::read(&data_file("mix.pcap")).len();
    for signal in [Signal::INT, Signal::TERM] {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let run = idle(args!["sequence", "-", "-o", path("frames")]);
        // What comes is little, so it stays in the buffer.
        run.wait_for(folder.path(), 1, 0);
        sleep(Duration::from_millis(500));
        run.signal(signal);
        assert_eq!(run.end().0.code(), Some(128 + signal.as_raw()));
        assert_eq!(capture::read(&path("frames")).len(), whole);

        let run = idle(args![
            "replay",
            "-",
            "--nic",
            "model",
            "--frames",
            path("frames"),
            "--out",
            path("out"),
            "--state",
            path("state")
        ]);
        run.wait_for(folder.path(), 3, 0);
        sleep(Duration::from_millis(500));
        run.signal(signal);
        let (ended, said) = run.end();
        assert_eq!(ended.code(), Some(128 + signal.as_raw()), "{said}");
        assert_eq!(capture::read(&path("frames")).len(), whole);
        assert!(capture::read(&path("out")).len() > 100);
        let state = fs::read_to_string(path("state")).unwrap();
        assert!(state.starts_with("{\"nf\": \"heavy-hitter\"") && state.ends_with("}\n"));
        holds_only(folder.path(), &["frames", "out", "state"]);
    }
}

#[test]
fn a_long_replay_ends_at_a_packet() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let long = args!["trace", "gen", "--packets", "3000000", "-o", path("in")];
    let (made, said) = Running::start(long, Stdio::null(), Stdio::piped()).end();
    assert!(made.success(), "{said}");
    let run = Running::start(
        args![
            "replay",
            path("in"),
            "--nic",
            "model",
            "--frames",
            path("frames"),
            "--out",
            path("out")
        ],
        Stdio::null(),
        Stdio::piped(),
    );
    run.wait_for(folder.path(), 2, 1);
    run.signal(Signal::INT);
    let (ended, said) = run.end();
    assert_eq!(ended.code(), Some(130), "{said}");
    let packets = capture::read(&path("frames")).len();
    assert!(
        said.contains(&format!("interrupted after {packets} packets")),
        "{said}"
    );
    assert!(packets < 3_000_000 && !capture::read(&path("out")).is_empty());
    holds_only(folder.path(), &["frames", "in", "out"]);
}

#[test]
fn the_second_signal_ends_at_once() {
    let endless = args!["trace", "gen", "--packets", "1000000000", "-o", "-"];
    let mut run = Running::start(endless, Stdio::null(), Stdio::piped());
    // Nobody reads on, so it waits for ever.
    let mut out = run.0.stdout.take().unwrap();
    out.read_exact(&mut [0; 1000]).unwrap();
    sleep(Duration::from_millis(300));
    run.signal(Signal::INT);
    sleep(Duration::from_millis(300));
    assert!(
        run.0.try_wait().unwrap().is_none(),
        "it waits for its reader"
    );
    run.signal(Signal::TERM);
    assert_eq!(run.end().0.code(), Some(143));
}
