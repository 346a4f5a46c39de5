//! The driver of a PCI device on Corundum's application block under Verilator: its BAR is the block's register bus.

use scr_hdl::{CoreConfig, Dut};
use scr_nic::pci::{Application, Bar, PciError, Tdest};
use scr_nic::registers::{ControlError, Settings};
use scr_nic::{BoxError, Counters};
use scr_sim::stream::{Access, Delays, RegisterBus};
use scr_tests::corundum::Application as Block;
use scr_tests::corundum::shared::{Control, Shared};
use scr_tests::registers::make;
use scr_wire::registers::Capabilities;
use scr_wire::registers::shell::{INTERFACE, WINDOW_BYTES};
use scr_wire::{Config, Geometry, profile};

/// The register bus of a simulated block, as a processor sees it: a write has no answer, and where there is no register a read
/// gives all ones.
struct SimulatedBar {
    control: Control,
    bus: RegisterBus,
    /// Makes the next reads of this offset give this value.
    lie: Option<(u64, u32)>,
}

impl SimulatedBar {
    fn new(interfaces: usize) -> Self {
        let core = CoreConfig::new(&profile::FLOW);
        let block = Block::new(&core, interfaces, &Block::u250(512, interfaces));
        let model = block.model().instance().expect("an instance");
        let mut control = Shared::new(model, interfaces).control();
        // Out of the reset.
        for _ in 0..40 {
            control.tick();
        }
        let bus = RegisterBus::find(control.ports()).expect("the ports");
        Self {
            control,
            bus,
            lie: None,
        }
    }

    fn access(&mut self, access: Access) -> Result<Option<u32>, BoxError> {
        let paced = (access, Delays::default());
        let answer = make(&mut self.bus, &mut self.control, paced)?;
        Ok((!answer.refused).then_some(answer.value))
    }
}

impl Bar for SimulatedBar {
    fn bytes(&self) -> u64 {
        1 << 16
    }

    fn read(&mut self, offset: u64) -> Result<u32, BoxError> {
        if let Some((_, value)) = self.lie.filter(|lie| lie.0 == offset) {
            return Ok(value);
        }
        let offset = u16::try_from(offset)?;
        Ok(self.access(Access::Read { offset })?.unwrap_or(u32::MAX))
    }

    fn write(&mut self, offset: u64, value: u32) -> Result<(), BoxError> {
        self.access(Access::write(u16::try_from(offset)?, value))?;
        Ok(())
    }
}

#[test]
fn each_interface_is_found_configured_and_read() {
    let mut application = Application::find(SimulatedBar::new(2)).expect("the block");
    assert_eq!(application.interfaces(), 2);
    let after_reset = Settings::after_reset(&profile::FLOW, 64);
    let mut expected = [after_reset.clone(), after_reset];
    for round in 0..6_u8 {
        let interface = round % 2;
        let cores = 1 + 5 * round % 16;
        let words = Geometry::fewest_words(&profile::FLOW, cores.into()).expect("k cores fit");
        let mut settings = Settings::new(Config {
            sequence_all: round % 3 == 0,
            ..Config::new(cores, words.prefix_words())
        });
        settings.default_queue = u16::from(round);
        settings.steer(cores - 1, 40 + u16::from(round));
        let mut sequencer = application.sequencer(interface).expect("a sequencer");
        assert_eq!(
            sequencer.capabilities(),
            Capabilities::new(&profile::FLOW, 16, 64)
        );
        sequencer.apply(&settings).expect("valid settings");
        expected[usize::from(interface)] = settings;
        // Each interface has its own.
        for (interface, expected) in expected.iter().enumerate() {
            let mut sequencer = application.sequencer(interface as u8).expect("a sequencer");
            let found = sequencer.settings().expect("registers");
            assert_eq!(found.sequencer, expected.sequencer, "interface {interface}");
            assert_eq!(found.default_queue, expected.default_queue);
            assert!((0..16).all(|core| found.queue(core) == expected.queue(core)));
            let none = Counters {
                sent: vec![0; 16],
                ..Counters::default()
            };
            assert_eq!(sequencer.counters().expect("registers"), none);
        }
    }
    let mut sequencer = application.sequencer(0).expect("a sequencer");
    let refused = sequencer.apply(&Settings::new(Config::new(17, 40)));
    assert!(
        matches!(refused, Err(ControlError::DoesNotFit { .. })),
        "{refused:?}"
    );
}

#[test]
fn tdest_is_set_for_each_interface() {
    let mut application = Application::find(SimulatedBar::new(2)).expect("the block");
    let both = |application: &mut Application<SimulatedBar>| {
        [0, 1].map(|interface| application.tdest(interface).expect("a register"))
    };
    assert_eq!(both(&mut application), [Tdest::Direct; 2]);
    application
        .set_tdest(1, Tdest::Indirect)
        .expect("a register");
    assert_eq!(both(&mut application), [Tdest::Direct, Tdest::Indirect]);
    application
        .set_tdest(0, Tdest::Indirect)
        .expect("a register");
    application.set_tdest(1, Tdest::Direct).expect("a register");
    assert_eq!(both(&mut application), [Tdest::Indirect, Tdest::Direct]);
}

/// A block for fewer interfaces than it says.
#[test]
fn windows_that_are_not_there_are_told() {
    let mut bar = SimulatedBar::new(1);
    bar.lie = Some((INTERFACE.offset.into(), 2 << 8));
    let missing = Application::find(bar).map(|found| found.interfaces());
    match missing {
        Err(PciError::Window { interface, found }) => assert_eq!((interface, found), (1, u32::MAX)),
        other => panic!("{other:?}"),
    }
    let mut bar = SimulatedBar::new(1);
    assert_eq!(bar.read(WINDOW_BYTES.into()).unwrap(), u32::MAX);
}
