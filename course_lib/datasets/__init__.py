"""The data of the course, through one door: ``load(name)``.

Bundled and generated sets are always there. Downloaded sets are fetched when somebody asks for them, checked
against a sha256, and kept; ``available(name)`` says beforehand, without touching the network, whether a set
is already on this machine::

    from course_lib import datasets
    data = datasets.load("diabetes")
    data.X, data.y, data.feature_names
"""

from __future__ import annotations

import argparse
import difflib
import inspect
import json
import sys
from typing import Any

from course_lib.datasets.files import DataUnavailable, cache_dir, data_dir, find
from course_lib.datasets.generators import draw_collinear, draw_sine, draw_sparse_linear, draw_twins, sine
from course_lib.datasets.loaders import LOADERS, Dataset
from course_lib.datasets.registry import REGISTRY, File, Info

__all__ = [
    "REGISTRY",
    "DataUnavailable",
    "Dataset",
    "File",
    "Info",
    "available",
    "cache_dir",
    "data_dir",
    "draw_collinear",
    "draw_sine",
    "draw_sparse_linear",
    "draw_twins",
    "info",
    "load",
    "main",
    "names",
    "sine",
    "verify",
]


def names() -> list[str]:
    """Return the names of all data sets."""
    return list(REGISTRY)


def info(name: str) -> Info:
    """Return the registry entry of a data set.

    Raises
    ------
    ValueError
        If there is no data set of that name; names the closest.
    """
    if name not in REGISTRY:
        close = difflib.get_close_matches(str(name).lower(), REGISTRY, n=1, cutoff=0.5)
        meant = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"There is no data set {name!r}.{meant} There are: {', '.join(REGISTRY)}.")
    return REGISTRY[name]


def load(name: str, **options: Any) -> Dataset:
    """Return a data set, fetching it first when it is one that is downloaded on request.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    **options
        ``scaled`` (diabetes), ``as_images`` (digits, mnist), ``split`` (prostate, mnist: "all", "train" or
        "test").

    Raises
    ------
    ValueError
        If there is no such data set.
    TypeError
        If the data set has no such option.
    DataUnavailable
        If its file cannot be had; the message names the file and a way out.
    """
    loader = LOADERS[info(name).name]
    allowed = list(inspect.signature(loader).parameters)
    for option in options:
        if option not in allowed:
            has = f"Its options are: {', '.join(allowed)}." if allowed else "It has no options."
            raise TypeError(f"Data set {name!r} has no option {option!r}. {has}")
    return loader(**options)


def available(name: str) -> bool:
    """Tell whether ``load(name)`` works without the network. Never touches the network itself.

    True for bundled and generated sets, and for a downloaded set whose files lie in the cache or in a mirror
    directory with the right checksums. A mirror given as an http address counts as network.
    """
    entry = info(name)
    if entry.kind == "bundled":
        return True
    return all(find(entry, file) is not None for file in entry.files)


def verify() -> list[tuple[str, bool, str]]:
    """Return (name, ok, message) for every data set; no network. A download not fetched yet is in order."""
    return [(name, *_verify(entry)) for name, entry in REGISTRY.items()]


def _verify(entry: Info) -> tuple[bool, str]:
    if entry.kind == "download" and not available(entry.name):
        damaged = [path for file in entry.files if (path := cache_dir() / entry.name / file.name).exists()]
        damaged = [path for path in damaged if find(entry, _file(entry, path.name)) is None]
        if damaged:
            return False, f"{damaged[0]} is damaged: delete it, then run `course data {entry.name}`"
        return True, f"optional, not fetched: `course data {entry.name}` fetches it"
    try:
        load(entry.name)
    except DataUnavailable as error:
        return False, str(error)
    return True, {"bundled": "comes with scikit-learn", "generated": "part of the course"}.get(
        entry.kind, "fetched"
    )


def _file(entry: Info, name: str) -> File:
    return next(file for file in entry.files if file.name == name)


def main(args: argparse.Namespace) -> int:
    """Run ``course data``: list the data sets, or fetch and describe the ones named in ``args.names``."""
    wanted = list(getattr(args, "names", None) or [])
    if not wanted:
        return _list(as_json=bool(getattr(args, "json", False)))
    status = 0
    for name in wanted:
        try:
            print(load(name))
        except (DataUnavailable, ValueError) as error:
            print(error, file=sys.stderr)
            status = 1
    return status


def _list(as_json: bool) -> int:
    checks = verify()
    if as_json:
        print(
            json.dumps(
                [dict(zip(("name", "ok", "message"), check, strict=True)) for check in checks], indent=2
            )
        )
    else:
        for name, _, message in checks:
            rows, features = REGISTRY[name].shape
            print(f"{name:<14} {f'{rows} x {features}':>12}  {message}")
        print(f"\nDownloads are kept in {cache_dir()}")
    return 0 if all(ok for _, ok, _ in checks) else 1
