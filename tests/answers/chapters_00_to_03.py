"""Test answers for the exercises of chapters 00 to 03, written without seeing the checker.

ANSWERS is a list of dicts with the keys name, exercise, right, cause, answer.  In a right answer `cause` says
in which style it is written.  A few wrong answers carry debatable=True: the returned value is right,
but the caller's array is overwritten.
"""

import math

import numpy as np

ANSWERS = []


def add(exercise, is_right, cause, answer, **extra):
    number = sum(entry["exercise"] == exercise for entry in ANSWERS) + 1
    name = getattr(answer, "__name__", f"{exercise}-{number}")
    ANSWERS.append(
        {"name": name, "exercise": exercise, "right": is_right, "cause": cause, "answer": answer, **extra}
    )


def right(exercise, style):
    def register(function):
        add(exercise, True, style, function)
        return function

    return register


def wrong(exercise, cause, **extra):
    def register(function):
        add(exercise, False, cause, function, **extra)
        return function

    return register


# ======================================================================================================
# Chapter 00
# ======================================================================================================

EX = "start.mean_squared_error"


@right(EX, "dot product of the residual with itself, divided by the number of samples")
def mse_right_dot(y, prediction):
    residual = y - prediction
    return residual @ residual / len(y)


@right(EX, "plain loop with zip")
def mse_right_loop(y, prediction):
    total = 0.0
    for target, guess in zip(y, prediction):
        total += (target - guess) ** 2
    return total / len(y)


@right(EX, "variance of the residuals plus their squared mean")
def mse_right_var_plus_mean(y, prediction):
    residual = prediction - y
    return np.var(residual) + np.mean(residual) ** 2


@wrong(EX, "took the mean of the residuals first and squared afterwards")
def mse_wrong_square_of_mean(y, prediction):
    return np.mean(y - prediction) ** 2


@wrong(EX, "summed the squares and forgot to divide by n")
def mse_wrong_sum(y, prediction):
    return np.sum((y - prediction) ** 2)


@wrong(EX, "took the square root at the end (root mean squared error)")
def mse_wrong_root(y, prediction):
    return np.sqrt(np.mean((y - prediction) ** 2))


@wrong(EX, "halved the mean, as in the data loss 1/(2n) of the notation section")
def mse_wrong_half(y, prediction):
    return np.sum((y - prediction) ** 2) / (2 * len(y))


@wrong(EX, "divided by n - 1, as in a sample variance")
def mse_wrong_n_minus_one(y, prediction):
    return np.sum((y - prediction) ** 2) / (len(y) - 1)


@wrong(EX, "used np.var of the residuals, which subtracts their mean")
def mse_wrong_var(y, prediction):
    return np.var(y - prediction)


@wrong(EX, "subtracted the squares instead of squaring the difference")
def mse_wrong_difference_of_squares(y, prediction):
    return np.mean(y**2 - prediction**2)


@wrong(EX, "forgot the mean: returned the squared residual of every sample as an array")
def mse_wrong_array(y, prediction):
    return (y - prediction) ** 2


@wrong(EX, "return indented into the loop, so that only the first sample counts")
def mse_wrong_early_return(y, prediction):
    total = 0
    for i in range(len(y)):
        total += (y[i] - prediction[i]) ** 2
        return total / len(y)


@wrong(EX, "floor division // instead of /")
def mse_wrong_floor_division(y, prediction):
    return sum((y - prediction) ** 2) // len(y)


EX = "start.residual"
add(EX, True, "target minus prediction", 2 - 3.5)
add(EX, False, "prediction minus target", 3.5 - 2)
add(EX, False, "squared the residual", (2 - 3.5) ** 2)
add(EX, False, "relative residual: divided by the target", (2 - 3.5) / 2)
add(EX, False, "added the two numbers instead of subtracting", 2 + 3.5)
add(EX, False, "squared and halved, as in the data loss", (2 - 3.5) ** 2 / 2)

# ======================================================================================================
# Chapter 01
# ======================================================================================================

EX = "overfitting.polynomial_features"


@right(EX, "broadcasting a column against the row of exponents")
def poly_right_broadcast(x, degree):
    return x[:, None] ** np.arange(degree + 1)


@right(EX, "np.vander with increasing powers")
def poly_right_vander(x, degree):
    return np.vander(x, degree + 1, increasing=True)


@right(EX, "nested lists, one row per sample")
def poly_right_lists(x, degree):
    return np.array([[float(value) ** k for k in range(degree + 1)] for value in x])


@right(EX, "cumulative product along each row")
def poly_right_cumprod(x, degree):
    X = np.ones((len(x), degree + 1))
    X[:, 1:] = np.asarray(x)[:, None]
    return np.cumprod(X, axis=1)


@wrong(EX, "np.vander without increasing=True: highest power first")
def poly_wrong_decreasing(x, degree):
    return np.vander(x, degree + 1)


@wrong(EX, "range(degree) stops one power too early")
def poly_wrong_last_missing(x, degree):
    return np.array([[v**k for k in range(degree)] for v in x])


@wrong(EX, "started at x^1: the column of ones is missing")
def poly_wrong_no_ones(x, degree):
    return np.column_stack([x**k for k in range(1, degree + 1)])


@wrong(EX, "rows instead of columns: one row per power (transposed)")
def poly_wrong_transposed(x, degree):
    return np.array([x**k for k in range(degree + 1)])


@wrong(EX, "multiplied by k instead of raising to the power k")
def poly_wrong_multiples(x, degree):
    return np.outer(x, np.arange(degree + 1))


@wrong(EX, "base and exponent swapped: k ** x")
def poly_wrong_swapped(x, degree):
    return np.arange(degree + 1) ** x[:, None]


@wrong(EX, "Legendre polynomials, as the chapter uses later, instead of plain powers")
def poly_wrong_legendre(x, degree):
    return np.polynomial.legendre.legvander(2 * x - 1, degree)


@wrong(EX, "table created with dtype=int, so the powers are truncated")
def poly_wrong_int_table(x, degree):
    X = np.ones((len(x), degree + 1), dtype=int)
    for k in range(1, degree + 1):
        X[:, k] = x**k
    return X


@wrong(EX, "powers through exp(k log x): nan at 0 and for negative x")
def poly_wrong_log(x, degree):
    return np.exp(np.arange(degree + 1) * np.log(x)[:, None])


@wrong(EX, "one column too many: np.vander with degree + 2 columns")
def poly_wrong_one_too_many(x, degree):
    return np.vander(x, degree + 2, increasing=True)


@wrong(EX, "ones and x^degree only, the powers between are missing")
def poly_wrong_only_top(x, degree):
    return np.column_stack([np.ones(len(x)), x**degree])


EX = "overfitting.bias_variance"


@right(EX, "mean and variance along axis 0, then the mean over points")
def bv_right_vectorised(predictions, truth):
    mean = predictions.mean(axis=0)
    return float(np.mean((mean - truth) ** 2)), float(predictions.var(axis=0).mean())


@right(EX, "plain loops over points and draws")
def bv_right_loops(predictions, truth):
    n_draws, n_points = predictions.shape
    bias, variance = 0.0, 0.0
    for j in range(n_points):
        average = sum(predictions[i, j] for i in range(n_draws)) / n_draws
        bias += (truth[j] - average) ** 2
        variance += sum((predictions[i, j] - average) ** 2 for i in range(n_draws)) / n_draws
    return bias / n_points, variance / n_points


@right(EX, "variance as the mean squared error minus the squared bias")
def bv_right_from_total(predictions, truth):
    total = np.mean((predictions - truth) ** 2)
    bias_squared = np.mean((truth - np.mean(predictions, axis=0)) ** 2)
    return bias_squared, total - bias_squared


@wrong(EX, "variance with ddof=1 although it should divide by the number of draws")
def bv_wrong_ddof(predictions, truth):
    return np.mean((predictions.mean(axis=0) - truth) ** 2), predictions.var(axis=0, ddof=1).mean()


@wrong(EX, "averaged the bias over the points before squaring")
def bv_wrong_bias_averaged_first(predictions, truth):
    return np.mean(predictions.mean(axis=0) - truth) ** 2, predictions.var(axis=0).mean()


@wrong(EX, "squared every single deviation from the truth: that is bias² plus variance, not bias²")
def bv_wrong_total_as_bias(predictions, truth):
    return np.mean((predictions - truth) ** 2), np.mean(np.var(predictions, axis=0))


@wrong(EX, "returned the two numbers in the wrong order")
def bv_wrong_order(predictions, truth):
    bias = np.mean((predictions.mean(axis=0) - truth) ** 2)
    return predictions.var(axis=0).mean(), bias


@wrong(EX, "variance over the points (axis=1) instead of over the training sets")
def bv_wrong_axis(predictions, truth):
    return np.mean((predictions.mean(axis=0) - truth) ** 2), predictions.var(axis=1).mean()


@wrong(EX, "np.var without an axis mixes the spread over points into the variance")
def bv_wrong_no_axis(predictions, truth):
    return np.mean((predictions.mean(axis=0) - truth) ** 2), np.var(predictions)


@wrong(EX, "bias not squared (mean absolute bias)")
def bv_wrong_absolute_bias(predictions, truth):
    return np.mean(np.abs(predictions.mean(axis=0) - truth)), predictions.var(axis=0).mean()


@wrong(EX, "standard deviation returned instead of the variance")
def bv_wrong_std(predictions, truth):
    return np.mean((predictions.mean(axis=0) - truth) ** 2), predictions.std(axis=0).mean()


@wrong(EX, "spread measured around the truth instead of around the mean prediction")
def bv_wrong_around_truth(predictions, truth):
    f_bar = predictions.mean(axis=0)
    return np.mean((f_bar - truth) ** 2), np.mean(np.mean((predictions - truth) ** 2, axis=0))


@wrong(EX, "forgot the average over points and returned two arrays")
def bv_wrong_arrays(predictions, truth):
    return (predictions.mean(axis=0) - truth) ** 2, predictions.var(axis=0)


@wrong(EX, "mean prediction over everything instead of per point")
def bv_wrong_grand_mean(predictions, truth):
    return np.mean((predictions.mean() - truth) ** 2), predictions.var(axis=0).mean()


EX = "overfitting.irreducible_error"
add(EX, True, "the noise variance 0.5²", 0.5**2)
add(EX, False, "took the standard deviation for the variance", 0.5)
add(EX, False, "thought that a perfect model has no error at all", 0.0)
add(EX, False, "halved the variance, as in the loss with ½", 0.125)
add(EX, False, "square root instead of square", math.sqrt(0.5))
add(EX, False, "squared the variance once more", 0.5**4)

EX = "overfitting.huber_gradient"


@right(EX, "np.clip of the residual")
def huber_right_clip(y, score, delta):
    return np.clip(score - y, -delta, delta) / len(y)


@right(EX, "loop with three cases")
def huber_right_loop(y, score, delta):
    gradient = []
    for target, s in zip(y, score):
        residual = s - target
        if residual > delta:
            gradient.append(delta / len(y))
        elif residual < -delta:
            gradient.append(-delta / len(y))
        else:
            gradient.append(residual / len(y))
    return np.array(gradient)


@right(EX, "residual divided by max(1, |residual|/delta)")
def huber_right_rescaled(y, score, delta):
    r = score - y
    return r / np.maximum(1.0, np.abs(r) / delta) / r.size


@right(EX, "np.where with sign")
def huber_right_where(y, score, delta):
    r = score - y
    return np.where(np.abs(r) <= delta, r, delta * np.sign(r)) / len(r)


@wrong(EX, "forgot that the loss is a mean: no division by n")
def huber_wrong_no_n(y, score, delta):
    return np.clip(score - y, -delta, delta)


@wrong(EX, "differentiated y - score: sign flipped")
def huber_wrong_sign(y, score, delta):
    return np.clip(y - score, -delta, delta) / len(y)


@wrong(EX, "cut off at ±1, delta is ignored")
def huber_wrong_delta_one(y, score, delta):
    return np.clip(score - y, -1, 1) / len(y)


@wrong(EX, "outside the middle the slope is sign(r), the factor delta is missing")
def huber_wrong_sign_without_delta(y, score, delta):
    r = score - y
    return np.where(np.abs(r) <= delta, r, np.sign(r)) / len(y)


@wrong(EX, "outside the middle the slope is +delta also for negative residuals")
def huber_wrong_positive_delta(y, score, delta):
    r = score - y
    return np.where(np.abs(r) <= delta, r, delta) / len(y)


@wrong(EX, "one-sided: only large positive residuals are cut off")
def huber_wrong_one_sided(y, score, delta):
    return np.minimum(score - y, delta) / len(y)


@wrong(EX, "large residuals get gradient 0, as if outliers were ignored")
def huber_wrong_zero_outside(y, score, delta):
    r = score - y
    return np.where(np.abs(r) <= delta, r, 0.0) / len(y)


@wrong(EX, "factor 2 in the middle, as if the parabola had no ½")
def huber_wrong_factor_two(y, score, delta):
    r = score - y
    return np.where(np.abs(r) <= delta, 2 * r, delta * np.sign(r)) / len(y)


@wrong(EX, "returned the mean Huber loss itself instead of its gradient")
def huber_wrong_loss_value(y, score, delta):
    r = np.abs(score - y)
    return np.mean(np.where(r <= delta, r**2 / 2, delta * r - delta**2 / 2))


@wrong(EX, "averaged the slopes into one number instead of one entry per sample")
def huber_wrong_scalar(y, score, delta):
    return np.mean(np.clip(score - y, -delta, delta))


@wrong(EX, "SmoothL1 confusion: the gradient divided by delta")
def huber_wrong_smooth_l1(y, score, delta):
    return np.clip((score - y) / delta, -1, 1) / len(y)


@wrong(EX, "compared the squared residual with delta")
def huber_wrong_squared_threshold(y, score, delta):
    r = score - y
    return np.where(r**2 <= delta, r, delta * np.sign(r)) / len(y)


EX = "overfitting.cross_entropy"


@right(EX, "subtract the row maximum, then log-sum-exp")
def ce_right_row_max(labels, scores):
    top = scores.max(axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(scores - top).sum(axis=1))
    return np.mean(log_sum - scores[np.arange(len(labels)), labels])


@right(EX, "np.logaddexp.reduce over the classes")
def ce_right_logaddexp(labels, scores):
    own = np.take_along_axis(scores, np.asarray(labels)[:, None], axis=1)[:, 0]
    return float((np.logaddexp.reduce(scores, axis=1) - own).mean())


@right(EX, "plain loop with math.exp and the maximum of each row")
def ce_right_loop(labels, scores):
    total = 0.0
    for label, row in zip(labels, scores):
        top = max(row)
        total += top + math.log(sum(math.exp(s - top) for s in row)) - row[label]
    return total / len(labels)


@right(EX, "log-softmax table and a one-hot mask")
def ce_right_log_softmax(labels, scores):
    n, k = scores.shape
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_q = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    one_hot = np.eye(k, dtype=bool)[labels]
    return -log_q[one_hot].sum() / n


@wrong(EX, "np.exp of the raw scores: overflows to inf or nan at a thousand")
def ce_wrong_overflow(labels, scores):
    log_sum = np.log(np.exp(scores).sum(axis=1))
    return np.mean(log_sum - scores[np.arange(len(labels)), labels])


@wrong(EX, "subtracted the maximum of the whole table: a row far below it underflows to log(0)")
def ce_wrong_global_max(labels, scores):
    top = scores.max()
    log_sum = top + np.log(np.exp(scores - top).sum(axis=1))
    return np.mean(log_sum - scores[np.arange(len(labels)), labels])


@wrong(EX, "subtracted the maximum in the log-sum-exp and forgot to add it back")
def ce_wrong_max_not_added(labels, scores):
    top = scores.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(scores - top).sum(axis=1))
    return np.mean(log_sum - scores[np.arange(len(labels)), labels])


@wrong(EX, "sum over the rows instead of the mean")
def ce_wrong_sum(labels, scores):
    top = scores.max(axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(scores - top).sum(axis=1))
    return np.sum(log_sum - scores[np.arange(len(labels)), labels])


@wrong(EX, "sign flipped: mean log probability instead of minus it")
def ce_wrong_sign(labels, scores):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_q = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return np.mean(log_q[np.arange(len(labels)), labels])


@wrong(EX, "scores[:, labels] picks an n by n table instead of one score per row")
def ce_wrong_fancy_index(labels, scores):
    top = scores.max(axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(scores - top).sum(axis=1))
    return np.mean(log_sum - scores[:, labels])


@wrong(EX, "probabilities clipped at 1e-12: caps the loss of a row at 27.6")
def ce_wrong_clipped(labels, scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    q = e / e.sum(axis=1, keepdims=True)
    return -np.mean(np.log(np.clip(q[np.arange(len(labels)), labels], 1e-12, 1)))


@wrong(EX, "stable softmax, but then its logarithm: log(0) = -inf for scores of a thousand")
def ce_wrong_log_of_zero(labels, scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    q = e / e.sum(axis=1, keepdims=True)
    return -np.mean(np.log(q[np.arange(len(labels)), labels]))


@wrong(EX, "softmax over the rows (axis=0) instead of over the classes")
def ce_wrong_axis(labels, scores):
    shifted = scores - scores.max(axis=0)
    log_q = shifted - np.log(np.exp(shifted).sum(axis=0))
    return -np.mean(log_q[np.arange(len(labels)), labels])


@wrong(EX, "one-hot times log-probabilities averaged over all n·k entries: too small by the factor k")
def ce_wrong_mean_over_table(labels, scores):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_q = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.mean(np.eye(scores.shape[1])[labels] * log_q)


@wrong(EX, "clipped the scores to ±500 against the overflow, which changes the loss")
def ce_wrong_scores_clipped(labels, scores):
    s = np.clip(scores, -500, 500)
    return np.mean(np.log(np.exp(s).sum(axis=1)) - s[np.arange(len(labels)), labels])


@wrong(EX, "base-2 logarithm: bits instead of nats")
def ce_wrong_log2(labels, scores):
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_sum = np.log2(np.exp(shifted).sum(axis=1))
    return np.mean(log_sum - shifted[np.arange(len(labels)), labels] / np.log(2))


EX = "overfitting.penalised_step"


@right(EX, "equation (1.7) as it stands")
def step_right_direct(w, loss_gradient, lam, step):
    return w - step * (loss_gradient + lam * w)


@right(EX, "decay form: (1 - step·lam) w minus the data step")
def step_right_decay(w, loss_gradient, lam, step):
    return (1 - step * lam) * w - step * loss_gradient


@right(EX, "list comprehension, entry by entry")
def step_right_loop(w, loss_gradient, lam, step):
    return np.array([wj - step * gj - step * lam * wj for wj, gj in zip(w, loss_gradient)])


@wrong(EX, "plus instead of minus: walks uphill")
def step_wrong_uphill(w, loss_gradient, lam, step):
    return w + step * (loss_gradient + lam * w)


@wrong(EX, "penalty gradient 2λw, as if R had no ½")
def step_wrong_two_lam(w, loss_gradient, lam, step):
    return w - step * (loss_gradient + 2 * lam * w)


@wrong(EX, "penalty not multiplied by the step size")
def step_wrong_lam_without_step(w, loss_gradient, lam, step):
    return w - step * loss_gradient - lam * w


@wrong(EX, "used w² where the gradient w belongs")
def step_wrong_square(w, loss_gradient, lam, step):
    return w - step * (loss_gradient + lam * w**2)


@wrong(EX, "added the value of the penalty ½||w||² to every entry instead of its gradient")
def step_wrong_penalty_value(w, loss_gradient, lam, step):
    return w - step * (loss_gradient + lam * 0.5 * np.sum(w**2))


@wrong(EX, "minus sign on the penalty: the weights grow")
def step_wrong_penalty_sign(w, loss_gradient, lam, step):
    return w - step * (loss_gradient - lam * w)


@wrong(EX, "took λ as a factor of the whole gradient")
def step_wrong_lam_on_everything(w, loss_gradient, lam, step):
    return w - step * lam * (loss_gradient + w)


@wrong(EX, "penalty forgotten, plain gradient step")
def step_wrong_no_penalty(w, loss_gradient, lam, step):
    return w - step * loss_gradient


@wrong(EX, "data step first, then the decay computed at the new weights")
def step_wrong_sequential(w, loss_gradient, lam, step):
    w = w - step * loss_gradient
    return w - step * lam * w


@wrong(EX, "gradient of λ|w| (sign) instead of ½λw²")
def step_wrong_l1(w, loss_gradient, lam, step):
    return w - step * (loss_gradient + lam * np.sign(w))


@wrong(EX, "returned the change of the weights, not the new weights")
def step_wrong_only_change(w, loss_gradient, lam, step):
    return -step * (loss_gradient + lam * w)


@wrong(EX, "w -= ... overwrites the caller's weights (the returned value is right)", debatable=True)
def step_wrong_in_place(w, loss_gradient, lam, step):
    w -= step * (loss_gradient + lam * w)
    return w


@wrong(EX, "kept λw as ½λw: the ½ of R was not cancelled by the 2")
def step_wrong_half(w, loss_gradient, lam, step):
    return w - step * (loss_gradient + 0.5 * lam * w)


EX = "overfitting.three_way_split"


@right(EX, "one permutation, cut into three slices")
def split_right_permutation(n, n_validation, n_test, rng):
    order = rng.permutation(n)
    validation, test, train = np.split(order, [n_validation, n_validation + n_test])
    return train, validation, test


@right(EX, "choice without replacement twice, the rest by set difference")
def split_right_choice(n, n_validation, n_test, rng):
    rows = np.arange(n)
    test = rng.choice(rows, size=n_test, replace=False)
    rest = np.setdiff1d(rows, test)
    validation = rng.choice(rest, size=n_validation, replace=False)
    train = np.setdiff1d(rest, validation)
    return train, validation, test


@right(EX, "plain list, shuffled by the generator, dealt out in a loop")
def split_right_list(n, n_validation, n_test, rng):
    rows = list(range(n))
    rng.shuffle(rows)
    train, validation, test = [], [], []
    for position, row in enumerate(rows):
        if position < n_validation:
            validation.append(row)
        elif position < n_validation + n_test:
            test.append(row)
        else:
            train.append(row)
    return train, validation, test


@right(EX, "argsort of random numbers, training rows first")
def split_right_argsort(n, n_validation, n_test, rng):
    order = np.argsort(rng.random(n))
    n_train = n - n_validation - n_test
    return order[:n_train], order[n_train : n_train + n_validation], order[n_train + n_validation :]


@wrong(EX, "not random: consecutive rows in the order of the file")
def split_wrong_not_random(n, n_validation, n_test, rng):
    rows = np.arange(n)
    n_train = n - n_validation - n_test
    return rows[:n_train], rows[n_train : n_train + n_validation], rows[n_train + n_validation :]


@wrong(EX, "validation and test drawn independently of each other, so they can overlap")
def split_wrong_overlap(n, n_validation, n_test, rng):
    validation = rng.choice(n, n_validation, replace=False)
    test = rng.choice(n, n_test, replace=False)
    train = np.setdiff1d(np.arange(n), np.concatenate([validation, test]))
    return train, validation, test


@wrong(EX, "rng.integers draws with replacement: rows occur twice and others are lost")
def split_wrong_with_replacement(n, n_validation, n_test, rng):
    order = rng.integers(0, n, size=n)
    return order[n_validation + n_test :], order[:n_validation], order[n_validation : n_validation + n_test]


@wrong(EX, "own generator with a fixed seed: rng is ignored, every call gives the same split")
def split_wrong_own_seed(n, n_validation, n_test, rng):
    rng = np.random.default_rng(0)
    order = rng.permutation(n)
    return order[n_validation + n_test :], order[:n_validation], order[n_validation : n_validation + n_test]


@wrong(EX, "returned in the order train, test, validation")
def split_wrong_order(n, n_validation, n_test, rng):
    order = rng.permutation(n)
    validation, test = order[:n_validation], order[n_validation : n_validation + n_test]
    return order[n_validation + n_test :], test, validation


@wrong(EX, "test slice ends at n_test instead of n_validation + n_test, so sizes and coverage are wrong")
def split_wrong_slice_end(n, n_validation, n_test, rng):
    order = rng.permutation(n)
    return order[n_validation + n_test :], order[:n_validation], order[n_validation:n_test]


@wrong(EX, "training part starts after the validation part only: it contains the test rows")
def split_wrong_train_contains_test(n, n_validation, n_test, rng):
    order = rng.permutation(n)
    return order[n_validation:], order[:n_validation], order[n_validation : n_validation + n_test]


@wrong(EX, "off by one: slices start one row later, one row is in no part")
def split_wrong_lost_row(n, n_validation, n_test, rng):
    order = rng.permutation(n)
    validation = order[:n_validation]
    test = order[n_validation + 1 : n_validation + n_test + 1]
    return order[n_validation + n_test + 1 :], validation, test


@wrong(EX, "rows numbered from 1 to n")
def split_wrong_from_one(n, n_validation, n_test, rng):
    order = rng.permutation(np.arange(1, n + 1))
    return order[n_validation + n_test :], order[:n_validation], order[n_validation : n_validation + n_test]


@wrong(EX, "shuffled only inside the parts: the test rows are always the last rows of the file")
def split_wrong_blocks(n, n_validation, n_test, rng):
    n_train = n - n_validation - n_test
    train = rng.permutation(n_train)
    validation = n_train + rng.permutation(n_validation)
    test = n_train + n_validation + rng.permutation(n_test)
    return train, validation, test


@wrong(EX, "negative slices: with n_test = 0 the slice [-0:] takes all rows for testing")
def split_wrong_minus_zero(n, n_validation, n_test, rng):
    order = rng.permutation(n)
    test, rest = order[-n_test:], order[:-n_test]
    return rest[n_validation:], rest[:n_validation], test


@wrong(EX, "independent permutations for the three parts, so they overlap")
def split_wrong_three_permutations(n, n_validation, n_test, rng):
    n_train = n - n_validation - n_test
    return rng.permutation(n)[:n_train], rng.permutation(n)[:n_validation], rng.permutation(n)[:n_test]


@wrong(EX, "boolean masks returned instead of row numbers")
def split_wrong_masks(n, n_validation, n_test, rng):
    place = rng.permutation(n)
    validation = place < n_validation
    test = (place >= n_validation) & (place < n_validation + n_test)
    return ~(validation | test), validation, test


# ======================================================================================================
# Chapter 02
# ======================================================================================================

EX = "ridge.gradient"


@right(EX, "equation (2.2) as it stands")
def rgrad_right_direct(X, y, w, lam):
    return -X.T @ (y - X @ w) / len(y) + lam * w


@right(EX, "multiplied out: (X'X/n + λI) w - X'y/n")
def rgrad_right_normal_matrix(X, y, w, lam):
    n, d = X.shape
    return (X.T @ X / n + lam * np.eye(d)) @ w - X.T @ y / n


@right(EX, "double loop over samples and features")
def rgrad_right_loops(X, y, w, lam):
    n, d = X.shape
    gradient = [lam * w[j] for j in range(d)]
    for i in range(n):
        residual = y[i] - sum(X[i, k] * w[k] for k in range(d))
        for j in range(d):
            gradient[j] -= X[i, j] * residual / n
    return np.array(gradient)


@right(EX, "mean over the rows of residual times row")
def rgrad_right_row_mean(X, y, w, lam):
    return np.mean((X @ w - y)[:, None] * X, axis=0) + lam * w


@wrong(EX, "sign of the data term: the residual is y - Xw, but the minus in front was dropped")
def rgrad_wrong_data_sign(X, y, w, lam):
    return X.T @ (y - X @ w) / len(y) + lam * w


@wrong(EX, "1/n missing in the data term")
def rgrad_wrong_no_n(X, y, w, lam):
    return -X.T @ (y - X @ w) + lam * w


@wrong(EX, "factor 2 in the data term, as for the mean of squares without ½")
def rgrad_wrong_factor_two_data(X, y, w, lam):
    return -2 * X.T @ (y - X @ w) / len(y) + lam * w


@wrong(EX, "2λw, as for the penalty without ½")
def rgrad_wrong_two_lam(X, y, w, lam):
    return -X.T @ (y - X @ w) / len(y) + 2 * lam * w


@wrong(EX, "λw² instead of λw")
def rgrad_wrong_squared_weight(X, y, w, lam):
    return X.T @ (X @ w - y) / len(y) + lam * w**2


@wrong(EX, "divided the penalty by n together with the data term")
def rgrad_wrong_penalty_over_n(X, y, w, lam):
    return (X.T @ (X @ w - y) + lam * w) / len(y)


@wrong(EX, "divided by the number of features instead of the number of samples")
def rgrad_wrong_d(X, y, w, lam):
    return X.T @ (X @ w - y) / X.shape[1] + lam * w


@wrong(EX, "minus sign on the penalty")
def rgrad_wrong_penalty_sign(X, y, w, lam):
    return -X.T @ (y - X @ w) / len(y) - lam * w


@wrong(EX, "penalty forgotten")
def rgrad_wrong_no_penalty(X, y, w, lam):
    return X.T @ (X @ w - y) / len(y)


@wrong(EX, "gradient of the norm instead of its square: λ w/||w||")
def rgrad_wrong_norm(X, y, w, lam):
    return X.T @ (X @ w - y) / len(y) + lam * w / np.linalg.norm(w)


@wrong(EX, "λ/2·w: the ½ was kept although the 2 of the derivative cancels it")
def rgrad_wrong_half_lam(X, y, w, lam):
    return X.T @ (X @ w - y) / len(y) + lam / 2 * w


@wrong(EX, "λ times the sum of the weights, the same number for every entry")
def rgrad_wrong_sum_of_weights(X, y, w, lam):
    return X.T @ (X @ w - y) / len(y) + lam * np.sum(w)


@wrong(EX, "centred X and y although this objective has no intercept")
def rgrad_wrong_centred(X, y, w, lam):
    X = X - X.mean(axis=0)
    y = y - y.mean()
    return X.T @ (X @ w - y) / len(y) + lam * w


EX = "ridge.closed_form"


@right(EX, "np.linalg.solve of (2.3)")
def rclosed_right_solve(X, y, lam):
    n, d = X.shape
    return np.linalg.solve(X.T @ X + n * lam * np.eye(d), X.T @ y)


@right(EX, "least squares on the data with sqrt(nλ)·I appended as extra rows")
def rclosed_right_augmented(X, y, lam):
    n, d = X.shape
    rows = np.vstack([X, np.sqrt(n * lam) * np.eye(d)])
    targets = np.concatenate([y, np.zeros(d)])
    return np.linalg.lstsq(rows, targets, rcond=None)[0]


@right(EX, "singular value decomposition, equation (2.5)")
def rclosed_right_svd(X, y, lam):
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    return Vt.T @ (s / (s**2 + len(y) * lam) * (U.T @ y))


@right(EX, "Gaussian elimination by hand on lists")
def rclosed_right_elimination(X, y, lam):
    n, d = X.shape
    A = [[float(X[:, i] @ X[:, j]) + (n * lam if i == j else 0.0) for j in range(d)] for i in range(d)]
    c = [float(X[:, i] @ y) for i in range(d)]
    for k in range(d):
        p = max(range(k, d), key=lambda row: abs(A[row][k]))
        A[k], A[p], c[k], c[p] = A[p], A[k], c[p], c[k]
        for i in range(k + 1, d):
            f = A[i][k] / A[k][k]
            A[i] = [a - f * b for a, b in zip(A[i], A[k])]
            c[i] -= f * c[k]
    w = np.zeros(d)
    for k in reversed(range(d)):
        w[k] = (c[k] - sum(A[k][j] * w[j] for j in range(k + 1, d))) / A[k][k]
    return w


@wrong(EX, "λ without the factor n")
def rclosed_wrong_no_n(X, y, lam):
    return np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ y)


@wrong(EX, "added nλ to every entry of X'X, the identity is missing")
def rclosed_wrong_no_identity(X, y, lam):
    return np.linalg.solve(X.T @ X + len(y) * lam, X.T @ y)


@wrong(EX, "divided X'X by n but left X'y as it is")
def rclosed_wrong_half_divided(X, y, lam):
    n, d = X.shape
    return np.linalg.solve(X.T @ X / n + lam * np.eye(d), X.T @ y)


@wrong(EX, "2nλ: the ½ of the penalty was forgotten when differentiating")
def rclosed_wrong_factor_two(X, y, lam):
    n, d = X.shape
    return np.linalg.solve(X.T @ X + 2 * n * lam * np.eye(d), X.T @ y)


@wrong(EX, "number of features in place of the number of samples: dλ")
def rclosed_wrong_d(X, y, lam):
    n, d = X.shape
    return np.linalg.solve(X.T @ X + d * lam * np.eye(d), X.T @ y)


@wrong(EX, "minus sign in front of nλI")
def rclosed_wrong_minus(X, y, lam):
    n, d = X.shape
    return np.linalg.solve(X.T @ X - n * lam * np.eye(d), X.T @ y)


@wrong(EX, "X X' instead of X'X: the sizes do not fit")
def rclosed_wrong_transposed(X, y, lam):
    n, d = X.shape
    return np.linalg.solve(X @ X.T + n * lam * np.eye(n), X.T @ y)


@wrong(EX, "λ ignored, plain least squares")
def rclosed_wrong_no_penalty(X, y, lam):
    return np.linalg.lstsq(X, y, rcond=None)[0]


@wrong(EX, "centred X and y first although no intercept is asked for")
def rclosed_wrong_centred(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean(axis=0)
    return np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T @ (y - y.mean()))


@wrong(EX, "dual form X'(XX' + nλI)^-1 y: singular at λ = 0 when there are more rows than columns")
def rclosed_wrong_dual(X, y, lam):
    n = len(y)
    return X.T @ np.linalg.solve(X @ X.T + n * lam * np.eye(n), y)


@wrong(EX, "each column fitted on its own, correlations between columns ignored")
def rclosed_wrong_one_by_one(X, y, lam):
    return X.T @ y / (np.sum(X**2, axis=0) + len(y) * lam)


@wrong(EX, "shrank the least-squares weights by 1/(1 + λ), which holds for orthogonal columns only")
def rclosed_wrong_scaled_ols(X, y, lam):
    return np.linalg.lstsq(X, y, rcond=None)[0] / (1 + lam)


EX = "ridge.intercept"


@right(EX, "centre, solve, set b afterwards")
def rfit_right_centre(X, y, lam):
    n, d = X.shape
    x_mean, y_mean = X.mean(axis=0), y.mean()
    Xc = X - x_mean
    w = np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T @ (y - y_mean))
    return w, float(y_mean - x_mean @ w)


@right(EX, "column of ones, penalty matrix with a zero for the intercept")
def rfit_right_ones(X, y, lam):
    n, d = X.shape
    A = np.column_stack([np.ones(n), X])
    P = np.eye(d + 1)
    P[0, 0] = 0
    v = np.linalg.solve(A.T @ A + n * lam * P, A.T @ y)
    return v[1:], float(v[0])


@right(EX, "extra rows sqrt(nλ)·e_j with a 0 in the column of ones, then lstsq")
def rfit_right_augmented(X, y, lam):
    n, d = X.shape
    upper = np.hstack([X, np.ones((n, 1))])
    lower = np.hstack([math.sqrt(n * lam) * np.eye(d), np.zeros((d, 1))])
    v = np.linalg.lstsq(np.vstack([upper, lower]), np.r_[y, np.zeros(d)], rcond=None)[0]
    return v[:-1], float(v[-1])


@right(EX, "covariances from a loop, b from the mean residual")
def rfit_right_covariance(X, y, lam):
    n, d = X.shape
    means = [sum(X[:, j]) / n for j in range(d)]
    A, c = np.zeros((d, d)), np.zeros(d)
    for i in range(n):
        row = np.array([X[i, j] - means[j] for j in range(d)])
        A += np.outer(row, row) / n
        c += row * y[i] / n
    w = np.linalg.inv(A + lam * np.identity(d)) @ c
    return w, float(np.mean(y - X @ w))


@wrong(EX, "column of ones and the full identity: b is penalised too")
def rfit_wrong_b_penalised(X, y, lam):
    n, d = X.shape
    A = np.column_stack([np.ones(n), X])
    v = np.linalg.solve(A.T @ A + n * lam * np.eye(d + 1), A.T @ y)
    return v[1:], float(v[0])


@wrong(EX, "b = mean of y, the means of the columns forgotten")
def rfit_wrong_b_is_mean(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean(axis=0)
    w = np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T @ (y - y.mean()))
    return w, float(y.mean())


@wrong(EX, "centred y only and not X")
def rfit_wrong_only_y_centred(X, y, lam):
    n, d = X.shape
    w = np.linalg.solve(X.T @ X + n * lam * np.eye(d), X.T @ (y - y.mean()))
    return w, float(y.mean() - X.mean(axis=0) @ w)


@wrong(EX, "plus sign: b = ȳ + x̄'w")
def rfit_wrong_b_sign(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean(axis=0)
    w = np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T @ (y - y.mean()))
    return w, float(y.mean() + X.mean(axis=0) @ w)


@wrong(EX, "w from the uncentred data, the intercept fitted afterwards")
def rfit_wrong_afterwards(X, y, lam):
    n, d = X.shape
    w = np.linalg.solve(X.T @ X + n * lam * np.eye(d), X.T @ y)
    return w, float(np.mean(y - X @ w))


@wrong(EX, "λ without n in the centred problem")
def rfit_wrong_no_n(X, y, lam):
    Xc = X - X.mean(axis=0)
    w = np.linalg.solve(Xc.T @ Xc + lam * np.eye(X.shape[1]), Xc.T @ (y - y.mean()))
    return w, float(y.mean() - X.mean(axis=0) @ w)


@wrong(EX, "X -= mean overwrites X, so the mean used for b is 0 afterwards")
def rfit_wrong_in_place(X, y, lam):
    n, d = X.shape
    X -= X.mean(axis=0)
    w = np.linalg.solve(X.T @ X + n * lam * np.eye(d), X.T @ (y - y.mean()))
    return w, float(y.mean() - X.mean(axis=0) @ w)


@wrong(EX, "X.mean() without an axis: one number for all columns")
def rfit_wrong_grand_mean(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean()
    w = np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T @ (y - y.mean()))
    return w, float(y.mean() - X.mean(axis=0) @ w)


@wrong(EX, "standardised the columns and did not map the weights back")
def rfit_wrong_standardised(X, y, lam):
    n, d = X.shape
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    w = np.linalg.solve(Z.T @ Z + n * lam * np.eye(d), Z.T @ (y - y.mean()))
    return w, float(y.mean() - X.mean(axis=0) @ w)


@wrong(EX, "returned (b, w) instead of (w, b)")
def rfit_wrong_order(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean(axis=0)
    w = np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T @ (y - y.mean()))
    return float(y.mean() - X.mean(axis=0) @ w), w


@wrong(EX, "zero of the penalty matrix at the last place, but the ones stand in the first column")
def rfit_wrong_wrong_corner(X, y, lam):
    n, d = X.shape
    A = np.column_stack([np.ones(n), X])
    P = np.eye(d + 1)
    P[-1, -1] = 0
    v = np.linalg.solve(A.T @ A + n * lam * P, A.T @ y)
    return v[1:], float(v[0])


@wrong(EX, "no intercept at all: solved the uncentred problem and returned b = 0")
def rfit_wrong_zero(X, y, lam):
    n, d = X.shape
    return np.linalg.solve(X.T @ X + n * lam * np.eye(d), X.T @ y), 0.0


EX = "ridge.shrinkage_factors"


@right(EX, "singular values, equation (2.5)")
def factors_right_svd(X, lam):
    s = np.linalg.svd(X, compute_uv=False)
    return s**2 / (s**2 + X.shape[0] * lam)


@right(EX, "eigenvalues of the smaller of X'X and XX', sorted downwards")
def factors_right_eigen(X, lam):
    n, d = X.shape
    gram = X.T @ X if d <= n else X @ X.T
    squares = np.clip(np.linalg.eigvalsh(gram)[::-1], 0, None)
    return squares / (squares + n * lam)


@right(EX, "list comprehension, as 1/(1 + nλ/s²)")
def factors_right_list(X, lam):
    n = len(X)
    return np.array([1 / (1 + n * lam / s**2) for s in np.linalg.svd(X)[1]])


@wrong(EX, "n missing: s²/(s² + λ)")
def factors_wrong_no_n(X, lam):
    s = np.linalg.svd(X, compute_uv=False)
    return s**2 / (s**2 + lam)


@wrong(EX, "singular values not squared: s/(s + nλ)")
def factors_wrong_not_squared(X, lam):
    s = np.linalg.svd(X, compute_uv=False)
    return s / (s + len(X) * lam)


@wrong(EX, "factor of the weights s/(s² + nλ) instead of that of the fit")
def factors_wrong_weight_factor(X, lam):
    s = np.linalg.svd(X, compute_uv=False)
    return s / (s**2 + len(X) * lam)


@wrong(EX, "centred X although nothing is to be centred here")
def factors_wrong_centred(X, lam):
    s = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
    return s**2 / (s**2 + len(X) * lam)


@wrong(EX, "eigvalsh returns ascending values: smallest direction first")
def factors_wrong_ascending(X, lam):
    squares = np.linalg.eigvalsh(X.T @ X)
    return squares / (squares + len(X) * lam)


@wrong(EX, "eigenvalues of X'X for every shape: d factors even if there are fewer rows than columns")
def factors_wrong_length(X, lam):
    squares = np.maximum(np.linalg.eigvalsh(X.T @ X)[::-1], 0)
    return squares / (squares + len(X) * lam)


@wrong(EX, "returned what is lost, nλ/(s² + nλ), instead of what is kept")
def factors_wrong_complement(X, lam):
    s = np.linalg.svd(X, compute_uv=False)
    return len(X) * lam / (s**2 + len(X) * lam)


@wrong(EX, "summed the factors: effective degrees of freedom")
def factors_wrong_df(X, lam):
    s = np.linalg.svd(X, compute_uv=False)
    return np.sum(s**2 / (s**2 + len(X) * lam))


@wrong(EX, "singular values of X'X squared again: fourth powers")
def factors_wrong_fourth_power(X, lam):
    s = np.linalg.svd(X.T @ X, compute_uv=False)[: min(X.shape)]
    return s**2 / (s**2 + len(X) * lam)


@wrong(EX, "number of columns in place of the number of rows")
def factors_wrong_d(X, lam):
    s = np.linalg.svd(X, compute_uv=False)
    return s**2 / (s**2 + X.shape[1] * lam)


@wrong(EX, "λ/n where nλ belongs")
def factors_wrong_lam_over_n(X, lam):
    s = np.linalg.svd(X, compute_uv=False)
    return s**2 / (s**2 + lam / len(X))


EX = "ridge.alpha"
add(EX, True, "alpha = n λ", 300 * 0.05)
add(EX, False, "took alpha for λ, as in ElasticNet", 0.05)
add(EX, False, "divided by n instead of multiplying", 0.05 / 300)
add(EX, False, "halved: nλ/2, one ½ counted only in the penalty", 300 * 0.05 / 2)
add(EX, False, "doubled: 2nλ, one ½ counted only in the loss", 2 * 300 * 0.05)
add(EX, False, "n/λ, the fraction upside down", 300 / 0.05)

EX = "ridge.loo"


@right(EX, "hat matrix with the 1/n of the free intercept, then (2.8)")
def loo_right_hat(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean(axis=0)
    H = 1 / n + Xc @ np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T)
    return (y - H @ y) / (1 - np.diag(H))


@right(EX, "leverages from one SVD of the centred columns")
def loo_right_svd(X, y, lam):
    n = len(y)
    U, s, _ = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    f = s**2 / (s**2 + n * lam)
    fitted = y.mean() + U @ (f * (U.T @ (y - y.mean())))
    leverage = 1 / n + (U**2) @ f
    return (y - fitted) / (1 - leverage)


@right(EX, "honest refits in a loop that keep nλ fixed, centred on the rows that are left")
def loo_right_refits(X, y, lam):
    n, d = X.shape
    errors = []
    for i in range(n):
        A, c = np.delete(X, i, axis=0), np.delete(y, i)
        A_mean, c_mean = A.mean(axis=0), c.mean()
        A = A - A_mean
        w = np.linalg.solve(A.T @ A + n * lam * np.eye(d), A.T @ (c - c_mean))
        errors.append(y[i] - c_mean - (X[i] - A_mean) @ w)
    return np.array(errors)


@right(EX, "column of ones with an unpenalised first entry, leverages row by row")
def loo_right_ones(X, y, lam):
    n, d = X.shape
    A = np.hstack([np.ones((n, 1)), X])
    inverse = np.linalg.inv(A.T @ A + n * lam * np.diag([0.0] + [1.0] * d))
    v = inverse @ (A.T @ y)
    return np.array([(y[i] - A[i] @ v) / (1 - A[i] @ inverse @ A[i]) for i in range(n)])


@wrong(EX, "1/n of the intercept missing in the leverage")
def loo_wrong_no_one_over_n(X, y, lam):
    n, d = X.shape
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    H = Xc @ np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T)
    return (yc - H @ yc) / (1 - np.diag(H))


@wrong(EX, "refits at the same λ, so that nλ becomes (n - 1)λ")
def loo_wrong_same_lam(X, y, lam):
    n, d = X.shape
    errors = np.empty(n)
    for i in range(n):
        keep = np.arange(n) != i
        A, c = X[keep], y[keep]
        Ac = A - A.mean(axis=0)
        w = np.linalg.solve(Ac.T @ Ac + (n - 1) * lam * np.eye(d), Ac.T @ (c - c.mean()))
        errors[i] = y[i] - c.mean() - (X[i] - A.mean(axis=0)) @ w
    return errors


@wrong(EX, "ordinary residuals, not divided by 1 - h")
def loo_wrong_plain_residuals(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean(axis=0)
    H = 1 / n + Xc @ np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T)
    return y - H @ y


@wrong(EX, "multiplied by 1 - h instead of dividing")
def loo_wrong_multiplied(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean(axis=0)
    H = 1 / n + Xc @ np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T)
    return (y - H @ y) * (1 - np.diag(H))


@wrong(EX, "no intercept: H = X(X'X + nλI)^-1 X' of the uncentred columns")
def loo_wrong_no_intercept(X, y, lam):
    n, d = X.shape
    H = X @ np.linalg.solve(X.T @ X + n * lam * np.eye(d), X.T)
    return (y - H @ y) / (1 - np.diag(H))


@wrong(EX, "λ without n in the hat matrix")
def loo_wrong_lam_no_n(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean(axis=0)
    H = np.ones((n, n)) / n + Xc @ np.linalg.solve(Xc.T @ Xc + lam * np.eye(d), Xc.T)
    return (y - H @ y) / (1 - np.diag(H))


@wrong(EX, "prediction minus target")
def loo_wrong_sign(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean(axis=0)
    H = 1 / n + Xc @ np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T)
    return (H @ y - y) / (1 - np.diag(H))


@wrong(EX, "average leverage for every row (generalised cross-validation)")
def loo_wrong_gcv(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean(axis=0)
    H = 1 / n + Xc @ np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T)
    return (y - H @ y) / (1 - np.trace(H) / n)


@wrong(EX, "returned the mean of the squared errors, one number")
def loo_wrong_mean_square(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean(axis=0)
    H = 1 / n + Xc @ np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T)
    return np.mean(((y - H @ y) / (1 - np.diag(H))) ** 2)


@wrong(EX, "refits on data centred once with all rows: the left-out row leaks into the means")
def loo_wrong_leaky_mean(X, y, lam):
    n, d = X.shape
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    errors = np.empty(n)
    for i in range(n):
        A, c = np.delete(Xc, i, axis=0), np.delete(yc, i)
        w = np.linalg.solve(A.T @ A + n * lam * np.eye(d), A.T @ c)
        errors[i] = yc[i] - Xc[i] @ w
    return errors


@wrong(EX, "column of ones with the full identity: the intercept is penalised")
def loo_wrong_b_penalised(X, y, lam):
    n, d = X.shape
    A = np.column_stack([np.ones(n), X])
    H = A @ np.linalg.solve(A.T @ A + n * lam * np.eye(d + 1), A.T)
    return (y - H @ y) / (1 - np.diag(H))


@wrong(EX, "1/n added only on the diagonal, the fitted values lack the mean of y")
def loo_wrong_eye_over_n(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean(axis=0)
    H = np.eye(n) / n + Xc @ np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T)
    return (y - H @ y) / (1 - np.diag(H))


@wrong(EX, "divided by (1 - h)² as in a formula for the squared error")
def loo_wrong_squared_denominator(X, y, lam):
    n, d = X.shape
    Xc = X - X.mean(axis=0)
    H = 1 / n + Xc @ np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T)
    return (y - H @ y) / (1 - np.diag(H)) ** 2


# ======================================================================================================
# Chapter 03
# ======================================================================================================

EX = "lasso.subgradient"


@right(EX, "ridge's data term plus λ sign(w)")
def lsub_right_direct(X, y, w, lam):
    return -X.T @ (y - X @ w) / len(y) + lam * np.sign(w)


@right(EX, "loop over the features with three cases for the sign")
def lsub_right_loop(X, y, w, lam):
    n = len(y)
    residual = y - X @ w
    result = []
    for j in range(X.shape[1]):
        slope = 0.0 if w[j] == 0 else (1.0 if w[j] > 0 else -1.0)
        pull = sum(X[i, j] * residual[i] for i in range(n)) / n
        result.append(lam * slope - pull)
    return np.array(result)


@right(EX, "comparisons as numbers for the sign, einsum for the data term")
def lsub_right_einsum(X, y, w, lam):
    residual = X @ w - y
    sign = (w > 0).astype(float) - (w < 0).astype(float)
    return np.einsum("ij,i->j", X, residual) / X.shape[0] + lam * sign


@wrong(EX, "|w| where sign(w) belongs")
def lsub_wrong_abs(X, y, w, lam):
    return -X.T @ (y - X @ w) / len(y) + lam * np.abs(w)


@wrong(EX, "λ added to every entry, whatever the sign of the weight")
def lsub_wrong_constant(X, y, w, lam):
    return -X.T @ (y - X @ w) / len(y) + lam * np.ones_like(w)


@wrong(EX, "1/n missing in the data term")
def lsub_wrong_no_n(X, y, w, lam):
    return -X.T @ (y - X @ w) + lam * np.sign(w)


@wrong(EX, "sign of the data term flipped")
def lsub_wrong_data_sign(X, y, w, lam):
    return X.T @ (y - X @ w) / len(y) + lam * np.sign(w)


@wrong(EX, "two-way np.where: a weight of exactly 0 gets sign -1")
def lsub_wrong_zero_negative(X, y, w, lam):
    return X.T @ (X @ w - y) / len(y) + lam * np.where(w > 0, 1, -1)


@wrong(EX, "w >= 0 counts zero as positive")
def lsub_wrong_zero_positive(X, y, w, lam):
    return X.T @ (X @ w - y) / len(y) + lam * np.where(w >= 0, 1.0, -1.0)


@wrong(EX, "w / |w|: nan at a weight of exactly 0")
def lsub_wrong_nan(X, y, w, lam):
    return X.T @ (X @ w - y) / len(y) + lam * w / np.abs(w)


@wrong(EX, "ridge's penalty gradient λw kept")
def lsub_wrong_ridge(X, y, w, lam):
    return X.T @ (X @ w - y) / len(y) + lam * w


@wrong(EX, "penalty divided by n as well")
def lsub_wrong_lam_over_n(X, y, w, lam):
    return (X.T @ (X @ w - y) + lam * np.sign(w)) / len(y)


@wrong(EX, "λ/2, carried over from the ridge penalty")
def lsub_wrong_half(X, y, w, lam):
    return X.T @ (X @ w - y) / len(y) + lam / 2 * np.sign(w)


@wrong(EX, "minus sign on the penalty")
def lsub_wrong_penalty_sign(X, y, w, lam):
    return X.T @ (X @ w - y) / len(y) - lam * np.sign(w)


@wrong(EX, "one-sided: only positive weights get a slope")
def lsub_wrong_one_sided(X, y, w, lam):
    return X.T @ (X @ w - y) / len(y) + lam * (w > 0)


@wrong(EX, "factor 2 in the data term, as for the mean of squares without ½")
def lsub_wrong_factor_two(X, y, w, lam):
    return 2 * X.T @ (X @ w - y) / len(y) + lam * np.sign(w)


EX = "lasso.lam_max"


@right(EX, "centre both, largest absolute product, divided by n")
def lmax_right_centre(X, y):
    return float(np.max(np.abs((X - X.mean(axis=0)).T @ (y - y.mean()))) / len(y))


@right(EX, "only y centred: that is enough, the centred y sums to 0")
def lmax_right_y_only(X, y):
    return float(np.linalg.norm(X.T @ (y - np.mean(y)), np.inf) / X.shape[0])


@right(EX, "loop over columns, covariance as mean of product minus product of means")
def lmax_right_loop(X, y):
    best = 0.0
    for column in X.T:
        covariance = np.mean((column - column.mean()) * y)
        best = max(best, abs(float(covariance)))
    return best


@right(EX, "np.cov with bias=True, column by column")
def lmax_right_cov(X, y):
    return max(float(abs(np.cov(X[:, j], y, bias=True)[0, 1])) for j in range(X.shape[1]))


@wrong(EX, "nothing centred, as if there were no intercept")
def lmax_wrong_not_centred(X, y):
    return float(np.max(np.abs(X.T @ y)) / len(y))


@wrong(EX, "absolute value missing: negative correlations are overlooked")
def lmax_wrong_no_abs(X, y):
    return float(np.max((X - X.mean(axis=0)).T @ (y - y.mean())) / len(y))


@wrong(EX, "1/n missing")
def lmax_wrong_no_n(X, y):
    return float(np.max(np.abs((X - X.mean(axis=0)).T @ (y - y.mean()))))


@wrong(EX, "np.cov divides by n - 1")
def lmax_wrong_n_minus_one(X, y):
    return float(np.abs(np.cov(X.T, y)[-1, :-1]).max())


@wrong(EX, "standardised the columns instead of centring them")
def lmax_wrong_standardised(X, y):
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    return float(np.abs(Z.T @ (y - y.mean())).max() / len(y))


@wrong(EX, "sum of the pulls instead of the largest")
def lmax_wrong_sum(X, y):
    return float(np.sum(np.abs((X - X.mean(axis=0)).T @ (y - y.mean()))) / len(y))


@wrong(EX, "absolute values before the sum over rows instead of after it")
def lmax_wrong_abs_inside(X, y):
    return float(np.max(np.abs(X - X.mean(axis=0)).T @ np.abs(y - y.mean())) / len(y))


@wrong(EX, "divided by the number of features")
def lmax_wrong_d(X, y):
    return float(np.max(np.abs((X - X.mean(axis=0)).T @ (y - y.mean()))) / X.shape[1])


@wrong(EX, "factor 2, as for the mean of squares without ½")
def lmax_wrong_factor_two(X, y):
    return float(2 * np.max(np.abs((X - X.mean(axis=0)).T @ (y - y.mean()))) / len(y))


@wrong(EX, "correlation instead of covariance: the scale of y is lost as well")
def lmax_wrong_correlation(X, y):
    return float(max(abs(np.corrcoef(X[:, j], y)[0, 1]) for j in range(X.shape[1])))


@wrong(EX, "np.argmax: the index of the strongest column instead of its pull")
def lmax_wrong_argmax(X, y):
    return float(np.argmax(np.abs((X - X.mean(axis=0)).T @ (y - y.mean()))))


@wrong(EX, "subtracted one mean over all entries of X and left y uncentred")
def lmax_wrong_grand_mean(X, y):
    return float(np.max(np.abs((X - X.mean()).T @ y)) / len(y))


@wrong(EX, "smallest pull instead of the largest, misled by 'smallest strength'")
def lmax_wrong_min(X, y):
    return float(np.min(np.abs((X - X.mean(axis=0)).T @ (y - y.mean()))) / len(y))


@wrong(EX, "returned one number per column, the maximum is missing")
def lmax_wrong_array(X, y):
    return np.abs((X - X.mean(axis=0)).T @ (y - y.mean())) / len(y)


EX = "lasso.soft_threshold"


@right(EX, "equation (3.5) with np.maximum")
def soft_right_direct(z, threshold):
    return np.sign(z) * np.maximum(np.abs(z) - threshold, 0)


@right(EX, "z minus its clipped version")
def soft_right_clip(z, threshold):
    return z - np.clip(z, -threshold, threshold)


@right(EX, "loop with three cases")
def soft_right_loop(z, threshold):
    z = np.asarray(z, dtype=float)
    result = np.zeros(z.shape)
    for index, value in np.ndenumerate(z):
        if value > threshold:
            result[index] = value - threshold
        elif value < -threshold:
            result[index] = value + threshold
    return result


@right(EX, "difference of two one-sided ramps")
def soft_right_two_ramps(z, threshold):
    return np.maximum(z - threshold, 0) - np.maximum(-z - threshold, 0)


@wrong(EX, "no maximum with 0: small entries overshoot to the other side")
def soft_wrong_overshoot(z, threshold):
    return np.sign(z) * (np.abs(z) - threshold)


@wrong(EX, "hard threshold: survivors are not shrunk")
def soft_wrong_hard(z, threshold):
    return np.where(np.abs(z) > threshold, z, 0)


@wrong(EX, "one-sided: max(z - t, 0), negative entries become 0")
def soft_wrong_one_sided(z, threshold):
    return np.maximum(z - threshold, 0)


@wrong(EX, "sign missing: all results are positive")
def soft_wrong_no_sign(z, threshold):
    return np.maximum(np.abs(z) - threshold, 0)


@wrong(EX, "subtracted t from negative entries too, which pushes them away from zero")
def soft_wrong_negative_side(z, threshold):
    return np.where(np.abs(z) > threshold, z - threshold, 0.0)


@wrong(EX, "clipped to [-t, t]: what is cut off is returned")
def soft_wrong_clip(z, threshold):
    return np.clip(z, -threshold, threshold)


@wrong(EX, "lower bound t instead of 0 in the maximum")
def soft_wrong_floor_at_threshold(z, threshold):
    return np.sign(z) * np.maximum(np.abs(z) - threshold, threshold)


@wrong(EX, "scaled by 1/(1 + t), that is ridge")
def soft_wrong_scaled(z, threshold):
    return z / (1 + threshold)


@wrong(EX, "np.max(..., 0) instead of np.maximum: one maximum over all entries")
def soft_wrong_np_max(z, threshold):
    return np.sign(z) * np.max(np.abs(z) - threshold, 0)


@wrong(EX, "Python's max on an array: truth value is ambiguous")
def soft_wrong_python_max(z, threshold):
    return np.sign(z) * max(abs(z) - threshold, 0)


@wrong(EX, "half the threshold, as if the penalty carried a ½")
def soft_wrong_half(z, threshold):
    return np.sign(z) * np.maximum(np.abs(z) - threshold / 2, 0)


@wrong(EX, "filled np.zeros_like(z): for an array of integers the results are truncated")
def soft_wrong_integer_table(z, threshold):
    out = np.zeros_like(z)
    out[z > threshold] = z[z > threshold] - threshold
    out[z < -threshold] = z[z < -threshold] + threshold
    return out


@wrong(EX, "dropped the entries below the threshold instead of setting them to 0: shorter array")
def soft_wrong_dropped(z, threshold):
    kept = z[np.abs(z) > threshold]
    return kept - threshold * np.sign(kept)


@wrong(
    EX, "out = z without a copy overwrites the caller's array (the returned values are right)", debatable=True
)
def soft_wrong_overwrites(z, threshold):
    out = z
    out -= np.clip(z, -threshold, threshold)
    return out


@wrong(EX, "in place in two steps: entries that became small by the first step are zeroed as well")
def soft_wrong_two_steps(z, threshold):
    out = np.array(z, dtype=float)
    out -= threshold * np.sign(out)
    out[np.abs(out) < threshold] = 0
    return out


EX = "lasso.ista_step"


@right(EX, "gradient step, then equation (3.5)")
def ista_right_direct(X, y, w, lam, step):
    forward = w + step * X.T @ (y - X @ w) / len(y)
    return np.sign(forward) * np.maximum(np.abs(forward) - step * lam, 0)


@right(EX, "loop over the weights, all from the same old residual")
def ista_right_loop(X, y, w, lam, step):
    n, d = X.shape
    residual = [y[i] - sum(X[i, k] * w[k] for k in range(d)) for i in range(n)]
    new = []
    for j in range(d):
        u = w[j] + step * sum(X[i, j] * residual[i] for i in range(n)) / n
        if u > step * lam:
            new.append(u - step * lam)
        elif u < -step * lam:
            new.append(u + step * lam)
        else:
            new.append(0.0)
    return np.array(new)


@right(EX, "Gram matrix and z - clip(z)")
def ista_right_gram(X, y, w, lam, step):
    n, d = X.shape
    forward = (np.eye(d) - step * X.T @ X / n) @ w + step * (X.T @ y) / n
    return forward - np.clip(forward, -step * lam, step * lam)


@wrong(EX, "threshold λ instead of step·λ")
def ista_wrong_threshold_lam(X, y, w, lam, step):
    u = w + step * X.T @ (y - X @ w) / len(y)
    return np.sign(u) * np.maximum(np.abs(u) - lam, 0)


@wrong(EX, "1/n missing in the gradient")
def ista_wrong_no_n(X, y, w, lam, step):
    u = w + step * X.T @ (y - X @ w)
    return np.sign(u) * np.maximum(np.abs(u) - step * lam, 0)


@wrong(EX, "gradient step uphill")
def ista_wrong_uphill(X, y, w, lam, step):
    u = w - step * X.T @ (y - X @ w) / len(y)
    return np.sign(u) * np.maximum(np.abs(u) - step * lam, 0)


@wrong(EX, "thresholded first, gradient step afterwards")
def ista_wrong_order(X, y, w, lam, step):
    u = np.sign(w) * np.maximum(np.abs(w) - step * lam, 0)
    return u + step * X.T @ (y - X @ u) / len(y)


@wrong(EX, "subgradient step instead of a threshold: no exact zeros")
def ista_wrong_subgradient(X, y, w, lam, step):
    return w - step * (X.T @ (X @ w - y) / len(y) + lam * np.sign(w))


@wrong(EX, "penalty counted twice: in the gradient and in the threshold")
def ista_wrong_twice(X, y, w, lam, step):
    u = w - step * (X.T @ (X @ w - y) / len(y) + lam * np.sign(w))
    return np.sign(u) * np.maximum(np.abs(u) - step * lam, 0)


@wrong(EX, "step missing in front of the gradient")
def ista_wrong_no_step(X, y, w, lam, step):
    u = w + X.T @ (y - X @ w) / len(y)
    return np.sign(u) * np.maximum(np.abs(u) - step * lam, 0)


@wrong(EX, "step given is ignored, 1/L is computed instead")
def ista_wrong_own_step(X, y, w, lam, step):
    step = len(y) / np.linalg.norm(X, 2) ** 2
    u = w + step * X.T @ (y - X @ w) / len(y)
    return np.sign(u) * np.maximum(np.abs(u) - step * lam, 0)


@wrong(EX, "threshold λ/step: divided instead of multiplied")
def ista_wrong_divided(X, y, w, lam, step):
    u = w + step * X.T @ (y - X @ w) / len(y)
    return np.sign(u) * np.maximum(np.abs(u) - lam / step, 0)


@wrong(EX, "hard threshold at step·λ")
def ista_wrong_hard(X, y, w, lam, step):
    u = w + step * X.T @ (y - X @ w) / len(y)
    return np.where(np.abs(u) > step * lam, u, 0.0)


@wrong(EX, "one-sided threshold, negative weights are lost")
def ista_wrong_one_sided(X, y, w, lam, step):
    u = w + step * X.T @ (y - X @ w) / len(y)
    return np.maximum(u - step * lam, 0)


@wrong(EX, "sign and size taken from the old weights, not from the point after the gradient step")
def ista_wrong_old_sign(X, y, w, lam, step):
    u = w + step * X.T @ (y - X @ w) / len(y)
    return np.sign(w) * np.maximum(np.abs(u) - step * lam, 0)


@wrong(EX, "old w forgotten: thresholded the gradient step alone")
def ista_wrong_w_forgotten(X, y, w, lam, step):
    u = step * X.T @ (y - X @ w) / len(y)
    return np.sign(u) * np.maximum(np.abs(u) - step * lam, 0)


@wrong(EX, "weights updated one after the other with the new residual (coordinate-wise, not (3.6))")
def ista_wrong_sequential(X, y, w, lam, step):
    w = np.array(w, dtype=float)
    for j in range(len(w)):
        u = w[j] + step * X[:, j] @ (y - X @ w) / len(y)
        w[j] = np.sign(u) * max(abs(u) - step * lam, 0)
    return w


@wrong(EX, "threshold divided by n as well")
def ista_wrong_threshold_over_n(X, y, w, lam, step):
    n = len(y)
    u = w + step / n * X.T @ (y - X @ w)
    return np.sign(u) * np.maximum(np.abs(u) - step * lam / n, 0)


@wrong(EX, "factor 2 in the gradient, as for the mean of squares without ½")
def ista_wrong_factor_two(X, y, w, lam, step):
    u = w + 2 * step * X.T @ (y - X @ w) / len(y)
    return np.sign(u) * np.maximum(np.abs(u) - step * lam, 0)


EX = "lasso.duality_gap"


@right(EX, "objective minus dual value at the scaled residual")
def gap_right_direct(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    largest = np.max(np.abs(X.T @ r)) / n
    s = 1.0 if largest <= lam else lam / largest
    theta = s * r
    primal = r @ r / (2 * n) + lam * np.sum(np.abs(w))
    dual = theta @ y / n - theta @ theta / (2 * n)
    return float(primal - dual)


@right(EX, "sum of the two inequalities that were used: ||r - θ||²/(2n) plus the dropped sum")
def gap_right_two_inequalities(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    pulls = X.T @ r / n
    top = np.abs(pulls).max()
    s = min(1.0, lam / top) if top > 0 else 1.0
    return float((1 - s) ** 2 * np.sum(r**2) / (2 * n) + np.sum(lam * np.abs(w) - s * pulls * w))


@right(EX, "plain loops and lists")
def gap_right_loops(X, y, w, lam):
    n, d = X.shape
    r = [y[i] - sum(X[i, j] * w[j] for j in range(d)) for i in range(n)]
    top = max(abs(sum(X[i, j] * r[i] for i in range(n))) / n for j in range(d))
    s = 1.0
    if top > lam:
        s = lam / top
    objective = sum(value**2 for value in r) / (2 * n) + lam * sum(abs(value) for value in w)
    bound = sum(s * r[i] * y[i] for i in range(n)) / n - sum((s * value) ** 2 for value in r) / (2 * n)
    return float(objective - bound)


@wrong(EX, "s not capped at 1: a small residual is scaled up")
def gap_wrong_no_cap(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    theta = lam / (np.max(np.abs(X.T @ r)) / n) * r
    return float(r @ r / (2 * n) + lam * np.abs(w).sum() - theta @ y / n + theta @ theta / (2 * n))


@wrong(EX, "residual not scaled at all (s = 1): not dual feasible away from the minimum")
def gap_wrong_no_scaling(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    return float(r @ r / (2 * n) + lam * np.abs(w).sum() - r @ y / n + r @ r / (2 * n))


@wrong(EX, "1/n missing in the pulls that decide s")
def gap_wrong_s_no_n(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    top = np.max(np.abs(X.T @ r))
    theta = min(1.0, lam / top if top > 0 else 1.0) * r
    return float(r @ r / (2 * n) + lam * np.abs(w).sum() - theta @ y / n + theta @ theta / (2 * n))


@wrong(EX, "absolute value missing in the largest pull")
def gap_wrong_no_abs(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    top = np.max(X.T @ r / n)
    theta = (min(1.0, lam / top) if top > 0 else 1.0) * r
    return float(r @ r / (2 * n) + lam * np.abs(w).sum() - theta @ y / n + theta @ theta / (2 * n))


@wrong(EX, "penalty left out of the objective")
def gap_wrong_no_penalty(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    top = np.max(np.abs(X.T @ r / n))
    theta = (min(1.0, lam / top) if top > 0 else 1.0) * r
    return float(r @ r / (2 * n) - theta @ y / n + theta @ theta / (2 * n))


@wrong(EX, "sign of the quadratic term of the dual: minus J's ||θ||² term again")
def gap_wrong_dual_sign(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    top = np.max(np.abs(X.T @ r / n))
    theta = (min(1.0, lam / top) if top > 0 else 1.0) * r
    primal = r @ r / (2 * n) + lam * np.abs(w).sum()
    return float(primal - (theta @ y / n + theta @ theta / (2 * n)))


@wrong(EX, "s applied to the linear term only, the quadratic term uses the unscaled residual")
def gap_wrong_half_scaled(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    top = np.max(np.abs(X.T @ r / n))
    s = min(1.0, lam / top) if top > 0 else 1.0
    return float(r @ r / (2 * n) + lam * np.abs(w).sum() - (s * r @ y / n - r @ r / (2 * n)))


@wrong(EX, "½ missing in the quadratic term of the dual")
def gap_wrong_dual_half(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    top = np.max(np.abs(X.T @ r / n))
    theta = (min(1.0, lam / top) if top > 0 else 1.0) * r
    return float(r @ r / (2 * n) + lam * np.abs(w).sum() - (theta @ y / n - theta @ theta / n))


@wrong(EX, "θ'r in place of θ'y in the dual")
def gap_wrong_residual_for_y(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    top = np.max(np.abs(X.T @ r / n))
    theta = (min(1.0, lam / top) if top > 0 else 1.0) * r
    return float(r @ r / (2 * n) + lam * np.abs(w).sum() - (theta @ r / n - theta @ theta / (2 * n)))


@wrong(EX, "scaled y instead of the residual")
def gap_wrong_theta_from_y(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    top = np.max(np.abs(X.T @ y / n))
    theta = (min(1.0, lam / top) if top > 0 else 1.0) * y
    return float(r @ r / (2 * n) + lam * np.abs(w).sum() - (theta @ y / n - theta @ theta / (2 * n)))


@wrong(EX, "max instead of min in s")
def gap_wrong_max(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    top = np.max(np.abs(X.T @ r / n))
    theta = (max(1.0, lam / top) if top > 0 else 1.0) * r
    return float(r @ r / (2 * n) + lam * np.abs(w).sum() - (theta @ y / n - theta @ theta / (2 * n)))


@wrong(EX, "objective without ½ in the data loss")
def gap_wrong_primal_half(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    top = np.max(np.abs(X.T @ r / n))
    theta = (min(1.0, lam / top) if top > 0 else 1.0) * r
    return float(r @ r / n + lam * np.abs(w).sum() - (theta @ y / n - theta @ theta / (2 * n)))


@wrong(EX, "sum of the dual without 1/n")
def gap_wrong_dual_no_n(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    top = np.max(np.abs(X.T @ r / n))
    theta = (min(1.0, lam / top) if top > 0 else 1.0) * r
    return float(r @ r / (2 * n) + lam * np.abs(w).sum() - (theta @ y - theta @ theta / 2))


@wrong(EX, "dual minus primal: the gap is negative")
def gap_wrong_order(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    top = np.max(np.abs(X.T @ r / n))
    theta = (min(1.0, lam / top) if top > 0 else 1.0) * r
    return float(theta @ y / n - theta @ theta / (2 * n) - r @ r / (2 * n) - lam * np.abs(w).sum())


@wrong(EX, "sum of the weights in place of the sum of their absolute values")
def gap_wrong_plain_sum(X, y, w, lam):
    n = len(y)
    r = y - X @ w
    top = np.max(np.abs(X.T @ r / n))
    theta = (min(1.0, lam / top) if top > 0 else 1.0) * r
    return float(r @ r / (2 * n) + lam * w.sum() - (theta @ y / n - theta @ theta / (2 * n)))


EX = "lasso.coordinate_update"


@right(EX, "residual without feature j by adding its part back")
def coord_right_add_back(X, y, w, j, lam):
    n = len(y)
    r = y - X @ w + X[:, j] * w[j]
    a, z = X[:, j] @ X[:, j] / n, X[:, j] @ r / n
    return float(np.sign(z) * max(abs(z) - lam, 0) / a)


@right(EX, "np.delete of column and weight, mean instead of 1/n")
def coord_right_delete(X, y, w, j, lam):
    others = np.delete(X, j, axis=1) @ np.delete(w, j)
    x = X[:, j]
    z = np.mean(x * (y - others))
    return float((z - np.clip(z, -lam, lam)) / np.mean(x**2))


@right(EX, "plain loops with three cases")
def coord_right_loop(X, y, w, j, lam):
    n, d = X.shape
    z = a = 0.0
    for i in range(n):
        rest = y[i]
        for k in range(d):
            if k != j:
                rest -= X[i, k] * w[k]
        z += X[i, j] * rest / n
        a += X[i, j] ** 2 / n
    if z > lam:
        return float((z - lam) / a)
    if z < -lam:
        return float((z + lam) / a)
    return 0.0


@right(EX, "ISTA step along one axis: S(w_j + x'r/(n a), λ/a)")
def coord_right_axis_step(X, y, w, j, lam):
    x = X[:, j]
    a = np.linalg.norm(x) ** 2 / len(y)
    u = w[j] + x @ (y - X @ w) / (len(y) * a)
    return float(max(u - lam / a, 0) - max(-u - lam / a, 0))


@wrong(EX, "full residual used, feature j not taken out")
def coord_wrong_full_residual(X, y, w, j, lam):
    n = len(y)
    z, a = X[:, j] @ (y - X @ w) / n, X[:, j] @ X[:, j] / n
    return float(np.sign(z) * max(abs(z) - lam, 0) / a)


@wrong(EX, "division by a_j missing, as for standardised columns")
def coord_wrong_no_a(X, y, w, j, lam):
    z = X[:, j] @ (y - X @ w + X[:, j] * w[j]) / len(y)
    return float(np.sign(z) * max(abs(z) - lam, 0))


@wrong(EX, "divided by a_j before thresholding with λ")
def coord_wrong_threshold_after(X, y, w, j, lam):
    n = len(y)
    a = X[:, j] @ X[:, j] / n
    z = X[:, j] @ (y - X @ w + X[:, j] * w[j]) / n / a
    return float(np.sign(z) * max(abs(z) - lam, 0))


@wrong(EX, "1/n missing in z and in a: the threshold is too small by n")
def coord_wrong_no_n(X, y, w, j, lam):
    a = X[:, j] @ X[:, j]
    z = X[:, j] @ (y - X @ w + X[:, j] * w[j])
    return float(np.sign(z) * max(abs(z) - lam, 0) / a)


@wrong(EX, "1/n in z but not in a")
def coord_wrong_a_no_n(X, y, w, j, lam):
    z = X[:, j] @ (y - X @ w + X[:, j] * w[j]) / len(y)
    return float(np.sign(z) * max(abs(z) - lam, 0) / np.sum(X[:, j] ** 2))


@wrong(EX, "norm of the column not squared in a_j")
def coord_wrong_norm_not_squared(X, y, w, j, lam):
    n = len(y)
    z = X[:, j] @ (y - X @ w + X[:, j] * w[j]) / n
    return float(np.sign(z) * max(abs(z) - lam, 0) / (np.linalg.norm(X[:, j]) / n))


@wrong(EX, "subtracted the part of feature j a second time instead of adding it back")
def coord_wrong_subtracted_twice(X, y, w, j, lam):
    n = len(y)
    z = X[:, j] @ (y - X @ w - X[:, j] * w[j]) / n
    return float(np.sign(z) * max(abs(z) - lam, 0) / (X[:, j] @ X[:, j] / n))


@wrong(EX, "no threshold: least squares along one coordinate")
def coord_wrong_no_threshold(X, y, w, j, lam):
    r = y - X @ w + X[:, j] * w[j]
    return float(X[:, j] @ r / (X[:, j] @ X[:, j]))


@wrong(EX, "ridge along one coordinate: z/(a + λ)")
def coord_wrong_ridge(X, y, w, j, lam):
    n = len(y)
    z = X[:, j] @ (y - X @ w + X[:, j] * w[j]) / n
    return float(z / (X[:, j] @ X[:, j] / n + lam))


@wrong(EX, "other weights ignored: y in place of the partial residual")
def coord_wrong_marginal(X, y, w, j, lam):
    n = len(y)
    z = X[:, j] @ y / n
    return float(np.sign(z) * max(abs(z) - lam, 0) / (X[:, j] @ X[:, j] / n))


@wrong(EX, "row j instead of column j in the sum over the other features (X[j] for X[:, j])")
def coord_wrong_row(X, y, w, j, lam):
    n = len(y)
    z = X[:, j] @ (y - X @ w + X[:, j] * w[j]) / n
    return float(np.sign(z) * max(abs(z) - lam, 0) / (X[j] @ X[j] / n))


@wrong(EX, "one-sided threshold, a negative weight becomes 0")
def coord_wrong_one_sided(X, y, w, j, lam):
    n = len(y)
    z = X[:, j] @ (y - X @ w + X[:, j] * w[j]) / n
    return float(max(z - lam, 0) / (X[:, j] @ X[:, j] / n))


@wrong(EX, "variance of the column instead of its mean square: differs for columns that are not centred")
def coord_wrong_variance(X, y, w, j, lam):
    z = X[:, j] @ (y - X @ w + X[:, j] * w[j]) / len(y)
    return float(np.sign(z) * max(abs(z) - lam, 0) / X[:, j].var())


@wrong(EX, "only the features before j taken out of y (range(j)), those after j forgotten")
def coord_wrong_only_before(X, y, w, j, lam):
    n = len(y)
    r = y - X[:, :j] @ w[:j]
    z = X[:, j] @ r / n
    return float(np.sign(z) * max(abs(z) - lam, 0) / (X[:, j] @ X[:, j] / n))


@wrong(EX, "returned the whole weight vector instead of the one number")
def coord_wrong_vector(X, y, w, j, lam):
    n = len(y)
    new = np.array(w, dtype=float)
    z = X[:, j] @ (y - X @ w + X[:, j] * w[j]) / n
    new[j] = np.sign(z) * max(abs(z) - lam, 0) / (X[:, j] @ X[:, j] / n)
    return new


@wrong(EX, "v = w without a copy: sets the caller's w[j] to 0 (the returned value is right)", debatable=True)
def coord_wrong_overwrites(X, y, w, j, lam):
    n = len(y)
    v = w
    v[j] = 0
    z = X[:, j] @ (y - X @ v) / n
    return float(np.sign(z) * max(abs(z) - lam, 0) / (X[:, j] @ X[:, j] / n))
