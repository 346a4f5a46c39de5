"""Corundum's application block with two interfaces, judged by the documents alone."""

import collections
import logging
import os
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotb.utils import get_sim_time
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

import registers as reg
from bench import HISTORY, MAX_CORES, PROFILE, QUIET, SEED, pauses, users_of
from packets import packets
from wire_format import PROFILES, Config, Model, check, fewest_words

OKAY, SLVERR, DECERR = 0, 2, 3
INTERFACES = 2
# Packets over all interfaces.
PACKETS = int(os.environ.get("SCR_PACKETS", "20000"))

# The windows of docs/shells/corundum.md.
WINDOW = 0x2000
SHELL, INTERFACE, TDEST = 0x1000, 0x1004, 0x1008
SHELL_VALUE = 0x53435243

# For each phase and interface: k, words beyond the fewest, share of cycles in which source and sink pause.
PHASES = [
    [(3, 0, 0.0, 0.0), (5, 0, 0.3, 0.0)],
    [(4, 1, 0.0, 0.4), (1, 0, 0.0, 0.0)],
    [(16, 0, 0.3, 0.3), (7, 2, 0.1, 0.5)],
    [(2, 0, 0.0, 0.1), (3, 0, 0.2, 0.0)],
]


class Tdest:
    """The register TDEST of an interface: what was written when, and so what a frame may say."""

    def __init__(self):
        self.writes = [(0, 0, 0)]

    def may_be(self, since, until):
        """Values in force at any time from one to another."""
        before = [value for _, end, value in self.writes if end is not None and end <= since]
        during = [value for begin, end, value in self.writes if begin <= until and (end is None or end > since)]
        return {before[-1], *during}


class Interface:
    """The streams of an interface, the model beside it, and what went through."""

    def __init__(self, dut, number, axil):
        self.dut, self.number, self.axil = dut, number, axil
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, f"if{number}_s_axis"), dut.clk, dut.rst)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, f"if{number}_m_axis"), dut.clk, dut.rst)
        for side in (self.source, self.sink):
            # Of every frame they would say what is in it.
            side.log.setLevel(logging.WARNING)
        self.rng = random.Random(SEED * 10 + number)
        self.model = Model(PROFILE, HISTORY, Config(1, fewest_words(PROFILES[PROFILE][1], 1)))
        self.tdest = Tdest()
        self.counts = collections.Counter()
        self.sent = collections.Counter()
        self.direct = collections.Counter()
        self.last_end = 0

    async def read(self, offset):
        """Data and response of a read in the window."""
        answer = await self.axil.read(self.number * WINDOW + offset, 4)
        return int.from_bytes(answer.data, "little"), int(answer.resp)

    async def write(self, offset, value):
        """Response of a write in the window."""
        data = value.to_bytes(4, "little")
        return int((await self.axil.write(self.number * WINDOW + offset, data)).resp)

    async def read_wide(self, offset):
        """A 64-bit register, low half first."""
        low, _ = await self.read(offset)
        high, _ = await self.read(offset + 4)
        return high << 32 | low

    async def configure(self, cores, spare):
        """Writes k and B in an order that keeps each step valid, and a queue for each core, with nothing under way."""
        words = fewest_words(self.model.row_bytes, cores) + spare
        order = [(reg.PREFIX_WORDS, words), (reg.CORES, cores)]
        if words < self.model.config.words:
            order.reverse()
        for offset, value in order:
            assert await self.write(offset, value) == OKAY, f"{value} refused at {offset:#x}"
        self.model.configure(Config(cores, words))
        for core in range(cores):
            queue = self.rng.randrange(256)
            assert await self.write(reg.STEERING + 4 * core, queue) == OKAY
            self.model.steering[core] = queue
        self.model.default_queue = self.rng.randrange(256)
        assert await self.write(reg.DEFAULT_QUEUE, self.model.default_queue) == OKAY

    async def run(self, all_packets, source_share, sink_share):
        """Sends packets and checks every frame that comes out, in order."""
        rng = self.rng
        self.source.set_pause_generator(pauses(rng.random(), source_share) if source_share else None)
        self.sink.set_pause_generator(pauses(rng.random(), sink_share) if sink_share else None)
        sent = []
        for packet in all_packets:
            seconds, nanos, fraction = rng.randrange(2**48), rng.randrange(10**9), rng.randrange(2**16)
            # Frames that the FIFO lets through are good: the flag is 0.
            user = ((seconds << 32 | nanos) << 16 | fraction) << 1
            port = rng.randrange(2)
            sent.append((packet, port, user, seconds, nanos))
            frame = AxiStreamFrame(tdata=packet, tid=port, tdest=rng.randrange(512), tuser=user)
            self.source.send_nowait(frame)
        for number, (packet, port, user, seconds, nanos) in enumerate(sent):
            got = await self.sink.recv()
            expected, queue, core = self.model.expect(packet, seconds, nanos)
            what = f"interface {self.number}, frame {number} of {len(packet)} bytes"
            check(bytes(got.tdata), expected, what)
            assert got.tid == port, f"{what}: tid is {got.tid}, expected {port}"
            assert set(users_of(got)) == {user}, f"{what}: tuser is {set(users_of(got))}, expected {user}"
            # The frame was offered when the one before it had gone, or later.
            allowed = self.tdest.may_be(self.last_end, got.sim_time_start)
            self.last_end = got.sim_time_end
            tdests = {queue | (0 if indirect else 1 << 8) for indirect in allowed}
            assert got.tdest in tdests, f"{what}: tdest is {got.tdest}, expected {tdests}"
            self.direct[got.tdest >> 8] += 1
            self.counts["packets in"] += 1
            self.counts["bytes in"] += len(packet)
            self.counts["bytes out"] += len(expected)
            self.counts["packets passed by" if core is None else "packets sequenced"] += 1
            if core is not None:
                self.sent[core] += 1
        for side in (self.source, self.sink):
            side.clear_pause_generator()
            side.pause = False
        await ClockCycles(self.dut.clk, QUIET)
        assert self.sink.empty(), f"interface {self.number}: a frame that nobody sent"

    async def check_counters(self):
        """Counters against what went through, but for those of stalls."""
        self.counts["malformed"] = self.model.malformed
        for place, name in enumerate(reg.COUNTER_NAMES):
            got = await self.read_wide(reg.COUNTERS + 8 * place)
            if "stall" not in name:
                assert got == self.counts[name], f"interface {self.number}, {name}: {got}, expected {self.counts[name]}"
        for core in range(MAX_CORES):
            got = await self.read_wide(reg.SENT + 8 * core)
            assert got == self.sent[core], f"interface {self.number}, sent to core {core}: {got}, expected {self.sent[core]}"
        assert await self.read_wide(reg.SEQ) == self.model.seq


async def start(dut):
    """The interfaces, after a reset."""
    cocotb.start_soon(Clock(dut.clk, 4, units="ns").start())
    axil = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
    for half in (axil.write_if, axil.read_if):
        half.log.setLevel(logging.WARNING)
    interfaces = [Interface(dut, number, axil) for number in range(INTERFACES)]
    dut.rst.value = 1
    await ClockCycles(dut.clk, 5)
    dut.rst.value = 0
    await ClockCycles(dut.clk, 1)
    for interface in interfaces:
        status, _ = await interface.read(reg.STATUS)
        interface.model.epoch = status >> 8 & 0xFF
    return interfaces


@cocotb.test()
async def windows(dut):
    interfaces = await start(dut)
    axil = interfaces[0].axil
    for number, interface in enumerate(interfaces):
        assert await interface.read(reg.ID) == (reg.ID_VALUE, OKAY)
        assert await interface.read(SHELL) == (SHELL_VALUE, OKAY)
        assert await interface.read(INTERFACE) == (number | INTERFACES << 8, OKAY)
        assert await interface.read(TDEST) == (0, OKAY)
        for offset in (0x028, 0x100C, 0x1FFC):
            assert await interface.read(offset) == (0, SLVERR), f"{offset:#x}"
        for offset, value in ((reg.ID, 0), (SHELL, 0), (INTERFACE, 0), (TDEST, 2), (0x100C, 0)):
            assert await interface.write(offset, value) == SLVERR, f"{offset:#x}"
        assert await interface.write(reg.STEERING, 7 + number) == OKAY
    for number, interface in enumerate(interfaces):
        assert await interface.read(reg.STEERING) == (7 + number, OKAY)
    for address in (INTERFACES * WINDOW, 7 * WINDOW + TDEST, 0x10000, 0x800000, 0xFFFFFC):
        answer = await axil.read(address, 4)
        assert int(answer.resp) == DECERR and not any(answer.data), f"{address:#x}"
        assert int((await axil.write(address, bytes(4))).resp) == DECERR, f"{address:#x}"


async def register_traffic(interfaces, seed, running):
    """Reads and writes in all windows while frames pass; their number."""
    rng = random.Random(seed)
    accesses = 0
    while running:
        interface = rng.choice(interfaces)
        kind = rng.randrange(6)
        if kind < 2:
            value = interface.tdest.writes[-1][2] ^ (rng.random() < 0.8)
            begin = get_sim_time()
            interface.tdest.writes.append((begin, None, value))
            assert await interface.write(TDEST, value) == OKAY
            interface.tdest.writes[-1] = (begin, get_sim_time(), value)
        elif kind == 2:
            assert await interface.read(TDEST) == (interface.tdest.writes[-1][2], OKAY)
        elif kind == 3:
            assert await interface.read(INTERFACE) == (interface.number | INTERFACES << 8, OKAY)
            assert await interface.read(reg.CORES) == (interface.model.config.cores, OKAY)
        elif kind == 4:
            await interface.read_wide(reg.COUNTERS + 8 * rng.randrange(8))
        else:
            answer = await interface.axil.read(rng.randrange(INTERFACES * WINDOW, 1 << 24) & ~3, 4)
            assert int(answer.resp) == DECERR
        accesses += 1
        await ClockCycles(interface.dut.clk, rng.randrange(1, 30))
    return accesses


@cocotb.test()
async def both_interfaces(dut):
    interfaces = await start(dut)
    each = max(1, PACKETS // len(interfaces) // len(PHASES))
    accesses = 0
    for place, phase in enumerate(PHASES):
        for interface, (cores, spare, _, _) in zip(interfaces, phase):
            await interface.configure(min(cores, MAX_CORES), spare)
        running = [True]
        beside = cocotb.start_soon(register_traffic(interfaces, SEED + place, running))
        runs = [
            cocotb.start_soon(interface.run(packets(SEED + 100 * place + interface.number, each), source_share, sink_share))
            for interface, (_, _, source_share, sink_share) in zip(interfaces, phase)
        ]
        for run in runs:
            await run
        running.clear()
        accesses += await beside
    for interface in interfaces:
        await interface.check_counters()
        assert sum(interface.direct.values()) == each * len(PHASES)
        assert min(interface.direct[bit] for bit in (0, 1)) > 0, interface.direct
    total = sum(sum(interface.direct.values()) for interface in interfaces)
    dut._log.info("%d packets over %d interfaces, %d register accesses beside them", total, len(interfaces), accesses)
