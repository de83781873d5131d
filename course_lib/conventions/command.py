"""``course convert``: a translation, the list of conventions, or the card to print."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from course_lib.conventions import CONVENTIONS, convert
from course_lib.conventions.card import page, text

__all__ = ["main"]

USAGE = (
    "course convert SOURCE TARGET NAME=VALUE ...\n"
    "for example: course convert sklearn.Ridge torch.SGD alpha=15 n=300 loss_reduction=mean"
)


def main(args: argparse.Namespace) -> int:
    """Run ``course convert`` and return its exit status: 1 for no equivalent, 2 for a wrong call."""
    if args.card:
        return _write_card(Path(args.output or "."))
    if len(args.terms) < 2:
        print(text() if not args.terms else f"Give a source and a target.\n{USAGE}")
        return 2 if args.terms else 0
    source, target, *pairs = args.terms
    try:
        settings = convert(source, target, **dict(map(_pair, pairs)))
    except (TypeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{target}: " + ", ".join(f"{name} = {_shown(value)}" for name, value in settings.items()))
    print(f"It minimises {CONVENTIONS[target].objective}.")
    return 0


def _write_card(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "conventions_card.html"
    path.write_text(page(), encoding="utf-8", newline="\n")
    print(f"{path}: open it in a browser and print it.")
    return 0


def _pair(term: str) -> tuple[str, Any]:
    """``"alpha=0.5"`` as a name and a value: a number, several (``x_sd=1,2``), a switch or a word."""
    name, equals, value = term.partition("=")
    if not equals or not name:
        raise ValueError(f"Every term after the target must read NAME=VALUE, got {term!r}.\n{USAGE}")
    words = {"true": True, "false": False, "none": None}
    if value.lower() in words:
        return name, words[value.lower()]
    try:
        numbers = [float(part) if not part.strip().isdigit() else int(part) for part in value.split(",")]
    except ValueError:
        return name, value
    return name, numbers if "," in value else numbers[0]


def _shown(value: Any) -> str:
    return str(value) if isinstance(value, str | bool) else f"{value:.10g}"
