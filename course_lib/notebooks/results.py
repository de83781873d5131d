"""Precomputed results: what takes longer than a chapter may, with the seeds and versions that made it.

``course_lib/results/chNN.py`` holds ``EXPERIMENTS``, a dictionary from a name to a function. The function
takes ``progress`` (wrap a loop in it: ``for seed in progress(range(20))``) and returns
``{"seeds": ..., "data": ...}``. ``course results NN`` writes ``notebooks/results/NN_name.json``; a chapter
reads it with :func:`load_results`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import pkgutil
import platform
import re
from collections.abc import Callable, Iterable
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import course_lib
from course_lib.notebooks.files import write_atomically

__all__ = ["load_results", "main", "versions"]

FIELDS = ("seeds", "versions", "date", "data")
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch")
NAME = re.compile(r"\d{2}_\w+")


def load_results(name: str, folder: Path | None = None) -> dict[str, Any]:
    """Return precomputed results.

    They are found from ``notebooks/``, ``my_course/``, ``build/`` and beside an installed package alike.

    Parameters
    ----------
    name : str
        Such as ``"09_rates"``.
    folder : Path, optional
        Where to look first (default: the working directory).

    Returns
    -------
    dict
        With ``"seeds"``, ``"versions"``, ``"date"`` and ``"data"``.

    Raises
    ------
    ValueError
        If the name has another form, or the file lacks one of the four entries.
    FileNotFoundError
        If there is no such file; the message says how to compute it.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"name must look like '09_rates', got {name!r}.")
    for place in _places(folder or Path.cwd()):
        if (place / f"{name}.json").is_file():
            return _read(place / f"{name}.json")
    raise FileNotFoundError(f"There are no results {name!r}. They are computed by: course results {name[:2]}")


def main(
    chapters: list[str],
    folder: Path,
    *,
    check: bool = False,
    force: bool = False,
    package: str = "course_lib.results",
) -> int:
    """Compute what is missing (``force``: all), or with ``check`` only report; return the exit status."""
    problems = []
    for number, experiments in _experiments(chapters, package).items():
        for name, experiment in experiments.items():
            path = folder / f"{number}_{name}.json"
            if check:
                problems += _problems(path)
            elif path.exists() and not force:
                print(f"{path.stem}: already computed")
            else:
                _compute(experiment, path)
        present = sorted(path.stem for path in folder.glob(f"{number}_*.json"))
        orphans = [stem for stem in present if stem[3:] not in experiments]
        problems += [f"{stem}: no experiment makes it" for stem in orphans]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def _experiments(chapters: list[str], package: str) -> dict[str, dict[str, Callable[..., dict]]]:
    try:
        module = importlib.import_module(package)
    except ModuleNotFoundError:
        return {}
    names = [info.name for info in pkgutil.iter_modules(module.__path__)]
    available = sorted(name[2:] for name in names if re.fullmatch(r"ch\d{2}", name))
    wanted = [f"{int(name.split('_')[0]):02d}" for name in chapters] or available
    for number in wanted:
        if number not in available:
            known = ", ".join(available) or "none"
            raise ValueError(f"Chapter {number} has no experiments. Chapters that have: {known}.")
    return {number: importlib.import_module(f"{package}.ch{number}").EXPERIMENTS for number in wanted}


def _compute(experiment: Callable[..., dict], path: Path) -> None:
    from tqdm.auto import tqdm

    def progress(iterable: Iterable, total: int | None = None) -> Iterable:
        return tqdm(iterable, total=total, desc=path.stem)

    outcome = experiment(progress)
    if set(outcome) != {"seeds", "data"}:
        raise ValueError(f"{path.stem}: an experiment returns seeds and data, this one {sorted(outcome)}.")
    content = {"seeds": outcome["seeds"], "versions": versions(), "date": date.today().isoformat(),
               "data": outcome["data"]}  # fmt: skip
    write_atomically(path, json.dumps(content, indent=1, allow_nan=False, default=_plain) + "\n")
    print(f"{path.stem}: computed")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        missing = [field for field in FIELDS if field not in content]
    except (ValueError, TypeError):
        missing = ["any readable content"]
    if missing:
        again = f"course results {path.stem[:2]} --force"
        raise ValueError(f"{path.name} lacks {missing[0]}. Compute it again: {again}")
    return content


def _problems(path: Path) -> list[str]:
    if not path.exists():
        return [f"{path.stem}: not computed"]
    try:
        _read(path)
    except ValueError as error:
        return [str(error)]
    return []


def _places(start: Path) -> list[Path]:
    above = [start, *start.resolve().parents]
    package = Path(course_lib.__file__).resolve().parent
    return [place for folder in above for place in (folder / "results", folder / "notebooks" / "results")] + [
        package.parent / "notebooks" / "results", package / "results" / "json"]  # fmt: skip


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of Python and of those packages that are installed."""
    found = {"python": platform.python_version()}
    for package in packages:
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _plain(value: Any) -> Any:
    """Turn NumPy's types into JSON's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"results must be numbers, texts, lists and dictionaries, got {type(value).__name__}.")
