"""Everyday training code: right code is not flagged, a mistake gets the name that is written down."""

import numpy as np
import pytest
from probe_cases import everyday

from course_lib import probes

SEEDS = 20


@pytest.mark.parametrize("case", everyday.RIGHT + everyday.SINCE, ids=lambda case: case.__name__)
def test_right_everyday_code_is_not_flagged(case):
    report = case(0)
    assert report.ok, str(report)


@pytest.mark.slow
@pytest.mark.parametrize("case", everyday.RIGHT + everyday.SINCE, ids=lambda case: case.__name__)
def test_right_everyday_code_is_not_flagged_with_other_seeds(case):
    for seed in range(1, SEEDS):
        report = case(seed)
        assert report.ok, f"seed {seed}\n{report}"


@pytest.mark.parametrize("case", everyday.WRONG, ids=lambda case: case.__name__)
def test_a_mistake_in_everyday_code_is_named(case):
    report = case()
    assert report.causes == (everyday.WRONG[case],), str(report)


def _scores(X, y):
    """Two equal candidates and one that is always worse by 1."""
    return np.random.default_rng(int(1e9 * abs(y[0]))).normal(-0.5, 0.1, 3) - [0, 0, 1]


@pytest.mark.parametrize("seed", range(5))
def test_a_poor_candidate_is_no_reason_to_flag_an_honest_score(seed):
    rng = np.random.default_rng(seed)
    report = probes.leakage(lambda X, y: _scores(X, y)[0], candidates=_scores, d=5, rng=rng)
    assert report.ok, str(report)
    assert abs(report.measured["gain"]) < 0.2


def test_there_are_twelve_of_each():
    assert len(everyday.RIGHT) == 12
    assert len(everyday.WRONG) == 12 + 1  # one came later
