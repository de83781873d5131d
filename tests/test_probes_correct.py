"""Right code in many styles is not flagged, whatever the seed."""

import pytest
from probe_cases.correct import CORRECT, SLOWER

SEEDS = 20


@pytest.mark.parametrize("case", CORRECT, ids=lambda case: case.__name__)
def test_right_code_is_not_flagged(case):
    for seed in range(3):
        report = case(seed)
        assert report.ok, f"seed {seed}\n{report}"


@pytest.mark.slow
@pytest.mark.parametrize("case", CORRECT, ids=lambda case: case.__name__)
def test_right_code_is_not_flagged_with_other_seeds(case):
    for seed in range(3, SEEDS):
        report = case(seed)
        assert report.ok, f"seed {seed}\n{report}"


@pytest.mark.parametrize("case", SLOWER, ids=lambda case: case.__name__)
def test_an_honest_procedure_is_not_flagged(case):
    assert case(0).ok


@pytest.mark.slow
@pytest.mark.parametrize("case", SLOWER, ids=lambda case: case.__name__)
def test_an_honest_procedure_is_not_flagged_with_other_seeds(case):
    for seed in range(1, SEEDS):
        report = case(seed)
        assert report.ok, f"seed {seed}\n{report}"


def test_there_are_enough_of_them():
    assert len(CORRECT) >= 30
