//! The registers of a block that has a sequencer for each of a NIC's interfaces: one behind the other the *windows* of the
//! interfaces, and in each window the sequencer's registers and, behind them, a page of the shell's own.
//!
//! `docs/shells` describes them in prose.

use super::{ADDRESS_BITS, Access, Register};

/// Bits of a byte offset within a window.
pub const WINDOW_BITS: usize = ADDRESS_BITS + 1;

/// Bytes from one interface's window to the next.
pub const WINDOW_BYTES: u32 = 1 << WINDOW_BITS;

/// Byte offset of the shell's page within a window.
pub const PAGE: u16 = 1 << ADDRESS_BITS;

/// Value of [`SHELL`] in Corundum: "SCRC".
pub const CORUNDUM: u32 = 0x5343_5243;

/// [`INTERFACE`], lowest bit of the number of interfaces (15..8).
pub const INTERFACE_COUNT_SHIFT: u32 = 8;

/// [`TDEST`], bit 0: tdest is looked up in the NIC's indirection table.
pub const TDEST_INDIRECT: u32 = 1 << 0;

/// Which shell.
pub const SHELL: Register = Register::word(
    0x1000,
    "SHELL",
    Access::Read,
    "which shell: `0x53435243`, \"SCRC\", is Corundum",
);
/// Which interface.
pub const INTERFACE: Register = Register::word(
    0x1004,
    "INTERFACE",
    Access::Read,
    "number of the window's interface (7..0), number of interfaces (15..8)",
);
/// What tdest says.
pub const TDEST: Register = Register::word(
    0x1008,
    "TDEST",
    Access::ReadWrite,
    "bit 0, `indirect`: tdest of a frame for queue q is {1, q}, the queue itself (0), or {0, q}, a place in the NIC's \
     indirection table (1). Reset value 0",
);

/// The shell's page, in the order of its offsets; those of a sequencer are before it.
pub const MAP: [Register; 3] = [SHELL, INTERFACE, TDEST];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_behind_the_sequencers_registers() {
        for (place, register) in MAP.iter().enumerate() {
            assert_eq!(usize::from(register.offset - PAGE), 4 * place);
        }
        assert!(u32::from(MAP[MAP.len() - 1].offset) < WINDOW_BYTES);
    }
}
