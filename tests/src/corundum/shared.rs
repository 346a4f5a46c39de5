//! One model for several users, each on a thread of its own: all see one clock, which ticks when all of them want it to.
//!
//! A user of an interface sees a sequencer: the streams of that interface, and its window as the registers. So what drives and
//! checks a sequencer by itself does that for one in the block, and for several at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use scr_hdl::interface;
use scr_hdl::{Dut, Port};
use scr_sim::verilator::VerilatorModel;
use scr_wire::registers::shell::WINDOW_BYTES;

use super::bits::{put, take};
use super::bus::{Half, Master};
use super::watch::Watch;

/// A bus of the block.
#[derive(Clone, Copy, Debug)]
struct Bus {
    port: usize,
    /// Bits of it that an interface has.
    each: usize,
}

/// The signals of a stream at the receive hook, as the sequencer's ports call them, with their names in the block.
const STREAM: [(&str, &str); 15] = [
    ("s_axis_tdata", "s_axis_if_rx_tdata"),
    ("s_axis_tkeep", "s_axis_if_rx_tkeep"),
    ("s_axis_tvalid", "s_axis_if_rx_tvalid"),
    ("s_axis_tready", "s_axis_if_rx_tready"),
    ("s_axis_tlast", "s_axis_if_rx_tlast"),
    ("s_axis_tuser", "s_axis_if_rx_tuser"),
    ("s_axis_tid", "s_axis_if_rx_tid"),
    ("m_axis_tdata", "m_axis_if_rx_tdata"),
    ("m_axis_tkeep", "m_axis_if_rx_tkeep"),
    ("m_axis_tvalid", "m_axis_if_rx_tvalid"),
    ("m_axis_tready", "m_axis_if_rx_tready"),
    ("m_axis_tlast", "m_axis_if_rx_tlast"),
    ("m_axis_tuser", "m_axis_if_rx_tuser"),
    ("m_axis_tid", "m_axis_if_rx_tid"),
    ("m_axis_tdest", "m_axis_if_rx_tdest"),
];

/// The bit of tdest that says that the others are a queue.
const DIRECT: u8 = 8;

struct State {
    model: VerilatorModel,
    /// The model's ports by name.
    places: HashMap<String, usize>,
    /// Values of the model's inputs.
    inputs: Vec<Vec<u8>>,
    interfaces: usize,
    /// Users that have not gone, and of these those that wait for the tick.
    users: usize,
    waiting: usize,
    ticks: u64,
    masters: Vec<Master>,
    resets: Vec<bool>,
    writes: Half,
    reads: Half,
    watches: Vec<Watch>,
}

impl State {
    fn place(&self, name: &str) -> usize {
        let place = self.places.get(name);
        *place.unwrap_or_else(|| panic!("the block has no port {name}"))
    }

    fn input(&mut self, name: &str, value: u128) {
        let place = self.place(name);
        let bytes = self.inputs[place].len();
        self.inputs[place].copy_from_slice(&value.to_le_bytes()[..bytes]);
    }

    fn output(&self, name: &str) -> u128 {
        let place = self.place(name);
        let mut value = [0; 16];
        let bytes = self.model.ports()[place].bytes();
        self.model.get(place, &mut value[..bytes]);
        u128::from_le_bytes(value)
    }

    fn bit_in(&self, name: &str, bit: usize) -> bool {
        self.inputs[self.place(name)][bit / 8] >> (bit % 8) & 1 == 1
    }

    /// Looks at what stands at the outputs of each interface in this cycle.
    fn watch(&mut self) {
        let (valid, last) = (
            self.output("m_axis_if_rx_tvalid"),
            self.output("m_axis_if_rx_tlast"),
        );
        let dest = self.output("m_axis_if_rx_tdest");
        let in_reset = self.resets.contains(&true);
        for i in 0..self.interfaces {
            let ready = self.bit_in("m_axis_if_rx_tready", i);
            let direct = dest >> (i * 9 + usize::from(DIRECT)) & 1 == 1;
            if in_reset {
                self.watches[i].reset();
            } else if valid >> i & 1 == 1 {
                self.watches[i].beat(direct, ready, last >> i & 1 == 1);
            }
        }
    }

    fn tick(&mut self) {
        self.watch();
        let owner = |half: Half| half.owner().map(|owner| self.masters[owner]);
        let write = owner(self.writes).unwrap_or_default();
        let read = owner(self.reads).unwrap_or_default();
        let wrote = write.bready && self.output("s_axil_app_ctrl_bvalid") == 1;
        let had_read = read.rready && self.output("s_axil_app_ctrl_rvalid") == 1;
        for (name, value) in [
            ("awaddr", u128::from(write.base + write.awaddr)),
            ("awvalid", write.awvalid.into()),
            ("wdata", write.wdata.into()),
            ("wstrb", write.wstrb.into()),
            ("wvalid", write.wvalid.into()),
            ("bready", write.bready.into()),
            ("araddr", u128::from(read.base + read.araddr)),
            ("arvalid", read.arvalid.into()),
            ("rready", read.rready.into()),
        ] {
            self.input(&format!("s_axil_app_ctrl_{name}"), value);
        }
        let reset = self.resets.contains(&true);
        self.input("rst", reset.into());
        for (place, value) in self.inputs.iter().enumerate() {
            if !value.is_empty() {
                self.model.set(place, value);
            }
        }
        self.model.tick();
        self.ticks += 1;
        self.waiting = 0;
        let masters = &self.masters;
        let wants_write = |m: usize| masters[m].awvalid || masters[m].wvalid;
        let wants_read = |m: usize| masters[m].arvalid;
        self.writes.pass(wrote || reset, masters.len(), wants_write);
        self.reads
            .pass(had_read || reset, masters.len(), wants_read);
    }
}

/// A model with several users.
#[derive(Clone)]
pub struct Shared(Arc<(Mutex<State>, Condvar)>);

impl Shared {
    /// The model of a block with so many interfaces. Users are made before any of them begins.
    pub fn new(model: VerilatorModel, interfaces: usize) -> Self {
        let inputs = model.ports().iter().map(|port| match port.direction {
            scr_hdl::Direction::Input if port.name != "clk" => vec![0; port.bytes()],
            _ => Vec::new(),
        });
        let mut watches = vec![Watch::default(); interfaces];
        watches.iter_mut().for_each(|watch| watch.expect(true));
        let names = model.ports().iter().map(|port| port.name.clone());
        let state = State {
            places: names.zip(0..).collect(),
            inputs: inputs.collect(),
            model,
            interfaces,
            users: 0,
            waiting: 0,
            ticks: 0,
            masters: Vec::new(),
            resets: Vec::new(),
            writes: Half::default(),
            reads: Half::default(),
            watches,
        };
        Self(Arc::new((Mutex::new(state), Condvar::new())))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A user that failed has said so; the others go on.
        self.0
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A user with a master on the register bus whose addresses begin at `base`.
    fn user(&self, base: u32) -> usize {
        let mut state = self.state();
        let master = Master {
            base,
            ..Master::default()
        };
        state.masters.push(master);
        state.resets.push(false);
        state.users += 1;
        state.masters.len() - 1
    }

    /// The sequencer of an interface.
    pub fn interface(&self, number: usize) -> Interface {
        let user = self.user(number as u32 * WINDOW_BYTES);
        let state = self.state();
        let mut ports = interface::ports(0);
        let mut buses = Vec::new();
        for port in &mut ports {
            let bus = STREAM.iter().find(|(name, _)| *name == port.name);
            let bus = bus.map(|(_, name)| {
                let place = state.place(name);
                let each = state.model.ports()[place].bits / state.interfaces;
                port.bits = each;
                Bus { port: place, each }
            });
            buses.push(bus);
        }
        drop(state);
        Interface {
            shared: self.clone(),
            user,
            number,
            ports,
            buses,
        }
    }

    /// A master on the registers of all interfaces.
    pub fn control(&self) -> Control {
        let mut ports = interface::ports(512);
        for port in &mut ports {
            if port.name.ends_with("addr") {
                port.bits = 16;
            }
        }
        Control {
            user: self.user(0),
            shared: self.clone(),
            ports,
        }
    }

    /// The frames of an interface by bit 8 of tdest, clear and set.
    ///
    /// # Errors
    ///
    /// What was wrong with one of them.
    pub fn frames(&self, interface: usize) -> Result<[u64; 2], String> {
        let state = self.state();
        let watch = &state.watches[interface];
        match &watch.wrong {
            Some(wrong) => Err(format!("interface {interface}: {wrong}")),
            None => Ok(watch.frames),
        }
    }

    fn tick(&self) {
        let mut state = self.state();
        let now = state.ticks;
        state.waiting += 1;
        if state.waiting == state.users {
            state.tick();
            self.0.1.notify_all();
        }
        while state.ticks == now {
            let woken = self.0.1.wait(state);
            state = woken.unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    /// A user goes: it drives no register and is not waited for any more.
    fn leave(&self, user: usize) {
        let mut state = self.state();
        state.masters[user].silence();
        state.resets[user] = false;
        state.users -= 1;
        if state.users > 0 && state.waiting == state.users {
            state.tick();
            self.0.1.notify_all();
        }
    }

    /// Drives a register port of a user.
    fn set_register(&self, user: usize, name: &str, value: &[u8]) {
        let mut bytes = [0; 4];
        bytes[..value.len()].copy_from_slice(value);
        let value = u32::from_le_bytes(bytes);
        let mut state = self.state();
        let master = &mut state.masters[user];
        match name {
            "s_axil_awaddr" => master.awaddr = value,
            "s_axil_awvalid" => master.awvalid = value == 1,
            "s_axil_wdata" => master.wdata = value,
            "s_axil_wstrb" => master.wstrb = value as u8,
            "s_axil_wvalid" => master.wvalid = value == 1,
            "s_axil_bready" => master.bready = value == 1,
            "s_axil_araddr" => master.araddr = value,
            "s_axil_arvalid" => master.arvalid = value == 1,
            "s_axil_rready" => master.rready = value == 1,
            "s_axil_awprot" | "s_axil_arprot" => {}
            other => panic!("{other} is not driven here"),
        }
    }

    /// Reads a register port of a user: silent while it is not the user's turn.
    fn get_register(&self, user: usize, name: &str, value: &mut [u8]) {
        let state = self.state();
        let signal = name.trim_start_matches("s_axil_");
        let half = match signal {
            "awready" | "wready" | "bresp" | "bvalid" => state.writes,
            _ => state.reads,
        };
        value.fill(0);
        if half.is_of(user) {
            let port = state.place(&format!("s_axil_app_ctrl_{signal}"));
            state.model.get(port, value);
        }
    }
}

/// The sequencer of an interface, as a block by itself.
pub struct Interface {
    shared: Shared,
    user: usize,
    number: usize,
    ports: Vec<Port>,
    /// The bus that a port of a stream is a part of.
    buses: Vec<Option<Bus>>,
}

impl Dut for Interface {
    fn ports(&self) -> &[Port] {
        &self.ports
    }

    fn set(&mut self, port: usize, value: &[u8]) {
        if let Some(bus) = self.buses[port] {
            let mut state = self.shared.state();
            let at = self.number * bus.each;
            put(&mut state.inputs[bus.port], at, value, bus.each);
        } else if self.ports[port].name == "rst" {
            self.shared.state().resets[self.user] = value[0] == 1;
        } else {
            self.shared
                .set_register(self.user, &self.ports[port].name, value);
        }
    }

    /// Of tdest, the queue: what its highest bit says is watched elsewhere.
    fn get(&self, port: usize, value: &mut [u8]) {
        let Some(bus) = self.buses[port] else {
            self.shared
                .get_register(self.user, &self.ports[port].name, value);
            return;
        };
        let state = self.shared.state();
        let mut whole = vec![0; state.model.ports()[bus.port].bytes()];
        state.model.get(bus.port, &mut whole);
        take(&whole, self.number * bus.each, value, bus.each);
        if self.ports[port].name == "m_axis_tdest" {
            value[usize::from(DIRECT / 8)] = 0;
        }
    }

    fn tick(&mut self) {
        self.shared.tick();
    }
}

impl Drop for Interface {
    fn drop(&mut self) {
        self.shared.leave(self.user);
    }
}

/// A master on the registers of all interfaces.
pub struct Control {
    shared: Shared,
    user: usize,
    ports: Vec<Port>,
}

impl Control {
    /// Whether nobody else is left.
    pub fn is_alone(&self) -> bool {
        self.shared.state().users == 1
    }

    /// Frames of the interface may have either value in bit 8 of tdest from now on, or must have one.
    pub fn expect(&self, interface: usize, direct: Option<bool>) {
        let mut state = self.shared.state();
        match direct {
            Some(direct) => state.watches[interface].expect(direct),
            None => state.watches[interface].allow_both(),
        }
    }
}

impl Dut for Control {
    fn ports(&self) -> &[Port] {
        &self.ports
    }

    fn set(&mut self, port: usize, value: &[u8]) {
        self.shared
            .set_register(self.user, &self.ports[port].name, value);
    }

    fn get(&self, port: usize, value: &mut [u8]) {
        self.shared
            .get_register(self.user, &self.ports[port].name, value);
    }

    fn tick(&mut self) {
        self.shared.tick();
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.shared.leave(self.user);
    }
}
