"""Pages that are no file of the repository: templates of ``docs/site/`` filled in, and indexes."""

from __future__ import annotations

import re
from pathlib import Path

from nbformat import NotebookNode

from course_lib.chapters import Chapter
from course_lib.site import api, evidence, exercises, glossary

__all__ = ["GLOSSARY", "generated"]

GLOSSARY = Path("docs/glossary.toml")
BLANK = re.compile(r"^\{\{ (\w+) \}\}$", re.MULTILINE)

#: caption -> what stands under it; a pattern that finds nothing is left out, and so is its caption.
CONTENTS = {
    "Chapters": ("notebooks/*.ipynb",),
    "Look it up": ("exercises.md", "glossary.md", "docs/coverage.md", "docs/errata.md", "api/index.rst"),
    "Teach": ("docs/instructor/README.md", "docs/instructor/*.md"),
    "About": ("checks.md", "docs/*.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md"),
}


def generated(root: Path, chapters: list[Chapter], notebooks: dict[str, NotebookNode]) -> dict[str, str]:
    """Return every page that is written here: name under the source folder -> its text.

    Parameters
    ----------
    root : Path
        The course's folder.
    chapters : list of Chapter
        Those that are on the site.
    notebooks : dict of str to notebook
        The same, executed, by stem.
    """
    titles = {chapter.stem: chapter.title for chapter in chapters}
    blanks = {"chapters": _chapters(chapters)}
    result = {
        "index.md": _filled(root / "docs" / "site" / "index.md", blanks),
        "checks.md": _filled(root / "docs" / "site" / "checks.md", evidence.fragments(root, notebooks)),
        "exercises.md": exercises.page(notebooks, titles),
        **api.pages(),
    }
    if (root / GLOSSARY).is_file():
        result["glossary.md"] = glossary.page(glossary.read(root / GLOSSARY), set(titles))
    return result


def contents(source: Path) -> str:
    """Return the table of contents of what lies in ``source``, for the end of the first page."""
    seen: set[str] = set()
    blocks = []
    for caption, patterns in CONTENTS.items():
        found = [
            str(path.relative_to(source).with_suffix("").as_posix())
            for p in patterns
            for path in sorted(source.glob(p))
        ]
        names = [name for name in dict.fromkeys(found) if name not in seen]
        seen |= set(names)
        if names:
            blocks += ["```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```", ""]
    return "\n".join(blocks)


def _filled(template: Path, blanks: dict[str, str]) -> str:
    """Return the template with each line ``{{ name }}`` replaced."""
    return BLANK.sub(lambda blank: blanks[blank[1]], template.read_text(encoding="utf-8"))


def _chapters(chapters: list[Chapter]) -> str:
    rows = ["| | chapter | minutes |", "|---|---|---:|"]
    rows += [
        f"| {chapter.stem[:2]} | [{chapter.title}](notebooks/{chapter.stem}.ipynb)<br>{chapter.question} "
        f"| {chapter.minutes} |"
        for chapter in chapters
    ]
    return "\n".join(rows)
