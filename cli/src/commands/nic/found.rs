//! A NIC that has been found: its sequencers, its own registers, and its network interfaces.

use scr_nic::pci::Window;
use scr_nic::pci::sysfs::NetInterface;
use scr_nic::pci::{Application, Check, Device, Facts, MappedBar, Mqnic, PciError, offload};
use scr_nic::registers::{ControlError, SequencerControl};

use super::Common;
use crate::error::{Error, Result};

/// A NIC with sequencers.
pub struct Found {
    /// PCI address, with the domain.
    pub address: String,
    /// The sequencers.
    pub application: Application<MappedBar>,
    /// The NIC around them.
    pub nic: Mqnic<MappedBar>,
    /// Network interfaces that the driver has made.
    net: Vec<NetInterface>,
    /// Numbers of the interfaces that are asked for.
    pub interfaces: Vec<u8>,
}

impl Found {
    /// Finds the NIC at a PCI address.
    ///
    /// # Errors
    ///
    /// If there is none, or it has no sequencers, or no such interface.
    pub fn at(address: &str, common: &Common) -> Result<Self> {
        let (device, application, nic, net) = find(address, common).map_err(bad)?;
        let all = application.interfaces();
        if usize::from(all) != nic.interfaces() {
            return Err(Error::bad(
                format!(
                    "{}: there are sequencers for {all} interfaces, and the NIC has {}",
                    device.address(),
                    nic.interfaces()
                ),
                "emit the block with --interfaces as many as the NIC has, and build the bitstream again",
            ));
        }
        let interfaces = match common.interface {
            None => (0..all).collect(),
            Some(one) if one < all => vec![one],
            Some(other) => {
                return Err(Error::bad(
                    format!(
                        "--interface {other}: {} has {all} interfaces",
                        device.address()
                    ),
                    format!("use 0 to {}", all.saturating_sub(1)),
                ));
            }
        };
        Ok(Self {
            address: device.address().to_owned(),
            application,
            nic,
            net,
            interfaces,
        })
    }

    /// The sequencer of an interface.
    ///
    /// # Errors
    ///
    /// If it is none that this program knows.
    pub fn sequencer(&mut self, interface: u8) -> Result<SequencerControl<Window<&mut MappedBar>>> {
        let sequencer = self.application.sequencer(interface);
        sequencer.map_err(|source| refused(interface, source))
    }

    /// The name of an interface; none without a driver.
    pub fn name(&self, interface: u8) -> Option<&str> {
        let mut net = self.net.iter();
        let found = net.find(|net| net.port == u32::from(interface));
        found.map(|net| &net.name[..])
    }

    /// Checks that an interface is ready, for packets of up to `packet_mtu` bytes on the link.
    ///
    /// # Errors
    ///
    /// If a register cannot be read.
    pub fn checks(&mut self, interface: u8, packet_mtu: u32) -> Result<Vec<Check>> {
        let mut sequencer = self.sequencer(interface)?;
        let settings = sequencer.settings();
        let settings = settings.map_err(|source| refused(interface, source))?;
        let tdest = self.application.tdest(interface).map_err(bad)?;
        let number = usize::from(interface);
        let mut queues = Vec::new();
        for core in 0..settings.sequencer.cores {
            // The NIC has 8 bits of tdest for a queue.
            let queue = settings.queue(core) & 0xff;
            queues.push((core, queue, self.nic.queue(number, queue).map_err(bad)?));
        }
        let name = self.name(interface).map(str::to_owned);
        let offload = name.as_deref().map(offload::rx_checksum);
        let facts = Facts {
            packet_mtu,
            prefix_bytes: u32::from(settings.sequencer.prefix_words) * scr_wire::WORD_BYTES as u32,
            rx_mtu: self.nic.rx_mtu(number).map_err(bad)?,
            checksum_offload: offload.and_then(|answer| answer.ok()),
            queues,
            app_mask: (self.nic.masks(number).map_err(bad)?.0, tdest.app_mask()),
            name,
        };
        Ok(facts.checks())
    }
}

type Parts = (
    Device,
    Application<MappedBar>,
    Mqnic<MappedBar>,
    Vec<NetInterface>,
);

fn find(address: &str, common: &Common) -> std::result::Result<Parts, PciError> {
    let device = Device::find(&common.sysfs, address)?;
    let application = Application::find(device.bar(Application::<MappedBar>::BAR)?)?;
    let nic = Mqnic::find(device.bar(Mqnic::<MappedBar>::BAR)?)?;
    let net = device.interfaces()?;
    Ok((device, application, nic, net))
}

/// An error of the device.
pub fn bad(error: PciError) -> Error {
    Error::bad(error.to_string(), error.remedy())
}

/// An error of an interface's sequencer.
pub fn refused(interface: u8, source: ControlError) -> Error {
    bad(PciError::Sequencer { interface, source })
}
