"""``python -m course_lib.notebooks ACTION``: the pipeline without the ``course`` command."""

from __future__ import annotations

import argparse
import sys

from course_lib.notebooks import commands


def main(argv: list[str] | None = None) -> int:
    """Run one pipeline command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m course_lib.notebooks", description=__doc__)
    actions = {"build": commands.build, "run": commands.run, "workshop": commands.workshop,
               "results": commands.results, "copies": commands.learner_copies}  # fmt: skip
    parser.add_argument("action", choices=actions)
    parser.add_argument(
        "chapters", nargs="*", help="chapter numbers or stems; all of them when none is given"
    )
    parser.add_argument("--check", action="store_true", help="only compare, write nothing")
    parser.add_argument("--force", action="store_true", help="also redo what has not changed")
    parser.add_argument("--output", help="where to write (run, workshop, copies)")
    args = parser.parse_args(argv)
    return actions[args.action](args)


if __name__ == "__main__":
    sys.exit(main())
