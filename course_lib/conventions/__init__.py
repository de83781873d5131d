"""One penalty, many spellings: translate a strength between tools (chapter 17).

The hub is the course's base objective ``D(w, b) + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)`` with
``D = 1/(2n) ||y - Xw - b||²``, or the mean log-loss; the intercept is free. ::

    convert("sklearn.Ridge", "torch.SGD", alpha=15, n=300, loss_reduction="mean")  # {'weight_decay': 0.1}
    to_base("sklearn.LogisticRegression", C=1.0, n=500)                 # {'lam': 0.002, 'l1_ratio': 0.0}
    from_base("keras.l2", lam=0.05, l1_ratio=0, task="classification", loss_reduction="mean")

A translation keeps the *minimiser*. Two solvers that stop early, or a network with many minima, may still end
in different places. The formulas are checked on random points and against the tools in
``tests/test_conventions.py``.
"""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np

from course_lib import validation
from course_lib.conventions.table import CONVENTIONS, REDUCTIONS, Convention, Facts, NoEquivalent, Terms

__all__ = ["CONVENTIONS", "Convention", "NoEquivalent", "convert", "from_base", "to_base"]


def to_base(source: str, **arguments: Any) -> dict[str, Any]:
    """Return ``lam`` and ``l1_ratio`` of the base objective with the source's minimiser.

    Parameters and errors are those of `convert`.

    Examples
    --------
    >>> to_base("sklearn.Ridge", alpha=15, n=300)
    {'lam': 0.05, 'l1_ratio': 0.0}
    """
    return convert(source, "base", **arguments)


def from_base(target: str, *, lam: float, l1_ratio: float, **arguments: Any) -> dict[str, Any]:
    """Return the target's settings for the base objective's ``lam`` and ``l1_ratio``.

    Parameters and errors are those of `convert`.

    Examples
    --------
    >>> from_base("torch.SGD", lam=0.05, l1_ratio=0, task="regression", loss_reduction="mean")
    {'weight_decay': 0.1}
    """
    return convert("base", target, lam=lam, l1_ratio=l1_ratio, **arguments)


def convert(
    source: str,
    target: str,
    *,
    task: str | None = None,
    n: int | None = None,
    batch_size: int | None = None,
    loss_reduction: str | None = None,
    target_loss_reduction: str | None = None,
    lr: float | None = None,
    x_sd: Any = None,
    y_sd: float | None = None,
    intercept: str = "free",
    **strengths: Any,
) -> dict[str, Any]:
    """Return the settings of ``target`` that minimise what ``source`` minimises with its ``strengths``.

    Parameters
    ----------
    source, target : str
        Names in ``CONVENTIONS``, such as ``"sklearn.Ridge"``.
    task : {"regression", "classification"}, optional
        Squared error or log-loss; needed where neither tool decides it and the factor depends on it.
    n : int, optional
        Number of training samples.
    batch_size : int, optional
        Samples of one step, for losses that are sums; default ``n``.
    loss_reduction : {"mean", "sum", "half_mean", "half_sum"}, optional
        How the framework's loss puts the samples together: ``"mean"`` is torch's ``MSELoss()`` and Keras'
        ``"mse"``, ``"half_mean"`` the course's. For the log-loss only ``"mean"`` and ``"sum"``.
    target_loss_reduction : str, optional
        The target's, if both sides are frameworks and it differs.
    lr : float, optional
        Learning rate, for ``"SGDW"``.
    x_sd : float or array of shape (n_features,), optional
        The features' standard deviations with 1/n, for glmnet with ``standardize=True``.
    y_sd : float, optional
        The target's standard deviation with 1/n, for glmnet's gaussian family.
    intercept : {"free", "penalised", "none"}
        Whether the source penalises its intercept.
    **strengths
        The source's own parameters under its own names (``lambda_`` for a λ).

    Returns
    -------
    dict
        The target's parameters by name.

    Raises
    ------
    NoEquivalent
        If no setting of the target solves the source's problem; the message says why.
    TypeError, ValueError
        If a name is unknown, a number out of range, or a fact missing that the factor depends on.

    Examples
    --------
    >>> convert("sklearn.Lasso", "keras.l1", alpha=0.5, loss_reduction="mean")
    {'l1': 1.0}
    """
    old, new = _named(source, "source"), _named(target, "target")
    shared: dict[str, Any] = {
        "task": _task(task, old, new),
        "n": None if n is None else validation.positive_int(n, "n"),
        "batch_size": None if batch_size is None else validation.positive_int(batch_size, "batch_size"),
        "lr": None if lr is None else validation.positive(lr, "lr"),
        "x_sd": None if x_sd is None else _positive_entries(x_sd, "x_sd"),
        "y_sd": None if y_sd is None else validation.positive(y_sd, "y_sd"),
    }
    _check_reductions(old, new, loss_reduction, target_loss_reduction)
    here = Facts(**shared, loss_reduction=loss_reduction)
    there = Facts(**shared, loss_reduction=target_loss_reduction or loss_reduction)
    terms = _read(old, _settings(old, strengths), here)
    _check_intercept(intercept, terms)
    return _write(new, terms, there, share_if_none=strengths.get("l1_ratio") if old.name == "base" else None)


def _read(convention: Convention, settings: dict[str, Any], facts: Facts) -> Terms:
    """The base objective's terms: (17.2) divided by a."""
    c1, c2 = convention.penalty(settings, facts)
    if c1 == c2 == 0:
        return Terms(0.0, 0.0)  # no penalty is no penalty, whatever the data term
    a = convention.data(facts)
    return Terms(c1 / a, 2 * c2 / a)


def _write(convention: Convention, terms: Terms, facts: Facts, share_if_none: Any) -> dict[str, Any]:
    """The settings whose (17.2) is a times the base objective."""
    for kind, strength in (("l1", terms.l1), ("l2", terms.l2)):
        if strength > 0 and kind not in convention.takes:
            raise NoEquivalent(_cannot(convention, kind, strength))
    a = convention.data(facts) if terms.lam > 0 else 1.0
    settings = convention.settings(a * terms.l1, a * terms.l2 / 2, facts)
    if terms.lam == 0 and share_if_none is not None and convention.name == "base":
        settings["l1_ratio"] = float(share_if_none)
    return settings


def _cannot(convention: Convention, kind: str, strength: float) -> str:
    if kind == "l1":
        reason = (
            f"{convention.name} has only an L2 penalty, the source has L1 (strength {strength:.4g}). "
            "A decay c·w is not c·sign(w): no L2 strength makes exact zeros. "
        )
        step = "Add the L1 term by a proximal step after each update (chapter 08)."
        return reason + (step if convention.uses_reduction else "Choose a target with an l1_ratio.")
    return (
        f"{convention.name} has only an L1 penalty, the source has L2 (strength {strength:.4g}). "
        "No L1 strength shrinks in proportion to the weight. Choose a target with an L2 part."
    )


def _named(name: Any, argument: str) -> Convention:
    if name in CONVENTIONS:
        return CONVENTIONS[name]
    lowered = {known.lower(): known for known in CONVENTIONS}
    close = difflib.get_close_matches(str(name).lower(), lowered, n=3, cutoff=0.4)
    known = ", ".join(lowered[match] for match in close) or ", ".join(CONVENTIONS)
    raise ValueError(f"{argument} must be a known convention, got {name!r}. Did you mean: {known}?")


def _task(task: str | None, old: Convention, new: Convention) -> str | None:
    if task is not None and task not in REDUCTIONS:
        raise ValueError(f"task must be one of {', '.join(REDUCTIONS)}, got {task!r}.")
    found = {"task": task, old.name: old.task, new.name: new.task}
    kinds = {value for value in found.values() if value is not None}
    if len(kinds) > 1:
        told = ", ".join(f"{name} means {value}" for name, value in found.items() if value)
        raise NoEquivalent(
            f"The two data terms differ ({told}): no strength makes squared errors a log-loss."
        )
    return kinds.pop() if kinds else None


def _check_reductions(old: Convention, new: Convention, first: str | None, second: str | None) -> None:
    if first is not None and not (old.uses_reduction or new.uses_reduction):
        raise TypeError(
            f"loss_reduction got {first!r}, but the losses of {old.name} and {new.name} are fixed."
        )
    if second is not None and not new.uses_reduction:
        raise TypeError(f"target_loss_reduction does not apply to {new.name}, whose loss is fixed.")


def _check_intercept(intercept: str, terms: Terms) -> None:
    if intercept not in ("free", "penalised", "none"):
        raise ValueError(f"intercept must be 'free', 'penalised' or 'none', got {intercept!r}.")
    if intercept == "penalised" and terms.lam > 0:
        raise NoEquivalent(
            "The source penalises its intercept; the base objective leaves it free, and no strength of the "
            "weights makes up for that: adding a constant to y would not add it to the source's predictions. "
            "Free the intercept (a parameter group without decay; not solver='liblinear'), then convert."
        )


def _settings(convention: Convention, given: dict[str, Any]) -> dict[str, Any]:
    """The source's parameters, the tool's defaults filled in."""
    unknown = [name for name in given if name not in convention.parameters]
    if unknown:
        raise TypeError(_unknown(convention, unknown[0], given[unknown[0]]))
    settings = {**convention.defaults, **given}
    missing = [name for name in convention.parameters if name not in settings]
    if missing:
        raise TypeError(
            f"{convention.name} needs {', '.join(missing)}: its objective is {convention.objective}."
        )
    return settings


def _unknown(convention: Convention, name: str, value: Any) -> str:
    if convention.name == "sklearn.LogisticRegression" and name == "penalty":
        return (
            f"penalty={value!r} is deprecated since scikit-learn 1.8. Use l1_ratio (0 is L2, 1 is L1), "
            "and C=inf for no penalty."
        )
    takes = ", ".join(convention.parameters)
    return f"{convention.name} takes {takes}, got {name}={value!r}."


def _positive_entries(value: Any, name: str) -> np.ndarray:
    array = validation.vector(np.atleast_1d(np.asarray(value)), name)
    if (array <= 0).any():
        raise ValueError(f"{name} must be > 0, got {array[array <= 0][0]:g}.")
    return array
