"""What a class did, in Markdown: pass rates, misconceptions, files with a problem, each learner's count."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from course_lib.exercises import wording
from course_lib.exercises.catalogue import UnknownExercise, find
from course_lib.exercises.exercise import Item

__all__ = ["in_a_line", "markdown", "minutes"]

Row = dict[str, Any]
NOT_A_MISTAKE = {"", "not reached", "not defined", "too slow", "error", "taken"}


def minutes(exercise: str) -> int | str:
    """The minutes an exercise promises; empty for one that this course does not have."""
    item = _item(exercise)
    return item.minutes if item else ""


def in_a_line(rows: list[Row]) -> str:
    """``5 of 6 passed``, and what stopped it if something did."""
    scored = [row for row in rows if row["exercise"]]
    reasons = list(dict.fromkeys(str(row["error"]) for row in rows if _is_problem(row)))
    counted = f"{sum(row['passed'] for row in scored)} of {len(scored)} exercises passed" if scored else ""
    said = reasons[0] if len(reasons) == 1 else f"{len(reasons)} files with a problem" if reasons else ""
    return "; ".join(filter(None, [counted, said]))


def markdown(rows: list[Row], seed: int) -> str:
    """Return the class summary."""
    learners = sorted({row["learner"] for row in rows})
    scored = [row for row in rows if row["exercise"]]
    handed_in = {(row["learner"], row["notebook"]) for row in rows if row["notebook"]}
    parts = [
        "# Summary of the class",
        f"{_count(len(learners), 'learner')}, {_count(len(handed_in), 'file')}. Answers were scored on "
        f"random cases drawn with seed {seed}. The notebooks ran with limits, not in a sandbox.",
        "## Exercises",
        _exercises(scored),
        "## Misconceptions",
        _misconceptions(scored) or "None was recognised.",
        "## Files with a problem",
        _problems(rows) or "None.",
        "## Learners",
        _learners(learners, scored),
    ]
    return "\n\n".join(parts) + "\n"


def _exercises(scored: list[Row]) -> str:
    lines = ["| chapter | exercise | handed in | attempted | passed | passed of attempted |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for (chapter, id_), rows in sorted(_grouped(scored, "chapter", "exercise").items()):
        tried, passed = sum(row["attempted"] for row in rows), sum(row["passed"] for row in rows)
        rate = f"{passed / tried:.0%}" if tried else "-"
        lines.append(f"| {chapter} | {_title(id_)} (`{id_}`) | {len(rows)} | {tried} | {passed} | {rate} |")
    return "\n".join(lines) if scored else "Nothing could be scored."


def _misconceptions(scored: list[Row]) -> str:
    """Named mistakes first, the most frequent on top; then what else was wrong."""
    wrong = [row for row in scored if row["attempted"] and not row["passed"]]
    counts = Counter((row["exercise"], row["cause"]) for row in wrong if row["cause"] not in NOT_A_MISTAKE)
    named: list[str] = []
    other: list[str] = []
    for (id_, cause), count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])):
        sentence = _sentence(id_, cause)
        line = f"| {count} | {_title(id_)} | {_safe(sentence or f'not a mistake from the list ({cause})')} |"
        (named if sentence else other).append(line)
    return "\n".join(["| how often | exercise | what was misunderstood |", "|---|---|---|", *named, *other]
                     ) if counts else ""  # fmt: skip


def _problems(rows: list[Row]) -> str:
    seen: dict[tuple[str, str, str], None] = {}
    for row in rows:
        for what in (row["error"] if _is_problem(row) else "", row["note"]):
            if what:
                seen[row["learner"], row["notebook"], str(what)] = None
        if row["cause"] == "taken":
            seen[row["learner"], row["notebook"], f"{row['exercise']}: {row['error']}"] = None
    return "\n".join(
        f"- {_safe(' '.join(filter(None, [who, name])))}: {_safe(what)}" for who, name, what in seen
    )


def _learners(learners: list[str], scored: list[Row]) -> str:
    chapters = sorted({row["chapter"] for row in scored})
    grouped = _grouped(scored, "learner", "chapter")
    lines = ["| learner | " + " | ".join(f"chapter {c}" if c else "no chapter" for c in chapters) + " |",
             "|---|" + "---|" * len(chapters)]  # fmt: skip
    for who in learners:
        cells = []
        for chapter in chapters:
            rows = grouped.get((who, chapter), [])
            cells.append(f"{sum(row['passed'] for row in rows)} of {len(rows)}" if rows else "-")
        lines.append(f"| {_safe(who)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _is_problem(row: Row) -> bool:
    return bool(row["error"]) and (not row["exercise"] or row["cause"] == "not reached")


def _grouped(rows: list[Row], *names: str) -> dict[tuple[str, ...], list[Row]]:
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


def _item(id_: str) -> Item | None:
    try:
        return find(id_)
    except UnknownExercise:
        return None


def _title(id_: str) -> str:
    item = _item(id_)
    return _safe(wording.of(item).get("title", id_)) if item else _safe(id_)


def _sentence(id_: str, cause: str) -> str:
    item = _item(id_)
    return str(wording.of(item).get("misconceptions", {}).get(cause, "")) if item else ""


def _safe(text: str) -> str:
    """One line of a learner's making, as text in a Markdown table."""
    line = "".join(c if c.isprintable() else " " for c in " ".join(str(text).split()))
    line = line if len(line) <= 400 else line[:399] + "…"
    return line.replace("|", "\\|").replace("<", "&lt;")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
