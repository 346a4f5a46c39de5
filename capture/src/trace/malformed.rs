//! Damaging a valid frame.

use super::random::Random;
use crate::packet::TPID_CUSTOMER;

/// Damages the IP frame `frame`, whose IP header starts at `network`, in one of many ways.
pub(super) fn malform(frame: &mut Vec<u8>, network: usize, random: &mut Random) {
    let v6 = frame[network] >> 4 == 6;
    let header = if v6 {
        40
    } else {
        usize::from(frame[network] & 0x0F) * 4
    };
    let transport = network + header;
    let pick = |random: &mut Random, low: usize, high: usize| {
        random.within(low as u32, high as u32) as usize
    };
    match random.below(11) {
        // A version that does not match the EtherType.
        0 => {
            let version = if v6 {
                4
            } else {
                [6, 0, 5, 15][random.below(4) as usize]
            };
            frame[network] = version << 4 | frame[network] & 0x0F;
        }
        // Cut within the IP header, anywhere from right behind the EtherType.
        1 => frame.truncate(pick(random, network, transport - 1)),
        // Cut within the transport header: also before the ports, and between ports and flags.
        2 => frame.truncate(pick(random, transport, transport + 13)),
        3 => frame.truncate(transport + [0, 3, 4, 13, 14][random.below(5) as usize]),
        // A third tag.
        4 => {
            let mut tags = Vec::new();
            for vlan in 1..=3_u16 {
                tags.extend_from_slice(&TPID_CUSTOMER.to_be_bytes());
                tags.extend_from_slice(&vlan.to_be_bytes());
            }
            frame.splice(12..12, tags);
        }
        // Ends within a tag.
        5 => {
            frame[12..14].copy_from_slice(&TPID_CUSTOMER.to_be_bytes());
            frame.truncate(pick(random, 14, 17));
        }
        // A packet length that the frame does not have, or that its own header exceeds.
        6 => {
            let at = network + if v6 { 4 } else { 2 };
            let length = [0, 19, 0xFFFF, frame.len() as u16][random.below(4) as usize];
            frame[at..at + 2].copy_from_slice(&length.to_be_bytes());
        }
        // A transport header of odd length: the TCP data offset, or the UDP length.
        7 => {
            if let Some(byte) = frame.get_mut(transport + 12) {
                *byte &= 0x0F;
            }
        }
        // Announced options that extend beyond the frame.
        8 if !v6 => {
            frame[network] = 0x4F;
            frame.truncate(pick(random, network + 20, network + 59));
        }
        // A header length below 5.
        _ if !v6 => frame[network] = 0x40 | random.below(5) as u8,
        _ => frame.truncate(pick(random, network, network + 39)),
    }
}
