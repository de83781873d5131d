"""Comparison for chapter 07: the ten lines of successive halving against the library's."""

from __future__ import annotations

import itertools

import numpy as np


def same_search(ours, theirs, rng):
    """The winner, what was spent, and who was trained for how long."""
    for n, smallest, largest, factor in ((27, 1, 27, 3), (50, 2, 100, 3), (13, 1, 8, 2), (1, 3, 9, 3)):
        quality, noise = rng.normal(size=n), rng.normal(size=(n, 200))
        calls = [[], []]

        def score(candidate, budget, made, quality=quality, noise=noise):
            made.append((candidate["k"], budget))
            return quality[candidate["k"]] + noise[candidate["k"], budget] / budget

        candidates = [{"k": k} for k in range(n)]
        winner, spent = ours(lambda c, b: score(c, b, calls[0]), candidates, smallest, largest, factor)
        rungs = theirs(
            lambda c, b: score(c, b, calls[1]), candidates, smallest=smallest, largest=largest, factor=factor,
            progress=False,
        )  # fmt: skip
        assert winner == candidates[rungs[-1].best]
        assert spent == sum(rung.budget * len(rung.members) for rung in rungs)
        assert calls[0] == calls[1]
        assert all(len(after.members) < len(before.members) for before, after in itertools.pairwise(rungs))
        np.testing.assert_array_equal(rungs[0].members, np.arange(n))


COMPARE = {"halving": same_search}
