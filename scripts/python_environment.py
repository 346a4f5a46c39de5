"""Python environments with pinned packages, each made once: shared by scripts/cocotb, scripts/prove and scripts/verilator-newest."""

import fcntl
import hashlib
import os
import pathlib
import subprocess
import sys
import venv


def environment(name, requirements):
    """The folder of programs of an environment with these requirements, made if it is not there: in $SCR_CACHE_DIR, else ~/.cache/scr.

    Only one process at a time makes it. What is said about that goes to standard error."""
    key = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    cache = pathlib.Path(os.environ.get("SCR_CACHE_DIR") or pathlib.Path.home() / ".cache" / "scr")
    folder = cache / name / key
    programs = folder / "bin"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            print(f"{name}: making a Python environment, once", file=sys.stderr, flush=True)
            venv.create(folder, with_pip=True, clear=True)
            install = [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]
            subprocess.run(install, check=True, stdout=sys.stderr)
            (folder / "complete").touch()
    return programs
