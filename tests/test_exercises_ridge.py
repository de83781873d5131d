"""The references of chapter 02 against certificates and an independent library."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from course_lib.exercises import ridge, wording
from course_lib.exercises.catalogue import find
from course_lib.exercises.engine import judge


@pytest.fixture(params=[(9, 4, 0.3), (20, 3, 2.0)])
def problem(request):
    n, d, lam = request.param
    X, y = ridge.draw(np.random.default_rng(n), n, d)
    return X, y, lam


def test_the_gradient_is_the_derivative_of_the_objective(problem):
    X, y, lam = problem
    w, step = np.linspace(-1.0, 2.0, X.shape[1]), 1e-6
    directions = step * np.eye(len(w))
    slopes = [
        (ridge.objective(X, y, w + e, lam) - ridge.objective(X, y, w - e, lam)) / (2 * step)
        for e in directions
    ]
    np.testing.assert_allclose(ridge.gradient(X, y, w, lam), slopes, rtol=1e-6, atol=1e-6)


def test_the_closed_form_has_gradient_zero(problem):
    X, y, lam = problem
    np.testing.assert_allclose(ridge.gradient(X, y, ridge.closed_form(X, y, lam), lam), 0, atol=1e-10)


def test_the_fit_with_intercept_is_scikit_learns(problem):
    X, y, lam = problem
    w, b = ridge.fit(X, y, lam)
    model = Ridge(alpha=len(y) * lam).fit(X, y)
    np.testing.assert_allclose(w, model.coef_, rtol=1e-8)
    np.testing.assert_allclose(b, model.intercept_, rtol=1e-8)


def test_leave_one_out_is_what_n_refits_of_scikit_learn_give(problem):
    X, y, lam = problem
    n = len(y)
    errors = []
    for i in range(n):
        rest = np.arange(n) != i
        model = Ridge(alpha=n * lam).fit(X[rest], y[rest])  # alpha = n lam stays fixed
        errors.append(y[i] - model.predict(X[i : i + 1])[0])
    np.testing.assert_allclose(ridge.loo(X, y, lam), errors, rtol=1e-7)


def test_shrinkage_factors_multiply_the_least_squares_fit(problem):
    X, y, lam = problem
    X = X - X.mean(axis=0)
    U = np.linalg.svd(X, full_matrices=False)[0]
    fitted = U.T @ (X @ Ridge(alpha=len(y) * lam, fit_intercept=False).fit(X, y).coef_)
    np.testing.assert_allclose(ridge.shrinkage_factors(X, lam) * (U.T @ y), fitted, rtol=1e-8, atol=1e-10)


def test_degrees_of_freedom_are_the_sum_of_the_derivatives_of_the_fit(problem):
    """df = sum over i of d(fit_i)/d(y_i); the fit is linear in y, so a difference is exact."""
    X, y, lam = problem
    X = X - X.mean(axis=0)

    def fit(target):
        return X @ Ridge(alpha=len(y) * lam, fit_intercept=False).fit(X, target).coef_

    slopes = [(fit(y + e) - fit(y))[i] for i, e in enumerate(np.eye(len(y)))]
    np.testing.assert_allclose(ridge.effective_df(X, lam), sum(slopes), rtol=1e-8)


def test_the_map_strength_makes_the_log_posterior_a_multiple_of_the_objective(problem):
    X, y, _ = problem
    noise, prior, n = 1.7, 0.6, len(y)
    lam, rng = ridge.map_strength(noise, prior, n), np.random.default_rng(0)
    ratios = []
    for w in rng.normal(size=(4, X.shape[1])):
        log_posterior = -np.sum((y - X @ w) ** 2) / (2 * noise**2) - np.sum(w**2) / (2 * prior**2)
        ratios.append(-log_posterior / ridge.objective(X, y, w, lam))
    np.testing.assert_allclose(ratios, n / noise**2, rtol=1e-10)


def test_alpha_is_n_lam():
    """The numbers of the prompt: n = 300, lam = 0.05."""
    X, y = ridge.draw(np.random.default_rng(0), 300, 3)
    model = Ridge(alpha=find("ridge.alpha").right_answer, fit_intercept=False).fit(X, y)
    np.testing.assert_allclose(model.coef_, ridge.closed_form(X, y, 0.05), rtol=1e-9)


def test_weight_decay_is_twice_lam_for_mse_loss(problem):
    torch = pytest.importorskip("torch")
    X, y, lam = problem
    w = torch.tensor(ridge.closed_form(X, y, lam), requires_grad=True)
    optimiser = torch.optim.SGD([w], lr=0.1, weight_decay=2 * lam)
    before = w.detach().clone()
    torch.nn.MSELoss()(torch.tensor(X) @ w, torch.tensor(y)).backward()
    optimiser.step()
    assert torch.allclose(w.detach(), before, atol=1e-9)
    assert find("ridge.weight_decay_for_torch").right_answer == "c"


def test_answers_of_other_people_are_named():
    """The same mistakes written differently: through scikit-learn, in single precision, with an inverse."""

    def same_alpha(X, y, lam):
        return Ridge(alpha=lam + 1e-12, fit_intercept=False).fit(X, y).coef_

    def inverse(X, y, lam):
        return np.linalg.inv(X.T @ X + lam * np.eye(X.shape[1])) @ X.T @ y

    def loop(X, y, w, lam):
        X, y, w = (a.astype(np.float32) for a in (X, y, w))
        return [float(sum((X[:, j] * (X @ w - y)) / len(y)) + lam * abs(w[j])) for j in range(len(w))]

    def no_bias_in_penalty_forgotten(X, y, lam):
        ones = np.hstack([X, np.ones((len(y), 1))])
        w = np.linalg.solve(ones.T @ ones / len(y) + lam * np.eye(X.shape[1] + 1), ones.T @ y / len(y))
        return w[:-1], w[-1]

    assert judge(find("ridge.closed_form"), same_alpha).diagnosis == "lam_without_n"
    assert judge(find("ridge.closed_form"), inverse).diagnosis == "lam_without_n"
    assert judge(find("ridge.gradient"), loop).diagnosis == "penalty_absolute"
    assert judge(find("ridge.intercept"), no_bias_in_penalty_forgotten).diagnosis == "penalised"


def from_eigh(X, lam, order=slice(None)):
    values = np.linalg.eigh(X.T @ X)[0][order]
    return values / (values + len(X) * lam)


def test_shrinkage_factors_are_wanted_largest_first_and_without_extra_zeros():
    """min(n, d) of them, also for n < d, where XᵀX has d eigenvalues."""
    item = find("ridge.shrinkage_factors")
    wide = [case for case in item.cases(np.random.default_rng(0)) if np.less(*case.args[0].shape)]
    assert all((np.linalg.svd(case.args[0], compute_uv=False) > 1e-3).all() for case in wide)
    assert wide
    assert judge(item, from_eigh).diagnosis == "all_eigenvalues"
    assert judge(item, lambda X, lam: ridge.shrinkage_factors(X, lam)[::-1]).diagnosis == "ascending"
    descending = judge(item, lambda X, lam: from_eigh(X, lam, slice(None, None, -1)))
    assert descending.kind == "shape"
    assert descending.failures[0].label == "more features than samples"

    def permuted(X, lam):
        return np.roll(ridge.shrinkage_factors(X, lam), 1)

    assert judge(item, permuted).kind == "order"


def test_leave_one_out_with_n_minus_1_in_the_formula_is_refitting_with_the_same_lam():
    def formula(X, y, lam):
        return ridge.loo(X, y, lam * (len(y) - 1) / len(y))

    report = judge(find("ridge.loo"), formula)
    assert report.diagnosis == "same_lam"
    assert "in your formula" in report.sentence
    assert "refitted" in report.sentence


def test_a_factor_that_is_the_number_of_samples_is_named():
    def divided_on_one_side(X, y, lam):
        n, d = X.shape
        return np.linalg.solve(X.T @ X + n * lam * np.eye(d), X.T @ y / n)

    def on_the_other(X, y, lam):
        n, d = X.shape
        return np.linalg.solve(X.T @ X / n + lam * np.eye(d), X.T @ y)

    assert "times `1/n`" in judge(find("ridge.closed_form"), divided_on_one_side).sentence
    assert "times `n`" in judge(find("ridge.closed_form"), on_the_other).sentence
    summed = judge(find("ridge.gradient"), lambda X, y, w, lam: len(y) * ridge.gradient(X, y, w, lam))
    assert "times `n`" in summed.sentence


def test_what_is_returned_by_the_intercept_exercise_is_read_kindly_and_named_rightly():
    item = find("ridge.intercept")

    def column(X, y, lam):
        w, b = ridge.fit(X, y, lam)
        return w, np.array([b])

    assert judge(item, column).passed
    assert judge(item, lambda X, y, lam: ridge.fit(X, y, lam)[::-1]).kind == "swapped"
    alone = judge(item, lambda X, y, lam: ridge.fit(X, y, lam)[0])
    assert "2 results are expected (w, b)" in alone.sentence
    assert alone.failures[0].label == "a small example"  # d = 2, as many entries as results
    assert "b =" not in alone.failures[0].got


def test_the_value_of_alpha_may_come_in_a_list():
    assert judge(find("ridge.alpha"), [15]).passed


def test_the_dual_form_is_told_at_which_case_it_breaks():
    def dual(X, y, lam):
        return X.T @ np.linalg.solve(X @ X.T + len(y) * lam * np.eye(len(y)), y)

    report = judge(find("ridge.closed_form"), dual)
    assert report.failures[0].label == "lam = 0"
    assert "XᵀX is invertible" in wording.of(find("ridge.closed_form"))["prompt"]
