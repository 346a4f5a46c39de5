"""The register map, written from docs/sequencer.md alone."""

ID = 0x000
VERSION = 0x004
CAPABILITIES = 0x008
CONTROL = 0x00C
CORES = 0x010
PREFIX_WORDS = 0x014
DEFAULT_QUEUE = 0x018
STATUS = 0x01C
SEQ = 0x020
COUNTERS = 0x040
STEERING = 0x400
SENT = 0x800

ID_VALUE = 0x53435231

COUNTER_NAMES = [
    "packets in",
    "bytes in",
    "packets sequenced",
    "packets passed by",
    "bytes out",
    "input stall cycles",
    "output stall cycles",
    "malformed",
]


def control(config):
    """CONTROL for a configuration."""
    return int(config.enable) | int(config.sequence_all) << 1
