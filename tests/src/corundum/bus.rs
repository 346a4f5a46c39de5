//! Whose turn it is on the register bus: several masters share it, each with whole accesses, reads and writes independently.

/// What a master drives, and how far its address is from the block's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Master {
    /// Added to the master's addresses.
    pub base: u32,
    /// Write address.
    pub awaddr: u32,
    /// A write address is offered.
    pub awvalid: bool,
    /// Write data.
    pub wdata: u32,
    /// Write strobes.
    pub wstrb: u8,
    /// Write data are offered.
    pub wvalid: bool,
    /// A write's response is taken.
    pub bready: bool,
    /// Read address.
    pub araddr: u32,
    /// A read address is offered.
    pub arvalid: bool,
    /// Data read are taken.
    pub rready: bool,
}

impl Master {
    /// Drives nothing.
    pub fn silence(&mut self) {
        *self = Self {
            base: self.base,
            ..Self::default()
        };
    }
}

/// One of the two halves of the bus.
#[derive(Clone, Copy, Debug, Default)]
pub struct Half {
    owner: Option<usize>,
    next: usize,
}

impl Half {
    /// Whether it is this master's turn.
    pub fn is_of(&self, master: usize) -> bool {
        self.owner == Some(master)
    }

    /// Whose turn it is.
    pub fn owner(&self) -> Option<usize> {
        self.owner
    }

    /// After a cycle: the owner's access has `ended` or not, and `wants` says who would like to begin one.
    pub fn pass(&mut self, ended: bool, masters: usize, wants: impl Fn(usize) -> bool) {
        if ended {
            self.owner = None;
        }
        if self.owner.is_none() {
            let mut all = (0..masters).map(|place| (self.next + place) % masters);
            self.owner = all.find(|&master| wants(master));
            self.next = self.owner.map_or(self.next, |owner| (owner + 1) % masters);
        }
    }
}
