"""What a probe answers: a report of findings, each with its cause, its sentence and its numbers."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

__all__ = ["Fault", "Finding", "Report", "checked", "finding", "number"]

TEXT = Path(__file__).parent / "text"


class Fault(AssertionError):
    """Raised by `Report.raise_if_faulty`; an ``AssertionError``, so that a test runner shows it as a failure.

    Attributes
    ----------
    report : Report
    """

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; in `Report.remarks` one thing that is worth knowing and may be meant.

    Attributes
    ----------
    cause : str
        A key that stays the same between versions, such as ``"penalty_missing"``. ``"unknown"`` means that
        something differs and no cause of the list explains it.
    sentence : str
        What is wrong.
    evidence : str
        The smallest set of numbers that shows it.
    check_next : str
        Where to look.
    """

    cause: str
    sentence: str
    evidence: str
    check_next: str


@dataclass(frozen=True)
class Report:
    """The answer of a probe.

    Attributes
    ----------
    probe : str
        Name of the function that was called.
    findings : tuple of Finding
        Empty when nothing wrong was found.
    checked : str
        What was compared, with its size: what a silent report is worth.
    measured : mapping
        Numbers and words that the probe measured, such as ``{"coupling": "decoupled"}``.
    remarks : tuple of Finding
        The convention that was found where several are right, and what training does not depend on. They
        count neither in `ok` nor in `causes`.

    Examples
    --------
    >>> report = Report("gradient", (), "36 directions")
    >>> report.ok, report.causes
    (True, ())
    >>> report.raise_if_faulty()
    """

    probe: str
    findings: tuple[Finding, ...]
    checked: str
    measured: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing wrong was found."""
        return not self.findings

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes of all findings, in their order."""
        return tuple(found.cause for found in self.findings)

    def raise_if_faulty(self) -> None:
        """Raise `Fault`, with the whole report as its message, unless `ok`; for use inside a test."""
        if not self.ok:
            raise Fault(self)

    def __str__(self) -> str:
        lines = [_own("heading", probe=self.probe, verdict=self._verdict())]
        for mark, several in (("✗", self.findings), ("•", self.remarks)):
            for found in several:
                lines += [f"{mark} {found.cause}: {found.sentence}"]
                lines += ["    " + _own("evidence", text=found.evidence)]
                lines += ["    " + _own("next", text=found.check_next)]
        return "\n".join([*lines, _own("checked", text=self.checked)])

    __repr__ = __str__

    def _verdict(self) -> str:
        return (
            _own("ok")
            if self.ok
            else _own("one" if len(self.findings) == 1 else "many", n=len(self.findings))
        )

    def _repr_html_(self) -> str:
        return f"<pre style='white-space:pre-wrap'>{escape(str(self))}</pre>"


def finding(probe: str, cause: str, **values: Any) -> Finding:
    """Return the finding ``cause`` of ``probe`` with the blanks of its sentences filled."""
    texts = _texts()
    words = texts[probe].get(cause) or texts["any"][cause]
    shown = {name: number(value) if isinstance(value, float) else value for name, value in values.items()}
    return Finding(cause, *(str(words[part]).format(**shown) for part in ("sentence", "evidence", "next")))


def checked(key: str, /, **values: Any) -> str:
    """Return the sentence that says what was compared."""
    return str(_texts()["checked"][key]).format(**values)


def number(value: float) -> str:
    """Return a short text for a number."""
    return f"{float(value) + 0.0:.4g}"


def _own(key: str, /, **values: Any) -> str:
    return str(_texts()["report"][key]).format(**values)


def _texts() -> dict[str, Any]:
    return _read(os.environ.get("COURSE_LANGUAGE") or "en")


@lru_cache(maxsize=8)
def _read(language: str) -> dict[str, Any]:
    """Return the sentences by probe and cause; what a translation lacks is said in English."""
    english = tomllib.loads((TEXT / "en.toml").read_text(encoding="utf-8"))
    other = TEXT / f"{Path(language).name}.toml"
    if language == "en" or not other.is_file():
        return english
    over = tomllib.loads(other.read_text(encoding="utf-8"))
    return {probe: causes | over.get(probe, {}) for probe, causes in english.items()}
