"""Numbers lead somewhere: equations cited in the library, sections named in any chapter."""

import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TAGS = {
    tag
    for path in (ROOT / "notebooks" / "source").glob("*.md")
    for tag in re.findall(r"\\tag\{([\d.]+)\}", path.read_text(encoding="utf-8"))
}
CHAPTERS = {tag.split(".")[0] for tag in TAGS}


def cited(path):
    """Numbers such as (2.5) in comments and strings, for chapters that exist."""
    kinds = (tokenize.COMMENT, tokenize.STRING)
    with io.StringIO(path.read_text(encoding="utf-8")) as text:
        tokens = [token.string for token in tokenize.generate_tokens(text.readline) if token.type in kinds]
    numbers = re.findall(r"(?<![\w(])\((\d{1,2}\.\d{1,2})\)", "\n".join(tokens))
    return {number for number in numbers if number.split(".")[0] in CHAPTERS}


FILES = sorted(path for path in (ROOT / "course_lib").rglob("*.py") if cited(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_equation_cited_exists(path):
    assert not cited(path) - TAGS


def test_the_solvers_cite_their_equations():
    assert {path.name for path in FILES} >= {"ridge.py", "proximal.py", "coordinate.py"}


def test_no_equation_number_is_used_twice():
    for path in (ROOT / "notebooks" / "source").glob("*.md"):
        tags = re.findall(r"\\tag\{([\d.]+)\}", path.read_text(encoding="utf-8"))
        assert len(tags) == len(set(tags)), path.name


SOURCES = sorted((ROOT / "notebooks" / "source").glob("*.md"))
SECTIONS = {
    number
    for path in SOURCES
    for number in re.findall(r"^## (\d+\.\d+) ", path.read_text(encoding="utf-8"), re.MULTILINE)
}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_section_named_exists(path):
    named = set(re.findall(r"Sections? (\d+\.\d+)", path.read_text(encoding="utf-8")))
    assert not named - SECTIONS
