"""Layers for images: convolution and pooling. Images have shape (n, channels, height, width), as in torch.

Inside, the batch comes last: (channels, height, width, n). A window of the image is then a slice, and what a
slice copies lies together in memory, n numbers at a time. The arrays handed from layer to layer are views of
that memory with the axes turned; entry-by-entry layers (ReLU, Tanh, Dropout) keep the order, so nothing is
moved back and forth.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from course_lib import validation
from course_lib.nn.layers import Layer, Parameter, initial_weights

__all__ = ["AvgPool2d", "Conv2d", "MaxPool2d"]


class Conv2d(Layer):
    """Convolution (in the usage of deep learning: cross-correlation), as `torch.nn.Conv2d`.

    Forward: `out[m, o, r, s] = b[o] + Σ_{c,i,j} W[o, c, i, j] x[m, c, stride r + i, stride s + j]` with x
    framed by `padding` zeros; x (n, n_in, h, w) -> (n, n_out, h', w') with
    h' = ⌊(h + 2 padding - size)/stride⌋ + 1.
    Backward: dJ/dW[o, c, i, j] = Σ_{m,r,s} grad[m, o, r, s] x[m, c, stride r + i, stride s + j],
    dJ/db[o] = Σ_{m,r,s} grad[m, o, r, s], and each grad[m, o, r, s] hands W[o] on to the window it came from.

    Both are one matrix product on the windows, laid out as columns: Wx' with W (n_out, n_in size²) and x'
    (n_in size², h' w' n).

    Parameters
    ----------
    n_in, n_out : int
        Channels that enter and leave.
    size : int
        Height and width of the kernel.
    rng : numpy.random.Generator
        Draws the initial weights. Biases start at 0.
    stride, padding : int
    init : as in `Linear`, where a unit has n_in size² inputs
    bias : bool
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        size: int,
        rng: np.random.Generator,
        *,
        stride: int = 1,
        padding: int = 0,
        init: str | float = "he",
        bias: bool = True,
    ) -> None:
        self.n_in, self.n_out = validation.positive_int(n_in, "n_in"), validation.positive_int(n_out, "n_out")
        self.size, self.stride = (
            validation.positive_int(size, "size"),
            validation.positive_int(stride, "stride"),
        )
        self.padding = _whole(padding, "padding")
        fan_in, fan_out = self.n_in * size**2, self.n_out * size**2
        shape = self.n_out, self.n_in, self.size, self.size
        value = initial_weights(shape, fan_in, fan_out, validation.generator(rng), init)
        self.weight = Parameter(value, "weight", is_weight=True, unit_axis=0)
        self.bias = Parameter(np.zeros(self.n_out), "bias") if bias else None

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        _check_images(x, "Conv2d", self.size, self.n_in, self.padding)
        self._columns, shape = self._as_columns(batch_last(x))
        out = self.weight.value.reshape(self.n_out, -1) @ self._columns
        if self.bias is not None:
            out += self.bias.value[:, None]
        return batch_first(out.reshape(self.n_out, *shape))

    def _as_columns(self, x: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
        """Return the windows as columns, and (h', w', n). The padded shape is kept for `backward`."""
        if self.padding:
            frame = (self.padding, self.padding)
            x = np.pad(x, ((0, 0), frame, frame, (0, 0)))
        self._padded, windows = x.shape, list(_windows(x, self.size, self.stride))
        columns = np.empty((self.n_in, len(windows), *x[windows[0]].shape[1:]), x.dtype)
        for k, window in enumerate(windows):
            columns[:, k] = x[window]
        return columns.reshape(self.n_in * len(windows), -1), columns.shape[2:]

    def set_gradients(self, grad: np.ndarray) -> None:
        rows = batch_last(grad).reshape(self.n_out, -1)
        self.weight.grad[...] = (rows @ self._columns.T).reshape(self.weight.grad.shape)
        if self.bias is not None:
            self.bias.grad[...] = rows.sum(axis=1)

    def backward(self, grad: np.ndarray) -> np.ndarray:
        self.set_gradients(grad)
        grad = batch_last(grad)
        columns = self.weight.value.reshape(self.n_out, -1).T @ grad.reshape(self.n_out, -1)
        columns = columns.reshape(self.n_in, self.size**2, *grad.shape[1:])
        dx = np.zeros(self._padded, columns.dtype)
        for k, window in enumerate(_windows(dx, self.size, self.stride)):
            dx[window] += columns[:, k]  # a pixel collects from every window it lies in
        inner = slice(self.padding, -self.padding or None)
        return batch_first(dx[:, inner, inner])

    def parameters(self) -> list[Parameter]:
        return [self.weight] if self.bias is None else [self.weight, self.bias]


class _Pool(Layer):
    """What the pooling layers share: windows of `size`² pixels, `stride` apart, in every channel."""

    def __init__(self, size: int, *, stride: int | None = None) -> None:
        self.size = validation.positive_int(size, "size")
        self.stride = self.size if stride is None else validation.positive_int(stride, "stride")

    def _offsets(self, x: np.ndarray) -> list[tuple[slice, ...]]:
        return list(_windows(x, self.size, self.stride))


class AvgPool2d(_Pool):
    """The mean of each window, as `torch.nn.AvgPool2d`; x (n, c, h, w) -> (n, c, h', w').

    Windows of `size` x `size` pixels, `stride` apart (default: side by side), h' = ⌊(h - size)/stride⌋ + 1;
    what is left over at the edge is not used.
    Backward: each grad is shared out equally, grad/size² to every pixel of its window.
    """

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        _check_images(x, "AvgPool2d", self.size)
        x = batch_last(x)
        self._shape = x.shape
        first, *others = self._offsets(x)
        total = x[first].copy()
        for window in others:
            total += x[window]
        return batch_first(total / self.size**2)

    def backward(self, grad: np.ndarray) -> np.ndarray:
        share = batch_last(grad) / self.size**2
        dx = np.zeros(self._shape, share.dtype)
        for window in self._offsets(dx):
            dx[window] += share
        return batch_first(dx)


class MaxPool2d(_Pool):
    """The largest value of each window, as `torch.nn.MaxPool2d`; x (n, c, h, w) -> (n, c, h', w').

    Windows as in `AvgPool2d`. Backward: grad goes to the pixel that was the largest; where several were, to
    the first of them in reading order (torch's rule, one of many subgradients).
    """

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        _check_images(x, "MaxPool2d", self.size)
        x = batch_last(x)
        self._shape, windows = x.shape, self._offsets(x)
        best = x[windows[0]].copy()
        self._winner = np.zeros(best.shape, dtype=np.intp if len(windows) > 256 else np.uint8)
        for k, window in enumerate(windows[1:], start=1):
            self._winner[x[window] > best] = k
            np.maximum(best, x[window], out=best)
        return batch_first(best)

    def backward(self, grad: np.ndarray) -> np.ndarray:
        grad = batch_last(grad)
        dx = np.zeros(self._shape, grad.dtype)
        for k, window in enumerate(self._offsets(dx)):
            dx[window] += grad * (self._winner == k)
        return batch_first(dx)


def batch_last(x: np.ndarray) -> np.ndarray:
    """Return (n, c, h, w) as a contiguous (c, h, w, n): a view when a layer of this module made x."""
    return np.ascontiguousarray(np.moveaxis(x, 0, -1))


def batch_first(x: np.ndarray) -> np.ndarray:
    """Return (c, h, w, n) as a view (n, c, h, w)."""
    return np.moveaxis(x, -1, 0)


def _whole(value: int, name: str) -> int:
    if isinstance(value, int) and value < 0:
        raise ValueError(f"{name} must be >= 0, got {value}.")
    return 0 if isinstance(value, int) and value == 0 else validation.positive_int(value, name)


def _windows(x: np.ndarray, size: int, stride: int) -> Iterator[tuple[slice, ...]]:
    """For each place (i, j) in the kernel, in reading order: the pixels of x (c, h, w, n) that meet it."""
    height, width = ((side - size) // stride * stride + 1 for side in x.shape[1:3])
    for i, j in np.ndindex(size, size):
        yield slice(None), slice(i, i + height, stride), slice(j, j + width, stride)


def _check_images(
    x: np.ndarray, layer: str, size: int, channels: int | None = None, padding: int = 0
) -> None:
    """Raise ``ValueError`` unless x is (n, channels, h, w) with n >= 1 and room for one window."""
    shape = np.shape(x)
    wanted = f"(n, {'channels' if channels is None else channels}, height, width)"
    if len(shape) != 4 or shape[0] == 0 or channels not in (None, shape[1]):
        hint = " One channel: x[:, None]." if len(shape) == 3 and channels in (None, 1) else ""
        raise ValueError(f"x must have shape {wanted} with n >= 1 for {layer}, got {shape}.{hint}")
    if min(shape[2:]) + 2 * padding < size:
        raise ValueError(
            f"x must be at least {size} pixels high and wide (with padding {padding}) "
            f"for {layer} of size {size}, got {shape[2]} x {shape[3]}."
        )
