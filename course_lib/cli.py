"""The ``course`` command: one subcommand a task, each loading its own code only when it is called."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from course_lib import __version__

#: subcommand -> (module, function called with the parsed arguments, help)
COMMANDS = {
    "doctor": ("course_lib.doctor", "main", "check this machine, with the mend for whatever is wrong"),
    "progress": ("course_lib.exercises.progress", "main", "which exercises you have passed"),
    "data": ("course_lib.datasets", "main", "which data sets are on this machine"),
    "convert": ("course_lib.conventions.command", "main", "translate a strength from one tool to another"),
    "copies": ("course_lib.notebooks.commands", "learner_copies", "fill my_course/ with copies to work in"),
    "run": ("course_lib.notebooks.commands", "run", "execute chapters headless, pages in build/html/"),
    "workshop": ("course_lib.notebooks.commands", "workshop", "the edition without solutions, and a zip"),
    "notebooks": ("course_lib.notebooks.commands", "build", "regenerate and execute changed chapters"),
    "results": ("course_lib.notebooks.commands", "results", "recompute what a chapter only loads"),
    "timing": ("course_lib.notebooks.timing", "main", "how long each section takes, estimated"),
    "site": ("course_lib.site.command", "main", "the website, in build/site/"),
    "bench": ("course_lib.bench.command", "main", "the solvers timed beside their peers, with accuracy"),
    "wheelhouse": ("course_lib.workshop.wheelhouse", "main", "packages to install from without a network"),
    "grade": ("course_lib.workshop.grade", "main", "run and score handed-in notebooks (not a sandbox)"),
    "readme": ("course_lib.chapters", "main", "bring the chapter table of README.md up to date"),
}

OPTIONS: dict[str, tuple[tuple[str, dict[str, object]], ...]] = {
    "chapters": (("chapters", {"nargs": "*", "metavar": "NN", "help": "chapter numbers (default: all)"}),),
    "names": (("names", {"nargs": "*", "metavar": "NAME", "help": "data sets to fetch and describe"}),),
    "terms": (("terms", {"nargs": "*", "metavar": "TERM", "help": "SOURCE TARGET NAME=VALUE ..."}),),
    "card": (("--card", {"action": "store_true", "help": "write the card of all conventions, to print"}),),
    "check": (("--check", {"action": "store_true", "help": "change nothing; fail on a difference"}),),
    "force": (("--force", {"action": "store_true", "help": "also what has not changed"}),),
    "json": (("--json", {"action": "store_true", "help": "print JSON instead of a table"}),),
    "only": (("--only", {"nargs": "+", "metavar": "NAME", "help": "these works alone"}),),
    "quick": (("--quick", {"action": "store_true", "help": "small problems: does it run, is it right?"}),),
    "guide": (
        ("--guide", {"action": "store_true", "help": "write the tables of docs/instructor/"}),
        ("--measure", {"action": "store_true", "help": "run chapters for the machine times of the guide"}),
    ),
    "fetch": (("--fetch", {"action": "store_true", "help": "only bring the scripts the pages need"}),),
    "tests": (("--tests", {"metavar": "REPORT", "help": "only record this JUnit report of the tests"}),),
    "output": (("--output", {"metavar": "FOLDER", "default": None, "help": "where to write"}),),
    "no_data": (("--no-data", {"action": "store_true", "help": "leave optional data sets out of the zip"}),),
    "folder": (("folder", {"metavar": "DIR", "help": "the folder to read, or to fill"}),),
    "target": (
        ("--platform", {"help": "linux-x86_64, macos-arm64 or windows-x86_64 (default: this machine's)"}),
        ("--python", {"metavar": "X.Y", "help": "3.11, 3.12 or 3.13 (default: this one)"}),
    ),
    "grading": (
        ("--seed", {"type": int, "help": "of the random cases (default: drawn, kept and printed)"}),
        ("--seconds", {"type": float, "default": 300.0, "help": "for one notebook (default 300)"}),
        ("--cell-seconds", {"type": float, "default": 60.0, "help": "for one cell or answer (default 60)"}),
        ("--memory", {"type": int, "default": 2000, "help": "MB for one notebook (default 2000)"}),
        ("--jobs", {"type": int, "help": "notebooks at a time (default: one a core)"}),
    ),
}

TAKES: dict[str, tuple[str, ...]] = {
    "doctor": ("json",),
    "progress": (),
    "data": ("names", "json"),
    "convert": ("terms", "card", "output"),
    "copies": ("output",),
    "run": ("chapters", "output"),
    "workshop": ("chapters", "output", "no_data"),
    "notebooks": ("chapters", "check", "force"),
    "results": ("chapters", "check", "force"),
    "timing": ("chapters", "guide", "check"),
    "site": ("chapters", "output", "fetch", "tests"),
    "bench": ("quick", "only", "output", "force"),
    "wheelhouse": ("folder", "target"),
    "grade": ("folder", "grading", "output", "force"),
    "readme": ("check",),
}

NOTES = {
    "grade": "DIR holds LEARNER/*.ipynb or LEARNER_NN_stem.ipynb. This is not a sandbox: notebooks run with "
    "your rights, and limits bound accidents, not malice. In a container: docker run --rm --network none "
    '--memory 6g --pids-limit 512 -v "$PWD/handed_in:/handed_in" course-grade grade /handed_in '
    "(docs/workshop.md has the image; podman takes the same words).",
}


def build_parser() -> argparse.ArgumentParser:
    """The parser of every subcommand; it imports none of them."""
    parser = argparse.ArgumentParser(prog="course", description="Regularization, from the ground up.")
    parser.add_argument("--version", action="version", version=f"course {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, _, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary, epilog=NOTES.get(name))
        for option in TAKES[name]:
            for flag, settings in OPTIONS[option]:
                command.add_argument(flag, **settings)  # type: ignore[arg-type]
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``course`` with these arguments (default: the command line's) and return its exit status."""
    args = build_parser().parse_args(argv)
    module, function, _ = COMMANDS[args.command]
    try:
        implementation = importlib.import_module(module)
    except ModuleNotFoundError as error:
        print(_missing(args.command, error.name or module), file=sys.stderr)
        return 1
    try:
        return int(getattr(implementation, function)(args) or 0)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def _missing(command: str, module: str) -> str:
    """Say which package is missing: ours (not in this version) or one of the development set-up."""
    if module.startswith("course_lib"):
        return f"'course {command}' is not part of this version of the course."
    return (
        f"'course {command}' needs the package {module}, which this environment does not have.\n"
        "In a clone of the course: python3 start.py setup --dev"
    )


if __name__ == "__main__":
    sys.exit(main())
