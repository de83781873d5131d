"""Exercises of chapter 06: the exact lasso path, 1/(2n) ||y - Xw||² + lam ||w||_1 for every lam at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course_lib.exercises.exercise import Case, Exercise, Misconception

__all__ = ["EXERCISES"]

Array = np.ndarray
TINY = 1e-10


def draw(rng: np.random.Generator, n: int, d: int) -> tuple[Array, Array]:
    """Centred data whose columns have different scales and are correlated."""
    X = (rng.normal(size=(n, d)) + rng.normal(size=(n, 1))) * rng.uniform(0.5, 2.0, d)
    X = X - X.mean(axis=0)
    y = X @ (rng.normal(size=d) * 2) + rng.normal(size=n)
    return X, y - y.mean()


# ------------------------------------------------------------------------------------------ direction


def direction(X: Array, active: Array, signs: Array) -> Array:
    """By how much each weight moves when lam falls by 1 (6.2)."""
    A = np.flatnonzero(active)
    u = np.zeros(X.shape[1])
    u[A] = np.linalg.solve(X[:, A].T @ X[:, A] / len(X), np.asarray(signs)[A])
    return u


def direction_lstsq(X: Array, active: Array, signs: Array) -> list[float]:
    """By the pseudo-inverse, as a list."""
    A = [j for j in range(X.shape[1]) if active[j]]
    solved = len(X) * np.linalg.pinv(X[:, A].T @ X[:, A]) @ np.array([signs[j] for j in A])
    return [float(solved[A.index(j)]) if j in A else 0.0 for j in range(X.shape[1])]


def direction_masked(X: Array, active: Array, signs: Array) -> Array:
    """One system for all features, with the rows of the others replaced by those of the identity."""
    G, on = X.T @ X / len(X), np.asarray(active, bool)
    system = np.where(np.outer(on, on), G, np.eye(len(on)))
    return np.where(on, np.linalg.solve(system, np.where(on, signs, 0.0)), 0.0)


def _direction(change: Callable[[Array, Array, Array], Array]) -> Callable[..., Array]:
    """Another vector on the active features, from the active columns, their signs and the right one."""

    def wrong(X: Array, active: Array, signs: Array) -> Array:
        A, u = np.flatnonzero(active), direction(X, active, signs)
        u[A] = change(X[:, A], np.asarray(signs, float)[A], u[A])
        return u

    return wrong


def direction_all(X: Array, active: Array, signs: Array) -> Array:
    """All features in the system, the others cut off afterwards."""
    u = np.linalg.solve(X.T @ X / len(X), np.where(active, signs, 0.0))
    return np.where(active, u, 0.0)


def direction_all_signs(X: Array, active: Array, signs: Array) -> Array:
    """The same with the signs of the others on the right side too."""
    return np.where(active, np.linalg.solve(X.T @ X / len(X), signs), 0.0)


def direction_of_all(X: Array, active: Array, signs: Array) -> Array:
    """Every feature moves: the whole system, nothing cut off."""
    return np.linalg.solve(X.T @ X / len(X), np.where(active, signs, 0.0))


def direction_cases(rng: np.random.Generator) -> list[Case]:
    """One, several and all features active, both signs, columns of different scales."""
    X, _ = draw(rng, 7, 3)
    cases = [
        Case((X, np.array([True, False, True]), np.array([1.0, -1.0, -1.0])), label="two_of_three"),
        Case((X, np.array([False, True, False]), np.array([1.0, -1.0, 1.0])), label="one"),
    ]
    for n, d in ((12, 4), (9, 5)):
        X, _ = draw(rng, n, d)
        active = np.arange(d) != rng.integers(d)
        cases.append(Case((X, active, np.where(rng.normal(size=d) > 0, 1.0, -1.0)), label="random"))
    return cases


# ------------------------------------------------------------------------------------------------ join


def join_step(lam: float, c: Array, a: Array) -> Array:
    """Fall of lam after which each pull is as large as lam: the smaller positive solution of (6.4)."""
    c, a = np.asarray(c, float), np.asarray(a, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.array([(lam - c) / (1 - a), (lam + c) / (1 + a)])
    return np.where(steps > 0, steps, np.inf).min(axis=0)


def join_loop(lam: float, c: Array, a: Array) -> list[float]:
    """One feature at a time, as a list."""
    result = []
    for pull, rate in zip(c, a, strict=True):
        upper = (lam - pull) / (1 - rate) if rate < 1 else np.inf
        lower = (lam + pull) / (1 + rate) if rate > -1 else np.inf
        result.append(min(upper, lower))
    return result


def join_flipped(lam: float, c: Array, a: Array) -> Array:
    """By symmetry: the second case is the first one with both signs turned."""

    def upper(c: Array, a: Array) -> Array:
        speed = 1 - a
        return np.where(speed > 0, (lam - c) / np.where(speed > 0, speed, 1.0), np.inf)

    return np.minimum(upper(c, a), upper(-c, -a))


def _join(formula: Callable[[float, Array, Array], tuple[Array, Array]]) -> Callable[..., Array]:
    """Another pair of candidates; the smaller positive one."""

    def wrong(lam: float, c: Array, a: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.array(formula(lam, c, a))
        return np.where(steps > 0, steps, np.inf).min(axis=0)

    return wrong


def join_first(lam: float, c: Array, a: Array) -> Array:
    """The smaller candidate, whatever its sign."""
    return np.minimum((lam - c) / (1 - a), (lam + c) / (1 + a))


def _join_both(keep: Callable[[Array], Array]) -> Callable[..., Array]:
    """The smaller of the two candidates after another treatment of their signs."""

    def wrong(lam: float, c: Array, a: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return keep(np.array([(lam - c) / (1 - a), (lam + c) / (1 + a)])).min(axis=0)

    return wrong


def join_larger(lam: float, c: Array, a: Array) -> Array:
    """The larger candidate."""
    return np.maximum((lam - c) / (1 - a), (lam + c) / (1 + a))


def join_cases(rng: np.random.Generator) -> list[Case]:
    """Pulls of both signs, rates beyond 1 in size, lam other than 1."""
    return [
        Case((2.0, np.array([1.0, -1.0, 0.5, 0.0]), np.array([0.5, 0.25, -0.5, 0.75])), label="both_signs"),
        Case((1.5, np.array([0.3, -0.6, 0.9]), np.array([1.8, -1.4, -2.5])), label="fast"),
        Case((1.5, np.array([1.2, -1.2, 0.0]), np.array([2.5, -2.5, 0.5])), label="fast"),
        Case((2.0, np.array([2.0, -2.0, 0.5]), np.array([1.5, -3.0, 0.25])), label="just_left"),
        Case((3.0, 2.5 * rng.uniform(-1, 1, 6), 0.9 * rng.uniform(-1, 1, 6)), label="random"),
        Case((0.7, 0.6 * rng.uniform(-1, 1, 6), 2.0 * rng.uniform(-1, 1, 6)), label="random"),
    ]


# ----------------------------------------------------------------------------------------------- leave


def leave_step(w: Array, u: Array) -> float:
    """Fall of lam after which the first weight reaches 0, inf if none does (6.5)."""
    w, u = np.asarray(w, float), np.asarray(u, float)
    towards = w * u < 0
    return float(np.min(-w[towards] / u[towards])) if towards.any() else float("inf")


def leave_loop(w: Array, u: Array) -> float:
    """One weight at a time."""
    best = float("inf")
    for weight, rate in zip(w, u, strict=True):
        if rate != 0 and -weight / rate > 0:
            best = min(best, -weight / rate)
    return best


def leave_where(w: Array, u: Array) -> np.floating:
    """With infinity in place of what does not count."""
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = -np.asarray(w) / np.asarray(u)
    return np.min(np.where(np.isfinite(steps) & (steps > 0), steps, np.inf))


def leave_any(w: Array, u: Array) -> float:
    """The nearest zero, before or behind."""
    return float(np.min(np.abs(w / u)))


def leave_any_but_zero(w: Array, u: Array) -> float:
    """The nearest zero, before or behind, of the weights that are not zero now."""
    steps = np.abs(w / u)
    return float(np.min(steps[steps > 0]))


def leave_negative(w: Array, u: Array) -> float:
    """The smallest step of all, the negative ones among them."""
    return float(np.min(-w / u))


def leave_away(w: Array, u: Array) -> float:
    """The sign of the step turned round."""
    return leave_step(w, -np.asarray(u))


def leave_smallest(w: Array, u: Array) -> float:
    """The smallest weight is taken, not the first to arrive."""
    j = int(np.argmin(np.where(w * u < 0, np.abs(w), np.inf)))
    return float(-w[j] / u[j]) if w[j] * u[j] < 0 else float("inf")


def leave_last(w: Array, u: Array) -> float:
    """The last weight to arrive."""
    towards = w * u < 0
    return float(np.max(-w[towards] / u[towards])) if towards.any() else float("inf")


def leave_first_in_list(w: Array, u: Array) -> float:
    """The first in the list that moves towards zero, not the first to arrive."""
    towards = w * u < 0
    return float((-w[towards] / u[towards])[0]) if towards.any() else float("inf")


def leave_zero_counts(w: Array, u: Array) -> float:
    """A weight that is zero now is taken to arrive now."""
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = -np.asarray(w, float) / np.asarray(u, float)
    return float(np.min(np.where(steps >= 0, steps, np.inf)))


def leave_none_is_zero(w: Array, u: Array) -> float:
    """0 where no weight arrives."""
    step = leave_step(w, u)
    return step if np.isfinite(step) else 0.0


def leave_inverse(w: Array, u: Array) -> float:
    """The quotient turned round."""
    towards = w * u < 0
    return float(np.min(-u[towards] / w[towards])) if towards.any() else float("inf")


def leave_cases(rng: np.random.Generator) -> list[Case]:
    """Weights of both signs, some that run away from zero, none that arrives, one that stands still."""
    return [
        Case((np.array([1.0, -3.0, 0.2]), np.array([-0.5, 4.0, 0.1])), label="nearest_runs_away"),
        Case((np.array([2.0, -1.0, 0.5]), np.array([1.0, -2.0, 0.25])), label="none"),
        Case((np.array([0.0, 2.0, -3.0]), np.array([1.0, -1.0, 0.5])), label="just_joined"),
        Case((np.array([2.0, -1.0, 5.0, -4.0]), np.array([-1.0, 0.2, -3.0, 1.0])), label="both_signs"),
        Case((rng.normal(size=6) + 0.3, np.array([1.0, -1, 2, -2, 0.5, -0.5])), label="random"),
        Case((np.array([1.5, 0.8, -0.4, -2.0]), rng.uniform(0.2, 3.0, 4)), label="random"),
    ]


# ------------------------------------------------------------------------------------------- next knot


def next_knot(X: Array, y: Array, lam: float, w: Array, active: Array) -> tuple[float, Array]:
    """The next smaller strength at which a feature joins or leaves, and the weights there (6.6)."""
    n = len(y)
    c, signs = X.T @ (y - X @ w) / n, np.sign(X.T @ (y - X @ w))
    u = direction(X, active, signs)
    joins = join_step_beyond(lam, c, X.T @ (X @ u) / n)
    joins[np.asarray(active, bool)] = np.inf
    step = min(float(joins.min()), leave_step(w, u), lam)
    return lam - step, w + step * u


def join_step_beyond(lam: float, c: Array, a: Array) -> Array:
    """As `join_step`, without the steps of size 0 of a feature that has just left."""
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.array([(lam - c) / (1 - a), (lam + c) / (1 + a)])
    return np.where(steps > TINY * lam, steps, np.inf).min(axis=0)


def next_knot_gram(X: Array, y: Array, lam: float, w: Array, active: Array) -> tuple[float, Array]:
    """With the Gram matrix, candidates collected in a list."""
    n, d = X.shape
    G, c = X.T @ X / n, X.T @ y / n - X.T @ X / n @ w
    A = [j for j in range(d) if active[j]]
    u = np.zeros(d)
    u[A] = np.linalg.inv(G[np.ix_(A, A)]) @ np.sign(c[A])
    a, candidates = G @ u, [lam]
    for j in range(d):
        if j in A:
            found = [-w[j] / u[j]] if w[j] * u[j] < 0 else []
        else:
            found = [(lam - c[j]) / (1 - a[j]), (lam + c[j]) / (1 + a[j])]
        candidates += [step for step in found if step > TINY * lam]
    step = min(candidates)
    return float(lam - step), w + step * u


def next_knot_line(X: Array, y: Array, lam: float, w: Array, active: Array) -> tuple[float, Array]:
    """The new weights from (6.1), not from the old ones."""
    to, _ = next_knot(X, y, lam, w, active)
    A, n = np.flatnonzero(active), len(y)
    signs = np.sign(X[:, A].T @ (y - X @ w))
    new = np.zeros(X.shape[1])
    new[A] = np.linalg.solve(X[:, A].T @ X[:, A] / n, X[:, A].T @ y / n - to * signs)
    return to, new


def _knot(
    joins_count: bool = True, leaves_count: bool = True, turn: float = 1.0, weight_signs: bool = False,
    cut: bool = True, pulls: bool = True, own_signs: bool = False,
    joins_at: Callable[[float, Array, Array], Array] = join_step_beyond,
) -> Callable[..., tuple[float, Array]]:  # fmt: skip
    """One part of the update done wrongly."""

    def wrong(X: Array, y: Array, lam: float, w: Array, active: Array) -> tuple[float, Array]:
        n = len(y)
        c = X.T @ (y - X @ w) / n if pulls else X.T @ y / n
        signed = w if weight_signs else c if own_signs else X.T @ (y - X @ w)
        u = direction(X, active, np.sign(signed))
        joins = joins_at(lam, c, X.T @ (X @ u) / n)
        joins[np.asarray(active, bool)] = np.inf
        candidates = [float(joins.min())] * joins_count + [leave_step(w, u)] * leaves_count
        step = min([*candidates, lam] if cut else [*candidates, np.inf])
        if not np.isfinite(step):
            step = lam
        return lam - step, w + turn * step * u

    return wrong


def next_knot_sums(X: Array, y: Array, lam: float, w: Array, active: Array) -> tuple[float, Array]:
    """Pulls and Gram matrix as sums over the rows, the strength as it is."""
    root = np.sqrt(len(y))
    return next_knot(root * X, root * y, lam, w, active)


def next_knot_to_end(X: Array, y: Array, lam: float, w: Array, active: Array) -> tuple[float, Array]:
    """The step in place of the strength."""
    to, new = next_knot(X, y, lam, w, active)
    return lam - to, new


def path_states(X: Array, y: Array) -> list[tuple[float, Array, Array]]:
    """All knots of the path: strength, weights, and who is active just below."""
    c = X.T @ y / len(y)
    lam, w = float(np.max(np.abs(c))), np.zeros(X.shape[1])
    active = np.abs(c) == np.max(np.abs(c))
    states = [(lam, w, active)]
    while lam > 0:
        to, new = next_knot(X, y, lam, w, active)
        left = active & (np.abs(new) < 1e-9 * np.max(np.abs(new)))
        lam, w = to, np.where(left, 0.0, new)
        pulls = np.abs(X.T @ (y - X @ w)) / len(y)
        joined = ~active & (pulls > (1 - 1e-9) * lam) if not left.any() else np.zeros_like(active)
        active = (active & ~left) | joined
        states.append((max(lam, 0.0), w, active))
    return states


def next_knot_cases(rng: np.random.Generator) -> list[Case]:
    """The start, a knot where the next event is a leave, the last piece, and random ones."""
    cases: list[Case] = []
    for seed in range(200):  # fixed data on which a feature leaves, and a weight would vanish below lam = 0
        X, y = draw(np.random.default_rng(seed), 12, 4)
        states = path_states(X, y)
        leaving = [k for k in range(len(states) - 1) if states[k + 1][2].sum() < states[k][2].sum()]
        w, active = states[-2][1:]
        u = direction(X, active, np.sign(X.T @ (y - X @ w)))
        if leaving and leaving[0] + 1 < len(states) - 1 and active.all() and np.isfinite(leave_step(w, u)):
            k = leaving[0]
            cases.append(Case((X, y, *states[0]), label="start"))
            cases.append(Case((X, y, *states[k]), label="leaves"))
            lam, w, active = states[k + 1]
            # a little below the knot, by more than rounding: the pull of what left stands above lam
            cases.append(Case((X, y, lam * (1 - 1e-14), w, active), label="after_leaving"))
            cases.append(Case((X, y, *states[-2]), label="last"))
            break
    X, y = draw(rng, 15, 5)
    states = path_states(X, y)
    return [*cases, Case((X, y, *states[1]), label="random"), Case((X, y, *states[3]), label="random")]


# ------------------------------------------------------------------------------------------- fold Gram


def training_gram(S: Array, m: Array, n: int, X_fold: Array) -> Array:
    """Centred Gram matrix of all rows but those of the fold, from sums over all rows (6.7)."""
    X_fold = np.asarray(X_fold, float)
    rows = n - len(X_fold)
    total = m - X_fold.sum(axis=0)
    return (S - X_fold.T @ X_fold) / rows - np.outer(total, total) / rows**2


def training_gram_mean(S: Array, m: Array, n: int, X_fold: Array) -> Array:
    """With the training mean."""
    left = n - X_fold.shape[0]
    mean = (np.asarray(m) - np.sum(X_fold, axis=0)) / left
    second = (np.asarray(S) - sum(np.outer(row, row) for row in X_fold)) / left
    return second - mean[:, None] * mean[None, :]


def training_gram_loop(S: Array, m: Array, n: int, X_fold: Array) -> list[list[float]]:
    """Entry by entry, row by row taken out."""
    products, sums = S.tolist(), m.tolist()
    d = len(sums)
    for row in X_fold:
        n -= 1
        sums = [sums[j] - row[j] for j in range(d)]
        products = [[products[j][k] - row[j] * row[k] for k in range(d)] for j in range(d)]
    return [[products[j][k] / n - sums[j] * sums[k] / n**2 for k in range(d)] for j in range(d)]


def _gram(
    second: Callable[[Array, Array, int, int], Array], centre: Callable[[Array, Array, int, int], Array]
) -> Callable[..., Array]:
    """Another second moment, or another square of the mean, from (S or m, the fold's, n, rows left)."""

    def wrong(S: Array, m: Array, n: int, X_fold: Array) -> Array:
        left = n - len(X_fold)
        mean = centre(m, X_fold.sum(axis=0), n, left)
        return second(S, X_fold.T @ X_fold, n, left) - np.outer(mean, mean)

    return wrong


def right_second(S: Array, own: Array, n: int, left: int) -> Array:
    """Mean of the products over the training rows."""
    return (S - own) / left


def right_centre(m: Array, own: Array, n: int, left: int) -> Array:
    """Mean over the training rows."""
    return (m - own) / left


def gram_fold_centred(S: Array, m: Array, n: int, X_fold: Array) -> Array:
    """The fold's own centred Gram taken off the centred total."""
    left, own = n - len(X_fold), X_fold - X_fold.mean(axis=0)
    return (S - np.outer(m, m) / n - own.T @ own) / left


def gram_fold_centred_first(S: Array, m: Array, n: int, X_fold: Array) -> Array:
    """The fold's own centred Gram taken off the raw total, then centred."""
    left, own = n - len(X_fold), X_fold - X_fold.mean(axis=0)
    mean = (m - X_fold.sum(axis=0)) / left
    return (S - own.T @ own) / left - np.outer(mean, mean)


def gram_inner(S: Array, m: Array, n: int, X_fold: Array) -> Array:
    """One number, the product of the means with themselves, taken off every entry."""
    left = n - len(X_fold)
    mean = (m - X_fold.sum(axis=0)) / left
    return (S - X_fold.T @ X_fold) / left - mean @ mean


def gram_sample_covariance(S: Array, m: Array, n: int, X_fold: Array) -> Array:
    """Divided by the number of training rows less one."""
    left = n - len(X_fold)
    return training_gram(S, m, n, X_fold) * left / (left - 1)


def gram_cases(rng: np.random.Generator) -> list[Case]:
    """Means far from zero, folds of different sizes, one of a single row."""
    cases = []
    for n, d, size, label in ((9, 3, 3, "third"), (8, 2, 1, "one_row"), (12, 4, 4, "random")):
        X = rng.normal(size=(n, d)) * rng.uniform(0.5, 2.0, d) + rng.uniform(1.0, 3.0, d)
        cases.append(Case((X.T @ X, X.sum(axis=0), n, X[:size]), label=label))
    return cases


# --------------------------------------------------------------------------------------------- strong rule


def strong_rule(c: Array, lam: float, lam_next: float) -> Array:
    """Which features the strong rule keeps for lam_next, from the pulls at lam (6.8)."""
    return np.abs(np.asarray(c)) >= 2 * lam_next - lam


def strong_loop(c: Array, lam: float, lam_next: float) -> list[bool]:
    """What can grow to lam_next when lam falls there, one feature at a time."""
    return [bool(abs(pull) + (lam - lam_next) >= lam_next) for pull in c]


def strong_not(c: Array, lam: float, lam_next: float) -> Array:
    """What is not discarded."""
    return ~(np.abs(c) < lam_next - (lam - lam_next))


def _strong(threshold: Callable[[float, float], float], signed: bool = False) -> Callable[..., Array]:
    """Another threshold."""
    return lambda c, lam, lam_next: (c if signed else np.abs(c)) >= threshold(lam, lam_next)


def strong_cases(rng: np.random.Generator) -> list[Case]:
    """Pulls of both signs around every threshold that could be meant."""
    c = np.array([1.0, -0.9, 0.75, -0.65, 0.5, -0.3, 0.1, -1.0])
    return [
        Case((c, 1.0, 0.8), label="both_signs"),
        Case((2 * c, 2.0, 1.9), label="near"),
        Case((c, 1.0, 0.25), label="keeps_all"),
        Case((c, 1.0, 0.75), label="on_threshold"),
        Case((3 * rng.uniform(-1, 1, 40), 3.0, 2.4), label="random"),
        Case((0.5 * rng.uniform(-1, 1, 40), 0.5, 0.35), label="random"),
    ]


EXERCISES = [
    Exercise(
        id="whole_path.direction",
        chapter=6,
        minutes=6,
        difficulty=2,
        signature="path_direction(X, active, signs)",
        reference=direction,
        alternatives={"lstsq": direction_lstsq, "masked": direction_masked},
        misconceptions={
            "without_n": Misconception(_direction(lambda X, s, u: u / len(X)), "pitfall 1"),
            "minus": Misconception(_direction(lambda X, s, u: -u), "direction in lam, not in its fall"),
            "signs_alone": Misconception(_direction(lambda X, s, u: s), "correlation ignored"),
            "signs_dropped": Misconception(
                _direction(lambda X, s, u: np.linalg.solve(X.T @ X / len(X), np.ones(len(s)))),
                "signs forgotten",
            ),
            "each_alone": Misconception(
                _direction(lambda X, s, u: s / np.mean(X**2, axis=0)), "correlation ignored"
            ),
            "not_inverted": Misconception(
                _direction(lambda X, s, u: X.T @ (X @ s) / len(X)), "system not solved"
            ),
            "all_features": Misconception(direction_all, "active set ignored", also=(direction_all_signs,)),
            "all_move": Misconception(
                direction_of_all,
                "active set ignored",
                also=(lambda X, active, signs: np.linalg.solve(X.T @ X / len(X), signs),),
            ),
        },
        cases=direction_cases,
        exact_zeros=True,
    ),
    Exercise(
        id="whole_path.join",
        chapter=6,
        minutes=6,
        difficulty=2,
        signature="join_step(lam, c, a)",
        reference=join_step,
        alternatives={"loop": join_loop, "flipped": join_flipped},
        misconceptions={
            "one_side": Misconception(
                _join(lambda lam, c, a: ((lam - c) / (1 - a), (lam - c) / (1 - a))), "sign forgotten"
            ),
            "lam_stands_still": Misconception(
                _join(lambda lam, c, a: ((c - lam) / a, (c + lam) / a)), "the threshold moves too"
            ),
            "negative_steps": Misconception(join_first, "step backwards"),
            "sizes_of_steps": Misconception(_join_both(np.abs), "step backwards"),
            "zero_counts": Misconception(
                _join_both(lambda steps: np.where(steps >= 0, steps, np.inf)), "a feature that has just left"
            ),
            "strength_returned": Misconception(
                lambda lam, c, a: lam - join_step(lam, c, a), "step for strength"
            ),
            "larger": Misconception(join_larger, "second event"),
            "sizes": Misconception(
                _join(lambda lam, c, a: ((lam - abs(c)) / (1 - abs(a)),) * 2), "sign forgotten"
            ),
            "rate_sign": Misconception(
                _join(lambda lam, c, a: ((lam - c) / (1 + a), (lam + c) / (1 - a))), "sign of the rate"
            ),
            "rate_forgotten": Misconception(
                _join(lambda lam, c, a: (lam - c, lam + c)), "pulls taken as constant"
            ),
        },
        cases=join_cases,
    ),
    Exercise(
        id="whole_path.leave",
        chapter=6,
        minutes=4,
        difficulty=1,
        signature="leave_step(w, q)",
        reference=leave_step,
        alternatives={"loop": leave_loop, "where": leave_where},
        misconceptions={
            "any_direction": Misconception(leave_any, "step backwards", also=(leave_any_but_zero,)),
            "negative_steps": Misconception(leave_negative, "step backwards"),
            "sign_turned": Misconception(leave_away, "step backwards"),
            "smallest_weight": Misconception(leave_smallest, "small weight taken for first to leave"),
            "last": Misconception(leave_last, "second event"),
            "first_in_list": Misconception(leave_first_in_list, "second event"),
            "inverse": Misconception(leave_inverse, "division turned round"),
            "zero_counts": Misconception(leave_zero_counts, "a feature that has just joined"),
            "none_is_zero": Misconception(leave_none_is_zero, "no event"),
        },
        cases=leave_cases,
    ),
    Exercise(
        id="whole_path.next_knot",
        chapter=6,
        minutes=12,
        difficulty=3,
        signature="next_knot(X, y, lam, w, active)",
        returns=("lam_next", "w_next"),
        reference=next_knot,
        alternatives={"gram": next_knot_gram, "line": next_knot_line},
        misconceptions={
            "never_leaves": Misconception(_knot(leaves_count=False), "LARS without the lasso step"),
            "never_joins": Misconception(_knot(joins_count=False), "join forgotten"),
            "wrong_way": Misconception(_knot(turn=-1.0), "step backwards"),
            "signs_of_weights": Misconception(_knot(weight_signs=True), "a feature that joins has weight 0"),
            "pulls_at_zero": Misconception(
                _knot(pulls=False), "residual forgotten", also=(_knot(pulls=False, own_signs=True),)
            ),
            "no_tolerance": Misconception(_knot(joins_at=join_step), "a feature that has just left"),
            "without_n": Misconception(next_knot_sums, "pitfall 1"),
            "step_returned": Misconception(next_knot_to_end, "step for strength"),
            "past_zero": Misconception(_knot(cut=False), "lam below 0"),
        },
        cases=next_knot_cases,
        rtol=1e-6,
        atol=1e-8,
    ),
    Exercise(
        id="whole_path.fold_gram",
        chapter=6,
        minutes=8,
        difficulty=2,
        signature="training_gram(S, m, n, X_fold)",
        reference=training_gram,
        alternatives={"mean": training_gram_mean, "loop": training_gram_loop},
        misconceptions={
            "not_centred": Misconception(
                _gram(right_second, lambda m, own, n, left: 0 * m), "means forgotten"
            ),
            "leaked_mean": Misconception(_gram(right_second, lambda m, own, n, left: m / n), "leakage"),
            "divided_by_n": Misconception(
                _gram(lambda S, own, n, left: (S - own) / n, lambda m, own, n, left: (m - own) / n),
                "pitfall 1",
            ),
            "mixed_n": Misconception(_gram(lambda S, own, n, left: (S - own) / n, right_centre), "pitfall 1"),
            "sums": Misconception(
                _gram(lambda S, own, n, left: S - own, lambda m, own, n, left: (m - own) / np.sqrt(left)),
                "pitfall 1",
            ),
            "held_out": Misconception(
                _gram(lambda S, own, n, left: own / (n - left), lambda m, own, n, left: own / (n - left)),
                "training and held-out exchanged",
            ),
            "plus": Misconception(
                lambda S, m, n, X_fold: (
                    2 * right_second(S, X_fold.T @ X_fold, n, n - len(X_fold))
                    - training_gram(S, m, n, X_fold)
                ),
                "sign of the means",
            ),
            "all_products": Misconception(
                _gram(lambda S, own, n, left: S / left, right_centre), "fold not subtracted"
            ),
            "fold_centred": Misconception(
                gram_fold_centred, "centred Grams do not add up", also=(gram_fold_centred_first,)
            ),
            "means_divided_once": Misconception(
                _gram(right_second, lambda m, own, n, left: (m - own) / np.sqrt(left)), "pitfall 1"
            ),
            "inner_product": Misconception(gram_inner, "inner for outer product"),
            "n_minus_one": Misconception(gram_sample_covariance, "sample covariance"),
        },
        cases=gram_cases,
    ),
    Exercise(
        id="whole_path.strong_rule",
        chapter=6,
        minutes=4,
        difficulty=1,
        signature="strong_rule(c, lam, lam_next)",
        reference=strong_rule,
        alternatives={"loop": strong_loop, "not": strong_not},
        misconceptions={
            "active_only": Misconception(_strong(lambda lam, to: lam), "pitfall: nobody may join"),
            "no_growth": Misconception(_strong(lambda lam, to: to), "pulls taken as constant"),
            "signed": Misconception(_strong(lambda lam, to: 2 * to - lam, signed=True), "sign forgotten"),
            "turned": Misconception(_strong(lambda lam, to: 2 * lam - to), "order of the strengths"),
            "discarded": Misconception(lambda c, lam, to: ~strong_rule(c, lam, to), "mask turned round"),
            "half": Misconception(_strong(lambda lam, to: (to + lam) / 2 - (lam - to)), "half a step"),
            "on_threshold": Misconception(
                lambda c, lam, to: np.abs(c) > 2 * to - lam, "the threshold itself is not discarded"
            ),
            "size_of_threshold": Misconception(_strong(lambda lam, to: abs(2 * to - lam)), "negative bound"),
        },
        cases=strong_cases,
    ),
]
