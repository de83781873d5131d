"""Comparison for chapter 07: the ten lines of successive halving against the library's."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np


class Score:
    """A score that comes closer to the truth with the budget, and a list of what was asked."""

    def __init__(self, quality, noise):
        self.quality, self.noise = quality, noise

    def __call__(self, made, candidate, budget):
        made.append((candidate["k"], budget))
        return self.quality[candidate["k"]] + self.noise[candidate["k"], budget] / budget


def same_search(ours, theirs, rng):
    """The winner, what was spent, and who was trained for how long."""
    for n, smallest, largest, factor in ((27, 1, 27, 3), (50, 2, 100, 3), (13, 1, 8, 2), (1, 3, 9, 3)):
        quality, noise = rng.normal(size=n), rng.normal(size=(n, 200))
        ours_made, theirs_made = [], []
        score = Score(quality, noise)
        candidates = [{"k": k} for k in range(n)]
        winner, spent = ours(partial(score, ours_made), candidates, smallest, largest, factor)
        rungs = theirs(
            partial(score, theirs_made), candidates, smallest=smallest, largest=largest, factor=factor,
            progress=False,
        )  # fmt: skip
        assert winner == candidates[rungs[-1].best]
        assert spent == sum(rung.budget * len(rung.members) for rung in rungs)
        assert ours_made == theirs_made
        assert all(len(after.members) < len(before.members) for before, after in itertools.pairwise(rungs))
        np.testing.assert_array_equal(rungs[0].members, np.arange(n))


COMPARE = {"halving": same_search}
