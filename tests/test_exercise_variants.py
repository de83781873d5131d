"""Mistakes that any exercise can see: each changed input or result against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from test_exercise_engine import toy

from course_lib.exercises import Case, variants, wording
from course_lib.exercises.catalogue import find
from course_lib.exercises.engine import judge

NAMES = ["X", "y", "lam", "step", "k", "loud"]
ARGUMENTS = {
    "X": np.array([[1.0, 6, -1], [3, 2, 1]]),
    "y": np.array([1.0, 5]),
    "lam": 0.16,
    "step": 0.5,
    "k": 4,
    "loud": True,
}
CENTRED, STANDARDISED = [[-1, 2, -1], [1, -2, 1]], [[-1, 1, -1], [1, -1, 1]]
CHANGES = [  # key of the sentence, the argument it is about, and what becomes of the arguments
    ("number_unused", {"lam": 0}),
    ("number_one", {"lam": 1}),
    ("number_doubled", {"lam": 0.32}),
    ("number_halved", {"lam": 0.08}),
    ("number_squared", {"lam": 0.0256}),
    ("number_root", {"lam": 0.4}),
    ("number_negative", {"lam": -0.16}),
    ("number_turned", {"lam": 6.25}),
    ("number_complement", {"lam": 0.84}),
    ("number_complement", {"k": -3}),
    ("times_n", {"lam": 0.32}),
    ("over_n", {"lam": 0.08}),
    ("times_d", {"lam": 0.48}),
    ("over_d", {"lam": 0.16 / 3}),
    ("columns_for_rows", {"lam": 0.24}),
    ("count_more", {"k": 5}),
    ("count_less", {"k": 3}),
    ("array_zero", {"y": [0, 0]}),
    ("array_negative", {"y": [-1, -5]}),
    ("array_absolute", {"X": [[1, 6, 1], [3, 2, 1]]}),
    ("array_centred", {"X": CENTRED}),
    ("array_grand_mean", {"X": [[-1, 4, -3], [1, 0, -1]]}),
    ("array_standardised", {"X": STANDARDISED}),
    ("array_scaled", {"X": [[1, 3, -1], [3, 1, 1]]}),
    ("both_centred", {"X": CENTRED, "y": [-2, 2]}),
    ("both_standardised", {"X": STANDARDISED, "y": [-2, 2]}),
]


def arguments(X, y, lam, step, k, loud):
    """Hand back what came: what a variant changes can be read off."""
    return {"X": X, "y": y, "lam": lam, "step": step, "k": k, "loud": loud}


def changed_arguments():
    """What each variant of ``arguments`` receives, by its sentence."""
    values = list(ARGUMENTS.values())
    found = variants.other_inputs(arguments, NAMES, values)
    return {sentence: answer(*values) for kind, sentence, answer in found if kind == "other_input"}


@pytest.mark.parametrize(
    ("key", "expected"), CHANGES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_one_input_is_changed_and_the_others_are_not(key, expected):
    got = changed_arguments()[wording.engine(key, name=next(iter(expected)))]
    for name, value in (ARGUMENTS | expected).items():
        np.testing.assert_allclose(got[name], value, rtol=1e-12, err_msg=name)


def test_only_arguments_that_could_be_taken_for_each_other_are_exchanged():
    found = changed_arguments()
    exchanged = [text for text in found if "exchanged" in text]
    assert exchanged == [wording.engine("exchanged", name="lam", other="step")]
    assert (found[exchanged[0]]["lam"], found[exchanged[0]]["step"]) == (0.5, 0.16)


def test_every_table_of_changes_is_tried_here():
    tried = {key for key, _ in CHANGES}
    tables = {"number": variants.NUMBERS, "count": variants.COUNTS, "array": variants.ARRAYS}
    assert {f"{prefix}_{key}" for prefix, table in tables.items() for key in table} <= tried
    assert set(variants.RESULTS) == set(RESULTS)


def test_switches_and_texts_are_left_alone():
    found = variants.other_inputs(lambda a, b: None, ["a", "b"], [True, "mean"])
    assert list(found) == []


LIKE = np.array([4.0, -9, 0.25])
RESULTS = {
    "squared": [16, 81, 0.0625],
    "root": [2, 3, 0.5],
    "absolute": [4, 9, 0.25],
    "complement": [-3, 10, 0.75],
    "turned": [0.25, -1 / 9, 4],
    "floor": [4, -9, 0],
    "whole": [4, -9, 0],
    "sum": -4.75,
    "mean": -4.75 / 3,
    "mean_square": 97.0625 / 3,
    "transposed": LIKE,
    "last_to_first": [0.25, -9, 4],
    "column": [[4], [-9], [0.25]],
}


@pytest.mark.parametrize("key", RESULTS)
def test_a_result_worked_on_afterwards(key):
    sentence = wording.engine(f"result_{key}")
    found = variants.other_results(lambda w: 2 * w, ["w"], [LIKE / 2], LIKE)
    results = [answer(LIKE / 2) for _, text, answer in found if text == sentence]
    assert any(np.shape(r) == np.shape(RESULTS[key]) and np.allclose(r, RESULTS[key]) for r in results)


def test_floor_and_trunc_part_below_zero():
    below = np.array([-1.5, 1.5])
    assert variants.RESULTS["floor"](below).tolist() == [-2, 1]
    assert variants.RESULTS["whole"](below).tolist() == [-1, 1]


def test_one_of_two_results_is_changed_at_a_time():
    def both(w):
        return w, 3 * w

    w = np.array([2.0, 5.0])
    results = [answer(w) for _, text, answer in variants.other_results(both, ["w"], [w], both(w))
               if text == wording.engine("result_squared")]  # fmt: skip
    assert [[part.tolist() for part in result] for result in results] == [
        [[4, 25], [6, 15]],
        [[2, 5], [36, 225]],
    ]


def test_the_change_instead_of_the_new_value():
    def step(w, g):
        w -= 0.5 * g  # what it starts from must have been kept
        return w

    args = [np.array([1.0, 2.0]), np.array([4.0, -2.0])]
    sentence = wording.engine("result_change", name="w")
    (change,) = [
        a for _, text, a in variants.other_results(step, ["w", "g"], args, args[0]) if text == sentence
    ]
    np.testing.assert_allclose(change(args[0].copy(), args[1]), [-2, 1])


# ----------------------------------------------------------------------------- what a learner reads


def ridge(X, y, lam):
    """Minimiser of ``‖y − Xw‖²/(2n) + (λ/2)‖w‖²``."""
    return np.linalg.solve(X.T @ X / len(y) + lam * np.eye(X.shape[1]), X.T @ y / len(y))


def ridge_toy(sizes=((6, 2), (9, 3), (12, 2)), **changes):
    def cases(rng):
        return [Case((rng.normal(size=size) + 1, rng.normal(size=size[0]), lam), label=f"n = {size[0]}")
                for size, lam in zip(sizes, (0.3, 0.7, 1.7), strict=True)]  # fmt: skip

    settings = {"signature": "ridge(X, y, lam)", "reference": ridge, "misconceptions": {}, "cases": cases}
    return toy(**(settings | changes))


READINGS = {
    "number_doubled": ("lam", lambda X, y, lam: ridge(X, y, 2 * lam)),
    "number_squared": ("lam", lambda X, y, lam: ridge(X, y, lam * lam)),
    "times_n": ("lam", lambda X, y, lam: np.linalg.solve(X.T @ X / len(y) ** 2 + lam * np.eye(X.shape[1]),
                                                         X.T @ y / len(y) ** 2)),
    "over_n": ("lam", lambda X, y, lam: np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ y)),
    "columns_for_rows": ("lam", lambda X, y, lam: np.linalg.solve(
        X.T @ X / X.shape[1] + lam * np.eye(X.shape[1]), X.T @ y / X.shape[1])),
    "array_centred": ("X", lambda X, y, lam: ridge(X - X.mean(axis=0), y, lam)),
}  # fmt: skip


@pytest.mark.parametrize("key", READINGS)
def test_the_reading_that_fits_every_case_is_named(key):
    name, answer = READINGS[key]
    report = judge(ridge_toy(), answer)
    assert (report.kind, report.diagnosis) == ("other_input", None)
    assert wording.engine(key, name=name) in report.sentence


def test_readings_with_the_same_numbers_are_all_named():
    report = judge(ridge_toy(sizes=((2, 1), (2, 3), (2, 2))), lambda X, y, lam: ridge(X, y, 2 * lam))
    assert report.kind == "other_input"
    texts = [wording.engine(key, name="lam") for key in ("number_doubled", "times_n")]
    assert report.sentence == wording.engine("other_input", change=wording.engine("or_when").join(texts))


def test_more_than_three_readings_name_none():
    """At λ = 2 in squares of two rows: doubled, squared, times n, times d are one number."""
    square = np.array([[1.0, 2.0], [0.5, -1.0]])
    cases = [Case((square * size, np.array([1.0, 3.0]), 2.0), label=f"{size}") for size in (1.0, 2.0)]
    report = judge(ridge_toy(cases=lambda rng: cases), lambda X, y, lam: ridge(X, y, 4.0))
    assert report.kind == "value"


def test_one_wrong_number_is_not_enough_to_name_a_reading():
    def cases(rng):
        return [Case((np.array([[1.0], [2.0]]), np.array([1.0, 3.0]), 0.3), label="one weight")]

    assert judge(ridge_toy(cases=cases), READINGS["number_squared"][1]).kind == "value"


def test_a_misconception_of_the_exercise_comes_first():
    item = ridge_toy(misconceptions={"twice": READINGS["number_doubled"][1]})
    assert judge(item, READINGS["number_doubled"][1]).diagnosis == "twice"


# ----------------------------------------------------------------------------- classes


class Layer:
    """Multiplies by c."""

    def __init__(self, c):
        self.c = c

    def forward(self, x):
        return self.c * x


class Shifted(Layer):
    def forward(self, x):
        return self.c * x + [1, 0, 3]


class Overwriting(Layer):
    def forward(self, x):
        x *= self.c
        return x


def observe_forward(answer, c, x):
    return answer(c).forward(x)


def layer_toy():
    cases = [
        Case((c, np.array([1.0, -2.0, 0.0])), label="three", observe=observe_forward) for c in (2.0, 3.5)
    ]
    return toy(signature="Layer(c)", reference=Layer, misconceptions={}, cases=lambda rng: cases)


def test_the_arguments_of_a_method_have_their_names():
    (failure,) = judge(layer_toy(), Shifted).failures
    assert list(failure.inputs) == ["c", "x"]
    report = judge(layer_toy(), Overwriting)
    assert report.kind == "modified"
    assert report.sentence == wording.engine("modified_right", names="x")


def forgets(method):
    """The reference layer of the dropout exercise with one method that returns nothing."""
    reference = find("dropout.layer").reference

    def without_return(self, *args):
        getattr(reference, method)(self, *args)

    return type("Forgets", (reference,), {method: without_return})


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_a_method_that_returned_nothing_is_named(method):
    report = judge(find("dropout.layer"), forgets(method))
    assert (report.kind, report.diagnosis) == ("type", None)
    assert report.sentence == wording.engine("kind_none_of", name=method)


# ----------------------------------------------------------------------------- edges


def numbers_toy():
    cases = [Case((np.array([1.0, -2.0]) + c, c), label=f"c = {c}") for c in (0.0, 0.5, 1.0)]
    return toy(cases=lambda rng: cases, misconceptions={})


@pytest.mark.parametrize(("value", "which"), [(np.nan, "NaN"), (np.inf, "inf")])
def test_a_result_that_breaks_down_on_the_edge_only_is_said_to_be_right_elsewhere(value, which):
    report = judge(numbers_toy(), lambda w, c: c * w + (value if c == 0 else 0))
    words = {"which": which, "part": wording.engine("whole"), "wrong": "c = 0.0"}
    assert (report.kind, report.sentence) == ("edge", wording.engine("edge", **words))


@pytest.mark.parametrize(
    "answer",
    [
        lambda w, c: c * w + (np.nan if c < 1 else 0),  # two cases of three
        lambda w, c: c * w + (np.array([np.nan, 1]) if c == 0 else 0),  # wrong beside the NaN
    ],
    ids=["most_cases", "wrong_too"],
)
def test_no_edge_when_more_is_wrong(answer):
    assert judge(numbers_toy(), answer).kind == "not_finite"


# ----------------------------------------------------------------------------- inputs written over


def whole_numbers_toy():
    cases = [
        Case((np.array([1.0, -2.0]), 0.5), label="mixed"),
        Case((np.array([1, 3]), 0.5), label="whole numbers"),
        Case((np.array([1.0, 3.0]), 2.0), label="positive"),
    ]
    return toy(cases=lambda rng: cases, misconceptions={})


def test_an_input_written_over_is_named_although_whole_numbers_stop_it():
    def in_place(w, c):
        w *= c
        return w

    report = judge(whole_numbers_toy(), in_place)
    assert report.kind == "modified"
    modified, stopped = report.sentence.split("\n", 1)
    assert modified == wording.engine("modified", names="w")
    assert "`w *= c`" in stopped


def test_another_error_comes_before_the_input_written_over():
    def in_place_and_text(w, c):
        w += 1
        return c * w + ("" if c == 0.5 else 0)

    assert judge(whole_numbers_toy(), in_place_and_text).kind == "error"


def test_a_named_mistake_that_also_writes_over_its_input_is_told_both():
    def in_place(w, c):
        w += 1
        return c * w

    item = toy(misconceptions={"one_more": lambda w, c: c * (w + 1)})
    report = judge(item, in_place)
    assert report.diagnosis == "one_more"
    assert report.sentence.endswith(wording.engine("modified", names="w"))
