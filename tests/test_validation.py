"""Bad input to every public function of the core: the error names the argument and shows the value."""

import doctest
import importlib
import inspect
import subprocess
import sys

import numpy as np
import pytest

from course_lib import losses, penalties
from course_lib.solvers import coordinate, gradient, least_squares, proximal, ridge

MODULES = ["penalties", "losses", "solvers.result", "solvers.centring", "solvers.ridge", "solvers.gradient",
           "solvers.least_squares", "solvers.proximal", "solvers.coordinate"]  # fmt: skip

GOOD_X, GOOD_Y, GOOD_W = [[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]], [1.0, 0.0, 2.0], [0.5, -1.0]

# What is wrong with an argument, by its kind: value, exception, what the message shows of the value.
BAD_MATRIX = [
    ([[1.0, np.nan], [0.0, 1.0], [0.0, 1.0]], ValueError, "nan"),
    ([[1.0, np.inf], [0.0, 1.0], [0.0, 1.0]], ValueError, "inf"),
    (np.empty((0, 2)), ValueError, r"\(0, 2\)"),
    (np.empty((3, 0)), ValueError, r"\(3, 0\)"),
    ([1.0, 2.0, 3.0], ValueError, r"\(3,\)"),
    (np.ones((3, 2, 1)), ValueError, r"\(3, 2, 1\)"),
    ([["a", "b"]] * 3, TypeError, "'a'"),
    ([[1.0, 2.0], [3.0]], ValueError, "rectangular"),
    ("abc", TypeError, "'abc'"),
    (None, TypeError, "None"),
    ([[1j, 0], [0, 0], [0, 0]], TypeError, "1j"),
]
BAD_VECTOR = [
    ([1.0, np.nan, 0.0], ValueError, "nan"),
    ([1.0, -np.inf, 0.0], ValueError, "inf"),
    ([], ValueError, r"\(0,\)"),
    (np.ones((3, 1)), ValueError, r"\(3, 1\)"),
    (1.0, ValueError, r"\(\)"),
    (["a", "b", "c"], TypeError, "'a'"),
    ([[1.0], [1.0, 2.0], [3.0]], ValueError, "rectangular"),
    (None, TypeError, "None"),
]
WRONG_LENGTH = [([1.0] * 7, ValueError, "7")]
NOT_A_NUMBER = [
    ("0.1", TypeError, "'0.1'"),
    (None, TypeError, "None"),
    (True, TypeError, "True"),
    ([0.1], TypeError, r"\[0\.1\]"),
    (np.nan, ValueError, "nan"),
    (np.inf, ValueError, "inf"),
]
BAD_STRENGTH = [*NOT_A_NUMBER, (-0.5, ValueError, r"-0\.5")]
BAD_POSITIVE = [*BAD_STRENGTH, (0, ValueError, "0")]
BAD_TOL = [bad for bad in BAD_POSITIVE if bad[0] is not None]  # None asks for the default
BAD_SHARE = [*BAD_STRENGTH, (1.5, ValueError, r"1\.5")]
BAD_COUNT = [
    (0, ValueError, "0"),
    (-3, ValueError, "-3"),
    (2.5, TypeError, r"2\.5"),
    (True, TypeError, "True"),
]
BAD_SWITCH = [("yes", TypeError, "'yes'"), (1, TypeError, "1"), (None, TypeError, "None")]
BAD_CALLBACK = [(3, TypeError, "3"), ("f", TypeError, "'f'")]
BAD_ARRAY = [
    ([1.0, np.nan], ValueError, "nan"),
    ([1.0, -np.inf], ValueError, "inf"),
    ([], ValueError, r"\(0,\)"),
    (["a", "b"], TypeError, "'a'"),
    ([[1.0], [1.0, 2.0]], ValueError, "rectangular"),
    (None, TypeError, "None"),
]
BAD_GRID = [*BAD_VECTOR, ([0.1, -0.5], ValueError, r"-0\.5")]

DATA = {"X": BAD_MATRIX, "y": BAD_VECTOR + WRONG_LENGTH}
BAD_WEIGHTS = [
    *BAD_ARRAY,
    *WRONG_LENGTH,
    (1.0, ValueError, r"\(\)"),
    (np.ones((2, 1)), ValueError, r"\(2, 1\)"),
]
POINT = {"w": BAD_WEIGHTS}
FIT = DATA | {"lam": BAD_STRENGTH, "fit_intercept": BAD_SWITCH}
RIDGE_POINT = DATA | POINT | {"b": NOT_A_NUMBER, "lam": BAD_STRENGTH}
NET_POINT = RIDGE_POINT | {"l1_ratio": BAD_SHARE}
NET = FIT | {"l1_ratio": BAD_SHARE}
SOLVER = NET | {"w0": [bad for bad in BAD_WEIGHTS if bad[0] is not None], "max_iter": BAD_COUNT,
                "tol": BAD_TOL, "callback": BAD_CALLBACK}  # fmt: skip
DESCENT = {"w0": BAD_VECTOR, "step": BAD_POSITIVE, "max_iter": BAD_COUNT, "tol": BAD_POSITIVE,
           "callback": BAD_CALLBACK}  # fmt: skip
GOOD = {"X": GOOD_X, "y": GOOD_Y, "w": GOOD_W, "b": 0.1, "lam": 0.1, "lams": [0.1], "l1_ratio": 0.5}
START = {"w0": GOOD_W, "step": 0.5}


def half_square(w):
    return w @ w / 2, w


# function, its other good arguments, which arguments can be bad in which ways
FUNCTIONS = [
    (ridge.solve, {}, FIT),
    (ridge.path, {}, DATA | {"lams": BAD_GRID, "fit_intercept": BAD_SWITCH}),
    (ridge.loo_errors, {}, FIT),
    (ridge.choose_by_loo, {}, DATA | {"lams": BAD_GRID, "fit_intercept": BAD_SWITCH}),
    (ridge.shrinkage_factors, {}, {"X": BAD_MATRIX, "lam": BAD_STRENGTH, "center": BAD_SWITCH}),
    (ridge.effective_df, {}, {"X": BAD_MATRIX, "lam": BAD_STRENGTH, "center": BAD_SWITCH}),
    (ridge.objective, {}, RIDGE_POINT),
    (ridge.gradient, {}, RIDGE_POINT),
    (least_squares.objective, {}, NET_POINT),
    (least_squares.kkt_residual, {}, NET | POINT),
    (proximal.duality_gap, {}, NET | POINT),
    (proximal.lam_max, {}, DATA | {"l1_ratio": BAD_SHARE, "fit_intercept": BAD_SWITCH}),
    (proximal.ista, {}, SOLVER),
    (proximal.fista, {}, SOLVER | {"restart": BAD_SWITCH}),
    (coordinate.coordinate_descent, {}, SOLVER),
    (coordinate.path, {}, DATA | {"lams": BAD_GRID, "l1_ratio": BAD_SHARE, "tol": BAD_TOL}),
    (gradient.gradient_descent, START | {"value_and_gradient": half_square}, DESCENT),
    (gradient.subgradient_descent, START | {"value_and_subgradient": half_square},
     DESCENT | {"certificate": BAD_CALLBACK}),
    (penalties.L1, {}, {"lam": BAD_STRENGTH}),
    (penalties.L2, {}, {"lam": BAD_STRENGTH}),
    (penalties.ElasticNet, {}, {"lam": BAD_STRENGTH, "l1_ratio": BAD_SHARE}),
    (penalties.soft_threshold, {"z": GOOD_W, "threshold": 0.1}, {"z": BAD_ARRAY, "threshold": BAD_STRENGTH}),
    (losses.HuberLoss, {"delta": 1.0}, {"delta": BAD_POSITIVE}),
    (losses.sigmoid, {"score": GOOD_W}, {"score": BAD_VECTOR}),
    (losses.softmax, {"score": GOOD_X}, {"score": BAD_MATRIX}),
]  # fmt: skip
for _penalty in (penalties.L1(0.1), penalties.L2(0.1), penalties.ElasticNet(0.1, 0.5)):
    FUNCTIONS += [
        (_penalty.value, {}, {"w": BAD_ARRAY}),
        (_penalty.subgradient, {}, {"w": BAD_ARRAY}),
        (_penalty.prox, {"step": 0.5}, {"w": BAD_ARRAY, "step": BAD_POSITIVE}),
        (_penalty.subdifferential_distance, {"grad": GOOD_W},
         {"w": BAD_ARRAY, "grad": [*BAD_ARRAY, ([1.0] * 3, ValueError, r"\(3,\)")]}),
        (_penalty.conjugate, {"u": GOOD_W}, {"u": BAD_ARRAY}),
    ]  # fmt: skip
FUNCTIONS += [
    (penalties.L1(0.1).dual_norm, {"u": GOOD_W}, {"u": BAD_ARRAY}),
    (penalties.L2(0.1).gradient, {}, {"w": BAD_ARRAY}),
]
for _loss in (losses.SquaredLoss(), losses.AbsoluteLoss(), losses.HuberLoss(), losses.LogisticLoss(),
              losses.HingeLoss()):  # fmt: skip
    _good = {"y": [1, 1, 1], "score": [0.1, -0.2, 0.3]}
    for _method in (_loss.value, _loss.pointwise, _loss.gradient):
        FUNCTIONS.append((_method, _good, {"y": BAD_VECTOR + WRONG_LENGTH, "score": BAD_VECTOR}))
for _method in (losses.SoftmaxLoss().value, losses.SoftmaxLoss().pointwise, losses.SoftmaxLoss().gradient):
    _good = {"y": [0, 1, 1], "score": GOOD_X}
    FUNCTIONS.append((_method, _good, {"y": BAD_VECTOR + WRONG_LENGTH, "score": BAD_MATRIX}))


def good_arguments(function, extra, bad):
    return {name: value for name, value in GOOD.items() if name in _parameters(function)} | extra


def _parameters(function):
    return inspect.signature(function).parameters


def _name(function):
    return getattr(function, "__qualname__", repr(function))


TABLE = [
    pytest.param(function, extra, bad, name, value, error, shown, id=f"{_name(function)}-{name}-{i}")
    for function, extra, bad in FUNCTIONS
    for name, values in bad.items()
    for i, (value, error, shown) in enumerate(values)
]


@pytest.mark.parametrize(("function", "extra", "bad"), FUNCTIONS, ids=[_name(f) for f, _, _ in FUNCTIONS])
def test_the_good_arguments_are_accepted(function, extra, bad):
    function(**good_arguments(function, extra, bad))


@pytest.mark.parametrize(("function", "extra", "bad", "name", "value", "error", "shown"), TABLE)
def test_bad_argument_is_named_with_its_value(function, extra, bad, name, value, error, shown):
    arguments = good_arguments(function, extra, bad) | {name: value}
    with pytest.raises(error, match=rf"(?s)\b{name}\b.*{shown}"):
        function(**arguments)


def test_every_public_function_is_in_the_table():
    covered = {_name(function).split(".")[0] for function, _, _ in FUNCTIONS}
    # A method of a loss is inherited from Loss; minimise and Problem are checked through the solvers.
    covered |= {type(f.__self__).__name__ for f, _, _ in FUNCTIONS if hasattr(f, "__self__")} | {
        "minimise",
        "Problem",
    }
    public = {
        name
        for module in (penalties, losses, ridge, gradient, least_squares, proximal, coordinate)
        for name in module.__all__
    }
    assert public <= covered


@pytest.mark.parametrize("descent", [gradient.gradient_descent, gradient.subgradient_descent])
def test_the_function_to_minimise_must_be_one(descent):
    with pytest.raises(TypeError, match=r"must be a function of w.*got 3"):
        descent(3, GOOD_W, step=0.1)


def test_lists_and_integers_are_welcome():
    w, b = ridge.solve([[1, 2], [3, 5], [0, 1]], [1, 0, 2], 1)
    again, c = ridge.solve(np.array(GOOD_X), np.array(GOOD_Y), 1.0)
    np.testing.assert_array_equal(w, again)
    assert b == c


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings(module):
    result = doctest.testmod(importlib.import_module(f"course_lib.{module}"))
    assert result.failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [
        t for m in MODULES for t in finder.find(importlib.import_module(f"course_lib.{m}")) if t.examples
    ]
    assert len(found) >= 15


def test_the_core_imports_neither_torch_nor_scikit_learn():
    imports = "; ".join(f"import course_lib.{module}" for module in MODULES)
    heavy = {"torch", "sklearn", "scipy", "matplotlib"}
    code = f"{imports}; import sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
