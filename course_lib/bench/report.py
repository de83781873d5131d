"""What a benchmark says: a table, JSON, a figure with its alternative text."""

from __future__ import annotations

import json
import platform
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from course_lib.notebooks.files import write_atomically
from course_lib.notebooks.results import versions

__all__ = ["draw", "floors", "machine", "machine_limits", "overview", "save", "slopes", "table"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "celer", "skglm", "python-glmnet", "numba")

Record = dict[str, Any]


def machine() -> Record:
    """What the numbers belong to: processor, system, versions, day."""
    return {
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "threads": 1,
        "versions": versions(PACKAGES),
        "date": date.today().isoformat(),
    }


def _processor() -> str:
    """The processor's name, where the system tells it."""
    information = Path("/proc/cpuinfo")
    names = information.read_text().splitlines() if information.is_file() else []
    found = [line.split(":", 1)[1].strip() for line in names if line.startswith("model name")]
    return found[0] if found else platform.processor() or "unknown"


def table(records: list[Record]) -> str:
    """One line a contestant; times are medians, ratios are "its time / ours" with quartiles."""
    lines = []
    for record in records:
        n, d = record["shape"]
        lines += ["", f"{record['work']} · {record['problem']} ({n} x {d}) · goal: {record['goal'] or '-'}"]
        lines += [
            f"  {'':28s} {'kind':20s} {'tol':>7s} {'seconds':>9s} {'ratio':>18s} {'goal':>6s} "
            f"{'gap':>8s} {'above best':>10s}"
        ]
        lines += [_line(row) for row in record["contestants"]]
        lines += [f"  {name}: {why}." for name, why in record["absent"].items()]
    lines += ["", *(_slope_line(name, slope) for name, slope in slopes(records).items())]
    return "\n".join(lines).strip("\n")


def _line(row: Record) -> str:
    ratio = "-" if row["ratio"] is None else "{:.2f} [{:.2f}, {:.2f}]".format(
        row["ratio"], *row["ratio_quartiles"])  # fmt: skip
    tol = "-" if row["tol"] is None else f"{row['tol']:.0e}"
    goal = "-" if row["goal"] is None else f"{row['goal']:.2g}"
    line = (
        f"  {row['name']:28s} {row['kind']:20s} {tol:>7s} {row['seconds']:9.4f} {ratio:>18s} {goal:>6s} "
        f"{_small(row['gap']):>8s} {_small(row['suboptimality']):>10s}"
    )
    line += f"  λ = {row['choice']:.5g}" if row["choice"] is not None else ""
    return line + (f"  ({row['note']})" if row["note"] else "")


def _small(value: float | None) -> str:
    return "-" if value is None else f"{value:.0e}"


def overview(records: list[Record], about: Record) -> str:
    """One table a work: a row a problem; "its time / ours (gap, excess over the best)" in the columns."""
    lines = []
    for work in dict.fromkeys(record["work"] for record in records):
        rows = [record for record in records if record["work"] == work]
        names = list(dict.fromkeys(row["name"] for record in rows for row in record["contestants"]))
        cells = [["problem", *names, "goal", "reading X", "Gram"]]
        for record in rows:
            found = {row["name"]: _cell(row) for row in record["contestants"]}
            goals = [f"{row['goal']:.2g} x {row['name']}" for row in record["contestants"] if row["goal"]]
            limits = [f"{seconds:.1e} s" for seconds in floors(record["shape"], about)]
            cells.append([record["problem"], *(found.get(name, "-") for name in names),
                          ", ".join(goals) or "-", *limits])  # fmt: skip
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines += ["", f"{work} · {rows[0]['goal'] or 'no goal'}"]
        lines += ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    return "\n".join(lines).strip("\n")


def _cell(row: Record) -> str:
    ours = row["kind"] == "course_lib" or row["ratio"] is None
    figure = f"{row['seconds']:.4f} s" if ours else f"{row['ratio']:.2f}" + "!" * (not row["reached"])
    return f"{figure} ({_small(row['gap'])}, {_small(row['suboptimality'])})"


def floors(shape: list[int], about: Record) -> tuple[float, float]:
    """Seconds that no method can beat that reads X once, or forms its smaller Gram matrix once."""
    n, d = shape
    return 8 * n * d / about["bytes_per_second"], n * d * min(n, d) / about["flops_per_second"]


def machine_limits() -> dict[str, float]:
    """Measure what one thread reads from memory and multiplies a second; the best of some tries."""
    X, A = np.ones(2**24), np.ones((600, 600))  # 128 MiB: no cache holds it
    seconds: dict[str, list[float]] = {"bytes": [], "flops": []}
    for _ in range(5):
        for name, work in (("bytes", lambda: X @ X), ("flops", lambda: A @ A.T.copy())):
            started = time.process_time()
            work()
            seconds[name].append(time.process_time() - started)
    return {"bytes_per_second": X.nbytes / min(seconds["bytes"]),
            "flops_per_second": 2 * 600**3 / min(seconds["flops"])}  # fmt: skip


def slopes(records: list[Record]) -> dict[str, float]:
    """Growth: by what power of the number of features the time of each contestant rises."""
    times: dict[str, list[tuple[float, float]]] = {}
    for record in records:
        if record["work"] == "growth":
            for row in record["contestants"]:
                times.setdefault(row["name"], []).append((record["shape"][1], row["seconds"]))
    return {
        name: float(np.polyfit(np.log([d for d, _ in points]), np.log([t for _, t in points]), 1)[0])
        for name, points in times.items()
        if len(points) > 1
    }


def _slope_line(name: str, slope: float) -> str:
    return f"growth · {name}: time rises as (number of features)^{slope:.2f}"


def save(records: list[Record], about: Record, folder: Path) -> Path:
    """Write ``bench.json``; what was measured so far is never lost."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bench.json"
    content = {"machine": about, "records": records}
    write_atomically(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
    return path


def draw(records: list[Record], about: Record, folder: Path) -> tuple[Path, str]:
    """Draw the ratios into ``bench.png``, the alternative text beside it; return the path and the text."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from course_lib.plots import styles

    shown = [
        (f"{record['work']} · {record['problem']}", row)
        for record in records
        for row in record["contestants"]
        if row["ratio"] is not None and row["kind"] != "course_lib"
    ]
    labels = list(dict.fromkeys(label for label, _ in shown))
    names = list(dict.fromkeys(row["name"] for _, row in shown))
    fig, ax = plt.subplots(figsize=(8, 1.2 + 0.3 * max(1, len(labels))))
    for name, look in zip(names, styles(len(names)) if names else [], strict=True):
        points = [(row["ratio"], labels.index(label)) for label, row in shown if row["name"] == name]
        ax.plot(*zip(*points, strict=True), **{**look, "linestyle": ""}, label=name)
    ax.axvline(1.0, color="0.3", linestyle="--")
    ax.set(xscale="log", xlabel="its time / course_lib's time", yticks=range(len(labels)), yticklabels=labels)
    ax.invert_yaxis()
    if names:
        ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
    path = folder / "bench.png"
    fig.savefig(path)
    plt.close(fig)
    alt = _alt(shown, about)
    write_atomically(folder / "bench.txt", alt + "\n")
    return path, alt


def _alt(shown: list[tuple[str, Record]], about: Record) -> str:
    """The figure in words: type, axes, range, and every ratio."""
    ratios = [row["ratio"] for _, row in shown] or [1.0]
    said = "; ".join(f"{label}, {row['name']}: {row['ratio']:.2g}" for label, row in shown)
    return (
        f"Dot chart. Horizontal: a contestant's time divided by course_lib's, logarithmic, from "
        f"{min(ratios):.2g} to {max(ratios):.2g}; a dashed line marks 1. "
        f"Vertical: one row for each work and problem. One thread, "
        f"{about['processor']}, {about['date']}. {said}."
    )
