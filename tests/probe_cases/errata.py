# ruff: noqa: E731 - short functions stand where they are used
"""Mistakes met on the web, each in its smallest form, with the probe that sees it and the cause it names.

The numbers are those of the list of errata that chapter 18 keeps; ``NOT_CODE`` says of the others why no
probe can see them. ``PITFALLS`` holds the code among the stumbling blocks.
"""

from types import SimpleNamespace

import numpy as np
import torch
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from torch.nn import functional as F

from course_lib import probes
from course_lib.losses import sigmoid

LAM, LR = 0.3, 0.1


def data(n=40, d=5):
    """Regression data."""
    rng = np.random.default_rng(7)
    X = rng.standard_normal((n, d))
    return X, X @ np.linspace(-2, 2, d) + rng.standard_normal(n)


def labels(n=40, d=5):
    """Classification data, labels 0 and 1."""
    X, y = data(n, d)
    return X, (y > 0).astype(float)


def squared(w, X, y):
    return np.mean((y - X @ w) ** 2) / 2


def squared_gradient(w, X, y):
    return X.T @ (X @ w - y) / len(y)


def network(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(5, 6), torch.nn.ReLU(), torch.nn.Linear(6, 1))


def tensors():
    X, y = data()
    return torch.tensor(X).float(), torch.tensor(y).float()


def network_loss(model):
    X, y = tensors()
    return ((model(X)[:, 0] - y) ** 2).mean()


def gradient_step(penalty_gradient):
    """A step of gradient descent whose penalty part is ``penalty_gradient(w, lam)``."""
    return lambda w, lam, X, y: w - LR * (squared_gradient(w, X, y) + penalty_gradient(w, lam))


# ---------------------------------------------------------------- one function an erratum


def undefined_learning_rate():
    def step(w, lam, X, y):
        return w - learning_rate * (squared_gradient(w, X, y) + lam * w)  # noqa: F821 - the mistake

    return probes.training_step(step, np.ones(5), lam=LAM, lr=LR, batches=[data()])


def absolute_value_as_slope():
    penalty = lambda w: LAM * np.abs(w).sum()
    return probes.gradient(
        lambda w, X, y: squared(w, X, y) + penalty(w),
        lambda w, X, y: squared_gradient(w, X, y) + LAM * np.abs(w),
        np.zeros(5),
        penalty=penalty,
        batches=[data()],
    )


def absolute_value_in_the_step():
    step = gradient_step(lambda w, lam: lam * np.abs(w))
    return probes.training_step(step, np.zeros(5), lam=LAM, lr=LR, l1_ratio=1.0, batches=[data()])


def square_as_slope():
    step = gradient_step(lambda w, lam: lam * np.square(w))
    return probes.training_step(step, np.zeros(5), lam=LAM, lr=LR, batches=[data()])


def cross_entropy_gradient_of_a_squared_error():
    def cross_entropy(w, X, y):
        return np.mean(np.logaddexp(0, X @ w) - y * (X @ w))

    return probes.gradient(
        lambda w, X, y: np.mean((y - sigmoid(X @ w)) ** 2),
        lambda w, X, y: X.T @ (sigmoid(X @ w) - y) / len(y),
        np.zeros(5),
        batches=[labels()],
        others={"cross-entropy": cross_entropy},
    )


def sum_for_mean():
    penalty = lambda w: LAM / 2 * w @ w
    return probes.gradient(
        lambda w, X, y: squared(w, X, y) + penalty(w),
        lambda w, X, y: X.T @ (X @ w - y) + LAM * w,
        np.zeros(5),
        penalty=penalty,
        batches=[data()],
    )


def two_strengths_l1():
    X, y = data()
    objective = lambda w, X, y: squared(w, X, y) + LAM / (2 * len(y)) * np.abs(w).sum()
    return probes.penalty(objective, np.zeros(5), lam=LAM, l1_ratio=1.0, data_loss=squared, batches=[(X, y)])


def two_strengths_l2():
    objective = lambda w, X, y: squared(w, X, y) + LAM / (2 * len(y)) * w @ w
    return probes.penalty(objective, np.zeros(5), lam=LAM, data_loss=squared, batches=[data()])


def rate_from_the_depth():
    alpha, depth, rng = 0.5, 10, np.random.default_rng(3)
    p = 1 - 1 / (1 + np.exp(alpha * (depth - 1)))

    def layer(x, training):
        return x * (rng.random(x.shape) >= p) / (1 - p) if training else x

    return probes.dropout(layer, p=0.5)


def random_numbers_for_a_mask():
    rng = np.random.default_rng(3)

    def layer(x, training):
        return x + 0.1 * np.sum(x * rng.random(x.shape) * 0.5) if training else x

    return probes.dropout(layer, p=0.5)


def no_scaling_in_either_mode():
    rng = np.random.default_rng(3)
    return probes.dropout(lambda x, training: x * (rng.random(x.shape) >= 0.2) if training else x, p=0.2)


def random_labels_for_a_sigmoid():
    rng = np.random.default_rng(3)
    return probes.batches([(rng.random((100, 4)), rng.random(100))], n_classes=2)


def fixed_number_of_steps():
    def fit(X, y, lam):
        w = np.zeros(X.shape[1])
        for _ in range(100):
            w = w - 0.005 * (squared_gradient(w, X, y) + lam * w)
        return w

    return probes.minimiser(fit, lam=0.1, l1_ratio=0.0)


def subgradient_steps():
    def fit(X, y, lam):
        w = np.zeros(X.shape[1])
        for _ in range(2000):
            w = w - 0.02 * (squared_gradient(w, X, y) + lam * np.sign(w))
        return w

    return probes.minimiser(fit)


def l2_of_another_convention():
    return probes.penalty(lambda w: LAM * np.sum(w**2), np.zeros(5), lam=LAM)


def regularizer_of_a_list():
    def l2(tensor):
        return LAM / 2 * tensor.square().sum()

    return probes.penalty(
        lambda model: network_loss(model) + l2(list(model.parameters())),
        network(),
        lam=LAM,
        data_loss=network_loss,
    )


def penalty_never_called():
    class Model:
        def add_regularization(self, w):
            self.total = squared(w, *data()) + LAM / 2 * w @ w

        def loss(self, w):
            return squared(w, *data())

    return probes.penalty(Model().loss, np.zeros(5), lam=LAM, data_loss=lambda w: squared(w, *data()))


def scores_for_probabilities():
    def share(z):  # of the true class, the first: negative where its score is
        return np.clip(z[0] / z.sum(), 1e-7, 1 - 1e-7)

    def slope(z):
        clipped = share(z) in (1e-7, 1 - 1e-7)
        return np.zeros(3) if clipped else 1 / z.sum() - np.array([1 / z[0], 0, 0])

    return probes.gradient(lambda z: -np.log(share(z)), slope, np.array([-30.0, 40.0, 50.0]))


def batches_first_then_shuffled():
    rng, y = np.random.default_rng(3), np.repeat(np.arange(10), 64)
    X = rng.standard_normal((640, 4))
    made = [(X[i : i + 32], y[i : i + 32]) for i in range(0, 640, 32)]
    return probes.batches([made[i] for i in rng.permutation(len(made))], n_classes=10)


def bytes_for_inputs():
    rng = np.random.default_rng(3)
    images, y = rng.integers(0, 256, (64, 28, 28), dtype=np.uint8), rng.integers(0, 10, 64)
    return probes.batches([(images, y)], n_classes=10)


def epoch_returns_none():
    def train_epoch(w, X, y):
        w = w - LR * squared_gradient(w, X, y)  # and no return

    return probes.gradient(train_epoch, squared_gradient, np.zeros(5), batches=[data()])


def undefined_optimiser():
    def step(w, lam, X, y):
        return optimizer.step(w, squared_gradient(w, X, y) + lam * w)  # noqa: F821 - the mistake

    return probes.training_step(step, np.ones(5), lam=LAM, lr=LR, batches=[data()])


def epoch_chosen_on_the_test_rows():
    def procedure(X, y):
        train, test = np.arange(len(y)) < 40, np.arange(len(y)) >= 40
        w, scores = np.zeros(X.shape[1]), []
        for epoch in range(60):
            rows = np.random.default_rng(epoch).choice(np.flatnonzero(train), 8)
            w = 0.7 * w + X[rows].T @ (y[rows] - 0.5)
            scores.append(np.mean((X[test] @ w > 0) == y[test]))
        return max(scores)

    return probes.leakage(procedure, task="classification")


def shares_exchanged():
    objective = lambda w: LAM * np.sum(0.3 * w**2 + 0.7 * np.abs(w))
    return probes.penalty(objective, np.zeros(5), lam=LAM, l1_ratio=0.3)


def one_alpha_for_two_tools():
    return probes.minimiser(lambda X, y, lam: Ridge(alpha=lam, fit_intercept=False).fit(X, y), l1_ratio=0.0)


def scaler_on_all_rows():
    def predict(X_train, y_train, X_test):
        everything = np.vstack([X_train, X_test])
        mean, sd = everything.mean(axis=0), everything.std(axis=0)
        return Ridge().fit((X_train - mean) / sd, y_train).predict((X_test - mean) / sd)

    return probes.leakage(predict=predict, d=20)


def class_numbers_for_one_hot():
    def categorical_cross_entropy(X, y):
        if y.ndim != 2:
            raise ValueError(f"Shapes {y.shape} and (32, 10) are incompatible")
        return 2.3

    rng = np.random.default_rng(3)
    batch = (rng.standard_normal((32, 4)), rng.integers(0, 10, 32))
    return probes.batches([batch], n_classes=10, loss=categorical_cross_entropy)


def optimiser_of_another_version():
    tf = SimpleNamespace(optimizers=SimpleNamespace())

    def step(w, grad):
        return tf.optimizers.GradientDescentOptimizer().minimize(w, grad)

    return probes.decay(step, lr=LR, weight_decay=LAM)


def loss_computed_outside():
    model = network()
    fixed = network_loss(model).detach() + LAM / 2 * sum(
        p.detach().square().sum() for p in model.parameters()
    )
    return probes.gradient(lambda m: fixed, None, model)


def standard_deviation_of_one():
    rng = np.random.default_rng(3)
    X, y, W = rng.random((128, 784)), rng.integers(0, 10, 128), rng.standard_normal((784, 10))

    def loss(X, y):
        z = X @ W
        z = z - z.max(axis=1, keepdims=True)
        return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y])

    return probes.batches([(X, y)], n_classes=10, loss=loss)


def penalty_of_the_loss():
    l2 = lambda tensor: 0.001 * tensor.square().sum()
    return probes.penalty(lambda model: l2(network_loss(model)), network(), lam=0.001, data_loss=network_loss)


def strength_twice():
    regularizer = lambda w: LAM * (w @ w) / 2
    objective = lambda w, X, y: squared(w, X, y) + LAM * regularizer(w)
    return probes.penalty(objective, np.zeros(5), lam=LAM, data_loss=squared, batches=[data()])


def intercept_penalised():
    def fit(X, y, lam):
        A = np.column_stack([X, np.ones(len(y))])
        w = np.linalg.solve(A.T @ A / len(y) + lam * np.eye(A.shape[1]), A.T @ y / len(y))
        return w[:-1], w[-1]

    return probes.minimiser(fit, l1_ratio=0.0, intercept=True)


ERRATA = {
    (1, undefined_learning_rate): "raised",
    (2, absolute_value_as_slope): "penalty_value_as_gradient",
    (2, absolute_value_in_the_step): "value_as_gradient",
    (3, square_as_slope): "value_as_gradient",
    (4, cross_entropy_gradient_of_a_squared_error): "other_loss",
    (5, sum_for_mean): "data_factor_n",
    (6, two_strengths_l1): "factor_n",
    (7, two_strengths_l2): "factor_n",
    (8, rate_from_the_depth): "wrong_rate",
    (9, random_numbers_for_a_mask): "not_a_mask",
    (10, no_scaling_in_either_mode): "no_scaling",
    (11, random_labels_for_a_sigmoid): "labels_not_integers",
    (12, fixed_number_of_steps): "not_converged",
    (13, subgradient_steps): "no_exact_zeros",
    (17, l2_of_another_convention): "factor_2",
    (19, regularizer_of_a_list): "raised",
    (20, penalty_never_called): "not_applied",
    (21, scores_for_probabilities): "flat",
    (22, batches_first_then_shuffled): "not_shuffled",
    (23, bytes_for_inputs): "not_scaled",
    (24, epoch_returns_none): "raised",
    (25, undefined_optimiser): "raised",
    (26, epoch_chosen_on_the_test_rows): "choice_on_test_rows",
    (34, shares_exchanged): "shares_swapped",
    (35, one_alpha_for_two_tools): "other_strength",
    (36, scaler_on_all_rows): "depends_on_other_test_rows",
    (40, class_numbers_for_one_hot): "raised",
    (45, optimiser_of_another_version): "raised",
    (46, loss_computed_outside): "detached",
    (47, standard_deviation_of_one): "first_loss_high",
    (48, subgradient_steps): "no_exact_zeros",
    (50, penalty_of_the_loss): "of_the_loss",
    (51, strength_twice): "lam_squared",
    (54, intercept_penalised): "intercept_penalised",
}

NOT_CODE = {
    14: "a claim about smoothness",
    15: "a claim about the number of parameters",
    16: "a missing derivation",
    18: "a claim without a run",
    27: "another network under the name: count its parameters",
    28: "a result without a run",
    29: "an installation command",
    30: "the order of an exposition",
    31: "a claim about mechanisms",
    32: "references that do not exist",
    33: "names out of date",
    37: "a claim about distributions of weights",
    38: "a purpose stated twice",
    39: "a claim about randomness",
    41: "a reference that does not exist",
    42: "a claim about tuning",
    43: "a word",
    44: "a typo in a formula",
    49: "an analogy",
    52: "a missing comparison",
    53: "a topic in the wrong place",
}


# ---------------------------------------------------------------- stumbling blocks


def adam_for_adamw():
    model = network()
    optimiser = torch.optim.Adam(model.parameters(), lr=LR, weight_decay=0.01)
    return probes.decay(optimiser, lr=LR, weight_decay=0.01, coupling="decoupled")


def decay_on_biases():
    model = network()
    optimiser = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=0.01)
    return probes.decay(optimiser, lr=LR, weight_decay=0.01, model=model)


def functional_dropout():
    class Layer(torch.nn.Module):
        def forward(self, x):
            return F.dropout(x, 0.2)

    return probes.dropout(Layer(), p=0.2)


def divided_by_p():
    rng = np.random.default_rng(3)
    return probes.dropout(
        lambda x, training: x * (rng.random(x.shape) >= 0.2) / 0.2 if training else x, p=0.2
    )


def threshold_without_the_step_size():
    return probes.threshold(lambda z, lam, lr: np.sign(z) * np.maximum(np.abs(z) - lam, 0), lr=0.1)


def screening_on_all_rows():
    def procedure(X, y):
        chosen = SelectKBest(f_regression, k=min(10, X.shape[1])).fit_transform(X, y)
        return cross_val_score(Ridge(), chosen, y, cv=5, scoring="r2").mean()

    return probes.leakage(procedure, d=1000)


def regularizer_ignored():
    def step(w, lam, X, y, regularizer=None):
        return w - LR * squared_gradient(w, X, y)

    return probes.training_step(step, np.ones(5), lam=LAM, lr=LR, batches=[data()])


def biases_in_the_sum():
    penalty = lambda model: LAM / 2 * sum(p.square().sum() for p in model.parameters())
    return probes.penalty(
        lambda model: network_loss(model) + penalty(model), network(), lam=LAM, data_loss=network_loss
    )


def norm_for_squared_norm():
    return probes.penalty(lambda w: LAM / 2 * np.linalg.norm(w), np.zeros(5), lam=LAM)


PITFALLS = {
    (1, one_alpha_for_two_tools): "other_strength",
    (3, adam_for_adamw): "l2_not_decoupled",
    (6, decay_on_biases): "on_exempt",
    (7, functional_dropout): "training_flag_ignored",
    (8, divided_by_p): "scaled_by_p",
    (10, threshold_without_the_step_size): "without_lr",
    (13, screening_on_all_rows): "screening_on_all_rows",
    (20, regularizer_ignored): "not_applied",
    (21, biases_in_the_sum): "on_exempt",
    (21, norm_for_squared_norm): "not_squared",
}
