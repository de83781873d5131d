"""Layers: each computes its output in `forward` and passes the gradient back in `backward`.

The rules that all layers share:

- The first axis of every array counts the samples of the batch (n below).
- `forward(x, training)` is told whether it trains; `Dropout` and `BatchNorm1d` behave differently then.
- `backward(grad)` takes dJ/d(output) and returns dJ/d(input). It belongs to the latest `forward`, and it
  *sets* the `.grad` of the layer's parameters (torch adds to them, which is why torch needs `zero_grad`).
- Values are changed in place, never replaced, so that an optimiser can hold on to its parameters.
"""

from __future__ import annotations

import math

import numpy as np

from course_lib import validation

__all__ = ["BatchNorm1d", "Dropout", "Flatten", "Layer", "Linear", "Parameter", "ReLU", "Sequential", "Tanh"]


class Parameter:
    """An array that training changes, with its gradient.

    Attributes
    ----------
    value, grad : ndarray of the same shape
    name : str, such as "weight"; `Sequential` puts the layer's number in front ("0.weight")
    is_weight : bool
        True for weights. False for biases and for the scale and shift of a norm layer, which penalties,
        weight decay and max-norm leave out by default.
    unit_axis : int or None
        The axis of a weight that counts the units it feeds; along the others lie a unit's incoming weights.
    """

    def __init__(
        self, value: np.ndarray, name: str, *, is_weight: bool = False, unit_axis: int | None = None
    ) -> None:
        self.value = value
        self.grad = np.zeros_like(value)
        self.name = name
        self.is_weight = is_weight
        self.unit_axis = unit_axis

    def __repr__(self) -> str:
        kind = "weight" if self.is_weight else "bias or norm parameter"
        return f"Parameter({self.name}, shape {self.value.shape}, {kind})"


class Layer:
    """What every layer can do."""

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        """Return the output for the batch `x` and remember what `backward` needs."""
        raise NotImplementedError

    def backward(self, grad: np.ndarray) -> np.ndarray:
        """Return dJ/d(input) from dJ/d(output) and set the parameters' `.grad`."""
        raise NotImplementedError

    def set_gradients(self, grad: np.ndarray) -> None:
        """Do as `backward` without dJ/d(input), which nobody needs of a network's first layer."""
        self.backward(grad)

    def parameters(self) -> list[Parameter]:
        """Return the parameters, always in the same order."""
        return []

    def arrays(self) -> list[np.ndarray]:
        """Return the arrays that make up the layer's state: parameter values, running statistics."""
        return [parameter.value for parameter in self.parameters()]


class Linear(Layer):
    """Fully connected layer.

    Forward: `x W + b`, x (n, n_in) -> (n, n_out), with W (n_in, n_out) and b (n_out,).
    Backward: dJ/dx = grad Wᵀ (n, n_in), dJ/dW = xᵀ grad (n_in, n_out),
    dJ/db = sum of grad over the batch (n_out,).
    W is the transpose of `torch.nn.Linear.weight`: the course writes predictions as X w throughout.

    Parameters
    ----------
    n_in, n_out : int
    rng : numpy.random.Generator
        Draws the initial weights. Biases start at 0.
    init : "he", "glorot" or a number >= 0
        "he": normal with variance 2/n_in, which keeps the size of the signal through ReLUs (He et al. 2015).
        "glorot": uniform with variance 2/(n_in + n_out), meant for tanh (Glorot and Bengio 2010).
        A number: normal with this standard deviation (0 gives zeros).
    bias : bool
        False leaves b out (before a batch norm it has no effect).
    """

    def __init__(
        self, n_in: int, n_out: int, rng: np.random.Generator, init: str | float = "he", *, bias: bool = True
    ) -> None:
        self.n_in = validation.positive_int(n_in, "n_in")
        self.n_out = validation.positive_int(n_out, "n_out")
        value = initial_weights((n_in, n_out), n_in, n_out, validation.generator(rng), init)
        self.weight = Parameter(value, "weight", is_weight=True, unit_axis=1)
        self.bias = Parameter(np.zeros(self.n_out), "bias") if bias else None

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        self._x = _batch_of(x, self.n_in, "Linear")
        score = self._x @ self.weight.value
        if self.bias is not None:
            score += self.bias.value
        return score

    def backward(self, grad: np.ndarray) -> np.ndarray:
        self.set_gradients(grad)
        return grad @ self.weight.value.T

    def set_gradients(self, grad: np.ndarray) -> None:
        np.matmul(self._x.T, grad, out=self.weight.grad)
        if self.bias is not None:
            self.bias.grad[...] = grad.sum(axis=0)

    def parameters(self) -> list[Parameter]:
        return [self.weight] if self.bias is None else [self.weight, self.bias]


def initial_weights(
    shape: tuple[int, ...], n_in: int, n_out: int, rng: np.random.Generator, init: str | float
) -> np.ndarray:
    """Draw weights by a rule of `Linear`, for units with n_in inputs; each input feeds n_out units."""
    if init == "he":
        return rng.normal(0.0, math.sqrt(2 / n_in), shape)
    if init == "glorot":
        limit = math.sqrt(6 / (n_in + n_out))  # a uniform on [-a, a] has variance a²/3
        return rng.uniform(-limit, limit, shape)
    if isinstance(init, str):
        raise ValueError(f'init must be "he", "glorot" or a standard deviation, got {init!r}.')
    return validation.strength(init, "init") * rng.standard_normal(shape)


class ReLU(Layer):
    """Rectified linear unit, entry by entry; any shape.

    Forward: max(x, 0). Backward: grad where x > 0, else 0 (at the kink x = 0 the slope is taken as 0).
    """

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        self._active = x > 0
        return np.maximum(x, 0)

    def backward(self, grad: np.ndarray) -> np.ndarray:
        return grad * self._active


class Tanh(Layer):
    """Hyperbolic tangent, entry by entry; any shape.

    Forward: a = tanh(x). Backward: grad (1 - a²).
    """

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        self._output = np.tanh(x)
        return self._output

    def backward(self, grad: np.ndarray) -> np.ndarray:
        return grad * (1 - self._output**2)


class Dropout(Layer):
    """Inverted dropout: every entry is dropped with probability `p`, on its own; any shape.

    Forward, training: x m with m = 1/(1-p) with probability 1-p and m = 0 with probability p, a new mask at
    every call. E[m] = 1, so the mean of the output is x; its variance is x² p/(1-p).
    Forward, evaluation: x.
    Backward: grad m, with the mask of the forward pass (grad, after a forward pass in evaluation).

    Parameters
    ----------
    p : float in [0, 1]
        Probability of *dropping*. 0 keeps everything; 1 gives zeros.
    rng : numpy.random.Generator
        Draws the masks.

    Source: Srivastava et al. 2014, Journal of Machine Learning Research 15.
    """

    def __init__(self, p: float, rng: np.random.Generator) -> None:
        self.p = validation.probability(p, "p")
        self.rng = validation.generator(rng)
        self.mask: np.ndarray | None = None

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        if not training:
            self.mask = None
            return x
        scale = 1 / (1 - self.p) if self.p < 1 else 0.0  # p = 1 keeps nothing: no 0/0
        precision = np.float32 if x.dtype == np.float32 else np.float64
        self.mask = self.rng.random(x.shape, dtype=precision)
        np.multiply(self.mask >= self.p, precision(scale), out=self.mask)
        return x * self.mask

    def backward(self, grad: np.ndarray) -> np.ndarray:
        return grad if self.mask is None else grad * self.mask


class BatchNorm1d(Layer):
    """Batch normalisation of each feature; x (n, n_features) -> the same shape.

    Forward: gamma z + beta with z = (x - mean)/sqrt(variance + eps). In training, mean and variance (divided
    by n) are the batch's; in evaluation they are the running ones, which training moves by
    `running += momentum (batch - running)`, the variance there divided by n - 1. These are torch's rules.
    Backward, training, with s = sqrt(variance + eps) and batch means E[.]:
    dJ/dx = gamma/s (grad - E[grad] - z E[grad z]), because mean and variance depend on x too;
    evaluation: dJ/dx = gamma/s grad.
    In both, dJ/dgamma = sum of grad z and dJ/dbeta = sum of grad, over the batch.

    Source: Ioffe and Szegedy 2015, ICML.
    """

    def __init__(self, n_features: int, *, momentum: float = 0.1, eps: float = 1e-5) -> None:
        self.n_features = validation.positive_int(n_features, "n_features")
        self.momentum = validation.share(momentum, "momentum")
        self.eps = validation.positive(eps, "eps")
        self.gamma = Parameter(np.ones(n_features), "gamma")
        self.beta = Parameter(np.zeros(n_features), "beta")
        self.running_mean = np.zeros(n_features)
        self.running_var = np.ones(n_features)

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        x = _batch_of(x, self.n_features, "BatchNorm1d")
        self._training = training
        mean, var = self._batch_statistics(x) if training else (self.running_mean, self.running_var)
        self._std = np.sqrt(var + self.eps)
        self._z = (x - mean) / self._std
        return self.gamma.value * self._z + self.beta.value

    def _batch_statistics(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        n = len(x)
        if n < 2:
            raise ValueError(
                "BatchNorm1d needs at least 2 samples to train, got a batch of 1: "
                "choose a batch_size that leaves no last batch of one sample."
            )
        mean, var = x.mean(axis=0), x.var(axis=0)
        self.running_mean += self.momentum * (mean - self.running_mean)
        self.running_var += self.momentum * (var * n / (n - 1) - self.running_var)
        return mean, var

    def backward(self, grad: np.ndarray) -> np.ndarray:
        self.gamma.grad[...] = (grad * self._z).sum(axis=0)
        self.beta.grad[...] = grad.sum(axis=0)
        if self._training:
            grad = grad - grad.mean(axis=0) - self._z * (grad * self._z).mean(axis=0)
        return self.gamma.value / self._std * grad

    def parameters(self) -> list[Parameter]:
        return [self.gamma, self.beta]

    def arrays(self) -> list[np.ndarray]:
        return [*super().arrays(), self.running_mean, self.running_var]


class Flatten(Layer):
    """Images to rows. Forward: x (n, ...) -> (n, product of the rest). Backward: grad in the shape of x."""

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        self._shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, grad: np.ndarray) -> np.ndarray:
        return grad.reshape(self._shape)


class Sequential(Layer):
    """Layers one after the other: the model that `fit` trains.

    Forward: the output of each layer is the input of the next; x (n, ...) -> the last layer's shape.
    Backward: the chain rule, from the last layer to the first; returns dJ/dx in the shape of x.

    `forward` checks that `x` is a non-empty array of finite numbers (``TypeError``, ``ValueError``).
    """

    def __init__(self, *layers: Layer) -> None:
        if not layers or not all(isinstance(layer, Layer) for layer in layers):
            raise TypeError(f"layers must be one or more layers, got {layers!r}.")
        if len({id(layer) for layer in layers}) < len(layers):
            raise ValueError(
                "layers must differ: a layer remembers one forward pass, so it stands only once."
            )
        self.layers = list(layers)
        for i, layer in enumerate(self.layers):
            for parameter in layer.parameters():
                parameter.name = f"{i}.{parameter.name}"

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        x = as_batch(x, "x")
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, grad: np.ndarray) -> np.ndarray:
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad

    def set_gradients(self, grad: np.ndarray) -> None:
        for layer in reversed(self.layers[1:]):
            grad = layer.backward(grad)
        self.layers[0].set_gradients(grad)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the scores in evaluation mode: nothing is dropped, running statistics are used."""
        return self.forward(x, training=False)

    def parameters(self) -> list[Parameter]:
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def arrays(self) -> list[np.ndarray]:
        return [array for layer in self.layers for array in layer.arrays()]

    def astype(self, dtype: type[np.floating]) -> Sequential:
        """Compute in another precision from now on; returns the model itself.

        `np.float32` halves memory and time. Give X in the same precision, and build the optimiser afterwards:
        this is the one place where values are replaced.
        """
        if dtype not in (np.float32, np.float64):
            raise ValueError(f"dtype must be numpy.float32 or numpy.float64, got {dtype!r}.")
        for parameter in self.parameters():
            parameter.value, parameter.grad = parameter.value.astype(dtype), parameter.grad.astype(dtype)
        return self

    def state(self) -> list[np.ndarray]:
        """Return copies of all weights and running statistics, for `load_state`."""
        return [array.copy() for array in self.arrays()]

    def load_state(self, state: list[np.ndarray]) -> None:
        """Put back what `state` returned."""
        for array, saved in zip(self.arrays(), state, strict=True):
            array[...] = saved


def as_batch(x: np.ndarray, name: str) -> np.ndarray:
    """Return `x` as a finite, non-empty float array (n, ...) with at least two axes."""
    array = np.asarray(x)
    if array.ndim <= 2:
        return validation.matrix(x, name)
    return validation.vector(array.ravel(), name).reshape(array.shape)


def _batch_of(x: np.ndarray, n_features: int, layer: str) -> np.ndarray:
    """Raise ``ValueError`` unless `x` is (n, n_features) with n >= 1."""
    if np.ndim(x) != 2 or np.shape(x)[1] != n_features or len(x) == 0:
        raise ValueError(f"x must have shape (n, {n_features}) with n >= 1 for {layer}, got {np.shape(x)}.")
    return np.asarray(x)
