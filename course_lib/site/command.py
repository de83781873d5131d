"""``course site [NN ...] [--output FOLDER] [--fetch]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

__all__ = ["main"]


def main(args: argparse.Namespace) -> int:
    """Build the site; 1 when a link or a reference on a page leads nowhere."""
    from course_lib.notebooks.files import find_root
    from course_lib.site import build, vendor

    if args.fetch:
        return _fetch(vendor)
    root = find_root()
    report = build.build(root, Path(args.output or root / "build" / "site").resolve(), args.chapters)
    for line in report.warnings:
        print(line, file=sys.stderr)
    for sentence in report.missing:
        print(f"Formulas stay as TeX source: {sentence}", file=sys.stderr)
    print(f"The site begins at {report.folder / 'index.html'}")
    return 1 if report.warnings else 0


def _fetch(vendor: object) -> int:
    raise NotImplementedError
