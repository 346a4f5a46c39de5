//! Corundum's own registers, as far as steering depends on them: BAR 0.
//!
//! Registers are in *blocks*, each of which has a type, a version and the offset of the next one. One list of them is the NIC's,
//! and each interface has another. Types, versions and offsets are those of Corundum at commit `1ca0151b` (2023-12-02), see
//! `docs/shells/corundum.md`.

use super::{Bar, PciError};

/// Type, version and purpose of a register block.
type Kind = (u32, u32, &'static str);

/// The application: which one it is.
const APPLICATION: Kind = (0xc005, 0x0200, "which application there is");
/// Where the interfaces are.
const INTERFACES: Kind = (0xc000, 0x0100, "where the interfaces are");
/// Ports and MTU of an interface.
const CONTROL: Kind = (0xc001, 0x0400, "the interface's MTU");
/// The map from frames to receive queues.
const QUEUE_MAP: Kind = (0xc090, 0x0200, "the map from frames to queues");
/// The receive queues.
const QUEUES: Kind = (0xc031, 0x0400, "the receive queues");

/// Offset of a block's version, and of the offset of the next block.
const VERSION: u64 = 0x04;
const NEXT: u64 = 0x08;
/// Offset of a block's first own register.
const FIRST: u64 = 0x0c;

/// More blocks than any list has.
const MOST_BLOCKS: usize = 256;

/// The registers of a NIC.
#[derive(Debug)]
pub struct Mqnic<B> {
    bar: B,
    application: u32,
    interfaces: Vec<Interface>,
}

/// Where the registers of an interface are.
#[derive(Clone, Copy, Debug)]
struct Interface {
    base: u64,
    control: u64,
    queue_map: u64,
    queues: u64,
}

/// State of a receive queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// The interface has no such queue.
    Absent,
    /// The queue is not enabled: its frames are dropped.
    Disabled,
    /// The queue takes frames.
    Enabled,
}

impl<B: Bar> Mqnic<B> {
    /// The number of the BAR.
    pub const BAR: u8 = 0;

    /// Finds the register blocks of the NIC and its interfaces.
    ///
    /// # Errors
    ///
    /// [`PciError::NoBlock`], [`PciError::Blocks`], [`PciError::Small`] and [`PciError::Bus`].
    pub fn find(bar: B) -> Result<Self, PciError> {
        let mut nic = Self {
            bar,
            application: 0,
            interfaces: Vec::new(),
        };
        let blocks = nic.blocks(0, 0)?;
        let application = one(&blocks, APPLICATION)?;
        nic.application = nic.read(application + FIRST)?;
        let list = one(&blocks, INTERFACES)?;
        let [offset, count, stride, first] = [0, 4, 8, 12].map(|at| nic.read(list + FIRST + at));
        let (offset, count, stride, first) = (offset?, count?, stride?, first?);
        for interface in 0..u64::from(count).min(u64::from(u8::MAX)) {
            let base = u64::from(offset) + interface * u64::from(stride);
            let blocks = nic.blocks(base, u64::from(first))?;
            nic.interfaces.push(Interface {
                base,
                control: one(&blocks, CONTROL)?,
                queue_map: one(&blocks, QUEUE_MAP)?,
                queues: one(&blocks, QUEUES)?,
            });
        }
        Ok(nic)
    }

    /// The id of the application in the NIC.
    pub fn application(&self) -> u32 {
        self.application
    }

    /// Number of interfaces.
    pub fn interfaces(&self) -> usize {
        self.interfaces.len()
    }

    /// Longest frame that an interface receives, in bytes, Ethernet header included, and the longest that it can be set to.
    /// What is longer is truncated.
    ///
    /// # Errors
    ///
    /// [`PciError::Bus`].
    ///
    /// # Panics
    ///
    /// If there is no such interface; as all functions here.
    pub fn rx_mtu(&mut self, interface: usize) -> Result<(u32, u32), PciError> {
        let control = self.interfaces[interface].control;
        Ok((self.read(control + 0x2c)?, self.read(control + 0x24)?))
    }

    /// The masks of an interface's queue map, for its first port: `app_mask`, of tdest, and `rss_mask`, of the hash.
    ///
    /// # Errors
    ///
    /// [`PciError::Bus`].
    pub fn masks(&mut self, interface: usize) -> Result<(u32, u32), PciError> {
        let map = self.interfaces[interface].queue_map;
        Ok((self.read(map + 0x18)?, self.read(map + 0x14)?))
    }

    /// Sets `app_mask` of all ports of an interface. Corundum's driver sets it to 0 when the interface goes up.
    ///
    /// # Errors
    ///
    /// [`PciError::Bus`], and [`PciError::NotWritten`] if a register does not change.
    pub fn set_app_mask(&mut self, interface: usize, wanted: u32) -> Result<(), PciError> {
        let Interface {
            control, queue_map, ..
        } = self.interfaces[interface];
        let ports = self.read(control + 0x10)?.clamp(1, 8);
        for port in 0..u64::from(ports) {
            let at = queue_map + 0x18 + 0x10 * port;
            self.bar.write(at, wanted).map_err(PciError::Bus)?;
            let found = self.read(at)?;
            if found != wanted {
                return Err(PciError::NotWritten {
                    name: "app_mask",
                    interface: interface as u8,
                    wanted,
                    found,
                });
            }
        }
        Ok(())
    }

    /// The state of an interface's receive queue.
    ///
    /// # Errors
    ///
    /// [`PciError::Bus`] and [`PciError::Small`].
    pub fn queue(&mut self, interface: usize, queue: u16) -> Result<Queue, PciError> {
        let Interface { base, queues, .. } = self.interfaces[interface];
        let [offset, count, stride] = [0, 4, 8].map(|at| self.read(queues + FIRST + at));
        if u32::from(queue) >= count? {
            return Ok(Queue::Absent);
        }
        let at = base + u64::from(offset?) + u64::from(queue) * u64::from(stride?);
        // Bit 0: enabled.
        Ok(match self.read(at + 8)? & 1 {
            0 => Queue::Disabled,
            _ => Queue::Enabled,
        })
    }

    /// All blocks of a list whose first one is at `base + first`; offsets in the list are from `base`.
    fn blocks(&mut self, base: u64, first: u64) -> Result<Vec<(u32, u32, u64)>, PciError> {
        let mut blocks: Vec<(u32, u32, u64)> = Vec::new();
        let mut at = base + first;
        loop {
            if blocks.len() == MOST_BLOCKS || blocks.iter().any(|block| block.2 == at) {
                return Err(PciError::Blocks { at });
            }
            blocks.push((self.read(at)?, self.read(at + VERSION)?, at));
            match self.read(at + NEXT)? {
                0 => return Ok(blocks),
                next => at = base + u64::from(next),
            }
        }
    }

    fn read(&mut self, at: u64) -> Result<u32, PciError> {
        let bytes = self.bar.bytes();
        if at >= bytes {
            return Err(PciError::Small {
                bar: Self::BAR,
                bytes,
                what: format!("a register at {at:#x}"),
            });
        }
        self.bar.read(at).map_err(PciError::Bus)
    }
}

/// Where the block of a kind is.
fn one(blocks: &[(u32, u32, u64)], (kind, version, what): Kind) -> Result<u64, PciError> {
    let found = blocks
        .iter()
        .find(|block| (block.0, block.1) == (kind, version));
    let missing = PciError::NoBlock {
        kind,
        version,
        what,
    };
    found.map(|block| block.2).ok_or(missing)
}
