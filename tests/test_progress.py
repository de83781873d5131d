"""Progress stays on this computer, can be turned off, and never disturbs a check."""

from __future__ import annotations

import sqlite3

import pytest

from course_lib.exercises import check, exercises, progress

ID = "start.residual"


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "progress.sqlite"
    monkeypatch.setenv("COURSE_PROGRESS", str(path))
    return path


def test_attempts_are_counted_and_a_pass_is_kept(file):
    check(ID, 1.5)
    assert not progress.records()[ID].passed
    check(ID, -1.5)
    check(ID, 9.0)
    entry = progress.records()[ID]
    assert (entry.attempts, entry.passed) == (3, True)
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT diagnosis FROM attempts").fetchall() == [
            ("sign",),
            (None,),
            (None,),
        ]
    connection.close()
    assert [row[-1] for row in exercises(0).rows if row[0] == ID] == ["yes"]


def test_stubs_are_not_recorded(file):
    check(ID, ...)
    assert not file.exists()
    assert progress.records() == {}


@pytest.mark.parametrize("word", ["off", "OFF", "0", "no"])
def test_it_can_be_turned_off(monkeypatch, tmp_path, word, capsys):
    monkeypatch.setenv("COURSE_PROGRESS", word)
    monkeypatch.setattr(progress.platformdirs, "user_data_dir", lambda *a, **k: str(tmp_path))
    assert check(ID, -1.5).passed
    assert list(tmp_path.iterdir()) == []
    assert progress.main() == 0
    assert "not recorded" in capsys.readouterr().out


def test_it_lives_in_the_users_data_directory(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    monkeypatch.setattr(progress.platformdirs, "user_data_dir", lambda *a, **k: str(tmp_path))
    check(ID, -1.5)
    assert [path.name for path in tmp_path.iterdir()] == ["progress.sqlite"]


def test_a_place_that_cannot_be_written_does_not_disturb(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "file" / "progress.sqlite"))
    assert check(ID, -1.5).passed
    assert progress.records() == {}


def test_a_damaged_file_does_not_disturb(file):
    file.parent.mkdir()
    file.write_bytes(b"this is not a database, it only has the name of one" * 50)
    assert check(ID, -1.5).passed
    assert progress.records() == {}


def test_the_table(file, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    assert progress.main() == 0
    assert "No exercise" in capsys.readouterr().out
    check(ID, -1.5)
    check("start.not_attempted", "a")
    assert progress.main() == 0
    out = capsys.readouterr().out
    assert "1 of " in out
    assert "One residual" in out
    assert "tried" in out
    assert str(file) in out
