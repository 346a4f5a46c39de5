//! `scr nic` against the registers of a NIC in files: a folder that looks like sysfs, BAR 0 with Corundum's register blocks, BAR 2
//! with the application block of two interfaces.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::run::{Ran, command, scr};

const ADDRESS: &str = "0000:81:00.0";
const WINDOW: u64 = 0x2000;

/// Register blocks of BAR 0: the interfaces' are at 0x10000 and 0x20000, their lists at 0x8000 of that.
const INTERFACE: u64 = 0x1_0000;
const LIST: u64 = 0x8000;
/// Offsets within an interface.
const RX_MTU: u64 = LIST + 0x2c;
const APP_MASK: u64 = LIST + 0x100 + 0x18;
const QUEUE_STATUS: u64 = 0x4000 + 8;
const QUEUE_BYTES: u64 = 0x20;

struct Nic {
    root: TempDir,
}

impl Nic {
    /// A NIC with two interfaces, 16 queues each, all enabled; no driver.
    fn new() -> Self {
        let nic = Self {
            root: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(nic.folder()).unwrap();
        for (bar, bytes) in [(0, 0x3_0000), (2, 0x1_0000)] {
            let file = fs::File::create(nic.bar(bar)).unwrap();
            file.set_len(bytes).unwrap();
        }
        // Type, version and next block; then the block's own registers.
        nic.block(0, 0, 0xffff_ffff, 0x100, 0x40, &[]);
        nic.block(0, 0x40, 0xc005, 0x200, 0x80, &[0x5343_5231]);
        let first = (INTERFACE as u32, 2, INTERFACE as u32, LIST as u32);
        nic.block(
            0,
            0x80,
            0xc000,
            0x100,
            0,
            &[first.0, first.1, first.2, first.3],
        );
        for interface in 0..2 {
            let base = INTERFACE * (1 + interface);
            let at = LIST as u32;
            nic.block(base, LIST, 0xc001, 0x400, at + 0x100, &[0x711, 1, 1]);
            nic.write(0, base + LIST + 0x24, 9214);
            nic.write(0, base + RX_MTU, 1514 + 4 * 64);
            nic.block(base, LIST + 0x100, 0xc090, 0x200, at + 0x200, &[0x0801]);
            nic.write(0, base + LIST + 0x100 + 0x14, 0xffff_ffff);
            nic.block(
                base,
                LIST + 0x200,
                0xc031,
                0x400,
                0,
                &[0x4000, 16, QUEUE_BYTES as u32],
            );
            for queue in 0..16 {
                nic.write(0, base + QUEUE_STATUS + QUEUE_BYTES * queue, 9);
            }
            let window = WINDOW * interface;
            // Profile flow, 16 bytes a row, up to 16 cores, 64 rows.
            let sequencer = [
                0x5343_5231,
                0x0001_0001,
                3 | 4 << 8 | 16 << 12 | 64 << 20,
                0,
                1,
                1,
                0,
                5 << 8,
            ];
            for (place, word) in sequencer.into_iter().enumerate() {
                nic.write(2, window + 4 * place as u64, word);
            }
            for core in 0..16 {
                nic.write(2, window + 0x400 + 4 * core, core as u32);
                nic.write(2, window + 0x800 + 8 * core, 100 * core as u32);
            }
            nic.write(2, window + 0x040, 7);
            nic.write(2, window + 0x044, 1);
            nic.write(2, window + 0x1000, 0x5343_5243);
            nic.write(2, window + 0x1004, interface as u32 | 2 << 8);
        }
        nic
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("bus/pci/devices").join(ADDRESS)
    }

    fn bar(&self, number: u8) -> PathBuf {
        self.folder().join(format!("resource{number}"))
    }

    /// Gives interface 0 a name.
    fn named(self, name: &str) -> Self {
        let net = self.folder().join("net").join(name);
        fs::create_dir_all(&net).unwrap();
        fs::write(net.join("dev_port"), "0\n").unwrap();
        fs::write(net.join("mtu"), "1500\n").unwrap();
        self
    }

    fn block(&self, base: u64, at: u64, kind: u32, version: u32, next: u32, own: &[u32]) {
        for (place, word) in [kind, version, next].iter().chain(own).enumerate() {
            self.write(0, base + at + 4 * place as u64, *word);
        }
    }

    fn write(&self, bar: u8, offset: u64, value: u32) {
        let file = OpenOptions::new().write(true).open(self.bar(bar)).unwrap();
        file.write_all_at(&value.to_le_bytes(), offset).unwrap();
    }

    fn read(&self, bar: u8, offset: u64) -> u32 {
        let mut bytes = [0; 4];
        let file = fs::File::open(self.bar(bar)).unwrap();
        file.read_exact_at(&mut bytes, offset).unwrap();
        u32::from_le_bytes(bytes)
    }

    /// The arguments of an action on this NIC.
    fn arguments(&self, action: &[&str]) -> Vec<OsString> {
        let mut all: Vec<OsString> = ["nic", ADDRESS].map(OsString::from).into();
        all.extend(action.iter().map(OsString::from));
        all.push("--sysfs".into());
        all.push(self.root.path().into());
        all
    }

    fn run(&self, action: &[&str]) -> Ran {
        scr(self.arguments(action))
    }
}

/// A condition that another process makes true.
fn wait_until(holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "nothing happened");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn status_shows_sequencers_and_interfaces() {
    let nic = Nic::new();
    nic.write(2, WINDOW + 0x1008, 1);
    // Nothing is steered yet: that is what a check says.
    let shown = nic.run(&["status", "--json"]);
    assert_eq!(shown.status, 1);
    let json = shown.json();
    assert_eq!(json["address"], ADDRESS);
    assert_eq!(json["application"], "0x53435231");
    let interfaces = json["interfaces"].as_array().unwrap();
    assert_eq!(interfaces.len(), 2);
    let second = &interfaces[1];
    assert_eq!(second["profile"], "flow");
    assert_eq!(
        (&second["history"], &second["max_cores"]),
        (&64.into(), &16.into())
    );
    assert_eq!(
        (&second["enabled"], &second["cores"]),
        (&false.into(), &1.into())
    );
    assert_eq!(
        (&second["epoch"], &second["tdest"]),
        (&5.into(), &"indirect".into())
    );
    assert_eq!(second["rss_mask"], "0xffffffff");
    assert_eq!(second["name"], serde_json::Value::Null);
    let checks = second["checks"].as_array().unwrap();
    let results: Vec<_> = checks
        .iter()
        .map(|c| (c["check"].as_str().unwrap(), c["result"].as_str().unwrap()))
        .collect();
    assert_eq!(
        results,
        [
            ("mtu", "good"),
            ("checksum", "unknown"),
            ("queues", "good"),
            ("app_mask", "bad")
        ]
    );
    nic.run(&["status"])
        .fails(1, &["interface 0", "app_mask is 0x00000000", "configure"]);
}

#[test]
fn configure_writes_sequencers_and_steering() {
    let nic = Nic::new();
    let shown = nic.run(&["configure", "--cores", "4"]).ok().stdout;
    assert!(
        shown.contains("interface 1: 4 cores, 2 prefix words, app_mask 0x80000000"),
        "{shown}"
    );
    for interface in 0..2 {
        let words =
            [0xc, 0x10, 0x14, 0x18, 0x404, 0x1008].map(|at| nic.read(2, WINDOW * interface + at));
        assert_eq!(words, [1, 4, 2, 0, 1, 0]);
        assert_eq!(
            nic.read(0, INTERFACE * (1 + interface) + APP_MASK),
            0x8000_0000
        );
    }
    nic.run(&["status"]).ok();
    let other = [
        "configure",
        "--interface",
        "1",
        "--cores",
        "3",
        "--prefix-words",
        "4",
        "--tdest",
        "indirect",
        "--queues",
        "9,8",
        "--default-queue",
        "5",
        "--sequence-all",
    ];
    nic.run(&other).ok();
    let words =
        [0xc, 0x10, 0x14, 0x18, 0x400, 0x404, 0x408, 0x1008].map(|at| nic.read(2, WINDOW + at));
    assert_eq!(words, [3, 3, 4, 5, 9, 8, 2, 1]);
    assert_eq!(nic.read(0, 2 * INTERFACE + APP_MASK), 0xff);
    // The other interface is as it was.
    assert_eq!(
        (nic.read(2, 0x10), nic.read(0, INTERFACE + APP_MASK)),
        (4, 0x8000_0000)
    );
    nic.run(&["configure", "--cores", "4", "--disable"]).ok();
    assert_eq!(nic.read(2, 0xc), 0);
}

#[test]
fn an_interface_that_is_not_ready_is_told_with_the_remedy() {
    // The loopback's checksum offload is on.
    let nic = Nic::new().named("lo");
    nic.run(&["configure", "--cores", "4"]).fails(
        1,
        &["interface 0", "checksum offload", "ethtool -K lo rx off"],
    );
    // Other interfaces have no name.
    let cores = ["configure", "--interface", "1", "--cores", "4"];
    nic.write(0, 2 * INTERFACE + RX_MTU, 1514);
    nic.run(&cores).fails(
        1,
        &[
            "cuts frames at 1514 bytes",
            "ip link set <interface> mtu 1628",
        ],
    );
    // The remedy: the driver sets the NIC's register to the MTU and the Ethernet header.
    nic.write(0, 2 * INTERFACE + RX_MTU, 1628 + 14);
    nic.run(&cores).ok();
    nic.write(0, 2 * INTERFACE + QUEUE_STATUS + 3 * QUEUE_BYTES, 0);
    nic.run(&cores)
        .fails(1, &["core 3", "queue 3", "is not enabled", "ethtool -L"]);
    nic.run(&[
        "configure",
        "--interface",
        "1",
        "--cores",
        "4",
        "--queues",
        "0,1,2,4",
    ])
    .ok();
    let absent = [
        "configure",
        "--interface",
        "1",
        "--cores",
        "2",
        "--queues",
        "0,200",
    ];
    nic.run(&absent)
        .fails(1, &["core 1", "queue 200", "does not have", "--queues"]);
}

#[test]
fn steering_is_kept_when_the_driver_resets_it() {
    let nic = Nic::new();
    let mut running = command(nic.arguments(&["configure", "--cores", "2", "--keep"]))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().starts_with("interface 1") {}
    for round in 0..2 {
        let interface = 1 + round;
        nic.write(0, INTERFACE * interface + APP_MASK, 0);
        wait_until(|| nic.read(0, INTERFACE * interface + APP_MASK) == 0x8000_0000);
    }
    let told = lines
        .by_ref()
        .find(|line| line.as_ref().unwrap().contains("app_mask was"));
    assert!(
        told.unwrap()
            .unwrap()
            .contains("interface 0: app_mask was 0x00000000")
    );
    kill_process(Pid::from_child(&running), Signal::TERM).unwrap();
    assert!(running.wait().unwrap().success());
}

#[test]
fn counters_are_of_64_bits_and_can_be_watched() {
    let nic = Nic::new();
    let shown = nic.run(&["counters", "--json"]).ok().json();
    let first = &shown["interfaces"][0];
    assert_eq!(first["packets_in"], (1_u64 << 32) + 7);
    assert_eq!(first["sent"][3], 300);
    let text = nic.run(&["counters", "--interface", "1"]).ok().stdout;
    assert!(
        text.contains("interface 1") && text.contains("4294967303 packets"),
        "{text}"
    );
    assert!(!text.contains("interface 0"));
    let mut running = command(nic.arguments(&["counters", "--watch", "0.05", "--json"]))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    nic.write(2, 0x50, 12);
    let sequenced = |line: &str| {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        json["interfaces"][0]["sequenced"].as_u64()
    };
    while sequenced(&lines.next().unwrap().unwrap()) != Some(12) {}
    kill_process(Pid::from_child(&running), Signal::INT).unwrap();
    assert!(running.wait().unwrap().success());
}

#[test]
fn what_is_no_such_nic_is_told() {
    let nic = Nic::new();
    let status = ["status"];
    let other = |address: &str| {
        let mut arguments = nic.arguments(&status);
        arguments[1] = address.into();
        scr(arguments)
    };
    other("eth0").fails(2, &["eth0", "no PCI address", "lspci -D"]);
    other("82:00.0").fails(2, &["0000:82:00.0", "no such PCI device", "lspci"]);
    other("81:00.0").fails(1, &["app_mask"]);
    nic.run(&["status", "--interface", "2"])
        .fails(2, &["--interface 2", "2 interfaces", "use 0 to 1"]);
    for (cores, words) in [
        ("17", &["16 cores", "--cores"][..]),
        ("0", &["--cores 0", "1 and 128"]),
        ("300", &["--cores 300"]),
    ] {
        nic.run(&["configure", "--cores", cores]).fails(2, words);
    }
    let few = ["configure", "--cores", "9", "--prefix-words", "1"];
    nic.run(&few).fails(2, &["interface 0", "--prefix-words"]);
    nic.run(&["configure", "--cores", "2", "--queues", "1,2,3"])
        .fails(2, &["3 queues", "2 cores"]);
    // Nothing was written by any of these.
    assert_eq!(
        (nic.read(2, 0x10), nic.read(0, INTERFACE + APP_MASK)),
        (1, 0)
    );

    // Another version of a register block, a list that goes round, another application, a device that does not answer.
    nic.write(0, INTERFACE + LIST + 0x104, 0x300);
    nic.run(&status)
        .fails(2, &["0xc090", "0x0200", "docs/shells/corundum.md"]);
    nic.write(0, 0x88, 0x40);
    nic.run(&status).fails(2, &["form no list"]);
    nic.write(2, WINDOW + 0x1004, 0x201 ^ 1);
    nic.run(&status).fails(2, &["interface 1", "bitstream"]);
    nic.write(2, 0x1000, 0x1234_0001);
    nic.run(&status)
        .fails(2, &["0x12340001", "--shell corundum"]);
    nic.write(2, 0x1000, u32::MAX);
    nic.run(&status).fails(2, &["0xffffffff", "setpci"]);
    fs::remove_file(nic.bar(2)).unwrap();
    nic.run(&status).fails(2, &["resource2", "APP_CTRL_ENABLE"]);
    fs::write(nic.bar(2), []).unwrap();
    nic.run(&status).fails(2, &["resource2", "lspci -v"]);
}
