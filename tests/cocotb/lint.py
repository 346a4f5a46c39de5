"""What slang says of the Verilog, by every rule it has; fails when that is anything. Called by scripts/cocotb inside its environment."""

import json
import pathlib
import shlex
import sys

from pyslang.driver import Driver


def main():
    folder = pathlib.Path(sys.argv[1])
    manifest = json.loads((folder / "manifest.json").read_text())
    files = [str(folder / name) for name in manifest["files"] if name.endswith(".v")]
    # Corundum sets the parameters of its block, of which these must not have their defaults.
    block = manifest.get("corundum")
    parameters = [f"-GIF_COUNT={block['interfaces']}", "-GAXIS_IF_RX_DEST_WIDTH=9"] if block else []
    driver = Driver()
    driver.addStandardArgs()
    command = ["slang", "-Weverything", "-Werror", "--top", manifest["top"], *parameters, *files]
    ready = driver.parseCommandLine(shlex.join(command)) and driver.processOptions() and driver.parseAllSources()
    if not ready:
        print("slang: cannot read the Verilog")
        return 1
    compilation = driver.createCompilation()
    driver.reportCompilation(compilation, True)
    clean = driver.reportDiagnostics(True)
    print("slang -Weverything: " + ("clean" if clean else "warnings"))
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
