//! The handshakes of AXI4-Lite in front of the register model: one read and one write at a time.

use super::registers::RegisterModel;

/// The master's signals in a cycle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Master {
    pub(super) awaddr: u16,
    pub(super) awvalid: bool,
    pub(super) wdata: u32,
    pub(super) wstrb: u8,
    pub(super) wvalid: bool,
    pub(super) bready: bool,
    pub(super) araddr: u16,
    pub(super) arvalid: bool,
    pub(super) rready: bool,
}

/// The slave's signals in a cycle.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slave {
    pub(super) awready: bool,
    pub(super) wready: bool,
    pub(super) bresp: u8,
    pub(super) bvalid: bool,
    pub(super) arready: bool,
    pub(super) rdata: u32,
    pub(super) rresp: u8,
    pub(super) rvalid: bool,
}

/// Clock edges from a write to its response: by then it is in force.
const RESPONSE_DELAY: u32 = super::SETTING_DELAY as u32 + 1;

/// Response code of a refused access.
const SLVERR: u8 = 2;

/// The slave's state.
#[derive(Debug, Default)]
pub(super) struct Front {
    pub(super) out: Slave,
    address: Option<u16>,
    data: Option<(u32, u8)>,
    /// Clock edges until the response.
    response_in: u32,
}

impl Front {
    /// A clock edge in reset.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// A clock edge.
    pub(super) fn tick(&mut self, master: &Master, registers: &mut RegisterModel) {
        let out = &mut self.out;
        if out.bvalid && master.bready {
            out.bvalid = false;
        }
        if out.awready && master.awvalid {
            self.address = Some(master.awaddr);
        }
        if out.wready && master.wvalid {
            self.data = Some((master.wdata, master.wstrb));
        }
        if let (Some(address), Some((data, strobes)), false) = (self.address, self.data, out.bvalid)
        {
            let done = registers.write(address, data, strobes);
            (self.address, self.data) = (None, None);
            self.response_in = RESPONSE_DELAY;
            out.bresp = if done { 0 } else { SLVERR };
        } else if self.response_in > 0 {
            self.response_in -= 1;
            out.bvalid = self.response_in == 0;
        }
        let idle = !out.bvalid && self.response_in == 0;
        out.awready = self.address.is_none() && idle;
        out.wready = self.data.is_none() && idle;

        if out.rvalid && master.rready {
            out.rvalid = false;
        }
        if out.arready && master.arvalid {
            let value = registers.read(master.araddr);
            out.rvalid = true;
            out.rdata = value.unwrap_or(0);
            out.rresp = if value.is_some() { 0 } else { SLVERR };
        }
        out.arready = !out.rvalid;
    }
}
