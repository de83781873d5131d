"""Dropout: what a layer multiplies its input with, in both modes, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.probes.report import Report

__all__ = ["dropout"]


def dropout(
    layer: Any,
    *,
    p: float,
    x: Any = None,
    backward: Callable[[Any], Any] | None = None,
    shared_axes: tuple[int, ...] = (),
    edges: Callable[[float], Any] | None = None,
    rng: np.random.Generator | None = None,
) -> Report:
    """Look at what a dropout layer multiplies its input with.

    Parameters
    ----------
    layer : callable, object with ``forward`` or torch.nn.Module
        ``layer(x, training) -> output`` on arrays; an object with ``forward(x, training)`` and, perhaps,
        ``backward(grad)``, as in :mod:`course_lib.nn`; or a module, which is put into both modes.
    p : float
        Probability of *dropping* that is meant, in (0, 1), best not 0.5, where mistakes hide.
    x : array or torch.Tensor of shape (n, ...), optional
        Input without zeros. Default: (64, 60), of both signs.
    backward : callable, optional
        ``backward(grad) -> grad_x``, called after a forward pass, for layers that are functions. A module's is
        autograd's, an object's its method.
    shared_axes : tuple of int
        Axes of ``x`` along which one mask is meant to be shared: ``(2, 3)`` for ``torch.nn.Dropout2d``.
    edges : callable, optional
        ``edges(p)`` returns a layer with another ``p``: 0 and 1 are tried then.
    rng : numpy.random.Generator, optional

    Returns
    -------
    Report
        Causes: ``no_scaling`` (neither mode is scaled), ``scaled_by_p`` (1/p), ``scaled_by_keep`` (times 1-p
        while training), ``scaled_twice`` (both modes), ``scaled_in_evaluation``, ``scaled`` (another factor),
        ``keep_drop_swapped``, ``wrong_rate``, ``nothing_dropped``, ``all_dropped``, ``same_mask_every_call``,
        ``mask_shared_in_batch`` (all rows alike), ``mask_of_rows`` (whole samples dropped), ``mask_shared``
        (other axes), ``not_a_mask`` (noise that is added, or multiplied without zeros),
        ``training_flag_ignored`` (drops in evaluation), ``evaluation_changes_input``, ``backward_other_mask``,
        ``backward_not_scaled``, ``backward_in_evaluation``, ``edge_p0``, ``edge_p1``, ``input_modified``,
        ``not_finite``, ``wrong_shape``, ``raised``, ``unknown``. Classical dropout (no scaling while training,
        times 1-p in evaluation) is right too: `Report.measured` holds ``form``, ``rate`` and ``scale``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    The only statistical test is that of the rate: a two-sided z of more than 4 counts, and only if a second,
    independent draw says the same (false alarm rate about 4e-9).

    Examples
    --------
    >>> draw = np.random.default_rng(1)
    >>> def layer(x, training):
    ...     return x * (draw.random(x.shape) >= 0.2) / 0.8 if training else x
    >>> dropout(layer, p=0.2).ok
    True
    """
    raise NotImplementedError
