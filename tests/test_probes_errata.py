"""Every mistake of the list that is code is seen by a probe, which names it."""

import pytest
from probe_cases.errata import ERRATA, NOT_CODE, PITFALLS


def _id(case):
    return f"{case[0]}-{case[1].__name__}"


@pytest.mark.parametrize("case", ERRATA, ids=_id)
def test_an_erratum_is_named(case):
    report = case[1]()
    assert report.causes == (ERRATA[case],), str(report)


@pytest.mark.parametrize("case", PITFALLS, ids=_id)
def test_a_pitfall_is_named(case):
    report = case[1]()
    assert report.causes == (PITFALLS[case],), str(report)


def test_every_erratum_has_a_case_or_a_reason():
    numbers = {number for number, _ in ERRATA}
    assert not numbers & set(NOT_CODE)
    assert numbers | set(NOT_CODE) == set(range(1, 55))
