"""``course site [NN ...] [--output FOLDER] [--fetch] [--tests REPORT]``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

__all__ = ["main"]


def main(args: argparse.Namespace) -> int:
    """Build the site; 1 when something on its pages leads nowhere or could not be read."""
    from course_lib.notebooks.files import find_root

    root = find_root()
    if args.fetch:
        return fetch()
    if args.tests:
        return record(root, Path(args.tests))
    from course_lib.site.build import build

    report = build(root, Path(args.output or root / "build" / "site").resolve(), args.chapters)
    for line in report.warnings:
        print(line, file=sys.stderr)
    for sentence in report.missing:
        print(f"Formulas stay as TeX source on the pages. {sentence}", file=sys.stderr)
    print(f"The site begins at {report.folder / 'index.html'}")
    return 1 if report.warnings else 0


def fetch() -> int:
    """Bring every package of scripts to this machine, so that the next build needs no network."""
    from course_lib.site import vendor

    problems = 0
    for name in vendor.PACKAGES:
        try:
            print(vendor.fetch(name))
        except vendor.Unavailable as error:
            print(error, file=sys.stderr)
            problems += 1
    return 1 if problems else 0


def record(root: Path, report: Path) -> int:
    """Write what pytest's JUnit report says to the file that the page of checks reads."""
    from course_lib.notebooks.files import write_atomically
    from course_lib.site import evidence

    try:
        summary = evidence.summarise(report)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    write_atomically(root / evidence.SUMMARY, json.dumps(summary, indent=1) + "\n")
    print(f"{root / evidence.SUMMARY} holds the figures of this run.")
    return 0
