"""Every number of the prose is computed: in an output, or in the code, of its section or a neighbour.

Outside maths, code, links, headings, references and solutions, each decimal, percentage and whole number
from 10 on must be a number of a code cell or of its output, after rounding to the digits of the prose. What
no cell can compute (published values, what an exercise gives) is listed in ``QUOTED`` with its reason.
"""

import io
import re
import tokenize
import tomllib

import pytest
from places import ROOT, TESTS

from course_lib.notebooks import files, grammar, source

NOTEBOOKS = files.select(ROOT / "notebooks", ".ipynb")
QUOTED = tomllib.loads((TESTS / "prose_numbers.toml").read_text(encoding="utf-8"))

HEADING = re.compile(r"^#{1,2} .*$", re.MULTILINE)
NOT_PROSE = re.compile(
    r"\$\$.*?\$\$|\$[^$]+\$"  # maths
    r"|(`+)[^`].*?\1"  # code
    r"|^#+ [^\n]*$"  # headings, with the minutes of exercises
    r"|^- [^\n]* doi:[^\n]*$"  # references
    r"|^\*\*(?:Time|Solution)[^\n]*$"  # minutes
    r"|!?\[[^]]*\]\([^)]*\)|<[^>]+>|https?://\S+|(?:doi|arXiv):\S+"  # links
    r"|\((?:\d+\.\d+(?:, | and | to )?)+\)|\(\d+\.\d+"  # equations
    r"|\b(?:[Cc]hapters?|[Ss]ections?|[Ee]quations?|Exercises?|Tables?|Figures?|Theorem|Python|Keras|torch)"
    r"(?: (?:\d+(?:\.\d+)*)(?:,| and| to| or|–|-)?)+"  # places and versions
    r"|\b(?:19|20)\d\d\b",  # years
    re.MULTILINE | re.DOTALL,
)
NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?(?: ?%)?(?![\w]|\.\d)")


def plain(text):
    return NOT_PROSE.sub(" ", re.split(r"^[#*_ ]*Further reading", text, flags=re.MULTILINE)[0])


def in_prose(text):
    """Numbers that need a cell, as they are written."""
    found = NUMBER.findall(plain(text))
    return [number for number in found if "%" in number or "." in number or value_and_digits(number)[0] >= 10]


def value_and_digits(number):
    """The value and the unit of its last digit: "12.5 %" is (0.125, 0.001)."""
    bare = number.replace(",", "").rstrip(" %")
    digits = len(bare.partition(".")[2])
    scale = 100 if "%" in number else 1
    return float(bare) / scale, 10.0**-digits / scale


def in_code(code):
    """The numbers in the code of a cell; neither comments nor strings, which are prose."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    numbers = [token.string.replace("_", "") for token in tokens if token.type == tokenize.NUMBER]
    return [float(number) for number in numbers if re.fullmatch(r"[\d.]+(e[+-]?\d+)?", number)]


def in_output(cell):
    texts = [output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
             for output in cell.get("outputs", []) if "image/png" not in output.get("data", {})]  # fmt: skip
    return [value_and_digits(number)[0] for number in NUMBER.findall("\n".join(texts).replace("±", " "))]


def sections(notebook):
    """Prose and computed numbers, section by section, up to the solutions."""
    parts = [("", [])]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            if grammar.SOLUTIONS.search(cell.source):
                break
            before, *rest = re.split(r"^(?=#{1,2} )", cell.source, flags=re.MULTILINE)
            parts[-1] = (f"{parts[-1][0]}\n\n{before}", parts[-1][1])
            parts += [(text, []) for text in rest]
        else:
            parts[-1][1].extend([*in_code(cell.source), *in_output(cell)])
    return parts


def is_supported(number, computed):
    value, unit = value_and_digits(number)
    return any(abs(abs(found) - value) <= 0.5001 * unit for found in computed)


def unsupported(notebook, quoted):
    parts = sections(notebook)
    missing = []
    for k, (text, _) in enumerate(parts):
        near = [number for _, numbers in parts[max(k - 1, 0) : k + 2] for number in numbers]
        for number in in_prose(text):
            if not is_supported(number, near) and number not in quoted:
                missing.append((HEADING.findall(text)[0] if HEADING.findall(text) else "", number))
    return missing


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_number_of_the_prose_is_computed(path):
    notebook = source.load(path)
    missing = unsupported(notebook, QUOTED.get(path.stem, {}))
    assert not missing, "\n".join(f"{path.stem}, {heading}: {number}" for heading, number in missing)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_quoted_number_is_still_quoted(path):
    """The list beside this test holds nothing that the prose has dropped or that a cell computes by now."""
    missing = {number for _, number in unsupported(source.load(path), {})}
    quoted = {number for number, why in QUOTED.get(path.stem, {}).items() if not why.startswith("open")}
    assert not quoted - missing


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It has 9,472 weights and 3 layers; 37 % of 0.05.", ["9,472", "37 %", "0.05"]),
        ("See Section 3.4, (3.5), chapter 02, Exercises 3.1 to 3.5 and Wager (2013).", []),
        ("$x = 0.3$ and `lr=0.25` and [Table 12](t.html)", []),
        ("## 3.1 Twelve\n\nby 15%.", ["15%"]),
    ],
)
def test_what_counts_as_a_number(text, numbers):
    assert in_prose(text) == numbers


@pytest.mark.parametrize(
    ("number", "computed", "expected"),
    [("37 %", [0.3694], True), ("37 %", [0.35], False), ("0.998", [0.99801], True), ("9,472", [9472.0], True),
     ("12", [12.4], True), ("12", [13.0], False), ("0.5", [-0.5], True)],
)  # fmt: skip
def test_equal_after_rounding(number, computed, expected):
    assert is_supported(number, computed) is expected
