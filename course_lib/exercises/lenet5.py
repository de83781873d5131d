"""Exercises of chapter 10, LeNet-5: windows of an image, forward and backward, and what there is to count.

Images are not square and kernels not symmetric, so that rows cannot pass for columns; inputs have both signs
and maps have ties, so that "the largest" and "the largest in absolute value" differ.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course_lib.exercises.exercise import Case, Choice, Exercise, Misconception, Value

__all__ = ["EXERCISES"]

Array = np.ndarray
Rng = np.random.Generator


# --------------------------------------------------------------------------------------------- convolution


def conv2d(x: Array, W: Array, b: Array) -> Array:
    """Cross-correlation of one image, stride 1, no padding."""
    n_out, _, k, _ = W.shape
    height, width = x.shape[1] - k + 1, x.shape[2] - k + 1
    out = np.empty((n_out, height, width))
    for r in range(height):
        for s in range(width):
            out[:, r, s] = np.sum(W * x[:, r : r + k, s : s + k], axis=(1, 2, 3)) + b
    return out


def conv2d_slices(x: Array, W: Array, b: Array) -> Array:
    """A loop over the places in the kernel."""
    k = W.shape[2]
    height, width = x.shape[1] - k + 1, x.shape[2] - k + 1
    out = np.zeros((len(W), height, width)) + np.asarray(b)[:, None, None]
    for i in range(k):
        for j in range(k):
            out += np.tensordot(W[:, :, i, j], x[:, i : i + height, j : j + width], axes=1)
    return out


def conv2d_windows(x: Array, W: Array, b: Array) -> Array:
    """Sliding windows and einsum."""
    windows = np.lib.stride_tricks.sliding_window_view(x, W.shape[2:], axis=(1, 2))
    return np.einsum("ocij,crsij->ors", W, windows) + b[:, None, None]


def conv2d_lists(x: Array, W: Array, b: Array) -> list:
    """Six loops, as nested lists."""
    o, c, k, _ = W.shape
    return [
        [
            [
                sum(W[m, q, i, j] * x[q, r + i, s + j] for q in range(c) for i in range(k) for j in range(k))
                + b[m]
                for s in range(x.shape[2] - k + 1)
            ]
            for r in range(x.shape[1] - k + 1)
        ]
        for m in range(o)
    ]


def conv2d_single(x: Array, W: Array, b: Array) -> Array:
    """In single precision."""
    return conv2d_windows(x.astype(np.float32), W.astype(np.float32), b.astype(np.float32))


def conv2d_same(x: Array, W: Array, b: Array) -> Array:
    """A frame of zeros that keeps the size."""
    before = (W.shape[2] - 1) // 2
    after = W.shape[2] - 1 - before
    return conv2d(np.pad(x, ((0, 0), (before, after), (before, after))), W, b)


def conv2d_short(x: Array, W: Array, b: Array) -> Array:
    """The last row and column of windows forgotten."""
    return conv2d(x, W, b)[:, :-1, :-1]


def conv2d_same_other_side(x: Array, W: Array, b: Array) -> Array:
    """As `conv2d_same`, with the larger part of an uneven frame in front."""
    before = W.shape[2] // 2
    after = W.shape[2] - 1 - before
    return conv2d(np.pad(x, ((0, 0), (before, after), (before, after))), W, b)


def conv2d_last_zero(x: Array, W: Array, b: Array) -> Array:
    """The last row and column of windows left at 0."""
    out = conv2d(x, W, b)
    out[:, -1], out[:, :, -1] = 0, 0
    return out


def conv2d_type_of_image(x: Array, W: Array, b: Array) -> Array:
    """The result in an array of the image's type."""
    return conv2d(x, W, b).astype(np.asarray(x).dtype)


def conv_cases(rng: Rng) -> list[Case]:
    """Several channels, images that are not square, kernels of 2, 3 and 1."""
    shapes = ((2, 3, 2, 4, 5, "small"), (3, 2, 3, 6, 4, "channels"), (1, 4, 3, 5, 7, "one_channel"))
    cases = []
    for n_in, n_out, k, height, width, label in shapes:
        x, W = rng.normal(size=(n_in, height, width)), rng.normal(size=(n_out, n_in, k, k))
        cases.append(Case((x, W, rng.normal(size=n_out)), label=label))
    x = np.arange(12.0).reshape(1, 3, 4)
    cases.append(Case((x, np.array([[[[1.0, 0.0], [0.0, 0.0]]]]), np.array([0.5])), label="corner"))
    pixels = rng.integers(0, 256, (1, 5, 4))
    cases.append(Case((pixels, rng.normal(size=(2, 1, 2, 2)), rng.normal(size=2)), label="pixels"))
    return cases


# ---------------------------------------------------------------------------------------------- output side


def output_side(side: int, size: int, stride: int, padding: int) -> int:
    """Number of windows along one side."""
    return (side + 2 * padding - size) // stride + 1


def output_side_count(side: int, size: int, stride: int, padding: int) -> int:
    """Count the windows."""
    return len(range(0, side + 2 * padding - size + 1, stride))


def output_side_float(side: int, size: int, stride: int, padding: int) -> float:
    """With np.floor."""
    return float(np.floor((side + 2 * padding - size) / stride) + 1)


def side_cases(rng: Rng) -> list[Case]:
    """LeNet's own layers, sides where something is left over, and random ones."""
    cases = [
        Case((32, 5, 1, 0), label="c1"),
        Case((28, 2, 2, 0), label="s2"),
        Case((28, 5, 1, 2), label="same"),
        Case((8, 3, 2, 0), label="left_over"),
        Case((9, 4, 3, 2), label="left_over"),
        Case((7, 2, 3, 0), label="left_over"),
    ]
    for _ in range(3):
        size, stride, padding = (int(k) for k in rng.integers((2, 2, 1), (6, 4, 4)))
        side = size + stride * int(rng.integers(2, 9)) + int(rng.integers(0, stride))
        cases.append(Case((side, size, stride, padding), label="random"))
    return cases


# ------------------------------------------------------------------------------------------ weight gradient


def conv_weight_gradient(x: Array, grad: Array, size: int) -> Array:
    """dJ/dW of one image, stride 1, no padding."""
    n_out, height, width = grad.shape
    dW = np.empty((n_out, len(x), size, size))
    for i in range(size):
        for j in range(size):
            dW[:, :, i, j] = np.tensordot(grad, x[:, i : i + height, j : j + width], axes=((1, 2), (1, 2)))
    return dW


def weight_gradient_positions(x: Array, grad: Array, size: int) -> Array:
    """Add up windows, one place of the output at a time."""
    dW = np.zeros((len(grad), len(x), size, size))
    for r in range(grad.shape[1]):
        for s in range(grad.shape[2]):
            dW += grad[:, r, s][:, None, None, None] * x[:, r : r + size, s : s + size]
    return dW


def weight_gradient_einsum(x: Array, grad: Array, size: int) -> Array:
    """Sliding windows and einsum."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return np.einsum("ors,crsij->ocij", grad, windows)


def _gradient(change: Callable[[Array, Array], Array]) -> Callable[[Array, Array, int], Array]:
    """The right gradient, changed."""

    def wrong(x: Array, grad: Array, size: int) -> Array:
        return change(conv_weight_gradient(x, grad, size), grad)

    return wrong


def weight_gradient_summed(x: Array, grad: Array, size: int) -> Array:
    """Gradient and windows summed on their own before they are multiplied."""
    ones = conv_weight_gradient(x, np.ones_like(grad), size)
    return ones * grad.mean(axis=(1, 2))[:, None, None, None]


def weight_gradient_first(x: Array, grad: Array, size: int) -> Array:
    """Only the first window."""
    return grad[:, :1, :1, None] * x[None, :, :size, :size]


def weight_gradient_last(x: Array, grad: Array, size: int) -> Array:
    """Only the last window: each place overwrites the one before."""
    height, width = grad.shape[1:]
    return grad[:, -1:, -1:, None] * x[None, :, height - 1 :, width - 1 :]


def weight_gradient_square(x: Array, grad: Array, size: int) -> Array:
    """As many columns of places as rows."""
    places = min(grad.shape[1:])
    return conv_weight_gradient(x, grad[:, :places, :places], size)


def gradient_cases(rng: Rng) -> list[Case]:
    """As for the convolution, with more than one place in the output."""
    cases = []
    for n_in, n_out, k, height, width, label in (
        (2, 3, 2, 4, 5, "small"), (3, 2, 3, 6, 4, "channels"), (1, 4, 3, 5, 7, "one_channel"),
    ):  # fmt: skip
        x, grad = (
            rng.normal(size=(n_in, height, width)),
            rng.normal(size=(n_out, height - k + 1, width - k + 1)),
        )
        cases.append(Case((x, grad, k), label=label))
    return cases


# -------------------------------------------------------------------------------------------------- pooling


def max_pool_backward(x: Array, grad: Array) -> Array:
    """dJ/dx of 2 x 2 maximum pooling of one map; in a tie the first in reading order gets all."""
    dx = np.zeros(x.shape)
    for r in range(grad.shape[0]):
        for s in range(grad.shape[1]):
            window = x[2 * r : 2 * r + 2, 2 * s : 2 * s + 2]
            i, j = divmod(int(window.argmax()), 2)
            dx[2 * r + i, 2 * s + j] = grad[r, s]
    return dx


def _blocks(x: Array) -> Array:
    """(h, w) as (h/2, w/2, 4): one window a row, in reading order."""
    h, w = x.shape
    return x.reshape(h // 2, 2, w // 2, 2).transpose(0, 2, 1, 3).reshape(h // 2, w // 2, 4)


def _unblock(blocks: Array) -> Array:
    h, w, _ = blocks.shape
    return blocks.reshape(h, w, 2, 2).transpose(0, 2, 1, 3).reshape(2 * h, 2 * w)


def pool_backward_blocks(x: Array, grad: Array) -> Array:
    """All windows at once."""
    winner = _blocks(x).argmax(axis=2)
    return _unblock((np.arange(4) == winner[..., None]) * grad[..., None])


def pool_backward_slices(x: Array, grad: Array) -> Array:
    """One place of the window after the other, as long as nobody has won."""
    dx, best = np.zeros_like(x, dtype=float), _blocks(x).max(axis=2)
    open_ = np.ones(grad.shape, bool)
    for i, j in np.ndindex(2, 2):
        hit = open_ & (x[i::2, j::2] == best)
        dx[i::2, j::2] = np.where(hit, grad, 0)
        open_ &= ~hit
    return dx


def _spread(weight: Callable[[Array], Array]) -> Callable[[Array, Array], Array]:
    """Hand out grad in other shares: weight maps windows (h, w, 4) to factors."""

    def wrong(x: Array, grad: Array) -> Array:
        return _unblock(weight(_blocks(x)) * grad[..., None])

    return wrong


def _winner(windows: Array) -> Array:
    return np.arange(4) == windows.argmax(axis=2)[..., None]


def _ties(windows: Array) -> Array:
    return windows == windows.max(axis=2, keepdims=True)


def _last(windows: Array) -> Array:
    return np.arange(4) == 3 - windows[..., ::-1].argmax(axis=2)[..., None]


def pool_type_of_map(x: Array, grad: Array) -> Array:
    """The result in an array of the map's type."""
    return max_pool_backward(x, grad).astype(x.dtype)


def pool_from_zero(x: Array, grad: Array) -> Array:
    """The search for the largest pixel starts at 0."""
    blocks = _blocks(x)
    return _unblock((_winner(blocks) & (blocks > 0)) * grad[..., None])


def pool_neighbours(x: Array, grad: Array) -> Array:
    """Windows that overlap: one pixel apart."""
    dx = np.zeros(x.shape)
    for r, s in np.ndindex(*grad.shape):
        i, j = divmod(int(x[r : r + 2, s : s + 2].argmax()), 2)
        dx[r + i, s + j] += grad[r, s]
    return dx


def pool_cases(rng: Rng) -> list[Case]:
    """Both signs, negative windows, windows with ties."""
    tied = np.array(
        [[2.0, 2.0, -1.0, -3.0], [0.0, 2.0, -1.0, -1.0], [0.0, 0.0, 1.0, 5.0], [0.0, 0.0, 5.0, 1.0]]
    )
    cases = [Case((rng.normal(size=(4, 6)), rng.normal(size=(2, 3))), label="small")]
    cases.append(Case((-1 - rng.random((6, 4)), rng.normal(size=(3, 2))), label="negative"))
    cases.append(Case((tied, np.array([[1.0, -2.0], [3.0, 0.5]])), label="ties"))
    pixels = np.arange(1, 17).reshape(4, 4)[:, ::-1].copy()
    cases.append(Case((pixels, np.array([[0.25, -1.5], [2.75, 0.5]])), label="pixels"))
    return cases


# --------------------------------------------------------------------------------------------------- report


def class_report(counts: Array) -> tuple[Array, Array]:
    """Recall and precision of every class; counts[true, answer]."""
    counts = np.asarray(counts)
    right, answered = np.diag(counts), counts.sum(axis=0)
    precision = np.divide(right, answered, out=np.zeros(len(counts)), where=answered > 0)
    return right / counts.sum(axis=1), precision


def report_loop(counts: Array) -> tuple[list[float], list[float]]:
    """Class by class."""
    k = len(counts)
    recall = [counts[c][c] / sum(counts[c]) for c in range(k)]
    columns = [sum(counts[r][c] for r in range(k)) for c in range(k)]
    return recall, [counts[c][c] / columns[c] if columns[c] else 0.0 for c in range(k)]


def report_max(counts: Array) -> tuple[Array, Array]:
    """A column without answers divided by 1."""
    return (np.diag(counts) / np.sum(counts, axis=1), np.diag(counts) / np.maximum(np.sum(counts, axis=0), 1))


def report_total(counts: Array) -> tuple[Array, Array]:
    """Both divided by all images."""
    share = np.diag(counts) / np.sum(counts)
    return share, share


def report_one_against_rest(counts: Array) -> tuple[Array, Array]:
    """The accuracy of "this class or not" in place of the recall."""
    total, right = np.sum(counts), np.diag(counts)
    wrong = np.sum(counts, axis=0) + np.sum(counts, axis=1) - 2 * right
    return 1 - wrong / total, class_report(counts)[1]


def report_not_answered(counts: Array) -> tuple[Array, Array]:
    """0/0 left as it is."""
    with np.errstate(all="ignore"):
        return class_report(counts)[0], np.diag(counts) / np.sum(counts, axis=0)


def report_whole(counts: Array) -> tuple[Array, Array]:
    """Rounded down."""
    recall, precision = class_report(counts)
    return np.floor(recall), np.floor(precision)


def report_one_if_never(counts: Array) -> tuple[Array, Array]:
    """A class without answers has no wrong ones."""
    recall, precision = class_report(counts)
    return recall, np.where(np.sum(counts, axis=0) > 0, precision, 1.0)


def report_cases(rng: Rng) -> list[Case]:
    """Unequal classes, a confusion that goes one way, a class that is never answered."""
    one_way = np.array([[50, 0, 0], [10, 30, 0], [0, 5, 15]])
    never = np.array([[20, 3, 0], [4, 30, 0], [2, 6, 0]])
    random = rng.integers(1, 9, (4, 4)) + np.diag(rng.integers(20, 60, 4))
    return [Case((one_way,), label="one_way"), Case((random,), label="random"), Case((never,), label="never")]


def _parameters(name: str, count: int, *, difficulty: int, **wrong: tuple[int, str]) -> Value:
    """How many parameters has a layer? Each wrong count comes with its source."""
    return Value(
        id=f"lenet5.{name}",
        chapter=10,
        minutes=4,
        difficulty=difficulty,
        reference=float(count),
        rtol=1e-9,
        misconceptions={key: Misconception(float(number), source) for key, (number, source) in wrong.items()},
    )


EXERCISES = [
    Exercise(
        id="lenet5.conv2d",
        chapter=10,
        minutes=10,
        difficulty=2,
        signature="conv2d(x, W, b)",
        reference=conv2d,
        alternatives={
            "slices": conv2d_slices,
            "windows": conv2d_windows,
            "lists": conv2d_lists,
            "float32": conv2d_single,
        },
        misconceptions={
            "flipped": Misconception(
                lambda x, W, b: conv2d(x, W[:, :, ::-1, ::-1], b), "convolution of mathematics"
            ),
            "transposed": Misconception(lambda x, W, b: conv2d(x, W.swapaxes(2, 3), b), "rows and columns"),
            "no_bias": Misconception(lambda x, W, b: conv2d(x, W, 0 * b), "bias left out"),
            "bias_each_channel": Misconception(
                lambda x, W, b: conv2d(x, W, len(x) * b), "bias inside the sum over channels"
            ),
            "first_channel": Misconception(
                lambda x, W, b: conv2d(x[:1], W[:, :1], b), "kernel without depth"
            ),
            "first_bias": Misconception(lambda x, W, b: conv2d(x, W, 0 * b + b[0]), "one bias for all maps"),
            "mean_of_channels": Misconception(
                lambda x, W, b: conv2d(x / len(x), W, b), "channels averaged, not added"
            ),
            "same_size": Misconception(conv2d_same, "erratum 27", also=(conv2d_same_other_side,)),
            "window_short": Misconception(conv2d_short, "counting fence posts", also=(conv2d_last_zero,)),
            "whole_numbers": Misconception(conv2d_type_of_image, "dtype of the input"),
        },
        cases=conv_cases,
    ),
    Exercise(
        id="lenet5.output_side",
        chapter=10,
        minutes=4,
        signature="output_side(side, size, stride, padding)",
        reference=output_side,
        alternatives={"count": output_side_count, "float": output_side_float},
        misconceptions={
            "no_plus_one": Misconception(lambda h, k, s, p: (h + 2 * p - k) // s, "counting fence posts"),
            "one_sided": Misconception(lambda h, k, s, p: (h + p - k) // s + 1, "padding on one side only"),
            "rounded_up": Misconception(
                lambda h, k, s, p: -(-(h + 2 * p - k) // s) + 1,
                "windows over the edge",
                also=(lambda h, k, s, p: round((h + 2 * p - k) / s) + 1,),
            ),
            "not_rounded": Misconception(lambda h, k, s, p: (h + 2 * p - k) / s + 1, "half a window"),
            "plus_one_first": Misconception(
                lambda h, k, s, p: (h + 2 * p - k + 1) // s, "order of adding and dividing"
            ),
            "no_stride": Misconception(lambda h, k, s, p: h + 2 * p - k + 1, "stride left out"),
            "no_padding": Misconception(lambda h, k, s, p: (h - k) // s + 1, "padding left out"),
        },
        cases=side_cases,
    ),
    Exercise(
        id="lenet5.weight_gradient",
        chapter=10,
        minutes=10,
        difficulty=3,
        signature="conv_weight_gradient(x, grad, size)",
        reference=conv_weight_gradient,
        alternatives={"positions": weight_gradient_positions, "einsum": weight_gradient_einsum},
        misconceptions={
            "flipped": Misconception(
                _gradient(lambda dW, g: dW[:, :, ::-1, ::-1]), "convolution of mathematics"
            ),
            "transposed": Misconception(_gradient(lambda dW, g: dW.swapaxes(2, 3)), "rows and columns"),
            "mean_of_places": Misconception(
                _gradient(lambda dW, g: dW / (g.shape[1] * g.shape[2])), "shared weights averaged"
            ),
            "summed_apart": Misconception(weight_gradient_summed, "sum of products, product of sums"),
            "first_window": Misconception(weight_gradient_first, "weights not shared"),
            "last_window": Misconception(weight_gradient_last, "= for +="),
            "places_short": Misconception(
                lambda x, grad, size: conv_weight_gradient(x, grad[:, :-1, :-1], size),
                "counting fence posts",
                also=(weight_gradient_square,),
            ),
            "channels_added": Misconception(
                lambda x, grad, size: conv_weight_gradient(0 * x + x.sum(axis=0), grad, size),
                "sum over channels, as in the forward pass",
            ),
            "maps_added": Misconception(
                lambda x, grad, size: conv_weight_gradient(x, 0 * grad + grad.sum(axis=0), size),
                "one gradient for all maps",
            ),
        },
        cases=gradient_cases,
    ),
    Exercise(
        id="lenet5.pool_backward",
        chapter=10,
        minutes=8,
        difficulty=2,
        signature="max_pool_backward(x, grad)",
        reference=max_pool_backward,
        alternatives={"blocks": pool_backward_blocks, "slices": pool_backward_slices},
        misconceptions={
            "quarter": Misconception(_spread(lambda w: np.full(w.shape, 0.25)), "average pooling"),
            "everyone": Misconception(_spread(np.ones_like), "average pooling without the mean"),
            "all_ties": Misconception(_spread(_ties), "mask of equality"),
            "shared_ties": Misconception(
                _spread(lambda w: _ties(w) / _ties(w).sum(axis=2, keepdims=True)), "another subgradient"
            ),
            "last_of_ties": Misconception(_spread(_last), "another subgradient"),
            "largest_size": Misconception(_spread(lambda w: _winner(np.abs(w))), "absolute value"),
            "first_in_columns": Misconception(
                lambda x, grad: max_pool_backward(x.T, np.transpose(grad)).T, "reading order"
            ),
            "times_value": Misconception(_spread(lambda w: _winner(w) * w), "value in place of slope"),
            "from_zero": Misconception(pool_from_zero, "largest so far = 0"),
            "without_grad": Misconception(
                lambda x, grad: max_pool_backward(x, np.ones_like(grad)), "chain rule"
            ),
            "neighbours": Misconception(pool_neighbours, "stride 1"),
            "whole_numbers": Misconception(pool_type_of_map, "dtype of the input"),
        },
        cases=pool_cases,
        exact_zeros=True,
    ),
    _parameters(
        "c3_parameters",
        1516,
        difficulty=2,
        full=(2416, "result P13"),
        no_biases=(1500, "biases left out"),
        bias_each_connection=(1560, "bias inside the sum over channels"),
        one_input_each=(416, "kernel without depth"),
        full_no_biases=(2400, "result P13"),
        biases_of_inputs=(1506, "one bias per input map"),
        one_bias=(1501, "one bias for the layer"),
        kernels_forgotten=(76, "a weight for each connection"),
    ),
    _parameters(
        "c5_parameters",
        94_200,
        difficulty=1,
        valid_padding=(48_120, "erratum 27"),
        no_biases=(94_080, "biases left out"),
        without_maps=(6000, "maps not counted"),
        pooled_once=(376_440, "second pooling left out"),
        not_pooled=(1_505_400, "both poolings left out"),
        bias_each_input=(94_864, "one bias per input"),
        one_bias=(94_081, "one bias for the layer"),
        bias_each_map=(94_096, "one bias per map"),
        without_pixels=(2040, "side of the maps not counted"),
    ),
    Exercise(
        id="lenet5.report",
        chapter=10,
        minutes=6,
        difficulty=2,
        signature="class_report(counts)",
        reference=class_report,
        returns=("recall", "precision"),
        alternatives={"loop": report_loop, "max": report_max},
        misconceptions={
            "swapped": Misconception(lambda counts: class_report(counts)[::-1], "rows and columns"),
            "of_all_images": Misconception(report_total, "share of all images"),
            "one_against_rest": Misconception(report_one_against_rest, "accuracy of one class"),
            "zero_by_zero": Misconception(report_not_answered, "a class that is never answered"),
            "recall_twice": Misconception(lambda counts: (class_report(counts)[0],) * 2, "rows and columns"),
            "mistakes": Misconception(
                lambda counts: tuple(1 - share for share in class_report(counts)), "error for share right"
            ),
            "whole": Misconception(report_whole, "// for /"),
            "one_if_never": Misconception(report_one_if_never, "a class that is never answered"),
        },
        cases=report_cases,
    ),
    Choice(
        id="lenet5.which_number",
        chapter=10,
        minutes=3,
        difficulty=2,
        options=("a", "b", "c", "d"),
        correct="c",
        misconceptions={"a": "best_test", "b": "best_seed", "d": "validation_as_test"},
    ),
]
