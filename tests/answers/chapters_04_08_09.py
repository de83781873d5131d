"""Test answers for the exercises of chapters 04, 08 and 09, written without sight of the checker.

ANSWERS is a list of dicts with the keys name, exercise, right, cause, answer (a function, a class or a value).
For right answers, `cause` names the style.
"""

import math

import numpy as np

ANSWERS = []


def _value(exercise, right, cause, value):
    number = sum(entry["exercise"] == exercise for entry in ANSWERS) + 1
    name = getattr(value, "__name__", f"{exercise}-{number}")
    ANSWERS.append({"name": name, "exercise": exercise, "right": right, "cause": cause, "answer": value})


def _answer(exercise, right, cause):
    """Put the function or class below into ANSWERS and leave it as it is."""

    def put(answer):
        _value(exercise, right, cause, answer)
        return answer

    return put


# =====================================================================================================
# Chapter 04
# =====================================================================================================

# --- elastic_net.lam_max -----------------------------------------------------------------------------


@_answer("elastic_net.lam_max", True, "vectorised, one line")
def lam_max_r1(X, y, l1_ratio):
    return float(np.abs(X.T @ y).max() / (len(y) * l1_ratio))


@_answer("elastic_net.lam_max", True, "plain loops over features and rows")
def lam_max_r2(X, y, l1_ratio):
    n, d = X.shape
    largest = 0.0
    for j in range(d):
        pull = 0.0
        for i in range(n):
            pull += X[i, j] * y[i]
        largest = max(largest, abs(pull) / n)
    return float(largest / l1_ratio)


@_answer("elastic_net.lam_max", True, "infinity norm of the gradient at zero")
def lam_max_r3(X, y, l1_ratio):
    gradient = -X.T.dot(y - X @ np.zeros(X.shape[1])) / X.shape[0]
    return float(np.linalg.norm(gradient, np.inf)) / l1_ratio


@_answer(
    "elastic_net.lam_max", True, "bisection on lam: condition (4.2) at w = 0 holds or not, to the last digits"
)
def lam_max_r4(X, y, l1_ratio):
    pull = np.abs(np.einsum("ij,i->j", X, y)) / len(y)
    low, high = 0.0, 1.0
    while np.any(pull > high * l1_ratio):
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if np.all(pull <= middle * l1_ratio):
            high = middle
        else:
            low = middle
    return high


@_answer("elastic_net.lam_max", False, "forgets the 1/n of the data loss")
def lam_max_w1(X, y, l1_ratio):
    return float(np.max(np.abs(X.T @ y)) / l1_ratio)


@_answer("elastic_net.lam_max", False, "gives the lasso's value: the L1 share does not appear")
def lam_max_w2(X, y, l1_ratio):
    return float(np.max(np.abs(X.T @ y)) / len(y))


@_answer("elastic_net.lam_max", False, "multiplies by the L1 share in place of dividing by it")
def lam_max_w3(X, y, l1_ratio):
    return float(l1_ratio * np.max(np.abs(X.T @ y)) / len(y))


@_answer(
    "elastic_net.lam_max",
    False,
    "takes the largest pull without the absolute value, so a strong negative feature is missed",
)
def lam_max_w4(X, y, l1_ratio):
    return float(np.max(X.T @ y) / (len(y) * l1_ratio))


@_answer("elastic_net.lam_max", False, "takes the Euclidean norm of the pulls in place of the largest one")
def lam_max_w5(X, y, l1_ratio):
    return float(np.linalg.norm(X.T @ y) / (len(y) * l1_ratio))


@_answer("elastic_net.lam_max", False, "reads l1_ratio as the ridge share and divides by 1 - l1_ratio")
def lam_max_w6(X, y, l1_ratio):
    return float(np.max(np.abs(X.T @ y)) / (len(y) * (1 - l1_ratio)))


@_answer("elastic_net.lam_max", False, "differentiates the MSE without the one half: a factor 2 too large")
def lam_max_w7(X, y, l1_ratio):
    n = len(y)
    gradient = 2 / n * X.T @ y
    return float(np.abs(gradient).max() / l1_ratio)


@_answer(
    "elastic_net.lam_max",
    False,
    "divides by the number of features in place of the number of rows (len(X.T))",
)
def lam_max_w8(X, y, l1_ratio):
    n = len(X.T)
    return float(np.abs(X.T @ y).max() / (n * l1_ratio))


@_answer("elastic_net.lam_max", False, "standardises the columns first, although (4.1) uses X as it is")
def lam_max_w9(X, y, l1_ratio):
    Z = X / X.std(axis=0)
    return float(np.abs(Z.T @ y).max() / (len(y) * l1_ratio))


@_answer(
    "elastic_net.lam_max", False, "takes the absolute value outside: abs(max(...)) in place of max(abs(...))"
)
def lam_max_w10(X, y, l1_ratio):
    return abs(max(X.T @ y)) / (len(y) * l1_ratio)


# --- elastic_net.prox --------------------------------------------------------------------------------


@_answer("elastic_net.prox", True, "(4.4) vectorised")
def en_prox_r1(z, step, lam, l1_ratio):
    z = np.asarray(z, dtype=float)
    return np.sign(z) * np.maximum(np.abs(z) - step * lam * l1_ratio, 0) / (1 + step * lam * (1 - l1_ratio))


@_answer("elastic_net.prox", True, "plain loop over the entries with three branches")
def en_prox_r2(z, step, lam, l1_ratio):
    z = np.asarray(z, dtype=float)
    threshold, c = step * lam * l1_ratio, 1 + step * lam * (1 - l1_ratio)
    out = []
    for value in z.ravel():
        if value > threshold:
            out.append((value - threshold) / c)
        elif value < -threshold:
            out.append((value + threshold) / c)
        else:
            out.append(0.0)
    return np.array(out).reshape(z.shape)


@_answer("elastic_net.prox", True, "residual of a projection: z - clip(z, -t, t), then divide")
def en_prox_r3(z, step, lam, l1_ratio):
    t = step * lam * l1_ratio
    return (z - np.clip(z, -t, t)) / (1 + step * lam * (1 - l1_ratio))


@_answer("elastic_net.prox", True, "step 2 of the derivation: S(z/c, t/c)")
def en_prox_r4(z, step, lam, l1_ratio):
    c = 1.0 + step * (lam - lam * l1_ratio)
    u, t = np.asarray(z, dtype=float) / c, step * lam * l1_ratio / c
    return np.maximum(u - t, 0) - np.maximum(-u - t, 0)


@_answer(
    "elastic_net.prox",
    True,
    "compares the cost of the three candidates (positive branch, negative branch, zero)",
)
def en_prox_r5(z, step, lam, l1_ratio):
    z = np.asarray(z, dtype=float)
    l1, l2 = step * lam * l1_ratio, step * lam * (1 - l1_ratio)
    candidates = np.stack(
        [np.zeros_like(z), np.maximum((z - l1) / (1 + l2), 0), np.minimum((z + l1) / (1 + l2), 0)]
    )
    cost = 0.5 * (candidates - z) ** 2 + l1 * np.abs(candidates) + 0.5 * l2 * candidates**2
    return np.take_along_axis(candidates, cost.argmin(axis=0)[None], axis=0)[0]


@_answer("elastic_net.prox", False, "the step is missing from the threshold")
def en_prox_w1(z, step, lam, l1_ratio):
    return np.sign(z) * np.maximum(np.abs(z) - lam * l1_ratio, 0) / (1 + step * lam * (1 - l1_ratio))


@_answer("elastic_net.prox", False, "the step is missing from the denominator")
def en_prox_w2(z, step, lam, l1_ratio):
    return np.sign(z) * np.maximum(np.abs(z) - step * lam * l1_ratio, 0) / (1 + lam * (1 - l1_ratio))


@_answer(
    "elastic_net.prox",
    False,
    "L1 and L2 shares swapped: l1_ratio in the denominator, 1 - l1_ratio in the threshold",
)
def en_prox_w3(z, step, lam, l1_ratio):
    return np.sign(z) * np.maximum(np.abs(z) - step * lam * (1 - l1_ratio), 0) / (1 + step * lam * l1_ratio)


@_answer("elastic_net.prox", False, "shrinks first and thresholds afterwards with the full threshold")
def en_prox_w4(z, step, lam, l1_ratio):
    u = z / (1 + step * lam * (1 - l1_ratio))
    return np.sign(u) * np.maximum(np.abs(u) - step * lam * l1_ratio, 0)


@_answer("elastic_net.prox", False, "forgets the one half of the L2 part: 2 in the denominator")
def en_prox_w5(z, step, lam, l1_ratio):
    return (
        np.sign(z) * np.maximum(np.abs(z) - step * lam * l1_ratio, 0) / (1 + 2 * step * lam * (1 - l1_ratio))
    )


@_answer("elastic_net.prox", False, "one-sided threshold max(z - t, 0): all negative entries become zero")
def en_prox_w6(z, step, lam, l1_ratio):
    return np.maximum(z - step * lam * l1_ratio, 0) / (1 + step * lam * (1 - l1_ratio))


@_answer(
    "elastic_net.prox",
    False,
    "multiplies by 1 - step λ₂ (a gradient step on the L2 part) in place of dividing by 1 + step λ₂",
)
def en_prox_w7(z, step, lam, l1_ratio):
    return (1 - step * lam * (1 - l1_ratio)) * np.sign(z) * np.maximum(np.abs(z) - step * lam * l1_ratio, 0)


@_answer("elastic_net.prox", False, "shrinks with the whole strength: 1 + step λ, the share 1 - ρ is missing")
def en_prox_w8(z, step, lam, l1_ratio):
    return np.sign(z) * np.maximum(np.abs(z) - step * lam * l1_ratio, 0) / (1 + step * lam)


@_answer("elastic_net.prox", False, "returns the right values but overwrites the caller's array z")
def en_prox_w9(z, step, lam, l1_ratio):
    t = step * lam * l1_ratio
    z -= np.clip(z, -t, t)
    z /= 1 + step * lam * (1 - l1_ratio)
    return z


@_answer("elastic_net.prox", False, "hard threshold: large entries are kept but not reduced by t")
def en_prox_w10(z, step, lam, l1_ratio):
    return np.where(np.abs(z) > step * lam * l1_ratio, z, 0.0) / (1 + step * lam * (1 - l1_ratio))


@_answer(
    "elastic_net.prox", False, "subtracts t·sign(z) without stopping at zero, so small entries change sign"
)
def en_prox_w11(z, step, lam, l1_ratio):
    return (z - step * lam * l1_ratio * np.sign(z)) / (1 + step * lam * (1 - l1_ratio))


# --- elastic_net.coordinate --------------------------------------------------------------------------


@_answer("elastic_net.coordinate", True, "partial residual from a copy of w with w[j] = 0")
def coord_r1(X, y, w, j, lam, l1_ratio):
    others = np.array(w, dtype=float)
    others[j] = 0.0
    r = y - X @ others
    n = len(y)
    p, q = X[:, j] @ r / n, X[:, j] @ X[:, j] / n
    return float(np.sign(p) * max(abs(p) - lam * l1_ratio, 0.0) / (q + lam * (1 - l1_ratio)))


@_answer("elastic_net.coordinate", True, "plain loops over rows and features")
def coord_r2(X, y, w, j, lam, l1_ratio):
    n, d = X.shape
    p = q = 0.0
    for i in range(n):
        r = y[i]
        for k in range(d):
            if k != j:
                r -= X[i, k] * w[k]
        p += X[i, j] * r / n
        q += X[i, j] ** 2 / n
    l1, l2 = lam * l1_ratio, lam * (1 - l1_ratio)
    if p > l1:
        return float((p - l1) / (q + l2))
    if p < -l1:
        return float((p + l1) / (q + l2))
    return 0.0


@_answer("elastic_net.coordinate", True, "Gram matrix: p = c_j - (Gw)_j + G_jj w_j")
def coord_r3(X, y, w, j, lam, l1_ratio):
    n = X.shape[0]
    G, c = X.T @ X / n, X.T @ y / n
    p = c[j] - G[j] @ w + G[j, j] * w[j]
    return float((p - np.clip(p, -lam * l1_ratio, lam * l1_ratio)) / (G[j, j] + lam * (1 - l1_ratio)))


@_answer(
    "elastic_net.coordinate",
    True,
    "without dividing by n: threshold and L2 strength multiplied by n; columns deleted with np.delete",
)
def coord_r4(X, y, w, j, lam, l1_ratio):
    n, x = len(y), X[:, j]
    rest = y - np.delete(X, j, axis=1) @ np.delete(w, j)
    p = float(x @ rest)
    size = max(abs(p) - n * lam * l1_ratio, 0.0)
    if size == 0.0:
        return 0.0
    return math.copysign(size, p) / float(x @ x + n * lam * (1 - l1_ratio))


@_answer(
    "elastic_net.coordinate", False, "uses the full residual: the feature's own part x_j w_j is not put back"
)
def coord_w1(X, y, w, j, lam, l1_ratio):
    n = len(y)
    p, q = X[:, j] @ (y - X @ w) / n, X[:, j] @ X[:, j] / n
    return float(np.sign(p) * max(abs(p) - lam * l1_ratio, 0) / (q + lam * (1 - l1_ratio)))


@_answer(
    "elastic_net.coordinate", False, "uses y in place of the partial residual: the other weights have no say"
)
def coord_w2(X, y, w, j, lam, l1_ratio):
    n = len(y)
    p, q = X[:, j] @ y / n, X[:, j] @ X[:, j] / n
    return float(np.sign(p) * max(abs(p) - lam * l1_ratio, 0) / (q + lam * (1 - l1_ratio)))


@_answer(
    "elastic_net.coordinate", False, "assumes standardised columns: 1 in place of q_j in the denominator"
)
def coord_w3(X, y, w, j, lam, l1_ratio):
    r = y - X @ w + X[:, j] * w[j]
    p = X[:, j] @ r / len(y)
    return float(np.sign(p) * max(abs(p) - lam * l1_ratio, 0) / (1 + lam * (1 - l1_ratio)))


@_answer("elastic_net.coordinate", False, "forgets the 1/n in p_j and q_j, so λ is n times too weak")
def coord_w4(X, y, w, j, lam, l1_ratio):
    r = y - X @ w + X[:, j] * w[j]
    p, q = X[:, j] @ r, X[:, j] @ X[:, j]
    return float(np.sign(p) * max(abs(p) - lam * l1_ratio, 0) / (q + lam * (1 - l1_ratio)))


@_answer("elastic_net.coordinate", False, "the lasso's update: λ(1 - ρ) is missing from the denominator")
def coord_w5(X, y, w, j, lam, l1_ratio):
    n = len(y)
    r = y - X @ w + X[:, j] * w[j]
    p, q = X[:, j] @ r / n, X[:, j] @ X[:, j] / n
    return float(np.sign(p) * max(abs(p) - lam * l1_ratio, 0) / q)


@_answer("elastic_net.coordinate", False, "ρ and 1 - ρ swapped")
def coord_w6(X, y, w, j, lam, l1_ratio):
    n = len(y)
    r = y - X @ w + X[:, j] * w[j]
    p, q = X[:, j] @ r / n, X[:, j] @ X[:, j] / n
    return float(np.sign(p) * max(abs(p) - lam * (1 - l1_ratio), 0) / (q + lam * l1_ratio))


@_answer(
    "elastic_net.coordinate",
    False,
    "sets w[j] = 0 in the caller's array to get the partial residual and leaves it changed",
)
def coord_w7(X, y, w, j, lam, l1_ratio):
    n = len(y)
    w[j] = 0
    r = y - X @ w
    p, q = X[:, j] @ r / n, X[:, j] @ X[:, j] / n
    return float(np.sign(p) * max(abs(p) - lam * l1_ratio, 0) / (q + lam * (1 - l1_ratio)))


@_answer(
    "elastic_net.coordinate",
    False,
    "sign slip in the partial residual: subtracts x_j w_j a second time in place of adding it back",
)
def coord_w8(X, y, w, j, lam, l1_ratio):
    n = len(y)
    r = y - X @ w - X[:, j] * w[j]
    p, q = X[:, j] @ r / n, X[:, j] @ X[:, j] / n
    return float(np.sign(p) * max(abs(p) - lam * l1_ratio, 0) / (q + lam * (1 - l1_ratio)))


@_answer("elastic_net.coordinate", False, "q_j = ||x_j|| / n: the norm is not squared")
def coord_w9(X, y, w, j, lam, l1_ratio):
    n = len(y)
    r = y - X @ w + X[:, j] * w[j]
    p, q = X[:, j] @ r / n, np.linalg.norm(X[:, j]) / n
    return float(np.sign(p) * max(abs(p) - lam * l1_ratio, 0) / (q + lam * (1 - l1_ratio)))


@_answer(
    "elastic_net.coordinate",
    False,
    "2λ(1 - ρ) in the denominator: the one half of the penalty is forgotten when differentiating",
)
def coord_w10(X, y, w, j, lam, l1_ratio):
    n = len(y)
    r = y - X @ w + X[:, j] * w[j]
    p, q = X[:, j] @ r / n, X[:, j] @ X[:, j] / n
    return float(np.sign(p) * max(abs(p) - lam * l1_ratio, 0) / (q + 2 * lam * (1 - l1_ratio)))


@_answer(
    "elastic_net.coordinate", False, "adds x_j without its weight when putting the feature back: y - Xw + x_j"
)
def coord_w11(X, y, w, j, lam, l1_ratio):
    n = len(y)
    r = y - X @ w + X[:, j]
    p, q = X[:, j] @ r / n, X[:, j] @ X[:, j] / n
    return float(np.sign(p) * max(abs(p) - lam * l1_ratio, 0) / (q + lam * (1 - l1_ratio)))


# --- elastic_net.augment -----------------------------------------------------------------------------


@_answer("elastic_net.augment", True, "vstack and concatenate")
def augment_r1(X, y, lam, l1_ratio):
    n, d = X.shape
    X_aug = np.vstack([X, np.sqrt(n * lam * (1 - l1_ratio)) * np.eye(d)])
    y_aug = np.concatenate([y, np.zeros(d)])
    return X_aug, y_aug, float(lam * l1_ratio * n / (n + d))


@_answer("elastic_net.augment", True, "zeros first, then filled by loops")
def augment_r2(X, y, lam, l1_ratio):
    n, d = len(X), len(X[0])
    X_aug, y_aug = np.zeros((n + d, d)), np.zeros(n + d)
    for i in range(n):
        y_aug[i] = y[i]
        for j in range(d):
            X_aug[i, j] = X[i, j]
    for j in range(d):
        X_aug[n + j, j] = math.sqrt(n * lam * (1 - l1_ratio))
    return X_aug, y_aug, lam * l1_ratio * n / (n + d)


@_answer("elastic_net.augment", True, "np.r_, np.pad and the factor written as 1/(1 + d/n)")
def augment_r3(X, y, lam, l1_ratio):
    n, d = X.shape
    l1, l2 = lam * l1_ratio, lam * (1 - l1_ratio)
    rows = np.diag(np.full(d, n * l2) ** 0.5)
    return np.r_[X, rows], np.pad(y, (0, d)), l1 / (1 + d / n)


@_answer("elastic_net.augment", False, "√n is missing from the added rows: √(λ(1-ρ)) I")
def augment_w1(X, y, lam, l1_ratio):
    n, d = X.shape
    X_aug = np.vstack([X, np.sqrt(lam * (1 - l1_ratio)) * np.eye(d)])
    return X_aug, np.append(y, np.zeros(d)), lam * l1_ratio * n / (n + d)


@_answer("elastic_net.augment", False, "no square root: nλ(1-ρ) I as rows")
def augment_w2(X, y, lam, l1_ratio):
    n, d = X.shape
    X_aug = np.vstack([X, n * lam * (1 - l1_ratio) * np.eye(d)])
    return X_aug, np.append(y, np.zeros(d)), lam * l1_ratio * n / (n + d)


@_answer("elastic_net.augment", False, "ρ and 1 - ρ swapped, in the rows and in the strength")
def augment_w3(X, y, lam, l1_ratio):
    n, d = X.shape
    X_aug = np.vstack([X, np.sqrt(n * lam * l1_ratio) * np.eye(d)])
    return X_aug, np.append(y, np.zeros(d)), lam * (1 - l1_ratio) * n / (n + d)


@_answer("elastic_net.augment", False, "returns λρ: forgets that a lasso solver now divides by n + d")
def augment_w4(X, y, lam, l1_ratio):
    n, d = X.shape
    X_aug = np.vstack([X, np.sqrt(n * lam * (1 - l1_ratio)) * np.eye(d)])
    return X_aug, np.append(y, np.zeros(d)), lam * l1_ratio


@_answer("elastic_net.augment", False, "rescales the strength the wrong way: (n + d)/n")
def augment_w5(X, y, lam, l1_ratio):
    n, d = X.shape
    X_aug = np.vstack([X, np.sqrt(n * lam * (1 - l1_ratio)) * np.eye(d)])
    return X_aug, np.append(y, np.zeros(d)), lam * l1_ratio * (n + d) / n


@_answer("elastic_net.augment", False, "keeps the one half of the penalty inside the root: √(nλ(1-ρ)/2)")
def augment_w6(X, y, lam, l1_ratio):
    n, d = X.shape
    X_aug = np.vstack([X, np.sqrt(n * lam * (1 - l1_ratio) / 2) * np.eye(d)])
    return X_aug, np.append(y, np.zeros(d)), lam * l1_ratio * n / (n + d)


@_answer("elastic_net.augment", False, "y_aug is a column of shape (n + d, 1) in place of (n + d,)")
def augment_w7(X, y, lam, l1_ratio):
    n, d = X.shape
    X_aug = np.vstack([X, np.sqrt(n * lam * (1 - l1_ratio)) * np.eye(d)])
    y_aug = np.vstack([y.reshape(-1, 1), np.zeros((d, 1))])
    return X_aug, y_aug, lam * l1_ratio * n / (n + d)


@_answer(
    "elastic_net.augment",
    False,
    "copies the paper's version for the other scaling: everything divided by √(1 + λ₂), strength λ₁/√(1 + λ₂)",
)
def augment_w8(X, y, lam, l1_ratio):
    n, d = X.shape
    l1, l2 = lam * l1_ratio, lam * (1 - l1_ratio)
    X_aug = np.vstack([X, np.sqrt(l2) * np.eye(d)]) / np.sqrt(1 + l2)
    return X_aug, np.append(y, np.zeros(d)), l1 / np.sqrt(1 + l2)


@_answer("elastic_net.augment", False, "takes d (the number of added rows) in place of n under the root")
def augment_w9(X, y, lam, l1_ratio):
    n, d = X.shape
    X_aug = np.vstack([X, np.sqrt(d * lam * (1 - l1_ratio)) * np.eye(d)])
    return X_aug, np.append(y, np.zeros(d)), lam * l1_ratio * n / (n + d)


@_answer("elastic_net.augment", False, "the strength lacks the L1 share: λ n/(n + d)")
def augment_w10(X, y, lam, l1_ratio):
    n, d = X.shape
    X_aug = np.vstack([X, np.sqrt(n * lam * (1 - l1_ratio)) * np.eye(d)])
    return X_aug, np.append(y, np.zeros(d)), lam * n / (n + d)


# --- elastic_net.corrected ---------------------------------------------------------------------------


@_answer("elastic_net.corrected", True, "(4.7) as it stands")
def corrected_r1(w, lam, l1_ratio):
    return (1 + lam * (1 - l1_ratio)) * w


@_answer("elastic_net.corrected", True, "list comprehension, entry by entry")
def corrected_r2(w, lam, l1_ratio):
    return np.array([value + lam * value - lam * l1_ratio * value for value in w])


@_answer("elastic_net.corrected", True, "division by the shrinkage 1/(1 + λ₂)")
def corrected_r3(w, lam, l1_ratio):
    l2 = lam - lam * l1_ratio
    shrinkage = 1 / (1 + l2)
    return np.divide(w, shrinkage)


@_answer("elastic_net.corrected", False, "undoes the wrong part: 1 + λρ")
def corrected_w1(w, lam, l1_ratio):
    return (1 + lam * l1_ratio) * w


@_answer("elastic_net.corrected", False, "divides by 1 + λ(1-ρ): shrinks a second time")
def corrected_w2(w, lam, l1_ratio):
    return w / (1 + lam * (1 - l1_ratio))


@_answer("elastic_net.corrected", False, "uses the whole strength: 1 + λ")
def corrected_w3(w, lam, l1_ratio):
    return (1 + lam) * w


@_answer("elastic_net.corrected", False, "factor 2: 1 + 2λ(1-ρ), as if the penalty had no one half")
def corrected_w4(w, lam, l1_ratio):
    return (1 + 2 * lam * (1 - l1_ratio)) * w


@_answer("elastic_net.corrected", False, "takes the coefficient (1-ρ)/2 of (4.1) as λ₂")
def corrected_w5(w, lam, l1_ratio):
    return (1 + lam * (1 - l1_ratio) / 2) * w


@_answer("elastic_net.corrected", False, "right values, but multiplies the caller's array in place")
def corrected_w6(w, lam, l1_ratio):
    w *= 1 + lam * (1 - l1_ratio)
    return w


@_answer("elastic_net.corrected", False, "the square root of the factor, as in the paper's augmented data")
def corrected_w7(w, lam, l1_ratio):
    return np.sqrt(1 + lam * (1 - l1_ratio)) * w


@_answer("elastic_net.corrected", False, "undoes the threshold in place of the shrinkage: adds λρ sign(w)")
def corrected_w8(w, lam, l1_ratio):
    return w + lam * l1_ratio * np.sign(w)


@_answer("elastic_net.corrected", False, "the 1 + is missing: λ(1-ρ) w")
def corrected_w9(w, lam, l1_ratio):
    return lam * (1 - l1_ratio) * w


# --- elastic_net.reversed ----------------------------------------------------------------------------


@_answer("elastic_net.reversed", True, "simplified: λ(1 + a) and (1 - a)/(1 + a)")
def reversed_r1(lam, a):
    return lam * (1 + a), (1 - a) / (1 + a)


@_answer(
    "elastic_net.reversed",
    True,
    "(4.9) not simplified, with a branch for lam = 0, where the share does not matter",
)
def reversed_r2(lam, a):
    l1 = lam * (1 - a)
    l2 = 2 * lam * a
    total = l1 + l2
    share = l1 / total if total > 0 else (1 - a) / (1 + a)
    return total, share


@_answer(
    "elastic_net.reversed",
    True,
    "the share as one minus the L2 share, the strength from the price of w = 1 in both parts",
)
def reversed_r3(lam, a):
    l2_share = 2 * a / (1 + a)
    return lam - lam * a + 2 * lam * a, 1 - l2_share


@_answer(
    "elastic_net.reversed",
    True,
    "(4.9) inserted but not simplified; divides by zero at lam = 0, where (4.9) itself is undefined",
)
def reversed_r4(lam, a):
    lam_1, lam_2 = lam * (1 - a), 2 * lam * a
    return lam_1 + lam_2, lam_1 / (lam_1 + lam_2)


@_answer("elastic_net.reversed", False, "overlooks the missing one half: only 1 - a for the share")
def reversed_w1(lam, a):
    return lam, 1 - a


@_answer("elastic_net.reversed", False, "the factor 2 goes the wrong way: λ₂ = λa/2")
def reversed_w2(lam, a):
    l1, l2 = lam * (1 - a), lam * a / 2
    return l1 + l2, l1 / (l1 + l2)


@_answer("elastic_net.reversed", False, "types the page's numbers as they stand")
def reversed_w3(lam, a):
    return lam, a


@_answer("elastic_net.reversed", False, "returns the share of the squares, λ₂/(λ₁ + λ₂), as l1_ratio")
def reversed_w4(lam, a):
    return lam * (1 + a), 2 * a / (1 + a)


@_answer("elastic_net.reversed", False, "returns the pair in the wrong order: (l1_ratio, lam)")
def reversed_w5(lam, a):
    return (1 - a) / (1 + a), lam * (1 + a)


@_answer("elastic_net.reversed", False, "translates the share but leaves the strength at lam")
def reversed_w6(lam, a):
    return lam, (1 - a) / (1 + a)


@_answer(
    "elastic_net.reversed",
    False,
    "translates the strength, but takes 1 - a as share without dividing by 1 + a",
)
def reversed_w7(lam, a):
    return lam * (1 + a), 1 - a


@_answer("elastic_net.reversed", False, "translates in the wrong direction, from (4.1) to the page")
def reversed_w8(lam, a):
    l1, half_l2 = lam * a, lam * (1 - a) / 2
    return l1 + half_l2, half_l2 / (l1 + half_l2)


@_answer("elastic_net.reversed", False, "slip when simplifying: λ(1 - a) + 2λa taken for λ(1 + 2a)")
def reversed_w9(lam, a):
    return lam * (1 + 2 * a), (1 - a) / (1 + 2 * a)


@_answer("elastic_net.reversed", False, "λ is missing from the L2 part: λ₂ = 2a")
def reversed_w10(lam, a):
    l1, l2 = lam * (1 - a), 2 * a
    return l1 + l2, l1 / (l1 + l2)


# =====================================================================================================
# Chapter 08
# =====================================================================================================

# --- weight_decay.penalised_loss ---------------------------------------------------------------------


@_answer("weight_decay.penalised_loss", True, "generator over the arrays")
def pen_loss_r1(data_loss, weights, lam):
    return data_loss + lam / 2 * sum(np.sum(W**2) for W in weights)


@_answer("weight_decay.penalised_loss", True, "plain loops over the flattened entries")
def pen_loss_r2(data_loss, weights, lam):
    squares = 0.0
    for W in weights:
        for value in np.ravel(W):
            squares += float(value) * float(value)
    return float(data_loss) + 0.5 * lam * squares


@_answer("weight_decay.penalised_loss", True, "squared Frobenius norms by np.linalg.norm, layer by layer")
def pen_loss_r3(data_loss, weights, lam):
    total = data_loss
    for W in weights:
        total = total + lam * np.linalg.norm(W) ** 2 / 2
    return total


@_answer("weight_decay.penalised_loss", True, "one long vector and a dot product")
def pen_loss_r4(data_loss, weights, lam):
    flat = np.concatenate([np.zeros(0)] + [np.asarray(W, dtype=float).ravel() for W in weights])
    return data_loss + lam * (flat @ flat) / 2


@_answer("weight_decay.penalised_loss", False, "the one half is missing")
def pen_loss_w1(data_loss, weights, lam):
    return data_loss + lam * sum(np.sum(W**2) for W in weights)


@_answer("weight_decay.penalised_loss", False, "norms in place of squared norms")
def pen_loss_w2(data_loss, weights, lam):
    return data_loss + lam / 2 * sum(np.linalg.norm(W) for W in weights)


@_answer("weight_decay.penalised_loss", False, "L1 in place of L2: sums absolute values")
def pen_loss_w3(data_loss, weights, lam):
    return data_loss + lam / 2 * sum(np.abs(W).sum() for W in weights)


@_answer(
    "weight_decay.penalised_loss",
    False,
    "the bug of Section 8.9: squares the data loss, the weights never enter",
)
def pen_loss_w4(data_loss, weights, lam):
    return lam / 2 * np.sum(np.square(data_loss))


@_answer("weight_decay.penalised_loss", False, "return inside the loop: only the first layer is counted")
def pen_loss_w5(data_loss, weights, lam):
    for W in weights:
        data_loss = data_loss + lam / 2 * np.sum(W**2)
        return data_loss


@_answer("weight_decay.penalised_loss", False, "mean of the squares in place of the sum")
def pen_loss_w6(data_loss, weights, lam):
    return data_loss + lam / 2 * sum(np.mean(W**2) for W in weights)


@_answer("weight_decay.penalised_loss", False, "squares the sum in place of summing the squares")
def pen_loss_w7(data_loss, weights, lam):
    return data_loss + lam / 2 * sum(np.sum(W) ** 2 for W in weights)


@_answer("weight_decay.penalised_loss", False, "returns the penalty alone, the data loss is not added")
def pen_loss_w8(data_loss, weights, lam):
    return lam / 2 * sum(np.sum(W**2) for W in weights)


@_answer(
    "weight_decay.penalised_loss",
    False,
    "overwrites the running sum in the loop (= in place of +=): only the last layer counts",
)
def pen_loss_w9(data_loss, weights, lam):
    squares = 0
    for W in weights:
        squares = np.sum(W**2)
    return data_loss + lam / 2 * squares


@_answer("weight_decay.penalised_loss", False, "averages over the layers: divides the sum by len(weights)")
def pen_loss_w10(data_loss, weights, lam):
    return data_loss + lam / 2 * sum(np.sum(W**2) for W in weights) / len(weights)


@_answer("weight_decay.penalised_loss", False, "adds the data loss once for each layer, inside the sum")
def pen_loss_w11(data_loss, weights, lam):
    return sum(data_loss + lam / 2 * np.sum(W**2) for W in weights)


# --- weight_decay.sgd_step ---------------------------------------------------------------------------


@_answer("weight_decay.sgd_step", True, "gradient of the penalised loss, one step")
def sgd_step_r1(w, grad, lr, lam):
    return w - lr * (grad + lam * w)


@_answer("weight_decay.sgd_step", True, "right-hand side of (8.2): shrink, then step")
def sgd_step_r2(w, grad, lr, lam):
    new = np.array(w, dtype=float)
    new *= 1 - lr * lam
    new -= lr * np.asarray(grad)
    return new


@_answer("weight_decay.sgd_step", True, "loop over the entries")
def sgd_step_r3(w, grad, lr, lam):
    w, grad = np.asarray(w, dtype=float), np.asarray(grad, dtype=float)
    new = [a - lr * g - lr * lam * a for a, g in zip(w.ravel(), grad.ravel(), strict=True)]
    return np.array(new).reshape(w.shape)


@_answer("weight_decay.sgd_step", False, "the learning rate is missing from the decay: (1 - λ) w - lr g")
def sgd_step_w1(w, grad, lr, lam):
    return w - lr * grad - lam * w


@_answer("weight_decay.sgd_step", False, "gradient of λ||w||² without the one half: 2λw")
def sgd_step_w2(w, grad, lr, lam):
    return w - lr * (grad + 2 * lam * w)


@_answer("weight_decay.sgd_step", False, "sign: the decay is added, so the weights grow")
def sgd_step_w3(w, grad, lr, lam):
    return w - lr * grad + lr * lam * w


@_answer("weight_decay.sgd_step", False, "right values, but changes the caller's w in place")
def sgd_step_w4(w, grad, lr, lam):
    w -= lr * (grad + lam * w)
    return w


@_answer("weight_decay.sgd_step", False, "steps first and shrinks the result: (1 - lr λ)(w - lr g)")
def sgd_step_w5(w, grad, lr, lam):
    w = w - lr * grad
    return w - lr * lam * w


@_answer("weight_decay.sgd_step", False, "L1's gradient: λ sign(w) in place of λ w")
def sgd_step_w6(w, grad, lr, lam):
    return w - lr * (grad + lam * np.sign(w))


@_answer("weight_decay.sgd_step", False, "keeps the one half when differentiating: λ/2 · w")
def sgd_step_w7(w, grad, lr, lam):
    return w - lr * (grad + lam / 2 * w)


@_answer(
    "weight_decay.sgd_step",
    False,
    "adds the value of the penalty, λ/2 ||w||², to the gradient in place of its derivative",
)
def sgd_step_w8(w, grad, lr, lam):
    return w - lr * (grad + lam / 2 * np.sum(w**2))


@_answer("weight_decay.sgd_step", False, "climbs: + lr g, with the right decay")
def sgd_step_w9(w, grad, lr, lam):
    return (1 - lr * lam) * w + lr * grad


@_answer(
    "weight_decay.sgd_step", False, "the learning rate is missing from the data gradient: (1 - lr λ) w - g"
)
def sgd_step_w10(w, grad, lr, lam):
    return (1 - lr * lam) * w - grad


@_answer("weight_decay.sgd_step", False, "decays the gradient in place of the weight: w - lr (1 + λ) g")
def sgd_step_w11(w, grad, lr, lam):
    return w - lr * (grad + lam * grad)


# --- weight_decay.zero_gradient ----------------------------------------------------------------------

_value("weight_decay.zero_gradient", True, "2 (1 - lr λ)³ as an expression", 2.0 * (1 - 0.1 * 0.5) ** 3)
_value("weight_decay.zero_gradient", True, "the same typed as a decimal number", 1.71475)
_value("weight_decay.zero_gradient", False, "two steps in place of three", 2.0 * 0.95**2)
_value("weight_decay.zero_gradient", False, "adds up three equal losses of 5 %: 2 (1 - 3 · 0.05)", 1.7)
_value("weight_decay.zero_gradient", False, "factor 2 in the gradient of the penalty: 2 · 0.9³", 2.0 * 0.9**3)
_value("weight_decay.zero_gradient", False, "learning rate forgotten: 2 (1 - λ)³", 2.0 * 0.5**3)
_value("weight_decay.zero_gradient", False, "no gradient, so nothing moves", 2.0)
_value("weight_decay.zero_gradient", False, "keeps the one half: 2 (1 - lr λ/2)³", 2.0 * 0.975**3)
_value("weight_decay.zero_gradient", False, "gives the factor and forgets the starting value 2", 0.95**3)


# --- weight_decay.adamw_step -------------------------------------------------------------------------


@_answer("weight_decay.adamw_step", True, "(8.6) as it stands")
def adamw_r1(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return (1 - lr * lam) * w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@_answer("weight_decay.adamw_step", True, "loop over the entries with Python numbers")
def adamw_r2(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    w, grad, m, v = (np.asarray(a, dtype=float) for a in (w, grad, m, v))
    new_w, new_m, new_v = np.empty(w.shape), np.empty(w.shape), np.empty(w.shape)
    for k in np.ndindex(*w.shape):
        new_m[k] = beta1 * m[k] + (1 - beta1) * grad[k]
        new_v[k] = beta2 * v[k] + (1 - beta2) * grad[k] * grad[k]
        mean = new_m[k] / (1 - beta1**t)
        size = math.sqrt(new_v[k] / (1 - beta2**t))
        new_w[k] = w[k] - lr * (lam * w[k] + mean / (size + eps))
    return new_w, new_m, new_v


@_answer(
    "weight_decay.adamw_step",
    True,
    "bias correction moved into the step length and into eps (the paper's efficient form, exact)",
)
def adamw_r3(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m_new = m + (1 - beta1) * (grad - m)
    v_new = v + (1 - beta2) * (np.square(grad) - v)
    root = np.sqrt(1 - beta2**t)
    length = lr * root / (1 - beta1**t)
    decayed = w - lr * lam * w
    return decayed - length * m_new / (np.sqrt(v_new) + eps * root), m_new, v_new


@_answer("weight_decay.adamw_step", False, "Adam with L2: the decay joins the gradient (coupled)")
def adamw_w1(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    g = grad + lam * w
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@_answer("weight_decay.adamw_step", False, "decay without the learning rate, (1 - λ) w")
def adamw_w2(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return (1 - lam) * w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@_answer(
    "weight_decay.adamw_step", False, "Adam step first, then shrinks the result: the step is decayed too"
)
def adamw_w3(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    w = w - lr * m_hat / (np.sqrt(v_hat) + eps)
    return (1 - lr * lam) * w, m, v


@_answer("weight_decay.adamw_step", False, "eps under the root, √(v̂ + eps)")
def adamw_w4(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return (1 - lr * lam) * w - lr * m_hat / np.sqrt(v_hat + eps), m, v


@_answer("weight_decay.adamw_step", False, "no bias correction")
def adamw_w5(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return (1 - lr * lam) * w - lr * m / (np.sqrt(v) + eps), m, v


@_answer("weight_decay.adamw_step", False, "counts steps from zero: exponent t + 1 in the bias correction")
def adamw_w6(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1 ** (t + 1)), v / (1 - beta2 ** (t + 1))
    return (1 - lr * lam) * w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@_answer(
    "weight_decay.adamw_step",
    False,
    "returns the corrected averages m̂, v̂, so the next call corrects them again",
)
def adamw_w7(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m, v = m / (1 - beta1**t), v / (1 - beta2**t)
    return (1 - lr * lam) * w - lr * m / (np.sqrt(v) + eps), m, v


@_answer("weight_decay.adamw_step", False, "beta1 and beta2 swapped")
def adamw_w8(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta2 * m + (1 - beta2) * grad
    v = beta1 * v + (1 - beta1) * grad**2
    m_hat, v_hat = m / (1 - beta2**t), v / (1 - beta1**t)
    return (1 - lr * lam) * w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@_answer(
    "weight_decay.adamw_step", False, "eps left out: 0/0 = nan for a weight whose gradients were always zero"
)
def adamw_w9(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return (1 - lr * lam) * w - lr * m_hat / np.sqrt(v_hat), m, v


@_answer("weight_decay.adamw_step", False, "averages the square of m in place of the square of the gradient")
def adamw_w10(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * m**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return (1 - lr * lam) * w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@_answer("weight_decay.adamw_step", False, "right values, but m and v are updated in the caller's arrays")
def adamw_w11(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m *= beta1
    m += (1 - beta1) * grad
    v *= beta2
    v += (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return (1 - lr * lam) * w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@_answer("weight_decay.adamw_step", False, "typed beta * t in place of beta ** t: right at t = 1 only")
def adamw_w12(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1 * t), v / (1 - beta2 * t)
    return (1 - lr * lam) * w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@_answer("weight_decay.adamw_step", False, "divides by v̂, the root is missing")
def adamw_w13(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return (1 - lr * lam) * w - lr * m_hat / (v_hat + eps), m, v


@_answer(
    "weight_decay.adamw_step",
    False,
    "half decoupled: the decay is left out of m and v but still divided by √v̂",
)
def adamw_w14(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - lr * (m_hat + lam * w) / (np.sqrt(v_hat) + eps), m, v


# --- weight_decay.groups -----------------------------------------------------------------------------

_value("weight_decay.groups", True, "the three matrices as an expression", 64 * 32 + 32 * 32 + 32 * 10)
_value("weight_decay.groups", True, "the same number", 3392)
_value(
    "weight_decay.groups",
    False,
    "biases of the linear layers counted as well",
    64 * 32 + 32 + 32 * 32 + 32 * 10 + 10,
)
_value(
    "weight_decay.groups",
    False,
    "all parameters: biases, scale and shift of the norm layer included",
    64 * 32 + 32 + 64 + 32 * 32 + 32 * 10 + 10,
)
_value(
    "weight_decay.groups",
    False,
    "the norm layer's scale counted because torch calls it `weight`",
    64 * 32 + 32 + 32 * 32 + 32 * 10,
)
_value("weight_decay.groups", False, "the group without decay in place of the one with it", 32 + 64 + 10)
_value("weight_decay.groups", False, "the number of tensors in the group, not of numbers", 3)
_value("weight_decay.groups", False, "leaves out the layer without bias", 64 * 32 + 32 * 10)
_value("weight_decay.groups", False, "leaves out the output layer", 64 * 32 + 32 * 32)


# --- weight_decay.prox_step --------------------------------------------------------------------------


@_answer("weight_decay.prox_step", True, "(8.10) as it stands")
def prox_step_r1(w, grad, lr, lam):
    z = w - lr * grad
    return np.sign(z) * np.maximum(np.abs(z) - lr * lam, 0)


@_answer("weight_decay.prox_step", True, "loop with three branches")
def prox_step_r2(w, grad, lr, lam):
    w, grad = np.asarray(w, dtype=float), np.asarray(grad, dtype=float)
    new, t = np.zeros(w.shape), lr * lam
    for k in np.ndindex(*w.shape):
        z = w[k] - lr * grad[k]
        if z > t:
            new[k] = z - t
        elif z < -t:
            new[k] = z + t
    return new


@_answer("weight_decay.prox_step", True, "z minus its projection on [-lr λ, lr λ]")
def prox_step_r3(w, grad, lr, lam):
    z = np.subtract(w, lr * grad)
    return z - np.clip(z, -lr * lam, lr * lam)


@_answer("weight_decay.prox_step", True, "difference of two positive parts")
def prox_step_r4(w, grad, lr, lam):
    z = w - lr * grad
    return np.maximum(z - lr * lam, 0) - np.maximum(-z - lr * lam, 0)


@_answer("weight_decay.prox_step", False, "the learning rate is missing from the threshold")
def prox_step_w1(w, grad, lr, lam):
    z = w - lr * grad
    return np.sign(z) * np.maximum(np.abs(z) - lam, 0)


@_answer("weight_decay.prox_step", False, "subgradient step: L1 in the loss, no exact zeros")
def prox_step_w2(w, grad, lr, lam):
    return w - lr * (grad + lam * np.sign(w))


@_answer("weight_decay.prox_step", False, "thresholds first and takes the gradient step afterwards")
def prox_step_w3(w, grad, lr, lam):
    w = np.sign(w) * np.maximum(np.abs(w) - lr * lam, 0)
    return w - lr * grad


@_answer(
    "weight_decay.prox_step", False, "subtracts lr λ sign(z) without the max: small entries jump over zero"
)
def prox_step_w4(w, grad, lr, lam):
    z = w - lr * grad
    return z - lr * lam * np.sign(z)


@_answer(
    "weight_decay.prox_step",
    False,
    "sign of the old w in place of the sign of z: wrong where the step crosses zero",
)
def prox_step_w5(w, grad, lr, lam):
    z = w - lr * grad
    return np.sign(w) * np.maximum(np.abs(z) - lr * lam, 0)


@_answer("weight_decay.prox_step", False, "gradient step with the wrong sign")
def prox_step_w6(w, grad, lr, lam):
    z = w + lr * grad
    return np.sign(z) * np.maximum(np.abs(z) - lr * lam, 0)


@_answer("weight_decay.prox_step", False, "the proximal operator of L2: divides by 1 + lr λ")
def prox_step_w7(w, grad, lr, lam):
    return (w - lr * grad) / (1 + lr * lam)


@_answer("weight_decay.prox_step", False, "hard threshold: small entries to zero, the others are not reduced")
def prox_step_w8(w, grad, lr, lam):
    z = w - lr * grad
    return np.where(np.abs(z) <= lr * lam, 0.0, z)


@_answer(
    "weight_decay.prox_step", False, "penalises twice: the subgradient in the step and the threshold after it"
)
def prox_step_w9(w, grad, lr, lam):
    z = w - lr * (grad + lam * np.sign(w))
    return np.sign(z) * np.maximum(np.abs(z) - lr * lam, 0)


@_answer("weight_decay.prox_step", False, "right values, but w is changed in place")
def prox_step_w10(w, grad, lr, lam):
    w -= lr * grad
    w -= np.clip(w, -lr * lam, lr * lam)
    return w


@_answer("weight_decay.prox_step", False, "threshold lr λ/2, with the one half that belongs to L2")
def prox_step_w11(w, grad, lr, lam):
    z = w - lr * grad
    return np.sign(z) * np.maximum(np.abs(z) - lr * lam / 2, 0)


@_answer(
    "weight_decay.prox_step", False, "max(z - t, 0) without sign and absolute value: negative weights vanish"
)
def prox_step_w12(w, grad, lr, lam):
    return np.maximum(w - lr * grad - lr * lam, 0)


# --- weight_decay.max_norm ---------------------------------------------------------------------------


@_answer("weight_decay.max_norm", True, "one factor for each column, limit / max(norm, limit)")
def max_norm_r1(W, limit):
    norms = np.linalg.norm(W, axis=0)
    return W * (limit / np.maximum(norms, limit))


@_answer("weight_decay.max_norm", True, "loop over the columns of a copy")
def max_norm_r2(W, limit):
    out = np.array(W, dtype=float)
    for k in range(out.shape[1]):
        norm = math.sqrt(sum(value**2 for value in out[:, k]))
        if norm > limit:
            out[:, k] = out[:, k] * limit / norm
    return out


@_answer("weight_decay.max_norm", True, "boolean index of the columns that are too long")
def max_norm_r3(W, limit):
    norms = np.sqrt((W**2).sum(axis=0, keepdims=True))
    too_long = norms[0] > limit
    new = W.astype(float).copy()
    new[:, too_long] *= limit / norms[:, too_long]
    return new


@_answer("weight_decay.max_norm", True, "divides by max(1, norm/limit)")
def max_norm_r4(W, limit):
    excess = np.sqrt(np.einsum("ij,ij->j", W, W)) / limit
    return W / np.where(excess > 1, excess, 1.0)


@_answer(
    "weight_decay.max_norm", False, "norms of the rows (axis=1): limits the outgoing weights of each input"
)
def max_norm_w1(W, limit):
    norms = np.linalg.norm(W, axis=1, keepdims=True)
    return W * np.minimum(1, limit / np.maximum(norms, 1e-12))


@_answer("weight_decay.max_norm", False, "one norm for the whole matrix (axis forgotten)")
def max_norm_w2(W, limit):
    norm = np.linalg.norm(W)
    return W * limit / norm if norm > limit else W.copy()


@_answer("weight_decay.max_norm", False, "sets every column to norm limit, so short columns grow")
def max_norm_w3(W, limit):
    return W * limit / np.linalg.norm(W, axis=0)


@_answer("weight_decay.max_norm", False, "clips the entries at ±limit in place of scaling the columns")
def max_norm_w4(W, limit):
    return np.clip(W, -limit, limit)


@_answer("weight_decay.max_norm", False, "scales long columns to norm 1 in place of norm limit")
def max_norm_w5(W, limit):
    norms = np.linalg.norm(W, axis=0)
    return np.where(norms > limit, W / np.maximum(norms, 1e-12), W)


@_answer("weight_decay.max_norm", False, "right values, but scales the caller's matrix in place")
def max_norm_w6(W, limit):
    norms = np.linalg.norm(W, axis=0)
    W *= np.where(norms > limit, limit / np.maximum(norms, 1e-12), 1.0)
    return W


@_answer("weight_decay.max_norm", False, "forgets the square root: compares and scales with the squared norm")
def max_norm_w7(W, limit):
    squares = np.sum(W**2, axis=0)
    return np.where(squares > limit, W * limit / np.maximum(squares, 1e-12), W)


@_answer(
    "weight_decay.max_norm",
    False,
    "W / norm * min(norm, limit) without a guard: a column of zeros becomes nan",
)
def max_norm_w8(W, limit):
    norms = np.linalg.norm(W, axis=0)
    return W / norms * np.minimum(norms, limit)


@_answer("weight_decay.max_norm", False, "sets columns that are too long to zero (drops the unit)")
def max_norm_w9(W, limit):
    return np.where(np.linalg.norm(W, axis=0) > limit, 0.0, W)


@_answer("weight_decay.max_norm", False, "uses the L1 norm of the columns")
def max_norm_w10(W, limit):
    norms = np.abs(W).sum(axis=0)
    return W * np.minimum(1, limit / np.maximum(norms, 1e-12))


@_answer(
    "weight_decay.max_norm", False, "scales all columns by one common factor, that of the longest column"
)
def max_norm_w11(W, limit):
    longest = np.linalg.norm(W, axis=0).max()
    return W * min(1, limit / longest)


@_answer(
    "weight_decay.max_norm",
    False,
    "the mask is the wrong way round: scales up the short columns and leaves the long ones alone",
)
def max_norm_w12(W, limit):
    norms = np.linalg.norm(W, axis=0)
    return np.where(norms < limit, W * limit / np.maximum(norms, 1e-12), W)


# =====================================================================================================
# Chapter 09
# =====================================================================================================

# --- dropout.forward ---------------------------------------------------------------------------------


@_answer("dropout.forward", True, "boolean mask, p = 1 as a case of its own")
def dropout_r1(x, p, rng, training):
    if not training:
        return x
    if p == 1:
        return np.zeros_like(x)
    return x * (rng.random(x.shape) >= p) / (1 - p)


@_answer("dropout.forward", True, "np.where; the scale is guarded, so p = 1 needs no branch")
def dropout_r2(x, p, rng, training):
    if training:
        scale = 1 / (1 - p) if p < 1 else 0.0
        dropped = rng.random(x.shape) < p
        return np.where(dropped, 0.0, x * scale)
    return x.copy()


@_answer("dropout.forward", True, "loop over the entries, one random number each")
def dropout_r3(x, p, rng, training):
    out = np.array(x, dtype=float)
    if training:
        for k in np.ndindex(*out.shape):
            if rng.random() < p:
                out[k] = 0.0
            else:
                out[k] = out[k] / (1.0 - p)
    return out


@_answer("dropout.forward", True, "binomial draws for the kept entries")
def dropout_r4(x, p, rng, training):
    if not training or p == 0:
        return np.array(x)
    kept = rng.binomial(1, 1 - p, size=x.shape)
    if p == 1:
        return 0.0 * kept
    return kept / (1 - p) * x


@_answer("dropout.forward", False, "no scaling while training")
def dropout_w1(x, p, rng, training):
    if not training:
        return x
    return x * (rng.random(x.shape) >= p)


@_answer("dropout.forward", False, "scales by 1/p in place of 1/(1-p)")
def dropout_w2(x, p, rng, training):
    if not training or p == 0:
        return x
    return x * (rng.random(x.shape) >= p) / p


@_answer(
    "dropout.forward", False, "reads p as the probability of keeping, with the scale 1/p that belongs to it"
)
def dropout_w3(x, p, rng, training):
    if not training:
        return x
    if p == 0:
        return np.zeros_like(x)
    return x * (rng.random(x.shape) < p) / p


@_answer(
    "dropout.forward",
    False,
    "comparison the wrong way round: keeps with probability p, but scales by 1/(1-p)",
)
def dropout_w4(x, p, rng, training):
    if not training:
        return x
    if p == 1:
        return np.zeros_like(x)
    return x * (rng.random(x.shape) < p) / (1 - p)


@_answer(
    "dropout.forward", False, "one mask for the whole batch: rng.random(x.shape[-1]) broadcasts over the rows"
)
def dropout_w5(x, p, rng, training):
    if not training:
        return x
    if p == 1:
        return np.zeros_like(x)
    return x * (rng.random(x.shape[-1]) >= p) / (1 - p)


@_answer("dropout.forward", False, "p = 1 not treated: 0/0 gives nan")
def dropout_w6(x, p, rng, training):
    if not training:
        return x
    keep = (rng.random(x.shape) >= p).astype(float)
    return x * (keep / (1 - p))


@_answer(
    "dropout.forward", False, "both rules at once: scales by 1/(1-p) while training and by 1-p in evaluation"
)
def dropout_w7(x, p, rng, training):
    if not training:
        return (1 - p) * x
    if p == 1:
        return np.zeros_like(x)
    return x * (rng.random(x.shape) >= p) / (1 - p)


@_answer("dropout.forward", False, "the rule of 2014: no scaling while training, times 1-p in evaluation")
def dropout_w8(x, p, rng, training):
    if training:
        return np.where(rng.random(x.shape) < p, 0.0, x)
    return (1 - p) * x


@_answer("dropout.forward", False, "ignores `training`: drops in evaluation as well")
def dropout_w9(x, p, rng, training):
    if p == 1:
        return np.zeros_like(x)
    return x * (rng.random(x.shape) >= p) / (1 - p)


@_answer(
    "dropout.forward", False, "right distribution, but sets the entries of the caller's x to zero in place"
)
def dropout_w10(x, p, rng, training):
    if not training:
        return x
    x[rng.random(x.shape) < p] = 0
    return x / (1 - p) if p < 1 else x


@_answer(
    "dropout.forward",
    False,
    "drops exactly round(p · size) entries: not independent, and a single entry is never dropped at p = 0.2",
)
def dropout_w11(x, p, rng, training):
    if not training:
        return x
    if p == 1:
        return np.zeros_like(x)
    mask = np.ones(x.size)
    mask[rng.choice(x.size, size=round(p * x.size), replace=False)] = 0
    return x * mask.reshape(x.shape) / (1 - p)


@_answer(
    "dropout.forward", False, "makes its own generator with seed 0 in each call: every call has the same mask"
)
def dropout_w12(x, p, rng, training):
    if not training:
        return x
    if p == 1:
        return np.zeros_like(x)
    rng = np.random.default_rng(0)
    return x * (rng.random(x.shape) >= p) / (1 - p)


@_answer("dropout.forward", False, "scales by the realised share of kept entries in place of 1-p")
def dropout_w13(x, p, rng, training):
    if not training:
        return x
    keep = rng.random(x.shape) >= p
    if not keep.any():
        return np.zeros_like(x)
    return x * keep / keep.mean()


@_answer("dropout.forward", False, "one random number decides about the whole array")
def dropout_w14(x, p, rng, training):
    if not training:
        return x
    if rng.random() < p:
        return np.zeros_like(x)
    return x / (1 - p)


@_answer("dropout.forward", False, "multiplies the kept entries by 1-p in place of dividing")
def dropout_w15(x, p, rng, training):
    if not training:
        return x
    return np.where(rng.random(x.shape) < p, 0.0, x * (1 - p))


@_answer("dropout.forward", False, "one mask entry per row: each sample is kept or dropped as a whole")
def dropout_w16(x, p, rng, training):
    if not training:
        return x
    if p == 1:
        return np.zeros_like(x)
    keep = rng.random(len(x)) >= p
    return x * keep.reshape((-1,) + (1,) * (x.ndim - 1)) / (1 - p)


# --- dropout.variance --------------------------------------------------------------------------------

_value("dropout.variance", True, "p/(1-p) as an expression", 0.6 / (1 - 0.6))
_value("dropout.variance", True, "the same as a decimal number", 1.5)
_value("dropout.variance", False, "variance of the mask before scaling, p(1-p)", 0.6 * 0.4)
_value("dropout.variance", False, "p read as the probability of keeping: (1-p)/p", 0.4 / 0.6)
_value("dropout.variance", False, "the standard deviation in place of the variance", math.sqrt(1.5))
_value("dropout.variance", False, "E[μ²] = 1/(1-p), the squared mean is not subtracted", 1 / 0.4)
_value("dropout.variance", False, "the factor taken out of the variance once, not squared: p(1-p)/(1-p)", 0.6)
_value(
    "dropout.variance",
    False,
    "scale 1/p, and taken out of the variance once in place of squared: p(1-p)/p",
    0.4,
)


# --- dropout.layer -----------------------------------------------------------------------------------


@_answer("dropout.layer", True, "stores the scaled mask; ones in evaluation")
class DropoutLayerR1:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        if training:
            self.mask = (self.rng.random(x.shape) >= self.p) / (1 - self.p)
        else:
            self.mask = np.ones(x.shape)
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


@_answer("dropout.layer", True, "stores the boolean mask and a flag; scales in both passes")
class DropoutLayerR2:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng
        self.keep = None

    def forward(self, x, training):
        self.keep = self.rng.random(x.shape) >= self.p if training else None
        if self.keep is None:
            return x
        return np.where(self.keep, x / (1 - self.p), 0.0)

    def backward(self, grad):
        if self.keep is None:
            return grad
        return np.where(self.keep, grad / (1 - self.p), 0.0)


@_answer("dropout.layer", True, "loops over the entries, remembers the factor of each one")
class DropoutLayerR3:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        self.factor = np.ones(x.shape)
        out = np.empty(x.shape)
        for k in np.ndindex(*x.shape):
            if training:
                self.factor[k] = 0.0 if self.rng.random() < self.p else 1 / (1 - self.p)
            out[k] = self.factor[k] * x[k]
        return out

    def backward(self, grad):
        result = np.empty(grad.shape)
        for k in np.ndindex(*grad.shape):
            result[k] = self.factor[k] * grad[k]
        return result


@_answer(
    "dropout.layer",
    True,
    "remembers which entries are dropped and the scale of the latest pass; draws in evaluation too, with rate 0",
)
class DropoutLayerR4:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        rate = self.p if training else 0.0
        self.scale = 1.0 / (1.0 - rate)
        self.dropped = self.rng.random(x.shape) < rate
        return self._apply(x)

    def backward(self, grad):
        return self._apply(grad)

    def _apply(self, values):
        return np.where(self.dropped, 0.0, values * self.scale)


@_answer("dropout.layer", False, "draws a new mask in backward")
class DropoutLayerW1:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        self.training = training
        if not training:
            return x
        return x * (self.rng.random(x.shape) >= self.p) / (1 - self.p)

    def backward(self, grad):
        if not self.training:
            return grad
        return grad * (self.rng.random(grad.shape) >= self.p) / (1 - self.p)


@_answer("dropout.layer", False, "backward uses the mask of zeros and ones: the factor 1/(1-p) is missing")
class DropoutLayerW2:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        if not training:
            self.mask = np.ones(x.shape)
            return x
        self.mask = (self.rng.random(x.shape) >= self.p).astype(float)
        return x * self.mask / (1 - self.p)

    def backward(self, grad):
        return grad * self.mask


@_answer(
    "dropout.layer", False, "backward hands the gradient on unchanged, as if dropped units still learned"
)
class DropoutLayerW3:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        if not training:
            return x
        return x * (self.rng.random(x.shape) >= self.p) / (1 - self.p)

    def backward(self, grad):
        return grad


@_answer(
    "dropout.layer",
    False,
    "an evaluation pass does not replace the stored mask: backward after it uses the mask of the last training pass",
)
class DropoutLayerW4:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng
        self.mask = 1.0

    def forward(self, x, training):
        if training:
            self.mask = (self.rng.random(x.shape) >= self.p) / (1 - self.p)
            return x * self.mask
        return x

    def backward(self, grad):
        return grad * self.mask


@_answer(
    "dropout.layer",
    False,
    "recovers the mask from output != 0: kept entries with x = 0 (after a ReLU) lose their gradient",
)
class DropoutLayerW5:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        self.training = training
        if not training:
            return x
        self.out = x * (self.rng.random(x.shape) >= self.p) / (1 - self.p)
        return self.out

    def backward(self, grad):
        if not self.training:
            return grad
        return grad * (self.out != 0) / (1 - self.p)


@_answer("dropout.layer", False, "draws the mask once and keeps it for all further training passes")
class DropoutLayerW6:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng
        self.cached = None

    def forward(self, x, training):
        if not training:
            self.mask = np.ones(x.shape)
            return x
        if self.cached is None or self.cached.shape != x.shape:
            self.cached = (self.rng.random(x.shape) >= self.p) / (1 - self.p)
        self.mask = self.cached
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


@_answer("dropout.layer", False, "right values, but backward changes the caller's grad in place")
class DropoutLayerW7:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        if training:
            self.mask = (self.rng.random(x.shape) >= self.p) / (1 - self.p)
        else:
            self.mask = np.ones(x.shape)
        return x * self.mask

    def backward(self, grad):
        grad *= self.mask
        return grad


@_answer("dropout.layer", False, "scales twice in backward: the stored mask has the factor 1/(1-p) already")
class DropoutLayerW8:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        self.training = training
        self.mask = (self.rng.random(x.shape) >= self.p) / (1 - self.p) if training else np.ones(x.shape)
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask / (1 - self.p) if self.training else grad * self.mask


@_answer("dropout.layer", False, "multiplies the gradient by the layer's output in place of the mask")
class DropoutLayerW9:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        self.training = training
        if not training:
            return x
        self.out = x * (self.rng.random(x.shape) >= self.p) / (1 - self.p)
        return self.out

    def backward(self, grad):
        return grad * self.out if self.training else grad


@_answer(
    "dropout.layer", False, "backward multiplies by 1-p after an evaluation pass (expects the rule of 2014)"
)
class DropoutLayerW10:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        if training:
            self.mask = (self.rng.random(x.shape) >= self.p) / (1 - self.p)
            return x * self.mask
        self.mask = np.full(x.shape, 1 - self.p)
        return x

    def backward(self, grad):
        return grad * self.mask


@_answer("dropout.layer", False, "keeps with probability p (keep and drop confused)")
class DropoutLayerW11:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        if training:
            self.mask = (self.rng.random(x.shape) < self.p) / (1 - self.p)
        else:
            self.mask = np.ones(x.shape)
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


@_answer(
    "dropout.layer",
    False,
    "the rule of 2014, with a consistent backward: no scaling while training, 1-p in evaluation",
)
class DropoutLayerW12:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        if training:
            self.mask = (self.rng.random(x.shape) >= self.p).astype(float)
        else:
            self.mask = np.full(x.shape, 1 - self.p)
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


@_answer("dropout.layer", False, "one mask row for the whole batch")
class DropoutLayerW13:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        if training:
            self.mask = (self.rng.random(x.shape[1:]) >= self.p) / (1 - self.p)
        else:
            self.mask = np.ones(x.shape[1:])
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


@_answer("dropout.layer", False, "forward ignores `training` and drops in evaluation too")
class DropoutLayerW14:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        self.mask = (self.rng.random(x.shape) >= self.p) / (1 - self.p)
        return x * self.mask

    def backward(self, grad):
        return grad * self.mask


@_answer(
    "dropout.layer",
    False,
    "keeps the mask of the first pass for backward (set only if there is none yet), while forward draws new ones",
)
class DropoutLayerW15:
    def __init__(self, p, rng):
        self.p, self.rng = p, rng

    def forward(self, x, training):
        mask = (self.rng.random(x.shape) >= self.p) / (1 - self.p) if training else np.ones(x.shape)
        if not hasattr(self, "mask"):
            self.mask = mask
        return x * mask

    def backward(self, grad):
        return grad * self.mask


# --- dropout.kept_units ------------------------------------------------------------------------------

_value("dropout.kept_units", True, "64 times the probability of keeping", 64 * (1 - 0.25))
_value("dropout.kept_units", True, "the same as a whole number", 48)
_value("dropout.kept_units", False, "the dropped ones: 64 · 0.25", 16)
_value("dropout.kept_units", False, "applies the rate to both hidden layers: 0.75 (100 + 64)", 123)
_value("dropout.kept_units", False, "applies the rate to the first layer", 75)
_value("dropout.kept_units", False, "divides: inverted scaling applied to the count, 64/0.75", 64 / 0.75)
_value("dropout.kept_units", False, "counts all units of the network that take part, 100 + 48", 148)
_value("dropout.kept_units", False, "no unit leaves the network, so all take part", 64)


# --- dropout.evaluation ------------------------------------------------------------------------------

_value("dropout.evaluation", True, "evaluation is the identity", 4.0)
_value("dropout.evaluation", True, "the same as an integer", 4)
_value("dropout.evaluation", False, "multiplies by 1-p, the rule of 2014", 4.0 * 0.8)
_value("dropout.evaluation", False, "divides by 1-p as in training", 4.0 / 0.8)
_value("dropout.evaluation", False, "multiplies by p", 4.0 * 0.2)
_value("dropout.evaluation", False, "divides by p", 4.0 / 0.2)
_value("dropout.evaluation", False, "thinks that the unit is dropped", 0.0)


# --- dropout.regression ------------------------------------------------------------------------------


@_answer("dropout.regression", True, "normal equations with p/(1-p) diag(XᵀX)")
def drop_reg_r1(X, y, p):
    G = X.T @ X
    return np.linalg.solve(G + p / (1 - p) * np.diag(np.diag(G)), X.T @ y)


@_answer(
    "dropout.regression", True, "columns scaled to length 1, ordinary ridge with p/(1-p), weights scaled back"
)
def drop_reg_r2(X, y, p):
    gamma = np.sqrt(np.sum(X**2, axis=0))
    Z = X / gamma
    u = np.linalg.solve(Z.T @ Z + p / (1 - p) * np.eye(X.shape[1]), Z.T @ y)
    return u / gamma


@_answer("dropout.regression", True, "least squares on data with d extra rows √(p/(1-p)) Γ")
def drop_reg_r3(X, y, p):
    d = X.shape[1]
    rows = np.sqrt(p / (1 - p)) * np.diag(np.linalg.norm(X, axis=0))
    A, b = np.vstack([X, rows]), np.concatenate([y, np.zeros(d)])
    return np.linalg.lstsq(A, b, rcond=None)[0]


@_answer(
    "dropout.regression",
    True,
    "multiplied by 1-p: off-diagonal entries of XᵀX times 1-p, diagonal as it is; loops for the matrix",
)
def drop_reg_r4(X, y, p):
    n, d = X.shape
    G, c = np.zeros((d, d)), np.zeros(d)
    for j in range(d):
        for k in range(d):
            s = sum(X[i, j] * X[i, k] for i in range(n))
            G[j, k] = s if j == k else (1 - p) * s
        c[j] = (1 - p) * sum(X[i, j] * y[i] for i in range(n))
    return np.linalg.solve(G, c)


@_answer("dropout.regression", False, "the same strength for all weights: identity in place of diag(XᵀX)")
def drop_reg_w1(X, y, p):
    return np.linalg.solve(X.T @ X + p / (1 - p) * np.eye(X.shape[1]), X.T @ y)


@_answer("dropout.regression", False, "keep and drop confused: (1-p)/p")
def drop_reg_w2(X, y, p):
    G = X.T @ X
    return np.linalg.solve(G + (1 - p) / p * np.diag(np.diag(G)), X.T @ y)


@_answer("dropout.regression", False, "variance of the mask before scaling: p(1-p)")
def drop_reg_w3(X, y, p):
    G = X.T @ X
    return np.linalg.solve(G + p * (1 - p) * np.diag(np.diag(G)), X.T @ y)


@_answer("dropout.regression", False, "p in place of p/(1-p)")
def drop_reg_w4(X, y, p):
    G = X.T @ X
    return np.linalg.solve(G + p * np.diag(np.diag(G)), X.T @ y)


@_answer("dropout.regression", False, "mixes (9.6) and (9.7): λ_j with its 1/n beside XᵀX without it")
def drop_reg_w5(X, y, p):
    lam = p / (1 - p) * np.mean(X**2, axis=0)
    return np.linalg.solve(X.T @ X + np.diag(lam), X.T @ y)


@_answer("dropout.regression", False, "centres X and y first, although (9.6) has no intercept")
def drop_reg_w6(X, y, p):
    X, y = X - X.mean(axis=0), y - y.mean()
    G = X.T @ X
    return np.linalg.solve(G + p / (1 - p) * np.diag(np.diag(G)), X.T @ y)


@_answer("dropout.regression", False, "Γ in place of Γ²: column norms are not squared")
def drop_reg_w7(X, y, p):
    return np.linalg.solve(X.T @ X + p / (1 - p) * np.diag(np.linalg.norm(X, axis=0)), X.T @ y)


@_answer(
    "dropout.regression",
    False,
    "penalty with the whole XᵀX in place of its diagonal: (1-p) times least squares",
)
def drop_reg_w8(X, y, p):
    G = X.T @ X
    return np.linalg.solve(G + p / (1 - p) * G, X.T @ y)


@_answer(
    "dropout.regression",
    False,
    "multiplies the minimiser by 1/(1-p) in the end, as if the masked data had not been scaled",
)
def drop_reg_w9(X, y, p):
    G = X.T @ X
    return np.linalg.solve(G + p / (1 - p) * np.diag(np.diag(G)), X.T @ y) / (1 - p)


@_answer("dropout.regression", False, "np.diag(G) is a vector: broadcasting adds it to every row of XᵀX")
def drop_reg_w10(X, y, p):
    G = X.T @ X
    return np.linalg.solve(G + p / (1 - p) * np.diag(G), X.T @ y)


@_answer(
    "dropout.regression",
    False,
    "factor 2: differentiates the penalty's square but cancels the 2 of the data term only",
)
def drop_reg_w11(X, y, p):
    G = X.T @ X
    return np.linalg.solve(G + 2 * p / (1 - p) * np.diag(np.diag(G)), X.T @ y)


@_answer(
    "dropout.regression",
    False,
    "simulates: least squares on 200 masked copies, close but not the minimiser of the mean",
)
def drop_reg_w12(X, y, p):
    rng = np.random.default_rng(0)
    copies = [X * (rng.random(X.shape) >= p) / (1 - p) for _ in range(200)]
    return np.linalg.lstsq(np.vstack(copies), np.tile(y, 200), rcond=None)[0]


@_answer(
    "dropout.regression",
    False,
    "fits the mean of the masked data, E[μ] = 1, and so overlooks the variance: plain least squares",
)
def drop_reg_w13(X, y, p):
    return np.linalg.lstsq(X, y, rcond=None)[0]


@_answer("dropout.regression", False, "standard deviation in place of variance: √(p/(1-p)) as strength")
def drop_reg_w14(X, y, p):
    G = X.T @ X
    return np.linalg.solve(G + np.sqrt(p / (1 - p)) * np.diag(np.diag(G)), X.T @ y)


@_answer(
    "dropout.regression",
    False,
    "copies (2.3) with λ = p/(1-p): n p/(1-p) I, right for standardised columns only",
)
def drop_reg_w15(X, y, p):
    n, d = X.shape
    return np.linalg.solve(X.T @ X + n * p / (1 - p) * np.eye(d), X.T @ y)


@_answer(
    "dropout.regression",
    False,
    "n counted twice: the nλ of (2.3) with λ = p/(1-p) times the sum of squares in place of their mean",
)
def drop_reg_w16(X, y, p):
    n = len(y)
    G = X.T @ X
    return np.linalg.solve(G + n * p / (1 - p) * np.diag(np.diag(G)), X.T @ y)
