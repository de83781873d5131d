"""course doctor: each finding on a machine that is well and on one that is not."""

import argparse
import json
import shutil
import sys
import types

import pytest

from course_lib import doctor

WELL = doctor.Finding("thing", True, "fine")
ILL = doctor.Finding("thing", False, "gone", "Run: python3 start.py setup")


def test_the_lock_holds_on_the_environment_of_the_tests():
    finding = doctor.check_packages()
    assert finding.ok, finding.seen
    assert int(finding.seen.split()[0]) > 100


def test_lock_is_read_with_its_markers():
    lock = """numpy==2.4.6 \\
    --hash=sha256:00
pywinpty==3.0 ; os_name == 'no such system' \\
    --hash=sha256:11
overrides==7.7.0 ; python_full_version >= '3' \\
    --hash=sha256:22
"""
    assert doctor.locked_versions(lock) == {"numpy": "2.4.6", "overrides": "7.7.0"}


def test_other_and_missing_versions_are_named(monkeypatch):
    have = doctor.installed_version
    monkeypatch.setattr(
        doctor, "installed_version", lambda name: {"numpy": "1.0", "scipy": None}.get(name, have(name))
    )
    finding = doctor.check_packages()
    assert not finding.ok
    assert "numpy 1.0 (lock: " in finding.seen
    assert "scipy missing" in finding.seen
    assert "start.py setup" in finding.mend


@pytest.mark.parametrize(
    ("version", "ok"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)]
)
def test_python(monkeypatch, version, ok):
    monkeypatch.setattr(doctor.sys, "version_info", (*version, 0, "final", 0))
    finding = doctor.check_python()
    assert finding.ok is ok
    assert bool(finding.mend) is not ok


def test_torch_computes():
    finding = doctor.check_torch()
    assert finding.ok, finding.seen
    assert finding.seen.startswith("2.13.0")


def test_broken_torch_is_a_finding(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not doctor.check_torch().ok


@pytest.mark.parametrize(("free", "ok"), [(0.2e9, False), (5e9, True)])
def test_disk(monkeypatch, free, ok):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=free))
    assert doctor.check_disk().ok is ok


def test_data_of_this_course_is_in_order():
    finding = doctor.check_data()
    assert finding.ok, finding.seen


def test_damaged_data_is_named(monkeypatch):
    states = [("digits", True, "comes with scikit-learn"), ("sine", False, "sine.csv: wrong checksum")]
    monkeypatch.setattr("course_lib.datasets.verify", lambda: states)
    finding = doctor.check_data()
    assert not finding.ok
    assert finding.seen == "sine: sine.csv: wrong checksum"
    assert "git checkout -- data" in finding.mend


def test_unreadable_data_is_a_finding(monkeypatch):
    def verify():
        raise OSError("no such file: sine.csv")

    monkeypatch.setattr("course_lib.datasets.verify", verify)
    finding = doctor.check_data()
    assert not finding.ok
    assert "sine.csv" in finding.seen


def test_write_access(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    monkeypatch.chdir(tmp_path)
    assert doctor.check_write_access().ok

    def refuse(dir):
        raise PermissionError(dir)

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    finding = doctor.check_write_access()
    assert not finding.ok
    assert str(tmp_path) in finding.seen


def test_a_kernel_really_computes():
    finding = doctor.check_kernel()
    assert finding.ok, finding.seen


def test_kernel_with_another_answer(monkeypatch):
    monkeypatch.setattr(doctor, "_ask_kernel", lambda code: (0.1, "41"))
    assert not doctor.check_kernel().ok


def test_kernel_that_never_answers_is_ended(monkeypatch):
    monkeypatch.setattr(doctor, "KERNEL_SECONDS", 1.0)
    monkeypatch.setattr(doctor, "KERNEL", ("-c", "import time; time.sleep(60)"))
    finding = doctor.check_kernel()
    assert not finding.ok
    assert "start.py setup" in finding.mend


@pytest.mark.parametrize(("findings", "status"), [([WELL], 0), ([WELL, ILL], 1)])
@pytest.mark.parametrize("as_json", [False, True])
def test_report_and_exit_status(monkeypatch, capsys, findings, status, as_json):
    monkeypatch.setattr(doctor, "examine", lambda: iter(findings))
    assert doctor.main(argparse.Namespace(json=as_json)) == status
    text = capsys.readouterr().out
    if as_json:
        answer = json.loads(text)
        assert answer["ok"] is (status == 0)
        assert len(answer["checks"]) == len(findings)
    else:
        assert ("PROBLEM" in text) is (status == 1)
        assert ("thing: Run: python3 start.py setup" in text) is (status == 1)
        assert ("All well." in text) is (status == 0)


def test_every_check_is_made_once(monkeypatch):
    monkeypatch.setattr(doctor, "check_kernel", lambda: WELL)
    monkeypatch.setattr(doctor, "CHECKS", (lambda: WELL, lambda: ILL, doctor.check_kernel))
    assert list(doctor.examine()) == [WELL, ILL, WELL]
