# ruff: noqa: E501, E731 - a table; short functions stand where they are used
"""One smallest case for every cause that the errata do not reach: a probe, its cause, and the call."""

import numpy as np
from probe_cases.errata import LAM, LR, data, network, squared, squared_gradient
from sklearn.linear_model import Lasso

from course_lib import nn, probes
from course_lib.penalties import soft_threshold

RNG = np.random.default_rng(5)
X, Y = data()
HALF = lambda w: LAM / 2 * w @ w


def _gradient(g, *, penalty=HALF, batches=((X, Y),), **options):
    loss = lambda w, X, y: squared(w, X, y) + (0 if penalty is None else penalty(w))
    return probes.gradient(loss, g, np.zeros(5), penalty=penalty, batches=batches, **options)


def _with(factor_data=1.0, factor_penalty=1.0, **options):
    g = lambda w, X, y: factor_data * squared_gradient(w, X, y) + factor_penalty * LAM * w
    return lambda: _gradient(g, **options)


def _pairs(g):
    """A loss of weights and an intercept, and a gradient made from its right parts."""

    def loss(p):
        return np.mean((Y - X @ p["w"] - p["b"]) ** 2) / 2 + HALF(p["w"])

    def gradient(p):
        r = (X @ p["w"] + p["b"] - Y) / len(Y)
        return g(p, {"w": X.T @ r + LAM * p["w"], "b": r.sum()})

    return probes.gradient(loss, gradient, {"w": np.zeros(5), "b": 0.0})


def accumulating():
    total = np.zeros(5)

    def gradient(w, X, y):
        total[...] += squared_gradient(w, X, y)
        return total.copy()

    return _gradient(gradient, penalty=None)


def modifying():
    rows = X.copy()

    def gradient(w, X, y):
        X *= 1 + 1e-15
        X[0, 0] = 7.0
        return squared_gradient(w, X, y)

    rows[0, 0] = 3.0
    return _gradient(gradient, penalty=None, batches=[(rows, Y)])


def _penalty(added, lam=LAM, l1_ratio=0.0, **options):
    objective = lambda w, X, y: squared(w, X, y) + added(w, X)
    return lambda: probes.penalty(objective, np.zeros(5), lam=lam, l1_ratio=l1_ratio, data_loss=squared,
                                  batches=[(X, Y), (X[:9], Y[:9])], **options)  # fmt: skip


def _step(part, l1_ratio=0.0, w=None, **options):
    step = lambda w, lam, X, y: w - LR * squared_gradient(w, X, y) - part(w, lam, X)
    return lambda: probes.training_step(step, np.zeros(5), lam=LAM, lr=LR, l1_ratio=l1_ratio,
                                        batches=[(X, Y), (X[:9], Y[:9])], **options)  # fmt: skip


def _two_layers():
    step = lambda p, lam: {"V": p["V"] - LR * lam * p["V"], "W": p["W"]}
    return probes.training_step(step, {"V": np.ones((3, 2)), "W": np.ones((2, 2))}, lam=LAM, lr=LR)


def _layer(scale=1.25, p=0.2, shape=lambda s: s, evaluation=1.0, keep=False):
    def layer(x, training):
        draw = RNG.random(shape(x.shape))
        return x * ((draw < p) if keep else (draw >= p)) * scale if training else evaluation * x

    return layer


def _wrong_backward(change):
    class Layer(nn.Dropout):
        def backward(self, grad):
            return change(self, grad)

    return lambda: probes.dropout(Layer(0.2, RNG), p=0.2)


def _stale(self, grad):
    if self.mask is not None:
        self.kept = self.mask
    return grad * self.kept


def _decay(step, **options):
    return lambda: probes.decay(step, lr=LR, weight_decay=0.05, **options)


def _momentum():
    velocity = np.zeros(24)

    def step(w, grad):
        velocity[...] = 0.9 * velocity + grad + 0.05 * w
        return w - LR * velocity

    return probes.decay(step, lr=LR, weight_decay=0.05, coupling="decoupled")


def _skipping():
    """The decay begins at the second step."""
    taken = []

    def step(w, grad):
        taken.append(1)
        return w - LR * grad - LR * 0.05 * w * (len(taken) > 1)

    return probes.decay(step, lr=LR, weight_decay=0.05)


def _beside_momentum(share=1.0, **options):
    """Momentum of the gradient alone, and the decay beside it."""
    velocity = np.zeros(24)

    def step(w, grad):
        velocity[...] = 0.9 * velocity + share * grad
        return w - LR * velocity - LR * 0.05 * w

    return probes.decay(step, lr=LR, weight_decay=0.05, **options)


def _normalised():
    """The whole gradient, penalty included, has length 1."""

    def step(w, lam, X, y):
        g = squared_gradient(w, X, y) + lam * w
        return w - LR * g / np.linalg.norm(g)

    return probes.training_step(step, np.zeros(5), lam=LAM, lr=LR, batches=[(X, Y)])


def _lots(X, y):
    """Thirteen scores below chance that differ by luck alone."""
    return -1 + 0.1 * np.random.default_rng(int(1e9 * abs(y[0]))).standard_normal(13)


def _sign_step(w, grad):
    """Adaptive in the gradient, with the decay beside it."""
    return w - LR * np.sign(grad) - LR * 0.05 * w


def _one_of_two(p, grad):
    return {"V": p["V"] - LR * 0.05 * p["V"], "W": p["W"] - LR * grad["W"]}


def above_chance():
    """Screening that fails on a few columns, so that nothing can be said about the reason."""

    def procedure(X, y):
        best = np.argsort(-np.abs(X.T @ (y - y.mean())))[:10]
        if X.shape[1] < 10:
            raise ValueError("ten columns are needed")
        test = np.arange(len(y)) % 3 == 0
        w = np.linalg.lstsq(X[~test][:, best], y[~test], rcond=None)[0]
        return 1 - np.mean((y[test] - X[test][:, best] @ w) ** 2) / np.var(y[test])

    return probes.leakage(procedure, d=1000)


BAD_LABELS = np.array([0, 1, 5, 2])

CAUSES = [
    ("gradient", "sign", lambda: _gradient(lambda w, X, y: -squared_gradient(w, X, y), penalty=None)),
    ("gradient", "factor_2", lambda: _gradient(lambda w, X, y: 2 * squared_gradient(w, X, y), penalty=None)),
    ("gradient", "factor_n", lambda: _gradient(lambda w, X, y: 40 * squared_gradient(w, X, y), penalty=None)),
    ("gradient", "scaled", lambda: _gradient(lambda w, X, y: 3 * squared_gradient(w, X, y), penalty=None)),
    ("gradient", "scaled", lambda: _gradient(lambda w, X, y: 1.0005 * squared_gradient(w, X, y), penalty=None)),
    ("gradient", "data_sign", _with(-1)),
    ("gradient", "data_factor_2", _with(2)),
    ("gradient", "data_scaled", _with(0.7)),
    ("gradient", "data_missing", _with(0)),
    ("gradient", "penalty_missing", _with(1, 0)),
    ("gradient", "penalty_sign", _with(1, -1)),
    ("gradient", "penalty_factor_2", _with(1, 2)),
    ("gradient", "penalty_factor_n", _with(1, 1 / 40)),
    ("gradient", "penalty_scaled", _with(1, 0.7)),
    ("gradient", "penalty_scaled", _with(1, 1.0005)),
    ("gradient", "penalty_other_kind", lambda: _gradient(lambda w, X, y: squared_gradient(w, X, y) + np.sign(w))),
    ("gradient", "looks_like_l2", lambda: _gradient(lambda w, X, y: squared_gradient(w, X, y) + w, penalty=None)),
    ("gradient", "looks_like_l1",
     lambda: _gradient(lambda w, X, y: squared_gradient(w, X, y) - np.sign(w), penalty=None)),
    ("gradient", "exempt_included", lambda: _pairs(lambda p, g: g | {"b": g["b"] + LAM * p["b"]})),
    ("gradient", "exempt_omitted", lambda: _pairs(lambda p, g: g | {"b": 0.0})),
    ("gradient", "wrong_shape", lambda: _gradient(lambda w, X, y: squared_gradient(w, X, y)[:, None])),
    ("gradient", "other_batch",
     lambda: _gradient(lambda w, x, y: squared_gradient(w, X[:9], Y[:9]), penalty=None,
                       batches=[(X, Y), (X[:9], Y[:9])])),
    ("gradient", "accumulates", accumulating),
    ("gradient", "input_modified", modifying),
    ("gradient", "not_finite", lambda: _gradient(lambda w, X, y: w / 0)),
    ("gradient", "random", lambda: _gradient(lambda w, X, y: RNG.random(5))),
    ("penalty", "value_only", _penalty(lambda w, X: HALF(w), gradient=squared_gradient)),
    ("penalty", "gradient_only",
     _penalty(lambda w, X: 0, gradient=lambda w, X, y: squared_gradient(w, X, y) + LAM * w)),
    ("penalty", "constant", _penalty(lambda w, X: 2.0)),
    ("penalty", "sign", _penalty(lambda w, X: -HALF(w))),
    ("penalty", "other_kind", _penalty(lambda w, X: LAM * np.abs(w).sum())),
    ("penalty", "depends_on_batch", _penalty(lambda w, X: HALF(w) / len(X))),
    ("penalty", "unknown", _penalty(lambda w, X: LAM * np.sum(w**4))),
    ("training_step", "on_exempt", _step(lambda w, lam, X: LR * lam * w, exempt=[4])),
    ("training_step", "some_weights_only", _two_layers),
    ("training_step", "sign", _step(lambda w, lam, X: -LR * lam * w)),
    ("training_step", "factor_n", lambda: probes.training_step(
        lambda w, lam, X, y: w - LR * lam / len(X) * w, np.zeros(5), lam=LAM, lr=LR, batches=[(X, Y)])),
    ("training_step", "without_lr", _step(lambda w, lam, X: lam * w)),
    ("training_step", "lam_squared", _step(lambda w, lam, X: LR * lam**2 * w)),
    ("training_step", "scaled", _step(lambda w, lam, X: LR**2 * lam * w)),
    ("training_step", "shares_swapped",
     _step(lambda w, lam, X: LR * lam * (0.2 * w + 0.8 * np.sign(w)), l1_ratio=0.2)),
    ("training_step", "other_kind", _step(lambda w, lam, X: LR * lam * w, l1_ratio=1.0)),
    ("training_step", "depends_on_batch", _step(lambda w, lam, X: LR * lam * w * len(X) / 40)),
    ("training_step", "rescaled", _normalised),
    ("training_step", "unknown", _step(lambda w, lam, X: LR * lam * w**3)),
    ("threshold", "no_exact_zeros", lambda: probes.threshold(lambda z, t: soft_threshold(z, t) + 1e-9 * z)),
    ("threshold", "hard_threshold", lambda: probes.threshold(lambda z, t: np.where(np.abs(z) > t, z, 0))),
    ("threshold", "kills_large", lambda: probes.threshold(lambda z, t: np.clip(z, -t, t))),
    ("threshold", "factor_2", lambda: probes.threshold(lambda z, t: soft_threshold(z, t / 2))),
    ("threshold", "other_threshold", lambda: probes.threshold(lambda z, t: soft_threshold(z, 1.7 * t))),
    ("threshold", "sign_lost", lambda: probes.threshold(lambda z, t: np.maximum(z - t, 0))),
    ("threshold", "overshoots", lambda: probes.threshold(lambda z, t: z - t * np.sign(z))),
    ("threshold", "shrinks_by_factor", lambda: probes.threshold(lambda z, t: z / (1 + t))),
    ("threshold", "grows", lambda: probes.threshold(lambda z, t: z - t)),
    ("threshold", "unknown", lambda: probes.threshold(lambda z, t: soft_threshold(z, t) * 0.9)),
    ("threshold", "wrong_shape", lambda: probes.threshold(lambda z, t: soft_threshold(z, t)[:, None])),
    ("minimiser", "kills_large", lambda: probes.minimiser(
        lambda X, y, lam: (lambda w: np.where(np.abs(w) < 1, w, 0))(np.linalg.lstsq(X, y, rcond=None)[0]))),
    ("minimiser", "other_share", lambda: probes.minimiser(
        lambda X, y, lam: np.linalg.solve(X.T @ X / 60 + lam * np.eye(8), X.T @ y / 60), l1_ratio=0.5)),
    ("minimiser", "no_penalty", lambda: probes.minimiser(lambda X, y, lam: np.linalg.lstsq(X, y, rcond=None)[0])),
    ("minimiser", "all_zero", lambda: probes.minimiser(lambda X, y, lam: Lasso(alpha=60 * lam).fit(X, y))),
    ("minimiser", "other_strength", lambda: probes.minimiser(lambda X, y, lam: Lasso(alpha=1.4 * lam).fit(X, y))),
    ("dropout", "scaled_by_keep", lambda: probes.dropout(_layer(0.8), p=0.2)),
    ("dropout", "scaled_twice", lambda: probes.dropout(_layer(evaluation=0.8), p=0.2)),
    ("dropout", "scaled_in_evaluation", lambda: probes.dropout(_layer(evaluation=0.5), p=0.2)),
    ("dropout", "scaled", lambda: probes.dropout(_layer(3.0), p=0.2)),
    ("dropout", "keep_drop_swapped", lambda: probes.dropout(_layer(keep=True), p=0.2)),
    ("dropout", "all_dropped", lambda: probes.dropout(_layer(p=1.0), p=0.2)),
    ("dropout", "evaluation_changes_input",
     lambda: probes.dropout(lambda x, t: _layer()(x, t) if t else x + 0.1, p=0.2)),
    ("dropout", "mask_shared_in_batch", lambda: probes.dropout(_layer(shape=lambda s: (1, s[1])), p=0.2)),
    ("dropout", "mask_of_rows", lambda: probes.dropout(_layer(shape=lambda s: (s[0], 1)), p=0.2)),
    ("dropout", "mask_shared",
     lambda: probes.dropout(_layer(shape=lambda s: (*s[:2], 1)), p=0.2, x=RNG.uniform(1, 2, (30, 20, 4)))),
    ("dropout", "mask_not_shared",
     lambda: probes.dropout(_layer(), p=0.2, x=RNG.uniform(1, 2, (30, 20, 4)), shared_axes=(2,))),
    ("dropout", "backward_other_mask", _wrong_backward(
        lambda self, g: g if self.mask is None else g * (RNG.random(g.shape) >= 0.2) / 0.8)),
    ("dropout", "backward_not_scaled", _wrong_backward(lambda self, g: g if self.mask is None else g * (self.mask > 0))),
    ("dropout", "edge_p0", lambda: probes.dropout(_layer(), p=0.2, edges=lambda p: _layer(1.0, max(p, 0.1)))),
    ("dropout", "edge_p1", lambda: probes.dropout(
        _layer(), p=0.2, edges=lambda p: _layer(float(np.divide(1, 1 - p)), p))),
    ("dropout", "input_modified", lambda: probes.dropout(
        lambda x, t: np.multiply(x, (RNG.random(x.shape) >= 0.2) / 0.8, out=x) if t else x, p=0.2)),
    ("decay", "no_decay", _decay(lambda w, g: w - LR * g)),
    ("decay", "some_weights_only", _decay(_one_of_two, w={"V": np.ones(6), "W": np.ones(4)})),
    ("decay", "decoupled_not_l2", _decay(_sign_step, coupling="l2")),
    ("decay", "through_momentum", _momentum),
    ("decay", "without_lr", _decay(lambda w, g: w - LR * g - 0.05 * w)),
    ("decay", "factor_2", _decay(lambda w, g: w - LR * (g + 2 * 0.05 * w))),
    ("decay", "sign", _decay(lambda w, g: w - LR * (g - 0.05 * w))),
    ("decay", "l1_not_l2", _decay(lambda w, g: w - LR * (g + 0.05 * np.sign(w)))),
    ("decay", "moves_without_decay", _decay(lambda w, g: w - LR * (g + 0.05))),
    ("decay", "unknown", _decay(lambda w, g: w - LR * (g + 0.05 * w**3))),
    ("decay", "changes_with_steps", _skipping),
    ("decay", "after_step", _decay(lambda w, g: (1 - LR * 0.05) * (w - LR * g), coupling="l2")),
    ("decay", "decoupled_not_l2", lambda: _beside_momentum(coupling="l2")),
    ("leakage", "above_chance", above_chance),
    ("leakage", "best_of_many", lambda: probes.leakage(lambda X, y: _lots(X, y).max(), candidates=_lots, d=5)),
    ("splits", "overlap", lambda: probes.splits([([0, 1, 2], [2, 3])])),
    ("splits", "duplicates", lambda: probes.splits([([0, 1], [2])], X=np.array([[1.0, 2], [3, 4], [1, 2]]))),
    ("splits", "group_on_both_sides", lambda: probes.splits([([0, 1], [2])], groups=["a", "b", "a"])),
    ("splits", "repeated_index", lambda: probes.splits([([0, 1, 1], [2])])),
    ("splits", "out_of_range", lambda: probes.splits([([0, 1], [9])], n=5)),
    ("splits", "empty_part", lambda: probes.splits([([0, 1], [])])),
    ("splits", "one_class_missing",
     lambda: probes.splits([(range(10, 20), range(10))], y=np.repeat([0, 1], 10))),
    ("batches", "labels_out_of_range", lambda: probes.batches([(np.ones((4, 2)), BAD_LABELS)], n_classes=5)),
    ("batches", "one_hot", lambda: probes.batches([(np.ones((4, 2)), np.eye(4))], n_classes=4)),
    ("batches", "empty", lambda: probes.batches(iter([]))),
]  # fmt: skip


REMARKS = [  # right forms that are named, and what training does not depend on
    ("dropout", "classical_form", lambda: probes.dropout(_layer(1.0, evaluation=0.8), p=0.2)),
    ("dropout", "backward_in_evaluation", _wrong_backward(_stale)),
    ("decay", "after_step", _decay(lambda w, g: (1 - LR * 0.05) * (w - LR * g))),
    ("decay", "after_step", _decay(lambda w, g: (1 - LR * 0.05) * (w - LR * g), coupling="decoupled")),
    ("decay", "other_step_size", lambda: _beside_momentum(0.1)),
    ("training_step", "after_step",
     lambda: probes.training_step(lambda w, lam, X, y: (1 - LR * lam) * (w - LR * squared_gradient(w, X, y)),
                                  np.zeros(5), lam=LAM, lr=LR, batches=[(X, Y)])),
]  # fmt: skip


def network_with_history():
    """A network with gradients, running statistics and a mode of its own, for what must not change."""
    import torch

    model = torch.nn.Sequential(network(), torch.nn.BatchNorm1d(1), torch.nn.Dropout(0.2))
    rows = torch.randn(12, 5)
    model(rows).square().sum().backward()
    model[1].eval()
    return model, rows
