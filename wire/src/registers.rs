//! The sequencer's register map, shared by hardware, driver, golden model and documentation.
//!
//! Registers have 32 bits and byte offsets; 64-bit values take two registers, low half first. `docs/sequencer.md`
//! describes them in prose.

pub mod shell;

use core::fmt;

use crate::header::VERSION as FORMAT_VERSION;
use crate::{Config, Geometry, Limits, MAX_CORES, Profile};

/// Value of [`ID`]: "SCR1".
pub const ID_VALUE: u32 = 0x5343_5231;

/// Version of the hardware's design: the lower half of [`VERSION`].
pub const DESIGN_VERSION: u16 = 1;

/// Value of [`VERSION`]: format version (31..16), design version (15..0).
pub const VERSION_VALUE: u32 = (FORMAT_VERSION as u32) << 16 | DESIGN_VERSION as u32;

/// Bits of a byte offset: the registers occupy 4 KiB.
pub const ADDRESS_BITS: usize = 12;

/// [`CONTROL`], bit 0: enable; 0 passes every frame by.
pub const CONTROL_ENABLE: u32 = 1 << 0;

/// [`CONTROL`], bit 1: sequence every frame, not only IP.
pub const CONTROL_SEQUENCE_ALL: u32 = 1 << 1;

/// [`STATUS`], bit 0, sticky: a write was refused. Writing 1 clears it.
pub const STATUS_REFUSED: u32 = 1 << 0;

/// [`STATUS`], lowest bit of the epoch (15..8).
pub const STATUS_EPOCH_SHIFT: u32 = 8;

/// How a register may be accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read only.
    Read,
    /// Read and write.
    ReadWrite,
    /// Read; writing a 1 clears the bit.
    ReadWrite1Clear,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "R",
            Self::ReadWrite => "RW",
            Self::ReadWrite1Clear => "R, W1C",
        })
    }
}

/// A register, or an array with one register per core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// Byte offset; that of core 0 if there is one per core.
    pub offset: u16,
    /// Name.
    pub name: &'static str,
    /// How it may be accessed.
    pub access: Access,
    /// Bits: 32, or 64 with the low half first. Reading the low half latches the high one.
    pub bits: u8,
    /// Whether there is one register per core, at consecutive offsets.
    pub per_core: bool,
    /// Meaning of the value.
    pub meaning: &'static str,
}

impl Register {
    const fn word(offset: u16, name: &'static str, access: Access, meaning: &'static str) -> Self {
        Self {
            offset,
            name,
            access,
            bits: 32,
            per_core: false,
            meaning,
        }
    }

    const fn wide(offset: u16, name: &'static str, meaning: &'static str) -> Self {
        Self {
            bits: 64,
            ..Self::word(offset, name, Access::Read, meaning)
        }
    }

    /// Byte offset of the register of `core`; of the only register if there is just one.
    pub const fn of_core(&self, core: u8) -> u16 {
        let bytes = (self.bits / 8) as u16;
        if self.per_core {
            self.offset + core as u16 * bytes
        } else {
            self.offset
        }
    }
}

/// The register's row in the documentation's table.
impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = if self.per_core { "[c]" } else { "" };
        write!(
            f,
            "| 0x{:03x} | `{}{index}` | {} | {} | {} |",
            self.offset, self.name, self.access, self.bits, self.meaning
        )
    }
}

/// Identification.
pub const ID: Register = Register::word(0x000, "ID", Access::Read, "`0x53435231`: \"SCR1\"");
/// Versions.
pub const VERSION: Register = Register::word(
    0x004,
    "VERSION",
    Access::Read,
    "format version (31..16), design version (15..0)",
);
/// The parameters the hardware was generated for.
pub const CAPABILITIES: Register = Register::word(
    0x008,
    "CAPABILITIES",
    Access::Read,
    "row profile (7..0), log2 of the row's bytes (11..8), maximum cores (19..12), history depth N (31..20)",
);
/// Mode bits.
pub const CONTROL: Register = Register::word(
    0x00c,
    "CONTROL",
    Access::ReadWrite,
    "bit 0: enable (0: every frame passes unaltered to the default queue); bit 1: `sequence_all`. Reset value 1",
);
/// Number of cores k.
pub const CORES: Register = Register::word(
    0x010,
    "CORES",
    Access::ReadWrite,
    "k, 1..=maximum cores. Reset value 1",
);
/// Prefix words B.
pub const PREFIX_WORDS: Register = Register::word(
    0x014,
    "PREFIX_WORDS",
    Access::ReadWrite,
    "B, 1..=63. Reset value: the fewest that hold one row",
);
/// Queue for frames that are not sequenced.
pub const DEFAULT_QUEUE: Register = Register::word(
    0x018,
    "DEFAULT_QUEUE",
    Access::ReadWrite,
    "tdest of frames that are not sequenced. Reset value 0",
);
/// Refusal flag and epoch.
pub const STATUS: Register = Register::word(
    0x01c,
    "STATUS",
    Access::ReadWrite1Clear,
    "bit 0, sticky: a write was refused; bits 15..8: epoch",
);
/// Sequence number.
pub const SEQ: Register = Register::wide(
    0x020,
    "SEQ",
    "number that the next sequenced frame gets, 40 bits",
);
/// Counter.
pub const PACKETS_IN: Register = Register::wide(0x040, "PACKETS_IN", "frames taken in completely");
/// Counter.
pub const BYTES_IN: Register = Register::wide(0x048, "BYTES_IN", "bytes taken in");
/// Counter.
pub const PACKETS_SEQUENCED: Register =
    Register::wide(0x050, "PACKETS_SEQUENCED", "frames given a number");
/// Counter.
pub const PACKETS_PASSED_BY: Register =
    Register::wide(0x058, "PACKETS_PASSED_BY", "frames passed by without one");
/// Counter.
pub const BYTES_OUT: Register =
    Register::wide(0x060, "BYTES_OUT", "bytes given out, prefixes included");
/// Counter.
pub const INPUT_STALL_CYCLES: Register = Register::wide(
    0x068,
    "INPUT_STALL_CYCLES",
    "cycles in which a beat was offered and not taken in",
);
/// Counter.
pub const OUTPUT_STALL_CYCLES: Register = Register::wide(
    0x070,
    "OUTPUT_STALL_CYCLES",
    "cycles in which a beat was offered and not taken off",
);
/// Counter.
pub const MALFORMED: Register = Register::wide(
    0x078,
    "MALFORMED",
    "frames with an IPv4 EtherType, or IPv6 under a profile with 16-byte addresses, that fail step 2 of the format's section 5",
);
/// Steering table.
pub const STEERING: Register = Register {
    per_core: true,
    ..Register::word(
        0x400,
        "STEERING",
        Access::ReadWrite,
        "tdest of frames for core c. Reset value c",
    )
};
/// Frames per core.
pub const SENT: Register = Register {
    per_core: true,
    ..Register::wide(0x800, "SENT", "frames sent to core c")
};

/// The event counters, in the order of their offsets, eight bytes each from [`PACKETS_IN`] on.
pub const COUNTERS: [Register; 8] = [
    PACKETS_IN,
    BYTES_IN,
    PACKETS_SEQUENCED,
    PACKETS_PASSED_BY,
    BYTES_OUT,
    INPUT_STALL_CYCLES,
    OUTPUT_STALL_CYCLES,
    MALFORMED,
];

/// All registers in the order of their offsets.
pub const MAP: [Register; 19] = [
    ID,
    VERSION,
    CAPABILITIES,
    CONTROL,
    CORES,
    PREFIX_WORDS,
    DEFAULT_QUEUE,
    STATUS,
    SEQ,
    PACKETS_IN,
    BYTES_IN,
    PACKETS_SEQUENCED,
    PACKETS_PASSED_BY,
    BYTES_OUT,
    INPUT_STALL_CYCLES,
    OUTPUT_STALL_CYCLES,
    MALFORMED,
    STEERING,
    SENT,
];

/// Name of the register at a byte offset, for messages.
pub fn name(offset: u16) -> impl fmt::Display {
    Name(offset)
}

struct Name(u16);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.0;
        for r in MAP.iter().filter(|r| r.offset <= offset) {
            let bytes = u16::from(r.bits) / 8;
            let place = (offset - r.offset) / bytes;
            if r.per_core && offset < r.of_core(MAX_CORES) {
                return write!(f, "{}[{place}]", r.name);
            }
            if !r.per_core && place == 0 {
                return f.write_str(r.name);
            }
        }
        write!(f, "0x{offset:03x}")
    }
}

/// The parameters a sequencer was generated for, as its registers report them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Row profile's id.
    pub profile_id: u8,
    /// log2 of the row's bytes.
    pub row_log2: u8,
    /// Largest number of cores, 1..=128.
    pub max_cores: u8,
    /// History depth N, 16..=256.
    pub history: u16,
}

impl Capabilities {
    /// Capabilities of a sequencer for rows of `profile`, at most `max_cores` cores and N = `history` rows.
    pub const fn new(profile: &Profile, max_cores: u8, history: usize) -> Self {
        Self {
            profile_id: profile.id(),
            row_log2: profile.row_log2(),
            max_cores,
            history: history as u16,
        }
    }

    /// Decodes the value of [`CAPABILITIES`].
    pub const fn from_word(word: u32) -> Self {
        Self {
            profile_id: word as u8,
            row_log2: (word >> 8) as u8 & 0xf,
            max_cores: (word >> 12) as u8,
            history: (word >> 20) as u16,
        }
    }

    /// The value of [`CAPABILITIES`].
    pub const fn to_word(self) -> u32 {
        self.profile_id as u32
            | (self.row_log2 as u32) << 8
            | (self.max_cores as u32) << 12
            | (self.history as u32) << 20
    }

    /// Row size R in bytes.
    pub const fn row_bytes(self) -> usize {
        1 << self.row_log2
    }

    /// Which configurations these parameters allow.
    pub const fn limits(self) -> Limits {
        Limits::reported(self.row_bytes(), self.history as usize, self.max_cores)
    }
}

/// The settings after a reset: enabled, k = 1, the fewest words that hold one row.
pub fn reset_config(profile: &Profile) -> Config {
    let words = Geometry::fewest_words(profile, 1).map_or(1, Geometry::prefix_words);
    Config::new(1, words)
}

/// Value of [`CONTROL`] for `config`.
pub const fn control(config: &Config) -> u32 {
    let mut word = 0;
    if config.enable {
        word |= CONTROL_ENABLE;
    }
    if config.sequence_all {
        word |= CONTROL_SEQUENCE_ALL;
    }
    word
}

/// The writes that lead from one valid configuration to another, in an order that keeps each step valid. `capabilities`
/// are those of the hardware.
///
/// Modes that switch sequencing off come first and those that switch it on last, so a frame is numbered under a
/// configuration that is neither the old nor the new one only if sequencing was on before and after.
pub fn plan(
    capabilities: Capabilities,
    from: &Config,
    to: &Config,
) -> impl Iterator<Item = (u16, u32)> + use<> {
    let (old, new) = (control(from), control(to));
    let before = (old != new && !to.enable).then_some((CONTROL.offset, new));
    let cores = (from.cores != to.cores).then_some((CORES.offset, to.cores.into()));
    let words = (from.prefix_words != to.prefix_words)
        .then_some((PREFIX_WORDS.offset, to.prefix_words.into()));
    let after = (old != new && to.enable).then_some((CONTROL.offset, new));
    let [first, second] = if to.cores <= capabilities.limits().most_cores(from.prefix_words) {
        [cores, words]
    } else {
        [words, cores]
    };
    [before, first, second, after].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile;

    #[test]
    fn registers_do_not_overlap() {
        let ends = MAP.map(|r| {
            let each = u32::from(r.bits) / 8;
            let count = if r.per_core { u32::from(MAX_CORES) } else { 1 };
            (u32::from(r.offset), u32::from(r.offset) + each * count)
        });
        for pair in ends.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "{pair:x?}");
        }
        assert!(ends[ends.len() - 1].1 <= 1 << ADDRESS_BITS);
    }

    #[test]
    fn registers_have_names() {
        use core::fmt::Write;
        struct Equals<'a>(&'a str);
        impl Write for Equals<'_> {
            fn write_str(&mut self, s: &str) -> fmt::Result {
                self.0 = self.0.strip_prefix(s).ok_or(fmt::Error)?;
                Ok(())
            }
        }
        let names = [
            (0x010, "CORES"),
            (0x024, "SEQ"),
            (0x028, "0x028"),
            (0x40c, "STEERING[3]"),
            (0x818, "SENT[3]"),
            (0xc00, "0xc00"),
        ];
        for (offset, expected) in names {
            let mut rest = Equals(expected);
            write!(rest, "{}", name(offset)).unwrap();
            assert_eq!(rest.0, "");
        }
    }

    #[test]
    fn capabilities_survive_the_register() {
        for profile in profile::BUILTIN {
            for (cores, history) in [(1, 16), (16, 64), (128, 256)] {
                let capabilities = Capabilities::new(profile, cores, history);
                assert_eq!(
                    Capabilities::from_word(capabilities.to_word()),
                    capabilities
                );
            }
        }
    }

    #[test]
    fn every_step_of_a_plan_is_valid() {
        let capabilities = Capabilities::new(&profile::FLOW, 20, 16);
        let most = |words| capabilities.limits().most_cores(words);
        for (k0, b0) in [(1, 1), (3, 1), (3, 5), (17, 5), (17, 63)] {
            for (k1, b1) in [(1, 1), (2, 1), (3, 1), (7, 2), (17, 5), (1, 63), (17, 63)] {
                let (from, to) = (Config::new(k0, b0), Config::new(k1, b1));
                let mut now = from;
                for (offset, value) in plan(capabilities, &from, &to) {
                    match offset {
                        0x10 => now.cores = value as u8,
                        0x14 => now.prefix_words = value as u8,
                        _ => panic!("{offset:x}"),
                    }
                    assert!(
                        now.cores <= most(now.prefix_words),
                        "{from:?} {to:?} {now:?}"
                    );
                }
                assert_eq!(now, to);
            }
        }
    }
}
