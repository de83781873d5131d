"""Exercises of chapter 90: what the other chapters lean on, from singular values to autograd."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course_lib.exercises.exercise import Case, Choice, Exercise, Misconception

__all__ = ["EXERCISES"]

Array = np.ndarray
Function = Callable[[Array], float]


# -------------------------------------------------------------------------------------- condition number


def condition_number(X: Array, lam: float) -> float:
    """Largest over smallest eigenvalue of X'X + n lam I, from the singular values of X."""
    s = np.linalg.svd(X, compute_uv=False)
    return float((s[0] ** 2 + len(X) * lam) / (s[-1] ** 2 + len(X) * lam))


def condition_by_eigenvalues(X: Array, lam: float) -> float:
    """From the eigenvalues of the matrix itself."""
    n, d = X.shape
    values = np.linalg.eigvalsh(X.T @ X + n * lam * np.eye(d))
    return float(values.max() / values.min())


def condition_by_numpy(X: Array, lam: float) -> np.floating:
    """By `np.linalg.cond`."""
    return np.linalg.cond(X.T @ X + lam * X.shape[0] * np.identity(X.shape[1]))


def _condition(formula: Callable[[Array, float, int], float]) -> Callable[[Array, float], float]:
    """Another formula of the singular values, largest first, the strength and n."""

    def wrong(X: Array, lam: float) -> float:
        return float(formula(np.linalg.svd(X, compute_uv=False), lam, len(X)))

    return wrong


def condition_by_columns(X: Array, lam: float) -> float:
    """From the lengths of the columns, as if they were perpendicular."""
    squares = np.sum(X**2, axis=0) + len(X) * lam
    return float(squares.max() / squares.min())


def condition_no_identity(X: Array, lam: float) -> float:
    """n lam added to every entry of X'X."""
    values = np.linalg.eigvalsh(X.T @ X + len(X) * lam)
    return float(values[-1] / values[0])


def condition_cases(rng: np.random.Generator) -> list[Case]:
    """A diagonal and three general matrices, with and without a penalty; n is not d."""
    diagonal = np.array([[0.0, 1.0], [3.0, 0.0], [0.0, 0.0]])
    stretched = rng.normal(size=(12, 3)) * np.array([1.0, 3.0, 0.5])
    mixed = rng.normal(size=(9, 4)) @ (np.eye(4) + 0.8)
    return [
        Case((diagonal, 0.0), label="no_penalty"),
        Case((diagonal, 0.5), label="small"),
        Case((stretched, 0.3), label="random"),
        Case((mixed, 1.7), label="random"),
    ]


# --------------------------------------------------------------------------------------- subdifferential


def hinge_subgradients(m: float) -> tuple[float, float]:
    """Smallest and largest subgradient of max(0, 1 - m)."""
    return (-1.0 if m <= 1 else 0.0), (-1.0 if m < 1 else 0.0)


def hinge_by_branches(m: float) -> list[int]:
    """Case by case, as a list."""
    if m < 1:
        return [-1, -1]
    return [-1, 0] if m == 1 else [0, 0]


def hinge_by_slopes(m: float) -> tuple[float, float]:
    """The slopes to the left and to the right, from the function itself."""
    h = 2.0**-20

    def hinge(m: float) -> float:
        return max(0.0, 1 - m)

    if abs(m - 1) > h:  # no kink nearby: the slope of the piece
        return (-1.0, -1.0) if hinge(m) > 0 else (0.0, 0.0)
    return (hinge(m) - hinge(m - h)) / h, (hinge(m + h) - hinge(m)) / h


def _hinge(at_kink: tuple[float, float]) -> Callable[[float], tuple[float, float]]:
    """Another answer at the kink alone."""
    return lambda m: at_kink if m == 1 else hinge_subgradients(m)


def hinge_like_v(m: float) -> tuple[float, float]:
    """The subgradients of |m - 1|."""
    return (-1.0 if m <= 1 else 1.0), (-1.0 if m < 1 else 1.0)


def hinge_interval_left(m: float) -> tuple[float, float]:
    """The interval on the whole falling side."""
    return (-1.0, 0.0) if m <= 1 else (0.0, 0.0)


def hinge_wide_kink(m: float) -> tuple[float, float]:
    """The interval in a whole neighbourhood of the kink."""
    return (-1.0, 0.0) if abs(m - 1) < 0.01 else hinge_subgradients(m)


def hinge_squared(m: float) -> tuple[float, float]:
    """The slope of max(0, 1 - m)²."""
    return (-2 * max(0.0, 1 - m),) * 2


def hinge_rising(m: float) -> tuple[float, float]:
    """Slope 1 where the function falls."""
    return (1.0, 1.0) if m < 1 else (0.0, 0.0)


def hinge_cases(rng: np.random.Generator) -> list[Case]:
    """The kink, both sides of it, far and near, and margins around 0 and -1."""
    return [
        Case((1.0,), label="kink"),
        Case((0.4,), label="left"),
        Case((2.5,), label="right"),
        Case((0.9995,), label="nearly"),
        Case((1.0005,), label="nearly"),
        Case((0.0,), label="zero"),
        Case((-1.0,), label="left"),
        Case((float(rng.uniform(-3, 0.9)),), label="left"),
        Case((float(rng.uniform(1.1, 4)),), label="right"),
    ]


# ------------------------------------------------------------------------------------------------- prior


def laplace_strength(sigma: float, scale: float, n: int) -> float:
    """Strength of the L1 penalty that a Laplace prior of this scale stands for."""
    return sigma**2 / (n * scale)


def laplace_by_products(sigma: float, scale: float, n: int) -> float:
    """Noise variance times the prior's weight, over n."""
    return sigma * sigma * (1 / scale) / n


def laplace_by_balance(sigma: float, scale: float, n: int) -> float:
    """From the ratio of the two terms' factors: 1/scale over 2 / (2 sigma²), and the loss divided by n."""
    loss, prior = 1 / (2 * sigma**2), 1 / scale
    return prior / (2 * loss) / n


def strength_cases(rng: np.random.Generator) -> list[Case]:
    """Noise, scale and n all different from 1 and from each other."""
    cases = [Case((2.0, 0.5, 10), label="small"), Case((0.3, 1.6, 25), label="little_noise")]
    for n in (7, 40):
        cases.append(Case((float(rng.uniform(1.2, 3)), float(rng.uniform(0.2, 0.8)), n), label="random"))
    return cases


# ---------------------------------------------------------------------------------------- finite differences


def central_difference(f: Function, w: Array, h: float) -> Array:
    """Central difference quotients of f at w, one for each entry."""
    return np.array([(f(w + h * e) - f(w - h * e)) / (2 * h) for e in np.eye(len(w))])


def central_loop(f: Function, w: Array, h: float) -> list[float]:
    """One entry moved at a time, in copies, as a list."""
    result = []
    for j in range(len(w)):
        up, down = np.array(w, float), np.array(w, float)
        up[j] += h
        down[j] -= h
        result.append(float(f(up) - f(down)) / (up[j] - down[j]))
    return result


def central_average(f: Function, w: Array, h: float) -> Array:
    """The mean of the forward and the backward quotients."""
    forward, backward = (quotients(f, w, step) for step in (h, -h))
    return (forward + backward) / 2


def quotients(f: Function, w: Array, h: float) -> Array:
    """One-sided difference quotients: forward for h > 0, backward for h < 0."""
    return np.array([(f(w + h * e) - f(w)) / h for e in np.eye(len(w))])


def forward_over_2h(f: Function, w: Array, h: float) -> Array:
    """From w to w + h, divided by 2h."""
    return quotients(f, w, h) / 2


def all_at_once(f: Function, w: Array, h: float) -> Array:
    """Every entry moved by h together."""
    return np.full(len(w), (f(w + h) - f(w - h)) / (2 * h))


def steps_pile_up(f: Function, w: Array, h: float) -> Array:
    """The moved vector goes on to the next entry."""
    moved, result = np.array(w, float), []
    for j in range(len(w)):
        moved[j] += h
        up = f(moved)
        moved[j] -= 2 * h
        result.append((up - f(moved)) / (2 * h))
    return np.array(result)


def own_step(f: Function, w: Array, h: float) -> Array:
    """A small step of its own in place of h."""
    return central_difference(f, w, 1e-5)


def divided_too_soon(f: Function, w: Array, h: float) -> Array:
    """The lower value alone divided."""
    return np.array([f(w + h * e) - f(w - h * e) / (2 * h) for e in np.eye(len(w))])


def second_quotients(f: Function, w: Array, h: float) -> Array:
    """Second derivatives."""
    return np.array([(f(w + h * e) - 2 * f(w) + f(w - h * e)) / h**2 for e in np.eye(len(w))])


def cubic(w: Array) -> float:
    """A function whose quotients depend on h: w_0³ + 2 w_0 w_1 (+ 3 w_j² for the others)."""
    return float(w[0] ** 3 + 2 * w[0] * w[1] + 3 * np.sum(w[2:] ** 2))


def exponential(w: Array) -> float:
    """exp(w_0 - w_1) + sum of fourth powers."""
    return float(np.exp(w[0] - w[1]) + np.sum(w**4))


def difference_cases(rng: np.random.Generator) -> list[Case]:
    """Steps that are not small, so that every quotient has its own value."""
    return [
        Case((cubic, np.array([1.0, -2.0]), 0.4), label="parts"),
        Case((exponential, np.array([0.5, 0.0, -1.0]), 0.1), label="zero_entry"),
        Case((cubic, rng.normal(size=4), 0.25), label="random"),
        Case((exponential, rng.uniform(-1, 1, 3), 0.2), label="random"),
        Case((cubic, np.array([2, -1, 3]), 0.4), label="whole_numbers"),
    ]


# --------------------------------------------------------------------------------------------------- mask


def masked_variance(x: Array, p: float) -> Array:
    """Variance of M_j x_j / (1 - p), where M_j is 0 with probability p and otherwise 1."""
    return p / (1 - p) * np.asarray(x) ** 2


def masked_variance_moments(x: Array, p: float) -> list[float]:
    """Mean of the square minus square of the mean, entry by entry."""
    result = []
    for value in x:
        kept = value / (1 - p)
        result.append((1 - p) * kept**2 - value**2)
    return result


def masked_variance_scaled(x: Array, p: float) -> Array:
    """The variance of the mask, times the square of what it is multiplied by."""
    return p * (1 - p) * np.square(x / (1 - p))


def _masked(factor: Callable[[float], float], power: int = 2) -> Callable[[Array, float], Array]:
    """Another factor before a power of x."""
    return lambda x, p: factor(p) * np.asarray(x) ** power


def mask_cases(rng: np.random.Generator) -> list[Case]:
    """Inputs of both signs and a zero; rates below and above a half, and none at all."""
    return [
        Case((np.array([3.0, -1.0, 0.0]), 0.2), label="both_signs"),
        Case((np.array([2.0, -0.5]), 0.7), label="large_rate"),
        Case((rng.normal(size=5), 0.35), label="random"),
        Case((rng.normal(size=3), 0.0), label="nothing_dropped"),
    ]


# ---------------------------------------------------------------------------------------------- conjugate


def square_conjugate(v: float, lam: float) -> float:
    """Largest value of v w - lam/2 w² over all w."""
    return v**2 / (2 * lam)


def square_conjugate_at_best(v: float, lam: float) -> float:
    """The best w put into the function."""
    w = v / lam
    return v * w - lam / 2 * w**2


def square_conjugate_searched(v: float, lam: float) -> float:
    """Newton's step on a parabola, from w = 0."""
    slope, curvature = v, -lam
    w = -slope / curvature
    return w * (v - lam * w / 2)


def conjugate_cases(rng: np.random.Generator) -> list[Case]:
    """Slopes of both signs and zero, strengths on both sides of 1."""
    return [
        Case((3.0, 2.0), label="small"),
        Case((-1.5, 0.4), label="negative_slope"),
        Case((0.0, 0.7), label="zero"),
        Case((float(rng.normal()) - 2, float(rng.uniform(0.2, 0.8))), label="random"),
        Case((float(rng.uniform(1, 3)), float(rng.uniform(1.5, 4))), label="random"),
    ]


EXERCISES = [
    Exercise(
        id="background.condition_number",
        chapter=90,
        minutes=3,
        difficulty=2,
        signature="condition_number(X, lam)",
        reference=condition_number,
        alternatives={"eigenvalues": condition_by_eigenvalues, "numpy": condition_by_numpy},
        misconceptions={
            "not_squared": Misconception(
                _condition(lambda s, lam, n: (s[0] + n * lam) / (s[-1] + n * lam)),
                "pitfall 21",
                also=(_condition(lambda s, lam, n: ((s[0] + n * lam) / (s[-1] + n * lam)) ** 2),),
            ),
            "without_n": Misconception(
                _condition(lambda s, lam, n: (s[0] ** 2 + lam) / (s[-1] ** 2 + lam)), "pitfall 1"
            ),
            "of_X": Misconception(
                _condition(lambda s, lam, n: s[0] / s[-1]), "condition of X for that of X'X"
            ),
            "no_penalty": Misconception(_condition(lambda s, lam, n: s[0] ** 2 / s[-1] ** 2), "pitfall 20"),
            "upside_down": Misconception(
                _condition(lambda s, lam, n: (s[-1] ** 2 + n * lam) / (s[0] ** 2 + n * lam)),
                "quotient turned round",
            ),
            "columns": Misconception(condition_by_columns, "columns taken as perpendicular"),
            "sum_of_both": Misconception(
                _condition(lambda s, lam, n: s[0] ** 2 / s[-1] ** 2 + n * lam),
                "penalty added to the quotient",
            ),
            "smallest_only": Misconception(
                _condition(lambda s, lam, n: s[0] ** 2 / (s[-1] ** 2 + n * lam)), "penalty in one place"
            ),
            "no_identity": Misconception(condition_no_identity, "NumPy broadcasting"),
            "root": Misconception(
                _condition(lambda s, lam, n: np.sqrt((s[0] ** 2 + n * lam) / (s[-1] ** 2 + n * lam))),
                "singular values of a square root",
            ),
        },
        cases=condition_cases,
        rtol=1e-6,
    ),
    Exercise(
        id="background.hinge_subgradients",
        chapter=90,
        minutes=2,
        difficulty=1,
        signature="hinge_subgradients(m)",
        returns=("smallest", "largest"),
        reference=hinge_subgradients,
        alternatives={"branches": hinge_by_branches, "slopes": hinge_by_slopes},
        misconceptions={
            "kink_flat": Misconception(_hinge((0.0, 0.0)), "the value that libraries pick at a kink"),
            "kink_slope": Misconception(_hinge((-1.0, -1.0)), "the value that libraries pick at a kink"),
            "kink_middle": Misconception(_hinge((-0.5, -0.5)), "an average for the interval"),
            "like_absolute": Misconception(
                _hinge((-1.0, 1.0)), "interval of |w| copied", also=(hinge_like_v,)
            ),
            "interval_everywhere": Misconception(
                lambda m: (-1.0, 0.0), "interval away from the kink", also=(hinge_interval_left,)
            ),
            "sign": Misconception(
                lambda m: tuple(0.0 - v for v in reversed(hinge_subgradients(m))),
                "inner derivative",
                also=(
                    lambda m: tuple(0.0 - v for v in hinge_subgradients(m)),
                    hinge_rising,
                    _hinge((0.0, 1.0)),
                ),
            ),
            "kink_at_zero": Misconception(lambda m: hinge_subgradients(m + 1), "perceptron for hinge"),
            "wide_kink": Misconception(hinge_wide_kink, "a tolerance for a point"),
            "squared": Misconception(
                hinge_squared, "squared hinge for hinge", also=(lambda m: (-max(0.0, 1 - m),) * 2,)
            ),
            "order": Misconception(lambda m: hinge_subgradients(m)[::-1], "ends of the interval exchanged"),
            "value": Misconception(lambda m: (max(0.0, 1 - m),) * 2, "value for slope"),
            "sides": Misconception(
                lambda m: (-1.0, 0.0) if m == 1 else (-1.0 * (m > 1),) * 2, "sides exchanged"
            ),
        },
        cases=hinge_cases,
    ),
    Exercise(
        id="background.laplace_strength",
        chapter=90,
        minutes=3,
        difficulty=2,
        signature="laplace_strength(sigma, scale, n)",
        reference=laplace_strength,
        alternatives={"products": laplace_by_products, "balance": laplace_by_balance},
        misconceptions={
            "normal_prior": Misconception(
                lambda sigma, scale, n: sigma**2 / (n * scale**2), "formula of the normal prior"
            ),
            "without_n": Misconception(lambda sigma, scale, n: sigma**2 / scale, "pitfall 1"),
            "times_n": Misconception(lambda sigma, scale, n: n * sigma**2 / scale, "pitfall 1"),
            "sigma_not_squared": Misconception(
                lambda sigma, scale, n: sigma / (n * scale), "standard deviation for variance"
            ),
            "halved": Misconception(
                lambda sigma, scale, n: sigma**2 / (2 * n * scale),
                "erratum 17",
                also=(lambda sigma, scale, n: 1 / (2 * scale) * sigma**2 / n,),
            ),
            "doubled": Misconception(lambda sigma, scale, n: 2 * sigma**2 / (n * scale), "erratum 6"),
            "scale_above": Misconception(
                lambda sigma, scale, n: scale * sigma**2 / n, "wide prior for strong penalty"
            ),
            "upside_down": Misconception(
                lambda sigma, scale, n: n * scale / sigma**2, "quotient turned round"
            ),
            "spread": Misconception(
                lambda sigma, scale, n: sigma**2 / (n * np.sqrt(2) * scale),
                "standard deviation for scale",
                also=(lambda sigma, scale, n: np.sqrt(2) * sigma**2 / (n * scale),),
            ),
            "unit_noise": Misconception(lambda sigma, scale, n: 1 / (n * scale), "noise forgotten"),
            "row_strength": Misconception(lambda sigma, scale, n: 1 / scale, "noise and n forgotten"),
        },
        cases=strength_cases,
    ),
    Exercise(
        id="background.central_difference",
        chapter=90,
        minutes=3,
        difficulty=2,
        signature="central_difference(f, w, h)",
        reference=central_difference,
        alternatives={"loop": central_loop, "average": central_average},
        misconceptions={
            "forward": Misconception(quotients, "one-sided quotient", also=(forward_over_2h,)),
            "backward": Misconception(lambda f, w, h: quotients(f, w, -h), "one-sided quotient"),
            "one_h": Misconception(lambda f, w, h: 2 * central_difference(f, w, h), "erratum 6"),
            "half_step": Misconception(
                lambda f, w, h: central_difference(f, w, h / 2) / 2, "steps and divisor do not match"
            ),
            "not_divided": Misconception(
                lambda f, w, h: 2 * h * central_difference(f, w, h), "change for slope"
            ),
            "wrong_order": Misconception(lambda f, w, h: -central_difference(f, w, h), "sign"),
            "precedence": Misconception(
                lambda f, w, h: h**2 * central_difference(f, w, h), "/ 2 * h for / (2 * h)"
            ),
            "divided_too_soon": Misconception(divided_too_soon, "brackets around the difference"),
            "own_step": Misconception(
                own_step,
                "argument ignored",
                also=(
                    lambda f, w, h: (4 * central_difference(f, w, h / 2) - central_difference(f, w, h)) / 3,
                ),
            ),
            "all_at_once": Misconception(
                all_at_once,
                "one number for the whole gradient",
                also=(lambda f, w, h: (f(w + h) - f(w - h)) / (2 * h),),
            ),
            "pile_up": Misconception(steps_pile_up, "an entry that is not put back"),
            "second": Misconception(second_quotients, "second derivative"),
        },
        cases=difference_cases,
        rtol=1e-6,
    ),
    Exercise(
        id="background.masked_variance",
        chapter=90,
        minutes=2,
        difficulty=1,
        signature="masked_variance(x, p)",
        reference=masked_variance,
        alternatives={"moments": masked_variance_moments, "scaled": masked_variance_scaled},
        misconceptions={
            "unscaled": Misconception(_masked(lambda p: p * (1 - p)), "erratum 10"),
            "scaled_once": Misconception(_masked(lambda p: p), "the scale of a variance is squared"),
            "second_moment": Misconception(_masked(lambda p: 1 / (1 - p)), "mean not subtracted"),
            "x_not_squared": Misconception(
                _masked(lambda p: p / (1 - p), 1),
                "pitfall 21",
                also=(lambda x, p: p / (1 - p) * np.abs(x), _masked(lambda p: p, 1)),
            ),
            "upside_down": Misconception(_masked(lambda p: (1 - p) / p), "pitfall 8"),
            "spread": Misconception(lambda x, p: np.sqrt(p / (1 - p)) * np.abs(x), "standard deviation"),
            "total": Misconception(lambda x, p: p / (1 - p) * np.sum(np.square(x)), "sum of the entries"),
            "mean": Misconception(lambda x, p: np.array(x), "mean for variance"),
            "without_x": Misconception(
                lambda x, p: p / (1 - p) + 0 * np.asarray(x),
                "the input forgotten",
                also=(lambda x, p: p / (1 - p),),
            ),
            "scaled_thrice": Misconception(
                _masked(lambda p: p / (1 - p) ** 2), "variance of the mask without its 1 - p"
            ),
        },
        cases=mask_cases,
    ),
    Choice(
        id="background.accumulate",
        chapter=90,
        minutes=1,
        difficulty=1,
        options=("a", "b", "c", "d"),
        correct="c",
        misconceptions={"a": "replaced", "b": "error", "d": "multiplied"},
    ),
    Exercise(
        id="background.square_conjugate",
        chapter=90,
        minutes=4,
        difficulty=2,
        signature="square_conjugate(v, lam)",
        reference=square_conjugate,
        alternatives={"at_best": square_conjugate_at_best, "newton": square_conjugate_searched},
        misconceptions={
            "itself": Misconception(lambda v, lam: lam / 2 * v**2, "inverse strength"),
            "best_w": Misconception(lambda v, lam: v / lam, "place for value"),
            "no_half": Misconception(lambda v, lam: v**2 / lam, "erratum 17"),
            "unit_strength": Misconception(lambda v, lam: v**2 / 2, "strength forgotten"),
            "negative": Misconception(lambda v, lam: -(v**2) / (2 * lam), "intercept for conjugate"),
            "quarter": Misconception(
                lambda v, lam: v**2 / (4 * lam), "erratum 3", also=(lambda v, lam: 3 * v**2 / (8 * lam),)
            ),
            "added": Misconception(lambda v, lam: 3 * v**2 / (2 * lam), "sign of f"),
        },
        cases=conjugate_cases,
    ),
]
