"""The chapters there are, read from the front matter of their sources, and the table of them in README.md."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- chapters: start.py readme writes this -->", "<!-- /chapters -->"

#: The course's map: file stem -> the question a chapter answers. A chapter's own front matter goes first.
MAP = {
    "00_start_here": "Does my machine work, and how do I use this course?",
    "01_overfitting": "Why does a perfect fit fail?",
    "02_ridge": "What does L2 do?",
    "03_lasso": "Where do exact zeros come from?",
    "04_elastic_net": "What if features are correlated twins?",
    "05_classification": "What do the same penalties do to the log-loss?",
    "06_whole_path": "How do you get all strengths at once, fast?",
    "07_choosing_strength": "Which strength, which penalty, which dropout rate?",
    "08_weight_decay": "What becomes of L1 and L2 in deep networks?",
    "09_dropout": "Why does noise help?",
    "10_lenet5": "What does the whole recipe look like on images?",
    "17_conventions": "Why do two libraries disagree at the same strength?",
    "18_bug_clinic": "What is wrong with this code from the web?",
    "90_background": "What do the chapters lean on?",
}


@dataclass(frozen=True)
class Chapter:
    """What the front matter of ``notebooks/source/NN_stem.md`` says about a chapter."""

    stem: str
    title: str
    question: str
    minutes: int
    outcomes: tuple[str, ...]


def read(path: Path) -> Chapter:
    """Read one chapter's front matter.

    Raises
    ------
    ValueError
        If the file has no front matter, or one without ``course.minutes``.
    """
    import yaml

    parts = path.read_text(encoding="utf-8").split("---\n", 2)
    course = (yaml.safe_load(parts[1]) or {}).get("course", {}) if len(parts) == 3 and not parts[0] else {}
    if not isinstance(course.get("minutes"), int):
        raise ValueError(
            f"{path.name} must begin with front matter that holds course.minutes, a whole number."
        )
    return Chapter(
        stem=path.stem,
        title=str(course.get("title") or title(path.stem)),
        question=str(course.get("question") or MAP.get(path.stem, "")),
        minutes=course["minutes"],
        outcomes=tuple(str(outcome) for outcome in course.get("outcomes", ())),
    )


def title(stem: str) -> str:
    """Return the title a chapter has by its file's name: ``02_ridge`` is Ridge."""
    return stem[3:].replace("_", " ").capitalize().replace("Lenet5", "LeNet-5")


def table(source: Path) -> str:
    """The Markdown table of the chapters in ``source``, and a line with those that are planned."""
    chapters = [read(path) for path in sorted(source.glob("[0-9][0-9]_*.md"))]
    rows = ["| | chapter | minutes | what you will be able to do |", "|---|---|---|---|"]
    rows += [
        f"| {chapter.stem[:2]} | [{chapter.title}](notebooks/{chapter.stem}.ipynb)<br>{chapter.question} "
        f"| {chapter.minutes} | {'<br>'.join('· ' + outcome for outcome in chapter.outcomes) or ' '} |"
        for chapter in chapters
    ]
    written = {chapter.stem for chapter in chapters}
    planned = [f"{stem[:2]} {title(stem)}" for stem in MAP if stem not in written]
    lines = rows if chapters else []
    return "\n".join([*lines, *(["", "Planned: " + " · ".join(planned) + "."] if planned else [])])


def updated(readme: str, source: Path) -> str:
    """The text of README.md with the present table between its markers."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table(source)}\n{END}{after}"


def main(args: argparse.Namespace) -> int:
    """Bring README.md up to date; with ``--check``, 1 if it is not."""
    root = Path(__file__).resolve().parents[1]
    readme = root / "README.md"
    old = readme.read_text(encoding="utf-8")
    new = updated(old, root / "notebooks" / "source")
    if new == old:
        print("README.md is up to date.")
        return 0
    if args.check:
        print("README.md is not up to date. Run: python3 start.py readme")
        return 1
    readme.write_text(new, encoding="utf-8", newline="\n")
    print("README.md has the present chapters.")
    return 0
