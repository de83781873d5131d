"""What is checked, and how: figures of a page, each read from a file or counted."""

from __future__ import annotations

import ast
import json
import platform
import tomllib
import xml.etree.ElementTree as ElementTree
from datetime import date
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from course_lib.exercises import catalogue
from course_lib.notebooks.results import PACKAGES

__all__ = ["SUMMARY", "fragments", "summarise"]

SUMMARY = Path("docs/tests.json")


def fragments(root: Path, notebooks: dict[str, NotebookNode]) -> dict[str, str]:
    """Return the parts of the page, by the name that stands in its template."""
    return {
        "tests": _tests(root / SUMMARY),
        "chapters": _chapters(notebooks),
        "exercises": _exercises(root),
        "faults": _faults(root / "tests" / "faults"),
        "experiments": _experiments(root / "notebooks" / "results"),
        "races": _races(root / "notebooks" / "results" / "06_race.json"),
    }


def summarise(report: Path) -> dict[str, Any]:
    """Return what a JUnit report of pytest says, one entry a file, for `SUMMARY`.

    Parameters
    ----------
    report : Path
        As ``python3 start.py test --junit-xml=FILE`` writes it.

    Raises
    ------
    ValueError
        If a test failed: the page says what passes.
    """
    from importlib.metadata import version

    suite = next(ElementTree.parse(report).getroot().iter("testsuite"))
    files: dict[str, dict[str, float]] = {}
    for case in suite.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            raise ValueError(
                f"{case.get('classname')}::{case.get('name')} failed; the page lists what passes."
            )
        row = files.setdefault(_file(case.get("classname", "")), {"passed": 0, "skipped": 0, "seconds": 0.0})
        row["skipped" if case.find("skipped") is not None else "passed"] += 1
        row["seconds"] += float(case.get("time", 0))
    for row in files.values():
        row["seconds"] = round(row["seconds"], 1)
    return {
        "date": date.today().isoformat(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "wall": round(float(suite.get("time", 0))),
        "files": dict(sorted(files.items())),
    }


def _file(classname: str) -> str:
    """``tests.test_lasso.TestPath`` -> ``tests/test_lasso.py``; nbval names the notebook itself."""
    parts = classname.split(".")
    if parts[0] != "tests":
        return "notebooks"
    return "/".join(parts[:2]) + ".py"


def _tests(path: Path) -> str:
    if not path.is_file():
        return "This copy holds no record of a run; `python3 start.py test` makes one of your own."
    record = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        f"| {name} | {row['passed']} | {row['skipped']} | {row['seconds']:.0f} |"
        for name, row in record["files"].items()
    ]
    passed = sum(row["passed"] for row in record["files"].values())
    skipped = sum(row["skipped"] for row in record["files"].values())
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    took = f"{record['wall'] / 60:.0f} minutes" if record["wall"] >= 90 else f"{record['wall']} seconds"
    were = "was" if skipped == 1 else "were"
    return "\n".join(
        [
            f"On {record['date']}, {passed} tests passed, none failed and {skipped} {were} skipped, in "
            f"{took} ({record['system']}; {versions}).",
            "",
            *_folded("Every file", ["| file | passed | skipped | seconds |", "|---|---:|---:|---:|", *rows]),
        ]
    )


def _chapters(notebooks: dict[str, NotebookNode]) -> str:
    rows = ["| chapter | cells run | assertions | figures |", "|---|---:|---:|---:|"]
    total = 0
    for stem, notebook in notebooks.items():
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        asserts = sum(_asserts(cell.source) for cell in code)
        total += asserts
        figures = sum("image/png" in output.get("data", {}) for cell in code for output in cell.outputs)
        rows.append(f"| [{stem[:2]}](notebooks/{stem}.ipynb) | {len(code)} | {asserts} | {figures} |")
    return "\n".join([f"{total} assertions stand in the chapters themselves.", "", *rows])


def _asserts(source: str) -> int:
    calls = ("assert_allclose", "assert_array_equal", "assert_close")
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic of IPython
        return 0
    named = (getattr(node.func, "attr", "") for node in ast.walk(tree) if isinstance(node, ast.Call))
    return sum(isinstance(node, ast.Assert) for node in ast.walk(tree)) + sum(name in calls for name in named)


def _exercises(root: Path) -> str:
    items = catalogue.all_items()
    wrong = sum(len(item.wrong_answers) for item in items)
    text = (
        f"{len(items)} exercises hold {wrong} wrong answers that people give, each executable. A test runs "
        "every one: it must be rejected and named as itself, while every reference and every alternative "
        "solution passes."
    )
    judged = root / "tests" / "answers" / "judged.toml"
    if judged.is_file():
        count = len(tomllib.loads(judged.read_text(encoding="utf-8"))["fits"])
        text += (
            f" {count} more wrong answers were written by authors who had not seen the catalogue. "
            "`tests/test_answer_rates.py` holds to limits how many of them are accepted, and how many "
            "rejections name a wrong cause or none."
        )
    return text


def _faults(folder: Path) -> str:
    counts = {
        path.stem: len(tomllib.loads(path.read_text(encoding="utf-8"))["fault"])
        for path in sorted(folder.glob("*.toml"))
    }
    listed = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items())
    return (
        f"{sum(counts.values())} faults are written down, each a change of a line: a sign, a factor, a mean "
        "that is forgotten. `python3 start.py test-all` plants every one and demands that the test named "
        f"beside it fails ({listed})."
    )


def _experiments(folder: Path) -> str:
    rows = ["| file | computed on | seeds | with |", "|---|---|---:|---|"]
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        versions = ", ".join(
            f"{name} {record['versions'][name]}" for name in PACKAGES if name in record["versions"]
        )
        seeds = len(record["seeds"]) if isinstance(record["seeds"], list) else record["seeds"]
        rows.append(f"| {path.stem} | {record['date']} | {seeds} | {versions} |")
    return "\n".join(rows)


def _races(path: Path) -> str:
    if not path.is_file():
        return "This copy holds no record of a race; `course bench` makes one of your own."
    data = json.loads(path.read_text(encoding="utf-8"))["data"]
    machine = data["machine"]
    raced = [
        (f"{record['work']} | {record['problem']}, {'{} × {}'.format(*record['shape'])}", rival)
        for record in data["records"]
        for rival in record["contestants"]
        if rival["kind"] != "course_lib" and rival["ratio"] is not None
    ]
    ahead = sum(rival["ratio"] >= 1 for _, rival in raced)
    rows = ["| work | data | rival | its time / ours | gap reached |", "|---|---|---|---:|---|"]
    for what, rival in raced:
        reached = "yes" if rival["reached"] else "no"
        rows.append(f"| {what} | {rival['name']} | {rival['ratio']:.2g} | {reached} |")
    said = (
        f"Measured on {machine['date']}, {machine['processor']}, one thread. Of {len(raced)} comparisons, "
        f"`course_lib` is as fast or faster in {ahead} and slower in {len(raced) - ahead}; where its ratio "
        "stands below 1, the rival is faster."
    )
    return "\n".join([said, "", *_folded("Every rival", rows)])


def _folded(summary: str, lines: list[str]) -> list[str]:
    return [f"<details><summary>{summary}</summary>", "", *lines, "", "</details>"]
