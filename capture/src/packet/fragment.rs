//! Cutting an IPv4 packet into fragments.

use super::{ETHERTYPE_IPV4, TPID_CUSTOMER, TPID_SERVICE, set_ipv4_checksum};

/// A frame that cannot be fragmented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FragmentError {
    /// The frame is not an IPv4 frame with the whole packet present.
    #[error("not a complete IPv4 frame")]
    NotIpv4,
    /// The frame is a fragment already.
    #[error("the frame is a fragment already")]
    AlreadyFragment,
    /// Fragments must carry a multiple of 8 bytes, and at least 8.
    #[error("a fragment must carry at least 8 bytes")]
    TooSmall,
}

/// Cuts an IPv4 frame into fragments of at most `max_payload` bytes behind the IP header (rounded down to a multiple of
/// 8). Every fragment has the Ethernet header, VLAN tags and IP options of the frame; Ethernet padding is left out.
/// With 8 bytes the first fragment of a TCP packet ends within its TCP header.
///
/// # Errors
/// If the frame is not a complete, unfragmented IPv4 packet, or `max_payload` is below 8.
pub fn fragment(frame: &[u8], max_payload: usize) -> Result<Vec<Vec<u8>>, FragmentError> {
    let step = max_payload & !7;
    if step == 0 {
        return Err(FragmentError::TooSmall);
    }
    let (start, header_len, total) = locate_ipv4(frame).ok_or(FragmentError::NotIpv4)?;
    let header = &frame[..start + header_len];
    if u16::from_be_bytes([header[start + 6], header[start + 7]]) & 0x3FFF != 0 {
        return Err(FragmentError::AlreadyFragment);
    }
    let payload = &frame[start + header_len..start + total];
    let count = payload.len().div_ceil(step).max(1);
    let mut fragments = Vec::with_capacity(count);
    for index in 0..count {
        let from = index * step;
        let piece = &payload[from..payload.len().min(from + step)];
        let more = u16::from(index + 1 < count) << 13;
        let mut bytes = Vec::with_capacity(header.len() + piece.len());
        bytes.extend_from_slice(header);
        let ip = &mut bytes[start..];
        ip[2..4].copy_from_slice(&((header_len + piece.len()) as u16).to_be_bytes());
        ip[6..8].copy_from_slice(&(more | (from / 8) as u16).to_be_bytes());
        set_ipv4_checksum(ip);
        bytes.extend_from_slice(piece);
        fragments.push(bytes);
    }
    Ok(fragments)
}

/// Offset and length of the IPv4 header, and the packet's total length.
fn locate_ipv4(frame: &[u8]) -> Option<(usize, usize, usize)> {
    let mut start = 14;
    loop {
        match u16::from_be_bytes(frame.get(start - 2..start)?.try_into().ok()?) {
            TPID_CUSTOMER | TPID_SERVICE => start += 4,
            ETHERTYPE_IPV4 => break,
            _ => return None,
        }
    }
    let ip = frame.get(start..)?;
    let header_len = usize::from(ip.first()? & 0x0F) * 4;
    let total = usize::from(u16::from_be_bytes([*ip.get(2)?, *ip.get(3)?]));
    let whole = ip[0] >> 4 == 4 && header_len >= 20 && total >= header_len && total <= ip.len();
    whole.then_some((start, header_len, total))
}
