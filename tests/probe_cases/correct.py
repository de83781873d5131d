# ruff: noqa: E731 - short functions stand where they are used
"""Right code in many styles, as functions of a seed that return a report: no probe may find a thing in it."""

import numpy as np
import torch
from probe_cases.errata import network
from sklearn import linear_model
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn import functional as F

from course_lib import deep, losses, nn, penalties, probes
from course_lib.penalties import soft_threshold
from course_lib.solvers.proximal import fista


def problem(seed, n=40, d=5):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    return rng, X, X @ rng.standard_normal(d) + rng.standard_normal(n)


# ---------------------------------------------------------------- gradients


def mean_convention(seed):
    rng, X, y = problem(seed)
    penalty = lambda w: 0.05 * w @ w
    return probes.gradient(
        lambda w, X, y: np.mean((y - X @ w) ** 2) / 2 + penalty(w),
        lambda w, X, y: X.T @ (X @ w - y) / len(y) + 0.1 * w,
        np.zeros(5),
        penalty=penalty,
        batches=[(X, y)],
        rng=rng,
    )


def sum_convention_without_the_half(seed):
    rng, X, y = problem(seed)
    penalty = lambda w: 3 * w @ w
    return probes.gradient(
        lambda w, X, y: np.sum((y - X @ w) ** 2) + penalty(w),
        lambda w, X, y: 2 * X.T @ (X @ w - y) + 6 * w,
        np.zeros(5),
        penalty=penalty,
        batches=[(X, y)],
        rng=rng,
    )


def tiny_strength(seed):
    rng, X, y = problem(seed)
    penalty = lambda w: 5e-5 * w @ w
    return probes.gradient(
        lambda w, X, y: np.mean((y - X @ w) ** 2) / 2 + penalty(w),
        lambda w, X, y: X.T @ (X @ w - y) / len(y) + 1e-4 * w,
        np.zeros(5),
        penalty=penalty,
        batches=[(X, y)],
        rng=rng,
    )


def lasso_subgradient_with_zeros(seed):
    rng, X, y = problem(seed)
    return probes.gradient(
        lambda w: np.mean((y - X @ w) ** 2) / 2 + 0.2 * np.abs(w).sum(),
        lambda w: X.T @ (X @ w - y) / len(y) + 0.2 * np.sign(w),
        np.zeros(5),
        penalty=lambda w: 0.2 * np.abs(w).sum(),
        rng=rng,
    )


def weights_and_intercept_in_a_dict(seed):
    rng, X, y = problem(seed)

    def loss(p):
        return np.mean((y - X @ p["w"] - p["b"]) ** 2) / 2 + 0.1 * p["w"] @ p["w"]

    def gradient(p):
        r = (X @ p["w"] + p["b"] - y) / len(y)
        return {"w": X.T @ r + 0.2 * p["w"], "b": r.sum()}

    return probes.gradient(loss, gradient, {"w": np.zeros(5), "b": 0.0}, rng=rng)


def weights_and_intercept_in_a_tuple(seed):
    rng, X, y = problem(seed)

    def gradient(p):
        r = X @ p[0] + p[1] - y
        return X.T @ r, r.sum()

    return probes.gradient(
        lambda p: np.sum((y - X @ p[0] - p[1]) ** 2) / 2, gradient, (np.zeros(5), 0.0), rng=rng
    )


def logistic(seed):
    rng, X, y = problem(seed)
    y = (y > 0).astype(float)
    loss = losses.LogisticLoss()
    return probes.gradient(
        lambda w: loss.value(y, X @ w), lambda w: X.T @ loss.gradient(y, X @ w), np.ones(5), rng=rng
    )


def softmax_of_a_matrix(seed):
    rng, X, _ = problem(seed)
    y = rng.integers(0, 3, len(X))
    loss = losses.SoftmaxLoss()
    return probes.gradient(
        lambda W: loss.value(y, X @ W), lambda W: X.T @ loss.gradient(y, X @ W), np.zeros((5, 3)), rng=rng
    )


def float32_gradient(seed):
    rng, X, y = problem(seed)
    X, y = X.astype(np.float32), y.astype(np.float32)

    def gradient(w):
        return X.T @ (X @ w.astype(np.float32) - y) / np.float32(len(y))

    return probes.gradient(
        lambda w: np.mean((y - X @ w.astype(np.float32)) ** 2) / np.float32(2), gradient, np.zeros(5), rng=rng
    )


def numpy_network(seed):
    rng, X, y = problem(seed)
    model = nn.Sequential(nn.Linear(5, 6, rng), nn.Tanh(), nn.Linear(6, 1, rng))

    def load(p):
        for parameter in model.parameters():
            parameter.value[...] = p[parameter.name]
        return model.forward(X, training=True)[:, 0]

    def gradient(p):
        model.backward(((load(p) - y) / len(y))[:, None])
        return {parameter.name: parameter.grad.copy() for parameter in model.parameters()}

    start = {parameter.name: parameter.value.copy() for parameter in model.parameters()}
    return probes.gradient(lambda p: np.mean((load(p) - y) ** 2) / 2, gradient, start, rng=rng)


def _torch(seed):
    rng, X, y = problem(seed)
    return rng, torch.tensor(X).float(), torch.tensor(y).float()


def autograd_with_dropout_and_batch_norm(seed):
    rng, X, y = _torch(seed)
    torch.manual_seed(seed)
    model = torch.nn.Sequential(
        torch.nn.Linear(5, 8),
        torch.nn.BatchNorm1d(8),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.3),
        torch.nn.Linear(8, 1),
    )
    penalty = lambda m: deep.penalty(m, 0.01)
    return probes.gradient(
        lambda m: F.mse_loss(m(X)[:, 0], y) + penalty(m), None, model, penalty=penalty, rng=rng
    )


def autograd_of_a_tensor(seed):
    rng, X, y = _torch(seed)
    return probes.gradient(
        lambda w: F.mse_loss(X @ w, y) + 0.1 * w.abs().sum(),
        None,
        torch.zeros(5, requires_grad=True),
        rng=rng,
    )


def gradient_left_in_the_model(seed):
    rng, X, y = _torch(seed)

    def loss(model):
        return F.mse_loss(model(X)[:, 0], y)

    return probes.gradient(loss, lambda model: loss(model).backward(), network(seed), rng=rng)


def cross_entropy_of_a_convolution(seed):
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    X, y = torch.randn(16, 1, 8, 8), torch.randint(0, 4, (16,))
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 3), torch.nn.Tanh(), torch.nn.Flatten(), torch.nn.Linear(108, 4)
    )
    return probes.gradient(lambda m: F.cross_entropy(m(X), y), None, model, rng=rng)


# ---------------------------------------------------------------- penalties and steps


def half_squared_norm(seed):
    rng, X, y = problem(seed)
    data = lambda w, X, y: np.mean((y - X @ w) ** 2)
    return probes.penalty(
        lambda w, X, y: data(w, X, y) + 0.1 * np.sum(w**2),
        np.zeros(5),
        lam=0.2,
        data_loss=data,
        batches=[(X, y), (X[:15], y[:15])],
        rng=rng,
    )


def elastic_net_with_a_gradient(seed):
    rng, X, y = problem(seed)
    penalty = penalties.ElasticNet(0.3, 0.4)
    data = lambda w: np.mean((y - X @ w) ** 2) / 2
    return probes.penalty(
        lambda w: data(w) + penalty.value(w),
        np.zeros(5),
        lam=0.3,
        l1_ratio=0.4,
        data_loss=data,
        gradient=lambda w: X.T @ (X @ w - y) / len(y) + penalty.subgradient(w),
        rng=rng,
    )


def network_penalty_of_the_course(seed):
    rng, X, y = _torch(seed)
    data = lambda m: F.mse_loss(m(X)[:, 0], y)
    return probes.penalty(
        lambda m: data(m) + deep.penalty(m, 0.02, 0.5),
        network(seed),
        lam=0.02,
        l1_ratio=0.5,
        data_loss=data,
        rng=rng,
    )


def network_penalty_by_dimension(seed):
    rng, X, y = _torch(seed)
    data = lambda m: F.mse_loss(m(X)[:, 0], y)
    l2 = lambda m: sum(torch.linalg.vector_norm(p) ** 2 for p in m.parameters() if p.ndim > 1)
    return probes.penalty(
        lambda m: data(m) + 1e-3 / 2 * l2(m), network(seed), lam=1e-3, data_loss=data, rng=rng
    )


def penalty_in_the_gradient_step(seed):
    rng, X, y = problem(seed)
    step = lambda w, lam, X, y: w - 0.1 * (X.T @ (X @ w - y) / len(y) + lam * w)
    return probes.training_step(step, np.zeros(5), lam=0.2, lr=0.1, batches=[(X, y), (X[:9], y[:9])], rng=rng)


def decay_before_the_step(seed):
    rng, X, y = problem(seed)
    step = lambda w, lam: (1 - 0.1 * lam) * w - 0.1 * X.T @ (X @ w - y) / len(y)
    return probes.training_step(step, np.zeros(5), lam=0.2, lr=0.1, rng=rng)


def proximal_step(seed):
    rng, X, y = problem(seed)
    step = lambda w, lam: soft_threshold(w - 0.1 * X.T @ (X @ w - y) / len(y), 0.1 * lam)
    return probes.training_step(step, np.zeros(5), lam=0.2, lr=0.1, l1_ratio=1.0, rng=rng)


def torch_step_in_place(seed):
    rng, X, y = _torch(seed)

    def step(model, lam):
        optimiser = torch.optim.SGD(deep.decay_groups(model, lam), lr=0.1)
        optimiser.zero_grad()
        F.mse_loss(model(X)[:, 0], y).backward()
        optimiser.step()

    return probes.training_step(step, network(seed), lam=0.2, lr=0.1, rng=rng)


# ---------------------------------------------------------------- thresholds and minimisers


def soft_threshold_by_sign_and_maximum(seed):
    return probes.threshold(
        lambda z, t: np.sign(z) * np.maximum(np.abs(z) - t, 0), rng=np.random.default_rng(seed)
    )


def soft_threshold_by_where(seed):
    rng = np.random.default_rng(seed)
    return probes.threshold(
        lambda z, lam, lr: np.where(z > lr * lam, z - lr * lam, np.where(z < -lr * lam, z + lr * lam, 0)),
        lr=0.1,
        rng=rng,
    )


def softshrink_of_torch(seed):
    z = torch.randn(60, generator=torch.Generator().manual_seed(seed))
    return probes.threshold(lambda z, lam: F.softshrink(z, lam), lam=0.4, z=z)


def lasso_of_scikit_learn(seed):
    fit = lambda X, y, lam: linear_model.Lasso(alpha=lam, fit_intercept=False, tol=1e-8).fit(X, y)
    return probes.minimiser(fit, rng=np.random.default_rng(seed))


def lasso_by_fista(seed):
    return probes.minimiser(
        lambda X, y, lam: fista(X, y, lam, fit_intercept=False).w, rng=np.random.default_rng(seed)
    )


def elastic_net_of_scikit_learn(seed):
    fit = lambda X, y, lam: linear_model.ElasticNet(alpha=lam, l1_ratio=0.5, tol=1e-8).fit(X, y)
    return probes.minimiser(fit, l1_ratio=0.5, intercept=True, rng=np.random.default_rng(seed))


def ridge_with_alpha_times_n(seed):
    fit = lambda X, y, lam: linear_model.Ridge(alpha=len(y) * lam).fit(X, y)
    return probes.minimiser(fit, l1_ratio=0.0, intercept=True, rng=np.random.default_rng(seed))


def ridge_by_normal_equations(seed):
    fit = lambda X, y, lam: np.linalg.solve(X.T @ X / len(y) + lam * np.eye(X.shape[1]), X.T @ y / len(y))
    return probes.minimiser(fit, l1_ratio=0.0, rng=np.random.default_rng(seed))


# ---------------------------------------------------------------- dropout


def inverted_dropout(seed):
    rng = np.random.default_rng(seed)
    return probes.dropout(
        lambda x, training: x * (rng.random(x.shape) >= 0.3) / 0.7 if training else x, p=0.3
    )


def inverted_dropout_by_binomial(seed):
    rng = np.random.default_rng(seed)
    return probes.dropout(
        lambda x, training: x * rng.binomial(1, 0.9, x.shape) / 0.9 if training else x, p=0.1
    )


def classical_dropout(seed):
    rng = np.random.default_rng(seed)
    return probes.dropout(lambda x, training: x * (rng.random(x.shape) < 0.6) if training else 0.6 * x, p=0.4)


def dropout_of_torch(seed):
    torch.manual_seed(seed)
    return probes.dropout(torch.nn.Dropout(0.2), p=0.2, edges=torch.nn.Dropout)


def dropout_in_place(seed):
    torch.manual_seed(seed)
    return probes.dropout(torch.nn.Dropout(0.2, inplace=True), p=0.2)


def functional_dropout_with_its_flag(seed):
    class Layer(torch.nn.Module):
        def forward(self, x):
            return F.dropout(x, 0.35, training=self.training)

    torch.manual_seed(seed)
    return probes.dropout(Layer(), p=0.35)


def dropout_of_channels(seed):
    x = torch.randn(32, 20, 4, 4, generator=torch.Generator().manual_seed(seed))
    torch.manual_seed(seed)
    return probes.dropout(torch.nn.Dropout2d(0.3), p=0.3, x=x, shared_axes=(2, 3))


def dropout_of_the_course(seed):
    rng = np.random.default_rng(seed)
    return probes.dropout(nn.Dropout(0.2, rng), p=0.2, edges=lambda p: nn.Dropout(p, rng))


def dropout_of_the_course_in_torch(seed):
    generator = torch.Generator().manual_seed(seed)
    return probes.dropout(deep.Dropout(0.6, generator), p=0.6, edges=deep.Dropout)


# ---------------------------------------------------------------- optimisers


def _decay(optimiser, seed, coupling, groups=True, **options):
    model = network(seed)
    parameters = deep.decay_groups(model, 0.01) if groups else model.parameters()
    made = optimiser(parameters, lr=0.1, **options)
    return probes.decay(
        made,
        lr=0.1,
        weight_decay=0.01,
        coupling=coupling,
        model=model if groups else None,
        rng=np.random.default_rng(seed),
    )


def sgd(seed):
    return _decay(torch.optim.SGD, seed, "l2")


def sgd_with_nesterov_momentum(seed):
    return _decay(torch.optim.SGD, seed, "l2", momentum=0.9, nesterov=True)


def adam_with_l2(seed):
    return _decay(torch.optim.Adam, seed, "l2")


def adamw(seed):
    return _decay(torch.optim.AdamW, seed, "decoupled")


def adamw_on_all(seed):
    return _decay(torch.optim.AdamW, seed, "decoupled", groups=False, weight_decay=0.01)


def sgdw_by_hand(seed):
    velocity = np.zeros(24)

    def step(w, grad):
        velocity[...] = 0.9 * velocity + grad
        return (1 - 0.1 * 0.01) * w - 0.1 * velocity

    return probes.decay(
        step, lr=0.1, weight_decay=0.01, coupling="decoupled", rng=np.random.default_rng(seed)
    )


# ---------------------------------------------------------------- selection, splits, batches


def ridge_in_cross_validation(seed):
    def procedure(X, y):
        scores = []
        for k in range(4):
            test = np.arange(len(y)) % 4 == k
            w = X[~test].T @ np.linalg.solve(X[~test] @ X[~test].T + np.eye((~test).sum()), y[~test])
            scores.append(1 - np.mean((y[test] - X[test] @ w) ** 2) / np.var(y[test]))
        return np.mean(scores)

    return probes.leakage(procedure, rng=np.random.default_rng(seed))


def nearest_centroid_in_cross_validation(seed):
    def procedure(X, y):
        right = []
        for k in range(5):
            test = np.arange(len(y)) % 5 == k
            means = [X[~test & (y == c)].mean(axis=0) for c in (0, 1)]
            away = np.stack([np.linalg.norm(X[test] - m, axis=1) for m in means])
            right += list(away.argmin(axis=0) == y[test])
        return np.mean(right)

    return probes.leakage(procedure, task="classification", rng=np.random.default_rng(seed))


def pipeline_that_predicts(seed):
    def predict(X_train, y_train, X_test):
        model = make_pipeline(StandardScaler(), SelectKBest(f_regression, k=5), linear_model.Ridge())
        return model.fit(X_train, y_train).predict(X_test)

    return probes.leakage(predict=predict, d=30, rng=np.random.default_rng(seed))


def folds(seed):
    _, X, y = problem(seed)
    return probes.splits(KFold(5, shuffle=True, random_state=seed).split(X), X=X, y=y)


def stratified_folds(seed):
    _, X, y = problem(seed)
    y = (y > 0).astype(int)
    return probes.splits(StratifiedKFold(4, shuffle=True, random_state=seed).split(X, y), X=X, y=y)


def grouped_folds(seed):
    rng, X, y = problem(seed)
    groups = rng.integers(0, 10, len(y))
    return probes.splits(GroupKFold(3).split(X, y, groups), X=X, groups=groups)


def three_parts(seed):
    order = np.random.default_rng(seed).permutation(50)
    return probes.splits([(order[:30], order[30:40], order[40:])], n=50)


def shuffled_batches(seed):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(10), 50))
    X = rng.standard_normal((500, 8))
    loss = lambda X, y: np.mean(np.log(np.exp(X[:, :1] * 0.1 + np.zeros(10)).sum(axis=1)) - 0.1 * X[:, 0])
    return probes.batches(
        [(X[i : i + 32], y[i : i + 32]) for i in range(0, 500, 32)], n_classes=10, loss=loss
    )


def data_loader(seed):
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(5).repeat_interleave(60)
    data = torch.utils.data.TensorDataset(torch.rand(300, 1, 8, 8, generator=generator), y)
    return probes.batches(
        torch.utils.data.DataLoader(data, 20, shuffle=True, generator=generator), n_classes=5
    )


CORRECT = [
    value
    for value in list(globals().values())
    if callable(value)
    and getattr(value, "__module__", "") == __name__
    and value.__name__ not in ("problem", "_torch", "_decay")
]


# A few seconds a run: asked with fewer seeds.


def pipeline_in_cross_validation(seed):
    def procedure(X, y):
        model = make_pipeline(
            StandardScaler(), SelectKBest(f_regression, k=min(10, X.shape[1])), linear_model.Ridge()
        )
        return cross_val_score(model, X, y, cv=5, scoring="r2").mean()

    return probes.leakage(procedure, rng=np.random.default_rng(seed))


def nested_cross_validation(seed):
    def procedure(X, y):
        search = GridSearchCV(linear_model.Ridge(), {"alpha": [1.0, 100.0]}, cv=3)
        return cross_val_score(search, X, y, cv=4, scoring="r2").mean()

    return probes.leakage(procedure, d=100, rng=np.random.default_rng(seed))


SLOWER = [pipeline_in_cross_validation, nested_cross_validation]
