"""Everyday training code: right code is not flagged, a mistake gets the name that is written down."""

import pytest
from probe_cases import everyday

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


def test_there_are_twelve_of_each():
    assert len(everyday.RIGHT) == 12
    assert len(everyday.WRONG) == 12 + 1  # one came later
