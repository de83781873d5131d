"""docs/coverage.md: every link leads to a chapter and a heading, and every chapter is linked."""

import re
from pathlib import Path

import pytest

from course_lib.notebooks import grammar, source

ROOT = Path(__file__).parents[1]
TABLE = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
LINKS = sorted(set(re.findall(r"\]\(\.\./notebooks/(\w+)\.ipynb(?:#([^)\s]+))?\)", TABLE)))


@pytest.mark.parametrize(("stem", "anchor"), LINKS)
def test_every_home_exists(stem, anchor):
    notebook = source.read(ROOT / "notebooks" / "source" / f"{stem}.md")
    assert not anchor or anchor in grammar.heading_anchors(notebook)


def test_every_chapter_is_a_home():
    chapters = {path.stem for path in (ROOT / "notebooks" / "source").glob("[0-9][0-9]_*.md")}
    assert chapters == {stem for stem, _ in LINKS}


def test_every_item_has_a_home_with_a_proof_or_a_plan():
    rows = [line.split("|")[1:4] for line in TABLE.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 25
    for item, home, proof in rows:
        assert "planned" in home or ("](" in home and proof.strip()) or "README" in home, item
