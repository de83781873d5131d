"""Every chapter executed twice gives the same text, and the text that is committed."""

import pytest
from places import ROOT

from course_lib.notebooks import files, grammar, source
from course_lib.notebooks.execute import execute

NOTEBOOKS = files.select(ROOT / "notebooks", ".ipynb")


def text_of(notebook):
    """The text a reader sees: outputs without pictures, cells that are compared only."""
    compared = [
        cell for cell in source.normalise(notebook).cells if not grammar.tags(cell) & grammar.UNCOMPARED
    ]
    code = [cell for cell in compared if cell.cell_type == "code"]
    return [(cell.source, [visible(output) for output in cell.outputs]) for cell in code]


def visible(output):
    data = {kind: value for kind, value in output.get("data", {}).items() if not kind.startswith("image/")}
    return output.output_type, output.get("text"), data, output.get("evalue")


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_executed_twice_gives_identical_text(path):
    committed = source.load(path)
    first = text_of(execute(committed, path.parent, name=path.stem))
    assert text_of(execute(committed, path.parent, name=path.stem)) == first
    assert first == text_of(committed)


@pytest.mark.slow
def test_chance_is_noticed(toy):
    chapter = toy / "notebooks" / "source" / "02_toy.md"
    chapter.write_text(
        chapter.read_text().replace('print("first")', "print(np.random.default_rng().normal())")
    )
    notebook = source.read(chapter)
    runs = [text_of(execute(notebook, toy / "notebooks")) for _ in range(2)]
    assert runs[0] != runs[1]
