"""The references of chapter 01 against oracles; wrong answers outside the catalogue fail as well."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss
from sklearn.preprocessing import PolynomialFeatures

from course_lib import losses
from course_lib.exercises import overfitting
from course_lib.exercises.catalogue import find
from course_lib.exercises.engine import judge
from course_lib.solvers import ridge


def test_polynomial_features_are_scikit_learns():
    x = np.linspace(-1.5, 2.0, 7)
    np.testing.assert_allclose(
        overfitting.polynomial_features(x, 4), PolynomialFeatures(4).fit_transform(x[:, None]), rtol=1e-12
    )


def test_bias_and_variance_add_up_to_the_mean_squared_error():
    rng = np.random.default_rng(0)
    predictions, truth = rng.normal(size=(6, 5)), rng.normal(size=5)
    total = np.mean((predictions - truth) ** 2)
    assert sum(overfitting.bias_variance(predictions, truth)) == pytest.approx(total, rel=1e-12)


def test_the_huber_gradient_is_the_difference_quotient():
    rng = np.random.default_rng(1)
    y, score, delta, h = rng.normal(size=8) * 3, rng.normal(size=8) * 3, 0.8, 1e-6
    loss = losses.HuberLoss(delta)
    slopes = [(loss.value(y, score + e) - loss.value(y, score - e)) / (2 * h) for e in h * np.eye(8)]
    np.testing.assert_allclose(overfitting.huber_gradient(y, score, delta), slopes, atol=1e-8)


def test_cross_entropy_is_scikit_learns_log_loss():
    rng = np.random.default_rng(2)
    labels, scores = np.array([0, 2, 1, 1, 0]), rng.normal(size=(5, 3)) * 2
    expected = log_loss(labels, losses.softmax(scores), labels=[0, 1, 2])
    assert overfitting.cross_entropy(labels, scores) == pytest.approx(expected, rel=1e-10)


def test_steps_with_the_penalty_end_at_the_ridge_solution():
    rng = np.random.default_rng(3)
    X, y, lam, w = rng.normal(size=(12, 3)), rng.normal(size=12), 0.4, np.zeros(3)
    for _ in range(2000):
        w = overfitting.penalised_step(w, X.T @ (X @ w - y) / 12, lam, 0.2)
    np.testing.assert_allclose(w, ridge.solve(X, y, lam, fit_intercept=False)[0], rtol=1e-9)


def _cut(rows, first, second):
    return rows[:first], rows[first:second], rows[second:]


OTHERS = {  # plausible wrong answers written without a look at the catalogue: none may pass
    "polynomial_features": [
        lambda x, k: np.polynomial.legendre.legvander(x, k),
        lambda x, k: (x**k)[:, None],
        lambda x, k: np.abs(x)[:, None] ** np.arange(k + 1),
        lambda x, k: np.column_stack([x**j for j in [*range(1, k + 1), 0]]),
        lambda x, k: np.sum([x**j for j in range(k + 1)], axis=0),
    ],
    "bias_variance": [
        lambda p, t: (p.var(axis=0).mean(), np.mean((p.mean(axis=0) - t) ** 2)),
        lambda p, t: (np.mean((p.mean(axis=0) - t) ** 2), p.std(axis=0).mean()),
        lambda p, t: (np.mean((np.median(p, axis=0) - t) ** 2), p.var(axis=0).mean()),
        lambda p, t: (np.mean(np.abs(p.mean(axis=0) - t)), p.var(axis=0).mean()),
        lambda p, t: (np.mean((p.mean(axis=0) - t) ** 2), np.mean((p - t) ** 2)),
        lambda p, t: (np.sum((p.mean(axis=0) - t) ** 2), p.var(axis=0).sum()),
    ],
    "huber_gradient": [
        lambda y, s, d: losses.HuberLoss(d).pointwise(y, s),
        lambda y, s, d: np.where(np.abs(s - y) >= d, s - y, d * np.sign(s - y)) / len(y),
        lambda y, s, d: np.clip(2 * (s - y), -d, d) / len(y),
        lambda y, s, d: np.maximum(s - y, -d) / len(y),
        lambda y, s, d: (s - y) / len(y),
        lambda y, s, d: overfitting.huber_gradient(s, y, d),
        lambda y, s, d: np.clip(s - y, -1, 1) / len(y),
        lambda y, s, d: np.sign(s - y) / len(y),
    ],
    "cross_entropy": [
        lambda c, s: np.mean(np.logaddexp.reduce(s, axis=1) - s.max(axis=1)),
        lambda c, s: overfitting.cross_entropy(c, np.clip(s, -50, 50)),
        lambda c, s: np.mean(np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(c)), c]),
        lambda c, s: -overfitting.cross_entropy(c, s),
        lambda c, s: overfitting.cross_entropy(c, s) / s.shape[1],
        lambda c, s: overfitting.cross_entropy(c, s) / np.log(2),
        lambda c, s: np.mean(np.logaddexp.reduce(s, axis=1)[:, None] - s[:, c]),
        lambda c, s: np.mean(-np.log(np.maximum(losses.softmax(s)[np.arange(len(c)), c], 1e-6))),
        lambda c, s: np.mean(s.argmax(axis=1) != c),
    ],
    "penalised_step": [
        lambda w, g, lam, step: w - lam * (g + step * w),
        lambda w, g, lam, step: w + step * (g + lam * w),
        lambda w, g, lam, step: w - step * (g + lam * np.sign(w)),
        lambda w, g, lam, step: w - step * (g + lam / 2 * np.sum(w**2)),
        lambda w, g, lam, step: (1 - step * lam) * (w - step * g),
        lambda w, g, lam, step: w - step * (g + lam * w**2),
        lambda w, g, lam, step: w - step * (g + lam * w / np.linalg.norm(w)),
        lambda w, g, lam, step: w - step * (lam * g + w),
    ],
    "three_way_split": [
        lambda n, v, t, rng: _cut(np.random.permutation(n), n - v - t, n - t),  # noqa: NPY002  that is the mistake
        lambda n, v, t, rng: _cut(np.roll(np.arange(n), rng.integers(n)), n - v - t, n - t),
        lambda n, v, t, rng: _cut(rng.permutation(n), v, v + t),
        lambda n, v, t, rng: _cut(rng.permutation(n), n - v - t, n - v),
        lambda n, v, t, rng: _cut(rng.integers(0, n, n), n - v - t, n - t),
        lambda n, v, t, rng: [part + 1 for part in _cut(rng.permutation(n), n - v - t, n - t)],
        lambda n, v, t, rng: (
            rng.permutation(n - v - t),
            *_cut(n - v - t + rng.permutation(v + t), v, v + t)[:2],
        ),
        lambda n, v, t, rng: _cut(rng.permutation(n - 1), n - v - t, n - t),
        lambda n, v, t, rng: _cut(rng.permutation(n), n - v - t, n - t)[:2],
    ],
}
NAMED = {  # those that the catalogue knows; the cause of the others is not in it
    ("bias_variance", 1): "root",
    ("bias_variance", 3): "absolute",
    ("bias_variance", 4): "around_truth",
    ("huber_gradient", 4): "never_cut",
    ("cross_entropy", 2): "naive",
    ("cross_entropy", 4): "over_table",
    ("cross_entropy", 5): "bits",
    ("cross_entropy", 6): "all_pairs",
    ("penalised_step", 2): "sign",
    ("penalised_step", 3): "value",
    ("penalised_step", 4): "one_after_the_other",
    ("penalised_step", 5): "square",
    ("three_way_split", 1): "blocks",
    ("three_way_split", 4): "replaced",
    ("three_way_split", 5): "from_one",
}
WRONG = [(name, number) for name, answers in OTHERS.items() for number in range(len(answers))]


@pytest.mark.parametrize(("name", "number"), WRONG)
@pytest.mark.parametrize("seed", [0, 7])
def test_other_wrong_answers_fail_and_are_not_taken_for_another_mistake(name, number, seed):
    report = judge(find(f"overfitting.{name}"), OTHERS[name][number], seed)
    assert not report.passed
    assert report.diagnosis == NAMED.get((name, number))
