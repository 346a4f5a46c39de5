//! Corundum's application block under Verilator: every interface against the golden model, all of them at the same time, with
//! register traffic beside it; and all that is not a sequencer's.

use std::thread;

use fastrand::Rng;
use scr_hdl::shell::corundum::{self, Drive};
use scr_hdl::{CoreConfig, Direction, Dut};
use scr_sim::cosim::{self, CosimConfig, CosimReport, Plan, Step};
use scr_sim::stream::{Access, Delays, Pattern, RegisterBus, Settings};
use scr_sim::verilator::VerilatorModel;
use scr_tests::corundum::Application;
use scr_tests::corundum::shared::{Control, Shared};
use scr_tests::registers::make;
use scr_tests::rounds;
use scr_wire::registers::shell::{
    self, INTERFACE, INTERFACE_COUNT_SHIFT, SHELL, TDEST, TDEST_INDIRECT, WINDOW_BYTES,
};
use scr_wire::registers::{self, Capabilities};
use scr_wire::{Config, Geometry, Profile, profile};

/// The block of the U250 with so many interfaces.
fn application(profile: &Profile, width: usize, interfaces: usize) -> (CoreConfig, Application) {
    let config = CoreConfig {
        width,
        ..CoreConfig::new(profile)
    };
    let parameters = Application::u250(width, interfaces);
    let application = Application::new(&config, interfaces, &parameters);
    (config, application)
}

/// What an interface is to go through.
struct Traffic {
    steps: Vec<Step>,
    config: CosimConfig,
}

impl Traffic {
    /// Packets with settings that change about once in `change_every` of them, or never if that is 0.
    fn new(core: &CoreConfig, packets: usize, cores: u8, change_every: usize, seed: u64) -> Self {
        let fewest = Geometry::fewest_words(&core.profile, usize::from(cores));
        let words = fewest.expect("k cores fit").prefix_words();
        let settings = Settings::new(Config::new(cores, words));
        let plan = Plan {
            packets,
            profile: core.profile,
            history: core.history,
            max_cores: core.max_cores,
            // tdest has no room for more.
            max_queue: 255,
            settings: settings.clone(),
            change_every,
            reset_every: 0,
            drain_every: 50,
            words_per_beat: 1,
        };
        let latency = u64::from(scr_hdl::emit::latency_cycles(core.width));
        let mut config = CosimConfig::new(core.profile, core.history, latency, settings);
        config.seed = seed;
        Self {
            steps: plan.steps(seed),
            config,
        }
    }
}

/// A master that reads and writes the registers of all interfaces until nobody else is left; the number of its accesses. It panics
/// where an answer is wrong.
fn beside(mut control: Control, core: &CoreConfig, interfaces: usize, seed: u64) -> u64 {
    let mut rng = Rng::with_seed(seed);
    let mut bus = RegisterBus::find(control.ports()).expect("the ports");
    let mut indirect = vec![0; interfaces];
    let mut accesses = 0;
    for _ in 0..40 {
        control.tick();
    }
    while !control.is_alone() {
        let i = rng.usize(..interfaces);
        let base = (i as u32 * WINDOW_BYTES) as u16;
        let at = |register: registers::Register| base + register.offset;
        let mut delay = || if rng.bool() { 0 } else { rng.u32(..12) };
        let delays = Delays {
            address: delay(),
            data: delay(),
            answer: delay(),
        };
        let mut access = |access| {
            accesses += 1;
            let answer = make(&mut bus, &mut control, (access, delays));
            let answer = answer.expect("the registers answer");
            (answer.value, answer.refused)
        };
        let mut read = |offset| access(Access::Read { offset });
        match rng.u8(..8) {
            0 | 1 => {
                let value = u32::from(rng.bool()) * TDEST_INDIRECT;
                control.expect(i, None);
                let write = (Access::write(at(TDEST), value), delays);
                let answer = make(&mut bus, &mut control, write);
                assert!(!answer.expect("the registers answer").refused);
                control.expect(i, Some(value == 0));
                indirect[i] = value;
                accesses += 1;
            }
            2 => assert_eq!(read(at(TDEST)), (indirect[i], false)),
            3 => {
                let count = (interfaces as u32) << INTERFACE_COUNT_SHIFT;
                assert_eq!(read(at(SHELL)), (shell::CORUNDUM, false));
                assert_eq!(read(at(INTERFACE)), (i as u32 | count, false));
            }
            4 => {
                let refused = [
                    Access::write(at(TDEST), 2 + rng.u32(..1 << 31)),
                    Access::write(at(SHELL), 0),
                    Access::write(at(TDEST) + 4, 1),
                    Access::Write {
                        offset: at(TDEST),
                        value: 1,
                        strobes: rng.u8(1..15),
                    },
                ];
                let choice = refused[rng.usize(..refused.len())];
                assert!(access(choice).1, "{choice:x?}");
            }
            5 => {
                let beyond = interfaces as u32 * WINDOW_BYTES;
                let offset = rng.u32(beyond..1 << 16) as u16;
                assert_eq!(access(Access::Read { offset }), (0, true));
                assert!(access(Access::write(offset, 1)).1);
            }
            6 => {
                let capabilities = Capabilities::new(&core.profile, core.max_cores, core.history);
                assert_eq!(read(at(registers::ID)), (registers::ID_VALUE, false));
                let word = capabilities.to_word();
                assert_eq!(read(at(registers::CAPABILITIES)), (word, false));
            }
            _ => {
                for _ in 0..rng.u8(..50) {
                    control.tick();
                }
            }
        }
    }
    accesses
}

/// All interfaces at the same time, and a master beside them: what became of each, or what was wrong first.
fn run(
    model: VerilatorModel,
    core: &CoreConfig,
    traffic: Vec<Traffic>,
    seed: u64,
) -> Result<Vec<CosimReport>, String> {
    let interfaces = traffic.len();
    let shared = Shared::new(model, interfaces);
    let blocks: Vec<_> = (0..interfaces).map(|i| shared.interface(i)).collect();
    let control = shared.control();
    let (reports, accesses) = thread::scope(|scope| {
        let master = scope.spawn(move || beside(control, core, interfaces, seed));
        let runs = blocks.into_iter().zip(traffic).map(|(mut block, traffic)| {
            scope.spawn(move || cosim::run(&mut block, traffic.steps, &traffic.config))
        });
        let runs: Vec<_> = runs.collect();
        let reports = runs.into_iter().enumerate().map(|(i, run)| {
            let report = run.join().expect("no panic");
            report.map_err(|mismatch| format!("interface {i}, seed {seed}: {mismatch}"))
        });
        let reports: Vec<_> = reports.collect();
        (reports, master.join())
    });
    let accesses = accesses.map_err(|_| "the registers are not what they should be".to_owned())?;
    let reports = reports.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert!(accesses > 50, "{accesses} accesses");
    for (i, report) in reports.iter().enumerate() {
        let [table, direct] = shared.frames(i)?;
        assert_eq!(table + direct, report.frames);
        assert!(table > 0 && direct > 0, "{table} {direct}");
    }
    Ok(reports)
}

/// Runs it, where nothing may be wrong.
fn must_run(
    model: VerilatorModel,
    core: &CoreConfig,
    traffic: Vec<Traffic>,
    seed: u64,
) -> Vec<CosimReport> {
    run(model, core, traffic, seed).unwrap_or_else(|wrong| panic!("{wrong}"))
}

#[test]
fn both_interfaces_of_the_u250_under_stalls_and_changes() {
    let (core, application) = application(&profile::FLOW, 512, 2);
    let model = application.model();
    for seed in 0..rounds(4) {
        let mut traffic = vec![
            Traffic::new(&core, 500, 3, 15, 2 * seed),
            Traffic::new(&core, 500, 7, 15, 2 * seed + 1),
        ];
        for (i, traffic) in traffic.iter_mut().enumerate() {
            let place = seed as usize + 3 * i;
            let mix = |place: usize| Pattern::MIX[place % Pattern::MIX.len()];
            traffic.config.source = mix(place);
            traffic.config.sink = mix(3 * place + 1);
        }
        let instance = model.instance().expect("an instance");
        for report in must_run(instance, &core, traffic, seed) {
            assert_eq!(report.frames, 500);
            assert!(report.changes > 10);
        }
    }
}

/// Sources and sinks always ready: no interface costs the other a cycle, nor the shell any.
#[test]
fn both_interfaces_at_full_rate() {
    let (core, application) = application(&profile::FLOW, 512, 2);
    let traffic = vec![
        Traffic::new(&core, 600, 4, 0, 10),
        Traffic::new(&core, 600, 1, 0, 11),
    ];
    let instance = application.model().instance().expect("an instance");
    for report in must_run(instance, &core, traffic, 10) {
        assert_eq!((report.frames, report.bubbles), (600, 0));
        assert!(report.latency_measured > 0);
    }
}

#[test]
fn other_widths_and_numbers_of_interfaces() {
    for (profile, width, interfaces) in [(&profile::FLOW_TIME, 512, 1), (&profile::KNOCK, 128, 3)] {
        let (core, application) = application(profile, width, interfaces);
        let traffic = (0..interfaces as u64).map(|i| {
            let mut traffic = Traffic::new(&core, 250, 3, 20, 30 + i);
            traffic.config.source = Pattern::MIX[i as usize + 2];
            traffic.config.sink = Pattern::MIX[i as usize];
            traffic
        });
        let traffic = traffic.collect();
        let instance = application.model().instance().expect("an instance");
        for report in must_run(instance, &core, traffic, 30) {
            assert_eq!(report.frames, 250);
        }
    }
}

/// Faults in what is around the sequencers, each of which the same run must find: file, text, text in its place.
const FAULTS: [(&str, &str, &str); 6] = [
    (
        "scr_sequencer_queue_select.v",
        "inside_next = ~(tready & tlast);",
        "inside_next = 1'd0;",
    ),
    (
        "scr_sequencer_window_write.v",
        "assign m_awvalid_1 = address_due_reg & selected_1_reg;",
        "assign m_awvalid_1 = address_due_reg & selected_0_reg;",
    ),
    (
        "scr_sequencer_window_read.v",
        "answer_data = m_rdata_1;",
        "answer_data = m_rdata_0;",
    ),
    (
        "mqnic_app_block.v",
        ".s_axis_tuser(in_tuser[193:97])",
        ".s_axis_tuser(in_tuser[96:0])",
    ),
    (
        "mqnic_app_block.v",
        ".tready(out_tready[1]),\n    .tlast",
        ".tready(out_tready[0]),\n    .tlast",
    ),
    (
        "mqnic_app_block.v",
        ".indirect(indirect_1)",
        ".indirect(indirect_0)",
    ),
];

#[test]
fn faults_are_found() {
    let (core, application) = application(&profile::FLOW, 512, 2);
    for (file, text, replacement) in FAULTS {
        let mut broken = application.clone();
        let source = broken.sources.iter_mut().find(|source| source.name == file);
        let source = source.unwrap_or_else(|| panic!("{file}"));
        assert_eq!(source.text.matches(text).count(), 1, "{file}: {text}");
        source.text = source.text.replace(text, replacement);
        let mut traffic = vec![
            Traffic::new(&core, 300, 3, 15, 50),
            Traffic::new(&core, 300, 4, 15, 51),
        ];
        for traffic in &mut traffic {
            traffic.config.sink = Pattern::Random(128);
        }
        let instance = broken.model().instance().expect("an instance");
        let found = run(instance, &core, traffic, 50);
        assert!(found.is_err(), "{file}: {replacement}");
    }
}

/// An access with its response code.
fn respond(model: &mut VerilatorModel, address: u32, write: Option<u32>) -> (u8, u32) {
    let place = |model: &VerilatorModel, name: &str| {
        let name = format!("s_axil_app_ctrl_{name}");
        model.port(&name).unwrap_or_else(|| panic!("{name}"))
    };
    let bytes = address.to_le_bytes();
    let (valids, answer) = match write {
        Some(value) => {
            let (awaddr, wdata) = (place(model, "awaddr"), place(model, "wdata"));
            model.set(awaddr, &bytes[..3]);
            model.set(wdata, &value.to_le_bytes());
            let wstrb = place(model, "wstrb");
            model.set(wstrb, &[15]);
            (vec![("awvalid", "awready"), ("wvalid", "wready")], "b")
        }
        None => {
            let araddr = place(model, "araddr");
            model.set(araddr, &bytes[..3]);
            (vec![("arvalid", "arready")], "r")
        }
    };
    let bit = |model: &VerilatorModel, name: &str| {
        let mut value = [0];
        model.get(place(model, name), &mut value);
        value[0]
    };
    let mut due = valids;
    for _ in 0..1_000 {
        let taken: Vec<bool> = due
            .iter()
            .map(|(_, ready)| bit(model, ready) == 1)
            .collect();
        for (valid, _) in &due {
            let valid = place(model, valid);
            model.set(valid, &[1]);
        }
        let answered = due.is_empty() && bit(model, &format!("{answer}valid")) == 1;
        let ready = place(model, &format!("{answer}ready"));
        model.set(ready, &[u8::from(answered)]);
        let response = bit(model, &format!("{answer}resp"));
        let mut data = [0; 4];
        model.get(place(model, "rdata"), &mut data);
        model.tick();
        let mut places = taken.iter();
        for (valid, _) in &due {
            let valid = place(model, valid);
            model.set(valid, &[0]);
        }
        due.retain(|_| !places.next().unwrap());
        if answered {
            model.set(ready, &[0]);
            return (response, u32::from_le_bytes(data));
        }
    }
    panic!("{address:#x} is not answered");
}

#[test]
fn what_is_in_no_window_is_answered_with_decerr() {
    const OKAY: u8 = 0;
    const SLVERR: u8 = 2;
    const DECERR: u8 = 3;
    let (_, application) = application(&profile::FLOW, 512, 2);
    let mut model = application.model().instance().expect("an instance");
    let window = WINDOW_BYTES;
    for i in 0..2 {
        let base = i * window;
        let id = (OKAY, registers::ID_VALUE);
        assert_eq!(respond(&mut model, base, None), id);
        let steering = base + u32::from(registers::STEERING.offset);
        assert_eq!(respond(&mut model, steering, Some(40 + i)).0, OKAY);
        // No such register of the sequencer, or of the shell.
        for offset in [0x28, 0xc00, 0x100c, 0x1ffc] {
            assert_eq!(respond(&mut model, base + offset, None), (SLVERR, 0));
            assert_eq!(respond(&mut model, base + offset, Some(1)).0, SLVERR);
        }
    }
    // Each window has registers of its own.
    for i in 0..2 {
        let steering = i * window + u32::from(registers::STEERING.offset);
        assert_eq!(respond(&mut model, steering, None), (OKAY, 40 + i));
    }
    for address in [
        2 * window,
        7 * window + 0x1008,
        1 << 16,
        0x80_0000,
        0xff_fffc,
    ] {
        assert_eq!(respond(&mut model, address, None), (DECERR, 0));
        assert_eq!(respond(&mut model, address, Some(1)).0, DECERR);
    }
    let tdest = u32::from(TDEST.offset);
    assert_eq!(respond(&mut model, tdest, None), (OKAY, 0));
    assert_eq!(respond(&mut model, window + tdest, Some(1)).0, OKAY);
    assert_eq!(respond(&mut model, tdest, None), (OKAY, 0));
    assert_eq!(respond(&mut model, window + tdest, None), (OKAY, 1));
    // A reset brings it back.
    let rst = model.port("rst").unwrap();
    model.set(rst, &[1]);
    model.tick();
    model.set(rst, &[0]);
    assert_eq!(respond(&mut model, window + tdest, None), (OKAY, 0));
}

/// Whatever comes in, outputs that no sequencer drives are what the list says.
#[test]
fn what_is_passed_and_what_is_tied_off() {
    let (_, application) = application(&profile::FLOW, 512, 2);
    let mut model = application.model().instance().expect("an instance");
    let ports = model.ports().to_vec();
    let mut rng = Rng::with_seed(5);
    let mut seen = 0;
    for _ in 0..200 {
        let mut values = vec![Vec::new(); ports.len()];
        for (place, port) in ports.iter().enumerate() {
            if port.direction == Direction::Input && port.name != "clk" {
                let mut value: Vec<u8> = (0..port.bytes()).map(|_| rng.u8(..)).collect();
                *value.last_mut().unwrap() &= 0xff >> (8 * port.bytes() - port.bits);
                model.set(place, &value);
                values[place] = value;
            }
        }
        model.tick();
        for (place, port) in ports.iter().enumerate() {
            let listed = corundum::ports().find(|listed| listed.name == port.name);
            let mut value = vec![0; port.bytes()];
            let expected = match listed.unwrap().drive {
                None | Some(Drive::Logic) => continue,
                Some(Drive::Low) => vec![0; port.bytes()],
                Some(Drive::High) => {
                    let mut ones = vec![0xff; port.bytes()];
                    *ones.last_mut().unwrap() &= 0xff >> (8 * port.bytes() - port.bits);
                    ones
                }
                Some(Drive::Same(input)) => {
                    let input = ports.iter().position(|port| port.name == input);
                    values[input.unwrap()].clone()
                }
            };
            model.get(place, &mut value);
            assert_eq!(value, expected, "{}", port.name);
            seen += 1;
        }
    }
    // Of 172 outputs, 16 are the registers' and the receive hook's.
    assert_eq!(seen / 200, 172 - 16);
}
