"""Newton and proximal Newton for the log-loss: certificates, high precision, theorems, bad input."""

from dataclasses import replace

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import expit, softmax

from course_lib.losses import LogisticLoss, SoftmaxLoss
from course_lib.penalties import ElasticNet
from course_lib.solvers.log_loss import Problem, lam_max, objective
from course_lib.solvers.log_loss_gap import duality_gap, gap, tangent
from course_lib.solvers.log_loss_path import at_strength, predicted
from course_lib.solvers.newton import corrected, descend, lasso_of_parabola, newton, newton_step
from course_lib.solvers.result import NotConverged
from course_lib.solvers.separability import separable

seeds = st.integers(0, 10**6)
shares = st.sampled_from([0.0, 0.3, 0.8, 1.0])
class_counts = st.sampled_from([2, 3, 4])


def problem(n=30, d=4, classes=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    y = np.argmax(X[:, :1] * np.arange(classes) + rng.gumbel(size=(n, classes)), axis=1)
    y[:classes] = np.arange(classes)  # no class may be missing
    return X, y


def strong(X, y):
    return lam_max(X, y)


def fitted(X, result):
    """Probabilities by the text-book's formulas."""
    scores = X @ result.w + result.b
    return softmax(scores, axis=1) if scores.ndim == 2 else expit(scores)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.4, 1.0])
def test_objective_is_loss_plus_penalty(classes, l1_ratio):
    X, y = problem(classes=classes)
    rng = np.random.default_rng(1)
    w, b = (rng.normal(size=4), 0.3) if classes == 2 else (rng.normal(size=(4, 3)), rng.normal(size=3))
    loss = (LogisticLoss() if classes == 2 else SoftmaxLoss()).value(y, X @ w + b)
    expected = loss + ElasticNet(0.2, l1_ratio).value(w)
    assert objective(X, y, w, b, 0.2, l1_ratio) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("classes", [2, 3])
def test_gradient_and_hessian_are_finite_differences(classes):
    X, y = problem(classes=classes)
    p = Problem.build(X, y, 0.3, 0.0, weights=np.linspace(0.5, 2, len(y)))
    W = np.random.default_rng(1).normal(size=(5, p.Y.shape[1]))
    scores, columns = np.divmod(np.arange(W.size), 5)  # listed class by class
    H = p.hessian(p.at(W), columns, scores)
    for i, (j, k) in enumerate(zip(columns, scores, strict=True)):
        step = np.zeros_like(W)
        step[j, k] = 1e-5
        up, down = p.at(W + step), p.at(W - step)
        assert (up.value - down.value) / 2e-5 == pytest.approx(p.gradient(p.at(W))[j, k], abs=1e-9)
        slope = (p.gradient(up) - p.gradient(down))[columns, scores] / 2e-5
        np.testing.assert_allclose(H[i], slope, atol=1e-9)


@settings(max_examples=40)
@given(seeds, shares, class_counts, st.floats(1e-3, 0.9), st.booleans())
def test_every_solution_is_certified_and_meets_the_kkt_conditions(
    seed, l1_ratio, classes, fraction, intercept
):
    X, y = problem(25, 4, classes, seed)
    lam = fraction * lam_max(X, y, fit_intercept=intercept)
    result = newton(X, y, lam, l1_ratio, fit_intercept=intercept)
    assert result.certificate <= 1e-9 * result.value
    W = result.w.reshape(4, -1)
    p = Problem.build(X, y, lam, 0.0, fit_intercept=intercept)
    loss_gradient = p.gradient(p.at(p.packed(result.w, result.b)))[int(intercept) :] - lam * W
    assert ElasticNet(lam, l1_ratio).subdifferential_distance(W, loss_gradient).max() <= 1e-9
    if intercept:
        assert duality_gap(X, y, result.w, result.b, lam, l1_ratio) <= 1e-9 * result.value


@settings(max_examples=30)
@given(seeds, shares, class_counts)
def test_the_gap_bounds_the_distance_to_the_minimum(seed, l1_ratio, classes):
    X, y = problem(25, 4, classes, seed)
    lam = 0.1 * strong(X, y)
    best = newton(X, y, lam, l1_ratio)
    rng = np.random.default_rng(seed)
    w, b = best.w + 0.1 * rng.normal(size=best.w.shape), best.b + 0.1 * rng.normal(size=np.shape(best.b))
    assert np.isfinite(duality_gap(X, y, w, b, lam, l1_ratio))
    missing = objective(X, y, w, b, lam, l1_ratio) - best.value
    assert missing <= duality_gap(X, y, w, b, lam, l1_ratio) * (1 + 1e-9)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_gap_sees_a_wrong_intercept(classes):
    X, y = problem(
        classes=classes
    )  # with a penalty this strong all coefficients are 0 whatever the intercept
    w, b = (np.zeros(4), 2.0) if classes == 2 else (np.zeros((4, 3)), np.array([2.0, 0.0, -1.0]))
    missing = objective(X, y, w, b, 10.0, 1.0) - newton(X, y, 10.0, 1.0).value
    assert 0.1 < missing <= duality_gap(X, y, w, b, 10.0, 1.0) * (1 + 1e-12)


@settings(max_examples=40)
@given(seeds, shares, class_counts, st.booleans(), st.floats(0.01, 3), st.sampled_from([0.4, 1.0]))
def test_the_gap_by_the_tangent_is_a_bound_after_any_step(seed, l1_ratio, classes, intercept, distance, t):
    X, y = problem(25, 4, classes, seed)
    p = Problem.build(X, y, 0.05 * strong(X, y), l1_ratio, fit_intercept=intercept)
    best = newton(X, y, 0.05 * strong(X, y), l1_ratio, fit_intercept=intercept)
    W = p.packed(best.w, best.b)
    old = p.at(W + distance * np.random.default_rng(seed).normal(size=W.shape))
    target = newton_step(p, old, p.gradient(old)).target
    new = p.at(old.W + t * (target - old.W))
    assert new.value - best.value <= gap(p, new, tangent(old, new)) + 1e-14


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.4, 1.0])
def test_the_gap_by_the_tangent_falls_with_the_fourth_power_of_the_step(classes, l1_ratio):
    X, y = problem(60, 3, classes)
    p, best = Problem.build(X, y, 0.005, l1_ratio), newton(X, y, 0.005, l1_ratio)
    W = p.packed(best.w, best.b)
    direction = np.random.default_rng(1).normal(size=W.shape) * W  # no sign changes
    gaps = []
    for distance in (0.02, 0.01):
        old = p.at(W + distance * direction)
        new = p.at(newton_step(p, old, p.gradient(old)).target)
        gaps.append(gap(p, new, tangent(old, new)))
    assert gaps[0] / gaps[1] == pytest.approx(16, rel=0.3)


@settings(max_examples=40)
@given(
    seeds, st.sampled_from([0.3, 1.0]), class_counts, st.sampled_from([0.5, 0.999, 1.0, 1.001]), st.booleans()
)
def test_all_zeros_exactly_when_lam_is_at_least_lam_max(seed, l1_ratio, classes, fraction, intercept):
    X, y = problem(20, 4, classes, seed)
    lam = fraction * lam_max(X, y, l1_ratio, fit_intercept=intercept)
    w = newton(X, y, lam, l1_ratio, fit_intercept=intercept).w
    assert (not w.any()) == (fraction >= 1)


def test_lam_max_written_out():
    X, y = problem(classes=3)
    Y = np.eye(3)[y]
    assert lam_max(X, y, 0.5) == pytest.approx(
        np.abs(X.T @ (Y - Y.mean(axis=0))).max() / (30 * 0.5), rel=1e-13
    )
    X, y = problem()
    assert lam_max(X, y) == pytest.approx(np.abs(X.T @ (y - y.mean())).max() / 30, rel=1e-13)
    assert lam_max(X, y, fit_intercept=False) == pytest.approx(np.abs(X.T @ (y - 0.5)).max() / 30, rel=1e-13)


@settings(max_examples=20)
@given(seeds, shares)
def test_swapping_the_labels_swaps_the_signs(seed, l1_ratio):
    X, y = problem(25, 4, 2, seed)
    lam = 0.05 * strong(X, y)
    one, other = newton(X, y, lam, l1_ratio), newton(X, 1 - y, lam, l1_ratio)
    np.testing.assert_allclose(other.w, -one.w, atol=1e-9)
    assert other.b == pytest.approx(-one.b, abs=1e-9)
    assert ((one.w == 0) == (other.w == 0)).all()


@settings(max_examples=20)
@given(seeds, shares, class_counts)
def test_columns_permute_with_their_coefficients(seed, l1_ratio, classes):
    X, y = problem(25, 5, classes, seed)
    order = np.random.default_rng(seed).permutation(5)
    lam = 0.05 * strong(X, y)
    one, other = (newton(A, y, lam, l1_ratio) for A in (X, X[:, order]))
    assert other.value == pytest.approx(one.value, rel=1e-9)
    P, P_other = (fitted(A, result) for A, result in ((X, one), (X[:, order], other)))
    np.testing.assert_allclose(P_other, P, atol=1e-8)
    if classes != 4 or l1_ratio < 1:  # otherwise the coefficients are not unique: their median is an interval
        np.testing.assert_allclose(other.w, one.w[order], atol=1e-8)


def high_precision(X, y, lam, l1_ratio, w, b, s=None):
    """Refine to 40 digits by Newton's method on the support and signs of ``w``; check the KKT conditions."""
    with mpmath.workdps(70):
        n, A = len(y), [j for j in range(len(w)) if w[j] != 0]
        s = [mpmath.mpf(1)] * n if s is None else [mpmath.mpf(float(v)) for v in s]
        rows = [[mpmath.mpf(1)] + [mpmath.mpf(float(X[i, j])) for j in range(len(w))] for i in range(n)]
        l1, l2 = mpmath.mpf(lam) * mpmath.mpf(l1_ratio), mpmath.mpf(lam) * (1 - mpmath.mpf(l1_ratio))
        theta = [mpmath.mpf(float(b))] + [mpmath.mpf(float(v)) for v in w]
        free = [0] + [j + 1 for j in A]
        for _ in range(60):
            prob = [1 / (1 + mpmath.exp(-mpmath.fdot(row, theta))) for row in rows]
            residual = [s[i] * (prob[i] - int(y[i])) / mpmath.fsum(s) for i in range(n)]
            loss_gradient = [mpmath.fdot(residual, [row[j] for row in rows]) for j in range(len(theta))]
            g = [loss_gradient[j] + (l2 * theta[j] + l1 * mpmath.sign(theta[j]) if j else 0) for j in free]
            h = [s[i] * prob[i] * (1 - prob[i]) / mpmath.fsum(s) for i in range(n)]
            H = mpmath.matrix(len(free))
            for p, j in enumerate(free):
                for q, k in enumerate(free):
                    H[p, q] = mpmath.fsum(h[i] * rows[i][j] * rows[i][k] for i in range(n)) + (
                        l2 if p == q and j else 0
                    )
            step = mpmath.lu_solve(H, mpmath.matrix(g))
            for p, j in enumerate(free):
                theta[j] -= step[p]
            if mpmath.norm(mpmath.matrix(g), mpmath.inf) < mpmath.mpf(10) ** -40:
                break
        else:
            raise AssertionError("the reference itself did not converge")
        for j in range(1, len(theta)):
            if j not in free:
                assert abs(loss_gradient[j]) <= l1
            elif w[j - 1] != 0:
                assert mpmath.sign(theta[j]) == np.sign(w[j - 1])
        return np.array([float(t) for t in theta[1:]]), float(theta[0])


def hard_case(name):
    X, y = problem(24, 4, seed=3)
    if name == "scales from 1e-8 to 1e8":
        return X * np.array([1e-8, 1e-3, 1e3, 1e8]), y, 1e-3
    if name == "offsets":
        return X + np.array([0, 1e3, 1e6, 1e9]), y, 1e-2
    if name == "nearly collinear":
        X[:, 3] = X[:, 0] + 1e-4 * X[:, 3]
        return X, y, 1e-3
    if name == "separable, weak penalty":
        return X, (X[:, 0] > 0).astype(int), 1e-7
    return X, y, 0.02


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(
    "name", ["plain", "scales from 1e-8 to 1e8", "offsets", "nearly collinear", "separable, weak penalty"]
)
def test_coefficients_agree_with_fifty_digits(name, l1_ratio):
    X, y, lam = hard_case(name)
    result = newton(X, y, lam, l1_ratio)
    w, b = high_precision(X, y, lam, l1_ratio, result.w, result.b)
    np.testing.assert_allclose(result.w, w, rtol=1e-7)
    assert result.b == pytest.approx(b, rel=1e-7, abs=1e-7)


def softmax_in_high_precision(X, y, lam, l1_ratio, W, b):
    """Refine to 40 digits on the support and signs of ``W``; return W, b, the objective and probabilities."""
    with mpmath.workdps(60):
        mpf, n, K = mpmath.mpf, len(y), len(b)
        rows = [[mpf(1), *map(mpf, row)] for row in X.tolist()]
        theta = [[mpf(float(v)) for v in row] for row in np.vstack([b, W])]
        free = [(j, k) for j in range(len(theta)) for k in range(K) if j == 0 or theta[j][k] != 0]
        l1, l2 = mpf(lam) * mpf(l1_ratio), mpf(lam) * (1 - mpf(l1_ratio))
        for _ in range(30):
            scores = [[mpmath.fdot(x, [t[k] for t in theta]) for k in range(K)] for x in rows]
            P = [[mpmath.exp(z) / mpmath.fsum(map(mpmath.exp, row)) for z in row] for row in scores]
            pull = [
                [mpmath.fsum(rows[i][j] * (P[i][k] - int(y[i] == k)) for i in range(n)) / n for k in range(K)]
                for j in range(len(theta))
            ]
            drift = mpmath.fsum(theta[0])  # half its square is added: of all equal intercepts, those of sum 0
            slope = [pull[j][k] + (l2 * theta[j][k] + l1 * mpmath.sign(theta[j][k]) if j else drift)
                     for j, k in free]  # fmt: skip
            if max(map(abs, slope)) < mpf(10) ** -40:
                break
            H = mpmath.matrix(len(free))
            for a, (j, k) in enumerate(free):
                for c, (m, q) in enumerate(free):
                    H[a, c] = mpmath.fsum(
                        rows[i][j] * rows[i][m] * P[i][k] * (int(k == q) - P[i][q]) for i in range(n)
                    ) / n + (int(j == m == 0) + (l2 if a == c and j else 0))
            for (j, k), step in zip(free, mpmath.lu_solve(H, mpmath.matrix(slope)), strict=True):
                theta[j][k] -= step
        else:
            raise AssertionError("the reference itself did not converge")
        for j in range(1, len(theta)):
            for k in range(K):
                assert mpmath.sign(theta[j][k]) == np.sign(W[j - 1, k])
                assert (j, k) in free or abs(pull[j][k]) <= l1 + mpf(10) ** -30
        weights = [t for row in theta[1:] for t in row]
        value = -mpmath.fsum(mpmath.log(P[i][int(y[i])]) for i in range(n)) / n + mpmath.fsum(
            l1 * abs(t) + l2 / 2 * t**2 for t in weights
        )
        refined = np.array(theta, dtype=float)
        return refined[1:], refined[0], float(value), np.array(P, dtype=float)


@pytest.mark.parametrize(("classes", "l1_ratio"), [(3, 0.5), (4, 1.0)])
def test_softmax_agrees_with_forty_digits(classes, l1_ratio):
    X, y = problem(20, 3, classes, seed=5)
    result = newton(X, y, 0.03, l1_ratio)
    assert 0 < np.count_nonzero(result.w) < result.w.size
    W, b, value, P = softmax_in_high_precision(X, y, 0.03, l1_ratio, result.w, result.b)
    assert result.value == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(fitted(X, result), P, rtol=1e-9)
    if l1_ratio < 1:  # with four classes L1 alone leaves a choice
        np.testing.assert_allclose(result.w, W, rtol=1e-9)
        np.testing.assert_allclose(result.b, b, rtol=1e-9)


@settings(max_examples=30)
@given(seeds)
def test_lasso_of_a_parabola_meets_its_kkt_conditions_where_signs_are_kept(seed):
    rng = np.random.default_rng(seed)
    A, w = rng.normal(size=(8, 5)), rng.normal(size=5) * (rng.random(5) < 0.6)
    H, gradient, l1 = A.T @ A, rng.normal(size=5), np.full(5, 0.3)
    v, free, _ = lasso_of_parabola(H, gradient, w, l1)
    np.testing.assert_array_equal(np.flatnonzero(v), free)
    slope = gradient + H @ (v - w)
    kept = v != 0
    assert kept.any()
    np.testing.assert_allclose(slope[kept], -0.3 * np.sign(v[kept]), atol=1e-9)

    def model(u):
        return gradient @ (u - w) + (u - w) @ H @ (u - w) / 2 + 0.3 * np.abs(u).sum()

    assert model(v) <= model(w) + 1e-12


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("classes", [2, 3])
def test_corrections_reach_the_minimum_with_the_old_hessian(classes, l1_ratio):
    X, y = problem(60, 5, classes)
    p = Problem.build(X, y, 0.02, l1_ratio)
    exact = descend(p, p.start(), max_iter=50, tol=1e-9)[1]
    near = p.at(exact.W * (1 + 1e-3 * np.random.default_rng(0).normal(size=exact.W.shape)))
    step = newton_step(p, near, p.gradient(near))
    after = p.at(step.target)
    point, gradient, missing = corrected(p, after, p.gradient(after), step)
    assert missing <= 1e-10 * np.sqrt(point.value) < 1e-3 * step.decrement
    np.testing.assert_array_equal(gradient, p.gradient(point))
    np.testing.assert_allclose(point.P, exact.P, atol=1e-9)
    assert np.abs(after.P - exact.P).max() > np.abs(point.P - exact.P).max()


def test_corrections_leave_a_point_with_violators_alone():
    X, y = problem(60, 5)
    p = Problem.build(X, y, 0.02, 1.0)
    zero = p.start()  # only the intercept is free: its own step misses the violated conditions
    step = newton_step(replace(p, l1=100 * p.l1), zero, p.gradient(zero))
    point, _, missing = corrected(p, after := p.at(step.target), p.gradient(after), step)
    assert point is after
    assert missing == np.inf


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("classes", [2, 3])
def test_the_prediction_is_the_tangent_of_the_path(classes, l1_ratio):
    """Its error falls with the square of the distance: half the way, a quarter of the error."""
    unit, lam = Problem.build(*problem(60, 5, classes), 1.0, l1_ratio), 0.03
    here = at_strength(unit, lam)
    near = descend(here, here.start(), max_iter=50, tol=1e-9)[1]
    _, point, step = descend(here, near, max_iter=50, tol=1e-9)  # the Hessian is that of the solution
    errors = []
    for factor in (0.98, 0.99):
        there = at_strength(unit, factor * lam)
        exact = descend(there, point, max_iter=50, tol=1e-9)[1]
        assert ((exact.W != 0) == (point.W != 0)).all()
        guess = there.at(predicted(unit, point, step, lam, factor * lam))
        errors.append(np.abs(guess.P - exact.P).max())
        assert errors[-1] < np.abs(point.P - exact.P).max() / 10
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.2)


def test_duplicates_and_wide_data():
    X, y = problem(15, 40)
    for l1_ratio in (1.0, 0.5, 0.0):
        lam = 0.01 * strong(X, y)
        twice = newton(np.hstack([X, X]), y, lam, l1_ratio)
        assert twice.converged
        assert twice.w.any()
        if l1_ratio == 1:
            once = newton(X, y, lam, 1.0)
            assert twice.value == pytest.approx(once.value, rel=1e-9)
            np.testing.assert_allclose(fitted(np.hstack([X, X]), twice), fitted(X, once), atol=1e-7)
        else:
            np.testing.assert_allclose(twice.w[:40], twice.w[40:], atol=1e-7)


def test_constant_columns_get_exactly_zero():
    X, y = problem()
    for lam, l1_ratio in ((0.1, 0.0), (0.01, 1.0), (0.0, 0.0)):
        result = newton(np.column_stack([X, np.full(30, 0.1)]), y, lam, l1_ratio)
        assert result.w[4] == 0
        np.testing.assert_allclose(result.w[:4], newton(X, y, lam, l1_ratio).w, atol=1e-10)


@pytest.mark.parametrize("classes", [2, 3])
def test_sparse_equals_dense_and_nothing_is_modified(classes):
    X, y = problem(classes=classes)
    X[np.abs(X) < 0.7] = 0
    before = X.copy()
    for form in (sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array):
        for l1_ratio in (0.0, 1.0):
            a, b = newton(X, y, 0.02, l1_ratio), newton(form(X), y, 0.02, l1_ratio)
            np.testing.assert_allclose(a.w, b.w, atol=1e-9)
            np.testing.assert_allclose(a.b, b.b, atol=1e-9)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_the_choice_among_equivalent_softmax_solutions(l1_ratio):
    X, y = problem(60, 4, 4)
    result = newton(X, y, 0.01, l1_ratio)
    assert result.b.sum() == pytest.approx(0, abs=1e-12)
    if l1_ratio < 1:
        np.testing.assert_allclose(result.w.sum(axis=1), 0, atol=1e-9)
    else:
        assert result.w.any(axis=1).sum() >= 3
        ordered = np.sort(result.w, axis=1)
        assert (ordered[:, 1] * ordered[:, 2] == 0).all()  # one of the two medians is exactly 0


def test_complete_and_quasi_complete_separation_are_named():
    x = np.array([[-1.0], [0.0], [0.0], [1.0]])
    for X, y in (([[-2.0], [-1.0], [1.0]], [0, 0, 1]), (x, [0, 0, 1, 1]), ([[0.0], [1.0], [2.0]], [0, 1, 2])):
        with pytest.warns(NotConverged, match=r"linearly separable.*lam=0.*Use lam > 0") as record:
            assert not newton(X, y, 0.0).converged
        assert record[0].filename == __file__
    X, y = problem(60, 3, 3)
    for labels in (y, y > 0):
        assert newton(X, labels, 0.0).converged
        assert not separable(Problem.build(X, labels, 0.0, 0.0))


def test_not_converged_is_said_with_the_gap():
    X, y = problem()
    with pytest.warns(
        NotConverged, match="newton stopped after 1 iterations with a duality gap of .*max_iter"
    ):
        result = newton(X, y, 1e-3, 1.0, max_iter=1)
    assert result.certificate > result.tolerance
    assert result.history.size == 2


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_the_objective_never_rises_even_from_a_bad_start(l1_ratio):
    X, y = problem(seed=2)
    result = newton(20 * X, y, 1e-4, l1_ratio, w0=np.full(4, 3.0))
    assert result.history.size > 3
    assert (np.diff(result.history) <= 1e-14 * np.abs(result.history[:-1])).all()
    np.testing.assert_allclose(result.w, newton(20 * X, y, 1e-4, l1_ratio).w, rtol=1e-7)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": [[np.nan], [1.0]]}, ValueError, "X must be finite, got nan"),
        ({"X": [1.0, 2.0]}, ValueError, "X must be 2-dimensional"),
        ({"y": [0, 1, 1]}, ValueError, "y must have 2 entries"),
        ({"y": [0, 0.5]}, ValueError, r"y must hold labels 0, 1, \.\.\., got 0\.5"),
        ({"y": [-1, 1]}, ValueError, r"y must hold labels 0, 1, \.\.\., got -1"),
        ({"y": [1, 1]}, ValueError, "y must hold every label from 0 to 1, got none of label 0"),
        ({"y": [0, 0]}, ValueError, "got none of label 1"),
        ({"lam": -1.0}, ValueError, r"lam must be >= 0, got -1\.0"),
        ({"lam": np.inf}, ValueError, "lam must be finite, got inf"),
        ({"lam": "1"}, TypeError, "lam must be a number, got '1'"),
        ({"l1_ratio": 1.5}, ValueError, r"l1_ratio must lie in \[0, 1\], got 1\.5"),
        ({"tol": 0.0}, ValueError, "tol must be > 0"),
        ({"max_iter": 0}, ValueError, "max_iter must be >= 1"),
        ({"fit_intercept": 1}, TypeError, "fit_intercept must be True or False"),
        ({"w0": [1.0, 2.0]}, ValueError, "w must have shape"),
        ({"w0": [np.nan]}, ValueError, "w and b must be finite"),
    ],
)
def test_bad_input(change, error, message):
    with pytest.raises(error, match=message):
        newton(**({"X": [[0.0], [1.0]], "y": [0, 1], "lam": 0.1} | change))


def test_ridge_has_no_lam_max():
    with pytest.raises(ValueError, match=r"l1_ratio must be > 0 for lam_max, got 0.*grid of strengths"):
        lam_max(*problem(), 0)
