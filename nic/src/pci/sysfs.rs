//! What sysfs says of a device and its network interfaces.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{MappedBar, PciError};

/// A PCI device in sysfs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    address: String,
    folder: PathBuf,
}

/// A network interface of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetInterface {
    /// Name, such as `enp129s0`.
    pub name: String,
    /// Number of the device's port, as the driver counts them (`dev_port`).
    pub port: u32,
    /// MTU in bytes, without the Ethernet header.
    pub mtu: u32,
}

impl Device {
    /// The device at `address`, domain:bus:device.function or without the domain, in the sysfs that is mounted at `sysfs`.
    ///
    /// # Errors
    ///
    /// [`PciError::Address`] and [`PciError::NoDevice`].
    pub fn find(sysfs: &Path, address: &str) -> Result<Self, PciError> {
        let address = canonical(address).ok_or_else(|| PciError::Address(address.to_owned()))?;
        let devices = sysfs.join("bus/pci/devices");
        let folder = devices.join(&address);
        match folder.is_dir() {
            true => Ok(Self { address, folder }),
            false => Err(PciError::NoDevice {
                address,
                folder: devices,
            }),
        }
    }

    /// The address, with the domain.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Maps a BAR.
    ///
    /// # Errors
    ///
    /// [`PciError::Bar`].
    pub fn bar(&self, number: u8) -> Result<MappedBar, PciError> {
        MappedBar::open(&self.folder.join(format!("resource{number}")))
    }

    /// The device's network interfaces, by their ports. None without a driver.
    ///
    /// # Errors
    ///
    /// [`PciError::Sysfs`].
    pub fn interfaces(&self) -> Result<Vec<NetInterface>, PciError> {
        let folder = self.folder.join("net");
        let failed = |file: &Path, source| PciError::Sysfs {
            file: file.to_owned(),
            source,
        };
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| failed(&folder, source))?,
        };
        let mut interfaces = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| failed(&folder, source))?;
            let number = |file: &str| {
                let file = entry.path().join(file);
                let text = fs::read_to_string(&file);
                let number = text.and_then(|text| {
                    let parsed = text.trim().parse();
                    parsed.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no number"))
                });
                number.map_err(|source| failed(&file, source))
            };
            interfaces.push(NetInterface {
                name: entry.file_name().to_string_lossy().into_owned(),
                port: number("dev_port")?,
                mtu: number("mtu")?,
            });
        }
        interfaces.sort_by(|a, b| (a.port, &a.name).cmp(&(b.port, &b.name)));
        Ok(interfaces)
    }
}

/// The address with its domain, in lower case; none if it is no address.
fn canonical(address: &str) -> Option<String> {
    let parts: Vec<&str> = address.split([':', '.']).collect();
    let (domain, [bus, device, function]) = match parts[..] {
        [bus, device, function] => ("0000", [bus, device, function]),
        [domain, bus, device, function] => (domain, [bus, device, function]),
        _ => return None,
    };
    let is = |text: &str, digits| {
        text.len() == digits && text.bytes().all(|digit| digit.is_ascii_hexdigit())
    };
    // Domains of more than 16 bits exist: those of virtual machines' hosts.
    let is_domain = (4..=8).any(|digits| is(domain, digits));
    let separators: String = address.matches([':', '.']).collect();
    let is_separated =
        separators.ends_with(":.") && !separators[..separators.len() - 1].contains('.');
    let is_address = is_domain && is(bus, 2) && is(device, 2) && is(function, 1) && is_separated;
    is_address.then(|| format!("{domain}:{bus}:{device}.{function}").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_lspcis() {
        for (text, expected) in [
            ("81:00.0", Some("0000:81:00.0")),
            ("0000:81:00.1", Some("0000:81:00.1")),
            ("10000:AF:1f.7", Some("10000:af:1f.7")),
            ("", None),
            ("81:00:0", None),
            ("81.00.0", None),
            ("8:00.0", None),
            ("81:00.0.0", None),
            ("../81:00.0", None),
            ("0000:81:00.g", None),
        ] {
            assert_eq!(canonical(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_device_has_its_interfaces_by_port() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("bus/pci/devices/0000:81:00.0");
        fs::create_dir_all(&folder).unwrap();
        let device = Device::find(root.path(), "81:00.0").unwrap();
        assert_eq!(device.interfaces().unwrap(), []);
        for (name, port, mtu) in [("ens1", "1\n", "1500\n"), ("ens9", "0\n", "9000\n")] {
            let net = folder.join("net").join(name);
            fs::create_dir_all(&net).unwrap();
            fs::write(net.join("dev_port"), port).unwrap();
            fs::write(net.join("mtu"), mtu).unwrap();
        }
        let found = device.interfaces().unwrap();
        let names: Vec<_> = found.iter().map(|i| (&i.name[..], i.port, i.mtu)).collect();
        assert_eq!(names, [("ens9", 0, 9000), ("ens1", 1, 1500)]);
        fs::write(folder.join("net/ens1/mtu"), "many").unwrap();
        let error = device.interfaces().unwrap_err().to_string();
        assert!(error.contains("ens1/mtu"), "{error}");
        let error = Device::find(root.path(), "82:00.0").unwrap_err();
        assert!(error.to_string().contains("0000:82:00.0"), "{error}");
    }
}
