"""How well the checker does on answers by people who had not seen its catalogue: four rates, measured.

``tests/answers/*.py`` holds the answers: ``ANSWERS``, a list of dicts with ``name`` (unique), ``exercise``, ``right``,
``cause`` (the author's own words: what the learner did wrong) and ``answer``. ``tests/answers/judged.toml`` holds
a reader's judgement of every wrong one, made from ``cause`` and not from what the checker says: the misconceptions
of the exercise that describe this mistake, ``[]`` if none does.
"""

from __future__ import annotations

import importlib.util
import time
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course_lib.exercises.catalogue import all_items, find
from course_lib.exercises.engine import judge

FOLDER = Path(__file__).parent / "answers"
SEEDS = range(20)


def read_answers() -> list[dict[str, Any]]:
    answers = []
    for path in sorted(FOLDER.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"answers_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        answers += module.ANSWERS
    return answers


ANSWERS = read_answers()
JUDGED: dict[str, list[str]] = tomllib.loads((FOLDER / "judged.toml").read_text(encoding="utf-8"))["fits"]
WRONG = [answer for answer in ANSWERS if not answer["right"]]


@dataclass(frozen=True)
class Verdict:
    """What the checker says of one answer, with seed 0, and how long it took."""

    answer: dict[str, Any]
    passed: bool
    diagnosis: str | None
    seconds: float


@cache
def verdicts() -> tuple[Verdict, ...]:
    """Every answer, judged once."""
    found = []
    for answer in ANSWERS:
        start = time.perf_counter()
        report = judge(find(answer["exercise"]), answer["answer"])
        found.append(Verdict(answer, report.passed, report.diagnosis, time.perf_counter() - start))
    return tuple(found)


def share(hits: list[Verdict], of: list[Verdict]) -> tuple[float, str]:
    """The rate, and the names behind it."""
    return len(hits) / max(len(of), 1), f"{len(hits)} of {len(of)}: " + ", ".join(
        v.answer["name"] for v in hits
    )


def fits(verdict: Verdict) -> list[str]:
    return JUDGED[verdict.answer["name"]]


def test_names_are_unique_and_every_wrong_answer_is_judged():
    names = [answer["name"] for answer in ANSWERS]
    assert len(set(names)) == len(names)
    assert set(JUDGED) == {answer["name"] for answer in WRONG}
    for answer in WRONG:
        known = set(find(answer["exercise"]).wrong_answers)
        assert set(JUDGED[answer["name"]]) <= known, f"{answer['name']}: {JUDGED[answer['name']]}"


def test_there_are_answers_to_every_exercise_with_code():
    asked = {answer["exercise"] for answer in ANSWERS}
    assert {item.id for item in all_items() if hasattr(item, "alternatives")} <= asked


def test_at_most_two_percent_of_the_wrong_answers_are_accepted():
    wrong = [v for v in verdicts() if not v.answer["right"]]
    rate, names = share([v for v in wrong if v.passed], wrong)
    assert rate <= 0.02, names


def test_at_most_one_percent_of_the_right_answers_are_rejected():
    right = [v for v in verdicts() if v.answer["right"]]
    rate, names = share([v for v in right if not v.passed], right)
    assert rate <= 0.01, names


def test_a_named_cause_is_right_in_95_percent():
    named = [v for v in verdicts() if not v.answer["right"] and v.diagnosis is not None]
    rate, names = share([v for v in named if v.diagnosis not in fits(v)], named)
    assert rate <= 0.05, names


def test_the_cause_is_named_for_three_quarters_of_the_mistakes_in_the_catalogue():
    listed = [v for v in verdicts() if not v.answer["right"] and fits(v)]
    rate, names = share([v for v in listed if v.diagnosis is None], listed)
    assert rate <= 0.25, names


def test_95_percent_of_the_checks_take_at_most_a_second():
    assert np.quantile([v.seconds for v in verdicts()], 0.95) <= 1.0


@pytest.mark.slow
def test_the_verdict_is_the_same_over_twenty_seeds():
    changing = [
        answer["name"]
        for answer in ANSWERS
        if len({judge(find(answer["exercise"]), answer["answer"], seed).passed for seed in SEEDS}) > 1
    ]
    assert not changing
