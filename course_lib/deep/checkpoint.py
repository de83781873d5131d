"""Checkpoints: everything a training run needs to go on after an interruption as if nothing had happened."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.nn.training import History

__all__ = ["load", "save"]

Weights = dict[str, Tensor]


def save(
    path: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
    history: History,
    best: Weights,
    run: dict[str, Any],
) -> None:
    """Write the state after an epoch; ``run`` says what was trained on, so that no other run picks it up.

    The file is complete or absent: it is written beside its place and moved there.
    """
    state = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "generators": [g.get_state() for g in _generators(model, generator)],
        "torch": torch.get_rng_state(),
        "history": asdict(history),
        "best": best,
        "run": run,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    torch.save(state, beside)
    os.replace(beside, path)


def load(
    path: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
    run: dict[str, Any],
) -> tuple[History, Weights]:
    """Put model, optimiser and every generator into the saved state; return the history and the best weights.

    Raises
    ------
    ValueError
        If the file cannot be read, or belongs to another run: other data, batch size or model.
    """
    again = "Delete the file to start anew, or name another."
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:
        raise ValueError(f"checkpoint {path.name} cannot be read ({type(error).__name__}). {again}") from None
    if not isinstance(state, dict) or state.get("run") != run:
        was = state.get("run") if isinstance(state, dict) else None
        raise ValueError(f"checkpoint {path.name} belongs to another run ({was}, not {run}). {again}")
    generators = _generators(model, generator)
    try:
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        for one, saved in zip(generators, state["generators"], strict=True):
            one.set_state(saved)
    except (RuntimeError, ValueError, KeyError) as error:
        raise ValueError(
            f"checkpoint {path.name} is of another model or optimiser: {error}. {again}"
        ) from None
    torch.set_rng_state(state["torch"])
    return History(**state["history"]), state["best"]


def _generators(model: nn.Module, generator: torch.Generator) -> list[torch.Generator]:
    """Return the run's own generator and those of the layers (dropout), each once, in the model's order."""
    found = [generator, *(getattr(module, "generator", None) for module in model.modules())]
    kept = {id(g): g for g in found if isinstance(g, torch.Generator)}
    return list(kept.values())
