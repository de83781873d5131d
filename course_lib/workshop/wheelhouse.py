"""``course wheelhouse DIR``: the packages of the lock as files, so that a room without network can set up.

For one kind of machine and one Python a call; several calls may fill the same folder. Every file is the one
whose hash the lock names. PyTorch is in no lock (its builds differ by machine), so its hash is noted here.
``start.py`` installs from the folder alone: ``python3 start.py setup --wheelhouse DIR``, or any command when
the folder is called ``wheelhouse`` and lies beside ``start.py``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lib.notebooks import files

__all__ = ["PLATFORMS", "PYTHONS", "Package", "Target", "main", "needed"]

MANIFEST = "wheelhouse.json"
PYTHONS = ("3.11", "3.12", "3.13")
GLIBC = (
    "_2_28",
    "_2_27",
    "_2_26",
    "_2_24",
    "_2_17",
    "_2_12",
    "_2_5",
    "2014",
    "2010",
    "1",
)  # Debian 10 and later
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
AT_A_TIME = 12

#: name -> (what pip calls it, what markers see there)
PLATFORMS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "linux-x86_64": (
        (*(f"manylinux{version}_x86_64" for version in GLIBC), "linux_x86_64"),
        {
            "sys_platform": "linux",
            "platform_system": "Linux",
            "os_name": "posix",
            "platform_machine": "x86_64",
        },
    ),
    "macos-arm64": (
        ("macosx_14_0_arm64",),
        {
            "sys_platform": "darwin",
            "platform_system": "Darwin",
            "os_name": "posix",
            "platform_machine": "arm64",
        },
    ),
    "windows-x86_64": (
        ("win_amd64",),
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
    ),
}


@dataclass(frozen=True)
class Package:
    """One package of the lock: ``numpy==2.4.6``, its marker, and the hashes its file may have."""

    pin: str
    marker: str
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """The machines to install on: a name of `PLATFORMS` and a Python such as ``3.12``."""

    platform: str
    python: str

    def __str__(self) -> str:
        return f"{self.platform}/{self.python}"

    def wants(self, package: Package) -> bool:
        """Whether a marker holds on these machines, for the first or the last patch release of the Python."""
        if not package.marker:
            return True
        from packaging.markers import Marker

        marker, machine = Marker(package.marker), PLATFORMS[self.platform][1]
        releases = (f"{self.python}.0", f"{self.python}.99")
        machine = {**machine, "implementation_name": "cpython", "python_version": self.python,
                   "platform_python_implementation": "CPython"}  # fmt: skip
        return any(marker.evaluate({**machine, "python_full_version": release}) for release in releases)

    def pip_options(self) -> list[str]:
        """What tells pip to look for files for these machines."""
        named = [option for name in PLATFORMS[self.platform][0] for option in ("--platform", name)]
        return [*named, "--python-version", f"{self.python}.99", "--implementation", "cp"]


def this_machine() -> str:
    """The platform this Python runs on, by its name in `PLATFORMS`; empty when it is none of them."""
    machine = platform.machine().lower().replace("amd64", "x86_64")
    name = {"linux": "linux", "darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    return f"{name}-{machine}" if f"{name}-{machine}" in PLATFORMS else ""


def needed(lock: str, target: Target) -> list[Package]:
    """Return what a target needs of a lock with hashes."""
    packages = []
    for block in re.split(r"\n(?=\S)", lock.strip()):
        match = re.match(r"(\S+==\S+)(?: ; (.*?))? \\\n", block)
        if match:
            packages.append(Package(match[1], match[2] or "", tuple(re.findall(r"--hash=(\S+)", block))))
    return [package for package in packages if target.wants(package)]


# ---------------------------------------------------------------- the folder and what is in it


class House:
    """A folder of wheels and its manifest: which file serves which pin on which target."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            self.targets: dict[str, dict[str, Any]] = {str(k): dict(v) for k, v in content["targets"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.targets = {}

    def has(self, target: Target, pin: str) -> bool:
        """Whether the file for a pin is there and is still the one that was put in."""
        entry = self.targets.get(str(target), {}).get("files", {}).get(pin)
        path = self.folder / entry["file"] if entry else None
        return path is not None and path.is_file() and _sha256(path) == entry["sha256"]

    def put(self, target: Target, pin: str, path: Path) -> None:
        """Move a downloaded file in."""
        name, digest = path.name, _sha256(path)
        os.replace(path, self.folder / name)
        entry = self.targets.setdefault(str(target), {"files": {}, "missing": []})
        entry["files"][pin] = {"file": name, "sha256": digest}

    def close(self, target: Target, missing: list[str]) -> None:
        """Note what is still missing; a target is complete when nothing is."""
        self.targets.setdefault(str(target), {"files": {}, "missing": []})["missing"] = sorted(missing)
        content = {"about": __doc__.splitlines()[0], "targets": self.targets}
        files.write_atomically(self.folder / MANIFEST, json.dumps(content, indent=1, sort_keys=True) + "\n")

    def megabytes(self, target: Target) -> float:
        """The size of a target's files."""
        entries = self.targets.get(str(target), {}).get("files", {}).values()
        return sum((self.folder / entry["file"]).stat().st_size for entry in entries) / 1e6


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# ---------------------------------------------------------------- filling it


def _pip(target: Target, into: Path, *what: str) -> str:
    """Download with pip; return an empty text, or the last line that says what is wrong."""
    fixed = [
        "--quiet",
        "--no-input",
        "--no-deps",
        "--retries",
        "2",
        "--only-binary",
        ":all:",
        "-d",
        str(into),
    ]
    command = [sys.executable, "-m", "pip", "download", *fixed, *target.pip_options(), *what]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode == 0:
        return ""
    lines = [line for line in answer.stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")] or lines[-1:]
    return errors[-1].strip() if errors else f"pip ended with status {answer.returncode}"


def _download(house: House, target: Target, packages: Sequence[Package]) -> dict[str, str]:
    """Fetch some packages; return {pin: what is wrong}. Together first: one start of pip instead of many."""
    part = house.folder / ".part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    wanted = part / "wanted.txt"
    lines = [" ".join([package.pin, *(f"--hash={h}" for h in package.hashes)]) for package in packages]
    wanted.write_text("\n".join(lines) + "\n", encoding="utf-8")
    problem = _pip(target, part, "--require-hashes", "-r", str(wanted))
    if problem and len(packages) > 1:
        return {pin: what for one in packages for pin, what in _download(house, target, [one]).items()}
    for package in packages if not problem else ():
        house.put(target, package.pin, _file_of(package.pin, part))
    shutil.rmtree(part, ignore_errors=True)
    return {packages[0].pin: problem} if problem else {}


def _file_of(pin: str, folder: Path) -> Path:
    from packaging.utils import canonicalize_name, parse_wheel_filename
    from packaging.version import Version

    name, _, version = pin.partition("==")
    for path in folder.glob("*.whl"):
        found, its_version = parse_wheel_filename(path.name)[:2]
        if found == canonicalize_name(name) and Version(its_version.public) == Version(version):
            return path
    raise FileNotFoundError(f"pip said that {pin} is in {folder}, but it is not.")


def _download_torch(house: House, target: Target, pin: str) -> dict[str, str]:
    """PyTorch without CUDA: from its own index, or the default one, where Linux needs ``+cpu`` added."""
    part = house.folder / ".part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    chosen = os.environ.get("COURSE_TORCH_INDEX", "").strip()
    index = [] if chosen == "default" else ["--index-url", CPU_INDEX if chosen in ("", "cpu") else chosen]
    tries = [[*index, pin]] if index else []
    if chosen in ("", "default"):
        tries.append([f"{pin}+cpu" if target.platform.startswith("linux") else pin])
    problems = []
    for what in tries:
        problem = _pip(target, part, *what)
        if not problem:
            house.put(target, pin, _file_of(pin, part))
            shutil.rmtree(part, ignore_errors=True)
            return {}
        problems.append(problem)
    shutil.rmtree(part, ignore_errors=True)
    return {pin: f"{problems[-1]}. The build without CUDA comes from {CPU_INDEX} or COURSE_TORCH_INDEX."}


def fill(house: House, target: Target, lock: str, torch: str) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Fetch what is not there yet, PyTorch first; yield (done, of how many, what is wrong) along the way."""
    packages = needed(lock, target)
    total = len(packages) + 1
    missing = [package for package in packages if not house.has(target, package.pin)]
    problems = {} if house.has(target, torch) else _download_torch(house, target, torch)
    yield total - len(missing), total, problems
    while missing:
        group, missing = missing[:AT_A_TIME], missing[AT_A_TIME:]
        problems |= _download(house, target, group)
        # On disk after each group: an interrupted call goes on from here.
        house.close(target, [*problems, *(package.pin for package in missing)])
        yield total - len(missing), total, problems
    house.close(target, list(problems))


def main(args: argparse.Namespace) -> int:
    """Fill a folder for one platform and Python; 1 if something could not be had, 2 if nothing was tried."""
    python = args.python or "{}.{}".format(*sys.version_info[:2])
    target = Target(args.platform or this_machine(), python)
    if target.platform not in PLATFORMS or target.python not in PYTHONS:
        known = f"--platform must be one of {', '.join(PLATFORMS)} and --python one of {', '.join(PYTHONS)}"
        print(f"{known}; got {target.platform or platform.machine()} and {target.python}.", file=sys.stderr)
        return 2
    root = files.find_root()
    house = House(Path(args.folder))
    house.folder.mkdir(parents=True, exist_ok=True)
    lock = (root / "requirements" / "learn.txt").read_text(encoding="utf-8")
    print(f"Packages for {target.platform}, Python {target.python}, into {house.folder}", flush=True)
    problems: dict[str, str] = {}
    for done, total, found in fill(house, target, lock, torch_pin(root)):
        problems = found
        print(f"  {done} of {total}, {house.megabytes(target):.0f} MB", flush=True)
    for pin, what in problems.items():
        print(f"  {pin} could not be had: {what}", file=sys.stderr)
    if problems:
        print(f"{len(problems)} missing. The same command goes on from here.", file=sys.stderr)
        return 1
    print(f"Complete. On such a machine: python3 start.py setup --wheelhouse {house.folder}")
    return 0


def torch_pin(root: Path) -> str:
    """``torch==`` and the version that start.py installs."""
    match = re.search(r'^TORCH = "(.+)"$', (root / "start.py").read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise ValueError(f"{root / 'start.py'} names no version of PyTorch (TORCH = ...).")
    return f"torch=={match[1]}"
