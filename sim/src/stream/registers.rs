//! The AXI4-Lite ports of a block, and a master that reads and writes through them.

use scr_hdl::{Dut, Port, interface};

use super::PortError;
use super::ports::Field;

/// Cycles after which an access that gets no answer is given up.
const PATIENCE_CYCLES: u32 = 10_000;

/// One access to a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read 32 bits.
    Read {
        /// Byte offset.
        offset: u16,
    },
    /// Write 32 bits.
    Write {
        /// Byte offset.
        offset: u16,
        /// The value to write.
        value: u32,
        /// Byte strobes, bit i for byte i; 15 is all of them.
        strobes: u8,
    },
}

impl Access {
    /// A write of all four bytes.
    pub fn write(offset: u16, value: u32) -> Self {
        Self::Write {
            offset,
            value,
            strobes: 0xf,
        }
    }

    /// Byte offset.
    pub fn offset(self) -> u16 {
        match self {
            Self::Read { offset } | Self::Write { offset, .. } => offset,
        }
    }
}

/// The answer to an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was read; 0 for a write.
    pub value: u32,
    /// The response was not OKAY.
    pub refused: bool,
}

/// No answer has come for 10,000 cycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the registers have not answered for {PATIENCE_CYCLES} cycles: {access:?}")]
pub struct NoAnswer {
    /// The access.
    pub access: Access,
}

/// Where a block's AXI4-Lite ports are.
#[derive(Clone, Copy, Debug)]
struct AxilPorts {
    awaddr: Field,
    awvalid: Field,
    awready: Field,
    wdata: Field,
    wstrb: Field,
    wvalid: Field,
    wready: Field,
    bresp: Field,
    bvalid: Field,
    bready: Field,
    araddr: Field,
    arvalid: Field,
    arready: Field,
    rdata: Field,
    rresp: Field,
    rvalid: Field,
    rready: Field,
}

/// When the master offers and takes, in cycles from the start of an access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delays {
    /// The address is offered from this cycle on.
    pub address: u32,
    /// The data of a write are offered from this cycle on.
    pub data: u32,
    /// The answer is taken so many cycles after it could be.
    pub answer: u32,
}

/// The parts of an access that have yet to be done.
#[derive(Clone, Copy, Debug)]
struct Pending {
    access: Access,
    address: bool,
    data: bool,
    cycles: u32,
    delays: Delays,
    /// Cycles that the answer has waited.
    answered: u32,
}

/// A master on a block's AXI4-Lite ports, one access at a time.
#[derive(Clone, Debug)]
pub struct RegisterBus {
    ports: AxilPorts,
    pending: Option<Pending>,
    /// Valid and ready signals as they are driven.
    driven: [bool; 5],
}

impl RegisterBus {
    /// Finds the ports `s_axil_*`.
    ///
    /// # Errors
    ///
    /// [`PortError`] when one is missing.
    pub fn find(ports: &[Port]) -> Result<Self, PortError> {
        let find = |spec| Field::find(ports, spec);
        Ok(Self {
            ports: AxilPorts {
                awaddr: find(interface::S_AXIL_AWADDR)?,
                awvalid: find(interface::S_AXIL_AWVALID)?,
                awready: find(interface::S_AXIL_AWREADY)?,
                wdata: find(interface::S_AXIL_WDATA)?,
                wstrb: find(interface::S_AXIL_WSTRB)?,
                wvalid: find(interface::S_AXIL_WVALID)?,
                wready: find(interface::S_AXIL_WREADY)?,
                bresp: find(interface::S_AXIL_BRESP)?,
                bvalid: find(interface::S_AXIL_BVALID)?,
                bready: find(interface::S_AXIL_BREADY)?,
                araddr: find(interface::S_AXIL_ARADDR)?,
                arvalid: find(interface::S_AXIL_ARVALID)?,
                arready: find(interface::S_AXIL_ARREADY)?,
                rdata: find(interface::S_AXIL_RDATA)?,
                rresp: find(interface::S_AXIL_RRESP)?,
                rvalid: find(interface::S_AXIL_RVALID)?,
                rready: find(interface::S_AXIL_RREADY)?,
            },
            pending: None,
            driven: [false; 5],
        })
    }

    /// Whether an access is under way.
    pub fn busy(&self) -> bool {
        self.pending.is_some()
    }

    /// Starts an access: [`step`](Self::step) in each cycle until the answer comes.
    ///
    /// # Panics
    ///
    /// When one is under way.
    pub fn start(&mut self, access: Access) {
        self.start_with(access, Delays::default());
    }

    /// The same with a master that takes its time.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub fn start_with(&mut self, access: Access, delays: Delays) {
        assert!(self.pending.is_none(), "one access at a time");
        self.pending = Some(Pending {
            access,
            address: true,
            data: matches!(access, Access::Write { .. }),
            cycles: 0,
            delays,
            answered: 0,
        });
    }

    /// Chooses the inputs of the coming cycle. The answer comes in the cycle in which the response is taken.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`]; the access is given up.
    pub fn step(&mut self, dut: &mut (impl Dut + ?Sized)) -> Result<Option<Answer>, NoAnswer> {
        let Some(mut now) = self.pending else {
            self.silence(dut);
            return Ok(None);
        };
        let ports = self.ports;
        let mut answer = None;
        match now.access {
            Access::Read { offset } => {
                if now.address && now.cycles == 0 {
                    ports.araddr.set(dut, offset.into());
                }
                let offers = now.address && now.cycles >= now.delays.address;
                let valid = !now.address && ports.rvalid.bit(dut);
                let takes = !now.address && now.answered >= now.delays.answer;
                now.answered += u32::from(valid);
                self.drive(dut, [false, false, false, offers, takes]);
                if offers {
                    now.address = !ports.arready.bit(dut);
                } else if valid && takes {
                    answer = Some(Answer {
                        value: ports.rdata.get(dut) as u32,
                        refused: ports.rresp.get(dut) != 0,
                    });
                }
            }
            Access::Write {
                offset,
                value,
                strobes,
            } => {
                if now.cycles == 0 {
                    ports.awaddr.set(dut, offset.into());
                    ports.wdata.set(dut, value.into());
                    ports.wstrb.set(dut, strobes.into());
                }
                let address = now.address && now.cycles >= now.delays.address;
                let data = now.data && now.cycles >= now.delays.data;
                let valid = !now.address && !now.data && ports.bvalid.bit(dut);
                let takes = !now.address && !now.data && now.answered >= now.delays.answer;
                now.answered += u32::from(valid);
                self.drive(dut, [address, data, takes, false, false]);
                now.address &= !(address && ports.awready.bit(dut));
                now.data &= !(data && ports.wready.bit(dut));
                if valid && takes {
                    answer = Some(Answer {
                        value: 0,
                        refused: ports.bresp.get(dut) != 0,
                    });
                }
            }
        }
        now.cycles += 1;
        self.pending = Some(now).filter(|_| answer.is_none());
        if now.cycles > PATIENCE_CYCLES {
            self.pending = None;
            return Err(NoAnswer { access: now.access });
        }
        Ok(answer)
    }

    /// Gives up what is under way: the block is being reset.
    pub fn reset(&mut self, dut: &mut (impl Dut + ?Sized)) {
        self.pending = None;
        self.silence(dut);
    }

    /// Whether [`step`](Self::step) has to be called although nothing is under way: the last answer was taken in the
    /// cycle before.
    pub fn lingers(&self) -> bool {
        self.driven.contains(&true)
    }

    fn silence(&mut self, dut: &mut (impl Dut + ?Sized)) {
        self.drive(dut, [false; 5]);
    }

    fn drive(&mut self, dut: &mut (impl Dut + ?Sized), wanted: [bool; 5]) {
        let ports = &self.ports;
        let fields = [
            ports.awvalid,
            ports.wvalid,
            ports.bready,
            ports.arvalid,
            ports.rready,
        ];
        for ((field, wanted), driven) in fields.into_iter().zip(wanted).zip(&mut self.driven) {
            if wanted != *driven {
                *driven = wanted;
                field.set_bit(dut, wanted);
            }
        }
    }
}
