"""Chapter 00 tells the truth about the others: its map, its links, an answer to every question."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from course_lib import chapters
from course_lib.notebooks import grammar, source

FOLDER = Path(__file__).parents[1] / "notebooks" / "source"
LINK = re.compile(r"\]\((\d\d_\w+)\.ipynb(?:#([^)\s]+))?\)")
START = (FOLDER / "00_start_here.md").read_text(encoding="utf-8")
LINKS = [(path.stem, *found) for path in (FOLDER / "00_start_here.md", FOLDER / "01_overfitting.md")
         for found in LINK.findall(path.read_text(encoding="utf-8"))]  # fmt: skip
FAQ = re.findall(r"^\*\*([^*]+\?)\*\* (.+)$", START.split("## 0.6")[1].split("## 0.7")[0], re.MULTILINE)


@pytest.mark.parametrize(("chapter", "target", "anchor"), LINKS)
def test_every_link_leads_to_a_chapter_and_a_heading(chapter, target, anchor):
    path = FOLDER / f"{target}.md"
    assert path.exists(), f"{chapter} links to {target}, which does not exist: name it as planned"
    if anchor:
        assert anchor in grammar.heading_anchors(source.read(path))


@pytest.mark.parametrize(
    "stem", sorted({*chapters.MAP, *(path.stem for path in FOLDER.glob("[0-9][0-9]_*.md"))})
)
def test_the_map_links_every_chapter_that_exists_and_calls_the_others_planned(stem):
    rows = START.split("## 0.5")[1].split("## 0.6")[0]
    row = next(line for line in rows.splitlines() if re.match(rf"\| \[?{stem[:2]} ", line))
    exists = (FOLDER / f"{stem}.md").exists()
    assert ("(planned)" in row) is not exists, f"chapter 00, map: {row}"
    if exists:
        chapter = chapters.read(FOLDER / f"{stem}.md")
        assert f"{stem}.ipynb" in row or stem == "00_start_here"
        assert f"| {chapter.minutes} |" in row


@pytest.mark.parametrize(("question", "answer"), FAQ)
def test_every_question_has_a_short_answer_that_says_where_more_is(question, answer):
    assert LINK.search(answer) or re.search(r"[Cc]hapter \d\d", answer)
    assert 2 <= len(re.findall(r"[.:](?:\s|$)", re.sub(r"\]\([^)]*\)", "]", answer))) <= 5


TOPICS = ("pruning", "L1 or L2", "does dropout work", "dropout prevent", "other than", "common", "used", "λ?")


@pytest.mark.parametrize("topic", TOPICS)
def test_every_question_people_ask_is_answered(topic):
    assert any(topic in question for question, _ in FAQ)
