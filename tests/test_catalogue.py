"""The catalogue is the engine's test: right answers pass, wrong answers are diagnosed as themselves."""

from __future__ import annotations

import copy
import time

import numpy as np
import pytest
from places import ROOT

from course_lib.exercises import Choice, Exercise, Fresh, Value, wording
from course_lib.exercises.catalogue import FURTHER, all_items, find, items, modules
from course_lib.exercises.engine import judge
from course_lib.exercises.values import same_input
from course_lib.workshop import submissions

ITEMS = all_items()
CODE = [item for item in ITEMS if isinstance(item, Exercise)]
WRONG = [(item, name) for item in ITEMS for name in item.wrong_answers]
RIGHT = [(item, name) for item in CODE for name in item.alternatives]
MOST = 12  # misconceptions of one exercise


@pytest.fixture(params=["0-4", pytest.param("5-19", marks=pytest.mark.slow)])
def seeds(request):
    """Five seeds by default, fifteen more with --run-slow."""
    first, last = map(int, request.param.split("-"))
    return range(first, last + 1)


def answer_of(item, name):
    wrong = item.wrong_answers[name].answer
    return wrong() if isinstance(item, Value) and callable(wrong) else wrong


def by_id(value):
    return getattr(value, "id", value)


@pytest.mark.parametrize("item", ITEMS, ids=by_id)
def test_the_reference_passes_with_every_seed(item, seeds):
    for seed in seeds:
        report = judge(item, item.right_answer, seed)
        assert report.passed, f"seed {seed}: {report}"


@pytest.mark.parametrize(("item", "name"), RIGHT, ids=by_id)
def test_every_alternative_passes_with_every_seed(item, name, seeds):
    for seed in seeds:
        report = judge(item, item.alternatives[name], seed)
        assert report.passed, f"seed {seed}: {report}"


@pytest.mark.parametrize(("item", "name"), WRONG, ids=by_id)
def test_every_misconception_fails_and_is_diagnosed_as_itself_with_every_seed(item, name, seeds):
    for seed in seeds:
        report = judge(item, answer_of(item, name), seed)
        assert report.attempted
        assert not report.passed, f"seed {seed}"
        assert report.diagnosis == name, f"seed {seed}: {report}"
        assert len(report.failures) == 1


@pytest.mark.parametrize(("item", "name"), WRONG, ids=by_id)
def test_other_ways_to_make_the_mistake_are_diagnosed_as_it(item, name):
    for answer in item.wrong_answers[name].also:
        for seed in range(3):
            report = judge(item, answer, seed)
            assert not report.passed
            assert report.diagnosis == name, f"seed {seed}: {report}"


@pytest.mark.parametrize("item", CODE, ids=by_id)
def test_there_are_enough_right_and_wrong_answers(item):
    assert len(item.alternatives) >= 2
    assert 2 <= len(item.misconceptions) <= MOST
    answers = [item.reference, *item.alternatives.values(), *(m.answer for m in item.wrong_answers.values())]
    assert len(set(map(id, answers))) == len(answers)


@pytest.mark.parametrize("item", ITEMS, ids=by_id)
def test_values_and_choices_have_wrong_answers_too(item):
    assert 2 <= len(item.wrong_answers) <= MOST


@pytest.mark.parametrize("item", ITEMS, ids=by_id)
def test_every_sentence_exists(item):
    text = wording.of(item)
    assert text.get("title")
    assert text.get("prompt")
    assert text.get("hints")
    assert set(text.get("misconceptions", {})) == set(item.wrong_answers)
    assert all(len(sentence) > 40 for sentence in text["misconceptions"].values())
    assert len(set(text["misconceptions"].values())) == len(item.wrong_answers)
    if isinstance(item, Choice):
        assert set(text["options"]) == set(item.options)


@pytest.mark.parametrize("item", CODE, ids=by_id)
def test_every_case_has_a_label_with_a_sentence(item):
    for case in item.cases(np.random.default_rng(0)):
        assert case.label
        assert case.label in {
            **wording.load(item.module).get("cases", {}),
            **wording.of(item).get("cases", {}),
        }


@pytest.mark.parametrize("item", ITEMS, ids=by_id)
def test_the_id_is_unique_and_names_its_module(item):
    assert [other.id for other in ITEMS].count(item.id) == 1
    assert find(item.id) is item
    assert item in items(item.module)


@pytest.mark.parametrize("module", modules())
def test_no_text_is_left_over(module):
    known = {item.name for item in items(module)}
    assert set(wording.load(module)) - {"cases"} == known


@pytest.mark.parametrize("item", ITEMS, ids=by_id)
def test_a_check_takes_at_most_a_second_of_processor_time(item):
    name = next(iter(item.wrong_answers))
    judge(item, answer_of(item, name))  # imports
    started = time.process_time()
    judge(item, answer_of(item, name))
    assert time.process_time() - started <= 1.0


@pytest.mark.parametrize("item", ITEMS, ids=by_id)
def test_the_text_form_is_deterministic_and_holds_what_the_html_form_holds(item):
    for name in item.wrong_answers:
        first, second = judge(item, answer_of(item, name)), judge(item, answer_of(item, name))
        assert repr(first) == repr(second)
        assert first._repr_html_() == second._repr_html_()
        assert "0x" not in repr(first)


@pytest.mark.parametrize("item", CODE, ids=by_id)
def test_the_answer_gets_true_copies(item):
    """What an answer keeps must not hold the case's own arrays or those of another call."""
    if not callable(item.reference):
        pytest.skip("the answer is not a single callable")
    kept: list[object] = []
    own: list[object] = []

    def cases(rng):
        made = item.cases(rng)
        own.extend(value for case in made for value in case.args)
        return made

    def greedy(*args, **kwargs):
        kept.extend(args)
        return item.reference(*args, **kwargs)

    spied = copy.copy(item)
    object.__setattr__(spied, "cases", cases)
    if isinstance(item.reference, type):
        pytest.skip("the answer is a class")
    judge(spied, greedy)
    arrays = [value for value in kept if isinstance(value, np.ndarray)]
    originals = [value for value in own if isinstance(value, np.ndarray)]
    assert not any(a is b or np.shares_memory(a, b) for a in arrays for b in originals)
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


@pytest.mark.parametrize("item", CODE, ids=by_id)
def test_cases_depend_on_the_seed_only(item):
    one, two = (item.cases(np.random.default_rng(4)) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        plain = [(x, y) for x, y in zip(a.args, b.args, strict=True) if not isinstance(x, Fresh)]
        assert all(same_input(x, y) for x, y in plain)


def test_what_is_said_to_stand_in_no_chapter_stands_in_none_and_everything_else_in_one():
    asked = submissions.questions(ROOT / "notebooks")
    taught = {question.id for questions in asked.values() for question in questions}
    assert taught.isdisjoint(FURTHER)
    assert taught | FURTHER == {item.id for item in all_items()}
