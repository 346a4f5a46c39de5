//! Two blocks with the same inputs, with every output compared in every cycle.

use std::fmt;
use std::sync::{Arc, OnceLock};

use scr_hdl::{Direction, Dut, Port};

use super::config::CosimConfig;
use super::engine::run_watched;
use super::mismatch::Mismatch;
use super::report::CosimReport;
use super::steps::Step;

/// The first cycle in which two blocks differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Name of the output.
    pub port: String,
    /// Ticks since power-up, the first being 1.
    pub tick: u64,
    /// The first block's value, little-endian.
    pub first: Vec<u8>,
    /// The second block's value, little-endian.
    pub second: Vec<u8>,
}

impl std::error::Error for Divergence {}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |bytes: &[u8]| {
            let digits: String = bytes.iter().rev().map(|b| format!("{b:02x}")).collect();
            format!("0x{digits}")
        };
        write!(
            f,
            "the two blocks differ after tick {}: {} is {} in the first and {} in the second",
            self.tick,
            self.port,
            hex(&self.first),
            hex(&self.second)
        )
    }
}

/// Two blocks as one, whose outputs are those of the first.
struct Pair {
    first: Box<dyn Dut + Send>,
    second: Box<dyn Dut + Send>,
    /// For each port of the first block, its index in the second.
    places: Vec<usize>,
    outputs: Vec<usize>,
    values: [Vec<u8>; 2],
    ticks: u64,
    divergence: Arc<OnceLock<Divergence>>,
}

impl Pair {
    fn new(first: Box<dyn Dut + Send>, second: Box<dyn Dut + Send>) -> Result<Self, Divergence> {
        let describe = |port: Option<&Port>| {
            port.map_or_else(
                || b"none".to_vec(),
                |p| format!("{:?} {}", p.direction, p.bits).into_bytes(),
            )
        };
        let mut places = Vec::new();
        for port in first.ports() {
            let place = second.port(&port.name);
            let other = place.map(|at| &second.ports()[at]);
            match place {
                Some(at) if other == Some(port) => places.push(at),
                _ => {
                    return Err(Divergence {
                        port: port.name.clone(),
                        tick: 0,
                        first: describe(Some(port)),
                        second: describe(other),
                    });
                }
            }
        }
        let outputs = (0..places.len())
            .filter(|&i| first.ports()[i].direction == Direction::Output)
            .collect();
        Ok(Self {
            first,
            second,
            places,
            outputs,
            values: [Vec::new(), Vec::new()],
            ticks: 0,
            divergence: Arc::default(),
        })
    }
}

impl Dut for Pair {
    fn ports(&self) -> &[Port] {
        self.first.ports()
    }

    fn set(&mut self, port: usize, value: &[u8]) {
        self.first.set(port, value);
        self.second.set(self.places[port], value);
    }

    fn get(&self, port: usize, value: &mut [u8]) {
        self.first.get(port, value);
    }

    fn tick(&mut self) {
        self.first.tick();
        self.second.tick();
        self.ticks += 1;
        if self.divergence.get().is_some() {
            return;
        }
        for &port in &self.outputs {
            let bytes = self.first.ports()[port].bytes();
            let [first, second] = &mut self.values;
            first.resize(bytes, 0);
            second.resize(bytes, 0);
            self.first.get(port, first);
            self.second.get(self.places[port], second);
            if first != second {
                // Only the first divergence is kept, and this is the first.
                _ = self.divergence.set(Divergence {
                    port: self.first.ports()[port].name.clone(),
                    tick: self.ticks,
                    first: first.clone(),
                    second: second.clone(),
                });
                return;
            }
        }
    }
}

/// Runs the steps on two blocks at once (as [`run`](super::run) does on one), comparing every output port in every
/// cycle.
///
/// # Errors
///
/// The first [`Mismatch`]: a [`Divergence`], or an error of [`run`](super::run).
pub fn lockstep(
    first: Box<dyn Dut + Send>,
    second: Box<dyn Dut + Send>,
    steps: impl IntoIterator<Item = Step>,
    config: &CosimConfig,
) -> Result<CosimReport, Mismatch> {
    let mut pair = Pair::new(first, second).map_err(|divergence| Mismatch {
        packet: 1,
        cycle: 0,
        kind: divergence.into(),
        seed: config.seed,
    })?;
    let divergence = Arc::clone(&pair.divergence);
    run_watched(&mut pair, steps, config, &|| divergence.get().cloned())
}
