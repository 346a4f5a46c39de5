"""The device under test with its buses, and what went through it."""

import collections
import os
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

import registers as reg
from wire_format import Config, Model, check, fewest_words

PROFILE = os.environ.get("SCR_PROFILE", "flow")
HISTORY = int(os.environ.get("SCR_HISTORY", "64"))
WIDTH = int(os.environ.get("SCR_WIDTH", "512"))
MAX_CORES = int(os.environ.get("SCR_MAX_CORES", "16"))
SEED = int(os.environ.get("SCR_SEED", "1"))

# Cycles after which nothing more can come out.
QUIET = 200


def pauses(seed, share):
    """A generator for the buses: pause in this share of cycles, in bursts."""
    rng = random.Random(seed)
    while True:
        pause = rng.random() < share
        for _ in range(rng.randrange(1, 8)):
            yield pause


def users_of(frame):
    """tuser of a frame that was received, one value for each byte."""
    user = frame.tuser
    return [user] * len(frame.tdata) if isinstance(user, int) else list(user)


class Bench:
    """Clock, streams, registers, and the model beside them."""

    def __init__(self, dut):
        self.dut = dut
        cocotb.start_soon(Clock(dut.clk, 4, units="ns").start())
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst)
        self.axil = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        self.rng = random.Random(SEED)
        words = fewest_words(Model(PROFILE, HISTORY, None).row_bytes, 1)
        self.words_per_beat = max(1, WIDTH // 512)
        words = -(-words // self.words_per_beat) * self.words_per_beat
        self.model = Model(PROFILE, HISTORY, Config(1, words))
        self.counts = collections.Counter()
        self.sent = collections.Counter()
        cocotb.start_soon(self._count_stalls())

    async def _count_stalls(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            if dut.rst.value:
                self.counts["input stall cycles"] = self.counts["output stall cycles"] = 0
                continue
            self.counts["input stall cycles"] += int(dut.s_axis_tvalid.value and not dut.s_axis_tready.value)
            self.counts["output stall cycles"] += int(dut.m_axis_tvalid.value and not dut.m_axis_tready.value)

    async def reset(self, powered=True):
        """A reset; the first one comes with power and starts no epoch."""
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, 5)
        self.dut.rst.value = 0
        await ClockCycles(self.dut.clk, 1)
        self.counts.clear()
        self.sent.clear()
        self.model.malformed = 0
        reset = Model(PROFILE, HISTORY, None)
        words = fewest_words(reset.row_bytes, 1)
        words = -(-words // self.words_per_beat) * self.words_per_beat
        if powered:
            self.model.new_epoch()
        self.model.config = Config(1, words)
        self.model.steering.clear()
        self.model.default_queue = 0

    def words_for(self, cores):
        """The fewest words for k cores, in whole beats."""
        words = fewest_words(self.model.row_bytes, cores)
        return -(-words // self.words_per_beat) * self.words_per_beat

    async def read(self, offset):
        """Data and response of a read."""
        answer = await self.axil.read(offset, 4)
        return int.from_bytes(answer.data, "little"), int(answer.resp)

    async def write(self, offset, value):
        """Response of a write."""
        return int((await self.axil.write(offset, value.to_bytes(4, "little"))).resp)

    async def read_wide(self, offset):
        """A 64-bit register, low half first."""
        low, _ = await self.read(offset)
        high, _ = await self.read(offset + 4)
        return high << 32 | low

    async def configure(self, config):
        """Writes k, B and modes in an order that keeps each step valid, with nothing under way."""
        now = self.model.config
        if now.enable and not config.enable:
            await self.write(reg.CONTROL, reg.control(config))
        order = [(reg.PREFIX_WORDS, config.words), (reg.CORES, config.cores)]
        if config.words < now.words:
            order.reverse()
        for offset, value in order:
            assert await self.write(offset, value) == 0, f"{value} refused at {offset:#x}"
        # The response says that it is in force.
        await self.write(reg.CONTROL, reg.control(config))
        self.model.configure(config)

    def frame(self, packet):
        """A packet with a random timestamp and source, and a random bad-frame flag beside each beat; tuser has one value for each byte."""
        seconds, nanos = self.rng.randrange(2**48), self.rng.randrange(10**9)
        fraction = self.rng.randrange(2**16)
        user = ((seconds << 32 | nanos) << 16 | fraction) << 1
        flags = [self.rng.randrange(2) for _ in range(0, len(packet), WIDTH // 8)]
        users = [user | flags[byte // (WIDTH // 8)] for byte in range(len(packet))]
        frame = AxiStreamFrame(tdata=packet, tid=self.rng.randrange(256), tuser=users)
        return frame, seconds, nanos

    async def run(self, packets, source_share=0.0, sink_share=0.0):
        """Sends packets and checks every frame that comes out, in order, none too many."""
        self.source.set_pause_generator(pauses(self.rng.random(), source_share))
        self.sink.set_pause_generator(pauses(self.rng.random(), sink_share))
        sent = []
        for packet in packets:
            frame, seconds, nanos = self.frame(packet)
            sent.append((packet, frame.tid, frame.tuser, seconds, nanos))
            self.source.send_nowait(frame)
        for number, (packet, tid, users, seconds, nanos) in enumerate(sent):
            got = await self.sink.recv()
            expected, queue, core = self.model.expect(packet, seconds, nanos)
            # Beside a prefix the flag is low.
            prefix_users = [users[0] & ~1] * (len(expected) - len(packet))
            what = f"frame {number} of {len(packet)} bytes"
            check(bytes(got.tdata), expected, what)
            for name, value, wanted in (
                ("tdest", got.tdest, queue),
                ("tid", got.tid, tid),
                ("tuser", users_of(got), prefix_users + list(users)),
            ):
                assert value == wanted, f"{what}: {name} is {value}, expected {wanted}"
            self.counts["packets in"] += 1
            self.counts["bytes in"] += len(packet)
            self.counts["bytes out"] += len(expected)
            self.counts["packets passed by" if core is None else "packets sequenced"] += 1
            if core is not None:
                self.sent[core] += 1
        self.source.clear_pause_generator()
        self.sink.clear_pause_generator()
        self.sink.pause = self.source.pause = False
        await ClockCycles(self.dut.clk, QUIET)
        assert self.sink.empty(), "a frame that nobody sent"

    async def check_counters(self):
        """All counters against what went through."""
        self.counts["malformed"] = self.model.malformed
        for place, name in enumerate(reg.COUNTER_NAMES):
            got = await self.read_wide(reg.COUNTERS + 8 * place)
            assert got == self.counts[name], f"{name}: {got}, expected {self.counts[name]}"
        for core in range(MAX_CORES):
            got = await self.read_wide(reg.SENT + 8 * core)
            assert got == self.sent[core], f"sent to core {core}: {got}, expected {self.sent[core]}"
        assert await self.read_wide(reg.SEQ) == self.model.seq
        status, _ = await self.read(reg.STATUS)
        assert status >> 8 & 0xFF == self.model.epoch, f"epoch {status >> 8}, expected {self.model.epoch}"


async def start(dut):
    """A bench after the reset that comes with power."""
    bench = Bench(dut)
    await bench.reset(powered=False)
    return bench
