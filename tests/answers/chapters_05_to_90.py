"""Test answers for the exercises of chapters 05, 06, 07, 10, 17, 18 and 90, written without sight of the checker.

ANSWERS is a list of dicts with the keys name, exercise, right, cause, answer (a function or a value). They were
written from the edition without solutions. Left out are one answer whose rightness the text leaves open (a
softmax that overflows for scores above 700) and two right ones in a form that is not asked for (a number given
as text, a quotient rounded to three digits).
"""

import math

import numpy as np

ANSWERS = []


def _value(exercise, right, cause, value):
    number = sum(entry["exercise"] == exercise for entry in ANSWERS) + 1
    name = getattr(value, "__name__", f"{exercise}-{number}")
    ANSWERS.append({"name": name, "exercise": exercise, "right": right, "cause": cause, "answer": value})


def _answer(exercise, right, cause):
    """Put the function below into ANSWERS and leave it as it is."""

    def put(answer):
        _value(exercise, right, cause, answer)
        return answer

    return put


# =====================================================================================================
# Chapter 05
# =====================================================================================================

# --- classification.separable ----------------------------------------------------------------------
_value("classification.separable", True, "the value", "b")
_value("classification.separable", True, "the value", "B")
_value(
    "classification.separable",
    False,
    "A loss that flattens is taken for a minimum; separable data have none",
    "a",
)
_value(
    "classification.separable",
    False,
    "The solver is blamed; no solver can find a minimum that does not exist",
    "c",
)
_value(
    "classification.separable",
    False,
    "Accuracy is confused with certainty: decisions stay, certainty grows",
    "d",
)

# --- classification.gradient -----------------------------------------------------------------------


@_answer("classification.gradient", True, "loops or the formula step by step")
def classification_gradient_r1(X, y, w, b, lam):
    n, d = X.shape
    gw, gb = [0.0] * d, 0.0
    for i in range(n):
        s = b + sum(X[i, j] * w[j] for j in range(d))
        q = 1 / (1 + math.exp(-s)) if s >= 0 else math.exp(s) / (1 + math.exp(s))
        gb += (q - y[i]) / n
        for j in range(d):
            gw[j] += (q - y[i]) * X[i, j] / n
    return np.array([g + lam * wj for g, wj in zip(gw, w)]), gb


@_answer("classification.gradient", True, "vectorised or another algebra")
def classification_gradient_r2(X, y, w, b, lam):
    X, y, w = map(np.asarray, (X, y, w))
    e = (1 + np.tanh((X @ w + b) / 2)) / 2 - y
    return np.mean(X * e[:, None], axis=0) + lam * w, np.mean(e)


@_answer("classification.gradient", True, "another library or style")
def classification_gradient_r3(X, y, w, b, lam):
    import torch

    Xt, yt = torch.tensor(np.array(X, float)), torch.tensor(np.array(y, float))
    wt = torch.tensor(np.array(w, float), requires_grad=True)
    bt = torch.tensor(float(b), dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(Xt @ wt + bt, yt) + lam / 2 * (wt**2).sum()
    loss.backward()
    return wt.grad.numpy(), bt.grad.item()


@_answer("classification.gradient", False, "The residual has the wrong sign: y - q instead of q - y")
def classification_gradient_w1(X, y, w, b, lam):
    e = y - 1 / (1 + np.exp(-(X @ w + b)))
    return X.T @ e / len(y) + lam * w, e.mean()


@_answer("classification.gradient", False, "Sums instead of means: 1/n is missing in both gradients")
def classification_gradient_w2(X, y, w, b, lam):
    e = 1 / (1 + np.exp(-(X @ w + b))) - y
    return X.T @ e + lam * w, e.sum()


@_answer(
    "classification.gradient",
    False,
    "The penalty's gradient is 2 lam w: the half of lam/2 ||w||² was forgotten",
)
def classification_gradient_w3(X, y, w, b, lam):
    e = 1 / (1 + np.exp(-(X @ w + b))) - y
    return X.T @ e / len(y) + 2 * lam * w, e.mean()


@_answer("classification.gradient", False, "The intercept is penalised too (+ lam b)")
def classification_gradient_w4(X, y, w, b, lam):
    e = 1 / (1 + np.exp(-(X @ w + b))) - y
    return X.T @ e / len(y) + lam * w, e.mean() + lam * b


@_answer("classification.gradient", False, "The penalty is divided by n as well")
def classification_gradient_w5(X, y, w, b, lam):
    e = 1 / (1 + np.exp(-(X @ w + b))) - y
    return (X.T @ e + lam * w) / len(y), e.mean()


@_answer("classification.gradient", False, "The score is used without the sigmoid, as in ridge")
def classification_gradient_w6(X, y, w, b, lam):
    e = X @ w + b - y
    return X.T @ e / len(y) + lam * w, e.mean()


@_answer("classification.gradient", False, "Only the gradient for b is a sum, 1/n is missing there")
def classification_gradient_w7(X, y, w, b, lam):
    e = 1 / (1 + np.exp(-(X @ w + b))) - y
    return X.T @ e / len(y) + lam * w, e.sum()


@_answer("classification.gradient", False, "Squared-error gradient: an extra factor q(1-q)")
def classification_gradient_w8(X, y, w, b, lam):
    q = 1 / (1 + np.exp(-(X @ w + b)))
    e = (q - y) * q * (1 - q)
    return X.T @ e / len(y) + lam * w, e.mean()


# --- classification.hessian ------------------------------------------------------------------------


@_answer("classification.hessian", True, "loops or the formula step by step")
def classification_hessian_r1(X, w, b, lam):
    n, d = X.shape
    H = np.zeros((d, d))
    for i in range(n):
        q = 1 / (1 + np.exp(-(X[i] @ w + b)))
        H += q * (1 - q) * np.outer(X[i], X[i]) / n
    for j in range(d):
        H[j, j] += lam
    return H


@_answer("classification.hessian", True, "vectorised or another algebra")
def classification_hessian_r2(X, w, b, lam):
    s = X @ w + b
    half = X / (2 * np.cosh(s / 2))[:, np.newaxis]
    return half.T.dot(half) / X.shape[0] + np.diag(np.full(len(w), lam))


@_answer("classification.hessian", True, "another library or style")
def classification_hessian_r3(X, w, b, lam):
    q = 1 / (1 + np.exp(-(X @ w + b)))
    return np.einsum("ij,i,ik->jk", X, q * (1 - q), X) / len(X) + lam * np.eye(X.shape[1])


@_answer("classification.hessian", False, "The weights of the rows are q instead of q(1-q)")
def classification_hessian_w1(X, w, b, lam):
    q = 1 / (1 + np.exp(-(X @ w + b)))
    return (X.T * q) @ X / len(X) + lam * np.eye(X.shape[1])


@_answer("classification.hessian", False, "1/n is missing")
def classification_hessian_w2(X, w, b, lam):
    q = 1 / (1 + np.exp(-(X @ w + b)))
    return (X.T * (q * (1 - q))) @ X + lam * np.eye(X.shape[1])


@_answer("classification.hessian", False, "lam is added to every entry, not only to the diagonal")
def classification_hessian_w3(X, w, b, lam):
    q = 1 / (1 + np.exp(-(X @ w + b)))
    return (X.T * (q * (1 - q))) @ X / len(X) + lam


@_answer("classification.hessian", False, "The intercept is missing in the score")
def classification_hessian_w4(X, w, b, lam):
    q = 1 / (1 + np.exp(-(X @ w)))
    return (X.T * (q * (1 - q))) @ X / len(X) + lam * np.eye(X.shape[1])


@_answer("classification.hessian", False, "lam is divided by n as well")
def classification_hessian_w5(X, w, b, lam):
    q = 1 / (1 + np.exp(-(X @ w + b)))
    return ((X.T * (q * (1 - q))) @ X + lam * np.eye(X.shape[1])) / len(X)


@_answer("classification.hessian", False, "The Hessian of ridge: the weights q(1-q) of the rows are missing")
def classification_hessian_w6(X, w, b, lam):
    return X.T @ X / len(X) + lam * np.eye(X.shape[1])


@_answer("classification.hessian", False, "The penalty's second derivative is 2 lam (half forgotten)")
def classification_hessian_w7(X, w, b, lam):
    q = 1 / (1 + np.exp(-(X @ w + b)))
    return (X.T * (q * (1 - q))) @ X / len(X) + 2 * lam * np.eye(X.shape[1])


@_answer(
    "classification.hessian",
    False,
    "The intercept is in the matrix: a column of ones was added, shape (d+1, d+1)",
)
def classification_hessian_w8(X, w, b, lam):
    A = np.column_stack([np.ones(len(X)), X])
    q = 1 / (1 + np.exp(-(X @ w + b)))
    return (A.T * (q * (1 - q))) @ A / len(X) + lam * np.diag(np.r_[0, np.ones(X.shape[1])])


@_answer("classification.hessian", False, "Scores were used in place of probabilities: s(1-s)")
def classification_hessian_w9(X, w, b, lam):
    q = X @ w + b
    return (X.T * (q * (1 - q))) @ X / len(X) + lam * np.eye(X.shape[1])


# --- classification.C ------------------------------------------------------------------------------
_value("classification.C", True, "the value", 1 / (300 * 0.05))
_value("classification.C", True, "the value", np.float64(1) / 15)
_value("classification.C", False, "n lam: not inverted, C read as a strength", 15.0)
_value("classification.C", False, "1/lam: the sum over n rows was forgotten", 20.0)
_value("classification.C", False, "C taken equal to lam", 0.05)
_value("classification.C", False, "1/(2 n lam): a factor 2 too much", 1 / 30)
_value("classification.C", False, "2/(n lam): a factor 2 too much", 2 / 15)
_value("classification.C", False, "n/lam: multiplied by n instead of divided", 6000)
_value("classification.C", False, "1/n: lam was forgotten", 1 / 300)

# --- classification.threshold ----------------------------------------------------------------------


@_answer("classification.threshold", True, "loops or the formula step by step")
def classification_threshold_r1(cost_missed, cost_alarm):
    total = cost_missed + cost_alarm
    return cost_alarm / total


@_answer("classification.threshold", True, "vectorised or another algebra")
def classification_threshold_r2(cost_missed, cost_alarm):
    return 1 - np.divide(cost_missed, cost_missed + cost_alarm)


@_answer("classification.threshold", False, "The two costs are swapped")
def classification_threshold_w1(cost_missed, cost_alarm):
    return cost_missed / (cost_missed + cost_alarm)


@_answer("classification.threshold", False, "The ratio of the costs (the odds) instead of the probability")
def classification_threshold_w2(cost_missed, cost_alarm):
    return cost_alarm / cost_missed


@_answer("classification.threshold", False, "The threshold is one half whatever the costs")
def classification_threshold_w3(cost_missed, cost_alarm):
    return 0.5


@_answer("classification.threshold", False, "1 is divided by 1 + c_m: c_alarm is taken as 1")
def classification_threshold_w4(cost_missed, cost_alarm):
    return 1 / (1 + cost_missed)


@_answer("classification.threshold", False, "Integer division")
def classification_threshold_w5(cost_missed, cost_alarm):
    return cost_alarm // (cost_missed + cost_alarm)


@_answer(
    "classification.threshold",
    False,
    "The share is halved (mean of the costs in the denominator was mixed up)",
)
def classification_threshold_w6(cost_missed, cost_alarm):
    return cost_alarm / (2 * (cost_missed + cost_alarm))


@_answer("classification.threshold", False, "The odds capped at 1")
def classification_threshold_w7(cost_missed, cost_alarm):
    return min(1.0, cost_alarm / cost_missed)


@_answer("classification.threshold", False, "Rounded to two decimals")
def classification_threshold_w8(cost_missed, cost_alarm):
    return round(cost_alarm / (cost_missed + cost_alarm), 2)


# --- classification.softmax_gradient ---------------------------------------------------------------


@_answer("classification.softmax_gradient", True, "loops or the formula step by step")
def classification_softmax_gradient_r1(X, y, W, lam):
    n, d = X.shape
    K = W.shape[1]
    G = lam * np.array(W, dtype=float)
    for i in range(n):
        s = [float(X[i] @ W[:, k]) for k in range(K)]
        top = max(s)
        e = [math.exp(v - top) for v in s]
        for k in range(K):
            err = e[k] / sum(e) - (1.0 if y[i] == k else 0.0)
            for j in range(d):
                G[j, k] += err * X[i, j] / n
    return G


@_answer("classification.softmax_gradient", True, "vectorised or another algebra")
def classification_softmax_gradient_r2(X, y, W, lam):
    S = X @ W
    S = S - S.max(axis=1, keepdims=True)
    Q = np.exp(S)
    Q /= Q.sum(axis=1, keepdims=True)
    Q[np.arange(len(y)), y] -= 1
    return X.T @ Q / len(y) + lam * W


@_answer("classification.softmax_gradient", False, "1/n is missing")
def classification_softmax_gradient_w1(X, y, W, lam):
    from scipy.special import softmax

    return X.T @ (softmax(X @ W, axis=1) - np.eye(W.shape[1])[y]) + lam * W


@_answer("classification.softmax_gradient", False, "The sign: truth minus probability")
def classification_softmax_gradient_w2(X, y, W, lam):
    from scipy.special import softmax

    return X.T @ (np.eye(W.shape[1])[y] - softmax(X @ W, axis=1)) / len(y) + lam * W


@_answer(
    "classification.softmax_gradient",
    False,
    "Softmax normalises over the samples (axis 0) instead of the classes",
)
def classification_softmax_gradient_w3(X, y, W, lam):
    from scipy.special import softmax

    return X.T @ (softmax(X @ W, axis=0) - np.eye(W.shape[1])[y]) / len(y) + lam * W


@_answer(
    "classification.softmax_gradient",
    False,
    "The number of classes is read off y: a class that does not occur is forgotten",
)
def classification_softmax_gradient_w4(X, y, W, lam):
    from scipy.special import softmax

    Y = np.eye(len(np.unique(y)))[y]
    return X.T @ (softmax(X @ W, axis=1) - Y) / len(y) + lam * W


@_answer("classification.softmax_gradient", False, "2 lam W: half of the penalty forgotten")
def classification_softmax_gradient_w5(X, y, W, lam):
    from scipy.special import softmax

    return X.T @ (softmax(X @ W, axis=1) - np.eye(W.shape[1])[y]) / len(y) + 2 * lam * W


@_answer("classification.softmax_gradient", False, "Sigmoid of each score instead of softmax")
def classification_softmax_gradient_w6(X, y, W, lam):
    return X.T @ (1 / (1 + np.exp(-X @ W)) - np.eye(W.shape[1])[y]) / len(y) + lam * W


@_answer("classification.softmax_gradient", False, "Mean over samples and classes: divided by n K")
def classification_softmax_gradient_w8(X, y, W, lam):
    from scipy.special import softmax

    E = softmax(X @ W, axis=1) - np.eye(W.shape[1])[y]
    return X.T @ E / E.size + lam * W


@_answer("classification.softmax_gradient", False, "The penalty's gradient is missing")
def classification_softmax_gradient_w9(X, y, W, lam):
    from scipy.special import softmax

    return X.T @ (softmax(X @ W, axis=1) - np.eye(W.shape[1])[y]) / len(y)


# --- classification.lam_max ------------------------------------------------------------------------


@_answer("classification.lam_max", True, "loops or the formula step by step")
def classification_lam_max_r1(X, y):
    n, d = X.shape
    mean = sum(y) / n
    best = 0.0
    for j in range(d):
        pull = 0.0
        for i in range(n):
            pull += X[i, j] * (y[i] - mean)
        best = max(best, abs(pull) / n)
    return best


@_answer("classification.lam_max", True, "vectorised or another algebra")
def classification_lam_max_r2(X, y):
    C = X - X.mean(axis=0)
    return np.linalg.norm(C.T @ y, np.inf) / len(X)


@_answer("classification.lam_max", False, "The labels are not centred: the free intercept is forgotten")
def classification_lam_max_w1(X, y):
    return np.abs(X.T @ y).max() / len(y)


@_answer("classification.lam_max", False, "1/n is missing")
def classification_lam_max_w2(X, y):
    return np.abs(X.T @ (y - y.mean())).max()


@_answer("classification.lam_max", False, "No absolute value: a strong negative pull is missed")
def classification_lam_max_w3(X, y):
    return (X.T @ (y - y.mean())).max() / len(y)


@_answer("classification.lam_max", False, "q = 1/2 at w = 0: the intercept stays 0 instead of the base rate")
def classification_lam_max_w4(X, y):
    return np.abs(X.T @ (y - 0.5)).max() / len(y)


@_answer("classification.lam_max", False, "The sum over features instead of the largest")
def classification_lam_max_w5(X, y):
    return np.abs(X.T @ (y - y.mean())).sum() / len(y)


@_answer("classification.lam_max", False, "A factor 2 too much")
def classification_lam_max_w6(X, y):
    return 2 * np.abs(X.T @ (y - y.mean())).max() / len(y)


@_answer("classification.lam_max", False, "Labels taken as -1 and +1")
def classification_lam_max_w7(X, y):
    z = 2 * y - 1
    return np.abs(X.T @ (z - z.mean())).max() / len(y)


@_answer("classification.lam_max", False, "X is standardised first, so the strength belongs to other columns")
def classification_lam_max_w8(X, y):
    Z = (X - X.mean(0)) / X.std(0)
    return np.abs(Z.T @ (y - y.mean())).max() / len(y)


@_answer("classification.lam_max", False, "Divided by the number of features instead of rows")
def classification_lam_max_w9(X, y):
    return np.abs(X.T @ (y - y.mean())).max() / X.shape[1]


# =====================================================================================================
# Chapter 06
# =====================================================================================================

# --- whole_path.direction --------------------------------------------------------------------------


@_answer("whole_path.direction", True, "loops or the formula step by step")
def whole_path_direction_r1(X, active, signs):
    n, d = X.shape
    idx = [j for j in range(d) if active[j]]
    q = np.zeros(d)
    if idx:
        G = np.array([[X[:, j] @ X[:, k] / n for k in idx] for j in idx])
        q[idx] = np.linalg.solve(G, [signs[j] for j in idx])
    return q


@_answer("whole_path.direction", True, "vectorised or another algebra")
def whole_path_direction_r2(X, active, signs):
    A = np.asarray(active, dtype=bool)
    out = np.zeros(X.shape[1])
    XA = X[:, A]
    out[A] = np.linalg.inv(XA.T @ XA) @ (len(X) * signs[A])
    return out


@_answer("whole_path.direction", False, "The Gram matrix lacks 1/n")
def whole_path_direction_w1(X, active, signs):
    q = np.zeros(X.shape[1])
    q[active] = np.linalg.solve(X[:, active].T @ X[:, active], signs[active])
    return q


@_answer("whole_path.direction", False, "Sign: the weights shrink instead of growing when lam falls")
def whole_path_direction_w2(X, active, signs):
    q = np.zeros(X.shape[1])
    q[active] = -np.linalg.solve(X[:, active].T @ X[:, active] / len(X), signs[active])
    return q


@_answer("whole_path.direction", False, "The whole Gram matrix is solved, not the active block")
def whole_path_direction_w3(X, active, signs):
    return np.linalg.solve(X.T @ X / len(X), signs * active)


@_answer("whole_path.direction", False, "Block of the inverse: inverted first, restricted afterwards")
def whole_path_direction_w4(X, active, signs):
    q = np.zeros(X.shape[1])
    q[active] = np.linalg.inv(X.T @ X / len(X))[np.ix_(active, active)] @ signs[active]
    return q


@_answer(
    "whole_path.direction", False, "Correlations between active features are ignored: only the diagonal of G"
)
def whole_path_direction_w5(X, active, signs):
    return np.where(active, signs / (np.sum(X**2, axis=0) / len(X)), 0.0)


@_answer("whole_path.direction", False, "Only the active entries are returned, wrong shape")
def whole_path_direction_w6(X, active, signs):
    return np.linalg.solve(X[:, active].T @ X[:, active] / len(X), signs[active])


@_answer("whole_path.direction", False, "Multiplied by G instead of solved")
def whole_path_direction_w7(X, active, signs):
    q = np.zeros(X.shape[1])
    q[active] = X[:, active].T @ X[:, active] / len(X) @ signs[active]
    return q


@_answer("whole_path.direction", False, "All features are treated as active")
def whole_path_direction_w8(X, active, signs):
    return np.linalg.solve(X.T @ X / len(X), signs)


# --- whole_path.join -------------------------------------------------------------------------------


@_answer("whole_path.join", True, "loops or the formula step by step")
def whole_path_join_r1(lam, c, a):
    out = []
    for cj, aj in zip(c, a):
        found = [float("inf")]
        if aj != 1:
            found.append((lam - cj) / (1 - aj))
        if aj != -1:
            found.append((lam + cj) / (1 + aj))
        out.append(min(t for t in found if t > 0))
    return np.array(out)


@_answer("whole_path.join", True, "vectorised or another algebra")
def whole_path_join_r2(lam, c, a):
    with np.errstate(all="ignore"):
        both = np.stack([(lam - c) / (1 - a), (lam + c) / (1 + a)])
    both[~(both > 0)] = np.inf
    return both.min(axis=0)


@_answer("whole_path.join", False, "Only the upper threshold: a feature with a negative pull is missed")
def whole_path_join_w1(lam, c, a):
    with np.errstate(all="ignore"):
        d = (lam - c) / (1 - a)
    return np.where(d > 0, d, np.inf)


@_answer("whole_path.join", False, "Negative solutions are not left out")
def whole_path_join_w2(lam, c, a):
    with np.errstate(all="ignore"):
        return np.fmin((lam - c) / (1 - a), (lam + c) / (1 + a))


@_answer("whole_path.join", False, "The threshold is held still: the 1 is missing in the denominator")
def whole_path_join_w3(lam, c, a):
    with np.errstate(all="ignore"):
        both = np.stack([(c - lam) / a, (c + lam) / a])
    return np.where(both > 0, both, np.inf).min(axis=0)


@_answer("whole_path.join", False, "One number for all features instead of one per feature")
def whole_path_join_w4(lam, c, a):
    with np.errstate(all="ignore"):
        both = np.stack([(lam - c) / (1 - a), (lam + c) / (1 + a)])
    return np.where(both > 0, both, np.inf).min()


@_answer("whole_path.join", False, "The signs of the denominators are exchanged")
def whole_path_join_w5(lam, c, a):
    with np.errstate(all="ignore"):
        both = np.stack([(lam - c) / (1 + a), (lam + c) / (1 - a)])
    return np.where(both > 0, both, np.inf).min(axis=0)


@_answer("whole_path.join", False, "The larger of the two instead of the smaller positive one")
def whole_path_join_w6(lam, c, a):
    with np.errstate(all="ignore"):
        both = np.stack([(lam - c) / (1 - a), (lam + c) / (1 + a)])
    return np.where(both > 0, both, -np.inf).max(axis=0)


@_answer("whole_path.join", False, "A feature that is on the threshold now (delta = 0) counts as joining")
def whole_path_join_w7(lam, c, a):
    with np.errstate(all="ignore"):
        both = np.stack([(lam - c) / (1 - a), (lam + c) / (1 + a)])
    return np.where(both >= 0, both, np.inf).min(axis=0)


@_answer(
    "whole_path.join",
    False,
    "Absolute values of c and a: the pull's movement away from the threshold is misjudged",
)
def whole_path_join_w8(lam, c, a):
    with np.errstate(all="ignore"):
        d = (lam - np.abs(c)) / (1 - np.abs(a))
    return np.where(d > 0, d, np.inf)


@_answer("whole_path.join", False, "Absolute values of the steps instead of leaving out the negative ones")
def whole_path_join_w9(lam, c, a):
    with np.errstate(all="ignore"):
        return np.fmin(np.abs((lam - c) / (1 - a)), np.abs((lam + c) / (1 + a)))


# --- whole_path.leave ------------------------------------------------------------------------------


@_answer("whole_path.leave", True, "loops or the formula step by step")
def whole_path_leave_r1(w, q):
    best = math.inf
    for wj, qj in zip(w, q):
        if qj != 0:
            t = -wj / qj
            if 0 < t < best:
                best = t
    return best


@_answer("whole_path.leave", True, "vectorised or another algebra")
def whole_path_leave_r2(w, q):
    w, q = np.asarray(w, float), np.asarray(q, float)
    moving = w * q < 0
    return np.min(-w[moving] / q[moving], initial=np.inf)


@_answer("whole_path.leave", False, "The minus sign is missing")
def whole_path_leave_w1(w, q):
    with np.errstate(all="ignore"):
        t = np.asarray(w) / q
    return np.min(t[t > 0], initial=np.inf)


@_answer("whole_path.leave", False, "Negative steps are not left out: the minimum of all")
def whole_path_leave_w2(w, q):
    with np.errstate(all="ignore"):
        t = -np.asarray(w) / q
    return np.nanmin(t)


@_answer("whole_path.leave", False, "Absolute values: weights that move away from zero count as well")
def whole_path_leave_w3(w, q):
    with np.errstate(all="ignore"):
        t = np.abs(np.asarray(w) / q)
    return np.nanmin(np.where(t > 0, t, np.inf))


@_answer("whole_path.leave", False, "A weight of 0 that has just joined (delta = 0) counts")
def whole_path_leave_w4(w, q):
    with np.errstate(all="ignore"):
        t = -np.asarray(w) / q
    return np.min(t[t >= 0], initial=np.inf)


@_answer("whole_path.leave", False, "Fails when no weight leaves: min of an empty list")
def whole_path_leave_w5(w, q):
    return min(-wj / qj for wj, qj in zip(w, q) if wj * qj < 0)


@_answer("whole_path.leave", False, "The position instead of the step")
def whole_path_leave_w6(w, q):
    with np.errstate(all="ignore"):
        t = -np.asarray(w) / q
    return int(np.argmin(np.where(t > 0, t, np.inf)))


@_answer("whole_path.leave", False, "The quotient is upside down: q/w")
def whole_path_leave_w7(w, q):
    with np.errstate(all="ignore"):
        t = -np.asarray(q) / w
    return np.min(t[t > 0], initial=np.inf)


@_answer("whole_path.leave", False, "The largest positive step instead of the smallest")
def whole_path_leave_w8(w, q):
    with np.errstate(all="ignore"):
        t = -np.asarray(w) / q
    t = t[t > 0]
    return t.max() if len(t) else np.inf


@_answer("whole_path.leave", False, "0 instead of inf if none leaves")
def whole_path_leave_w9(w, q):
    with np.errstate(all="ignore"):
        t = -np.asarray(w) / q
    t = t[t > 0]
    return t.min() if len(t) else 0.0


# --- whole_path.next_knot --------------------------------------------------------------------------


def _whole_path_next_knot_step(
    X, y, lam, w, active, signs=None, leave=True, cap=True, centre_n=True, tol=1e-9
):
    n = len(y)
    G, c = X.T @ X / n, X.T @ (y - X @ w) / n
    signs = np.sign(c) if signs is None else signs
    q = np.zeros(X.shape[1])
    q[active] = np.linalg.solve(G[np.ix_(active, active)], signs[active])
    a = G @ q
    steps = [lam] if cap else []
    with np.errstate(all="ignore"):
        for t in ((lam - c) / (1 - a), (lam + c) / (1 + a)):
            steps += [v for v, on in zip(t, active) if not on and v > tol * lam]
        if leave:
            steps += [v for v, on in zip(-w / q, active) if on and v > tol * lam]
    return min(steps), q


@_answer("whole_path.next_knot", True, "loops or the formula step by step")
def whole_path_next_knot_r1(X, y, lam, w, active):
    delta, q = _whole_path_next_knot_step(X, y, lam, w, active)
    return lam - delta, w + delta * q


@_answer("whole_path.next_knot", True, "vectorised or another algebra")
def whole_path_next_knot_r2(X, y, lam, w, active):
    n, d = X.shape
    c = [X[:, j] @ (y - X @ w) / n for j in range(d)]
    idx = [j for j in range(d) if active[j]]
    XA = X[:, idx]
    qA = n * np.linalg.solve(XA.T @ XA, np.sign([c[j] for j in idx]))
    delta = lam
    move = XA @ qA
    for j in range(d):
        if active[j]:
            k = idx.index(j)
            t = -w[j] / qA[k] if qA[k] != 0 else math.inf
            if 1e-9 * lam < t < delta:
                delta = t
        else:
            a = X[:, j] @ move / n
            for t in ((lam - c[j]) / (1 - a), (lam + c[j]) / (1 + a)):
                if 1e-9 * lam < t < delta:
                    delta = t
    new = np.array(w, float)
    new[idx] += delta * qA
    return lam - delta, new


@_answer(
    "whole_path.next_knot",
    False,
    "The signs are those of the weights: a feature that has just joined gets sign 0",
)
def whole_path_next_knot_w1(X, y, lam, w, active):
    delta, q = _whole_path_next_knot_step(X, y, lam, w, active, signs=np.sign(w))
    return lam - delta, w + delta * q


@_answer("whole_path.next_knot", False, "Leaving is forgotten: only joins end a piece")
def whole_path_next_knot_w2(X, y, lam, w, active):
    delta, q = _whole_path_next_knot_step(X, y, lam, w, active, leave=False)
    return lam - delta, w + delta * q


@_answer("whole_path.next_knot", False, "The step is returned instead of the new strength")
def whole_path_next_knot_w3(X, y, lam, w, active):
    delta, q = _whole_path_next_knot_step(X, y, lam, w, active)
    return delta, w + delta * q


@_answer(
    "whole_path.next_knot",
    False,
    "The end of the path at lam = 0 is forgotten: the strength can become negative",
)
def whole_path_next_knot_w4(X, y, lam, w, active):
    delta, q = _whole_path_next_knot_step(X, y, lam, w, active, cap=False)
    return lam - delta, w + delta * q


@_answer("whole_path.next_knot", False, "The weights move the wrong way")
def whole_path_next_knot_w5(X, y, lam, w, active):
    delta, q = _whole_path_next_knot_step(X, y, lam, w, active)
    return lam - delta, w - delta * q


@_answer(
    "whole_path.next_knot",
    False,
    "No tolerance: a feature that is on the threshold now rejoins at a step of rounding size",
)
def whole_path_next_knot_w6(X, y, lam, w, active):
    delta, q = _whole_path_next_knot_step(X, y, lam, w, active, tol=0)
    return lam - delta, w + delta * q


@_answer("whole_path.next_knot", False, "The pulls and the Gram matrix lack 1/n")
def whole_path_next_knot_w7(X, y, lam, w, active):
    G, c = X.T @ X, X.T @ (y - X @ w)
    q = np.zeros(X.shape[1])
    q[active] = np.linalg.solve(G[np.ix_(active, active)], np.sign(c)[active])
    a = G @ q
    steps = [lam]
    with np.errstate(all="ignore"):
        for t in ((lam - c) / (1 - a), (lam + c) / (1 + a)):
            steps += [v for v, on in zip(t, active) if not on and v > 1e-9 * lam]
        steps += [v for v, on in zip(-w / q, active) if on and v > 1e-9 * lam]
    return lam - min(steps), w + min(steps) * q


@_answer("whole_path.next_knot", False, "The caller's w is changed in place")
def whole_path_next_knot_w8(X, y, lam, w, active):
    delta, q = _whole_path_next_knot_step(X, y, lam, w, active)
    w += delta * q
    return lam - delta, w


@_answer("whole_path.next_knot", False, "The order of the results is exchanged: weights first")
def whole_path_next_knot_w9(X, y, lam, w, active):
    delta, q = _whole_path_next_knot_step(X, y, lam, w, active)
    return w + delta * q, lam - delta


@_answer("whole_path.next_knot", False, "The pulls are those of y, not of the residual")
def whole_path_next_knot_w10(X, y, lam, w, active):
    n = len(y)
    G, c = X.T @ X / n, X.T @ y / n
    q = np.zeros(X.shape[1])
    q[active] = np.linalg.solve(G[np.ix_(active, active)], np.sign(c)[active])
    a = G @ q
    steps = [lam]
    with np.errstate(all="ignore"):
        for t in ((lam - c) / (1 - a), (lam + c) / (1 + a)):
            steps += [v for v, on in zip(t, active) if not on and v > 1e-9 * lam]
        steps += [v for v, on in zip(-w / q, active) if on and v > 1e-9 * lam]
    return lam - min(steps), w + min(steps) * q


# --- whole_path.fold_gram --------------------------------------------------------------------------


@_answer("whole_path.fold_gram", True, "loops or the formula step by step")
def whole_path_fold_gram_r1(S, m, n, X_fold):
    n_t = n - len(X_fold)
    mean = (m - X_fold.sum(axis=0)) / n_t
    return (S - X_fold.T @ X_fold) / n_t - np.outer(mean, mean)


@_answer("whole_path.fold_gram", True, "vectorised or another algebra")
def whole_path_fold_gram_r2(S, m, n, X_fold):
    left, sums, n_t = np.array(S, float), np.array(m, float), n
    for row in X_fold:
        left = left - row[:, None] * row[None, :]
        sums = sums - row
        n_t -= 1
    d = len(sums)
    return np.array([[left[j, k] / n_t - sums[j] * sums[k] / n_t**2 for k in range(d)] for j in range(d)])


@_answer("whole_path.fold_gram", False, "The product of the means is not subtracted: not centred")
def whole_path_fold_gram_w1(S, m, n, X_fold):
    return (S - X_fold.T @ X_fold) / (n - len(X_fold))


@_answer("whole_path.fold_gram", False, "Divided by n, all rows, instead of the training rows")
def whole_path_fold_gram_w2(S, m, n, X_fold):
    r = m - X_fold.sum(axis=0)
    return (S - X_fold.T @ X_fold) / n - np.outer(r, r) / n**2


@_answer("whole_path.fold_gram", False, "The second term is divided by n_t once instead of twice")
def whole_path_fold_gram_w3(S, m, n, X_fold):
    n_t = n - len(X_fold)
    r = m - X_fold.sum(axis=0)
    return (S - X_fold.T @ X_fold) / n_t - np.outer(r, r) / n_t


@_answer("whole_path.fold_gram", False, "S is changed in place")
def whole_path_fold_gram_w4(S, m, n, X_fold):
    S -= X_fold.T @ X_fold
    n_t = n - len(X_fold)
    r = m - X_fold.sum(axis=0)
    return S / n_t - np.outer(r, r) / n_t**2


@_answer("whole_path.fold_gram", False, "The Gram matrix of the fold itself instead of the rest")
def whole_path_fold_gram_w5(S, m, n, X_fold):
    k = len(X_fold)
    mean = X_fold.sum(axis=0) / k
    return X_fold.T @ X_fold / k - np.outer(mean, mean)


@_answer("whole_path.fold_gram", False, "Centred with the means of all rows instead of the training rows")
def whole_path_fold_gram_w6(S, m, n, X_fold):
    n_t = n - len(X_fold)
    return (S - X_fold.T @ X_fold) / n_t - np.outer(m, m) / n**2


@_answer(
    "whole_path.fold_gram",
    False,
    "The inner product instead of the outer product of the means: one number is subtracted everywhere",
)
def whole_path_fold_gram_w7(S, m, n, X_fold):
    n_t = n - len(X_fold)
    r = (m - X_fold.sum(axis=0)) / n_t
    return (S - X_fold.T @ X_fold) / n_t - r @ r


@_answer("whole_path.fold_gram", False, "Divided by n_t - 1 (the sample covariance)")
def whole_path_fold_gram_w8(S, m, n, X_fold):
    n_t = n - len(X_fold)
    r = (m - X_fold.sum(axis=0)) / n_t
    return (S - X_fold.T @ X_fold - n_t * np.outer(r, r)) / (n_t - 1)


@_answer("whole_path.fold_gram", False, "The fold is centred by its own means before it is subtracted")
def whole_path_fold_gram_w9(S, m, n, X_fold):
    n_t = n - len(X_fold)
    C = X_fold - X_fold.mean(axis=0)
    r = (m - X_fold.sum(axis=0)) / n_t
    return (S - C.T @ C) / n_t - np.outer(r, r)


# --- whole_path.strong_rule ------------------------------------------------------------------------


@_answer("whole_path.strong_rule", True, "loops or the formula step by step")
def whole_path_strong_rule_r1(c, lam, lam_next):
    return np.array([not abs(v) < 2 * lam_next - lam for v in c])


@_answer("whole_path.strong_rule", True, "vectorised or another algebra")
def whole_path_strong_rule_r2(c, lam, lam_next):
    return np.abs(np.asarray(c)) + lam - 2 * lam_next >= 0


@_answer("whole_path.strong_rule", True, "another library or style")
def whole_path_strong_rule_r3(c, lam, lam_next):
    return [bool(abs(v) >= lam_next - (lam - lam_next)) for v in c]


@_answer("whole_path.strong_rule", False, "The mask is inverted: True for what is discarded")
def whole_path_strong_rule_w1(c, lam, lam_next):
    return np.abs(c) < 2 * lam_next - lam


@_answer("whole_path.strong_rule", False, "A pull on the threshold is discarded: > instead of >=")
def whole_path_strong_rule_w2(c, lam, lam_next):
    return np.abs(c) > 2 * lam_next - lam


@_answer("whole_path.strong_rule", False, "No absolute value: strong negative pulls are discarded")
def whole_path_strong_rule_w3(c, lam, lam_next):
    return np.asarray(c) >= 2 * lam_next - lam


@_answer("whole_path.strong_rule", False, "The threshold is lam_next: the movement of the pulls is forgotten")
def whole_path_strong_rule_w4(c, lam, lam_next):
    return np.abs(c) >= lam_next


@_answer("whole_path.strong_rule", False, "The two strengths are exchanged: 2 lam - lam_next")
def whole_path_strong_rule_w5(c, lam, lam_next):
    return np.abs(c) >= 2 * lam - lam_next


@_answer("whole_path.strong_rule", False, "Positions instead of a mask")
def whole_path_strong_rule_w6(c, lam, lam_next):
    return np.flatnonzero(np.abs(c) >= 2 * lam_next - lam)


@_answer("whole_path.strong_rule", False, "The threshold is lam: keeps only what is active now")
def whole_path_strong_rule_w7(c, lam, lam_next):
    return np.abs(c) >= lam


@_answer("whole_path.strong_rule", False, "The kept pulls instead of a mask")
def whole_path_strong_rule_w8(c, lam, lam_next):
    return np.asarray(c)[np.abs(c) >= 2 * lam_next - lam]


@_answer(
    "whole_path.strong_rule",
    False,
    "The absolute value of the threshold: for lam_next < lam/2 features are discarded although none may be",
)
def whole_path_strong_rule_w9(c, lam, lam_next):
    return np.abs(c) >= abs(2 * lam_next - lam)


# =====================================================================================================
# Chapter 07
# =====================================================================================================

# --- choosing_strength.leak ------------------------------------------------------------------------
_value("choosing_strength.leak", True, "the value", "c")
_value("choosing_strength.leak", True, "the value", "C")
_value(
    "choosing_strength.leak",
    False,
    "Screening by y on all rows lets the held-out rows choose the features",
    "a",
)
_value(
    "choosing_strength.leak",
    False,
    "Dropping hard rows looks at y and removes exactly the rows that would score badly",
    "b",
)
_value("choosing_strength.leak", False, "Copies of one row end up in training and validation", "d")

# --- choosing_strength.folds -----------------------------------------------------------------------


@_answer("choosing_strength.folds", True, "loops or the formula step by step")
def choosing_strength_folds_r1(n, K, rng):
    return np.array_split(rng.permutation(n), K)


@_answer("choosing_strength.folds", True, "vectorised or another algebra")
def choosing_strength_folds_r2(n, K, rng):
    rows = list(range(n))
    rng.shuffle(rows)
    folds = [[] for _ in range(K)]
    for place, row in enumerate(rows):
        folds[place % K].append(row)
    return [np.array(fold, dtype=int) for fold in folds]


@_answer("choosing_strength.folds", True, "another library or style")
def choosing_strength_folds_r3(n, K, rng):
    label = rng.permutation(np.arange(n) % K)
    return [np.flatnonzero(label == k) for k in range(K)]


@_answer("choosing_strength.folds", False, "The rows are not shuffled")
def choosing_strength_folds_w1(n, K, rng):
    return np.array_split(np.arange(n), K)


@_answer(
    "choosing_strength.folds", False, "The last fold takes the whole remainder: sizes differ by more than 1"
)
def choosing_strength_folds_w2(n, K, rng):
    rows, size = rng.permutation(n), n // K
    return [rows[k * size : (k + 1) * size] for k in range(K - 1)] + [rows[(K - 1) * size :]]


@_answer("choosing_strength.folds", False, "The remainder is dropped: some rows are in no fold")
def choosing_strength_folds_w3(n, K, rng):
    rows, size = rng.permutation(n), n // K
    return [rows[k * size : (k + 1) * size] for k in range(K)]


@_answer("choosing_strength.folds", False, "Drawn with replacement: some rows occur twice, others never")
def choosing_strength_folds_w4(n, K, rng):
    return np.array_split(rng.integers(0, n, size=n), K)


@_answer("choosing_strength.folds", False, "The rng argument is ignored; the global generator is used")
def choosing_strength_folds_w5(n, K, rng):
    return np.array_split(np.random.permutation(n), K)  # noqa: NPY002


@_answer("choosing_strength.folds", False, "The rows run from 1 to n")
def choosing_strength_folds_w6(n, K, rng):
    return np.array_split(rng.permutation(n) + 1, K)


@_answer("choosing_strength.folds", False, "A fixed seed of one's own: the same folds at every call")
def choosing_strength_folds_w7(n, K, rng):
    return np.array_split(np.random.default_rng(0).permutation(n), K)


@_answer("choosing_strength.folds", False, "Each fold is drawn anew from all rows: folds overlap")
def choosing_strength_folds_w8(n, K, rng):
    return [rng.choice(n, size=n // K + (k < n % K), replace=False) for k in range(K)]


@_answer("choosing_strength.folds", False, "The fold's number for each row instead of the rows of each fold")
def choosing_strength_folds_w9(n, K, rng):
    return rng.permutation(np.arange(n) % K)


@_answer("choosing_strength.folds", False, "n folds of K rows: the roles of size and number exchanged")
def choosing_strength_folds_w10(n, K, rng):
    rows = rng.permutation(n)
    return [rows[i : i + K] for i in range(0, n, K)]


@_answer("choosing_strength.folds", False, "Each row gets a random fold: sizes are random")
def choosing_strength_folds_w11(n, K, rng):
    label = rng.integers(0, K, size=n)
    return [np.flatnonzero(label == k) for k in range(K)]


# --- choosing_strength.average ---------------------------------------------------------------------


@_answer("choosing_strength.average", True, "loops or the formula step by step")
def choosing_strength_average_r1(lams, errors):
    best, smallest = None, math.inf
    for lam, row in zip(lams, errors):
        mean = sum(row) / len(row)
        if mean < smallest:
            best, smallest = lam, mean
    return best


@_answer("choosing_strength.average", True, "vectorised or another algebra")
def choosing_strength_average_r2(lams, errors):
    return np.asarray(lams)[np.argmin(np.sum(errors, axis=1))]


@_answer("choosing_strength.average", False, "The mean runs over the strengths instead of the folds (axis 0)")
def choosing_strength_average_w1(lams, errors):
    return lams[np.argmin(np.mean(errors, axis=0)) % len(lams)]


@_answer("choosing_strength.average", False, "Chooses in every fold and averages the strengths")
def choosing_strength_average_w2(lams, errors):
    return np.mean(np.asarray(lams)[np.argmin(errors, axis=0)])


@_answer("choosing_strength.average", False, "The position instead of the strength")
def choosing_strength_average_w3(lams, errors):
    return int(np.argmin(np.mean(errors, axis=1)))


@_answer("choosing_strength.average", False, "The largest mean error instead of the smallest")
def choosing_strength_average_w4(lams, errors):
    return np.asarray(lams)[np.argmax(np.mean(errors, axis=1))]


@_answer("choosing_strength.average", False, "The smallest single error of any fold decides")
def choosing_strength_average_w5(lams, errors):
    return np.asarray(lams)[np.argmin(np.min(errors, axis=1))]


@_answer("choosing_strength.average", False, "The median instead of the mean of the folds")
def choosing_strength_average_w6(lams, errors):
    return np.asarray(lams)[np.argmin(np.median(errors, axis=1))]


@_answer("choosing_strength.average", False, "The mean of the logs of the strengths chosen fold by fold")
def choosing_strength_average_w7(lams, errors):
    return np.exp(np.mean(np.log(np.asarray(lams)[np.argmin(errors, axis=0)])))


@_answer("choosing_strength.average", False, "The strength that wins in most folds (a vote)")
def choosing_strength_average_w8(lams, errors):
    return np.asarray(lams)[np.bincount(np.argmin(errors, axis=0)).argmax()]


@_answer("choosing_strength.average", False, "The smallest mean error itself instead of its strength")
def choosing_strength_average_w9(lams, errors):
    return np.mean(errors, axis=1).min()


@_answer("choosing_strength.average", False, "Only the first fold is used")
def choosing_strength_average_w10(lams, errors):
    return np.asarray(lams)[np.argmin(np.asarray(errors)[:, 0])]


# --- choosing_strength.corrected -------------------------------------------------------------------


@_answer("choosing_strength.corrected", True, "loops or the formula step by step")
def choosing_strength_corrected_r1(differences, n_train, n_test):
    J = len(differences)
    mean = sum(differences) / J
    S2 = sum((D - mean) ** 2 for D in differences) / (J - 1)
    return math.sqrt((1 / J + n_test / n_train) * S2)


@_answer("choosing_strength.corrected", True, "vectorised or another algebra")
def choosing_strength_corrected_r2(differences, n_train, n_test):
    d = np.asarray(differences)
    return np.std(d, ddof=1) * (1 / d.size + n_test / n_train) ** 0.5


@_answer("choosing_strength.corrected", False, "The variance is divided by J, not J - 1")
def choosing_strength_corrected_w1(differences, n_train, n_test):
    return np.std(differences) * np.sqrt(1 / len(differences) + n_test / n_train)


@_answer(
    "choosing_strength.corrected",
    False,
    "The plain standard error: the correction for shared rows is missing",
)
def choosing_strength_corrected_w2(differences, n_train, n_test):
    return np.std(differences, ddof=1) / np.sqrt(len(differences))


@_answer("choosing_strength.corrected", False, "The ratio is upside down: n_train / n_test")
def choosing_strength_corrected_w3(differences, n_train, n_test):
    return np.std(differences, ddof=1) * np.sqrt(1 / len(differences) + n_train / n_test)


@_answer(
    "choosing_strength.corrected", False, "The share r = n_test/(n_train + n_test) instead of n_test/n_train"
)
def choosing_strength_corrected_w4(differences, n_train, n_test):
    return np.std(differences, ddof=1) * np.sqrt(1 / len(differences) + n_test / (n_train + n_test))


@_answer("choosing_strength.corrected", False, "The root is missing: SE squared")
def choosing_strength_corrected_w5(differences, n_train, n_test):
    return np.var(differences, ddof=1) * (1 / len(differences) + n_test / n_train)


@_answer("choosing_strength.corrected", False, "S² under no root: S² times the root of the bracket")
def choosing_strength_corrected_w6(differences, n_train, n_test):
    return np.var(differences, ddof=1) * np.sqrt(1 / len(differences) + n_test / n_train)


@_answer("choosing_strength.corrected", False, "1/J is missing")
def choosing_strength_corrected_w7(differences, n_train, n_test):
    return np.std(differences, ddof=1) * np.sqrt(n_test / n_train)


@_answer("choosing_strength.corrected", False, "Divided by the root of J once more")
def choosing_strength_corrected_w8(differences, n_train, n_test):
    return (
        np.std(differences, ddof=1)
        / np.sqrt(len(differences))
        * np.sqrt(1 / len(differences) + n_test / n_train)
    )


@_answer(
    "choosing_strength.corrected",
    False,
    "The mean square instead of the variance: the mean is not subtracted",
)
def choosing_strength_corrected_w9(differences, n_train, n_test):
    d = np.asarray(differences)
    return np.sqrt((1 / len(d) + n_test / n_train) * np.sum(d**2) / (len(d) - 1))


@_answer("choosing_strength.corrected", False, "The bracket is not under the root")
def choosing_strength_corrected_w10(differences, n_train, n_test):
    return np.std(differences, ddof=1) * (1 / len(differences) + n_test / n_train)


# --- choosing_strength.one_se ----------------------------------------------------------------------


@_answer("choosing_strength.one_se", True, "loops or the formula step by step")
def choosing_strength_one_se_r1(lams, errors):
    means, ses = [], []
    for row in errors:
        K = len(row)
        m = sum(row) / K
        means.append(m)
        ses.append(math.sqrt(sum((e - m) ** 2 for e in row) / (K - 1)) / math.sqrt(K))
    k = means.index(min(means))
    return max(lam for lam, m in zip(lams, means) if m <= means[k] + ses[k])


@_answer("choosing_strength.one_se", True, "vectorised or another algebra")
def choosing_strength_one_se_r2(lams, errors):
    lams, errors = np.asarray(lams), np.asarray(errors)
    mean = errors.mean(1)
    best = mean.argmin()
    limit = mean[best] + errors[best].std(ddof=1) / np.sqrt(errors.shape[1])
    order = np.argsort(lams)[::-1]
    return lams[order][np.argmax(mean[order] <= limit)]


@_answer("choosing_strength.one_se", False, "The smallest strength allowed instead of the largest")
def choosing_strength_one_se_w1(lams, errors):
    m = np.mean(errors, axis=1)
    k = m.argmin()
    se = np.std(errors[k], ddof=1) / np.sqrt(len(errors[k]))
    return np.asarray(lams)[m <= m[k] + se].min()


@_answer(
    "choosing_strength.one_se",
    False,
    "The standard deviation instead of the standard error: root of K missing",
)
def choosing_strength_one_se_w2(lams, errors):
    m = np.mean(errors, axis=1)
    k = m.argmin()
    return np.asarray(lams)[m <= m[k] + np.std(errors[k], ddof=1)].max()


@_answer("choosing_strength.one_se", False, "Standard deviation with 1/K instead of 1/(K-1)")
def choosing_strength_one_se_w3(lams, errors):
    m = np.mean(errors, axis=1)
    k = m.argmin()
    se = np.std(errors[k]) / np.sqrt(len(errors[k]))
    return np.asarray(lams)[m <= m[k] + se].max()


@_answer(
    "choosing_strength.one_se",
    False,
    "The lams are assumed sorted: the first or last allowed position is taken",
)
def choosing_strength_one_se_w4(lams, errors):
    m = np.mean(errors, axis=1)
    k = m.argmin()
    se = np.std(errors[k], ddof=1) / np.sqrt(len(errors[k]))
    return lams[int(np.flatnonzero(m <= m[k] + se)[-1])]


@_answer("choosing_strength.one_se", False, "The smallest mean itself: no standard error is added")
def choosing_strength_one_se_w5(lams, errors):
    return np.asarray(lams)[np.mean(errors, axis=1).argmin()]


@_answer(
    "choosing_strength.one_se", False, "Every strength uses its own standard error, not that of the best"
)
def choosing_strength_one_se_w6(lams, errors):
    e = np.asarray(errors)
    m = e.mean(1)
    se = e.std(axis=1, ddof=1) / np.sqrt(e.shape[1])
    return np.asarray(lams)[m - se <= m.min()].max()


@_answer("choosing_strength.one_se", False, "Position instead of strength")
def choosing_strength_one_se_w7(lams, errors):
    m = np.mean(errors, axis=1)
    k = m.argmin()
    se = np.std(errors[k], ddof=1) / np.sqrt(len(errors[k]))
    return int(np.argmax(np.where(m <= m[k] + se, lams, -np.inf)))


@_answer("choosing_strength.one_se", False, "The standard error is that of all errors together")
def choosing_strength_one_se_w8(lams, errors):
    e = np.asarray(errors)
    m = e.mean(1)
    return np.asarray(lams)[m <= m.min() + e.std(ddof=1) / np.sqrt(e.shape[1])].max()


@_answer("choosing_strength.one_se", False, "Divided by K instead of the root of K")
def choosing_strength_one_se_w9(lams, errors):
    m = np.mean(errors, axis=1)
    k = m.argmin()
    se = np.std(errors[k], ddof=1) / len(errors[k])
    return np.asarray(lams)[m <= m[k] + se].max()


@_answer("choosing_strength.one_se", False, "Divided by the root of the number of strengths instead of folds")
def choosing_strength_one_se_w10(lams, errors):
    m = np.mean(errors, axis=1)
    k = m.argmin()
    se = np.std(errors[k], ddof=1) / np.sqrt(len(lams))
    return np.asarray(lams)[m <= m[k] + se].max()


@_answer(
    "choosing_strength.one_se",
    False,
    "Walks up from the best and stops at the first strength that is not allowed",
)
def choosing_strength_one_se_w11(lams, errors):
    order = np.argsort(lams)
    l, e = np.asarray(lams)[order], np.asarray(errors)[order]  # noqa: E741
    m = e.mean(1)
    k = m.argmin()
    se = e[k].std(ddof=1) / np.sqrt(e.shape[1])
    while k + 1 < len(l) and m[k + 1] <= m.min() + se:
        k += 1
    return l[k]


@_answer("choosing_strength.one_se", False, "The allowed strength whose mean is closest to the limit")
def choosing_strength_one_se_w12(lams, errors):
    l, e = np.asarray(lams), np.asarray(errors)  # noqa: E741
    m = e.mean(1)
    k = m.argmin()
    lim = m[k] + e[k].std(ddof=1) / np.sqrt(e.shape[1])
    return l[np.argmin(np.abs(m - lim))]


# --- choosing_strength.rungs -----------------------------------------------------------------------


@_answer("choosing_strength.rungs", True, "loops or the formula step by step")
def choosing_strength_rungs_r1(n, smallest, largest, factor):
    out = [(n, smallest)]
    while out[-1][0] > 1 and out[-1][1] * factor <= largest:
        count, budget = out[-1]
        out.append((max(1, count // factor), budget * factor))
    return out


@_answer("choosing_strength.rungs", True, "vectorised or another algebra")
def choosing_strength_rungs_r2(n, smallest, largest, factor):
    def rest(count, budget):
        if count == 1 or budget * factor > largest:
            return ((count, budget),)
        return ((count, budget),) + rest(max(count // factor, 1), budget * factor)  # noqa: RUF005

    return rest(n, smallest)


@_answer("choosing_strength.rungs", False, "Rounded up instead of down")
def choosing_strength_rungs_w1(n, smallest, largest, factor):
    out = [(n, smallest)]
    while out[-1][0] > 1 and out[-1][1] * factor <= largest:
        out.append((max(1, math.ceil(out[-1][0] / factor)), out[-1][1] * factor))
    return out


@_answer("choosing_strength.rungs", False, "The next budget must stay below largest: equality is lost")
def choosing_strength_rungs_w2(n, smallest, largest, factor):
    out = [(n, smallest)]
    while out[-1][0] > 1 and out[-1][1] * factor < largest:
        out.append((max(1, out[-1][0] // factor), out[-1][1] * factor))
    return out


@_answer("choosing_strength.rungs", False, "At least one is forgotten: 0 candidates")
def choosing_strength_rungs_w3(n, smallest, largest, factor):
    out = [(n, smallest)]
    while out[-1][0] > 1 and out[-1][1] * factor <= largest:
        out.append((out[-1][0] // factor, out[-1][1] * factor))
    return out


@_answer("choosing_strength.rungs", False, "One rung too many: the budget exceeds largest")
def choosing_strength_rungs_w4(n, smallest, largest, factor):
    out = [(n, smallest)]
    while out[-1][0] > 1 and out[-1][1] <= largest:
        out.append((max(1, out[-1][0] // factor), out[-1][1] * factor))
    return out


@_answer(
    "choosing_strength.rungs", False, "The search goes on with a single candidate until the budget is used up"
)
def choosing_strength_rungs_w5(n, smallest, largest, factor):
    out, budget = [], smallest
    while budget <= largest:
        out.append((n, budget))
        n, budget = max(1, n // factor), budget * factor
    return out


@_answer("choosing_strength.rungs", False, "The rung of the last candidate is left out")
def choosing_strength_rungs_w6(n, smallest, largest, factor):
    out = []
    while n > 1 and smallest <= largest:
        out.append((n, smallest))
        n, smallest = max(1, n // factor), smallest * factor
    return out


@_answer("choosing_strength.rungs", False, "The total budget is kept: pairs hold candidates times budget")
def choosing_strength_rungs_w7(n, smallest, largest, factor):
    out = [(n, smallest)]
    while out[-1][0] > 1 and out[-1][1] * factor <= largest:
        out.append((max(1, out[-1][0] // factor), out[-1][1] * factor))
    return [(c, c * b) for c, b in out]


@_answer("choosing_strength.rungs", False, "1/factor of the candidates is dropped instead of kept")
def choosing_strength_rungs_w8(n, smallest, largest, factor):
    out = [(n, smallest)]
    while out[-1][0] > 1 and out[-1][1] * factor <= largest:
        c = out[-1][0]
        out.append((max(1, c - c // factor), out[-1][1] * factor))
    return out


@_answer("choosing_strength.rungs", False, "The factor is always 3")
def choosing_strength_rungs_w9(n, smallest, largest, factor):
    out = [(n, smallest)]
    while out[-1][0] > 1 and out[-1][1] * 3 <= largest:
        out.append((max(1, out[-1][0] // 3), out[-1][1] * 3))
    return out


@_answer("choosing_strength.rungs", False, "Rounded to the nearest instead of down")
def choosing_strength_rungs_w10(n, smallest, largest, factor):
    out = [(n, smallest)]
    while out[-1][0] > 1 and out[-1][1] * factor <= largest:
        out.append((max(1, round(out[-1][0] / factor)), out[-1][1] * factor))
    return out


@_answer("choosing_strength.rungs", False, "The budget grows by adding smallest instead of multiplying")
def choosing_strength_rungs_w11(n, smallest, largest, factor):
    out = [(n, smallest)]
    while out[-1][0] > 1 and out[-1][1] + smallest <= largest:
        out.append((max(1, out[-1][0] // factor), out[-1][1] + smallest))
    return out


# --- choosing_strength.nested ----------------------------------------------------------------------


@_answer("choosing_strength.nested", True, "loops or the formula step by step")
def choosing_strength_nested_r1(fit_error, folds, lams):
    outer = []
    for k in range(len(folds)):
        others = [folds[j] for j in range(len(folds)) if j != k]
        best, best_score = None, math.inf
        for lam in lams:
            total = 0.0
            for i in range(len(others)):
                train = np.concatenate([others[m] for m in range(len(others)) if m != i])
                total += fit_error(train, others[i], lam)
            if total < best_score:
                best, best_score = lam, total
        outer.append(fit_error(np.concatenate(others), folds[k], best))
    return sum(outer) / len(outer)


@_answer("choosing_strength.nested", True, "vectorised or another algebra")
def choosing_strength_nested_r2(fit_error, folds, lams):
    def cv(parts, lam):
        return np.mean(
            [fit_error(np.hstack(parts[:i] + parts[i + 1 :]), parts[i], lam) for i in range(len(parts))]
        )

    folds = list(folds)
    scores = np.zeros(len(folds))
    for k, held in enumerate(folds):
        rest = folds[:k] + folds[k + 1 :]
        lam = lams[int(np.argmin([cv(rest, lam) for lam in lams]))]
        scores[k] = fit_error(np.sort(np.hstack(rest)), held, lam)
    return scores.mean()


@_answer(
    "choosing_strength.nested",
    False,
    "The strength is chosen on the outer fold itself: the smallest error is reported",
)
def choosing_strength_nested_w1(fit_error, folds, lams):
    out = []
    for k in range(len(folds)):
        train = np.concatenate([f for j, f in enumerate(folds) if j != k])
        out.append(min(fit_error(train, folds[k], lam) for lam in lams))
    return np.mean(out)


@_answer(
    "choosing_strength.nested",
    False,
    "One strength for all by plain cross-validation: not nested; the chosen mean is reported",
)
def choosing_strength_nested_w2(fit_error, folds, lams):
    table = [
        [
            fit_error(np.concatenate([f for j, f in enumerate(folds) if j != k]), folds[k], lam)
            for k in range(len(folds))
        ]
        for lam in lams
    ]
    return np.mean(table, axis=1).min()


@_answer("choosing_strength.nested", False, "The inner training part contains the outer fold")
def choosing_strength_nested_w3(fit_error, folds, lams):
    out = []
    for k in range(len(folds)):
        others = [j for j in range(len(folds)) if j != k]
        scores = [
            np.mean(
                [
                    fit_error(np.concatenate([folds[m] for m in range(len(folds)) if m != i]), folds[i], lam)
                    for i in others
                ]
            )
            for lam in lams
        ]
        out.append(
            fit_error(np.concatenate([folds[j] for j in others]), folds[k], lams[int(np.argmin(scores))])
        )
    return np.mean(out)


def _choosing_strength_nested_inner(fit_error, others, lams):
    return [
        np.mean(
            [
                fit_error(np.concatenate(others[:i] + others[i + 1 :]), others[i], lam)
                for i in range(len(others))
            ]
        )
        for lam in lams
    ]


@_answer(
    "choosing_strength.nested",
    False,
    "The inner score of the chosen strength is reported, not the error on the outer fold",
)
def choosing_strength_nested_w4(fit_error, folds, lams):
    folds = list(folds)
    return np.mean(
        [
            min(_choosing_strength_nested_inner(fit_error, folds[:k] + folds[k + 1 :], lams))
            for k in range(len(folds))
        ]
    )


@_answer("choosing_strength.nested", False, "The sum over the folds instead of the mean")
def choosing_strength_nested_w5(fit_error, folds, lams):
    folds, out = list(folds), 0
    for k in range(len(folds)):
        o = folds[:k] + folds[k + 1 :]
        out += fit_error(
            np.concatenate(o),
            folds[k],
            lams[int(np.argmin(_choosing_strength_nested_inner(fit_error, o, lams)))],
        )
    return out


@_answer("choosing_strength.nested", False, "The strength with the largest inner error is chosen")
def choosing_strength_nested_w6(fit_error, folds, lams):
    folds, out = list(folds), []
    for k in range(len(folds)):
        o = folds[:k] + folds[k + 1 :]
        out.append(
            fit_error(
                np.concatenate(o),
                folds[k],
                lams[int(np.argmax(_choosing_strength_nested_inner(fit_error, o, lams)))],
            )
        )
    return np.mean(out)


@_answer("choosing_strength.nested", False, "The final fit uses all rows, the outer fold included")
def choosing_strength_nested_w7(fit_error, folds, lams):
    folds, out = list(folds), []
    for k in range(len(folds)):
        o = folds[:k] + folds[k + 1 :]
        out.append(
            fit_error(
                np.concatenate(folds),
                folds[k],
                lams[int(np.argmin(_choosing_strength_nested_inner(fit_error, o, lams)))],
            )
        )
    return np.mean(out)


@_answer("choosing_strength.nested", False, "The strength is chosen by the training error")
def choosing_strength_nested_w8(fit_error, folds, lams):
    folds, out = list(folds), []
    for k in range(len(folds)):
        t = np.concatenate(folds[:k] + folds[k + 1 :])
        out.append(fit_error(t, folds[k], lams[int(np.argmin([fit_error(t, t, lam) for lam in lams]))]))
    return np.mean(out)


@_answer("choosing_strength.nested", False, "Only one inner split: the first of the other folds chooses")
def choosing_strength_nested_w9(fit_error, folds, lams):
    folds, out = list(folds), []
    for k in range(len(folds)):
        o = folds[:k] + folds[k + 1 :]
        s = [fit_error(np.concatenate(o[1:]), o[0], lam) for lam in lams]
        out.append(fit_error(np.concatenate(o), folds[k], lams[int(np.argmin(s))]))
    return np.mean(out)


@_answer("choosing_strength.nested", False, "train and test exchanged in the last fit")
def choosing_strength_nested_w10(fit_error, folds, lams):
    folds, out = list(folds), []
    for k in range(len(folds)):
        o = folds[:k] + folds[k + 1 :]
        out.append(
            fit_error(
                folds[k],
                np.concatenate(o),
                lams[int(np.argmin(_choosing_strength_nested_inner(fit_error, o, lams)))],
            )
        )
    return np.mean(out)


@_answer(
    "choosing_strength.nested", False, "Inner roles exchanged: trained on the one fold, scored on the rest"
)
def choosing_strength_nested_w11(fit_error, folds, lams):
    folds, out = list(folds), []
    for k in range(len(folds)):
        o = folds[:k] + folds[k + 1 :]
        s = [
            np.mean([fit_error(o[i], np.concatenate(o[:i] + o[i + 1 :]), lam) for i in range(len(o))])
            for lam in lams
        ]
        out.append(fit_error(np.concatenate(o), folds[k], lams[int(np.argmin(s))]))
    return np.mean(out)


@_answer(
    "choosing_strength.nested",
    False,
    "One strength for all folds, chosen by plain cross-validation over every fold, then scored on them",
)
def choosing_strength_nested_w12(fit_error, folds, lams):
    folds = list(folds)
    best = lams[int(np.argmin(_choosing_strength_nested_inner(fit_error, folds, lams)))]
    return np.mean(
        [fit_error(np.concatenate(folds[:k] + folds[k + 1 :]), folds[k], best) for k in range(len(folds))]
    )


# =====================================================================================================
# Chapter 10
# =====================================================================================================

# --- lenet5.output_side ----------------------------------------------------------------------------


@_answer("lenet5.output_side", True, "loops or the formula step by step")
def lenet5_output_side_r1(side, size, stride, padding):
    count, start = 0, 0
    while start + size <= side + 2 * padding:
        count, start = count + 1, start + stride
    return count


@_answer("lenet5.output_side", True, "vectorised or another algebra")
def lenet5_output_side_r2(side, size, stride, padding):
    return int(np.floor((side + 2 * padding - size) / stride)) + 1


@_answer("lenet5.output_side", True, "another library or style")
def lenet5_output_side_r3(side, size, stride, padding):
    return (side + 2 * padding - size + stride) // stride


@_answer("lenet5.output_side", False, "The + 1 is missing: the number of steps, not of windows")
def lenet5_output_side_w1(side, size, stride, padding):
    return (side + 2 * padding - size) // stride


@_answer("lenet5.output_side", False, "The frame is counted on one side only")
def lenet5_output_side_w2(side, size, stride, padding):
    return (side + padding - size) // stride + 1


@_answer("lenet5.output_side", False, "Not rounded down: a fraction of a window")
def lenet5_output_side_w3(side, size, stride, padding):
    return (side + 2 * padding - size) / stride + 1


@_answer("lenet5.output_side", False, "Rounded up: a window that does not fit is counted")
def lenet5_output_side_w4(side, size, stride, padding):
    return math.ceil((side + 2 * padding - size) / stride) + 1


@_answer("lenet5.output_side", False, "1 is added before dividing: right for stride 1 only")
def lenet5_output_side_w5(side, size, stride, padding):
    return (side + 2 * padding - size + 1) // stride


@_answer("lenet5.output_side", False, "The stride is ignored")
def lenet5_output_side_w6(side, size, stride, padding):
    return side + 2 * padding - size + 1


@_answer("lenet5.output_side", False, "Rounded to the nearest")
def lenet5_output_side_w7(side, size, stride, padding):
    return round((side + 2 * padding - size) / stride) + 1


@_answer("lenet5.output_side", False, "The padding is ignored")
def lenet5_output_side_w8(side, size, stride, padding):
    return (side - size) // stride + 1


@_answer("lenet5.output_side", False, "The padding is subtracted")
def lenet5_output_side_w9(side, size, stride, padding):
    return (side - 2 * padding - size) // stride + 1


# --- lenet5.conv2d ---------------------------------------------------------------------------------


@_answer("lenet5.conv2d", True, "loops or the formula step by step")
def lenet5_conv2d_r1(x, W, b):
    n_out, n_in, k, _ = W.shape
    _, h, w = x.shape
    out = np.zeros((n_out, h - k + 1, w - k + 1))
    for o in range(n_out):
        for r in range(h - k + 1):
            for s in range(w - k + 1):
                out[o, r, s] = np.sum(W[o] * x[:, r : r + k, s : s + k]) + b[o]
    return out


@_answer("lenet5.conv2d", True, "vectorised or another algebra")
def lenet5_conv2d_r2(x, W, b):
    k = W.shape[-1]
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(1, 2))
    return np.einsum("ocij,crsij->ors", W, windows) + np.reshape(b, (-1, 1, 1))


@_answer("lenet5.conv2d", True, "another library or style")
def lenet5_conv2d_r3(x, W, b):
    import torch

    t = [torch.tensor(np.asarray(a, dtype=np.float64)) for a in (x, W, b)]
    return torch.nn.functional.conv2d(t[0][None], t[1], t[2])[0].numpy()


@_answer("lenet5.conv2d", False, "The kernel is flipped, as in mathematics")
def lenet5_conv2d_w1(x, W, b):
    return lenet5_conv2d_r1(x, W[:, :, ::-1, ::-1], b)


@_answer("lenet5.conv2d", False, "The bias is missing")
def lenet5_conv2d_w2(x, W, b):
    return lenet5_conv2d_r1(x, W, np.zeros(len(W)))


@_answer("lenet5.conv2d", False, "The bias is added once for every input channel")
def lenet5_conv2d_w3(x, W, b):
    return lenet5_conv2d_r1(x, W, np.asarray(b) * W.shape[1])


@_answer("lenet5.conv2d", False, "The mean over the channels instead of the sum")
def lenet5_conv2d_w4(x, W, b):
    return lenet5_conv2d_r1(x, W / W.shape[1], b)


@_answer("lenet5.conv2d", False, "Rows and columns of the kernel are exchanged (transposed)")
def lenet5_conv2d_w5(x, W, b):
    return lenet5_conv2d_r1(x, W.swapaxes(2, 3), b)


@_answer("lenet5.conv2d", False, "Only the first channel is used")
def lenet5_conv2d_w6(x, W, b):
    return lenet5_conv2d_r1(x[:1], W[:, :1], b)


@_answer("lenet5.conv2d", False, "h and w exchanged: works for square images only")
def lenet5_conv2d_w7(x, W, b):
    n_out, _, k, _ = W.shape
    _, w, h = x.shape
    out = np.zeros((n_out, h - k + 1, w - k + 1))
    for o in range(n_out):
        for r in range(h - k + 1):
            for s in range(w - k + 1):
                p = x[:, r : r + k, s : s + k]
                if p.shape[1:] == (k, k):
                    out[o, r, s] = np.sum(W[o] * p) + b[o]
    return out


@_answer("lenet5.conv2d", False, "The last row and column of places are missing: h - k places")
def lenet5_conv2d_w8(x, W, b):
    return lenet5_conv2d_r1(x, W, b)[:, :-1, :-1]


@_answer("lenet5.conv2d", False, "The last window's row is left at zero: range(h - k)")
def lenet5_conv2d_w9(x, W, b):
    out = lenet5_conv2d_r1(x, W, b)
    out[:, -1] = 0
    out[:, :, -1] = 0
    return out


@_answer("lenet5.conv2d", False, "The output takes the dtype of x: whole-number images truncate the sums")
def lenet5_conv2d_w10(x, W, b):
    return lenet5_conv2d_r1(x, W, b).astype(np.asarray(x).dtype)


@_answer("lenet5.conv2d", False, "Padded: output as large as the input")
def lenet5_conv2d_w11(x, W, b):
    k = W.shape[-1]
    q = k // 2
    return lenet5_conv2d_r1(np.pad(x, ((0, 0), (q, k - 1 - q), (q, k - 1 - q))), W, b)


# --- lenet5.weight_gradient ------------------------------------------------------------------------


@_answer("lenet5.weight_gradient", True, "loops or the formula step by step")
def lenet5_weight_gradient_r1(x, grad, size):
    n_in, n_out = x.shape[0], grad.shape[0]
    dW = np.zeros((n_out, n_in, size, size))
    for o in range(n_out):
        for c in range(n_in):
            for r in range(grad.shape[1]):
                for s in range(grad.shape[2]):
                    for i in range(size):
                        for j in range(size):
                            dW[o, c, i, j] += grad[o, r, s] * x[c, r + i, s + j]
    return dW


@_answer("lenet5.weight_gradient", True, "vectorised or another algebra")
def lenet5_weight_gradient_r2(x, grad, size):
    H, V = grad.shape[1:]
    return np.stack(
        [
            np.stack(
                [np.tensordot(grad, x[:, i : i + H, j : j + V], axes=([1, 2], [1, 2])) for j in range(size)],
                axis=-1,
            )
            for i in range(size)
        ],
        axis=-2,
    )


@_answer("lenet5.weight_gradient", True, "another library or style")
def lenet5_weight_gradient_r3(x, grad, size):
    import torch

    x, g = torch.tensor(np.asarray(x, float)), torch.tensor(np.asarray(grad, float))
    return torch.nn.grad.conv2d_weight(x[None], (len(g), len(x), size, size), g[None]).numpy()


@_answer("lenet5.weight_gradient", False, "The mean over the places instead of the sum")
def lenet5_weight_gradient_w1(x, grad, size):
    return lenet5_weight_gradient_r1(x, grad, size) / (grad.shape[1] * grad.shape[2])


@_answer("lenet5.weight_gradient", False, "The result is flipped")
def lenet5_weight_gradient_w2(x, grad, size):
    return lenet5_weight_gradient_r1(x, grad, size)[:, :, ::-1, ::-1]


@_answer("lenet5.weight_gradient", False, "Input and output maps are exchanged in the result")
def lenet5_weight_gradient_w3(x, grad, size):
    return lenet5_weight_gradient_r1(x, grad, size).transpose(1, 0, 2, 3)


@_answer("lenet5.weight_gradient", False, "Only the last place counts: = instead of +=")
def lenet5_weight_gradient_w4(x, grad, size):
    dW = np.zeros((len(grad), len(x), size, size))
    for o in range(len(grad)):
        for c in range(len(x)):
            for r in range(grad.shape[1]):
                for s in range(grad.shape[2]):
                    dW[o, c] = grad[o, r, s] * x[c, r : r + size, s : s + size]
    return dW


@_answer(
    "lenet5.weight_gradient", False, "The channels are summed: every input channel gets the same gradient"
)
def lenet5_weight_gradient_w5(x, grad, size):
    return lenet5_weight_gradient_r1(np.broadcast_to(x.sum(axis=0), x.shape), grad, size)


@_answer("lenet5.weight_gradient", False, "The maps of grad are summed")
def lenet5_weight_gradient_w6(x, grad, size):
    return lenet5_weight_gradient_r1(x, np.broadcast_to(grad.sum(axis=0), grad.shape), size)


@_answer("lenet5.weight_gradient", False, "Rows and columns of the kernel are exchanged")
def lenet5_weight_gradient_w7(x, grad, size):
    return lenet5_weight_gradient_r1(x, grad, size).swapaxes(2, 3)


@_answer("lenet5.weight_gradient", False, "The sign is that of a step, not of the gradient")
def lenet5_weight_gradient_w8(x, grad, size):
    return -lenet5_weight_gradient_r1(x, grad, size)


@_answer("lenet5.weight_gradient", False, "Rows of places taken for columns: square gradients only")
def lenet5_weight_gradient_w9(x, grad, size):
    dW = np.zeros((len(grad), len(x), size, size))
    m = min(grad.shape[1:])
    for r in range(m):
        for s in range(m):
            dW += grad[:, None, r, s, None, None] * x[None, :, r : r + size, s : s + size]
    return dW


@_answer("lenet5.weight_gradient", False, "The last place of each direction is left out")
def lenet5_weight_gradient_w10(x, grad, size):
    return lenet5_weight_gradient_r1(x, grad[:, :-1, :-1], size)


@_answer("lenet5.weight_gradient", False, "Divided by the number of output maps")
def lenet5_weight_gradient_w11(x, grad, size):
    return lenet5_weight_gradient_r1(x, grad, size) / len(grad)


# --- lenet5.pool_backward --------------------------------------------------------------------------


@_answer("lenet5.pool_backward", True, "loops or the formula step by step")
def lenet5_pool_backward_r1(x, grad):
    out = np.zeros(np.shape(x))
    for r in range(grad.shape[0]):
        for s in range(grad.shape[1]):
            best = (0, 0)
            for i in range(2):
                for j in range(2):
                    if x[2 * r + i, 2 * s + j] > x[2 * r + best[0], 2 * s + best[1]]:
                        best = (i, j)
            out[2 * r + best[0], 2 * s + best[1]] = grad[r, s]
    return out


@_answer("lenet5.pool_backward", True, "vectorised or another algebra")
def lenet5_pool_backward_r2(x, grad):
    h, w = x.shape
    blocks = x.reshape(h // 2, 2, w // 2, 2).transpose(0, 2, 1, 3).reshape(h // 2, w // 2, 4)
    mask = np.eye(4)[blocks.argmax(axis=-1)] * grad[..., None]
    return mask.reshape(h // 2, w // 2, 2, 2).transpose(0, 2, 1, 3).reshape(h, w)


@_answer("lenet5.pool_backward", False, "In a tie all get the whole gradient")
def lenet5_pool_backward_w1(x, grad):
    m = x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2).max(axis=(1, 3))
    return (x == np.kron(m, np.ones((2, 2)))) * np.kron(grad, np.ones((2, 2)))


@_answer("lenet5.pool_backward", False, "In a tie the last wins (>= instead of >)")
def lenet5_pool_backward_w2(x, grad):
    out = np.zeros(x.shape)
    for r in range(grad.shape[0]):
        for s in range(grad.shape[1]):
            k = 3 - np.argmax(x[2 * r : 2 * r + 2, 2 * s : 2 * s + 2].ravel()[::-1])
            out[2 * r + k // 2, 2 * s + k % 2] = grad[r, s]
    return out


@_answer("lenet5.pool_backward", False, "The gradient is spread evenly, as for the mean")
def lenet5_pool_backward_w3(x, grad):
    return np.kron(grad, np.ones((2, 2))) / 4


@_answer("lenet5.pool_backward", False, "The gradient is multiplied by the largest pixel")
def lenet5_pool_backward_w4(x, grad):
    return lenet5_pool_backward_r1(x, grad) * x


@_answer("lenet5.pool_backward", False, "The largest in absolute value instead of the largest")
def lenet5_pool_backward_w5(x, grad):
    return lenet5_pool_backward_r1(np.abs(x), grad)


@_answer("lenet5.pool_backward", False, "The result has the integer type of x: fractions are cut off")
def lenet5_pool_backward_w6(x, grad):
    out = np.zeros_like(x)
    full = lenet5_pool_backward_r1(x, grad)
    out[...] = full.astype(out.dtype)
    return out


@_answer("lenet5.pool_backward", False, "In a tie the gradient is split")
def lenet5_pool_backward_w7(x, grad):
    m = x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2).max(axis=(1, 3))
    hit = x == np.kron(m, np.ones((2, 2)))
    n = hit.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2).sum(axis=(1, 3))
    return hit * np.kron(grad / n, np.ones((2, 2)))


@_answer(
    "lenet5.pool_backward",
    False,
    "The search for the largest starts at 0: windows of negative numbers get nothing right",
)
def lenet5_pool_backward_w8(x, grad):
    out = np.zeros(x.shape)
    for r in range(grad.shape[0]):
        for s in range(grad.shape[1]):
            best, at = 0, None
            for i in range(2):
                for j in range(2):
                    if x[2 * r + i, 2 * s + j] > best:
                        best, at = x[2 * r + i, 2 * s + j], (2 * r + i, 2 * s + j)
            if at:
                out[at] = grad[r, s]
    return out


@_answer("lenet5.pool_backward", False, "Every pixel of the window gets the whole gradient")
def lenet5_pool_backward_w9(x, grad):
    return np.kron(grad, np.ones((2, 2)))


@_answer("lenet5.pool_backward", False, "First is taken down the columns: in a tie the wrong one wins")
def lenet5_pool_backward_w10(x, grad):
    return lenet5_pool_backward_r1(x.T, grad.T).T


@_answer("lenet5.pool_backward", False, "The mask alone, not multiplied by grad")
def lenet5_pool_backward_w11(x, grad):
    return lenet5_pool_backward_r1(x, np.ones_like(grad))


@_answer("lenet5.pool_backward", False, "Windows that overlap: stride 1 instead of 2")
def lenet5_pool_backward_w12(x, grad):
    out = np.zeros(x.shape)
    for r in range(grad.shape[0]):
        for s in range(grad.shape[1]):
            p = x[r : r + 2, s : s + 2]
            i, j = np.unravel_index(p.argmax(), p.shape)
            out[r + i, s + j] += grad[r, s]
    return out


# --- lenet5.c3_parameters --------------------------------------------------------------------------
_value("lenet5.c3_parameters", True, "the value", 1516)
_value("lenet5.c3_parameters", True, "the value", 60 * 25 + 16.0)
_value("lenet5.c3_parameters", True, "the value", np.int64(1516))
_value("lenet5.c3_parameters", False, "The biases are forgotten", 1500)
_value("lenet5.c3_parameters", False, "All 16 maps connected to all 6: the variant's count", 2416)
_value("lenet5.c3_parameters", False, "One bias for each connection instead of each map", 60 * 26)
_value("lenet5.c3_parameters", False, "Number of connections plus biases without the 25 weights: 60 + 16", 76)
_value("lenet5.c3_parameters", False, "Full connection, no biases", 2400)
_value("lenet5.c3_parameters", False, "Each map counted with one input map only", 16 * 26)
_value("lenet5.c3_parameters", False, "One bias for the layer", 1501)

# --- lenet5.c5_parameters --------------------------------------------------------------------------
_value("lenet5.c5_parameters", True, "the value", 94200)
_value("lenet5.c5_parameters", True, "the value", 120 * (16 * 7**2 + 1.0))
_value("lenet5.c5_parameters", False, "The biases are forgotten", 94080)
_value("lenet5.c5_parameters", False, "5 x 5: the convolutions are taken without same padding", 48120)
_value("lenet5.c5_parameters", False, "One bias for the layer", 94081)
_value("lenet5.c5_parameters", False, "The second pooling is forgotten: 14 x 14", 14 * 14 * 16 * 120 + 120)
_value("lenet5.c5_parameters", False, "The 16 maps are forgotten", 7 * 7 * 120 + 120)
_value("lenet5.c5_parameters", False, "Both poolings forgotten: 28 x 28", 28 * 28 * 16 * 120 + 120)
_value("lenet5.c5_parameters", False, "16 biases (maps) instead of 120", 94080 + 16)
_value("lenet5.c5_parameters", False, "The side of the maps is forgotten", 16 * 120 + 120)

# --- lenet5.which_number ---------------------------------------------------------------------------
_value("lenet5.which_number", True, "the value", "c")
_value("lenet5.which_number", True, "the value", " C ")
_value("lenet5.which_number", False, "Chosen by the test error: the test set took part in the choice", "a")
_value("lenet5.which_number", False, "The best seed by test error is a choice on the test set", "b")
_value("lenet5.which_number", False, "The validation error of the winner is flattered by the choice", "d")

# --- lenet5.report ---------------------------------------------------------------------------------


@_answer("lenet5.report", True, "loops or the formula step by step")
def lenet5_report_r1(counts):
    K = len(counts)
    recall, precision = np.zeros(K), np.zeros(K)
    for k in range(K):
        recall[k] = counts[k][k] / sum(counts[k][j] for j in range(K))
        said = sum(counts[j][k] for j in range(K))
        if said > 0:
            precision[k] = counts[k][k] / said
    return recall, precision


@_answer("lenet5.report", True, "vectorised or another algebra")
def lenet5_report_r2(counts):
    counts = np.asarray(counts, dtype=float)
    hit, said = counts.diagonal(), counts.sum(axis=0)
    return hit / counts.sum(axis=1), np.divide(hit, said, out=np.zeros_like(hit), where=said > 0)


@_answer("lenet5.report", True, "another library or style")
def lenet5_report_r3(counts):
    c = np.asarray(counts)
    return [c[k, k] / c[k].sum() for k in range(len(c))], [
        c[k, k] / max(c[:, k].sum(), 1) for k in range(len(c))
    ]


@_answer("lenet5.report", False, "Recall and precision are exchanged")
def lenet5_report_w1(counts):
    return lenet5_report_r2(counts)[::-1]


@_answer("lenet5.report", False, "nan for a class never answered")
def lenet5_report_w2(counts):
    c = np.asarray(counts)
    with np.errstate(all="ignore"):
        return np.diag(c) / c.sum(axis=1), np.diag(c) / c.sum(axis=0)


@_answer("lenet5.report", False, "Divided by all images instead of those of the class")
def lenet5_report_w3(counts):
    c = np.asarray(counts)
    return np.diag(c) / c.sum(), np.diag(c) / c.sum()


@_answer("lenet5.report", False, "Precision is 1 for a class never answered")
def lenet5_report_w4(counts):
    c = np.asarray(counts, float)
    s = c.sum(axis=0)
    return np.diag(c) / c.sum(axis=1), np.where(s > 0, np.diag(c) / np.where(s > 0, s, 1), 1.0)


@_answer("lenet5.report", False, "Both divided by the rows: precision equals recall")
def lenet5_report_w5(counts):
    c = np.asarray(counts)
    r = np.diag(c) / c.sum(axis=1)
    return r, r


@_answer("lenet5.report", False, "The mean over classes instead of one number a class")
def lenet5_report_w6(counts):
    r, p = lenet5_report_r2(counts)
    return r.mean(), p.mean()


@_answer("lenet5.report", False, "Integer division")
def lenet5_report_w7(counts):
    c = np.asarray(counts)
    return np.diag(c) // c.sum(axis=1), np.diag(c) // np.maximum(c.sum(axis=0), 1)


@_answer("lenet5.report", False, "The whole table is divided, not only the diagonal")
def lenet5_report_w8(counts):
    c = np.asarray(counts, float)
    return c / c.sum(axis=1, keepdims=True), c / np.maximum(c.sum(axis=0), 1)


@_answer("lenet5.report", False, "The shares of the mistakes: one minus recall and precision")
def lenet5_report_w9(counts):
    r, p = lenet5_report_r2(counts)
    return 1 - r, 1 - p


@_answer("lenet5.report", False, "A class never answered is left out: shorter array")
def lenet5_report_w10(counts):
    r, p = lenet5_report_r2(counts)
    c = np.asarray(counts)
    return r, p[c.sum(axis=0) > 0]


@_answer("lenet5.report", False, "In per cent")
def lenet5_report_w11(counts):
    r, p = lenet5_report_r2(counts)
    return 100 * r, 100 * p


# =====================================================================================================
# Chapter 17
# =====================================================================================================

# --- conventions.base_strengths --------------------------------------------------------------------


@_answer("conventions.base_strengths", True, "loops or the formula step by step")
def conventions_base_strengths_r1(a, c1, c2):
    lam = (c1 + 2 * c2) / a
    return lam, (c1 / a) / lam


@_answer("conventions.base_strengths", True, "vectorised or another algebra")
def conventions_base_strengths_r2(a, c1, c2):
    one, two = np.array([c1, 2 * c2]) / a
    return np.array([one + two, one / (one + two)])


@_answer("conventions.base_strengths", False, "The 2 before c2 is missing")
def conventions_base_strengths_w1(a, c1, c2):
    return (c1 + c2) / a, c1 / (c1 + c2)


@_answer("conventions.base_strengths", False, "Multiplied by a instead of divided")
def conventions_base_strengths_w2(a, c1, c2):
    return (c1 + 2 * c2) * a, c1 / (c1 + 2 * c2)


@_answer("conventions.base_strengths", False, "a is forgotten")
def conventions_base_strengths_w3(a, c1, c2):
    return c1 + 2 * c2, c1 / (c1 + 2 * c2)


@_answer("conventions.base_strengths", False, "c2 is halved instead of doubled")
def conventions_base_strengths_w4(a, c1, c2):
    return (c1 + c2 / 2) / a, c1 / (c1 + c2 / 2)


@_answer("conventions.base_strengths", False, "The share of the squares instead of the share of L1")
def conventions_base_strengths_w5(a, c1, c2):
    return (c1 + 2 * c2) / a, 2 * c2 / (c1 + 2 * c2)


@_answer("conventions.base_strengths", False, "The two results are exchanged")
def conventions_base_strengths_w6(a, c1, c2):
    return c1 / (c1 + 2 * c2), (c1 + 2 * c2) / a


@_answer("conventions.base_strengths", False, "The share misses the 2, the strength has it")
def conventions_base_strengths_w7(a, c1, c2):
    return (c1 + 2 * c2) / a, c1 / (c1 + c2)


@_answer(
    "conventions.base_strengths",
    False,
    "The share is divided by a as well, or a is forgotten in the denominator",
)
def conventions_base_strengths_w8(a, c1, c2):
    return (c1 + 2 * c2) / a, c1 / a / (c1 + 2 * c2)


@_answer("conventions.base_strengths", False, "Ratio of L1 to the squares instead of a share")
def conventions_base_strengths_w9(a, c1, c2):
    return (c1 + 2 * c2) / a, c1 / (2 * c2)


# --- conventions.more_rows -------------------------------------------------------------------------
_value("conventions.more_rows", True, "the value", 0.1)
_value("conventions.more_rows", True, "the value", 200 * 0.5 / 1000)
_value("conventions.more_rows", False, "The wrong way round: C grows with n", 2.5)
_value("conventions.more_rows", False, "C is kept: lam is then smaller", 0.5)
_value("conventions.more_rows", False, "lam = 1/(200·0.5) itself instead of C", 0.01)
_value("conventions.more_rows", False, "Divided by 1000 only", 0.0005)
_value("conventions.more_rows", False, "200/1000 alone: the old C forgotten", 0.2)
_value("conventions.more_rows", False, "A factor 2 (or 1/2n)", 0.05)

# --- conventions.weight_decay ----------------------------------------------------------------------


@_answer("conventions.weight_decay", True, "loops or the formula step by step")
def conventions_weight_decay_r1(lam, n, reduction):
    if reduction == "mean":
        return 2 * lam
    if reduction == "sum":
        return 2 * n * lam
    raise ValueError(reduction)


@_answer("conventions.weight_decay", True, "vectorised or another algebra")
def conventions_weight_decay_r2(lam, n, reduction):
    a = {"mean": 2.0, "sum": 2.0 * n}[reduction]
    return np.multiply(a, lam)


@_answer("conventions.weight_decay", False, "MSELoss has no half: the 2 is missing in both")
def conventions_weight_decay_w1(lam, n, reduction):
    return lam if reduction == "mean" else n * lam


@_answer("conventions.weight_decay", False, "The reductions are exchanged")
def conventions_weight_decay_w2(lam, n, reduction):
    return 2 * n * lam if reduction == "mean" else 2 * lam


@_answer("conventions.weight_decay", False, "The reduction is ignored: always as for the mean")
def conventions_weight_decay_w3(lam, n, reduction):
    return 2 * lam


@_answer("conventions.weight_decay", False, "Divided by n for the sum instead of multiplied")
def conventions_weight_decay_w4(lam, n, reduction):
    return 2 * lam if reduction == "mean" else 2 * lam / n


@_answer("conventions.weight_decay", False, "Halved instead of doubled")
def conventions_weight_decay_w5(lam, n, reduction):
    return lam / 2 if reduction == "mean" else n * lam / 2


@_answer(
    "conventions.weight_decay", False, "The mean is taken with 1/n: 2 lam / n for the mean, 2 lam for the sum"
)
def conventions_weight_decay_w6(lam, n, reduction):
    return 2 * lam / n if reduction == "mean" else 2 * lam


@_answer(
    "conventions.weight_decay",
    False,
    "weight_decay read as c2 of w²: half of it, lam for the mean and n lam for the sum (same as no 2)... and 4 lam in the other direction",
)
def conventions_weight_decay_w7(lam, n, reduction):
    return 4 * lam if reduction == "mean" else 4 * n * lam


@_answer("conventions.weight_decay", False, "The 2 only for the mean")
def conventions_weight_decay_w8(lam, n, reduction):
    return 2 * lam if reduction == "mean" else n * lam


@_answer("conventions.weight_decay", False, "weight_decay = lam whatever the loss")
def conventions_weight_decay_w9(lam, n, reduction):
    return lam


# --- conventions.keras_mse -------------------------------------------------------------------------
_value("conventions.keras_mse", True, "the value", "b")
_value("conventions.keras_mse", True, "the value", "B")
_value("conventions.keras_mse", False, "The half of l2 is corrected but the half missing in mse is not", "a")
_value(
    "conventions.keras_mse", False, "Corrected for the loss (and not for l2), doubled in the wrong place", "c"
)
_value("conventions.keras_mse", False, "mse is taken for a sum", "d")

# --- conventions.glmnet ----------------------------------------------------------------------------


@_answer("conventions.glmnet", True, "loops or the formula step by step")
def conventions_glmnet_r1(lambda_, alpha, y_sd):
    one, two = lambda_ * alpha, lambda_ * (1 - alpha) / y_sd
    return one + two, one / (one + two)


@_answer("conventions.glmnet", True, "vectorised or another algebra")
def conventions_glmnet_r2(lambda_, alpha, y_sd):
    k = alpha * y_sd + 1 - alpha
    return [lambda_ * k / y_sd, alpha * y_sd / k]


@_answer("conventions.glmnet", False, "Taken over as they stand: s ignored")
def conventions_glmnet_w1(lambda_, alpha, y_sd):
    return lambda_, alpha


@_answer("conventions.glmnet", False, "The whole strength is divided by s, also the L1 part")
def conventions_glmnet_w2(lambda_, alpha, y_sd):
    return lambda_ / y_sd, alpha


@_answer("conventions.glmnet", False, "s on the wrong side: the square part is multiplied by s")
def conventions_glmnet_w3(lambda_, alpha, y_sd):
    one, two = lambda_ * alpha, lambda_ * (1 - alpha) * y_sd
    return one + two, one / (one + two)


@_answer("conventions.glmnet", False, "The strength is right, the share stays alpha")
def conventions_glmnet_w4(lambda_, alpha, y_sd):
    return lambda_ * (alpha + (1 - alpha) / y_sd), alpha


@_answer("conventions.glmnet", False, "The L1 part is divided by s instead of the squares")
def conventions_glmnet_w5(lambda_, alpha, y_sd):
    one, two = lambda_ * alpha / y_sd, lambda_ * (1 - alpha)
    return one + two, one / (one + two)


@_answer("conventions.glmnet", False, "The square part is divided by s² ")
def conventions_glmnet_w6(lambda_, alpha, y_sd):
    one, two = lambda_ * alpha, lambda_ * (1 - alpha) / y_sd**2
    return one + two, one / (one + two)


@_answer("conventions.glmnet", False, "The half before the squares counted twice: (1 - alpha)/(2s)")
def conventions_glmnet_w7(lambda_, alpha, y_sd):
    one, two = lambda_ * alpha, lambda_ * (1 - alpha) / (2 * y_sd)
    return one + two, one / (one + two)


@_answer("conventions.glmnet", False, "The multiplication by s² is missing: L1 divided by s², squares by s³")
def conventions_glmnet_w8(lambda_, alpha, y_sd):
    one, two = lambda_ * alpha / y_sd**2, lambda_ * (1 - alpha) / y_sd**3
    return one + two, one / (one + two)


@_answer("conventions.glmnet", False, "alpha read as the share of the squares")
def conventions_glmnet_w9(lambda_, alpha, y_sd):
    one, two = lambda_ * (1 - alpha), lambda_ * alpha / y_sd
    return one + two, one / (one + two)


@_answer("conventions.glmnet", False, "Results exchanged")
def conventions_glmnet_w10(lambda_, alpha, y_sd):
    return conventions_glmnet_r1(lambda_, alpha, y_sd)[::-1]


@_answer("conventions.glmnet", False, "Only the pure cases: ridge divided by s, else left alone")
def conventions_glmnet_w11(lambda_, alpha, y_sd):
    return (lambda_ / y_sd, 0.0) if alpha == 0 else (lambda_, alpha)


# --- conventions.no_factor -------------------------------------------------------------------------
_value("conventions.no_factor", True, "the value", "d")
_value("conventions.no_factor", True, "the value", "D")
_value(
    "conventions.no_factor",
    False,
    "Adam's decay is part of the gradient: where the gradient is 0 it is the penalised minimum",
    "a",
)
_value("conventions.no_factor", False, "C sets it: newton-cholesky solves L2 log-loss", "b")
_value("conventions.no_factor", False, "Momentum changes the way, not the minimum", "c")

# --- conventions.same_score ------------------------------------------------------------------------
_value("conventions.same_score", True, "the value", "c")
_value("conventions.same_score", True, "the value", "c ")
_value("conventions.same_score", False, "Equal scores taken for a proof", "a")
_value("conventions.same_score", False, "More splits do not help: the error is flat", "b")
_value("conventions.same_score", False, "Overgeneralised: with 65 features it did matter", "d")

# --- conventions.web_formula -----------------------------------------------------------------------
_value("conventions.web_formula", True, "the value", 0.25)
_value("conventions.web_formula", True, "the value", 1 / 4)
_value("conventions.web_formula", False, "C = lam: not inverted", 4)
_value("conventions.web_formula", False, "C = 1/(n lam) with the page's lam: the 1/m is forgotten", 1 / 800)
_value("conventions.web_formula", False, "1/(2 lam): the half counted again", 0.125)
_value("conventions.web_formula", False, "2/lam: a half too many", 0.5)
_value("conventions.web_formula", False, "m/lam: multiplied by m (C = 1/base lam)", 50)
_value("conventions.web_formula", False, "1/m: lam forgotten", 0.005)
_value("conventions.web_formula", False, "lam/m: the base strength itself", 0.02)

# =====================================================================================================
# Chapter 18
# =====================================================================================================

# --- bug_clinic.relative_gap -----------------------------------------------------------------------


@_answer("bug_clinic.relative_gap", True, "loops or the formula step by step")
def bug_clinic_relative_gap_r1(f, gradient, w, h):
    w = np.array(w, dtype=float)
    g = np.asarray(gradient(w.copy()), dtype=float)
    slopes = np.zeros_like(w)
    for j in range(w.size):
        up, down = w.copy(), w.copy()
        up.flat[j] += h
        down.flat[j] -= h
        slopes.flat[j] = (f(up) - f(down)) / (2 * h)
    size = np.sqrt(np.sum(g**2)) + np.sqrt(np.sum(slopes**2))
    return 0.0 if size == 0 else np.sqrt(np.sum((g - slopes) ** 2)) / size


@_answer("bug_clinic.relative_gap", True, "vectorised or another algebra")
def bug_clinic_relative_gap_r2(f, gradient, w, h):
    steps = h * np.eye(len(w))
    g_hat = np.array([f(w + e) - f(w - e) for e in steps]) / (2 * h)
    g = gradient(w)
    top = np.linalg.norm(g - g_hat)
    return float(top / (np.linalg.norm(g) + np.linalg.norm(g_hat))) if top > 0 else 0


@_answer("bug_clinic.relative_gap", False, "Forward differences instead of central ones")
def bug_clinic_relative_gap_w1(f, gradient, w, h):
    gh = np.array([f(w + h * e) - f(w) for e in np.eye(len(w))]) / h
    g = gradient(w)
    s = np.linalg.norm(g) + np.linalg.norm(gh)
    return np.linalg.norm(g - gh) / s if s else 0.0


def _bug_clinic_relative_gap_gh(f, w, h):
    return np.array([f(w + h * e) - f(w - h * e) for e in np.eye(len(w))]) / (2 * h)


@_answer("bug_clinic.relative_gap", False, "nan when both are zero")
def bug_clinic_relative_gap_w2(f, gradient, w, h):
    g, gh = gradient(w), _bug_clinic_relative_gap_gh(f, w, h)
    with np.errstate(all="ignore"):
        return np.float64(np.linalg.norm(g - gh)) / (np.linalg.norm(g) + np.linalg.norm(gh))


@_answer("bug_clinic.relative_gap", False, "Divided by h instead of 2h: the slope is twice too large")
def bug_clinic_relative_gap_w3(f, gradient, w, h):
    g, gh = gradient(w), 2 * _bug_clinic_relative_gap_gh(f, w, h)
    s = np.linalg.norm(g) + np.linalg.norm(gh)
    return np.linalg.norm(g - gh) / s if s else 0.0


@_answer("bug_clinic.relative_gap", False, "The absolute gap: not divided by the sizes")
def bug_clinic_relative_gap_w4(f, gradient, w, h):
    return np.linalg.norm(gradient(w) - _bug_clinic_relative_gap_gh(f, w, h))


@_answer("bug_clinic.relative_gap", False, "Divided by the size of g alone")
def bug_clinic_relative_gap_w5(f, gradient, w, h):
    g, gh = gradient(w), _bug_clinic_relative_gap_gh(f, w, h)
    s = np.linalg.norm(g)
    return np.linalg.norm(g - gh) / s if s else 0.0


@_answer(
    "bug_clinic.relative_gap", False, "The norm of the sum in the denominator instead of the sum of the norms"
)
def bug_clinic_relative_gap_w6(f, gradient, w, h):
    g, gh = gradient(w), _bug_clinic_relative_gap_gh(f, w, h)
    s = np.linalg.norm(g + gh)
    return np.linalg.norm(g - gh) / s if s else 0.0


@_answer("bug_clinic.relative_gap", False, "Squared norms: the root is missing")
def bug_clinic_relative_gap_w7(f, gradient, w, h):
    g, gh = gradient(w), _bug_clinic_relative_gap_gh(f, w, h)
    s = g @ g + gh @ gh
    return np.sum((g - gh) ** 2) / s if s else 0.0


@_answer("bug_clinic.relative_gap", False, "All entries move at once")
def bug_clinic_relative_gap_w8(f, gradient, w, h):
    g = gradient(w)
    gh = np.full(len(w), (f(w + h) - f(w - h)) / (2 * h))
    s = np.linalg.norm(g) + np.linalg.norm(gh)
    return np.linalg.norm(g - gh) / s if s else 0.0


@_answer("bug_clinic.relative_gap", False, "The caller's w is changed and not put back")
def bug_clinic_relative_gap_w9(f, gradient, w, h):
    g = np.array(gradient(w))
    gh = np.zeros(len(w))
    for j in range(len(w)):
        w[j] += h
        up = f(w)
        w[j] -= 2 * h
        down = f(w)
        gh[j] = (up - down) / (2 * h)
    s = np.linalg.norm(g) + np.linalg.norm(gh)
    return np.linalg.norm(g - gh) / s if s else 0.0


@_answer("bug_clinic.relative_gap", False, "Sums of absolute values instead of the Euclidean norm")
def bug_clinic_relative_gap_w10(f, gradient, w, h):
    g, gh = gradient(w), _bug_clinic_relative_gap_gh(f, w, h)
    s = np.abs(g).sum() + np.abs(gh).sum()
    return np.abs(g - gh).sum() / s if s else 0.0


@_answer(
    "bug_clinic.relative_gap",
    False,
    "Difference of the norms instead of norm of the difference: a wrong direction is missed",
)
def bug_clinic_relative_gap_w11(f, gradient, w, h):
    g, gh = np.linalg.norm(gradient(w)), np.linalg.norm(_bug_clinic_relative_gap_gh(f, w, h))
    return abs(g - gh) / (g + gh) if g + gh else 0.0


@_answer("bug_clinic.relative_gap", False, "The given step is ignored")
def bug_clinic_relative_gap_w12(f, gradient, w, h):
    g, gh = gradient(w), _bug_clinic_relative_gap_gh(f, w, 1e-5)
    s = np.linalg.norm(g) + np.linalg.norm(gh)
    return np.linalg.norm(g - gh) / s if s else 0.0


# --- bug_clinic.repair -----------------------------------------------------------------------------


@_answer("bug_clinic.repair", True, "loops or the formula step by step")
def bug_clinic_repair_r1(params, grads, lr, lam):
    new = {}
    for name in params:
        g = np.asarray(grads[name])
        if not name.endswith("bias"):
            g = g + lam * params[name]
        new[name] = params[name] - lr * g
    return new


@_answer("bug_clinic.repair", True, "vectorised or another algebra")
def bug_clinic_repair_r2(params, grads, lr, lam):
    return {k: (v if k[-4:] == "bias" else (1 - lr * lam) * v) - lr * grads[k] for k, v in params.items()}


@_answer("bug_clinic.repair", True, "another library or style")
def bug_clinic_repair_r3(params, grads, lr, lam):
    import copy

    out = copy.deepcopy(params)
    for name, w in out.items():
        decay = 0.0 if name.endswith("bias") else lam
        out[name] = w - lr * (grads[name] + decay * w)
    return out


@_answer("bug_clinic.repair", False, "The penalty is not multiplied by the learning rate")
def bug_clinic_repair_w1(params, grads, lr, lam):
    return {k: v - (lr * grads[k] + (0 if k.endswith("bias") else lam * v)) for k, v in params.items()}


@_answer("bug_clinic.repair", False, "The absolute value is kept")
def bug_clinic_repair_w2(params, grads, lr, lam):
    return {
        k: v - lr * (grads[k] + (0 if k.endswith("bias") else lam * np.abs(v))) for k, v in params.items()
    }


@_answer("bug_clinic.repair", False, "The biases are penalised too")
def bug_clinic_repair_w3(params, grads, lr, lam):
    return {k: v - lr * (grads[k] + lam * v) for k, v in params.items()}


@_answer("bug_clinic.repair", False, "The caller's arrays are changed in place")
def bug_clinic_repair_w4(params, grads, lr, lam):
    new = dict(params)
    for k in new:
        new[k] -= lr * (grads[k] + (0 if k.endswith("bias") else lam * params[k]))
    return new


@_answer("bug_clinic.repair", False, "Twice the strength: 2 lam w")
def bug_clinic_repair_w5(params, grads, lr, lam):
    return {k: v - lr * (grads[k] + (0 if k.endswith("bias") else 2 * lam * v)) for k, v in params.items()}


@_answer("bug_clinic.repair", False, "'bias' anywhere in the name instead of at the end")
def bug_clinic_repair_w6(params, grads, lr, lam):
    return {k: v - lr * (grads[k] + (0 if "bias" in k else lam * v)) for k, v in params.items()}


@_answer("bug_clinic.repair", False, "Only a parameter called exactly 'bias' is free")
def bug_clinic_repair_w7(params, grads, lr, lam):
    return {k: v - lr * (grads[k] + (0 if k == "bias" else lam * v)) for k, v in params.items()}


@_answer("bug_clinic.repair", False, "The biases are not updated at all")
def bug_clinic_repair_w8(params, grads, lr, lam):
    return {k: v if k.endswith("bias") else v - lr * (grads[k] + lam * v) for k, v in params.items()}


@_answer("bug_clinic.repair", False, "The biases are missing in the result")
def bug_clinic_repair_w9(params, grads, lr, lam):
    return {k: v - lr * (grads[k] + lam * v) for k, v in params.items() if not k.endswith("bias")}


@_answer("bug_clinic.repair", False, "L1: the sign instead of the weight")
def bug_clinic_repair_w10(params, grads, lr, lam):
    return {
        k: v - lr * (grads[k] + (0 if k.endswith("bias") else lam * np.sign(v))) for k, v in params.items()
    }


@_answer("bug_clinic.repair", False, "The penalty's sign: the weights grow")
def bug_clinic_repair_w11(params, grads, lr, lam):
    return {k: v - lr * (grads[k] - (0 if k.endswith("bias") else lam * v)) for k, v in params.items()}


@_answer("bug_clinic.repair", False, "Only the biases are penalised: the condition is inverted")
def bug_clinic_repair_w12(params, grads, lr, lam):
    return {k: v - lr * (grads[k] + (lam * v if k.endswith("bias") else 0)) for k, v in params.items()}


# --- bug_clinic.name_the_bug -----------------------------------------------------------------------
_value("bug_clinic.name_the_bug", True, "the value", "b")
_value("bug_clinic.name_the_bug", True, "the value", "B")
_value("bug_clinic.name_the_bug", False, "The right step leaves 1.9", "a")
_value("bug_clinic.name_the_bug", False, "Without the learning rate it would be 1.0", "c")
_value("bug_clinic.name_the_bug", False, "Without a penalty it would stay 2.0", "d")

# --- bug_clinic.dropout_test -----------------------------------------------------------------------


@_answer("bug_clinic.dropout_test", True, "loops or the formula step by step")
def bug_clinic_dropout_test_r1(dropout, p, rng):
    x = rng.normal(size=(300, 60)) + 3.0
    keep = x.copy()
    if not np.array_equal(dropout(x, p, rng, False), keep):
        return False
    outs = [np.asarray(dropout(x, p, rng, True)) for _ in range(20)]
    if not np.array_equal(x, keep):
        return False
    kept = np.array([o != 0 for o in outs])
    for o in outs:
        if o.shape != x.shape or not np.allclose(o[o != 0], x[o != 0] / (1 - p)):
            return False
    n = kept.size
    if abs(kept.mean() - (1 - p)) > 6 * math.sqrt(p * (1 - p) / n):
        return False
    z = (kept - (1 - p)) / math.sqrt(p * (1 - p))
    for axis in range(3):  # neighbours in call, row, column must be uncorrelated
        a, b = np.moveaxis(z, axis, 0)[:-1], np.moveaxis(z, axis, 0)[1:]
        if abs((a * b).mean()) > 6 / math.sqrt(a.size):
            return False
    for axes in ((1, 2), (0, 2), (0, 1)):  # shares of calls, rows, columns scatter as a binomial does
        share = z.mean(axis=axes)
        m = z.size / share.size
        if not 0.2 < (share**2).mean() * m < 3:
            return False
    return True


@_answer("bug_clinic.dropout_test", True, "vectorised or another algebra")
def bug_clinic_dropout_test_r2(dropout, p, rng):
    x = np.arange(1.0, 4001.0).reshape(100, 40) * np.where(np.arange(4000) % 2, 1, -1).reshape(100, 40)
    backup = x.copy()
    ok = np.array_equal(np.asarray(dropout(x, p, rng, False)), backup)
    count = np.zeros((100, 40))
    T = 200
    same_row = same_col = same_call = 0.0
    previous = None
    for _ in range(T):
        out = np.asarray(dropout(x, p, rng, True))
        if out.shape != x.shape or not np.array_equal(x, backup):
            return False
        M = out != 0
        ok = ok and np.allclose(out, np.where(M, backup / (1 - p), 0))
        count += M
        same_row += np.mean(M[:, 1:] == M[:, :1])
        same_col += np.mean(M[1:] == M[:1])
        if previous is not None:
            same_call += np.mean(M == previous) / (T - 1)  # noqa: SIM300
        previous = M
    expect = p**2 + (1 - p) ** 2
    share = count / T
    ok = ok and abs(share.mean() - (1 - p)) < 0.01 and np.abs(share - (1 - p)).max() < 0.25
    return bool(
        ok
        and abs(same_row / T - expect) < 0.03
        and abs(same_col / T - expect) < 0.03
        and abs(same_call - expect) < 0.03
    )


@_answer("bug_clinic.dropout_test", False, "Only the mean in training is tested")
def bug_clinic_dropout_test_w1(dropout, p, rng):
    x = np.ones((300, 300))
    return bool(abs(dropout(x, p, rng, True).mean() - 1) < 0.02)


@_answer("bug_clinic.dropout_test", False, "Evaluation is not tested")
def bug_clinic_dropout_test_w2(dropout, p, rng):
    x = np.ones((300, 300))
    out = dropout(x, p, rng, True)
    return bool(abs((out == 0).mean() - p) < 0.02 and np.allclose(out[out != 0], 1 / (1 - p)))


@_answer(
    "bug_clinic.dropout_test",
    False,
    "Independence of entries and calls is not tested: only values, share of zeros and evaluation",
)
def bug_clinic_dropout_test_w3(dropout, p, rng):
    x = rng.normal(size=(300, 300))
    out = dropout(x, p, rng, True)
    z = out == 0
    return bool(
        abs(z.mean() - p) < 0.02
        and np.allclose(out[~z], x[~z] / (1 - p))
        and np.array_equal(dropout(x, p, rng, False), x)
    )


@_answer("bug_clinic.dropout_test", False, "Everything is accepted")
def bug_clinic_dropout_test_w4(dropout, p, rng):
    return True


@_answer("bug_clinic.dropout_test", False, "Calls are compared, but not the entries of one call")
def bug_clinic_dropout_test_w5(dropout, p, rng):
    x = np.ones((300, 300))
    a, b = dropout(x, p, rng, True), dropout(x, p, rng, True)
    return bool(
        abs((a == 0).mean() - p) < 0.05
        and np.allclose(a[a != 0], 1 / (1 - p))
        and not np.array_equal(a, b)
        and np.array_equal(dropout(x, p, rng, False), x)
    )


@_answer(
    "bug_clinic.dropout_test",
    False,
    "Rows that differ are enough: masks shared along rows (by column) are seen, by row are not; calls are not compared",
)
def bug_clinic_dropout_test_w6(dropout, p, rng):
    x = np.ones((300, 300))
    a = dropout(x, p, rng, True)
    return bool(
        abs((a == 0).mean() - p) < 0.05
        and np.allclose(a[a != 0], 1 / (1 - p))
        and not np.array_equal(a[0], a[1])
        and np.array_equal(dropout(x, p, rng, False), x)
    )


@_answer(
    "bug_clinic.dropout_test", False, "Too strict: the share of zeros must be exactly p, right functions fail"
)
def bug_clinic_dropout_test_w7(dropout, p, rng):
    x = np.ones((100, 100))
    out = dropout(x, p, rng, True)
    return bool((out == 0).mean() == p and np.allclose(out[out != 0], 1 / (1 - p)))


@_answer("bug_clinic.dropout_test", False, "The scale is not tested: zeros and evaluation only")
def bug_clinic_dropout_test_w8(dropout, p, rng):
    x = np.ones((300, 300))
    a, b = dropout(x, p, rng, True), dropout(x, p, rng, True)
    return bool(
        abs((a == 0).mean() - p) < 0.02
        and not np.array_equal(a, b)
        and np.array_equal(dropout(x, p, rng, False), x)
    )


@_answer("bug_clinic.dropout_test", False, "p is not used: the test expects one half")
def bug_clinic_dropout_test_w9(dropout, p, rng):
    x = np.ones((300, 300))
    a, b = dropout(x, 0.5, rng, True), dropout(x, 0.5, rng, True)
    return bool(
        abs((a == 0).mean() - 0.5) < 0.02
        and np.allclose(a[a != 0], 2)
        and not np.array_equal(a, b)
        and abs(np.mean((a[1:] == 0) == (a[:-1] == 0)) - 0.5) < 0.03
        and abs(np.mean((a[:, 1:] == 0) == (a[:, :-1] == 0)) - 0.5) < 0.03
        and np.array_equal(dropout(x, 0.5, rng, False), x)
    )


@_answer(
    "bug_clinic.dropout_test", False, "Keeps with probability p: p is read as the probability of keeping"
)
def bug_clinic_dropout_test_w10(dropout, p, rng):
    x = np.ones((300, 300))
    a, b = dropout(x, p, rng, True), dropout(x, p, rng, True)
    return bool(
        abs((a != 0).mean() - p) < 0.02
        and np.allclose(a[a != 0], 1 / p)
        and not np.array_equal(a, b)
        and np.array_equal(dropout(x, p, rng, False), x)
    )


# --- bug_clinic.leak_test --------------------------------------------------------------------------


@_answer("bug_clinic.leak_test", True, "loops or the formula step by step")
def bug_clinic_leak_test_r1(choose, X, y, X_test, y_test):
    base = choose(X.copy(), y.copy(), X_test.copy(), y_test.copy())
    rng = np.random.default_rng(0)
    for _ in range(30):
        other_X = rng.normal(size=X_test.shape) * 10
        other_y = rng.permutation(y_test) if rng.random() < 0.5 else rng.normal(size=y_test.shape) * 10
        k = rng.integers(1, len(y_test) + 1)
        for Xt, yt in ((other_X, y_test), (X_test, other_y), (other_X, other_y), (X_test[:k], y_test[:k])):
            if choose(X.copy(), y.copy(), Xt.copy(), np.array(yt)) != base:
                return True
    return False


@_answer("bug_clinic.leak_test", True, "vectorised or another algebra")
def bug_clinic_leak_test_r2(choose, X, y, X_test, y_test):
    answers = set()
    variants = [(X_test, y_test), (X_test[:1], y_test[:1])]
    for scale in (-1.0, 0.0, 100.0, -1000.0):
        variants += [
            (scale * X_test, y_test),
            (X_test, scale * y_test),
            (X_test + scale, y_test),
            (X_test, y_test + scale),
        ]
    for shift in range(1, len(y_test)):
        variants.append((X_test, np.roll(y_test, shift)))
    variants.append((np.vstack([X_test] * 5), np.concatenate([y_test] * 5)))
    for Xt, yt in variants:
        answers.add(float(choose(X, y, Xt, yt)))
    return len(answers) > 1


@_answer(
    "bug_clinic.leak_test", False, "Only the test labels are changed: a choice that looks at X_test is missed"
)
def bug_clinic_leak_test_w1(choose, X, y, X_test, y_test):
    rng = np.random.default_rng(0)
    base = choose(X, y, X_test, y_test)
    return any(choose(X, y, X_test, rng.normal(size=y_test.shape) * 10) != base for _ in range(20))


@_answer("bug_clinic.leak_test", False, "Only the test features are changed")
def bug_clinic_leak_test_w2(choose, X, y, X_test, y_test):
    rng = np.random.default_rng(0)
    base = choose(X, y, X_test, y_test)
    return any(choose(X, y, rng.normal(size=X_test.shape) * 10, y_test) != base for _ in range(20))


@_answer("bug_clinic.leak_test", False, "The test rows are only reordered: sums and means do not notice")
def bug_clinic_leak_test_w3(choose, X, y, X_test, y_test):
    order = np.arange(len(y_test))[::-1]
    return choose(X, y, X_test, y_test) != choose(X, y, X_test[order], y_test[order])


@_answer("bug_clinic.leak_test", False, "The training rows are changed too: an honest choice changes as well")
def bug_clinic_leak_test_w4(choose, X, y, X_test, y_test):
    rng = np.random.default_rng(0)
    k = rng.permutation(len(y))
    return choose(X, y, X_test, y_test) != choose(X[k], y[rng.permutation(len(y))], X_test * 5, y_test * 5)


@_answer("bug_clinic.leak_test", False, "The answer is inverted: True if nothing changes")
def bug_clinic_leak_test_w5(choose, X, y, X_test, y_test):
    return not bug_clinic_leak_test_r1(choose, X, y, X_test, y_test)


@_answer("bug_clinic.leak_test", False, "The change is too small to be noticed")
def bug_clinic_leak_test_w6(choose, X, y, X_test, y_test):
    return choose(X, y, X_test, y_test) != choose(X, y, X_test + 1e-6, y_test + 1e-6)


@_answer("bug_clinic.leak_test", False, "The caller's test labels are changed in place")
def bug_clinic_leak_test_w7(choose, X, y, X_test, y_test):
    base = choose(X, y, X_test, y_test)
    np.random.default_rng(0).shuffle(y_test)
    y_test *= 10
    X_test *= -10
    return choose(X, y, X_test, y_test) != base


@_answer("bug_clinic.leak_test", False, "Two calls with the same rows are compared: nothing was changed")
def bug_clinic_leak_test_w8(choose, X, y, X_test, y_test):
    return choose(X, y, X_test, y_test) != choose(X, y, X_test, y_test)


@_answer("bug_clinic.leak_test", False, "Everything is called a leak")
def bug_clinic_leak_test_w9(choose, X, y, X_test, y_test):
    return True


@_answer(
    "bug_clinic.leak_test",
    False,
    "Compared with the choice when the training rows are handed over as test rows, once",
)
def bug_clinic_leak_test_w10(choose, X, y, X_test, y_test):
    return choose(X, y, X_test, y_test) != choose(X, y, X, y)


# --- bug_clinic.reference --------------------------------------------------------------------------
_value("bug_clinic.reference", True, "the value", "c")
_value("bug_clinic.reference", True, "the value", "C")
_value("bug_clinic.reference", False, "A plausible title is what an invented reference has too", "a")
_value("bug_clinic.reference", False, "Copies of a reference are no evidence", "b")
_value("bug_clinic.reference", False, "Volume and year can fit for a paper that does not exist", "d")

# --- bug_clinic.power_of_lam -----------------------------------------------------------------------


@_answer("bug_clinic.power_of_lam", True, "loops or the formula step by step")
def bug_clinic_power_of_lam_r1(objective, w, lam):
    data = objective(w, 0.0)
    once, twice = objective(w, lam) - data, objective(w, 2 * lam) - data
    if abs(once) < 1e-12 * max(1.0, abs(data)):
        return 0
    return math.log(twice / once) / math.log(2)


@_answer("bug_clinic.power_of_lam", True, "vectorised or another algebra")
def bug_clinic_power_of_lam_r2(objective, w, lam):
    values = [objective(w, c * lam) for c in (1, 3, 9)]
    low, high = values[1] - values[0], values[2] - values[1]
    if np.isclose(low, 0, atol=1e-12):
        return 0.0
    return np.log(high / low) / np.log(3)


@_answer("bug_clinic.power_of_lam", False, "The data term is not subtracted")
def bug_clinic_power_of_lam_w1(objective, w, lam):
    return np.log2(objective(w, 2 * lam) / objective(w, lam))


@_answer("bug_clinic.power_of_lam", False, "Rounded to a whole number")
def bug_clinic_power_of_lam_w2(objective, w, lam):
    d = objective(w, 0.0)
    a, b = objective(w, lam) - d, objective(w, 2 * lam) - d
    return 0 if a == 0 else int(round(np.log2(b / a)))  # noqa: RUF046


@_answer(
    "bug_clinic.power_of_lam", False, "The ratio of the penalties instead of its logarithm: 4 for a square"
)
def bug_clinic_power_of_lam_w3(objective, w, lam):
    d = objective(w, 0.0)
    a, b = objective(w, lam) - d, objective(w, 2 * lam) - d
    return 0 if a == 0 else b / a


@_answer("bug_clinic.power_of_lam", False, "The natural logarithm is not divided by log 2")
def bug_clinic_power_of_lam_w4(objective, w, lam):
    d = objective(w, 0.0)
    a, b = objective(w, lam) - d, objective(w, 2 * lam) - d
    return 0 if a == 0 else np.log(b / a)


@_answer("bug_clinic.power_of_lam", False, "log of the penalty over log of lam: R is taken as 1")
def bug_clinic_power_of_lam_w5(objective, w, lam):
    d = objective(w, 0.0)
    a = objective(w, lam) - d
    return 0 if a == 0 else np.log(a) / np.log(lam)


@_answer("bug_clinic.power_of_lam", False, "nan (or an error) if nothing is added")
def bug_clinic_power_of_lam_w6(objective, w, lam):
    d = objective(w, 0.0)
    with np.errstate(all="ignore"):
        return np.log2(np.float64(objective(w, 2 * lam) - d) / np.float64(objective(w, lam) - d))


@_answer("bug_clinic.power_of_lam", False, "1 for everything that is added")
def bug_clinic_power_of_lam_w7(objective, w, lam):
    return 0 if objective(w, lam) == objective(w, 0.0) else 1


@_answer("bug_clinic.power_of_lam", False, "The quotient is upside down: minus k")
def bug_clinic_power_of_lam_w8(objective, w, lam):
    d = objective(w, 0.0)
    a, b = objective(w, lam) - d, objective(w, 2 * lam) - d
    return 0 if a == 0 else np.log2(a / b)


@_answer("bug_clinic.power_of_lam", False, "1 if nothing is added")
def bug_clinic_power_of_lam_w9(objective, w, lam):
    d = objective(w, 0.0)
    a, b = objective(w, lam) - d, objective(w, 2 * lam) - d
    return 1 if a == 0 else np.log2(b / a)


@_answer("bug_clinic.power_of_lam", False, "w is doubled instead of lam: the power of w")
def bug_clinic_power_of_lam_w10(objective, w, lam):
    d = objective(w, 0.0)
    a, b = objective(w, lam) - d, objective(2 * np.asarray(w), lam) - objective(2 * np.asarray(w), 0.0)
    return 0 if a == 0 else np.log2(b / a)


@_answer(
    "bug_clinic.power_of_lam",
    False,
    "The number of doublings of the difference between neighbours without the data term: first difference over the first value",
)
def bug_clinic_power_of_lam_w11(objective, w, lam):
    a, b, c = objective(w, 0.0), objective(w, lam), objective(w, 2 * lam)
    return 0 if b == a else np.log2((c - b) / (b - a))


# =====================================================================================================
# Chapter 90
# =====================================================================================================

# --- background.condition_number -------------------------------------------------------------------


@_answer("background.condition_number", True, "loops or the formula step by step")
def background_condition_number_r1(X, lam):
    n, d = X.shape
    e = np.linalg.eigvalsh(X.T @ X + n * lam * np.eye(d))
    return e[-1] / e[0]


@_answer("background.condition_number", True, "vectorised or another algebra")
def background_condition_number_r2(X, lam):
    s = np.linalg.svd(X, compute_uv=False) ** 2 + len(X) * lam
    return float(max(s) / min(s))


@_answer("background.condition_number", True, "another library or style")
def background_condition_number_r3(X, lam):
    return np.linalg.cond(np.transpose(X) @ X + np.diag([len(X) * lam] * X.shape[1]))


@_answer("background.condition_number", False, "The n before lam is missing")
def background_condition_number_w1(X, lam):
    return np.linalg.cond(X.T @ X + lam * np.eye(X.shape[1]))


@_answer("background.condition_number", False, "The singular values are not squared")
def background_condition_number_w2(X, lam):
    s = np.linalg.svd(X, compute_uv=False)
    return (s[0] + len(X) * lam) / (s[-1] + len(X) * lam)


@_answer(
    "background.condition_number",
    False,
    "The condition of X itself: the penalty is ignored and nothing is squared",
)
def background_condition_number_w3(X, lam):
    return np.linalg.cond(X)


@_answer("background.condition_number", False, "Smallest over largest")
def background_condition_number_w4(X, lam):
    return 1 / background_condition_number_r3(X, lam)


@_answer("background.condition_number", False, "The number of features instead of rows before lam")
def background_condition_number_w5(X, lam):
    return np.linalg.cond(X.T @ X + X.shape[1] * lam * np.eye(X.shape[1]))


@_answer("background.condition_number", False, "n lam is added to every entry instead of the diagonal")
def background_condition_number_w6(X, lam):
    return np.linalg.cond(X.T @ X + len(X) * lam)


@_answer("background.condition_number", False, "The root: condition of the square root matrix")
def background_condition_number_w7(X, lam):
    return np.sqrt(background_condition_number_r3(X, lam))


@_answer("background.condition_number", False, "The penalty is ignored: condition of X'X")
def background_condition_number_w8(X, lam):
    return np.linalg.cond(X.T @ X)


@_answer(
    "background.condition_number",
    False,
    "First over last eigenvalue of eigvalsh: it sorts upwards, so upside down for... the columns' order",
)
def background_condition_number_w9(X, lam):
    e = np.diag(X.T @ X) + len(X) * lam
    return e.max() / e.min()


@_answer("background.condition_number", False, "X'X is divided by n, n lam is not")
def background_condition_number_w10(X, lam):
    n = len(X)
    return np.linalg.cond(X.T @ X / n + n * lam * np.eye(X.shape[1]))


@_answer("background.condition_number", False, "Rows and columns exchanged: XX' instead of X'X")
def background_condition_number_w11(X, lam):
    return np.linalg.cond(X @ X.T + len(X) * lam * np.eye(len(X)))


@_answer("background.condition_number", False, "The penalty is added inside before squaring: (s + n lam)²")
def background_condition_number_w12(X, lam):
    s = np.linalg.svd(X, compute_uv=False) + len(X) * lam
    return (s[0] / s[-1]) ** 2


# --- background.hinge_subgradients -----------------------------------------------------------------


@_answer("background.hinge_subgradients", True, "loops or the formula step by step")
def background_hinge_subgradients_r1(m):
    if m < 1:
        return (-1, -1)
    if m > 1:
        return (0, 0)
    return (-1, 0)


@_answer("background.hinge_subgradients", True, "vectorised or another algebra")
def background_hinge_subgradients_r2(m):
    return [-float(m <= 1), -float(m < 1)]


@_answer("background.hinge_subgradients", False, "The sign: the slope is taken as +1")
def background_hinge_subgradients_w1(m):
    return (1, 1) if m < 1 else (0, 0) if m > 1 else (0, 1)


@_answer("background.hinge_subgradients", False, "The kink is put at 0")
def background_hinge_subgradients_w2(m):
    return (-1, -1) if m < 0 else (0, 0) if m > 0 else (-1, 0)


@_answer("background.hinge_subgradients", False, "At the kink only 0")
def background_hinge_subgradients_w3(m):
    return (-1, -1) if m < 1 else (0, 0)


@_answer("background.hinge_subgradients", False, "Order at the kink: largest first")
def background_hinge_subgradients_w4(m):
    return (-1, -1) if m < 1 else (0, 0) if m > 1 else (0, -1)


@_answer("background.hinge_subgradients", False, "At the kink as for |w|: from -1 to 1")
def background_hinge_subgradients_w5(m):
    return (-1, -1) if m < 1 else (0, 0) if m > 1 else (-1, 1)


@_answer("background.hinge_subgradients", False, "At the kink only -1")
def background_hinge_subgradients_w6(m):
    return (-1, -1) if m <= 1 else (0, 0)


@_answer("background.hinge_subgradients", False, "The value of the loss instead of slopes")
def background_hinge_subgradients_w7(m):
    return (max(0, 1 - m), max(0, 1 - m))


@_answer("background.hinge_subgradients", False, "All slopes from -1 to 0 at every m")
def background_hinge_subgradients_w8(m):
    return (-1, 0)


@_answer("background.hinge_subgradients", False, "The sides are exchanged: 0 below 1, -1 above")
def background_hinge_subgradients_w9(m):
    return (0, 0) if m < 1 else (-1, -1) if m > 1 else (-1, 0)


@_answer("background.hinge_subgradients", False, "At the kink the mean, -1/2")
def background_hinge_subgradients_w10(m):
    return (-1, -1) if m < 1 else (0, 0) if m > 1 else (-0.5, -0.5)


@_answer("background.hinge_subgradients", False, "One number instead of two")
def background_hinge_subgradients_w11(m):
    return -1 if m < 1 else 0


@_answer("background.hinge_subgradients", False, "The slope beyond the margin is taken as +1, as for |1 - m|")
def background_hinge_subgradients_w12(m):
    return (-1, -1) if m < 1 else (1, 1) if m > 1 else (-1, 1)


# --- background.laplace_strength -------------------------------------------------------------------


@_answer("background.laplace_strength", True, "loops or the formula step by step")
def background_laplace_strength_r1(sigma, scale, n):
    return sigma**2 / (n * scale)


@_answer("background.laplace_strength", True, "vectorised or another algebra")
def background_laplace_strength_r2(sigma, scale, n):
    variance = np.square(sigma)
    return variance / n / scale


@_answer("background.laplace_strength", False, "The formula of the normal prior: scale squared")
def background_laplace_strength_w1(sigma, scale, n):
    return sigma**2 / (n * scale**2)


@_answer("background.laplace_strength", False, "n is missing")
def background_laplace_strength_w2(sigma, scale, n):
    return sigma**2 / scale


@_answer("background.laplace_strength", False, "sigma is not squared")
def background_laplace_strength_w3(sigma, scale, n):
    return sigma / (n * scale)


@_answer(
    "background.laplace_strength",
    False,
    "A factor 1/2: the 2 of the density 1/(2 tau) is taken into the exponent",
)
def background_laplace_strength_w4(sigma, scale, n):
    return sigma**2 / (2 * n * scale)


@_answer("background.laplace_strength", False, "The scale is multiplied: a wide prior would penalise more")
def background_laplace_strength_w5(sigma, scale, n):
    return sigma**2 * scale / n


@_answer("background.laplace_strength", False, "A factor 2 too much: the half of 1/(2n) is forgotten")
def background_laplace_strength_w6(sigma, scale, n):
    return 2 * sigma**2 / (n * scale)


@_answer("background.laplace_strength", False, "Multiplied by n instead of divided")
def background_laplace_strength_w7(sigma, scale, n):
    return n * sigma**2 / scale


@_answer("background.laplace_strength", False, "The noise is forgotten: 1/tau")
def background_laplace_strength_w8(sigma, scale, n):
    return 1 / scale


@_answer("background.laplace_strength", False, "The noise is forgotten: 1/(n tau)")
def background_laplace_strength_w9(sigma, scale, n):
    return 1 / (n * scale)


@_answer("background.laplace_strength", False, "Upside down: scale over variance")
def background_laplace_strength_w10(sigma, scale, n):
    return n * scale / sigma**2


@_answer("background.laplace_strength", False, "scale read as a standard deviation: tau = sd / sqrt 2")
def background_laplace_strength_w11(sigma, scale, n):
    return np.sqrt(2) * sigma**2 / (n * scale)


# --- background.central_difference -----------------------------------------------------------------


@_answer("background.central_difference", True, "loops or the formula step by step")
def background_central_difference_r1(f, w, h):
    out = []
    for j in range(len(w)):
        up, down = [float(v) for v in w], [float(v) for v in w]
        up[j] += h
        down[j] -= h
        out.append((f(np.array(up)) - f(np.array(down))) / (2 * h))
    return np.array(out)


@_answer("background.central_difference", True, "vectorised or another algebra")
def background_central_difference_r2(f, w, h):
    E = h * np.eye(len(w))
    return np.array([f(w + e) - f(w - e) for e in E]) / 2 / h


@_answer("background.central_difference", False, "Forward quotient")
def background_central_difference_w1(f, w, h):
    return np.array([f(w + h * e) - f(w) for e in np.eye(len(w))]) / h


@_answer("background.central_difference", False, "Divided by h instead of 2h")
def background_central_difference_w2(f, w, h):
    return np.array([f(w + h * e) - f(w - h * e) for e in np.eye(len(w))]) / h


@_answer("background.central_difference", False, "All entries move at once: one number")
def background_central_difference_w3(f, w, h):
    return (f(w + h) - f(w - h)) / (2 * h)


@_answer("background.central_difference", False, "The moves pile up: w is not put back")
def background_central_difference_w4(f, w, h):
    w = np.array(w, float)
    out = np.zeros(len(w))
    for j in range(len(w)):
        w[j] += h
        up = f(w)
        w[j] -= 2 * h
        down = f(w)
        out[j] = (up - down) / (2 * h)
    return out


@_answer("background.central_difference", False, "A vector of whole numbers: the step is cut off to 0")
def background_central_difference_w5(f, w, h):
    w = np.array(w)
    out = np.zeros(len(w))
    for j in range(len(w)):
        up, down = w.copy(), w.copy()
        up[j] = up[j] + h
        down[j] = down[j] - h
        out[j] = (f(up) - f(down)) / (2 * h)
    return out


@_answer("background.central_difference", False, "Sign: minus before plus")
def background_central_difference_w6(f, w, h):
    return np.array([f(w - h * e) - f(w + h * e) for e in np.eye(len(w))]) / (2 * h)


@_answer("background.central_difference", False, "The caller's w is changed")
def background_central_difference_w7(f, w, h):
    out = np.zeros(len(w))
    for j in range(len(w)):
        w[j] += h
        up = f(w)
        w[j] -= 2 * h
        down = f(w)
        w[j] += h / 2
        out[j] = (up - down) / (2 * h)
    return out


@_answer("background.central_difference", False, "Backward quotient")
def background_central_difference_w8(f, w, h):
    return np.array([f(w) - f(w - h * e) for e in np.eye(len(w))]) / h


@_answer("background.central_difference", False, "h is ignored: 1e-5 always")
def background_central_difference_w9(f, w, h):
    return np.array([f(w + 1e-5 * e) - f(w - 1e-5 * e) for e in np.eye(len(w))]) / 2e-5


@_answer("background.central_difference", False, "Precedence: / 2 * h multiplies by h")
def background_central_difference_w10(f, w, h):
    return np.array([f(w + h * e) - f(w - h * e) for e in np.eye(len(w))]) / 2 * h


@_answer("background.central_difference", False, "The step is relative: h times w_j, divided by 2h")
def background_central_difference_w11(f, w, h):
    return np.array([f(w + h * w * e) - f(w - h * w * e) for e in np.eye(len(w))]) / (2 * h)


# --- background.masked_variance --------------------------------------------------------------------


@_answer("background.masked_variance", True, "loops or the formula step by step")
def background_masked_variance_r1(x, p):
    return np.array([p / (1 - p) * v * v for v in x])


@_answer("background.masked_variance", True, "vectorised or another algebra")
def background_masked_variance_r2(x, p):
    x = np.asarray(x, float)
    return (1 - p) * (x / (1 - p)) ** 2 - x**2


@_answer("background.masked_variance", False, "The division by 1 - p is forgotten: p(1-p) x²")
def background_masked_variance_w1(x, p):
    return p * (1 - p) * np.asarray(x) ** 2


@_answer("background.masked_variance", False, "x is not squared")
def background_masked_variance_w2(x, p):
    return p / (1 - p) * np.asarray(x)


@_answer("background.masked_variance", False, "The factor 1/(1-p) is not squared: p x²")
def background_masked_variance_w3(x, p):
    return p * np.asarray(x) ** 2


@_answer("background.masked_variance", False, "The standard deviation instead of the variance")
def background_masked_variance_w4(x, p):
    return np.sqrt(p / (1 - p)) * np.abs(x)


@_answer("background.masked_variance", False, "p and 1 - p exchanged")
def background_masked_variance_w5(x, p):
    return (1 - p) / p * np.asarray(x) ** 2


@_answer("background.masked_variance", False, "The second moment: the squared mean is not subtracted")
def background_masked_variance_w6(x, p):
    return np.asarray(x) ** 2 / (1 - p)


@_answer("background.masked_variance", False, "Summed over the entries")
def background_masked_variance_w7(x, p):
    return np.sum(p / (1 - p) * np.asarray(x) ** 2)


@_answer("background.masked_variance", False, "1 - p forgotten in the variance: p/(1-p)² x²")
def background_masked_variance_w8(x, p):
    return p / (1 - p) ** 2 * np.asarray(x) ** 2


@_answer("background.masked_variance", False, "The factor stays outside: p(1-p) / (1-p) times x")
def background_masked_variance_w9(x, p):
    return p * np.asarray(x)


@_answer("background.masked_variance", False, "The factor of p alone, x forgotten")
def background_masked_variance_w10(x, p):
    return np.full(np.shape(x), p / (1 - p))


@_answer("background.masked_variance", False, "x is changed in place")
def background_masked_variance_w11(x, p):
    x *= x
    x *= p / (1 - p)
    return x


@_answer("background.masked_variance", False, "The mean instead of the variance")
def background_masked_variance_w12(x, p):
    return np.asarray(x) * 1.0


# --- background.accumulate -------------------------------------------------------------------------
_value("background.accumulate", True, "the value", "c")
_value("background.accumulate", True, "the value", "C")
_value("background.accumulate", False, "backward is thought to overwrite, it adds", "a")
_value("background.accumulate", False, "The graph is built anew at every pass, so no error", "b")
_value("background.accumulate", False, "Gradients are multiplied instead of added", "d")

# --- background.square_conjugate -------------------------------------------------------------------


@_answer("background.square_conjugate", True, "loops or the formula step by step")
def background_square_conjugate_r1(v, lam):
    w = v / lam
    return v * w - lam / 2 * w**2


@_answer("background.square_conjugate", True, "vectorised or another algebra")
def background_square_conjugate_r2(v, lam):
    return np.square(v) * (0.5 / lam)


@_answer("background.square_conjugate", False, "lam is multiplied instead of divided: the function itself")
def background_square_conjugate_w1(v, lam):
    return lam * v**2 / 2


@_answer("background.square_conjugate", False, "The half is missing")
def background_square_conjugate_w2(v, lam):
    return v**2 / lam


@_answer("background.square_conjugate", False, "The place of the maximum instead of its value")
def background_square_conjugate_w3(v, lam):
    return v / lam


@_answer("background.square_conjugate", False, "The sign: minimum of f - v w")
def background_square_conjugate_w4(v, lam):
    return -(v**2) / (2 * lam)


@_answer("background.square_conjugate", False, "lam is forgotten: v²/2")
def background_square_conjugate_w5(v, lam):
    return v**2 / 2


@_answer("background.square_conjugate", False, "w = v/(2 lam): the derivative of lam/2 w² taken as 2 lam w")
def background_square_conjugate_w6(v, lam):
    w = v / (2 * lam)
    return v * w - lam / 2 * w**2


@_answer("background.square_conjugate", False, "f is not subtracted, only v w... with w = v (lam = 1)")
def background_square_conjugate_w7(v, lam):
    return v * v - lam / 2 * v**2


@_answer("background.square_conjugate", False, "f added instead of subtracted: 3v²/(2 lam)")
def background_square_conjugate_w8(v, lam):
    return 3 * v**2 / (2 * lam)


@_answer("background.square_conjugate", False, "f at the maximising place with lam squared: v²/(2 lam²)")
def background_square_conjugate_w9(v, lam):
    return v**2 / (2 * lam**2)


@_answer("background.square_conjugate", False, "v is not squared")
def background_square_conjugate_w10(v, lam):
    return v / (2 * lam)


@_answer("background.square_conjugate", False, "The half applied twice: v²/(4 lam)")
def background_square_conjugate_w11(v, lam):
    return v**2 / (4 * lam)


@_answer("background.square_conjugate", False, "Integer division")
def background_square_conjugate_w12(v, lam):
    return v**2 // (2 * lam)
