"""Conventions: every translation against objectives written out in full, and the tools themselves."""

import functools
import html
import html.parser
import itertools
import math
import os

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge, SGDClassifier, SGDRegressor
from sklearn.neural_network import MLPRegressor

from course_lib import cli, conventions
from course_lib.conventions import CONVENTIONS, NoEquivalent, card, convert, from_base, to_base
from course_lib.solvers import coordinate, ridge

os.environ.setdefault("KERAS_BACKEND", "torch")

N, D = 40, 4
REGRESSION, CLASSIFICATION = "regression", "classification"
DECOUPLED = {"torch.AdamW", "keras.Adam"}
LR = 0.05


def data(task=REGRESSION, seed=0):
    """Columns of unequal scales that are not centred."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, D)) * [0.5, 1.0, 2.0, 1.5] + [1.0, 0.0, -1.0, 0.5]
    score = X @ [1.0, -1.0, 0.0, 0.5] + rng.normal(size=N)
    return X, score * 3 + 4 if task == REGRESSION else (score > np.median(score)).astype(float)


X_REG, Y_REG = data()
Y_SD = float(Y_REG.std())


# ------------------------------------------------------- the oracle: each tool's objective, letter by letter


def losses(task, y, score):
    """Cost per sample: squared residual, or log-loss."""
    if task == REGRESSION:
        return (y - score) ** 2
    return torch.nn.functional.binary_cross_entropy_with_logits(score, y, reduction="none")


def reduce(values, how):
    return {"mean": values.mean, "half_mean": lambda: values.mean() / 2, "sum": values.sum,
            "half_sum": lambda: values.sum() / 2}[how]()  # fmt: skip


def literal(name, task, how, s, X, y, w, b):
    """The objective of a tool as its documentation writes it, with its own settings ``s``."""
    values = losses(task, y, X @ w + b)
    n, squares, absolute = len(y), (w**2).sum(), w.abs().sum()
    base_loss = values.mean() / 2 if task == REGRESSION else values.mean()
    framework = reduce(values, how)
    if name in ("base", "sklearn.ElasticNet"):
        strength = s["lam"] if name == "base" else s["alpha"]
        return base_loss + strength * (s["l1_ratio"] * absolute + (1 - s["l1_ratio"]) / 2 * squares)
    if name == "sklearn.Ridge":
        return values.sum() + s["alpha"] * squares
    if name == "sklearn.Lasso":
        return values.mean() / 2 + s["alpha"] * absolute
    if name == "sklearn.LogisticRegression":
        share = s["l1_ratio"]
        return s["C"] * values.sum() + share * absolute + (1 - share) / 2 * squares
    if name.startswith("sklearn.SGD"):
        share = {"l2": 0.0, "l1": 1.0}.get(s["penalty"], s.get("l1_ratio"))
        return base_loss + s["alpha"] * (share * absolute + (1 - share) / 2 * squares)
    if name.startswith("sklearn.MLP"):
        return base_loss + 0.5 * s["alpha"] * squares / n
    if name == "glmnet":
        assert s["standardize"] is False
        lam, share = s["lambda_"], s["alpha"]
        if task == CLASSIFICATION:
            return values.mean() + lam * (share * absolute + (1 - share) / 2 * squares)
        sd = y.std(correction=0)  # y is scaled, and lambda is reported on y's own scale
        v = w / sd
        scaled = ((y / sd - X @ v - b / sd) ** 2).mean() / 2
        return scaled + lam / sd * (share * v.abs().sum() + (1 - share) / 2 * (v**2).sum())
    if name in ("torch.SGD", "torch.Adam", "keras.SGD"):
        return framework + s["weight_decay"] / 2 * squares
    if name == "SGDW":  # the step's direction is the loss's gradient plus decay / lr times w
        return framework + s["decay"] / LR / 2 * squares
    if name == "keras.l1_l2":
        return framework + s["l1"] * absolute + s["l2"] * squares
    written = {
        "keras.l1": lambda: s["l1"] * absolute,
        "keras.l2": lambda: s["l2"] * squares,
        "web.l1": lambda: s["lambda_"] * absolute,
        "web.l2": lambda: s["lambda_"] * squares,
        "web.half_l2": lambda: s["alpha"] / 2 * squares,
        "web.l1_over_2m": lambda: s["lambda_"] / (2 * n) * absolute,
        "web.l2_over_2m": lambda: s["lambda_"] / (2 * n) * squares,
        "web.lambda_twice": lambda: s["lambda_"] * (s["lambda_"] * squares),
        "web.mixed": lambda: s["lambda_"] * (s["alpha"] * w**2 + (1 - s["alpha"]) * w.abs()).sum(),
    }
    return framework + written[name]()


POINTS = np.random.default_rng(1).normal(size=(3, D + 1))


@functools.cache
def on_the_points(name, task, how, settings):
    """Values (3,) and gradients (3, d + 1) at ``POINTS``, the gradients from autograd."""
    X, y = torch.tensor(X_REG), torch.tensor(data(task)[1])
    values, slopes = [], []
    for point in POINTS:
        w, b = torch.tensor(point[:-1], requires_grad=True), torch.tensor(point[-1], requires_grad=True)
        value = literal(name, task, how, dict(settings), X, y, w, b)
        value.backward()
        values.append(value.item())
        slopes.append(np.append(w.grad.numpy(), b.grad.numpy()))
    return np.array(values), np.array(slopes)


START = {
    "base": {"lam": 0.3, "l1_ratio": 0.4},
    "sklearn.ElasticNet": {"alpha": 0.3, "l1_ratio": 0.4},
    "sklearn.LogisticRegression": {"C": 0.2, "l1_ratio": 0.7},
    "sklearn.SGDRegressor": {"alpha": 0.3, "penalty": "elasticnet", "l1_ratio": 0.4},
    "sklearn.SGDClassifier": {"alpha": 0.3, "penalty": "elasticnet", "l1_ratio": 0.4},
    "glmnet": {"lambda_": 0.3, "alpha": 0.4, "standardize": False},
    "keras.l1_l2": {"l1": 0.2, "l2": 0.3},
    "web.mixed": {"lambda_": 0.3, "alpha": 0.4},
}
PURE = {  # the same tools with one kind of penalty, to reach targets that know only that one
    "base": ({"lam": 0.3, "l1_ratio": 1.0}, {"lam": 0.3, "l1_ratio": 0.0}),
    "sklearn.ElasticNet": ({"alpha": 0.3, "l1_ratio": 1.0}, {"alpha": 0.3, "l1_ratio": 0.0}),
    "sklearn.LogisticRegression": ({"C": 0.2, "l1_ratio": 1.0}, {"C": 0.2, "l1_ratio": 0.0}),
    "sklearn.SGDRegressor": ({"alpha": 0.3, "penalty": "l1"}, {"alpha": 0.3, "penalty": "l2"}),
    "sklearn.SGDClassifier": ({"alpha": 0.3, "penalty": "l1"}, {"alpha": 0.3, "penalty": "l2"}),
    "glmnet": ({"lambda_": 0.3, "alpha": 1.0, "standardize": False},
               {"lambda_": 0.3, "alpha": 0.0, "standardize": False}),
    "keras.l1_l2": ({"l1": 0.2, "l2": 0.0}, {"l1": 0.0, "l2": 0.3}),
    "web.mixed": ({"lambda_": 0.3, "alpha": 0.0}, {"lambda_": 0.3, "alpha": 1.0}),
}  # fmt: skip


def starts(name):
    """Settings of a source: mixed, pure L1, pure L2, whichever it knows."""
    if name in START:
        return [START[name], *PURE[name]]
    return [{CONVENTIONS[name].parameters[0]: 0.3}]


@functools.cache
def _kinds(name, settings, task):
    """Which of L1 and L2 the settings hold, read off the literal objective."""
    s = dict(settings)
    y, X = torch.tensor(data(task)[1]), torch.tensor(X_REG)
    zero, none = torch.zeros(D, dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64)
    e = torch.zeros(D, dtype=torch.float64)
    e[0] = 1.0

    def penalty(w):
        with_it = literal(name, task, "mean", s, X * 0, y, w, none)
        return float(with_it - literal(name, task, "mean", s, X * 0, y, zero, none))

    one, two = penalty(e), penalty(2 * e)  # l1 + l2/2 and 2 l1 + 2 l2
    return {kind for kind, amount in (("l1", 4 * one - two), ("l2", two - 2 * one)) if amount > 1e-12}


def kinds(name, s, task):
    return _kinds(name, tuple(s.items()), task)


USABLE = [name for name in CONVENTIONS if name not in DECOUPLED]
FRAMEWORK = {name for name, convention in CONVENTIONS.items() if convention.uses_reduction}
SOURCES = [(source, task) for source in USABLE for task in (REGRESSION, CLASSIFICATION)
           if CONVENTIONS[source].task in (task, None)]  # fmt: skip
HOW = {REGRESSION: ["mean", "sum", "half_mean", "half_sum"], CLASSIFICATION: ["mean", "sum"]}


def targets(task):
    return [name for name in USABLE if CONVENTIONS[name].task in (task, None)]


def reductions(source, target, task):
    """Pairs of loss reductions in which every one occurs on both sides, equal and unequal ones."""
    names = HOW[task]
    here, there = (names if name in FRAMEWORK else [None] for name in (source, target))
    if len(here) == len(there):
        return (
            [("mean", "mean"), *zip(names, names[1:] + names[:1], strict=True)] if here[0] else [(None, None)]
        )
    return itertools.product(here, there)


def arguments(task, here, there):
    """Everything but the strengths."""
    how = {"loss_reduction": here or there} if here or there else {}
    how |= {"target_loss_reduction": there} if there else {}
    return {**how, "n": N, "lr": LR, "task": task, **({"y_sd": Y_SD} if task == REGRESSION else {})}


@pytest.mark.parametrize(("source", "task"), SOURCES)
def test_objectives_and_gradients_of_every_pair_are_multiples_of_each_other(source, task):
    tried = 0
    for target, s in itertools.product(targets(task), starts(source)):
        possible = kinds(source, s, task) <= set(CONVENTIONS[target].takes)
        for here, there in reductions(source, target, task):
            if not possible:
                with pytest.raises(NoEquivalent, match="has only an L"):
                    convert(source, target, **s, **arguments(task, here, there))
                continue
            t = convert(source, target, **s, **arguments(task, here, there))
            old, old_slopes = on_the_points(source, task, here or "mean", tuple(s.items()))
            new, new_slopes = on_the_points(target, task, there or "mean", tuple(t.items()))
            factor = (old_slopes * new_slopes).sum() / (old_slopes**2).sum()
            assert factor > 0
            np.testing.assert_allclose(new_slopes, factor * old_slopes, rtol=1e-9, atol=1e-10 * factor)
            np.testing.assert_allclose(np.diff(new), factor * np.diff(old), rtol=1e-9)
            tried += 1
    assert tried >= 10


@pytest.mark.parametrize(("source", "task"), SOURCES)
def test_there_and_back_is_where_it_began(source, task):
    for target, s in itertools.product(targets(task), starts(source)):
        if kinds(source, s, task) <= set(CONVENTIONS[target].takes):
            told = arguments(task, None, None)
            told |= {"loss_reduction": "mean"} if {source, target} & FRAMEWORK else {}
            back = convert(target, source, **convert(source, target, **s, **told), **told)
            assert {k: v if isinstance(v, str) else pytest.approx(v, rel=1e-12) for k, v in s.items()} == back


# ------------------------------------------------------------------------------ scaling laws


@given(lam=st.floats(1e-6, 1e3), n=st.integers(1, 10**6))
def test_ridge_and_logistic_regression_carry_n_lasso_does_not(lam, n):
    assert from_base("sklearn.Ridge", lam=lam, l1_ratio=0, n=n)["alpha"] == pytest.approx(n * lam)
    logistic = from_base("sklearn.LogisticRegression", lam=lam, l1_ratio=0, n=n)
    assert logistic["C"] == pytest.approx(1 / (n * lam))
    assert from_base("sklearn.Lasso", lam=lam, l1_ratio=1, n=n) == {"alpha": lam}


@given(lam=st.floats(1e-6, 1e3), share=st.floats(0, 1), c=st.floats(0.1, 10))
def test_glmnet_follows_a_change_of_the_unit_of_y(lam, share, c):
    """y and w in another unit: the L1 strength scales with it, the L2 strength does not."""
    one = to_base("glmnet", lambda_=lam, alpha=share, standardize=False, y_sd=2.0, task=REGRESSION)
    two = to_base("glmnet", lambda_=lam * c, alpha=share, standardize=False, y_sd=2.0 * c, task=REGRESSION)
    l1 = [r["lam"] * r["l1_ratio"] for r in (one, two)]
    l2 = [r["lam"] * (1 - r["l1_ratio"]) for r in (one, two)]
    assert l1[1] == pytest.approx(c * l1[0], rel=1e-9, abs=1e-12 * lam * c)
    assert l2[1] == pytest.approx(l2[0], rel=1e-9, abs=1e-12 * lam)


def test_a_sum_over_batches_counts_the_rows_of_a_batch():
    by_batch = from_base("torch.SGD", lam=0.1, l1_ratio=0, task=REGRESSION, loss_reduction="sum",
                         n=1000, batch_size=32)  # fmt: skip
    assert by_batch["weight_decay"] == pytest.approx(2 * 32 * 0.1)
    assert from_base("sklearn.MLPRegressor", lam=0.1, l1_ratio=0, n=1000, batch_size=200) == {
        "alpha": pytest.approx(20.0)
    }


@pytest.mark.parametrize("target", CONVENTIONS)
def test_no_penalty_is_no_penalty_everywhere(target):
    told = {"loss_reduction": "mean"} if target in FRAMEWORK else {}
    task = CONVENTIONS[target].task or REGRESSION
    settings = from_base(target, lam=0, l1_ratio=1.0, task=task, y_sd=2.0, n=N, **told)
    strengths = {k: v for k, v in settings.items() if k not in ("l1_ratio", "penalty", "standardize")}
    if target == "sklearn.LogisticRegression":
        assert strengths == {"C": math.inf}
    else:
        assert set(strengths.values()) <= {0.0} or target == "glmnet"
    assert to_base(target, **settings, task=task, y_sd=2.0, n=N, **told)["lam"] == 0


def test_the_share_of_a_base_objective_without_penalty_is_kept():
    assert convert("base", "base", lam=0, l1_ratio=0.3) == {"lam": 0.0, "l1_ratio": 0.3}


# ------------------------------------------------------------------------------ fits of the tools


L2, L1, MIXED = {"lam": 0.3, "l1_ratio": 0.0}, {"lam": 0.3, "l1_ratio": 1.0}, {"lam": 0.3, "l1_ratio": 0.6}


def base_fit(lam, l1_ratio, X=X_REG):
    """The base problem by the course's solvers: an answer with a certificate."""
    if l1_ratio == 0:
        return ridge.solve(X, Y_REG, lam)
    result = coordinate.coordinate_descent(X, Y_REG, lam, l1_ratio, tol=1e-13)
    return result.w, result.b


def assert_same_fit(w, b, base, X=X_REG):
    w_base, b_base = base_fit(**base, X=X)
    np.testing.assert_allclose(np.ravel(w), w_base, rtol=0, atol=1e-6 * np.abs(w_base).max())
    assert float(np.ravel(b)[0]) == pytest.approx(b_base, rel=1e-6)


SKLEARN = {
    "sklearn.Ridge": (Ridge, {"solver": "cholesky"}, [L2]),
    "sklearn.Lasso": (Lasso, {"tol": 1e-13, "max_iter": 10**5}, [L1]),
    "sklearn.ElasticNet": (ElasticNet, {"tol": 1e-13, "max_iter": 10**5}, [L1, MIXED]),
}  # fmt: skip


@pytest.mark.parametrize("name", SKLEARN)
def test_scikit_learn_fits_the_base_problem(name):
    cls, options, problems = SKLEARN[name]
    for base in problems:
        model = cls(**from_base(name, **base, n=N), **options).fit(X_REG, Y_REG)
        assert_same_fit(model.coef_, model.intercept_, base)


def test_a_network_without_hidden_layers_fits_the_base_problem():
    """Its L-BFGS stops on a small change of the objective: fewer digits than a linear solver gives."""
    settings = from_base("sklearn.MLPRegressor", **L2, n=N)
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="lbfgs", tol=1e-12, max_iter=10**4, random_state=0, **settings
    )
    w, half = base_fit(**L2)[0], base_fit(lam=L2["lam"] / 2, l1_ratio=0)[0]
    gap = np.abs(model.fit(X_REG, Y_REG).coefs_[0].ravel() - w).max()
    assert gap < 1e-4 < 0.05 < np.abs(half - w).max()


def logistic_minimum(lam):
    """Full Newton on the base problem with a mean log-loss, until the gradient is gone; returns (w, b)."""
    y = data(CLASSIFICATION)[1]
    A, v = np.column_stack([X_REG, np.ones(N)]), np.zeros(D + 1)
    weights = np.append(np.full(D, lam), 0.0)  # the intercept is free
    for _ in range(30):
        p = 1 / (1 + np.exp(-A @ v))
        gradient = A.T @ (p - y) / N + weights * v
        v -= np.linalg.solve((A.T * (p * (1 - p))) @ A / N + np.diag(weights), gradient)
    assert np.abs(gradient).max() < 1e-12
    return v[:-1], v[-1]


def test_logistic_regression_fits_the_base_problem():
    w, b = logistic_minimum(0.05)
    model = LogisticRegression(**from_base("sklearn.LogisticRegression", lam=0.05, l1_ratio=0, n=N),
                               tol=1e-10, max_iter=10**4)  # fmt: skip
    model.fit(X_REG, data(CLASSIFICATION)[1])
    np.testing.assert_allclose(model.coef_[0], w, atol=1e-6)
    assert model.intercept_[0] == pytest.approx(b, abs=1e-6)


def test_logistic_regression_with_l1_meets_the_optimality_conditions():
    lam, share, y = 0.05, 0.6, data(CLASSIFICATION)[1]
    settings = from_base("sklearn.LogisticRegression", lam=lam, l1_ratio=share, n=N)
    model = LogisticRegression(**settings, solver="saga", tol=1e-12, max_iter=10**6, random_state=0).fit(
        X_REG, y
    )
    w = model.coef_[0]
    pull = X_REG.T @ (1 / (1 + np.exp(-X_REG @ w - model.intercept_)) - y) / N + lam * (1 - share) * w
    assert (w == 0).any()
    assert (w != 0).any()
    np.testing.assert_allclose(pull[w != 0], -lam * share * np.sign(w[w != 0]), atol=1e-6)
    assert np.all(np.abs(pull[w == 0]) <= lam * share + 1e-6)


@pytest.mark.parametrize("base", [L2, L1, MIXED])
def test_sgd_regressor_walks_to_the_base_solution(base):
    """A walk with falling steps ends near it; half the strength would be far off."""
    Z = (X_REG - X_REG.mean(axis=0)) / X_REG.std(axis=0)
    settings = from_base("sklearn.SGDRegressor", **base)
    model = SGDRegressor(**settings, learning_rate="invscaling", eta0=0.02, power_t=0.5,
                         max_iter=2000, tol=None, random_state=0)  # fmt: skip
    w, _ = base_fit(**base, X=Z)
    gap = np.abs(model.fit(Z, Y_REG).coef_ - w).max() / np.abs(w).max()
    half = np.abs(base_fit(base["lam"] / 2, base["l1_ratio"], X=Z)[0] - w).max() / np.abs(w).max()
    assert gap < 1e-3 < 0.02 < half


def test_sgd_classifier_walks_to_the_base_solution():
    Z, y = (X_REG - X_REG.mean(axis=0)) / X_REG.std(axis=0), data(CLASSIFICATION)[1]
    settings = convert("sklearn.LogisticRegression", "sklearn.SGDClassifier", C=0.5, n=N)
    model = SGDClassifier(loss="log_loss", **settings, learning_rate="invscaling", eta0=0.1, power_t=0.5,
                          max_iter=2000, tol=None, random_state=0).fit(Z, y)  # fmt: skip
    exact = LogisticRegression(C=0.5, tol=1e-10).fit(Z, y).coef_
    twice = LogisticRegression(C=1.0, tol=1e-10).fit(Z, y).coef_
    gap = np.abs(model.coef_ - exact).max() / np.abs(exact).max()
    assert gap < 1e-3 < 0.02 < np.abs(twice - exact).max() / np.abs(exact).max()


def torch_fit(make, how, steps, decay_rate=1.0, X=X_REG):
    """Full-batch training of a linear layer whose bias has a parameter group of its own."""
    X, y = torch.tensor(X), torch.tensor(Y_REG)
    layer = torch.nn.Linear(D, 1, dtype=torch.float64)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    optimiser = make(layer)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, decay_rate)
    for _ in range(steps):
        optimiser.zero_grad()
        reduce((y - layer(X).squeeze(1)) ** 2, how).backward()
        optimiser.step()
        schedule.step()
    return layer.weight.detach().numpy(), layer.bias.item()


@pytest.mark.parametrize("how", ["mean", "half_mean", "sum", "half_sum"])
def test_torch_sgd_ends_at_the_base_solution_for_every_reduction(how):
    settings = from_base("torch.SGD", **L2, task=REGRESSION, loss_reduction=how, n=N)
    scale = {"mean": 2, "half_mean": 1, "sum": 2 * N, "half_sum": N}[how]

    def make(layer):
        groups = [{"params": [layer.weight], **settings}, {"params": [layer.bias], "weight_decay": 0.0}]
        return torch.optim.SGD(groups, lr=0.2 / scale)

    assert_same_fit(*torch_fit(make, how, 500), L2)


def test_torch_adam_ends_at_the_base_solution_and_adamw_does_not():
    settings = from_base("torch.Adam", **L2, task=REGRESSION, loss_reduction="mean")

    def make(cls):
        def optimiser(layer):
            groups = [{"params": [layer.weight], **settings}, {"params": [layer.bias], "weight_decay": 0.0}]
            return cls(groups, lr=0.1, betas=(0.9, 0.99))

        return optimiser

    Z = (X_REG - X_REG.mean(axis=0)) / X_REG.std(axis=0)
    w, b = torch_fit(make(torch.optim.Adam), "mean", 1500, 0.995, X=Z)
    assert_same_fit(w, b, L2, X=Z)
    w_decoupled, _ = torch_fit(make(torch.optim.AdamW), "mean", 1500, 0.995, X=Z)
    assert np.abs(w_decoupled - w).max() > 0.05 * np.abs(w).max()


def test_sgdw_ends_at_the_base_solution():
    """Plain NumPy, as the algorithm is written: decay and gradient step in one update."""
    decay = from_base("SGDW", **L2, task=REGRESSION, loss_reduction="half_mean", lr=0.2)["decay"]
    w, b = np.zeros(D), 0.0
    for _ in range(1500):
        residual = X_REG @ w + b - Y_REG
        w, b = (1 - decay) * w - 0.2 * X_REG.T @ residual / N, b - 0.2 * residual.mean()
    assert_same_fit(w, b, L2)


# ------------------------------------------------------------------- tools that may not be installed


@pytest.mark.parametrize("base", [L2, L1, MIXED])
def test_glmnet_fits_the_base_problem(base):
    glmnet = pytest.importorskip(
        "glmnet", reason="python-glmnet is not installed (pip install python-glmnet)"
    )
    s = from_base("glmnet", **base, task=REGRESSION, y_sd=Y_SD)
    model = glmnet.ElasticNet(alpha=s["alpha"], lambda_path=[s["lambda_"]], standardize=s["standardize"],
                              n_splits=0, tol=1e-15).fit(X_REG, Y_REG)  # fmt: skip
    assert_same_fit(model.coef_path_, model.intercept_path_, base)


def test_glmnet_standardises_with_one_over_n():
    glmnet = pytest.importorskip(
        "glmnet", reason="python-glmnet is not installed (pip install python-glmnet)"
    )
    Z = 3 * (X_REG - X_REG.mean(axis=0)) / X_REG.std(axis=0)  # all columns with standard deviation 3
    base = to_base("glmnet", lambda_=0.4, alpha=0.5, task=REGRESSION, x_sd=3.0, y_sd=Y_SD)
    model = glmnet.ElasticNet(alpha=0.5, lambda_path=[0.4], n_splits=0, tol=1e-15).fit(Z, Y_REG)
    assert_same_fit(model.coef_path_, model.intercept_path_, base, X=Z)


def test_glmnet_binomial_agrees_with_logistic_regression():
    glmnet = pytest.importorskip(
        "glmnet", reason="python-glmnet is not installed (pip install python-glmnet)"
    )
    y = data(CLASSIFICATION)[1]
    s = convert("sklearn.LogisticRegression", "glmnet", C=0.5, n=N)
    model = glmnet.LogitNet(alpha=s["alpha"], lambda_path=[s["lambda_"]], standardize=s["standardize"],
                            n_splits=0, tol=1e-15).fit(X_REG, y)  # fmt: skip
    w, _ = logistic_minimum(to_base("sklearn.LogisticRegression", C=0.5, n=N)["lam"])
    np.testing.assert_allclose(np.ravel(model.coef_path_), w, atol=1e-6)


@pytest.mark.parametrize(("name", "task"), [("keras.l2", REGRESSION), ("keras.l2", CLASSIFICATION)])
def test_keras_loss_and_regularizer_have_their_minimum_at_the_base_solution(name, task):
    keras = pytest.importorskip("keras", reason="Keras is not installed (pip install keras)")
    s = from_base(name, **L2, task=task, loss_reduction="mean")
    y = data(task)[1]
    model = keras.Sequential([keras.Input((D,)), keras.layers.Dense(
        1, kernel_regularizer=keras.regularizers.L2(**s), dtype="float64")])  # fmt: skip
    loss = (keras.losses.MeanSquaredError() if task == REGRESSION
            else keras.losses.BinaryCrossentropy(from_logits=True))  # fmt: skip
    w, b = base_fit(**L2) if task == REGRESSION else logistic_minimum(L2["lam"])
    model.set_weights([w[:, None], np.array([b])])
    parameters = [variable.value for variable in model.trainable_variables]
    total = loss(torch.tensor(y)[:, None], model(torch.tensor(X_REG))) + sum(model.losses)
    slopes = np.concatenate([g.numpy().ravel() for g in torch.autograd.grad(total, parameters)])
    assert np.abs(slopes).max() < 1e-6
    model.set_weights([1.01 * w[:, None], np.array([b])])  # and not a per cent further out
    total = loss(torch.tensor(y)[:, None], model(torch.tensor(X_REG))) + sum(model.losses)
    assert max(g.abs().max() for g in torch.autograd.grad(total, parameters)) > 1e-3


def test_keras_l1_l2_is_the_literal_sum():
    keras = pytest.importorskip("keras", reason="Keras is not installed (pip install keras)")
    s = from_base("keras.l1_l2", **MIXED, task=REGRESSION, loss_reduction="mean")
    w = np.array([1.0, -2.0, 0.0, 0.5])
    value = float(keras.regularizers.L1L2(**s)(keras.ops.convert_to_tensor(w)))
    assert value == pytest.approx(2 * 0.3 * (0.6 * np.abs(w).sum() + 0.2 * (w**2).sum()))  # MSE is 2 D


@pytest.mark.parametrize("optimiser", ["SGD", "Adam"])
def test_keras_optimisers_decay_outside_the_gradient(optimiser):
    """A weight with gradient 0 shrinks by 1 - lr weight_decay in both: for Adam that is AdamW."""
    keras = pytest.importorskip("keras", reason="Keras is not installed (pip install keras)")
    variable = keras.Variable([3.0], trainable=True)
    step = getattr(keras.optimizers, optimiser)(learning_rate=0.1, weight_decay=0.5)
    step.apply([keras.ops.zeros((1,))], [variable])
    assert variable.value.detach().item() == pytest.approx(3.0 * (1 - 0.1 * 0.5), rel=1e-6)


# ------------------------------------------------------------------------------ no equivalent, bad input


def test_decoupled_decay_has_no_equivalent_in_either_direction():
    for name in DECOUPLED:
        with pytest.raises(NoEquivalent, match="outside the adaptive step"):
            to_base(name, weight_decay=0.01, task=REGRESSION, loss_reduction="mean")
        with pytest.raises(NoEquivalent, match="outside the adaptive step"):
            convert("sklearn.Ridge", name, alpha=1.0, n=N, loss_reduction="mean")


def test_penalised_intercept_has_no_equivalent():
    with pytest.raises(NoEquivalent, match="penalises its intercept"):
        to_base("torch.SGD", weight_decay=0.1, task=REGRESSION, loss_reduction="mean", intercept="penalised")
    assert to_base("sklearn.Ridge", alpha=0, n=5, intercept="penalised")["lam"] == 0  # nothing is penalised
    assert to_base("sklearn.Ridge", alpha=5, n=5, intercept="none")["lam"] == 1


def test_features_of_unequal_scale_have_no_single_strength():
    with pytest.raises(NoEquivalent, match=r"from 0\.5 to 2.*standardize=False"):
        to_base("glmnet", lambda_=0.1, task=REGRESSION, x_sd=[0.5, 2.0], y_sd=1.0)


def test_squared_errors_are_no_log_loss():
    with pytest.raises(NoEquivalent, match=r"sklearn\.Ridge means regression"):
        convert("sklearn.Ridge", "sklearn.LogisticRegression", alpha=1.0, n=N)
    with pytest.raises(NoEquivalent, match="task means classification"):
        to_base("sklearn.Lasso", alpha=1.0, task=CLASSIFICATION)


RIDGE, MEAN, REGRESSIONS = {"lam": 1, "l1_ratio": 0}, {"loss_reduction": "mean"}, {"task": "regression"}
LOG_LOSS = {"task": "classification"}


@pytest.mark.parametrize(
    ("source", "target", "arguments", "error", "words"),
    [
        ("sklearn.ridge", "base", {"alpha": 1}, ValueError, r"source must be .*sklearn\.Ridge"),
        ("base", "torch.sdg", {"lam": 1, "l1_ratio": 0}, ValueError, r"target must be .*torch\.SGD"),
        ("sklearn.Ridge", "base", {"C": 1.0, "n": 3}, TypeError, "takes alpha, got C=1.0"),
        ("sklearn.Ridge", "base", {"n": 3}, TypeError, "needs alpha"),
        ("sklearn.Ridge", "base", {"alpha": 1.0}, TypeError, "n is needed"),
        ("sklearn.Ridge", "base", {"alpha": -1.0, "n": 3}, ValueError, "alpha must be >= 0, got -1.0"),
        ("sklearn.Ridge", "base", {"alpha": "1", "n": 3}, TypeError, "alpha must be a number, got '1'"),
        ("sklearn.Ridge", "base", {"alpha": math.nan, "n": 3}, ValueError, "alpha must be finite"),
        ("sklearn.Ridge", "base", {"alpha": 1.0, "n": 2.5}, TypeError, "n must be a whole number, got 2.5"),
        ("sklearn.LogisticRegression", "base", {"C": 0, "n": 3}, ValueError, "C must be > 0, got 0"),
        ("sklearn.LogisticRegression", "base", {"C": 1, "penalty": "l1", "n": 3}, TypeError, "deprecated"),
        ("sklearn.SGDRegressor", "base", {"alpha": 1, "penalty": "L2"}, ValueError, "penalty must be"),
        ("base", "torch.SGD", RIDGE | MEAN, TypeError, "task is needed"),
        ("sklearn.Ridge", "torch.SGD", {"alpha": 1, "n": 3}, TypeError, "loss_reduction is needed"),
        ("base", "torch.SGD", LOG_LOSS | RIDGE | {"loss_reduction": "half_mean"},
         ValueError, "got 'half_mean'. The log-loss has no half"),
        ("base", "torch.SGD", RIDGE | {"task": "ranking"}, ValueError, "task must be .*'ranking'"),
        ("sklearn.Ridge", "base", {"alpha": 1, "n": 3, "loss_reduction": "mean"}, TypeError, "are fixed"),
        ("torch.SGD", "base", MEAN | {"weight_decay": 1, "target_loss_reduction": "sum"},
         TypeError, "does not apply to base"),
        ("base", "SGDW", RIDGE | MEAN | {"task": "regression"},
         TypeError, "lr is needed"),
        ("glmnet", "base", {"lambda_": 1, "alpha": 0.5, "standardize": False}, TypeError, "task is needed"),
        ("glmnet", "base", {"lambda_": 1, "alpha": 0.5, "standardize": False, **REGRESSIONS},
         TypeError, "y_sd is needed"),
        ("glmnet", "base", {"lambda_": 1, **REGRESSIONS}, TypeError, "x_sd is needed"),
        ("glmnet", "base", {"lambda_": 1, "x_sd": [1.0, 0.0]}, ValueError, r"x_sd must be > 0, got 0"),
        ("glmnet", "base", {"lambda_": 1, "y_sd": 0.0}, ValueError, "y_sd must be > 0"),
        ("base", "web.mixed", {"lam": 1, "l1_ratio": 1.5}, ValueError, "l1_ratio must lie in"),
        ("base", "sklearn.Ridge", RIDGE | {"n": 3, "intercept": "fixed"}, ValueError, "'fixed'"),
    ],
)  # fmt: skip
def test_bad_input_is_a_sentence_that_names_it(source, target, arguments, error, words):
    with pytest.raises(error, match=words):
        convert(source, target, **arguments)


def test_defaults_are_those_of_the_tools():
    assert to_base("sklearn.ElasticNet", alpha=1.0)["l1_ratio"] == ElasticNet().l1_ratio
    assert to_base("sklearn.LogisticRegression", C=1.0, n=2)["l1_ratio"] == LogisticRegression().l1_ratio
    tool = SGDRegressor()
    known = CONVENTIONS["sklearn.SGDRegressor"].defaults
    assert known == {"penalty": tool.penalty, "l1_ratio": tool.l1_ratio}
    assert to_base("sklearn.SGDRegressor", alpha=1.0)["l1_ratio"] == 0  # 0.15 is ignored without elasticnet


def test_the_public_names_have_examples_that_run():
    import doctest

    failed, tried = doctest.testmod(conventions)
    assert tried >= 3
    assert failed == 0


# ------------------------------------------------------------------------------ the card and the command


def test_the_card_has_every_convention_and_stands_alone():
    page = card.page()
    for name, objective, recipe, _ in card.rows():
        assert f'<th scope="row">{name}</th>' in page
        assert html.escape(objective) in page
        assert html.escape(recipe) in page
        assert name in card.text()
    assert {name for name, *_ in card.rows()} == set(CONVENTIONS) - {"base"}
    assert "http" not in page
    assert "<script" not in page
    assert html.parser.HTMLParser().feed(page) is None


#: the card's claims, computed from its own words: name -> settings for lam, rho and n
CARD = {
    "sklearn.Ridge": lambda lam, rho, n: {"alpha": n * lam},
    "sklearn.Lasso": lambda lam, rho, n: {"alpha": lam},
    "sklearn.ElasticNet": lambda lam, rho, n: {"alpha": lam, "l1_ratio": rho},
    "sklearn.LogisticRegression": lambda lam, rho, n: {"C": 1 / (n * lam), "l1_ratio": rho},
    "sklearn.MLPRegressor": lambda lam, rho, n: {"alpha": n * lam},
    "torch.SGD": lambda lam, rho, n: {"weight_decay": 2 * lam},
    "keras.l1": lambda lam, rho, n: {"l1": 2 * lam},
    "keras.l2": lambda lam, rho, n: {"l2": lam},
    "keras.l1_l2": lambda lam, rho, n: {"l1": 2 * lam * rho, "l2": lam * (1 - rho)},
    "web.l2_over_2m": lambda lam, rho, n: {"lambda_": 2 * n * lam},
}


@pytest.mark.parametrize("name", CARD)
def test_the_card_says_what_the_code_does(name):
    takes = CONVENTIONS[name].takes
    rho = 0.4 if len(takes) == 2 else float(takes == ("l1",))
    told = {"loss_reduction": "mean", "task": REGRESSION} if name in FRAMEWORK else {}
    got = from_base(name, lam=0.3, l1_ratio=rho, n=N, **told)
    assert got == {key: pytest.approx(value) for key, value in CARD[name](0.3, rho, N).items()}


def test_the_card_is_right_about_where_adamw_rests():
    assert "rests where weight_decay·w = −g / (|g| + ε)" in CONVENTIONS["torch.AdamW"].remarks
    g, decay = np.array([0.3, -2.0, 1e-3]), 0.1
    for eps in (1e-8, 1e-2):
        w = torch.tensor(-g / (np.abs(g) + eps) / decay, requires_grad=True)
        rest = w.detach().numpy().copy()
        optimiser = torch.optim.AdamW([w], lr=0.1, weight_decay=decay, eps=eps)
        for _ in range(50):
            w.grad = torch.tensor(g)
            optimiser.step()
        assert np.allclose(w.detach().numpy(), rest, rtol=1e-9)
    huge = 1e8  # |g| no longer counts: the minimum of loss + λ/2 ||w||² with λ = ε · weight_decay
    assert np.allclose(-g / (np.abs(g) + huge) / (decay / huge), -g / decay, rtol=1e-7)


def test_the_card_is_right_about_two_outputs_for_two_classes():
    for name, words in {"torch.SGD": "2λ in place of λ", "keras.l2": "twice that"}.items():
        assert f"two outputs for two classes: {words}" in CONVENTIONS[name].remarks
    rng, lam = np.random.default_rng(0), 0.1
    X, y = torch.tensor(rng.normal(size=(40, 3))), torch.tensor(rng.integers(0, 2, 40))
    one = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    two = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    losses = {
        one: lambda: torch.nn.functional.binary_cross_entropy_with_logits(X @ one, y.double()),
        two: lambda: torch.nn.functional.cross_entropy(X @ two.T, y),
    }
    for weight, decay in ((one, lam), (two, 2 * lam)):
        optimiser = torch.optim.SGD([weight], lr=1.0, weight_decay=decay)
        for _ in range(500):
            optimiser.zero_grad()
            losses[weight]().backward()
            optimiser.step()
    assert torch.allclose(two[1] - two[0], one, rtol=1e-9)


def test_course_convert_translates(capsys):
    call = ["convert", "sklearn.Ridge", "torch.SGD", "alpha=15", "n=300", "loss_reduction=mean"]
    assert cli.main(call) == 0
    assert "torch.SGD: weight_decay = 0.1\n" in capsys.readouterr().out
    call = ["convert", "glmnet", "base", "lambda_=0.3", "alpha=0.5", "x_sd=2,2", "y_sd=4", "task=regression"]
    assert cli.main(call) == 0
    assert "lam = 0.45, l1_ratio = 0.6666666667" in capsys.readouterr().out
    assert cli.main(["convert", "glmnet", "base", "lambda_=1", "standardize=False", "task=regression"]) == 0
    assert "lam = 1, l1_ratio = 1\n" in capsys.readouterr().out


def test_course_convert_says_why_not(capsys):
    assert cli.main(["convert", "sklearn.Ridge", "torch.AdamW", "alpha=15", "n=300"]) == 1
    assert "outside the adaptive step" in capsys.readouterr().err
    assert cli.main(["convert", "sklearn.Ridge", "base", "alpha"]) == 1
    assert "NAME=VALUE, got 'alpha'" in capsys.readouterr().err
    assert cli.main(["convert", "sklearn.Ridge"]) == 2
    assert "Give a source and a target" in capsys.readouterr().out


def test_course_convert_shows_the_card(capsys, tmp_path):
    assert cli.main(["convert"]) == 0
    assert "set        alpha = nλ" in capsys.readouterr().out
    assert cli.main(["convert", "--card", "--output", str(tmp_path / "new")]) == 0
    assert (tmp_path / "new" / "conventions_card.html").read_text(encoding="utf-8") == card.page()
