"""``course pdf [NN ...] [--output FOLDER]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["NAME", "build", "main"]

NAME = "regularization.pdf"


def main(args: argparse.Namespace) -> int:
    """Print the course; 1 with a sentence when that cannot be done."""
    from course_lib.book.press import NoBrowser
    from course_lib.notebooks.files import find_root
    from course_lib.site.vendor import Unavailable

    root = find_root()
    try:
        path = build(root, Path(args.output or root / "build").resolve() / NAME, args.chapters)
    except (NoBrowser, Unavailable, ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


def build(
    root: Path, target: Path, wanted: list[str] | None = None, say: Callable[[str], object] = print
) -> Path:
    """Print the chapters of the course in ``root`` to the file ``target``.

    Raises
    ------
    NoBrowser, vendor.Unavailable
        If this machine lacks a browser, or MathJax and a way to get it.
    ValueError
        If a wanted chapter does not exist or was not executed.
    """
    import nbformat

    from course_lib.book import page, press
    from course_lib.notebooks.files import select, write_atomically
    from course_lib.site import vendor

    press.find_browser()  # before the work, not after it
    vendor.fetch("mathjax")
    chapters = {}
    for path in select(root / "notebooks", ".ipynb", wanted):
        say(f"{path.stem} ...")
        chapters[path.stem] = page.chapter(nbformat.read(path, 4), path.stem)
    say("setting the formulas and printing, twice for the page numbers ...")
    with tempfile.TemporaryDirectory() as folder:
        vendor.copy("mathjax", Path(folder, "vendor", "mathjax"))
        source = Path(folder, "book.html")
        source.write_text(page.page(chapters), encoding="utf-8")
        write_atomically(target, press.print_book(source))
    return target
