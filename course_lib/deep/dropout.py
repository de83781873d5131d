"""Inverted dropout, written out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_lib.validation import probability

__all__ = ["Dropout"]


class Dropout(nn.Module):
    """Zero each entry with probability ``p`` while training; keep the mean by scaling the others.

    Training: ``output = mask * x / (1 - p)`` with independent ``mask ~ Bernoulli(1 - p)``, one draw per
    entry and call, so ``E[output] = x`` and ``Var[output] = x^2 p / (1 - p)``. The backward pass uses the
    same mask: ``grad_x = mask * grad_output / (1 - p)``. Evaluation (``model.eval()``): ``output = x``.

    Parameters
    ----------
    p : float
        Probability of dropping, in [0, 1]. 0 is the identity; 1 gives zeros (and a zero gradient).
    generator : torch.Generator, optional
        Source of the masks, on the device of the input. Default: torch's own, as in ``torch.nn.Dropout``.
        The masks of one seed differ between platforms.

    Notes
    -----
    Input and output have the same shape, any. NaN and infinity pass through where they are kept: the
    training loop reports them with epoch and batch.

    Raises
    ------
    TypeError
        If ``p`` is not a number, ``generator`` no generator, or the input no floating-point tensor.
    ValueError
        If ``p`` lies outside [0, 1], or generator and input are on different kinds of device.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014). Dropout: a simple way to prevent neural
    networks from overfitting. Journal of Machine Learning Research 15, 1929-1958.
    """

    def __init__(self, p: float = 0.5, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if generator is not None and not isinstance(generator, torch.Generator):
            raise TypeError(f"generator must be a torch.Generator or None, got {generator!r}.")
        self.p = p
        self.generator = generator

    @property
    def p(self) -> float:
        """Probability of dropping; checked whenever it is set."""
        return self._p

    @p.setter
    def p(self, value: float) -> None:
        self._p = probability(value)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with entries dropped (training), or ``x`` itself (evaluation)."""
        if not isinstance(x, Tensor) or not x.is_floating_point():
            raise TypeError(
                f"x must be a floating-point tensor, got {getattr(x, 'dtype', type(x).__name__)}."
            )
        if not self.training or self.p == 0:
            return x
        dropped = self._uniform(x) < self.p
        if self.p == 1:  # nothing is kept: 1/(1-p) does not exist and is not needed
            return x.masked_fill(dropped, 0.0)
        return x.masked_fill(dropped, 0.0) / (1 - self.p)

    def _uniform(self, x: Tensor) -> Tensor:
        """Draw from [0, 1), always in float32: in half precision p = 0.001 would round to a coarse grid."""
        if self.generator is not None and self.generator.device.type != x.device.type:
            raise ValueError(
                f"generator must be on the input's device, got {self.generator.device} and {x.device}."
            )
        return torch.rand(x.shape, generator=self.generator, device=x.device, dtype=torch.float32)

    def extra_repr(self) -> str:
        """Show ``p`` when the model is printed."""
        return f"p={self.p}"
