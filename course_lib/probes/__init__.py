"""Probes: hand over your own gradient, penalty, dropout layer, optimiser or procedure, and read what is
wrong.

::

    gradient(loss, gradient, w)        is this the gradient of that loss?
    penalty(objective, w, lam=)        is the penalty in the loss, on the right parameters, of the right size?
    training_step(step, w, lam=, lr=)  does a step apply it?
    threshold(prox)                    does a shrinkage function give exact zeros, and the right ones?
    minimiser(fit)                     does a method reach the minimum it promises, zeros included?
    dropout(layer, p=)                 mask, scale, both modes, backward pass
    decay(step, lr=, weight_decay=)    L2 in the gradient or decoupled decay, and on what
    leakage(procedure)                 does pure noise score above chance?
    splits(splits)                     rows on both sides of a split
    batches(batches)                   order, labels and scale of what is fed; the first loss

Each returns a `Report`: ``report.ok``, ``report.causes`` (keys that stay the same), ``str(report)`` in words,
and ``report.raise_if_faulty()`` for a test. A probe names a cause only where the numbers say so, and answers
``"unknown"`` where something differs and nothing of its list explains it. Nothing that is handed over is
changed: parameters, gradients, buffers, modes and global random states are put back. Everything here is
NumPy; torch is imported only when a torch object is handed over.

Where several forms are right, the one that was found is a remark: ``report.remarks`` and a line of
``str(report)``, which count neither in ``report.ok`` nor in ``report.causes``.

A silent report is worth what its last line says was compared. What cannot be told from outside stays unseen:
a strength that is wrong for your data, layers that are not handed over, the order of step and decay in an
adaptive optimiser, a schedule after the steps that were taken, a choice among candidates that are not shown,
a leak too small to change scores on noise. The docstrings say which.

Sources of the causes: chapter 18, where each is a bug that was met.
"""

from course_lib.probes.applied import penalty, training_step
from course_lib.probes.gradients import gradient
from course_lib.probes.leaks import leakage, splits
from course_lib.probes.loading import batches
from course_lib.probes.masks import dropout
from course_lib.probes.optimisers import decay
from course_lib.probes.report import Fault, Finding, Report
from course_lib.probes.zeros import minimiser, threshold

__all__ = [
    "Fault",
    "Finding",
    "Report",
    "batches",
    "decay",
    "dropout",
    "gradient",
    "leakage",
    "minimiser",
    "penalty",
    "splits",
    "threshold",
    "training_step",
]
