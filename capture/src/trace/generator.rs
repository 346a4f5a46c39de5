//! Generation of packets from a description.

use std::collections::VecDeque;

use super::alias::Alias;
use super::config::TraceConfig;
use super::flow::{Extras, Identity, Kind, State};
use super::malformed::malform;
use super::options::{Arrivals, OptionError, Pattern};
use super::random::{Random, mix};
use crate::packet::{
    ETHERTYPE_LLDP, Frame, Ipv4, MIN_FRAME, Network, Tcp, Transport, flags, fragment,
};
use crate::{CaptureError, CaptureWriter, Packet, Timestamp};

/// Length of a text from which payload is taken, starting anywhere in its first half.
const TEXT: usize = 1 << 17;

/// Maximum segment size 1460, SACK permitted, and padding.
const SYN_OPTIONS: [u8; 8] = [2, 4, 0x05, 0xB4, 4, 2, 1, 1];

/// IP options: no-operations and the end. Shorter ones are taken from the end of these.
const IP_OPTIONS: [u8; 40] = {
    let mut options = [1; 40];
    options[39] = 0;
    options
};

/// A hop-by-hop or destination header that contains only padding.
const PADDING_EXTENSION: [u8; 8] = [0, 0, 1, 4, 0, 0, 0, 0];
const HOP_BY_HOP: u8 = 0;
const DESTINATION_OPTIONS: u8 = 60;
const EXTENSIONS: [&[(u8, &[u8])]; 3] = [
    &[(HOP_BY_HOP, &PADDING_EXTENSION)],
    &[(DESTINATION_OPTIONS, &PADDING_EXTENSION)],
    &[
        (HOP_BY_HOP, &PADDING_EXTENSION),
        (DESTINATION_OPTIONS, &PADDING_EXTENSION),
    ],
];

/// A switch's LLDP announcement: chassis, port, time to live, end.
const LLDP: [u8; 22] = [
    0x02, 0x07, 4, 0x02, 0, 0, 0, 0, 0x01, // chassis id: MAC address
    0x04, 0x04, 7, b'e', b'n', b'0', // port id: locally assigned
    0x06, 0x02, 0, 120, // time to live in seconds
    0, 0, 0, // end, padding
];

/// Generates the packets of a trace one by one.
pub struct TraceGenerator {
    config: TraceConfig,
    random: Random,
    ranks: Alias,
    flows: Vec<State>,
    text: Vec<u8>,
    /// Remaining fragments of the packet begun.
    fragments: VecDeque<Vec<u8>>,
    buffer: Vec<u8>,
    produced: u64,
    elapsed_nanos: f64,
    identification: u16,
}

impl std::fmt::Debug for TraceGenerator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TraceGenerator")
            .field("config", &self.config)
            .field("produced", &self.produced)
            .finish_non_exhaustive()
    }
}

impl TraceGenerator {
    /// Prepares to generate the trace that `config` describes.
    ///
    /// # Errors
    /// If a value of `config` is out of range.
    pub fn new(config: &TraceConfig) -> Result<Self, OptionError> {
        config.check()?;
        let weights = config.skew.weights(config.flows);
        let total: f64 = weights.iter().sum();
        let typical = |weight: f64| {
            config.connection_packets.unwrap_or_else(|| {
                let expected = config.packets as f64 * weight / total;
                (expected / 2.0).clamp(4.0, f64::from(u32::MAX)) as u32
            })
        };
        let flows = (0..)
            .zip(&weights)
            .map(|(index, &weight)| State::new(config, index, typical(weight)));
        let text = (0..TEXT as u64 / 8).flat_map(|block| {
            // Lower-case letters, so that no dissector mistakes it for a format.
            mix(config.seed, block | 1 << 50)
                .to_le_bytes()
                .map(|byte| b'a' + byte % 26)
        });
        Ok(Self {
            config: *config,
            random: Random::new(config.seed),
            ranks: Alias::new(&weights),
            flows: flows.collect(),
            text: text.collect(),
            fragments: VecDeque::new(),
            buffer: Vec::with_capacity(2_048),
            produced: 0,
            elapsed_nanos: 0.0,
            identification: 0,
        })
    }

    /// The next packet, or `None` after the last.
    pub fn next_packet(&mut self) -> Option<Packet<'_>> {
        if self.produced == self.config.packets {
            return None;
        }
        let timestamp = self.arrival();
        self.produced += 1;
        let mut captured = u32::MAX;
        self.buffer.clear();
        match self.fragments.pop_front() {
            Some(fragment) => self.buffer = fragment,
            None => captured = self.compose(),
        }
        let original_len = self.buffer.len() as u32;
        let captured = original_len.min(captured).min(self.config.snaplen);
        Some(Packet {
            index: self.produced,
            offset: 0,
            timestamp,
            original_len,
            data: &self.buffer[..captured as usize],
        })
    }

    /// Total number of packets in the trace.
    #[must_use]
    pub fn total_packets(&self) -> u64 {
        self.config.packets
    }

    /// Writes all remaining packets to a capture, without finishing it. `progress` is called with the number of packets
    /// so far, every few thousand packets and at the end.
    ///
    /// # Errors
    /// If the capture cannot be written.
    pub fn write_to(
        &mut self,
        writer: &mut CaptureWriter<'_>,
        mut progress: impl FnMut(u64),
    ) -> Result<(), CaptureError> {
        while let Some(packet) = self.next_packet() {
            writer.write(&packet.timestamp, packet.original_len, packet.data)?;
            if packet.index % 8_192 == 0 {
                progress(packet.index);
            }
        }
        progress(self.produced);
        Ok(())
    }

    /// Arrival time of the next packet.
    fn arrival(&mut self) -> Timestamp {
        let gap = 1e9 / self.config.rate;
        match self.config.arrivals {
            // A product rather than a sum, so that errors do not accumulate.
            Arrivals::Constant => self.elapsed_nanos = self.produced as f64 * gap,
            Arrivals::Exponential => self.elapsed_nanos += self.random.exponential(gap),
        }
        self.config.start.plus_nanos(self.elapsed_nanos as u64)
    }

    /// Puts a new packet into the buffer and returns how many of its bytes are captured at most.
    fn compose(&mut self) -> u32 {
        let oddities = self.config.oddities;
        let mut draw = self.random.unit();
        for (share, compose) in [
            (oddities.arp, Self::arp as fn(&mut Self)),
            (oddities.lldp, Self::lldp),
            (oddities.runts, Self::runt),
            (oddities.malformed, Self::malformed),
        ] {
            if draw < share {
                compose(self);
                return u32::MAX;
            }
            draw -= share;
        }
        match self.config.pattern {
            Pattern::PortKnock => self.knock(),
            Pattern::Ddos { attackers, share } if self.random.chance(share) => {
                self.attack(attackers)
            }
            _ => self.flow_packet(),
        }
        if draw < oddities.empty { 0 } else { u32::MAX }
    }

    fn arp(&mut self) {
        let hosts = self.random.u64().to_le_bytes();
        let (asker, asked) = ([10, 0, hosts[0], hosts[1]], [10, 0, hosts[2], hosts[3]]);
        let mut frame = Frame::arp_request(asker, asked);
        if hosts[4] & 1 == 1 {
            let (sender_mac, target_mac) = ([0x02, 0, 0, 0, 0, 0x02], [0x02, 0, 0, 0, 0, 0x01]);
            frame = Frame::new(Network::Arp {
                reply: true,
                sender_mac,
                sender: asked,
                target_mac,
                target: asker,
            })
            .macs(target_mac, sender_mac);
        }
        frame.pad_to(MIN_FRAME).write(&mut self.buffer);
    }

    fn lldp(&mut self) {
        Frame::new(Network::Raw {
            ether_type: ETHERTYPE_LLDP,
        })
        .macs([0x01, 0x80, 0xC2, 0, 0, 0x0E], [0x02, 0, 0, 0, 0, 0x01])
        .payload(&LLDP)
        .pad_to(MIN_FRAME)
        .write(&mut self.buffer);
    }

    fn runt(&mut self) {
        self.lldp();
        self.buffer.truncate(self.random.within(1, 13) as usize);
    }

    /// A malformed packet, made without advancing its flow.
    fn malformed(&mut self) {
        let index = self.ranks.draw(&mut self.random);
        let identity = Identity::new(&self.config, index);
        let step = self.flows[index as usize].peek();
        let frame = identity
            .frame(&step, self.plain(), &[])
            .payload(&self.text[..64]);
        frame.write(&mut self.buffer);
        malform(&mut self.buffer, frame.network_offset(), &mut self.random);
    }

    fn plain(&mut self) -> Extras<'static> {
        self.identification = self.identification.wrapping_add(1);
        Extras {
            identification: self.identification,
            fragmented: false,
            options: &[],
            extensions: &[],
        }
    }

    fn flow_packet(&mut self) {
        let oddities = self.config.oddities;
        let index = self.ranks.draw(&mut self.random);
        let identity = Identity::new(&self.config, index);
        let step = self.flows[index as usize].step(identity.kind, &mut self.random);

        let mut extras = self.plain();
        let mut tiny_fragments = false;
        if identity.v6 {
            if self.random.chance(oddities.ipv6_extensions) {
                extras.extensions = EXTENSIONS[self.random.below(3) as usize];
            }
        } else {
            if self.random.chance(oddities.ip_options) {
                let words = self.random.within(1, 10) as usize;
                extras.options = &IP_OPTIONS[40 - 4 * words..];
            }
            extras.fragmented = self.random.chance(oddities.fragments);
            tiny_fragments = extras.fragmented && self.random.below(2) == 0;
        }

        let frame = identity.frame(&step, extras, &SYN_OPTIONS);
        let mut payload: &[u8] = &[];
        if step.data {
            let headers = frame.header_len();
            let mut size = self.config.sizes.draw(&mut self.random) as usize;
            if self.random.chance(oddities.jumbo) {
                size = self.random.within(1_515, 9_000) as usize;
            }
            if tiny_fragments {
                size = headers + self.random.below(20) as usize;
            }
            // Every packet that is not TCP carries some payload.
            let least = usize::from(identity.kind != Kind::Tcp) * 8;
            let length = size.saturating_sub(headers).max(least);
            let from = self.random.below(TEXT as u32 / 2 - 1) as usize;
            payload = &self.text[from..from + length];
            if identity.kind == Kind::Tcp {
                self.flows[index as usize].sent(step.direction, length as u32);
            }
        }
        frame
            .payload(payload)
            .pad_to(MIN_FRAME)
            .write(&mut self.buffer);
        if extras.fragmented {
            self.fragment(frame.network_offset(), tiny_fragments);
        }
    }

    /// Replaces the packet in the buffer by its first fragment, and keeps the others for the next calls.
    fn fragment(&mut self, network: usize, tiny: bool) {
        let total = usize::from(u16::from_be_bytes([
            self.buffer[network + 2],
            self.buffer[network + 3],
        ]));
        let most = if tiny {
            8
        } else {
            (total / self.random.within(2, 4) as usize).max(16)
        };
        if let Ok(fragments) = fragment(&self.buffer, most) {
            self.fragments = fragments.into();
            for piece in &mut self.fragments {
                piece.resize(piece.len().max(MIN_FRAME), 0);
            }
            if let Some(first) = self.fragments.pop_front() {
                self.buffer = first;
            }
        }
    }

    fn knock(&mut self) {
        let index = self.ranks.draw(&mut self.random);
        let (step, port) = self.flows[index as usize].knock(&mut self.random);
        let identity = Identity::knocker(&self.config, index).with_service(port);
        let extras = self.plain();
        identity
            .frame(&step, extras, &SYN_OPTIONS)
            .pad_to(MIN_FRAME)
            .write(&mut self.buffer);
    }

    fn attack(&mut self, attackers: u32) {
        let attacker = self.random.below(attackers) as u8 + 1;
        let port = self.random.within(49_152, 65_535) as u16;
        let (source, victim) = ([203, 0, 113, attacker], [198, 51, 100, 1]);
        let header = Ipv4 {
            identification: self.plain().identification,
            ..Ipv4::new(source, victim)
        };
        let (transport, payload): (_, &[u8]) = if attacker % 2 == 1 {
            let sequence = self.random.u64() as u32;
            (
                Transport::Tcp(Tcp {
                    sequence,
                    ..Tcp::new(port, 8000, flags::SYN)
                }),
                &[],
            )
        } else {
            (
                Transport::Udp {
                    source: port,
                    destination: 9999,
                },
                &self.text[..18],
            )
        };
        Frame::ipv4(header, transport)
            .payload(payload)
            .pad_to(MIN_FRAME)
            .write(&mut self.buffer);
    }
}
