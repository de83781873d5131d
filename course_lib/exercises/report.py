"""What a learner sees: one report, as text and as HTML with the same words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from course_lib.exercises import wording
from course_lib.exercises.exercise import Item

__all__ = ["CheckReport", "Failure", "Hint", "Listing", "Task"]

_COLOURS = {
    "passed": "#1b7837",
    "failed": "#b35806",
    "open": "#6b6b6b",
}  # never the only sign: words say it too
_MARKS = {"passed": "✓", "failed": "✗", "open": "○"}


@dataclass(frozen=True)
class Failure:
    """The first case that went wrong, as text."""

    label: str
    inputs: dict[str, str]
    expected: str
    got: str


@dataclass
class CheckReport:
    """The verdict on one answer.

    Attributes
    ----------
    id, title : str
        The exercise.
    passed : bool
        Right on every case.
    attempted : bool
        False while the stub is unfilled.
    diagnosis : str or None
        The id of the misconception that gives exactly these results.
    failures : list of Failure
        The first failing case; empty when there is none.
    kind : str
        ``"passed"``, ``"not_attempted"``, ``"misconception"`` or the property that is violated.
    sentence : str
        What it says to the learner.
    printed : str
        What the learner's code printed in the first case.
    """

    id: str
    title: str
    passed: bool = False
    attempted: bool = False
    diagnosis: str | None = None
    failures: list[Failure] = field(default_factory=list)
    kind: str = "not_attempted"
    sentence: str = ""
    printed: str = ""

    @classmethod
    def of(cls, item: Item) -> CheckReport:
        """Start the report on an exercise."""
        return cls(item.id, str(wording.of(item).get("title", item.id)))

    def not_attempted(self) -> CheckReport:
        """Say that the stub is still there."""
        self.kind, self.sentence = "not_attempted", wording.engine("not_attempted")
        return self

    def succeeded(self) -> CheckReport:
        """Say that it is right."""
        self.passed = self.attempted = True
        self.kind, self.sentence = "passed", wording.engine("passed")
        return self

    def failed(self, *, kind: str, sentence: str, diagnosis: str | None = None) -> CheckReport:
        """Say what is wrong."""
        self.attempted, self.kind, self.sentence, self.diagnosis = True, kind, sentence, diagnosis
        return self

    @property
    def _state(self) -> str:
        return "passed" if self.passed else "failed" if self.attempted else "open"

    def _details(self) -> list[tuple[str, str]]:
        rows: list[tuple[str, str]] = []
        for failure in self.failures:
            if failure.label:
                rows.append((wording.engine("row_case"), failure.label))
            rows += [(wording.engine("row_input", name=name), text) for name, text in failure.inputs.items()]
            if failure.expected:
                rows.append((wording.engine("row_expected"), failure.expected))
            rows.append((wording.engine("row_got"), failure.got))
        if self.printed:
            rows.append((wording.engine("row_printed"), self.printed))
        return rows

    def _heading(self) -> str:
        return f"{_MARKS[self._state]} {self.title}: {wording.engine('state_' + self._state)}"

    def __repr__(self) -> str:
        lines = [self._heading()]
        lines += [f"  {line}" for line in self.sentence.splitlines()]
        rows = self._details()
        width = max((len(name) for name, _ in rows), default=0)
        for name, text in rows:
            first, *rest = text.splitlines() or [""]
            lines.append(f"  {name:<{width}}  {first}".rstrip())
            lines += [f"  {'':<{width}}  {line}".rstrip() for line in rest]
        if self._state == "failed":
            lines.append("  " + wording.engine("next_step", id=self.id))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        body = f"<p style='margin:.3em 0'>{_prose(self.sentence)}</p>" + _table(self._details())
        if self._state == "failed":
            body += f"<p style='margin:.3em 0'>{_prose(wording.engine('next_step', id=self.id))}</p>"
        return _box(self._state, escape(self._heading()), body)


@dataclass(frozen=True)
class Hint:
    """One layer of help."""

    id: str
    level: int
    total: int
    text: str

    def __repr__(self) -> str:
        return f"{self._heading()}\n  {self.text}"

    def _heading(self) -> str:
        key = "hint_heading" if self.level else "hint_heading_none"
        return wording.engine(key, level=self.level, total=self.total, id=self.id)

    def _repr_html_(self) -> str:
        return _box("open", escape(self._heading()), f"<p style='margin:.3em 0'>{_prose(self.text)}</p>")


@dataclass(frozen=True)
class Task:
    """What an exercise asks for, with a cell to begin from."""

    title: str
    prompt: str
    cell: str

    def __repr__(self) -> str:
        code = "\n".join(f"    {line}".rstrip() for line in self.cell.splitlines())
        return f"{self.title}\n  {self.prompt}\n  {wording.engine('task_begin')}\n\n{code}"

    def _repr_html_(self) -> str:
        words = "".join(
            f"<p style='margin:.3em 0'>{_prose(text)}</p>"
            for text in (self.prompt, wording.engine("task_begin"))
        )
        return _box("open", escape(self.title), f"{words}<pre>{escape(self.cell)}</pre>")


@dataclass(frozen=True)
class Listing:
    """The exercises of a chapter or of the course."""

    rows: Sequence[tuple[str, str, str, str, str]]

    def _header(self) -> list[str]:
        return [wording.engine(f"column_{name}") for name in ("id", "title", "minutes", "difficulty", "done")]

    def __repr__(self) -> str:
        if not self.rows:
            return wording.engine("no_exercises")
        table = [self._header(), *map(list, self.rows)]
        widths = [max(len(row[i]) for row in table) for i in range(5)]
        return "\n".join(
            "  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in table
        )

    def _repr_html_(self) -> str:
        if not self.rows:
            return f"<p>{escape(wording.engine('no_exercises'))}</p>"
        head = "".join(
            f"<th scope='col' style='text-align:left'>{escape(name)}</th>" for name in self._header()
        )
        body = "".join(
            "<tr>" + f"<td style='text-align:left'><code>{escape(row[0])}</code></td>"
            + "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
            for row in self.rows
        )  # fmt: skip
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _box(state: str, heading: str, body: str) -> str:
    colour = _COLOURS[state]
    return (
        f"<div style='border-left:4px solid {colour};padding:.2em .8em'>"
        f"<p style='margin:.3em 0'><strong>{heading}</strong></p>{body}</div>"
    )


def _table(rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    cells = "".join(
        f"<tr><th scope='row' style='text-align:left;vertical-align:top'>{escape(name)}</th>"
        "<td style='text-align:left'><pre style='margin:0;white-space:pre-wrap;background:none'>"
        f"{escape(text)}</pre></td></tr>"
        for name, text in rows
    )
    return f"<table style='margin:.3em 0'>{cells}</table>"


def _prose(text: str) -> str:
    """Escape a sentence and set what stands between backticks in code."""
    pieces = escape(text).replace("\n", "<br>").split("`")
    return "".join(piece if i % 2 == 0 else f"<code>{piece}</code>" for i, piece in enumerate(pieces))
