"""Write docs/errata.md, the table of mistakes found on the web, from tests/errata.toml.

    python docs/errata.py

Homes are given by section number; the page links the heading that begins with it.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from course_lib.notebooks import grammar, source  # noqa: E402 - the checkout's own

HEAD = """# Errata

What is wrong with code and text about regularization as it is found on the web: 54 findings, in our own
words, each with the sections that treat it and the tests that cover it. Chapter
[18 · Bug clinic](../notebooks/18_bug_clinic.ipynb) has twelve cases. Tests make this page from
`tests/errata.toml` and follow every link.

| # | found | right | where | test |
|---|---|---|---|---|
"""


def rows() -> list[dict]:
    """The findings, as they stand in tests/errata.toml."""
    return tomllib.loads((ROOT / "tests" / "errata.toml").read_text(encoding="utf-8"))["row"]


def sections() -> dict[str, tuple[str, str]]:
    """Section number -> notebook stem and link target."""
    found = {}
    for path in sorted((ROOT / "notebooks" / "source").glob("[0-9][0-9]_*.md")):
        for anchor in grammar.heading_anchors(source.read(path)):
            number = re.match(r"\d+\.\d+(?=-)", anchor)
            if number:
                found[number[0]] = path.stem, anchor
    return found


def page() -> str:
    """The whole page."""
    known = sections()
    lines = []
    for row in rows():
        links = [f"[{home}](../notebooks/{known[home][0]}.ipynb#{known[home][1]})" for home in row["homes"]]
        tests = [f"`{test}`" for test in row["tests"]]
        cells = [str(row["id"]), row["found"], row["right"], ", ".join(links), ", ".join(tests)]
        lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "errata.md").write_text(page(), encoding="utf-8")
