"""``course doctor``: is this machine ready? A table in ten seconds, with the mend for whatever is wrong."""

from __future__ import annotations

import argparse
import json
import os
import platform
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)
KERNEL_SECONDS = 8.0
KERNEL = ("-m", "ipykernel_launcher", "-f", "{connection_file}")
GIGABYTES_WANTED = 1.0
SET_UP = "Run: python3 start.py setup"


@dataclass(frozen=True)
class Finding:
    """The outcome of one check: what was looked at, whether it is well, what was seen, how to mend it."""

    name: str
    ok: bool
    seen: str
    mend: str = ""


# ---------------------------------------------------------------- the lock


def find_lock() -> Path | None:
    """The learners' lock: in the clone this package lies in, or packed into an installed package."""
    package = Path(__file__).parent
    places = (package.parent / "requirements" / "learn.txt", package / "learn.txt")
    return next((place for place in places if place.is_file()), None)


def locked_versions(lock: str) -> dict[str, str]:
    """Read ``name==version`` lines, leaving out those whose marker does not hold on this machine.

    Parameters
    ----------
    lock : str
        Text of a requirements file with hashes.

    Returns
    -------
    dict
        Version by package name.
    """
    from packaging.requirements import Requirement

    versions = {}
    for line in lock.splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            requirement = Requirement(line.rstrip("\\ "))
            if requirement.marker is None or requirement.marker.evaluate():
                versions[requirement.name] = str(requirement.specifier).removeprefix("==")
    return versions


def installed_version(name: str) -> str | None:
    """The installed version of a package, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


# ---------------------------------------------------------------- the checks


def check_python() -> Finding:
    """One of the Pythons the lock is made for."""
    ok = OLDEST <= sys.version_info[:2] <= NEWEST
    wanted = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    mend = f"Install Python {wanted} from python.org, delete .venv and run start.py with it."
    return Finding("Python", ok, f"{platform.python_version()} on {platform.system()}", "" if ok else mend)


def check_packages() -> Finding:
    """Every package of the lock is there in the locked version."""
    lock = find_lock()
    if lock is None:
        return Finding("packages", False, "no lock found", "Clone the course again.")
    wanted = locked_versions(lock.read_text(encoding="utf-8"))
    different = [
        f"{name} {installed_version(name) or 'missing'} (lock: {version})"
        for name, version in wanted.items()
        if installed_version(name) != version
    ]
    if not different:
        return Finding("packages", True, f"{len(wanted)} as locked")
    shown = ", ".join(different[:4]) + (f" and {len(different) - 4} more" if len(different) > 4 else "")
    return Finding("packages", False, shown, SET_UP)


def check_torch() -> Finding:
    """PyTorch imports and multiplies; which device a chapter would use."""
    try:
        import torch

        product = (torch.full((2, 3), 2.0) @ torch.full((3, 2), 7.0))[0, 0].item()
    except Exception as error:  # a broken binary raises whatever it likes
        return Finding("PyTorch", False, f"{type(error).__name__}: {error}", SET_UP)
    if product != 42.0:
        return Finding("PyTorch", False, f"computes {product} for 42", SET_UP)
    if torch.cuda.is_available():
        device = f"cuda ({torch.cuda.get_device_name()})"
    else:
        device = "mps" if torch.backends.mps.is_available() else "cpu"
    return Finding("PyTorch", True, f"{torch.__version__}, device {device}")


def check_disk() -> Finding:
    """Room for notebooks, figures and downloaded data."""
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    ok = free >= GIGABYTES_WANTED
    return Finding(
        "disk", ok, f"{free:.1f} GB free", "" if ok else f"Free {GIGABYTES_WANTED:.0f} GB on this disk."
    )


def check_data() -> Finding:
    """Every data set is as its checksum says, or a download that nobody has asked for yet."""
    try:
        from course_lib import datasets

        states = datasets.verify()
    except Exception as error:  # a damaged installation may raise anything while it is imported
        return Finding("data", False, f"{type(error).__name__}: {error}", SET_UP)
    problems = [f"{name}: {message}" for name, ok, message in states if not ok]
    if problems:
        mend = "Do what is said there; a file of the course itself comes back with: git checkout -- data"
        return Finding("data", False, "; ".join(problems), mend)
    return Finding("data", True, f"{len(states)} data sets in order")


def check_write_access() -> Finding:
    """This folder (where notebooks are saved) and the one that keeps your progress."""
    import platformdirs

    folders = [Path.cwd()]
    if os.environ.get("COURSE_PROGRESS", "").lower() != "off":
        folders.append(Path(platformdirs.user_data_dir("regularization-course", appauthor=False)))
    locked = [str(folder) for folder in folders if not _writable(folder)]
    if not locked:
        return Finding("write access", True, "this folder and your progress")
    mend = "Work in a folder of your own; without one for progress, set COURSE_PROGRESS=off."
    return Finding("write access", False, "cannot write: " + ", ".join(locked), mend)


def _writable(folder: Path) -> bool:
    """Try it; a folder that does not exist yet counts as its nearest parent."""
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def check_kernel() -> Finding:
    """A notebook kernel starts, computes 6 * 7 and stops."""
    try:
        seconds, answer = _ask_kernel("6 * 7")
    except Exception as error:  # whatever keeps a kernel from starting is the finding
        return Finding("kernel", False, f"{type(error).__name__}: {error}", SET_UP)
    if answer != "42":
        return Finding("kernel", False, f"answered {answer!r} to 6 * 7", SET_UP)
    return Finding("kernel", True, f"computed 6 * 7 = 42 in {seconds:.1f} s")


def _ask_kernel(code: str) -> tuple[float, str | None]:
    """Run one line in a kernel of this Python; at most ``KERNEL_SECONDS``, and nothing is left behind."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import KernelManager

    started = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        manager = KernelManager(connection_file=os.path.join(folder, "kernel.json"))
        command = [sys.executable, *KERNEL]
        manager._kernel_spec = KernelSpec(argv=command, display_name="doctor", language="python")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        manager.start_kernel(env={**os.environ, "IPYTHONDIR": folder}, **quiet)
        client = manager.client()
        try:
            client.start_channels()
            client.wait_for_ready(timeout=KERNEL_SECONDS)
            client.execute(code)
            answer = _result(client, max(0.5, KERNEL_SECONDS - (time.monotonic() - started)))
            return time.monotonic() - started, answer
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def _result(client: object, seconds: float) -> str | None:
    """The text of the first result on the kernel's output channel, or None in time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            message = client.get_iopub_msg(timeout=0.2)  # type: ignore[attr-defined]
        except queue.Empty:
            continue
        if message["msg_type"] == "execute_result":
            return str(message["content"]["data"]["text/plain"])
    return None


CHECKS: tuple[Callable[[], Finding], ...] = (
    check_python,
    check_packages,
    check_torch,
    check_disk,
    check_data,
    check_write_access,
    check_kernel,
)


# ---------------------------------------------------------------- the report


def examine() -> Iterator[Finding]:
    """Run all checks. The kernel starts while the others run: most of its time is waiting."""
    with ThreadPoolExecutor(max_workers=1) as background:
        kernel = background.submit(check_kernel)
        for check in CHECKS:
            yield kernel.result() if check is check_kernel else check()


def report(findings: list[Finding]) -> None:
    """Print the findings as a table, then the mends."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", "", "")
    table.show_header = False
    for finding in findings:
        table.add_row(finding.name, "ok" if finding.ok else "PROBLEM", finding.seen)
    console = Console()
    console.print(table)
    for finding in findings:
        if not finding.ok:
            console.print(f"{finding.name}: {finding.mend}", markup=False, highlight=False)
    if all(finding.ok for finding in findings):
        console.print("All well.")


def main(args: argparse.Namespace) -> int:
    """Examine this machine; 0 when all is well, 1 otherwise."""
    findings = list(examine())
    if args.json:
        print(
            json.dumps({"ok": all(f.ok for f in findings), "checks": [asdict(f) for f in findings]}, indent=1)
        )
    else:
        report(findings)
    return 0 if all(finding.ok for finding in findings) else 1
