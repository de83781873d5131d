"""Chapter 90 and the others: its sections say where they are needed, and links to it lead to a heading."""

import re

import pytest
from places import ROOT

from course_lib.notebooks import files, grammar, source

SOURCES = files.select(ROOT / "notebooks" / "source", ".md")
(BACKGROUND,) = files.select(ROOT / "notebooks" / "source", ".md", ["90"])
TEXT = BACKGROUND.read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (90\.[1-7]) [^\n]*\n(.*?)(?=^## )", TEXT, re.MULTILINE | re.DOTALL))
LINK = re.compile(r"\[(?:background, )?(90(?:\.\d)?)[^]]*\]\(90_background\.ipynb(?:#([^)\s]+))?\)")


@pytest.mark.parametrize("number", SECTIONS)
def test_every_section_says_where_it_is_needed(number):
    (line,) = re.findall(r"^\*You need this in:\* (.+)$", SECTIONS[number], re.MULTILINE)
    needed = re.findall(r"\((\d\d)_\w+\.ipynb\) Sections? ((?:\d+\.\d+(?:, | and )?)+)", line)
    assert len(needed) == line.count("](")
    for chapter, sections in needed:
        assert {int(found.split(".")[0]) for found in re.findall(r"\d+\.\d+", sections)} == {int(chapter)}


def test_there_are_seven_sections_before_the_recap():
    assert list(SECTIONS) == [f"90.{k}" for k in range(1, 8)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_links_to_the_background_lead_to_the_section_they_name(path):
    anchors = grammar.heading_anchors(source.read(BACKGROUND))
    text = path.read_text(encoding="utf-8")
    links = LINK.findall(text)
    assert len(links) == text.count("](90_background.ipynb")
    for number, anchor in links:
        assert not anchor or (anchor in anchors and anchor.startswith(f"{number}-"))


def test_the_background_needs_no_chapter():
    imports = [node for cell in source.read(BACKGROUND).cells if cell.cell_type == "code"
               for node in grammar.parse(cell.source).body]  # fmt: skip
    modules = {getattr(node, "module", "") or "" for node in imports}
    ours = {name for name in modules if name.startswith("course_lib")}
    assert ours == {"course_lib", "course_lib.exercises"}
