//! Whether a network driver takes the NIC's word for checksums.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::AsRawFd;

/// The request that reads whether receive checksum offload is on (linux/ethtool.h, `ETHTOOL_GRXCSUM`).
const GET_RX_CHECKSUM: u32 = 0x14;
/// The ioctl that takes such requests (linux/sockios.h, `SIOCETHTOOL`).
const ETHTOOL: libc::c_ulong = 0x8946;

/// A request and its answer (linux/ethtool.h, `struct ethtool_value`).
#[repr(C)]
struct Value {
    request: u32,
    answer: u32,
}

/// Whether receive checksum offload of network interface `name` is on.
///
/// # Errors
///
/// If there is no such interface, or its driver cannot be asked.
pub fn rx_checksum(name: &str) -> io::Result<bool> {
    let mut value = Value {
        request: GET_RX_CHECKSUM,
        answer: 0,
    };
    let socket = std::net::UdpSocket::bind(("127.0.0.1", 0))?;
    // SAFETY: an `ifreq` of zeros is one: an empty name, and a union of plain data.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= request.ifr_name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (place, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *place = byte as libc::c_char;
    }
    request.ifr_ifru.ifru_data = (&raw mut value).cast();
    // SAFETY: the request has a name that ends with a zero and points to a value of the layout that the kernel reads and
    // writes for it; both live until the call returns.
    let failed = unsafe { libc::ioctl(socket.as_raw_fd(), ETHTOOL as _, &raw mut request) };
    match failed {
        0 => Ok(value.answer != 0),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "asks the kernel")]
    fn the_kernel_answers_for_interfaces_that_are_there() {
        // The loopback's offload is on and cannot be changed.
        assert!(rx_checksum("lo").unwrap());
        assert!(rx_checksum("scr-absent0").is_err());
        assert!(rx_checksum("a name that is too long").is_err());
    }
}
