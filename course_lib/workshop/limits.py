"""Run a program that may misbehave: bounded in time, processor, memory and files, its whole family ended.

This is no sandbox. The program has the rights of whoever starts it; what is bounded here is what it costs
by accident. On Linux all four limits hold; macOS does not enforce the one on memory inside the process, so
its size is watched from outside there too; on Windows only the clock does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lib.exercises.watchdog import DEFAULT

__all__ = ["Ending", "Limits", "restrict", "run"]

WINDOWS = os.name == "nt"
LOOK_EVERY = 0.25  # seconds between two looks at the clock and at the memory
MAX_LINE = 65_536
MAX_LINES = 20_000
FILE_MEGABYTES = 100


@dataclass(frozen=True)
class Limits:
    """Bounds on one notebook: seconds by the clock and of the processor, megabytes, seconds for one cell."""

    seconds: float = 300.0
    cpu_seconds: float = 300.0
    megabytes: int = 2000
    cell_seconds: float = 60.0

    @property
    def answer_seconds(self) -> float:
        """For one call of an answer: less than for all its cases, which are judged like one cell."""
        return min(DEFAULT, self.cell_seconds / 2)


@dataclass(frozen=True)
class Ending:
    """How the program ended: its exit status (negative: the signal), and the limit that ended it, if any."""

    status: int
    limit: str = ""
    seconds: float = 0.0


def restrict(limits: Limits) -> None:
    """Bound this very process, which is about to run code that nobody has read."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return
    size = limits.megabytes * 1_000_000
    cpu = int(limits.cpu_seconds) + 1
    bounds = [(resource.RLIMIT_CPU, cpu, cpu + 5), (resource.RLIMIT_CORE, 0, 0)]
    bounds += [(resource.RLIMIT_FSIZE, FILE_MEGABYTES * 1_000_000, FILE_MEGABYTES * 1_000_000)]
    bounds += [(resource.RLIMIT_DATA, size, size)]  # not RLIMIT_AS: libraries reserve more than they use
    for kind, soft, hard in bounds:
        with contextlib.suppress(ValueError, OSError):  # a lower limit of the account stays
            resource.setrlimit(kind, (soft, hard))


def run(
    command: Sequence[str],
    *,
    limits: Limits,
    cwd: Path,
    env: dict[str, str],
    text: str,
    on_line: Callable[[bytes], None],
    stop: threading.Event | None = None,
) -> Ending:
    """Run ``command``, give it ``text`` on its standard input, and hand each line it prints to ``on_line``.

    Whatever it started is ended with it. What it prints is bounded too: a line by 64 KB, all by 20,000 lines.
    """
    group: dict[str, Any] = (
        {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        if WINDOWS
        else {"start_new_session": True}
    )
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=cwd, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, **group,
    )  # fmt: skip
    reader = threading.Thread(target=_read, args=(process.stdout, on_line), daemon=True)
    try:
        reader.start()
        with contextlib.suppress(OSError):  # it is gone already; its status says so
            process.stdin.write(text.encode())  # type: ignore[union-attr]
            process.stdin.close()  # type: ignore[union-attr]
        limit = _watch(process, limits, started, stop)
    finally:
        _end(process)
    reader.join(2.0)
    if not reader.is_alive():  # a child that got away may hold the pipe open; what it writes no longer counts
        process.stdout.close()  # type: ignore[union-attr]
    return Ending(process.returncode, limit or _limit_behind(process.returncode), time.monotonic() - started)


def _read(stream: Any, on_line: Callable[[bytes], None]) -> None:
    for _ in range(MAX_LINES):
        line = stream.readline(MAX_LINE)
        if not line:
            return
        on_line(line)


def _watch(
    process: subprocess.Popen[bytes], limits: Limits, started: float, stop: threading.Event | None
) -> str:
    """Wait for the end; return the name of the limit that was exceeded, or an empty text."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_EVERY)
            return ""
        if stop is not None and stop.is_set():
            return "stopped"
        if time.monotonic() - started > limits.seconds:
            return "seconds"
        if _megabytes(process.pid) > limits.megabytes:
            return "megabytes"


def _limit_behind(status: int) -> str:
    """The limit a signal speaks of: the kernel's own way to end a process that used up its processor time."""
    return "cpu_seconds" if status == -getattr(signal, "SIGXCPU", 10**6) else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and everything in its process group."""
    if WINDOWS:
        if process.poll() is None:
            subprocess.run(
                ["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False
            )
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _megabytes(group: int) -> float:
    """Memory in use by a process group, in megabytes; 0 where it cannot be seen."""
    if sys.platform.startswith("linux"):
        return sum(_resident(number) for number in _members(group))
    if WINDOWS:
        return 0.0
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,rss="], capture_output=True, text=True, check=False)
    rows = (line.split() for line in listed.stdout.splitlines())
    return sum(int(row[1]) for row in rows if len(row) == 2 and row[0] == str(group)) / 1000


def _members(group: int) -> Iterator[int]:
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError):
                stat = Path("/proc", entry, "stat").read_text(encoding="utf-8", errors="replace")
                if int(stat.rpartition(")")[2].split()[2]) == group:
                    yield int(entry)


def _resident(number: int) -> float:
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc", str(number), "statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0
