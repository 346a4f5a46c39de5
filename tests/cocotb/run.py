"""Builds one configuration with Icarus Verilog and runs the tests: called by scripts/cocotb inside its environment."""

import argparse
import json
import os
import pathlib
import sys
import xml.etree.ElementTree

from cocotb.runner import get_runner

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verilog", type=pathlib.Path, help="folder of `scr emit`")
    parser.add_argument("build", type=pathlib.Path, help="folder for what is built")
    parser.add_argument("--standard", default="2005", help="what the Verilog is read as: Icarus' -g [2005]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--test", help="only the test of this name")
    parser.add_argument("--packets", type=int, default=20000, help="packets through Corundum's block [20000]")
    parser.add_argument("--waves", action="store_true", help="write a waveform into the build folder")
    options = parser.parse_args()
    manifest = json.loads((options.verilog / "manifest.json").read_text())
    environment = {
        "SCR_PROFILE": manifest["profile"],
        "SCR_HISTORY": str(manifest["history"]),
        "SCR_WIDTH": str(manifest["width"]),
        "SCR_MAX_CORES": str(manifest["max_cores"]),
        "SCR_SEED": str(options.seed),
        "SCR_PACKETS": str(options.packets),
    }
    sources = [options.verilog / name for name in manifest["files"] if name.endswith(".v")]
    top, module = manifest["top"], "test_sequencer"
    if manifest["shell"] == "corundum":
        sources.append(HERE / "corundum_top.v")
        top, module = "corundum_top", "test_corundum"
    os.environ["PYTHONPATH"] = str(HERE)
    runner = get_runner("icarus")
    runner.build(
        verilog_sources=sources,
        hdl_toplevel=top,
        build_dir=options.build,
        # Behind the runner's own -g2012; the last one counts.
        build_args=[f"-g{options.standard}"],
        timescale=("1ns", "1ps"),
        waves=options.waves,
        always=True,
    )
    results = runner.test(
        test_module=module,
        hdl_toplevel=top,
        build_dir=options.build,
        extra_env=environment,
        testcase=options.test,
        waves=options.waves,
        results_xml=str((options.build / "results.xml").resolve()),
    )
    cases = list(xml.etree.ElementTree.parse(results).iter("testcase"))
    failed = [c.get("name") for c in cases if c.find("failure") is not None or c.find("error") is not None]
    print(f"-g{options.standard}: {len(cases)} tests, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
