"""Every spelling of the penalty that the course knows, as data: one `Convention` each (chapter 17).

All of them minimise some multiple of the data term plus a penalty::

    a D(w, b) + c1 ||w||_1 + c2 ||w||²                                              (17.2)

where ``D`` is the course's data term: ``1/(2n) ||y - Xw - b||²``, or the mean log-loss. Dividing by ``a``
moves no minimum, so a convention is known once ``a``, ``c1`` and ``c2`` are. NumPy only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_lib import validation

__all__ = ["CONVENTIONS", "Convention", "Facts", "NoEquivalent", "Terms"]

Settings = Mapping[str, Any]

REGRESSION, CLASSIFICATION = "regression", "classification"


class NoEquivalent(ValueError):
    """No setting of the target solves the source's problem; the message says why and what to do instead."""


@dataclass(frozen=True)
class Terms:
    """Strengths of the base objective ``D + l1 ||w||_1 + l2/2 ||w||²``: ``l1 = lam l1_ratio`` and so on."""

    l1: float
    l2: float

    @property
    def lam(self) -> float:
        """The course's strength, ``l1 + l2``."""
        return self.l1 + self.l2

    def share(self, if_none: float = 0.0) -> float:
        """The course's L1 share; without a penalty there is none, and ``if_none`` is returned."""
        return self.l1 / self.lam if self.lam > 0 else if_none


@dataclass(frozen=True)
class Facts:
    """What a factor can depend on besides the strengths: the data, the loss and the way of stepping."""

    task: str | None = None
    n: int | None = None
    batch_size: int | None = None
    loss_reduction: str | None = None
    lr: float | None = None
    x_sd: np.ndarray | None = None
    y_sd: float | None = None

    def need(self, name: str, why: str) -> Any:
        """Return the fact ``name``, or say why the answer depends on it."""
        value = getattr(self, name)
        if value is None:
            raise TypeError(f"{name} is needed: {why}.")
        return value


@dataclass(frozen=True)
class Convention:
    """One spelling.

    Parameters
    ----------
    name, parameters
        Such as ``"sklearn.Ridge"`` and ``("alpha",)``; the first parameter is the strength.
    objective : str
        What is minimised, written out.
    recipe : str
        The setting that solves the base problem, for the pocket card.
    data : callable
        ``a`` of (17.2) from the facts.
    penalty : callable
        ``(c1, c2)`` from the settings and the facts.
    settings : callable
        The settings from the wanted ``c1``, ``c2`` and the facts.
    task : str, optional
        ``"regression"`` or ``"classification"`` where only one is possible.
    takes : str
        Which of ``"l1"`` and ``"l2"`` it can express.
    defaults : mapping
        The tool's own defaults of all parameters but the strength.
    remarks : str
        What to watch.
    """

    name: str
    parameters: tuple[str, ...]
    objective: str
    recipe: str
    data: Callable[[Facts], float]
    penalty: Callable[[Settings, Facts], tuple[float, float]]
    settings: Callable[[float, float, Facts], dict[str, Any]]
    task: str | None = None
    takes: tuple[str, ...] = ("l1", "l2")
    defaults: Settings = field(default_factory=dict)
    uses_reduction: bool = False
    remarks: str = ""


def _strength(settings: Settings, name: str) -> float:
    return validation.strength(settings[name], name)


def _shared(c1: float, c2: float) -> tuple[float, float]:
    """Strength and L1 share of a penalty spelt ``s (share |w|_1 + (1 - share)/2 ||w||²)``."""
    terms = Terms(c1, 2 * c2)
    return terms.lam, terms.share()


def _mixed(strength: float, share: float) -> tuple[float, float]:
    """``(c1, c2)`` of ``strength (share |w|_1 + (1 - share)/2 ||w||²)``."""
    return strength * share, strength * (1 - share) / 2


# ------------------------------------------------------------------------------------- multiples of D

REDUCTIONS = {
    REGRESSION: {"half_mean": (1, False), "mean": (2, False), "half_sum": (1, True), "sum": (2, True)},
    CLASSIFICATION: {"mean": (1, False), "sum": (1, True)},
}


def _one(facts: Facts) -> float:
    return 1.0


def _rows(facts: Facts) -> float:
    return facts.need("n", "the data term is a sum over the samples, so the factor is the number of samples")


def _two_rows(facts: Facts) -> float:
    return 2.0 * _rows(facts)


def _reduction(facts: Facts) -> float:
    """``a`` for a loss that the caller chooses: with or without a half, a mean or a sum."""
    task = facts.need("task", "'mean' is 2D for squared errors and D for the log-loss")
    known = REDUCTIONS[task]
    chosen = facts.need(
        "loss_reduction", f"how the samples' losses are put together, one of {', '.join(known)}"
    )
    if chosen not in known:
        raise ValueError(
            f"loss_reduction must be one of {', '.join(known)} for {task}, got {chosen!r}."
            + (" The log-loss has no half." if "half" in str(chosen) else "")
        )
    factor, is_sum = known[chosen]
    if not is_sum:
        return float(factor)
    rows = facts.batch_size or facts.need(
        "n", "the loss is a sum over the samples of a step (or give batch_size)"
    )
    return float(factor * rows)


# --------------------------------------------------------------------------- penalties with a story


def _logistic_penalty(s: Settings, facts: Facts) -> tuple[float, float]:
    # (1 - share)/2 ||w||² + share |w|_1 + C sum(losses), divided by C: then the data term is n D.
    C = s["C"]
    if not (isinstance(C, float) and math.isinf(C) and C > 0):
        C = validation.positive(C, "C")
    return _mixed(1 / C, validation.share(s["l1_ratio"]))


def _logistic_settings(c1: float, c2: float, facts: Facts) -> dict[str, Any]:
    strength, share = _shared(c1, c2)
    return {"C": 1 / strength if strength > 0 else math.inf, "l1_ratio": share}


SGD_SHARES = {"l1": 1.0, "l2": 0.0, None: 0.0}


def _sgd_penalty(s: Settings, facts: Facts) -> tuple[float, float]:
    penalty = s["penalty"]
    if penalty != "elasticnet" and penalty not in SGD_SHARES:
        raise ValueError(f"penalty must be 'l1', 'l2', 'elasticnet' or None, got {penalty!r}.")
    if penalty is None:
        return 0.0, 0.0
    share = validation.share(s["l1_ratio"]) if penalty == "elasticnet" else SGD_SHARES[penalty]
    return _mixed(_strength(s, "alpha"), share)  # l1_ratio is ignored unless penalty='elasticnet'


def _sgd_settings(c1: float, c2: float, facts: Facts) -> dict[str, Any]:
    alpha, share = _shared(c1, c2)
    penalty = {0.0: "l2", 1.0: "l1"}.get(share, "elasticnet")
    rest = {"l1_ratio": share} if penalty == "elasticnet" else {}
    return {"alpha": alpha, "penalty": penalty, **rest}


def _glmnet_y_scale(facts: Facts, share: float) -> float:
    """The number by which glmnet divides the L2 part: y's 1/n standard deviation, 1 for the binomial."""
    if facts.need("task", "glmnet rescales y in the gaussian family only") == CLASSIFICATION or share == 1:
        return 1.0
    return validation.positive(
        facts.need("y_sd", "glmnet fits y / y_sd (y.std(), with 1/n), which divides its L2 part by y_sd"),
        "y_sd",
    )


def _glmnet_x_scale(s: Settings, facts: Facts) -> float:
    """The common 1/n standard deviation of the features, if glmnet is asked to standardise."""
    if not s["standardize"]:
        return 1.0
    scales = np.atleast_1d(
        facts.need(
            "x_sd", "glmnet standardises the features unless standardize=False (X.std(axis=0), with 1/n)"
        )
    )
    if np.ptp(scales) > 1e-9 * scales.max():
        raise NoEquivalent(
            "glmnet with standardize=True charges each weight in units of its feature's standard deviation "
            f"(here from {scales.min():.3g} to {scales.max():.3g}); one strength cannot do that. "
            "Standardise X yourself (1/n standard deviations) and pass x_sd=1, or set standardize=False."
        )
    return float(scales.max())


def _glmnet_penalty(s: Settings, facts: Facts) -> tuple[float, float]:
    lam, share, x = _strength(s, "lambda_"), validation.share(s["alpha"], "alpha"), _glmnet_x_scale(s, facts)
    c1, c2 = _mixed(lam, share)
    return c1 * x, c2 * x**2 / _glmnet_y_scale(facts, share)


def _glmnet_settings(c1: float, c2: float, facts: Facts) -> dict[str, Any]:
    y = _glmnet_y_scale(facts, Terms(c1, 2 * c2).share(if_none=1.0))
    lambda_, share = _shared(c1, c2 * y)
    return {"lambda_": lambda_, "alpha": share, "standardize": False}


def _no_penalty_only(name: str) -> Callable[[Settings, Facts], tuple[float, float]]:
    """A decay that no penalty can imitate: only 0 has a translation."""

    def penalty(s: Settings, facts: Facts) -> tuple[float, float]:
        if _strength(s, "weight_decay") > 0:
            raise NoEquivalent(_decoupled(name))
        return 0.0, 0.0

    return penalty


def _no_decay_only(name: str) -> Callable[[float, float, Facts], dict[str, Any]]:
    def settings(c1: float, c2: float, facts: Facts) -> dict[str, Any]:
        if c2 > 0:
            raise NoEquivalent(_decoupled(name))
        return {"weight_decay": 0.0}

    return settings


def _decoupled(name: str) -> str:
    return (
        f"{name} shrinks the weights outside the adaptive step, so it does not rest at the minimum of a data "
        "term plus lam/2 ||w||² (chapter 08). Use torch.Adam's weight_decay, or write the penalty into the "
        "loss; and tune a decoupled decay for itself."
    )


def _decay_penalty(s: Settings, facts: Facts) -> tuple[float, float]:
    # w <- (1 - decay) w - lr g is a step of length lr along g + (decay / lr) w.
    if _strength(s, "decay") == 0:
        return 0.0, 0.0
    lr = validation.positive(facts.need("lr", "the decay per step is lr times the L2 strength"), "lr")
    return 0.0, _strength(s, "decay") / (2 * lr)


def _decay_settings(c1: float, c2: float, facts: Facts) -> dict[str, Any]:
    if c2 == 0:
        return {"decay": 0.0}
    lr = validation.positive(facts.need("lr", "the decay per step is lr times the L2 strength"), "lr")
    return {"decay": 2 * c2 * lr}


def _over_2m(facts: Facts) -> float:
    return 2.0 * facts.need("n", "the formula divides the penalty by twice the number of samples")


# ------------------------------------------------------------------------------------- shorthands


def _one_part(part: str, parameter: str, divisor: Callable[[Facts], float]) -> dict[str, Any]:
    """``c1`` (part "l1") or ``c2`` ("l2") is ``parameter / divisor``; there is no other part."""

    def penalty(s: Settings, facts: Facts) -> tuple[float, float]:
        strength = _strength(s, parameter) / divisor(facts)
        return (strength, 0.0) if part == "l1" else (0.0, strength)

    def settings(c1: float, c2: float, facts: Facts) -> dict[str, Any]:
        return {parameter: (c1 if part == "l1" else c2) * divisor(facts)}

    return {"parameters": (parameter,), "takes": (part,), "penalty": penalty, "settings": settings}


def _only_l2(parameter: str, factor: float) -> dict[str, Any]:
    """``c2 = factor * parameter`` and nothing else."""
    return _one_part("l2", parameter, lambda facts: 1 / factor)


def _only_l1(parameter: str) -> dict[str, Any]:
    """``c1 = parameter`` and nothing else."""
    return _one_part("l1", parameter, lambda facts: 1.0)


def _strength_and_share(name: str, share: str = "l1_ratio") -> dict[str, Any]:
    """The course's own form of the penalty, whatever its letters."""
    return {
        "parameters": (name, share),
        "penalty": lambda s, facts: _mixed(_strength(s, name), validation.share(s[share], share)),
        "settings": lambda c1, c2, facts: dict(zip((name, share), _shared(c1, c2), strict=True)),
    }


def _no_penalty(name: str) -> dict[str, Any]:
    """Decay outside the adaptive step: no penalty imitates it, and only the strength 0 has a translation."""
    return {
        "name": name,
        "parameters": ("weight_decay",),
        "takes": ("l2",),
        "recipe": "no equivalent (with its usual ε)",
        "data": _one,
        "uses_reduction": True,
        "penalty": _no_penalty_only(name),
        "settings": _no_decay_only(name),
    }


_FRAMEWORK: dict[str, Any] = {"data": _reduction, "uses_reduction": True}
_SGD: dict[str, Any] = {
    "parameters": ("alpha", "penalty", "l1_ratio"),
    "data": _one,
    "penalty": _sgd_penalty,
    "settings": _sgd_settings,
    "defaults": {"penalty": "l2", "l1_ratio": 0.15},
    "remarks": "l1_ratio counts only with penalty='elasticnet'",
    "recipe": "alpha = λ",
}
_WEIGHT_DECAY: dict[str, Any] = {
    **_FRAMEWORK,
    **_only_l2("weight_decay", 1 / 2),
    "objective": "loss + weight_decay/2 ‖w‖²",
    "recipe": "weight_decay = λ (½·MSE, cross-entropy), 2λ (MSELoss), times the batch size for a sum",
    "remarks": (
        "decays biases too unless they get a parameter group of their own; "
        "two outputs for two classes: 2λ in place of λ"
    ),
}
_MLP: dict[str, Any] = {
    **_only_l2("alpha", 1 / 2),
    "data": lambda facts: facts.batch_size or _rows(facts),  # the penalty is divided by the rows of a step
    "recipe": "alpha = nλ, n the rows of one step",
    "remarks": "its data term is D; solver='lbfgs' takes all rows in each step",
}

_ALL = [
    Convention(
        name="base",
        objective="D + lam (l1_ratio ‖w‖₁ + (1 − l1_ratio)/2 ‖w‖²)",
        recipe="lam = λ, l1_ratio = ρ",
        data=_one,
        **_strength_and_share("lam"),
    ),
    Convention(
        name="sklearn.Ridge",
        task=REGRESSION,
        objective="‖y − Xw − b‖² + alpha ‖w‖²",
        recipe="alpha = nλ",
        data=_two_rows,
        **_only_l2("alpha", 1),
    ),
    Convention(
        name="sklearn.Lasso",
        task=REGRESSION,
        objective="1/(2n) ‖y − Xw − b‖² + alpha ‖w‖₁",
        recipe="alpha = λ",
        data=_one,
        **_only_l1("alpha"),
    ),
    Convention(
        name="sklearn.ElasticNet",
        task=REGRESSION,
        objective="1/(2n) ‖y − Xw − b‖² + alpha (l1_ratio ‖w‖₁ + (1 − l1_ratio)/2 ‖w‖²)",
        recipe="alpha = λ, l1_ratio = ρ",
        data=_one,
        defaults={"l1_ratio": 0.5},
        **_strength_and_share("alpha"),
    ),
    Convention(
        name="sklearn.LogisticRegression",
        task=CLASSIFICATION,
        parameters=("C", "l1_ratio"),
        objective="C Σ log-loss + l1_ratio ‖w‖₁ + (1 − l1_ratio)/2 ‖w‖²",
        recipe="C = 1/(nλ), l1_ratio = ρ",
        data=_rows,
        penalty=_logistic_penalty,
        settings=_logistic_settings,
        defaults={"l1_ratio": 0.0},
        remarks="penalised by default (C = 1); solver='liblinear' penalises the intercept too",
    ),
    Convention(
        name="sklearn.SGDRegressor",
        task=REGRESSION,
        objective="1/(2n) ‖y − Xw − b‖² + alpha (l1_ratio ‖w‖₁ + (1 − l1_ratio)/2 ‖w‖²)",
        **_SGD,
    ),
    Convention(
        name="sklearn.SGDClassifier",
        task=CLASSIFICATION,
        objective="mean log-loss + alpha (l1_ratio ‖w‖₁ + (1 − l1_ratio)/2 ‖w‖²), with loss='log_loss'",
        **_SGD,
    ),
    Convention(name="sklearn.MLPRegressor", task=REGRESSION, objective="D + alpha/(2n) ‖w‖²", **_MLP),
    Convention(name="sklearn.MLPClassifier", task=CLASSIFICATION, objective="D + alpha/(2n) ‖w‖²", **_MLP),
    Convention(
        name="glmnet",
        parameters=("lambda_", "alpha", "standardize"),
        objective="D + lambda (alpha ‖w‖₁ + (1 − alpha)/(2 y_sd) ‖w‖²), y_sd = 1 for the binomial",
        recipe="lambda = λρ + λ(1 − ρ) y_sd, alpha = λρ / lambda, standardize=FALSE",
        data=_one,
        penalty=_glmnet_penalty,
        settings=_glmnet_settings,
        defaults={"alpha": 1.0, "standardize": True},
        remarks="by default it charges the weights of standardised features; standard deviations have 1/n",
    ),
    Convention(name="torch.SGD", **_WEIGHT_DECAY),
    Convention(name="torch.Adam", **_WEIGHT_DECAY),
    Convention(
        objective="none: w ← (1 − lr·weight_decay) w − lr m̂ / (√v̂ + ε)",
        remarks=(
            "default weight_decay 0.01; rests where weight_decay·w = −g / (|g| + ε), a sign for ε = 1e-8; "
            "only an ε far above every |g| gives L2, with λ = ε·weight_decay"
        ),
        **_no_penalty("torch.AdamW"),
    ),
    Convention(
        name="SGDW",
        parameters=("decay",),
        objective="w ← (1 − decay) w − lr ∇loss, no momentum",
        recipe="decay = lr times the weight_decay of torch.SGD",
        penalty=_decay_penalty,
        settings=_decay_settings,
        takes=("l2",),
        **_FRAMEWORK,
    ),
    Convention(
        name="keras.l1",
        objective="loss + l1 ‖w‖₁",
        recipe="l1 = λ (cross-entropy), 2λ ('mse')",
        **_FRAMEWORK,
        **_only_l1("l1"),
    ),
    Convention(
        name="keras.l2",
        objective="loss + l2 ‖w‖²",
        recipe="l2 = λ/2 (cross-entropy), λ ('mse')",
        remarks="two outputs for two classes: twice that",
        **_FRAMEWORK,
        **_only_l2("l2", 1),
    ),
    Convention(
        name="keras.l1_l2",
        parameters=("l1", "l2"),
        objective="loss + l1 ‖w‖₁ + l2 ‖w‖²",
        recipe="l1 = λρ, l2 = λ(1 − ρ)/2 (cross-entropy), twice both ('mse')",
        penalty=lambda s, facts: (_strength(s, "l1"), _strength(s, "l2")),
        settings=lambda c1, c2, facts: {"l1": c1, "l2": c2},
        defaults={"l1": 0.0, "l2": 0.0},
        **_FRAMEWORK,
    ),
    Convention(
        name="keras.SGD",
        objective="loss + weight_decay/2 ‖w‖², for momentum = 0",
        recipe="weight_decay as torch.SGD",
        remarks="decoupled; in keras.optimizers.Adam it is AdamW's decay, not L2",
        **_FRAMEWORK,
        **_only_l2("weight_decay", 1 / 2),
    ),
    Convention(
        objective="none: the update of AdamW",
        **_no_penalty("keras.Adam"),
    ),
    Convention(
        name="web.l1", objective="loss + λ Σ|w|", recipe="as keras.l1", **_FRAMEWORK, **_only_l1("lambda_")
    ),
    Convention(
        name="web.l2", objective="loss + λ Σw²", recipe="as keras.l2", **_FRAMEWORK, **_only_l2("lambda_", 1)
    ),
    Convention(
        name="web.half_l2",
        objective="loss + α/2 ‖w‖²",
        recipe="as weight_decay",
        **_FRAMEWORK,
        **_only_l2("alpha", 1 / 2),
    ),
    Convention(
        name="web.l1_over_2m",
        objective="loss + λ/(2m) Σ|w|, m samples",
        recipe="2m times keras.l1",
        **_FRAMEWORK,
        **_one_part("l1", "lambda_", _over_2m),
    ),
    Convention(
        name="web.l2_over_2m",
        objective="loss + λ/(2m) Σw², m samples",
        recipe="2m times keras.l2",
        **_FRAMEWORK,
        **_one_part("l2", "lambda_", _over_2m),
    ),
    Convention(
        name="web.lambda_twice",
        parameters=("lambda_",),
        objective="loss + λ R(w) with R(w) = λ Σw²",
        recipe="the root of keras.l2",
        takes=("l2",),
        penalty=lambda s, facts: (0.0, _strength(s, "lambda_") ** 2),
        settings=lambda c1, c2, facts: {"lambda_": math.sqrt(c2)},
        **_FRAMEWORK,
    ),
    Convention(
        name="web.mixed",
        parameters=("lambda_", "alpha"),
        objective="loss + λ Σ(α w² + (1 − α)|w|)",
        recipe="λ' = c₁ + c₂, α = c₂ / (c₁ + c₂)",
        penalty=lambda s, facts: (
            _strength(s, "lambda_") * (1 - validation.share(s["alpha"], "alpha")),
            _strength(s, "lambda_") * validation.share(s["alpha"], "alpha"),
        ),
        settings=lambda c1, c2, facts: {"lambda_": c1 + c2, "alpha": c2 / (c1 + c2) if c1 + c2 > 0 else 0.0},
        remarks="its α is the share of the squares",
        **_FRAMEWORK,
    ),
]  # fmt: skip

#: Every convention by its name.
CONVENTIONS: dict[str, Convention] = {convention.name: convention for convention in _ALL}
