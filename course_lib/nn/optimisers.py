"""SGD, Adam and AdamW, step for step those of `torch.optim`.

`weight_decay` means what it means in torch:

- `SGD` and `Adam` add `weight_decay w` to the gradient, as a penalty weight_decay/2 ||w||² in the loss does.
- `AdamW` multiplies w by `1 - lr weight_decay` and keeps the decay out of the gradient and its moments.

In plain SGD the two are the same step. In Adam they are not: there the gradient is divided by its own size,
and so is the decay that was added to it.

Two differences from torch, both meant: biases and norm parameters do not decay unless `select=everything`
(torch decays everything it is given), and `AdamW` has no silent default decay (torch's is 0.01).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from course_lib import validation
from course_lib.nn.layers import Parameter
from course_lib.nn.regularization import Select, decoupled_decay, everything, is_weight, selected

__all__ = ["SGD", "Adam", "AdamW", "Optimiser"]


class Optimiser:
    """What the optimisers share.

    Parameters
    ----------
    parameters : iterable of Parameter, such as `model.parameters()`
    lr : float > 0
        Learning rate. May be changed between steps.
    weight_decay : float >= 0
    select : callable parameter -> bool
        Which parameters decay. Default: the weights; `everything` lets biases and norm parameters decay too,
        as torch does.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float,
        *,
        weight_decay: float = 0.0,
        select: Select = is_weight,
    ) -> None:
        self.parameters = list(parameters)
        if not self.parameters or not all(isinstance(p, Parameter) for p in self.parameters):
            raise TypeError(f"parameters must be those of a model (model.parameters()), got {parameters!r}.")
        self.lr = validation.positive(lr, "lr")
        self.weight_decay = validation.strength(weight_decay, "weight_decay")
        self.decaying = selected(self.parameters, select)

    def step(self) -> None:
        """Change every parameter's value, in place, by its gradient."""
        raise NotImplementedError

    def gradients(self) -> list[np.ndarray]:
        """Return the gradients, with weight_decay w added for the parameters that decay."""
        decaying = {id(p) for p in self.decaying} if self.weight_decay else ()
        return [
            p.grad + self.weight_decay * p.value if id(p) in decaying else p.grad for p in self.parameters
        ]

    def zeros(self) -> list[np.ndarray]:
        """Return one array of zeros for each parameter."""
        return [np.zeros_like(p.value) for p in self.parameters]


class SGD(Optimiser):
    """Stochastic gradient descent with momentum, `torch.optim.SGD`.

    g = gradient + weight_decay w;  v ← momentum v + g;  w ← w - lr v.

    The learning rate multiplies the whole velocity, as in torch; with momentum m a constant gradient ends up
    moving w by lr/(1-m) a step. See `Optimiser` for the other parameters.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        select: Select = is_weight,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, select=select)
        self.momentum = _below_one(momentum, "momentum")
        self.velocity = self.zeros()

    def step(self) -> None:
        for p, g, v in zip(self.parameters, self.gradients(), self.velocity, strict=True):
            if self.momentum:  # without it the velocity is the gradient
                v *= self.momentum
                v += g
                g = v
            _add_multiple(p.value, -self.lr, g)


class Adam(Optimiser):
    """Adam, `torch.optim.Adam` (Kingma and Ba 2015).

    g = gradient + weight_decay w;  m ← β1 m + (1-β1) g;  v ← β2 v + (1-β2) g²;
    w ← w - lr m̂ / (sqrt(v̂) + eps),  with m̂ = m/(1-β1ᵗ) and v̂ = v/(1-β2ᵗ) at step t.

    m and v start at 0, so early averages are too small; the hats divide that out. See `Optimiser` for the
    other parameters.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        select: Select = is_weight,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, select=select)
        self.betas = _below_one(betas[0], "betas[0]"), _below_one(betas[1], "betas[1]")
        self.eps = validation.positive(eps, "eps")
        self.t = 0
        self.mean, self.square = self.zeros(), self.zeros()

    def step(self) -> None:
        self._adam_step(self.gradients())

    def _adam_step(self, gradients: list[np.ndarray]) -> None:
        self.t += 1
        beta1, beta2 = self.betas
        for p, g, m, v in zip(self.parameters, gradients, self.mean, self.square, strict=True):
            m += (1 - beta1) * (g - m)
            v += (1 - beta2) * (g**2 - v)
            m_hat = m / (1 - beta1**self.t)
            v_hat_root = np.sqrt(v) / math.sqrt(1 - beta2**self.t)
            p.value -= self.lr * m_hat / (v_hat_root + self.eps)


class AdamW(Adam):
    """Adam with decoupled weight decay, `torch.optim.AdamW` (Loshchilov and Hutter 2019).

    w ← (1 - lr weight_decay) w, then Adam's step with the gradient alone.

    The decay is multiplied by lr, so halving lr halves the decay a step. The paper writes its λ without
    this product. `weight_decay` has no default here.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        *,
        weight_decay: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        select: Select = is_weight,
    ) -> None:
        super().__init__(parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay, select=select)

    def step(self) -> None:
        decoupled_decay(self.decaying, self.weight_decay, self.lr, select=everything)
        self._adam_step([p.grad for p in self.parameters])


def _add_multiple(w: np.ndarray, factor: float, v: np.ndarray) -> None:
    """Change ``w`` to ``w + factor v``, in place and in one pass: memory is what a step waits for."""
    from scipy.linalg import get_blas_funcs  # at the first step: `import course_lib.nn` stays NumPy alone

    if w.flags.c_contiguous and v.flags.c_contiguous and w.dtype == v.dtype:
        (axpy,) = get_blas_funcs(("axpy",), (w,))
        axpy(v.reshape(-1), w.reshape(-1), a=factor)
    else:
        w += factor * v


def _below_one(value: float, name: str) -> float:
    if not 0 <= validation.number(value, name) < 1:
        raise ValueError(f"{name} must lie in [0, 1), got {value}.")
    return float(value)
