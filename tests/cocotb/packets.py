"""Packets from scapy: the mix that a receive port may see."""

import random

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption
from scapy.layers.inet6 import IPv6, IPv6ExtHdrHopByHop
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.packet import Raw


def _ipv4(rng):
    options = [IPOption(b"\x01" * rng.choice((0, 0, 0, 4, 12, 24, 40)))]
    packet = IP(
        src=f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}",
        dst=f"192.168.{rng.randrange(256)}.{rng.randrange(256)}",
        options=options if len(bytes(options[0])) else [],
    )
    if rng.random() < 0.15:
        packet.flags, packet.frag = "MF", rng.choice((0, 1, 0x1FF, 0x1FFF))
    return packet


def _transport(rng):
    kind = rng.randrange(8)
    ports = {"sport": rng.randrange(65536), "dport": rng.randrange(65536)}
    if kind < 4:
        return TCP(**ports, flags=rng.randrange(256), seq=rng.randrange(2**32), ack=rng.randrange(2**32))
    if kind < 7:
        return UDP(**ports)
    return ICMP()


def _tags(rng):
    layers = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    for _ in range(rng.choice((0, 0, 0, 1, 2, 3))):
        tag = Dot1Q if rng.random() < 0.7 else Dot1AD
        layers = layers / tag(vlan=rng.randrange(4096))
    # In front of some tags stand the TPIDs of before 802.1ad, which scapy has no layer for.
    layer = layers
    while isinstance(layer.payload, (Dot1Q, Dot1AD)):
        if rng.random() < 0.3:
            layer.type = rng.choice((0x9100, 0x9200))
        layer = layer.payload
    return layers


def packet(rng):
    """One packet as bytes, 1 to 9,000 of them, most short."""
    kind = rng.randrange(20)
    if kind < 12:
        layers = _tags(rng) / _ipv4(rng) / _transport(rng)
    elif kind < 15:
        layers = _tags(rng) / IPv6(src=f"2001:db8::{rng.randrange(65536):x}", dst="2001:db8::1")
        if rng.random() < 0.2:
            layers = layers / IPv6ExtHdrHopByHop()
        layers = layers / _transport(rng)
    elif kind < 17:
        layers = _tags(rng) / ARP(pdst="10.0.0.1")
    else:
        layers = _tags(rng)
        layers.lastlayer().type = rng.randrange(65536)
    length = rng.choice((0, 0, 1, 10, 40, 100)) + rng.randrange(64)
    if rng.random() < 0.02:
        length = rng.randrange(1500, 8900)
    data = bytearray(bytes(layers / Raw(rng.randbytes(length))))
    if rng.random() < 0.1:
        # A damaged IP header: version or header length.
        data[min(14, len(data) - 1)] = rng.randrange(256)
    if rng.random() < 0.15:
        del data[rng.randrange(1, len(data)) :]
    return bytes(data[:9000])


def packets(seed, count):
    """So many packets; the same for the same seed."""
    rng = random.Random(seed)
    return [packet(rng) for _ in range(count)]
