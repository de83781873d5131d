"""The website: its pieces, then the whole site built once, every link followed, pages in a browser."""

import base64
import hashlib
import html
import html.parser
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from docutils import nodes
from places import ROOT
from test_browser import find_browser

from course_lib.exercises import catalogue
from course_lib.notebooks import grammar
from course_lib.site import (
    api,
    command,
    evidence,
    exercises,
    extension,
    formulas,
    glossary,
    notebook,
    pages,
    vendor,
)

STEMS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
NOTEBOOKS = {stem: nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", 4) for stem in STEMS}
TERMS = glossary.read(ROOT / pages.GLOSSARY)
NO_BROWSER = pytest.mark.skipif(find_browser() is None, reason="no browser of the Chromium family here")


# ---------------------------------------------------------------- scripts from elsewhere


def packed(tmp_path, files):
    """A package whose tarball holds ``files``, the folder it lies in, and its entry for the table."""
    folder = tmp_path / "stick"
    folder.mkdir()
    with tarfile.open(folder / "toy-1.0.0.tgz", "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    digest = hashlib.sha512((folder / "toy-1.0.0.tgz").read_bytes()).digest()
    return folder, vendor.Package(
        "toy", "1.0.0", base64.b64encode(digest).decode(), ("a.js", "fonts/"), "MIT"
    )


@pytest.fixture
def toy_package(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(vendor.shutil, "which", lambda name: None)
    files = {
        "package/a.js": b"a",
        "package/b.js": b"b",
        "package/fonts/f": b"f",
        "package/fonts/../../evil": b"e",
    }
    folder, package = packed(tmp_path, files)
    monkeypatch.setitem(vendor.PACKAGES, "toy", package)
    return folder


def test_a_package_comes_from_the_folder_that_is_named(toy_package, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_VENDOR", str(toy_package))
    assert vendor.fetch("toy") == toy_package / "toy-1.0.0.tgz"
    vendor.copy("toy", tmp_path / "there")
    assert sorted(
        str(path.relative_to(tmp_path / "there")) for path in (tmp_path / "there").rglob("*.*")
    ) == ["a.js"]
    assert (tmp_path / "there" / "fonts" / "f").read_bytes() == b"f"
    assert not (tmp_path / "evil").exists()


def test_a_package_with_another_checksum_is_refused(toy_package, monkeypatch):
    monkeypatch.setenv("COURSE_VENDOR", str(toy_package))
    with (toy_package / "toy-1.0.0.tgz").open("ab") as tarball:
        tarball.write(b"x")
    assert vendor.cached("toy") is None
    with pytest.raises(vendor.Unavailable, match=r"toy 1\.0\.0"):
        vendor.copy("toy", toy_package)


def test_without_npm_a_sentence_says_what_to_do(toy_package):
    with pytest.raises(vendor.Unavailable, match=r"npm is not installed.*toy-1\.0\.0\.tgz.*COURSE_VENDOR"):
        vendor.fetch("toy")


@pytest.mark.parametrize(
    ("brings", "said"), [("the same", None), ("another", "another checksum"), ("nothing", "offline")]
)
def test_what_npm_brings_is_checked_and_kept(toy_package, tmp_path, monkeypatch, brings, said):
    def npm(command, cwd, **_):
        assert command[1:] == ["pack", "--silent", "toy@1.0.0"]
        content = (toy_package / "toy-1.0.0.tgz").read_bytes()
        if brings != "nothing":
            Path(cwd, "toy-1.0.0.tgz").write_bytes(content if brings == "the same" else content + b"x")
        return vendor.subprocess.CompletedProcess(command, 1, "", "noise\noffline")

    monkeypatch.setattr(vendor.shutil, "which", lambda name: "npm")
    monkeypatch.setattr(vendor.subprocess, "run", npm)
    if said:
        with pytest.raises(vendor.Unavailable, match=said):
            vendor.fetch("toy")
        assert not (tmp_path / "cache").exists()
    else:
        assert vendor.fetch("toy") == tmp_path / "cache" / "vendor" / "toy-1.0.0.tgz" == vendor.cached("toy")


def test_fetch_reports_what_could_not_be_had(toy_package, monkeypatch, capsys):
    monkeypatch.setattr(vendor, "PACKAGES", {"toy": vendor.PACKAGES["toy"]})
    assert command.fetch() == 1
    assert "toy-1.0.0.tgz" in capsys.readouterr().err
    monkeypatch.setenv("COURSE_VENDOR", str(toy_package))
    assert command.fetch() == 0


# ---------------------------------------------------------------- figures


def figure(alt, text="<Figure: a line>"):
    data = {"image/png": base64.b64encode(b"png").decode(), "text/plain": text}
    output = nbformat.v4.new_output("display_data", data, metadata={"image/png": {"alt": alt}} if alt else {})
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("draw()", outputs=[output])])


def rendered(markdown):
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").render(markdown)


@pytest.mark.parametrize(
    "alt", ["A line from 0 to 1.", "w_j * x_j [units], $5 & <b>: 2*3*4, `code` ![no](no) # | ~"]
)
def test_a_figure_becomes_an_image_with_its_alternative_text(tmp_path, alt):
    chapter = figure(alt)
    shown = notebook.for_site(chapter, "02_ridge", tmp_path / "figures").cells[0].outputs[0].data
    assert set(shown) == {"text/markdown"}
    (image,) = re.findall(
        r'<img src="figures/02_ridge-1.png" alt="(.*)" />', rendered(shown["text/markdown"])
    )
    assert html.unescape(image) == alt
    assert (tmp_path / "figures" / "02_ridge-1.png").read_bytes() == b"png"
    assert "image/png" in chapter.cells[0].outputs[0].data, "the chapter itself stays as it is"


def test_the_words_that_stand_for_a_slider_are_shown(tmp_path):
    shown = notebook.for_site(figure("A slider.", "With a kernel a slider appears."), "02_ridge", tmp_path)
    assert "<p>With a kernel a slider appears.</p>" in rendered(
        shown.cells[0].outputs[0].data["text/markdown"]
    )
    shown = notebook.for_site(figure("A line."), "02_ridge", tmp_path)
    assert "Figure" not in rendered(shown.cells[0].outputs[0].data["text/markdown"])


def test_a_figure_without_alternative_text_is_refused(tmp_path):
    with pytest.raises(ValueError, match="02_ridge-1: the figure has no alternative text"):
        notebook.for_site(figure(None), "02_ridge", tmp_path)


# ---------------------------------------------------------------- glossary


def document(*children):
    tree = nodes.document(None, None)
    tree += children
    return tree


def paragraph(text):
    return nodes.paragraph("", "", nodes.Text(text))


def links(tree):
    return [(node.astext(), node["refuri"]) for node in tree.findall(nodes.reference)]


TOY_TERMS = [
    glossary.Term("ridge", "Squares.", "02_ridge#A", ("ridge", "ridge regression")),
    glossary.Term("λ_max", "The largest.", "03_lasso#B", ("λ_max",)),
]


def test_the_first_use_in_a_chapter_becomes_a_link():
    tree = document(paragraph("Ridges, or ridge regression, at λ_max."), paragraph("ridge again, and λ_max."))
    said = tree.astext()
    assert glossary.link_first_uses(tree, TOY_TERMS, "../g.html") == ["term-ridge", "term-lambda-max"]
    assert links(tree) == [("Ridges", "../g.html#term-ridge"), ("λ_max", "../g.html#term-lambda-max")]
    assert tree.astext() == said


def test_the_longest_spelling_is_linked():
    tree = document(paragraph("A ridge regression."))
    glossary.link_first_uses(tree, TOY_TERMS, "g")
    assert links(tree) == [("ridge regression", "g#term-ridge")]


@pytest.mark.parametrize(
    "closed",
    [
        nodes.title("", "ridge"),
        nodes.literal_block("", "ridge"),
        nodes.math_block("", "ridge"),
        nodes.paragraph("", "", nodes.literal("", "ridge"), nodes.math("", "ridge")),
        nodes.paragraph("", "", nodes.reference("", "ridge", refuri="elsewhere")),
        nodes.raw("", "ridge", format="html"),
        nodes.container("", paragraph("ridge")),
        paragraph("Bridge, ridge-like, ridged and cartridge."),
        paragraph("Ann Other (1970). Mountain ridge walks."),
    ],
    ids=lambda node: type(node.children[0]).__name__ if node.children else type(node).__name__,
)
def test_code_formulas_headings_and_links_stay(closed):
    tree = document(closed, paragraph("Here is ridge."))
    glossary.link_first_uses(tree, TOY_TERMS, "g")
    assert [link for link in links(tree) if link[1] != "elsewhere"] == [("ridge", "g#term-ridge")]
    assert "term" in tree.children[-1].children[1]["classes"]


def test_a_spelling_in_capitals_is_no_word():
    tree = document(paragraph("The map of the prox: MAP, and another Map."), paragraph("Prox."))
    terms = [glossary.Term("maximum a posteriori", "t", "h", ("maximum a posteriori", "MAP"))]
    glossary.link_first_uses(tree, [*terms, glossary.Term("p", "t", "h", ("prox",))], "g")
    assert links(tree) == [("prox", "g#term-p"), ("MAP", "g#term-maximum-a-posteriori")]


def test_a_chapter_that_uses_a_word_in_another_sense_gets_no_link(tmp_path):
    written = '[[term]]\nname = "ridge"\ntext = "t"\nhome = "h"\nnot_in = ["01_hills"]'
    (tmp_path / "glossary.toml").write_text(written, encoding="utf-8")

    class App:
        class config:
            course_terms = str(tmp_path / "glossary.toml")

        class builder:
            get_relative_uri = staticmethod(lambda page, other: other)

    for name, count in (("01_hills", 0), ("02_ridge", 1)):
        tree = document(paragraph("A ridge."))
        glossary.connect(App, tree, f"notebooks/{name}")
        assert len(links(tree)) == count


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[term]]\nname = "a"\ntext = "b"', "'a' has no home"),
        ('[[term]]\nname = "a"\nhome = "b"\ntext = " "', "'a' has no text"),
        (
            '[[term]]\nname="a b"\ntext="t"\nhome="h"\n[[term]]\nname="a-b"\ntext="t"\nhome="h"',
            "share the anchor",
        ),
        (
            '[[term]]\nname="a"\ntext="t"\nhome="h"\n[[term]]\nname="b"\ntext="t"\nhome="h"\nalso=["A"]',
            "spelling a",
        ),
    ],
)
def test_a_broken_glossary_is_a_sentence(tmp_path, text, said):
    (tmp_path / "glossary.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        glossary.read(tmp_path / "glossary.toml")


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.anchor)
def test_every_term_has_a_home_and_at_most_two_sentences_or_so(term):
    stem, _, anchor = term.home.partition("#")
    assert anchor in grammar.heading_anchors(NOTEBOOKS[stem])
    assert term.text.endswith(".")
    assert len(term.text.split()) <= 45
    assert not re.search(r"\b(just|simply|obviously|clearly)\b|!", term.text)


def test_chapters_in_which_a_term_means_something_else_exist():
    assert {stem for term in TERMS for stem in term.not_in} < set(STEMS)


def test_every_term_is_used_in_its_home():
    prose = {
        stem: " ".join(cell.source for cell in chapter.cells if cell.cell_type == "markdown").lower()
        for stem, chapter in NOTEBOOKS.items()
    }
    unused = [
        term.name
        for term in TERMS
        if not any(w.lower() in prose[term.home[: term.home.index("#")]] for w in term.written)
    ]
    assert set(unused) <= {"λ_max", "misconception"}, "written as a formula there, or only meant"


def test_a_term_of_a_chapter_that_is_left_out_is_named_without_a_link():
    assert "(Chapter 02)" in glossary.page(TOY_TERMS, set())
    assert "(notebooks/02_ridge.ipynb#A)" in glossary.page(TOY_TERMS, {"02_ridge"})


# ---------------------------------------------------------------- solutions, formulas, exercises, reference


def test_each_solution_is_folded_by_itself():
    def bold(text, rest=""):
        return nodes.paragraph("", "", nodes.Text(""), nodes.strong("", text), nodes.Text(rest))

    section = nodes.section("", nodes.title("", "Solutions"), paragraph("Try first."))
    section += [bold("2.1"), nodes.container(), bold("Exercise 2.2 (a)", " Because."), bold("2.10")]
    tree = document(section)
    extension.fold_solutions(tree)
    raw = [node.astext().strip() for node in tree.findall(nodes.raw)]
    opened = [f'<details class="solution"><summary>Solution {n}</summary>' for n in ("2.1", "2.2", "2.10")]
    assert raw == [opened[0], "</details>", opened[1], "</details>", opened[2], "</details>"]
    assert [type(node) for node in section.children[:2]] == [nodes.title, nodes.paragraph]


def test_a_tagged_formula_of_several_lines_is_left_alone():
    class Translator:
        body: list[str] = []  # noqa: RUF012

    formula = r"\begin{aligned} a &< b \\ c &= d \end{aligned} \tag{2.3}"
    with pytest.raises(nodes.SkipNode):
        formulas._display(Translator, nodes.math_block("", formula))
    assert "split" not in Translator.body[0]
    assert html.unescape(re.search(r"\\\[(.*)\\\]", Translator.body[0])[1]) == formula


def test_the_index_holds_every_exercise_once_with_the_heading_it_stands_under():
    text = exercises.page(NOTEBOOKS, dict.fromkeys(STEMS, "Title"))
    taught = {id for chapter in NOTEBOOKS.values() for id in exercises.anchors(chapter)}
    assert taught <= {item.id for item in catalogue.all_items()}
    assert len(re.findall(r"^\| \[", text, re.MULTILINE)) == len(taught)
    assert text.startswith(f"# Exercises\n\n{len(taught)} exercises in the chapters")
    further = text.partition("## Further practice, in no chapter")[2]
    assert set(re.findall(r"<br>`([\w.]+)`<br>", further)) == catalogue.FURTHER
    assert exercises.anchors(NOTEBOOKS["02_ridge"])["ridge.gradient"].startswith("Exercise-2.1:-the-gradient")


def test_the_reference_holds_every_room_and_no_answer():
    rooms = api.rooms()
    assert list(rooms)[:3] == ["penalties", "losses", "solvers"]
    documented = {module for modules in rooms.values() for module in modules}
    assert {"course_lib.nn.layers", "course_lib.exercises.engine", "course_lib.plots.figures"} <= documented
    assert not documented & {f"course_lib.exercises.{name}" for name in catalogue.modules()}
    assert not [name for name in documented if name.startswith(("course_lib.cli", "course_lib.site"))]
    assert set(api.pages()) == {"api/index.rst", *(f"api/{room}.rst" for room in rooms)}


@pytest.mark.parametrize(
    ("line", "escaped"),
    [
        ("1/(2n) ||y - Xw||", r"1/(2n) \|\|y - Xw\|\|"),
        ("coef_ and 2 * w_j", r"coef\_ and 2 \* w_j"),
        ("* a point of a list", "* a point of a list"),
        ("the ``|w|`` of `coef_`", "the ``|w|`` of ``coef_``"),
        ("of *Proximal Algorithms*, 2014", "of *Proximal Algorithms*, 2014"),
        ("see :func:`show`", "see :func:`show`"),
    ],
)
def test_docstrings_mean_what_they_say(line, escaped):
    assert api.escape([line]) == [escaped]


def test_a_literal_block_of_a_docstring_stays():
    lines = ["So ::", "", "    a * b_", "", "and a * b"]
    assert api.escape(lines) == [*lines[:-1], r"and a \* b"]


# ---------------------------------------------------------------- what is checked


JUNIT = """<testsuites><testsuite time="60.5">
<testcase classname="tests.test_lasso" name="a" time="1.25"/>
<testcase classname="tests.test_lasso" name="b" time="0.5"><skipped message="slow"/></testcase>
<testcase classname="notebooks.02_ridge.ipynb" name="Cell 1" time="2"/>{more}
</testsuite></testsuites>"""


def test_a_report_becomes_a_row_a_file(tmp_path):
    (tmp_path / "report.xml").write_text(JUNIT.format(more=""), encoding="utf-8")
    (tmp_path / "docs").mkdir()
    assert command.record(tmp_path, tmp_path / "report.xml") == 0
    summary = json.loads((tmp_path / evidence.SUMMARY).read_text(encoding="utf-8"))
    assert summary["files"]["tests/test_lasso.py"] == {"passed": 1, "skipped": 1, "seconds": 1.8}
    assert summary["files"]["notebooks"]["passed"] == 1
    page = evidence._tests(tmp_path / evidence.SUMMARY)
    assert "2 tests passed, none failed and 1 was skipped, in 60 seconds" in page


def test_the_figures_of_a_run_reach_the_page(tmp_path, monkeypatch, capsys):
    """The way CONTRIBUTING.md describes: a report of pytest, one command, then the page shows it."""
    from course_lib import cli
    from course_lib.notebooks import files

    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(files, "find_root", lambda: tmp_path)
    assert cli.main(["site", "--tests", str(ROOT / "tests" / "data" / "report.xml")]) == 0
    assert "holds the figures of this run" in capsys.readouterr().out
    record = json.loads((tmp_path / evidence.SUMMARY).read_text(encoding="utf-8"))
    assert list(record["files"]) == ["notebooks", "tests/test_lasso.py", "tests/test_ridge.py"]
    said = evidence._tests(tmp_path / evidence.SUMMARY)
    assert "3 tests passed, none failed and 1 was skipped, in 2 minutes" in said
    assert "| tests/test_lasso.py | 1 | 1 | 2 |" in said
    fragments = dict.fromkeys(("chapters", "exercises", "faults", "experiments", "races"), "") | {
        "tests": said
    }
    text = pages._filled(ROOT / "docs" / "site" / "checks.md", fragments)
    assert said in text
    assert "{{" not in text


def test_a_failed_test_is_not_published(tmp_path, capsys):
    failed = '<testcase classname="tests.test_ridge" name="c"><failure/></testcase>'
    (tmp_path / "report.xml").write_text(JUNIT.format(more=failed), encoding="utf-8")
    assert command.record(tmp_path, tmp_path / "report.xml") == 1
    assert "tests.test_ridge::c failed" in capsys.readouterr().err
    assert not (tmp_path / evidence.SUMMARY).exists()


def test_the_figures_of_the_page_are_those_of_the_files():
    found = evidence.fragments(ROOT, NOTEBOOKS)
    race = json.loads((ROOT / "notebooks/results/06_race.json").read_text(encoding="utf-8"))["data"]
    assert race["machine"]["date"] in found["races"]
    ratios = {f"{rival['ratio']:.2g}" for rival in race["records"][0]["contestants"][1:]}
    assert all(f"| {ratio} |" in found["races"] for ratio in ratios)
    assert str(len(catalogue.all_items())) in found["exercises"]
    for name in ("04_draws", "09_rates"):
        assert f"| {name} |" in found["experiments"]


def test_where_no_figures_are_the_page_says_so(tmp_path):
    assert "no record" in evidence._tests(tmp_path / "none.json")
    assert "no record" in evidence._races(tmp_path / "none.json")


def test_assertions_are_counted():
    assert evidence._asserts("assert a\nnp.testing.assert_allclose(a, b)\nprint('assert')") == 2
    assert evidence._asserts("%matplotlib inline") == 0


# ---------------------------------------------------------------- the whole site


class Site(NamedTuple):
    folder: Path
    status: int
    said: str


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site of this course. Without npm on the path: a test asks no network."""
    pytest.importorskip("myst_nb", reason="what builds the website is not installed")
    folder = tmp_path_factory.mktemp("site")
    line = [sys.executable, "-m", "course_lib.cli", "site", "--output", str(folder / "site")]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": str(folder)}
    answer = subprocess.run(line, env=variables, cwd=ROOT, capture_output=True, text=True)
    return Site(folder / "site", answer.returncode, answer.stderr)


class Page(html.parser.HTMLParser):
    """The ids of a page and the addresses it names."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads, self.images = set(), [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.add(found.get("id"))
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "img":
            self.images.append(found)
        if found.get("src"):
            self.loads.append(found["src"])
        if tag == "link" and found.get("href"):
            self.loads.append(found["href"])


@pytest.fixture(scope="module")
def read_pages(site):
    return {path: Page(path) for path in sorted(site.folder.rglob("*.html"))}


def test_nothing_on_the_pages_is_amiss(site):
    said = [line for line in site.said.splitlines() if not line.startswith("Formulas stay")]
    assert said == []
    assert site.status == 0


def test_every_link_leads_to_a_page_and_a_place(read_pages):
    amiss = []
    for path, page in read_pages.items():
        for link in page.links + page.loads:
            address = urlsplit(link)
            if address.scheme in ("http", "https", "mailto", "data"):
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            if not target.is_file() or (
                address.fragment
                and target in read_pages
                and unquote(address.fragment) not in read_pages[target].ids
            ):
                amiss.append(f"{path.name}: {link}")
    assert not amiss
    assert sum(len(page.links) for page in read_pages.values()) > 2000


def test_no_page_names_a_file_from_elsewhere(read_pages):
    assert not [load for page in read_pages.values() for load in page.loads if urlsplit(load).netloc]


def test_every_chapter_is_there_with_figures_that_are_described(site, read_pages):
    for stem, chapter in NOTEBOOKS.items():
        outputs = [output for cell in chapter.cells for output in cell.get("outputs", [])]
        alts = [
            output.metadata["image/png"]["alt"] for output in outputs if "image/png" in output.get("data", {})
        ]
        page = read_pages[site.folder / "notebooks" / f"{stem}.html"]
        assert [image["alt"] for image in page.images] == alts


def test_every_solution_is_folded(site):
    for stem, chapter in NOTEBOOKS.items():
        text = (site.folder / "notebooks" / f"{stem}.html").read_text(encoding="utf-8")
        tail = text[text.index("<h2>Solutions") :]
        depth = 0
        for tag in re.findall(r"</?details|tag_solution", tail):
            depth += {"<details": 1, "</details": -1}.get(tag, 0)
            assert depth == 1 or tag != "tag_solution", stem
        assert text.count("<details") == text.count("</details>")
        assert any("solution" in grammar.tags(cell) for cell in chapter.cells)


def test_chapters_link_into_the_glossary(site, read_pages):
    linked = {
        link.split("#")[1]
        for page in read_pages.values()
        for link in page.links
        if "glossary.html#term" in link
    }
    assert len(linked) >= 0.9 * len(TERMS)
    assert {term.anchor for term in TERMS} <= read_pages[site.folder / "glossary.html"].ids


def test_without_mathjax_the_pages_still_show_the_formulas(site, tmp_path, monkeypatch):
    from course_lib.site import build

    monkeypatch.setenv("COURSE_DATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_VENDOR", "")
    monkeypatch.setattr(vendor.shutil, "which", lambda name: None)
    (reason,) = build._vendored(tmp_path)
    assert "mathjax-3.2.2.tgz" in reason
    text = (site.folder / "notebooks" / "02_ridge.html").read_text(encoding="utf-8")
    assert r"\tag{2.3}" in text


# ---------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=find_browser())
        yield browser
        browser.close()


def opened(browser, site, name, width=1280, scheme="light"):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(120_000)  # a machine that is busy with other tests too
    page = context.new_page()
    page.asked, page.errors = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto((site.folder / name).as_uri())
    return page


@pytest.mark.browser
@NO_BROWSER
def test_a_chapter_from_a_usb_stick(site, browser):
    if site.said:
        pytest.skip(site.said)
    page = opened(browser, site, "notebooks/02_ridge.html")
    page.wait_for_selector("mjx-container[display=true]")
    assert page.locator("mjx-merror, mjx-container [data-mjx-error]").count() == 0
    assert page.locator("mjx-container").count() > 50
    assert not page.errors
    assert page.asked
    assert all(url.startswith(("file:", "data:")) for url in page.asked)
    page.context.close()


@pytest.mark.browser
@NO_BROWSER
def test_search_finds_a_chapter(site, browser):
    page = opened(browser, site, "search.html")
    page.goto(page.url + "?q=thresholding")
    page.wait_for_selector("#search-results a")
    assert "notebooks/03_lasso.html" in " ".join(
        page.locator("#search-results a").evaluate_all("all => all.map(a => a.href)")
    )
    assert all(url.startswith(("file:", "data:")) for url in page.asked)
    page.context.close()


# Formulas that begin to the left of the block that scrolls them.
OUT_OF_REACH = """() => [...document.querySelectorAll('div.math mjx-math')].filter(formula =>
    formula.getBoundingClientRect().left <
        formula.closest('div.math').getBoundingClientRect().left - 1).length"""


@pytest.mark.browser
@NO_BROWSER
@pytest.mark.parametrize(
    "name", ["index", "exercises", "glossary", "checks", "api/linear_model", "notebooks/06_whole_path"]
)
def test_a_page_is_no_wider_than_a_telephone(site, browser, name):
    page = opened(browser, site, f"{name}.html", width=375)
    page.wait_for_timeout(1000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.evaluate(OUT_OF_REACH) == 0
    page.context.close()


AXE = """without => {
    for (const folded of document.querySelectorAll('details')) folded.open = true;
    const rules = Object.fromEntries(without.map(name => [name, {enabled: false}]));
    return axe.run(document, {resultTypes: ['violations'], rules}).then(found => found.violations
        .filter(one => ['serious', 'critical'].includes(one.impact))
        .map(one => one.id + ': ' + one.nodes.slice(0, 3).map(node => node.html.slice(0, 120)).join(' … ')));
}"""


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("axe")
    if vendor.cached("axe-core") is None:
        pytest.skip("axe-core is not on this machine: course site --fetch brings it")
    vendor.copy("axe-core", folder)
    return folder / "axe.min.js"


def barriers(browser, site, axe, name, **how):
    page = opened(browser, site, name, **how)
    page.wait_for_timeout(500)
    page.add_script_tag(path=axe)
    found = page.evaluate(AXE, [])
    page.context.close()
    return found


@pytest.mark.browser
@NO_BROWSER
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "exercises", "api/penalties"])
def test_no_serious_barrier(site, browser, axe, name, scheme):
    assert barriers(browser, site, axe, f"{name}.html", scheme=scheme) == []


# What leaves a page of this width: the widest offenders, named.
TOO_WIDE = """() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    const scrolls = one => one &&
        (getComputedStyle(one).overflowX !== 'visible' || scrolls(one.parentElement));
    const wide = [...document.querySelectorAll('.bd-article *, .bd-footer *')]
        .filter(one => one.getBoundingClientRect().right > room + 1 && !scrolls(one.parentElement));
    return [`${document.documentElement.scrollWidth} px wide`,
            ...wide.slice(-3).map(one => one.outerHTML.slice(0, 120))];
}"""
THEME = "scheme => { document.documentElement.dataset.theme = scheme; }"
GROUND = "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).slice(0, 3).map(Number)"


def amiss_on(browser, site, axe, name):
    """What one page has against it: opened once, looked at in both colours and on a telephone."""
    page = opened(browser, site, name)
    page.evaluate("() => window.MathJax ? MathJax.startup.promise.then(() => null) : null")
    found = [f"asks for {url}" for url in page.asked if not url.startswith(("file:", "data:"))]
    found += page.errors
    if page.locator("mjx-merror, mjx-container [data-mjx-error]").count():
        found.append("a formula is wrong")
    page.add_script_tag(path=axe)
    for width, scheme in ((1280, "light"), (1280, "dark"), (375, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(THEME, scheme)
        page.wait_for_timeout(600)  # colours fade over, and the theme looks anew at what scrolls
        assert (max(page.evaluate(GROUND)) < 128) == (scheme == "dark"), "the colours have changed"
        seen = ["color-contrast"] if width == 375 else []  # slow, and the colours are those of 1280 px
        found += [f"{scheme}, {width} px: {one}" for one in page.evaluate(AXE, seen)]
    found += page.evaluate(TOO_WIDE)
    if page.evaluate(OUT_OF_REACH):
        found.append("the beginning of a formula is out of reach")
    page.context.close()
    return found


@pytest.mark.slow
@pytest.mark.browser
@NO_BROWSER
def test_no_page_has_a_barrier_or_an_overflow_or_asks_a_network(site, browser, axe, read_pages):
    assert {site.folder / "notebooks" / f"{stem}.html" for stem in STEMS} <= set(read_pages)
    names = [path.relative_to(site.folder).as_posix() for path in read_pages]
    amiss = {name: found for name in names if (found := amiss_on(browser, site, axe, name))}
    assert not amiss


@pytest.mark.browser
@NO_BROWSER
def test_what_is_amiss_on_a_page_is_seen(tmp_path, browser, axe):
    """A page with one of each: no alternative text, too wide, a request that leaves, a formula that fails."""
    (tmp_path / "bad.html").write_text(
        "<!DOCTYPE html><html lang='en'><head><title>Bad</title><style>body { background: #fff }"
        "html[data-theme=dark] body { background: #111 }</style></head><body><main class='bd-article'>"
        "<h1>Bad</h1><img src='data:,'><p style='width: 500px; color: #777'>wide</p>"
        "<mjx-container><mjx-merror>x</mjx-merror></mjx-container>"
        "<script src='http://127.0.0.1:9/x.js'></script></main></body></html>",
        encoding="utf-8",
    )
    said = "\n".join(amiss_on(browser, Site(tmp_path, 0, ""), axe, "bad.html"))
    for what in ("asks for http://127.0.0.1:9", "a formula is wrong", "light, 375 px: image-alt",
                 "dark, 1280 px: color-contrast", "px wide", "500px"):  # fmt: skip
        assert what in said
