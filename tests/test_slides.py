"""Slides: the choices of `docs/slides`, the decks made of them, and every slide in a browser."""

import ast
import functools
import re

import nbformat
import pytest
from places import ROOT
from test_browser import find_browser

from course_lib.site import vendor
from course_lib.slides import build as builder
from course_lib.slides import command, deck
from course_lib.slides.blocks import blocks, items, plain, sentences
from course_lib.slides.choose import NotFound, choose, section
from course_lib.slides.narrow import narrow_code, narrow_print

STEMS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
PNG = "iVBORw0KGgo="
SOLUTION_WORDS = re.compile(r"_solution\b")


def code(source, *outputs, tags=()):
    return nbformat.v4.new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})


def figure(alt="A falling line."):
    return nbformat.v4.new_output("display_data", {"image/png": PNG}, metadata={"image/png": {"alt": alt}})


OPENING = r"""# 3 · Toys: a title

**Promise.** You will play.

**Time.** A minute.

## 3.1 A section

A first sentence, with $x = 1.5$ in it. A *second* one. See [the other](04_other.ipynb#4.1-There).

$$ a = b \tag{3.1} $$

$$ c = d $$

- one item. More of it.
- **Bold lead.** What it says. And more.

> **Predict, then run.** What comes out?"""
CHAPTER = nbformat.v4.new_notebook(
    cells=[
        nbformat.v4.new_markdown_cell(OPENING),
        code(
            'def double(x):\n    """Twice x."""\n    # why not\n'
            "    return 2 * x  # noqa: B007\n\n\nprint(double(2))",
            nbformat.v4.new_output("stream", text="four: 4\n"),
            figure(),
        ),
        nbformat.v4.new_markdown_cell(
            "### Exercise 3.1: do it (★, 1 minute)\n\nTake [this](#There) and do it."
        ),
        code("def triple(x):\n    ...", tags=["exercise"]),
        code('check("toys.triple", triple)', tags=["check"]),
        nbformat.v4.new_markdown_cell(
            "Stuck? Ask.\n\n## 3.2 Another\n\nOther words.\n\n| a | b |\n|---|---|\n| 1 | 2 |"
        ),
        nbformat.v4.new_markdown_cell("## Solutions\n\nThe answer is three."),
        code("def triple_solution(x):\n    return 3 * x", tags=["solution"]),
    ]
)
TOYS = blocks(CHAPTER)


def shown(choice, name="3.1"):
    return [part.source for part in choose(choice, section(TOYS, name), TOYS)]


# ---------------------------------------------------------------- a chapter in pieces


def test_a_chapter_falls_into_blocks_and_ends_before_the_solutions():
    kinds = [block.kind for block in TOYS]
    assert kinds[:9] == [
        "heading",
        "text",
        "text",
        "heading",
        "text",
        "equation",
        "equation",
        "list",
        "quote",
    ]
    assert kinds[9:] == ["code", "heading", "text", "code", "code", "text", "heading", "text", "table"]
    assert TOYS[-1].path == ("3 · Toys: a title", "3.2 Another")
    assert "three" not in " ".join(block.source for block in TOYS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two? Three!", ["One.", "Two?", "Three!"]),
        ("By $x = 1. Y$ and `a. B` it holds. So.", ["By $x = 1. Y$ and `a. B` it holds.", "So."]),
        ("See e.g. Section 2. Then go.", ["See e.g. Section 2.", "Then go."]),
        ("**A lead.** It goes on. Then more.", ["**A lead.** It goes on.", "Then more."]),
        ("about 0.5 of it", ["about 0.5 of it"]),
        ("over\ntwo lines. *And* more", ["over two lines.", "*And* more"]),
    ],
)
def test_sentences(text, expected):
    assert sentences(text) == expected


@pytest.mark.parametrize("stem", STEMS)
def test_sentences_lose_nothing_of_a_chapter(stem):
    for block in blocks(nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", 4)):
        if block.kind == "text":
            assert " ".join(sentences(block.source)) == " ".join(block.source.split())


def test_items_of_a_list():
    assert items(TOYS[7]) == ["one item. More of it.", "**Bold lead.** What it says. And more."]


def test_links_into_the_course_become_words():
    assert plain("[a](b.ipynb) and [c](https://x.org)") == "a and [c](https://x.org)"


# ---------------------------------------------------------------- choices


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("text", ["A first sentence, with $x = 1.5$ in it."]),
        ("text See", ["See the other."]),
        ("text **Bold", ["**Bold lead.** What it says."]),
        ("paragraph A first", [plain(TOYS[4].source)]),
        ("eq 3.1", [r"$$ a = b \tag{3.1} $$"]),
        ("formula 1", ["$$ c = d $$"]),
        ("list 2", ["- **Bold lead.** What it says."]),
        ("items 1-2", ["- one item. More of it.\n- **Bold lead.** What it says. And more."]),
        ("predict", ["> **Predict, then run.** What comes out?"]),
        ("def double", ["def double(x):\n    # why not\n    return 2 * x"]),
        ("lines return", ["return 2 * x"]),
        ("out four", ["four: 4"]),
        ("exercise 3.1", ["**Exercise 3.1: do it**", "Take this and do it.", "def triple(x):\n    ..."]),
        ("ask 3.1", ["**Exercise 3.1: do it**", "Take this and do it."]),
    ],
)
def test_what_a_choice_shows(choice, expected):
    assert shown(choice) == expected


def test_a_table_and_a_figure():
    assert shown("table", "3.2")[0].startswith("| a | b |")
    (part,) = choose("figure", section(TOYS, "3.1"), TOYS)
    assert part.kind == "figure"
    assert part.outputs[0].data["image/png"] == PNG


@pytest.mark.parametrize(
    "choice", ["text Nothing", "eq 9.9", "figure 2", "def triples", "out five", "formula 2", "wave", "table"]
)
def test_a_choice_without_an_object_is_named(choice):
    with pytest.raises(NotFound, match=re.escape(choice.split()[0])):
        shown(choice)


def test_solutions_cannot_be_chosen():
    with pytest.raises(NotFound):
        shown("def triple_solution")
    with pytest.raises(NotFound, match="Solutions"):
        section(TOYS, "Solutions")


def test_every_problem_of_a_deck_is_reported_at_once():
    slides = [{"from": "3.1", "show": ["eq 1.1"]}, {"from": "7.1", "show": ["text"]},
              {"from": "3.1", "show": ["text"], "title": "not there"}]  # fmt: skip
    with pytest.raises(
        ValueError, match=r"(?s)slide 2: 'eq 1.1'.*slide 3: there is no section '7.1'.*slide 4"
    ):
        deck.assemble(CHAPTER, slides)


@pytest.mark.parametrize(
    ("text", "said"),
    [("[[slide]]\nfrom = 1\n", "slide 1: its keys"), ("[[slide]]\nfrom=", "toys.toml"),
     ("[[slide]]\nfrom='3.1'\nshow=[]\ncolour='red'", "slide 1")],
)  # fmt: skip
def test_a_file_of_choices_that_cannot_be_read(tmp_path, text, said):
    (tmp_path / "toys.toml").write_text(text)
    with pytest.raises(ValueError, match=said):
        deck.choices(tmp_path / "toys.toml")


# ---------------------------------------------------------------- a deck


def of_type(cells, slide_type):
    return [cell for cell in cells if cell.metadata.slideshow.slide_type == slide_type]


def test_a_deck_of_one_slide():
    guide = "- Section 3.1: say it slowly.\n- Section 3.10: not this."
    slides = [{"from": "3.1", "show": ["text A first", "text A *second*", "figure"], "title": "a first"}]
    with pytest.raises(ValueError, match="a first"):
        deck.assemble(CHAPTER, slides)
    slides[0]["title"] = "A first sentence"
    made = deck.assemble(CHAPTER, slides, guide)
    assert [cell.source for cell in of_type(made.cells, "slide")] == [
        "# 3 · Toys: a title",
        "## 3.1 A first sentence",
    ]
    opening, notes = of_type(made.cells, "notes")
    assert opening.source == "**Time.** A minute."
    assert "say it slowly" in notes.source
    assert "not this" not in notes.source
    assert "See the other." in notes.source  # what the slide leaves out of the paragraph
    assert "A *second* one" not in notes.source  # what it shows is not read out
    assert "A first sentence, with $x = 1.5$ in it. A *second* one." in [cell.source for cell in made.cells]
    (picture,) = [cell for cell in made.cells if cell.cell_type == "code"]
    assert 'alt="A falling line."' in picture.outputs[0].data["text/html"]


def test_type_shrinks_before_anything_is_cut():
    scope = section(TOYS, "3.1")
    part = choose("def double", scope, TOYS)[0]
    long = type(part)("code", "\n".join(["x = 1" + " + 1" * 20] * 12), part.block)
    assert deck._sizes([part], deck.HEIGHT)[1] == 28
    _, size = deck._sizes([long], deck.HEIGHT)
    assert 22 <= size < 28
    assert len(long.source.splitlines()[0]) * deck.MONO * size <= deck.CODE_WIDTH


WIDE = {
    "a comment": (
        "if a:\n    total = first + second  # (3.1)",
        "if a:\n    # (3.1)\n    total = first + second",
    ),
    "a call": ("f(alpha, g(beta, gamma), delta)", "f(alpha, g(beta, gamma),\n    delta)"),
    "a quotient": ("w = s(first, lam) / (sec + third)", "w = s(first, lam) / (sec\n    + third)"),
    "a string": ('say("a, b, and a long rest, + more")', 'say("a, b, and a long rest, + more")'),
    "no bracket": ("total = first + second + third", "total = first + second + third"),
    "short": ("a = 1  # one", "a = 1  # one"),
}


@pytest.mark.parametrize(("code", "narrow"), WIDE.values(), ids=WIDE)
def test_wide_code_is_broken_where_python_allows_it(code, narrow):
    assert narrow_code(code, 27) == narrow


@pytest.mark.parametrize("stem", STEMS)
def test_broken_code_does_the_same(stem):
    """Every cell of every chapter, down to a narrow column: the same syntax tree."""
    broken = 0
    for block in blocks(nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", 4)):
        if block.kind == "code" and not block.source.startswith("%"):
            made = narrow_code(block.source, 60)
            assert ast.dump(ast.parse(made)) == ast.dump(ast.parse(block.source))
            broken += made != block.source
    assert broken >= 1


@pytest.mark.parametrize(
    ("text", "narrow"),
    [
        ("one      1\nthirteen 13", "one      1\nthirteen 13"),
        ("a       1      2\nbb    1.5    2.5", "a      1    2\nbb   1.5  2.5"),
        ("lasso   at 0: 1.5   the same", "lasso   at 0:\n    1.5\n    the same"),
    ],
)
def test_printed_text_is_broken_at_its_gaps(text, narrow):
    assert narrow_print(text, 13) == narrow


@functools.cache
def deck_of(stem):
    chapter = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", 4)
    guide = (ROOT / "docs" / "instructor" / f"{stem}.md").read_text(encoding="utf-8")
    return deck.assemble(chapter, deck.choices(ROOT / deck.FOLDER / f"{stem}.toml"), guide)


@pytest.mark.parametrize("stem", STEMS)
def test_every_chapter_has_ten_to_fifteen_slides_without_solutions(stem):
    made = deck_of(stem)
    assert 10 <= len(of_type(made.cells, "slide")) <= 15
    assert not any(SOLUTION_WORDS.search(cell.source) for cell in made.cells)
    notes = of_type(made.cells, "notes")
    assert len(notes) == len(of_type(made.cells, "slide"))
    assert all(cell.source.strip() for cell in notes)


def test_nothing_on_a_slide_is_typed_twice():
    """A choice is a pointer: some words, never the whole sentence."""
    for path in (ROOT / deck.FOLDER).glob("*.toml"):
        for slide in deck.choices(path):
            assert all(len(choice) <= 40 for choice in slide["show"]), (path.name, slide)


def test_a_page_asks_only_for_what_lies_beside_it():
    text = builder.page(deck_of("02_ridge"), "02_ridge")
    head = text[: text.index("</head>")] + text[text.index("</main>") :]
    addresses = re.findall(r'(?:src|href)="([^"]+)"', head)
    assert addresses
    assert not [address for address in addresses if ":" in address]
    assert "requirejs" not in text
    assert text.count("<aside") == 15


# ---------------------------------------------------------------- the command


def test_a_wrong_chapter_and_a_missing_script_are_sentences(tmp_path, monkeypatch, capsys):
    from course_lib import cli

    assert cli.main(["slides", "77", "--output", str(tmp_path)]) == 1
    assert "no chapter '77'" in capsys.readouterr().err
    monkeypatch.setenv("COURSE_DATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COURSE_VENDOR", "")
    monkeypatch.setattr(vendor.shutil, "which", lambda name: None)
    assert cli.main(["slides", "02", "--output", str(tmp_path)]) == 1
    assert "reveal.js 4.6.1 is not on this machine" in capsys.readouterr().err
    assert command.__doc__


# ---------------------------------------------------------------- in a browser

BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(find_browser() is None, reason="no browser of the Chromium family here"),
    pytest.mark.skipif(
        any(vendor.cached(name) is None for name in builder.SCRIPTS),
        reason="reveal.js or MathJax is not on this machine: course site --fetch brings them",
    ),
]

# What sticks out of the slide, code that is cut, type that is too small, figures nobody can read.
AMISS = """() => {
    const slide = Reveal.getCurrentSlide(), box = slide.getBoundingClientRect(), found = [];
    if (slide.scrollHeight > 720 || slide.scrollWidth > 1280)
        found.push(`the slide is ${slide.scrollWidth} x ${slide.scrollHeight}`);
    for (const element of slide.querySelectorAll('*')) {
        if (element.closest('aside') || element.closest('mjx-assistive-mml')) continue;
        const b = element.getBoundingClientRect(), say = what =>
            found.push(`${what}: ${element.tagName} ${(element.textContent || '').trim().slice(0, 40)}`);
        if (!b.width || !b.height) continue;
        if (b.left < box.left - 1 || b.right > box.right + 1) say('outside');
        if (b.top < box.top - 1 || b.bottom > box.bottom + 1) say('outside');
        if (element.tagName === 'PRE' && element.scrollWidth > element.clientWidth + 1) say('cut');
        const words = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        const least = {P: 30, LI: 30, TD: 26, TH: 26}[element.tagName] ?? 22;
        const size = parseFloat(getComputedStyle(element).fontSize);
        if (words && !element.closest('mjx-container') && size < least) say('small');
        if (element.tagName === 'IMG' && b.height < 285) say('small figure');
    }
    if (slide.querySelector('mjx-merror, [data-mjx-error]')) found.push('a formula is wrong');
    if (/\\$\\$/.test(slide.textContent)) found.push('TeX is left');
    return found;
}"""


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=find_browser())
        yield browser
        browser.close()


def looked_at(browser, folder, stem):
    """What is amiss on the slides of a deck, by number, and how many there are."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(120_000)  # a machine that is busy with other tests too
    page = context.new_page()
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((folder / f"{stem}.html").as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady() && MathJax.startup && MathJax.startup.promise")
    page.evaluate("() => MathJax.startup.promise.then(() => null)")
    count = page.evaluate("Reveal.getTotalSlides()")
    amiss = {}
    for index in range(count):
        page.evaluate("index => Reveal.slide(index)", index)
        page.wait_for_timeout(50)
        found = page.evaluate(AMISS)
        if found:
            amiss[index + 1] = found[:3]
    assert asked
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert not errors
    context.close()
    return count, amiss


def in_browser(function):
    for mark in BROWSER:
        function = mark(function)
    return function


@in_browser
def test_the_slides_of_a_chapter(tmp_path, browser):
    said = []
    (path,) = builder.build(ROOT, tmp_path, ["02"], said.append)
    assert said == ["02_ridge ..."]
    assert looked_at(browser, tmp_path, "02_ridge") == (15, {})
    assert 'href="02_ridge.html">2 · Ridge: what does the L2 penalty do?' in (
        tmp_path / "index.html"
    ).read_text(encoding="utf-8")
    # A slide that is too full is seen.
    text = path.read_text(encoding="utf-8")
    first = re.search(r"<p>Least squares minimises.*?</p>", text)
    path.write_text(text.replace(first[0], first[0] * 12), encoding="utf-8")
    assert list(looked_at(browser, tmp_path, "02_ridge")[1]) == [5]


@in_browser
def test_the_speaker_notes_open(tmp_path, browser):
    builder.build(ROOT, tmp_path, ["02"], lambda line: None)
    page = browser.new_context().new_page()
    page.goto((tmp_path / "02_ridge.html").as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    notes = opened.value.locator(".speaker-controls-notes .value")
    notes.get_by_text("About 60 minutes").wait_for()
    page.context.close()


@pytest.mark.slow
@in_browser
@pytest.mark.parametrize("stem", STEMS)
def test_the_slides_of_every_chapter(tmp_path, browser, stem):
    builder.build(ROOT, tmp_path, [stem], lambda line: None)
    count, amiss = looked_at(browser, tmp_path, stem)
    assert 10 <= count <= 15
    assert not amiss
