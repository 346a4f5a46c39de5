"""The sequencer's Verilog, judged by the documents alone."""

import random

import cocotb
from cocotb.triggers import ClockCycles, Combine

import registers as reg
from bench import HISTORY, MAX_CORES, PROFILE, QUIET, SEED, WIDTH, pauses, start
from packets import packets
from wire_format import PROFILES, Config, parse, rows_that_fit

OKAY, SLVERR = 0, 2
# Cocotb runs all tests in one simulation: epochs go on from test to test, and a test that fails leaves it open which is next.
STARTED = []


async def begin(dut):
    """A bench; its model takes over the epoch that earlier tests came to."""
    bench = await start(dut)
    status, _ = await bench.read(reg.STATUS)
    epoch = status >> 8 & 0xFF
    assert STARTED or epoch == 0, "the reset that comes with power starts no epoch"
    STARTED.append(epoch)
    bench.model.epoch = epoch
    return bench


@cocotb.test()
async def identification_and_reset_values(dut):
    bench = await begin(dut)
    profile_id, row_bytes = PROFILES[PROFILE]
    capabilities = profile_id | (row_bytes.bit_length() - 1) << 8 | MAX_CORES << 12 | HISTORY << 20
    expected = {
        reg.ID: reg.ID_VALUE,
        reg.CAPABILITIES: capabilities,
        reg.CONTROL: 1,
        reg.CORES: 1,
        reg.PREFIX_WORDS: bench.words_for(1),
        reg.DEFAULT_QUEUE: 0,
    }
    for offset, value in expected.items():
        assert await bench.read(offset) == (value, OKAY), f"{offset:#x}"
    version, resp = await bench.read(reg.VERSION)
    assert version >> 16 == 1 and resp == OKAY, "format version"
    for core in range(MAX_CORES):
        assert await bench.read(reg.STEERING + 4 * core) == (core, OKAY)
        assert await bench.read_wide(reg.SENT + 8 * core) == 0


@cocotb.test()
async def what_is_not_mapped_is_refused(dut):
    bench = await begin(dut)
    unmapped = [0x028, 0x03C, 0x080, 0x3FC, 0xC00, 0xFFC]
    if MAX_CORES < 128:
        unmapped += [reg.STEERING + 4 * MAX_CORES, reg.SENT + 8 * MAX_CORES]
    for offset in unmapped:
        assert await bench.read(offset) == (0, SLVERR), f"{offset:#x}"
    for offset in [reg.ID, reg.CAPABILITIES, reg.SEQ, reg.COUNTERS, reg.SENT, 0x028]:
        assert await bench.write(reg.STATUS, 1) == OKAY
        assert await bench.write(offset, 0) == SLVERR, f"{offset:#x}"
        assert (await bench.read(reg.STATUS))[0] & 1 == 1


@cocotb.test()
async def invalid_configurations_are_refused(dut):
    bench = await begin(dut)
    row_bytes = bench.model.row_bytes
    words = bench.words_for(min(4, MAX_CORES))
    most = min(rows_that_fit(row_bytes, words), HISTORY + 1, 255, MAX_CORES)
    assert await bench.write(reg.PREFIX_WORDS, words) == OKAY
    for cores in (0, most + 1, MAX_CORES + 1, 256, 257, 0xFFFFFFFF):
        assert await bench.write(reg.STATUS, 1) == OKAY
        assert await bench.write(reg.CORES, cores) == SLVERR, f"k = {cores}"
        assert await bench.read(reg.CORES) == (1, OKAY)
        assert (await bench.read(reg.STATUS))[0] & 1 == 1
    assert await bench.write(reg.CORES, most) == OKAY
    # A zero does not clear, a one does.
    assert await bench.write(reg.STATUS, 0) == OKAY
    assert (await bench.read(reg.STATUS))[0] & 1 == 1
    assert await bench.write(reg.STATUS, 1) == OKAY
    assert (await bench.read(reg.STATUS))[0] & 1 == 0
    refused = [0, 64, 256, 0xFFFF]
    refused += [b for b in range(1, words) if rows_that_fit(row_bytes, b) < most]
    for value in refused:
        assert await bench.write(reg.PREFIX_WORDS, value) == SLVERR, f"B = {value}"
        assert await bench.read(reg.PREFIX_WORDS) == (words, OKAY)


@cocotb.test()
async def registers_under_pressure_of_the_bus(dut):
    bench = await begin(dut)
    axil, rng = bench.axil, random.Random(SEED)
    for place, channel in enumerate(
        [
            axil.write_if.aw_channel,
            axil.write_if.w_channel,
            axil.write_if.b_channel,
            axil.read_if.ar_channel,
            axil.read_if.r_channel,
        ]
    ):
        channel.set_pause_generator(pauses(SEED + place, 0.5))
    queues = {}
    for _ in range(40):
        core, queue = rng.randrange(MAX_CORES), rng.randrange(512)
        queues[core] = queue
        write = cocotb.start_soon(bench.write(reg.STEERING + 4 * core, queue))
        read = cocotb.start_soon(bench.read(reg.ID))
        await Combine(write, read)
        assert write.result() == OKAY and read.result() == (reg.ID_VALUE, OKAY)
    for core in range(MAX_CORES):
        assert await bench.read(reg.STEERING + 4 * core) == (queues.get(core, core), OKAY)


@cocotb.test()
async def mixed_traffic(dut):
    bench = await begin(dut)
    seed = SEED
    for cores, spare, source_share, sink_share in ((1, 0, 0.0, 0.0), (3, 1, 0.4, 0.0), (4, 0, 0.0, 0.5), (2, 4, 0.3, 0.3)):
        cores = min(cores, MAX_CORES)
        words = bench.words_for(cores) + spare * bench.words_per_beat
        await bench.configure(Config(cores, words))
        await bench.run(packets(seed, 60), source_share, sink_share)
        seed += 1
    await bench.check_counters()


@cocotb.test()
async def a_history_that_wraps(dut):
    bench = await begin(dut)
    cores = min(3, MAX_CORES)
    words = bench.words_for(min(HISTORY + 1, 63 * 64 // bench.model.row_bytes - 4))
    await bench.configure(Config(cores, min(words, 62)))
    short = [p[:90] for p in packets(SEED + 9, 400) if parse(p[:90], PROFILE == "flow6-time").is_ip]
    await bench.run(short[: HISTORY + 30])
    await bench.check_counters()


@cocotb.test()
async def modes_epochs_and_queues(dut):
    bench = await begin(dut)
    cores = min(3, MAX_CORES)
    config = Config(cores, bench.words_for(cores))
    await bench.configure(config)
    bench.model.default_queue = 17
    assert await bench.write(reg.DEFAULT_QUEUE, 17) == OKAY
    for core in range(cores):
        bench.model.steering[core] = 300 + core
        assert await bench.write(reg.STEERING + 4 * core, 300 + core) == OKAY
    await bench.run(packets(SEED + 20, 25), 0.2, 0.2)
    await bench.configure(Config(cores, config.words, enable=False))
    await bench.run(packets(SEED + 21, 15))
    await bench.configure(Config(cores, config.words, enable=True, sequence_all=True))
    await bench.run(packets(SEED + 22, 25), 0.0, 0.3)
    await bench.check_counters()
    await bench.reset()
    await bench.run(packets(SEED + 23, 15))
    await bench.check_counters()


@cocotb.test()
async def epochs_under_full_queues(dut):
    """Frames wait behind a sink that takes nothing while epochs begin: each leaves with the rows of its own epoch."""
    bench = await begin(dut)
    most = min(3, MAX_CORES)
    words = -(-max(bench.words_for(most), 8) // bench.words_per_beat) * bench.words_per_beat
    await bench.configure(Config(most, words))
    short = [p[:60] for p in packets(SEED + 60, 400) if parse(p[:60], PROFILE == "flow6-time").is_ip]
    sent = []
    bench.sink.pause = True
    for epoch in range(3):
        for packet in short[5 * epoch : 5 * epoch + 5]:
            frame, seconds, nanos = bench.frame(packet)
            sent.append((packet, frame.tid, seconds, nanos))
            bench.source.send_nowait(frame)
        # Enough for numbers: the queue has places for all of them.
        await ClockCycles(dut.clk, 200)
        for control in (0, 1):
            assert await bench.write(reg.CONTROL, control) == OKAY
    bench.sink.pause = False
    epochs = []
    for number, (packet, tid, seconds, nanos) in enumerate(sent):
        got = await bench.sink.recv()
        data = bytes(got.tdata)
        while data[6] >> 2 != bench.model.epoch:
            bench.model.new_epoch()
            assert len(epochs) < 70, f"frame {number} is of an epoch that was not: {data[6] >> 2}"
            epochs.append(bench.model.epoch)
        expected, queue, _ = bench.model.expect(packet, seconds, nanos)
        assert data == expected, f"frame {number} of epoch {data[6] >> 2}"
        assert (got.tdest, got.tid) == (queue, tid)
    assert len(epochs) >= 2, f"frames of one epoch only, {epochs}"
    await ClockCycles(dut.clk, QUIET)


@cocotb.test()
async def k_changes_under_traffic(dut):
    bench = await begin(dut)
    most = min(5, MAX_CORES)
    words = bench.words_for(most)
    await bench.configure(Config(1, words))
    rng = random.Random(SEED)
    sent = []
    bench.sink.set_pause_generator(pauses(SEED, 0.2))
    for packet in packets(SEED + 40, 150):
        frame, seconds, nanos = bench.frame(packet)
        sent.append((packet, seconds, nanos))
        bench.source.send_nowait(frame)

    async def change():
        asked = [1]
        for _ in range(6):
            await ClockCycles(dut.clk, rng.randrange(80, 200))
            asked.append(rng.randrange(1, most + 1))
            assert await bench.write(reg.CORES, asked[-1]) == OKAY
        return asked

    changes = cocotb.start_soon(change())
    asked, place = None, 0
    followed = [1]
    for number, (packet, seconds, nanos) in enumerate(sent):
        got = await bench.sink.recv()
        data = bytes(got.tdata)
        sequenced = parse(packet, PROFILE == "flow6-time").is_ip
        if sequenced and data[4] != bench.model.config.cores:
            # The frame has another k: from here on all have it.
            bench.model.configure(Config(data[4], words))
            followed.append(data[4])
        expected, queue, _ = bench.model.expect(packet, seconds, nanos)
        assert data == expected, f"frame {number}"
        assert got.tdest == queue
    asked = await changes
    # What was followed was asked for, in that order; a k may be asked for twice, or too late.
    place = 0
    for cores in followed:
        while place < len(asked) and asked[place] != cores:
            place += 1
        assert place < len(asked), f"followed {followed}, asked {asked}"
    assert len(followed) > 1 or MAX_CORES == 1, "no change came into force"
    await ClockCycles(dut.clk, QUIET)


assert WIDTH in (128, 256, 512, 1024)
