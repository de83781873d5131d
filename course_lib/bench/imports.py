"""How long imports take, each in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from course_lib.bench.problems import Problem
from course_lib.bench.registry import LIMIT, OTHER, OURS, Contestant, Seconds, Work

CODE = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def importing(module: str) -> Callable[[Problem], Callable[[float | None], Seconds]]:
    """Time ``import module`` as the fresh interpreter itself sees it."""

    def run(tol: float | None) -> Seconds:
        command = [sys.executable, "-c", CODE.format(module)]
        return Seconds(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    return lambda problem: run


WORKS = [
    Work(
        name="import",
        title="Importing the package",
        problems=("diabetes",),
        contestants=(
            Contestant("course_lib", OURS, importing("course_lib")),
            Contestant("numpy", LIMIT, importing("numpy")),
            Contestant("sklearn.linear_model", OTHER, importing("sklearn.linear_model"), needs="sklearn"),
        ),
        goal="at most 0.3 s",
    )
]
