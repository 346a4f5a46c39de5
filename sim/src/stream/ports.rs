//! The AXI4-Stream ports of a block, found by name.

use scr_hdl::interface::{self, PortSpec};
use scr_hdl::{CoreConfig, Dut, Port};

use super::{RegisterBus, User};

/// Most bytes in a beat: a datapath of 1,024 bits.
pub const MAX_BEAT_BYTES: usize = 128;

/// Why a block is no sequencer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// A port is missing.
    #[error("the block has no port {0}")]
    Missing(&'static str),
    /// A port points the wrong way.
    #[error("port {0} points the wrong way")]
    Direction(&'static str),
    /// A port has a width that it cannot have.
    #[error("port {name} has {bits} bits; {expected}")]
    Width {
        /// The port.
        name: &'static str,
        /// Bits of the port.
        bits: usize,
        /// The widths that it may have, in words.
        expected: &'static str,
    },
}

/// A port with at most 128 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) index: usize,
    pub(crate) bits: usize,
    bytes: usize,
}

impl Field {
    pub(crate) fn find(ports: &[Port], spec: PortSpec) -> Result<Self, PortError> {
        let (index, port) = locate(ports, spec)?;
        expect(
            spec,
            port.bits,
            port.bits <= 128,
            "at most 128 are possible",
        )?;
        Ok(Self {
            index,
            bits: port.bits,
            bytes: port.bytes(),
        })
    }

    /// Largest value of the port.
    pub(crate) fn max(self) -> u128 {
        u128::MAX >> (128 - self.bits)
    }

    #[inline]
    pub(crate) fn set(self, dut: &mut (impl Dut + ?Sized), value: u128) {
        dut.set(self.index, &value.to_le_bytes()[..self.bytes]);
    }

    #[inline]
    pub(crate) fn get(self, dut: &(impl Dut + ?Sized)) -> u128 {
        let mut value = [0; 16];
        dut.get(self.index, &mut value[..self.bytes]);
        u128::from_le_bytes(value)
    }

    /// Of a one-bit port.
    #[inline]
    pub(crate) fn set_bit(self, dut: &mut (impl Dut + ?Sized), value: bool) {
        dut.set(self.index, &[u8::from(value)]);
    }

    /// Of a one-bit port.
    #[inline]
    pub(crate) fn bit(self, dut: &(impl Dut + ?Sized)) -> bool {
        let mut value = [0];
        dut.get(self.index, &mut value);
        value[0] != 0
    }
}

/// One beat of a stream, without its handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// tdata; as many bytes as the datapath has are meant.
    pub data: [u8; MAX_BEAT_BYTES],
    /// tkeep, bit i for byte i.
    pub keep: u128,
    /// tlast.
    pub last: bool,
    /// tuser.
    pub user: User,
    /// tid.
    pub id: u16,
    /// tdest; only outputs have it.
    pub dest: u16,
}

impl Default for Beat {
    fn default() -> Self {
        Self {
            data: [0; MAX_BEAT_BYTES],
            keep: 0,
            last: false,
            user: User(0),
            id: 0,
            dest: 0,
        }
    }
}

/// Where a sequencer's stream ports are.
#[derive(Clone, Copy, Debug)]
pub struct StreamPorts {
    pub(crate) rst: Field,
    pub(crate) s_data: usize,
    pub(crate) s_keep: Field,
    pub(crate) s_valid: Field,
    pub(crate) s_ready: Field,
    pub(crate) s_last: Field,
    pub(crate) s_user: Field,
    pub(crate) s_id: Field,
    pub(crate) m_data: usize,
    pub(crate) m_keep: Field,
    pub(crate) m_valid: Field,
    pub(crate) m_ready: Field,
    pub(crate) m_last: Field,
    pub(crate) m_user: Field,
    pub(crate) m_id: Field,
    pub(crate) m_dest: Field,
    beat_bytes: usize,
}

impl StreamPorts {
    /// Finds the ports of `s_axis` and `m_axis` and `rst`.
    ///
    /// # Errors
    ///
    /// [`PortError`] when one is missing or has an impossible width.
    pub fn find(ports: &[Port]) -> Result<Self, PortError> {
        let field = |spec, fits: fn(usize) -> bool, expected| {
            let field = Field::find(ports, spec)?;
            expect(spec, field.bits, fits(field.bits), expected)?;
            Ok(field)
        };
        let bit = |spec| field(spec, |bits| bits == 1, "it must have 1");
        let narrow = |spec| field(spec, |bits| bits <= 16, "at most 16 are possible");
        let data = |spec| {
            let (index, port) = locate(ports, spec)?;
            let known = CoreConfig::WIDTHS.contains(&port.bits);
            expect(spec, port.bits, known, "it must have 128, 256, 512 or 1024")?;
            Ok((index, port.bits))
        };
        let (s_data, width) = data(interface::S_AXIS_TDATA)?;
        let (m_data, m_width) = data(interface::M_AXIS_TDATA)?;
        let same = "it must be as wide as s_axis_tdata";
        expect(interface::M_AXIS_TDATA, m_width, m_width == width, same)?;
        let keep = |spec: PortSpec| {
            let field = Field::find(ports, spec)?;
            let fits = field.bits == spec.width.bits(width);
            let expected = "it must have one for each byte of tdata";
            expect(spec, field.bits, fits, expected)?;
            Ok(field)
        };
        let s_user = Field::find(ports, interface::S_AXIS_TUSER)?;
        let m_user = Field::find(ports, interface::M_AXIS_TUSER)?;
        let wide = s_user.bits >= User::BITS;
        expect(
            interface::S_AXIS_TUSER,
            s_user.bits,
            wide,
            "it must hold a 96-bit timestamp and the bad-frame flag",
        )?;
        expect(
            interface::M_AXIS_TUSER,
            m_user.bits,
            s_user.bits == m_user.bits,
            "it must be as wide as s_axis_tuser",
        )?;
        Ok(Self {
            rst: bit(interface::RST)?,
            s_data,
            s_keep: keep(interface::S_AXIS_TKEEP)?,
            s_valid: bit(interface::S_AXIS_TVALID)?,
            s_ready: bit(interface::S_AXIS_TREADY)?,
            s_last: bit(interface::S_AXIS_TLAST)?,
            s_user,
            s_id: narrow(interface::S_AXIS_TID)?,
            m_data,
            m_keep: keep(interface::M_AXIS_TKEEP)?,
            m_valid: bit(interface::M_AXIS_TVALID)?,
            m_ready: bit(interface::M_AXIS_TREADY)?,
            m_last: bit(interface::M_AXIS_TLAST)?,
            m_user,
            m_id: narrow(interface::M_AXIS_TID)?,
            m_dest: narrow(interface::M_AXIS_TDEST)?,
            beat_bytes: width / 8,
        })
    }

    /// Bytes in a beat, W/8.
    pub fn beat_bytes(&self) -> usize {
        self.beat_bytes
    }

    /// tkeep of a whole beat.
    pub fn full_keep(&self) -> u128 {
        u128::MAX >> (128 - self.beat_bytes)
    }

    /// Largest value of tid.
    pub fn max_id(&self) -> u16 {
        self.s_id.max() as u16
    }

    /// Holds the block in reset for some cycles, at least one, streams and registers silent. Input and sink see the reset as
    /// the block does, so in its first cycle they still stand as before; or a beat is `offered` in it, which is lost.
    pub fn reset(
        &self,
        dut: &mut (impl Dut + ?Sized),
        registers: &mut RegisterBus,
        cycles: u32,
        offered: bool,
    ) {
        self.rst.set_bit(dut, true);
        if offered {
            self.s_valid.set_bit(dut, true);
        }
        dut.tick();
        self.s_valid.set_bit(dut, false);
        self.m_ready.set_bit(dut, false);
        registers.reset(dut);
        for _ in 1..cycles {
            dut.tick();
        }
        self.rst.set_bit(dut, false);
    }

    /// Drives all payload signals of the input.
    pub fn drive(&self, dut: &mut (impl Dut + ?Sized), beat: &Beat) {
        dut.set(self.s_data, &beat.data[..self.beat_bytes]);
        self.s_keep.set(dut, beat.keep);
        self.s_last.set_bit(dut, beat.last);
        self.s_user.set(dut, beat.user.0);
        self.s_id.set(dut, u128::from(beat.id));
    }

    /// Reads all payload signals of the output.
    pub fn sample(&self, dut: &(impl Dut + ?Sized), beat: &mut Beat) {
        self.sample_control(dut, beat);
        dut.get(self.m_data, &mut beat.data[..self.beat_bytes]);
    }

    /// Reads them but for tdata.
    #[inline]
    pub(crate) fn sample_control(&self, dut: &(impl Dut + ?Sized), beat: &mut Beat) {
        beat.keep = self.m_keep.get(dut);
        beat.last = self.m_last.bit(dut);
        beat.user = User(self.m_user.get(dut));
        beat.id = self.m_id.get(dut) as u16;
        beat.dest = self.m_dest.get(dut) as u16;
    }
}

/// The port and its index, when it points the right way.
fn locate(ports: &[Port], spec: PortSpec) -> Result<(usize, &Port), PortError> {
    let mut places = ports.iter().enumerate();
    let found = places.find(|(_, port)| port.name == spec.name);
    let (index, port) = found.ok_or(PortError::Missing(spec.name))?;
    if port.direction != spec.direction {
        return Err(PortError::Direction(spec.name));
    }
    Ok((index, port))
}

fn expect(
    spec: PortSpec,
    bits: usize,
    holds: bool,
    expected: &'static str,
) -> Result<(), PortError> {
    if holds {
        Ok(())
    } else {
        Err(PortError::Width {
            name: spec.name,
            bits,
            expected,
        })
    }
}
