"""The frame format, written from docs/wire-format.md alone: rows, prefixes, and a model of a sequencer."""

import dataclasses

WORD = 64
HEADER = 16
WINDOW = 128
ETHERTYPE = 0x88B5
SEQ_MODULUS = 1 << 40
EPOCH_MODULUS = 64

# Name: profile id, bytes in a row.
PROFILES = {
    "source": (1, 4),
    "knock": (2, 8),
    "flow": (3, 16),
    "flow-time": (4, 32),
    "flow6-time": (5, 64),
}


def rows_that_fit(row_bytes, words):
    """M of section 3."""
    return max(0, (WORD * words - max(HEADER, row_bytes)) // row_bytes)


def fewest_words(row_bytes, rows):
    """The smallest B whose prefix holds so many rows."""
    words = 1
    while rows_that_fit(row_bytes, words) < rows:
        words += 1
    return words


@dataclasses.dataclass
class Parsed:
    """What section 5 finds in a frame; addresses as 16 bytes, absent fields zero."""

    is_ip: bool = False
    malformed: bool = False
    src: bytes = bytes(16)
    dst: bytes = bytes(16)
    src_port: bytes = bytes(2)
    dst_port: bytes = bytes(2)
    protocol: int = 0
    tcp_flags: int = 0
    length: int = 0
    tcp_seq: bytes = bytes(4)
    tcp_ack: bytes = bytes(4)


def parse(frame, ipv6):
    """Section 5, steps 1 to 5, on the first 128 bytes."""
    window = frame[:WINDOW]
    at = 12
    for _ in range(2):
        if int.from_bytes(window[at : at + 2], "big") in (0x8100, 0x88A8, 0x9100, 0x9200) and len(window) >= at + 2:
            at += 4
    out = Parsed()
    if len(window) < at + 2:
        return out
    ethertype = int.from_bytes(window[at : at + 2], "big")
    ip = window[at + 2 :]
    if ethertype == 0x0800:
        header = (ip[0] & 0xF) * 4 if ip else 0
        if not ip or ip[0] >> 4 != 4 or header < 20 or len(ip) < header:
            out.malformed = True
            return out
        out.is_ip = True
        out.src = bytes(10) + b"\xff\xff" + ip[12:16]
        out.dst = bytes(10) + b"\xff\xff" + ip[16:20]
        out.protocol = ip[9]
        out.length = int.from_bytes(ip[2:4], "big")
        first_fragment = int.from_bytes(ip[6:8], "big") & 0x1FFF == 0
        transport = ip[header:]
    elif ethertype == 0x86DD and ipv6:
        if len(ip) < 40 or ip[0] >> 4 != 6:
            out.malformed = True
            return out
        out.is_ip = True
        out.src, out.dst = ip[8:24], ip[24:40]
        out.protocol = ip[6]
        out.length = (40 + int.from_bytes(ip[4:6], "big")) % 65536
        first_fragment = True
        transport = ip[40:]
    else:
        return out
    if first_fragment and out.protocol in (6, 17) and len(transport) >= 4:
        out.src_port, out.dst_port = transport[0:2], transport[2:4]
        if out.protocol == 6 and len(transport) >= 14:
            out.tcp_flags = transport[13]
            out.tcp_seq, out.tcp_ack = transport[4:8], transport[8:12]
    return out


def row(profile, parsed, seconds, nanoseconds):
    """A row of section 4."""
    time = (seconds % 2**32).to_bytes(4, "big") + nanoseconds.to_bytes(4, "big")
    p = parsed
    short = bytes([p.protocol, p.tcp_flags])
    length = p.length.to_bytes(2, "big")
    ports = p.src_port + p.dst_port
    if profile == "source":
        return p.src[12:]
    if profile == "knock":
        return p.src[12:] + p.dst_port + short
    flow = p.src[12:] + p.dst[12:] + ports + short + length
    if profile == "flow":
        return flow
    if profile == "flow-time":
        return flow + time + p.tcp_seq + p.tcp_ack
    return p.src + p.dst + ports + short + length + time + p.tcp_seq + p.tcp_ack + bytes(8)


class Mismatch(Exception):
    """A frame is not what the format says."""


@dataclasses.dataclass
class Config:
    """k, B and the modes."""

    cores: int
    words: int
    enable: bool = True
    sequence_all: bool = False


class Model:
    """A sequencer that is fed packets and asked what their frames must be."""

    def __init__(self, profile, history, config):
        self.profile = profile
        self.profile_id, self.row_bytes = PROFILES[profile]
        self.history = history
        self.config = config
        self.default_queue = 0
        self.steering = {}
        self.epoch = 0
        self.malformed = 0
        self._start()

    def _start(self):
        self.seq, self.last_core, self.rows = 0, None, []

    def new_epoch(self):
        """A reset, or enabling."""
        self.epoch = (self.epoch + 1) % EPOCH_MODULUS
        self._start()

    def configure(self, config):
        """A change at this place between two packets."""
        if config.enable and not self.config.enable:
            self.new_epoch()
        self.config = config

    def expect(self, packet, seconds, nanoseconds):
        """The frame of the next packet, the queue it goes to, and its core or None."""
        parsed = parse(packet, ipv6=self.profile == "flow6-time")
        self.malformed += parsed.malformed
        config = self.config
        if not config.enable or not (parsed.is_ip or config.sequence_all):
            return packet, self.default_queue, None
        # By the k of this packet, whatever it was for the one before.
        core = 0 if self.last_core is None else (self.last_core + 1) % config.cores
        self.rows.insert(0, row(self.profile, parsed, seconds, nanoseconds))
        del self.rows[self.history + 1 :]
        fitting = rows_that_fit(self.row_bytes, config.words)
        valid = min(len(self.rows), fitting, 255)
        header = bytes([0x02, 0x01, self.profile_id, config.words, config.cores, core])
        header += bytes([self.epoch << 2 | 0b10]) + self.seq.to_bytes(5, "big")
        header += ETHERTYPE.to_bytes(2, "big") + bytes([valid, self.row_bytes.bit_length() - 1])
        prefix = header.ljust(max(HEADER, self.row_bytes), b"\0") + b"".join(self.rows[:valid])
        prefix = prefix.ljust(WORD * config.words, b"\0")
        self.seq = (self.seq + 1) % SEQ_MODULUS
        self.last_core = core
        return prefix + packet, self.steering.get(core, core), core


def check(got, expected, what):
    """Raises with the first byte that differs."""
    if got == expected:
        return
    pairs = zip(got, expected)
    first = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(got), len(expected)))
    raise Mismatch(
        f"{what}: {len(got)} bytes, expected {len(expected)}; byte {first} differs: "
        f"{got[first:first + 16].hex()} for {expected[first:first + 16].hex()}"
    )
