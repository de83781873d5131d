"""The PDF: the page of HTML it is printed from, the browser it needs, and the printed book itself."""

import io
import re

import nbformat
import pytest
from places import ROOT
from test_browser import find_browser

from course_lib.book import command, page, press
from course_lib.notebooks import first_cell
from course_lib.site import vendor

STEMS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
PAPER = (595, 842)  # A4 in points
LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl"})  # one glyph in print


def read(stem):
    return nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", 4)


def small(text, *cells):
    return page.chapter(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text), *cells]), "03_toys"
    )


# ---------------------------------------------------------------- the page it is printed from


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("[a](#There)", "#03_toys--There"),
        ("[a](02_ridge.ipynb)", "#02_ridge"),
        (
            "[a](02_ridge.ipynb#2.1-Ten-features,-or-sixty-five?)",
            "#02_ridge--2.1-Ten-features%2C-or-sixty-five%3F",
        ),
        ("[a](https://example.org/x#y)", "https://example.org/x#y"),
        ("[a](../docs/coverage.md)", None),
    ],
)
def test_links_stay_inside_the_book(link, leads):
    found = small(f"# 3 · Toys\n\nSee {link}.").select("p a")
    assert [one["href"] for one in found] == ([leads] if leads else [])


def test_headings_of_two_chapters_have_anchors_of_their_own():
    soup = small("# 3 · Toys\n\n## Solutions\n\n### Deeper")
    assert page.entries(soup, "03_toys") == [
        page.Entry(1, "3 · Toys", "03_toys"),
        page.Entry(2, "Solutions", "03_toys--Solutions"),
    ]


def test_a_cell_that_was_not_executed_is_refused():
    with pytest.raises(ValueError, match=r"03_toys: a cell has never been executed.*notebooks 03"):
        small("# 3 · Toys", nbformat.v4.new_code_cell("1 + 1"))


@pytest.fixture(scope="module")
def chapters():
    return {stem: page.chapter(read(stem), stem) for stem in STEMS}


def test_every_link_of_the_book_leads_somewhere(chapters):
    anchors = {element["id"] for soup in chapters.values() for element in soup.find_all(id=True)}
    links = [link["href"] for soup in chapters.values() for link in soup.find_all("a", href=True)]
    inside = [link[1:] for link in links if link.startswith("#")]
    assert len(inside) > 100
    assert set(inside) <= anchors
    assert all(link.startswith(("#", "https://", "http://")) for link in links)


def test_every_figure_of_the_book_has_its_alternative_text(chapters):
    images = [image for soup in chapters.values() for image in soup.find_all("img")]
    assert len(images) > 40
    assert all(len(image["alt"]) > 20 for image in images)


def test_the_page_asks_only_for_what_lies_beside_it(chapters):
    text = page.page({"02_ridge": chapters["02_ridge"]})
    assert re.findall(r'src="(?!data:)([^"]+)"', text) == [page.MATHJAX]
    assert "<link" not in text
    assert "url(" not in text
    assert 'content: "2 · Ridge"' in text
    assert "def ridge_gradient_solution" in re.sub("<[^>]+>", "", text)


# ---------------------------------------------------------------- what is missing is said


def test_without_a_browser_a_sentence_says_what_to_install(tmp_path, monkeypatch, capsys):
    from course_lib import cli

    monkeypatch.setattr(press.shutil, "which", lambda name: None)
    assert cli.main(["pdf", "02", "--output", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "chromium" in said
    assert "apt install" in said
    assert not list(tmp_path.iterdir())


def test_a_chapter_that_is_not_there(tmp_path, monkeypatch, capsys):
    from course_lib import cli

    monkeypatch.setattr(press, "find_browser", lambda: "chromium")
    monkeypatch.setattr(vendor, "fetch", lambda name: None)
    assert cli.main(["pdf", "77", "--output", str(tmp_path)]) == 1
    assert "no chapter '77'" in capsys.readouterr().err


# ---------------------------------------------------------------- printed


def printed(folder, wanted):
    """The book of some chapters, as pypdf reads it, and the text of each page."""
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if vendor.cached("mathjax") is None:
        pytest.skip("MathJax is not on this machine: course site --fetch brings it")
    path = command.build(ROOT, folder / command.NAME, wanted, lambda line: None)
    book = pypdf.PdfReader(io.BytesIO(path.read_bytes()))
    return book, [sheet.extract_text().translate(LIGATURES) for sheet in book.pages]


def outline(book, entries, level=1):
    """Level, title and page of every bookmark."""
    found = []
    for entry in entries:
        if isinstance(entry, list):
            found += outline(book, entry, level + 1)
        else:
            found.append((level, " ".join(entry.title.split()), book.get_destination_page_number(entry)))
    return found


def hold_the_book_to_its_word(book, texts, stems):
    """Titles, contents, page numbers, bookmarks, formulas: what must hold for any choice of chapters."""
    assert {(round(sheet.mediabox.width), round(sheet.mediabox.height)) for sheet in book.pages} == {PAPER}
    assert page.TITLE in " ".join(texts[0].split())
    assert "Contents" in texts[1]
    for number, text in enumerate(texts[1:], start=2):
        assert str(number) in text.split(), number  # in the footer
    for stem in stems:
        assert f"/{stem}" in book.named_destinations
    places = press.destinations_of(book)
    listed = " ".join(" ".join(texts[1 : min(places[stem] for stem in stems) - 1]).split())
    for stem in stems:
        title = read(stem).cells[0].source.splitlines()[0].removeprefix("# ")
        assert title in " ".join(texts[places[stem] - 1].split())
        assert re.search(rf"{re.escape(title)}\W*{places[stem]}\b", listed), title
    marks = outline(book, book.outline)
    assert [where + 1 for level, title, where in marks if re.match(r"\d+ · ", title)] == [
        places[stem] for stem in stems
    ]
    assert len(marks) > 10 * len(stems)
    whole = "\n".join(texts)
    assert "$$" not in whole
    assert r"\lVert" not in whole
    assert r"\frac" not in whole


@pytest.mark.browser
@pytest.mark.skipif(find_browser() is None, reason="no browser of the Chromium family here")
def test_a_book_of_two_chapters(tmp_path):
    book, texts = printed(tmp_path, ["00", "02"])
    hold_the_book_to_its_word(book, texts, ["00_start_here", "02_ridge"])
    assert 25 <= len(texts) <= 60
    solutions = next(number for number, text in enumerate(texts) if "def ridge_closed_form_solution" in text)
    assert solutions >= len(texts) - 3  # at the end of the chapter
    code = re.sub(r"\s", "", "".join(texts))
    for cell in read("02_ridge").cells:  # nothing is cut at the right margin
        if cell.cell_type == "code" and cell.source != first_cell.SOURCE:
            assert all(word in code for word in max(cell.source.splitlines(), key=len).split())


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(find_browser() is None, reason="no browser of the Chromium family here")
def test_the_whole_book(tmp_path):
    book, texts = printed(tmp_path, None)
    hold_the_book_to_its_word(book, texts, STEMS)
    assert 200 <= len(texts) <= 700
