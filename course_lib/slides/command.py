"""``course slides [NN ...] [--output FOLDER]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

__all__ = ["main"]


def main(args: argparse.Namespace) -> int:
    """Build the decks; 1 with a sentence when that cannot be done."""
    from course_lib.notebooks.files import find_root
    from course_lib.site.vendor import Unavailable
    from course_lib.slides.build import build

    root = find_root()
    output = Path(args.output or root / "build" / "slides").resolve()
    try:
        decks = build(root, output, args.chapters)
    except (Unavailable, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(decks)} decks; they begin at {output / 'index.html'}")
    return 0
