"""What every workshop edition must pass; two files run it, so that two workers share the chapters."""

from places import ROOT

from course_lib.notebooks import editions, files, grammar

NOTEBOOKS = files.select(ROOT / "notebooks", ".ipynb")


def assert_examined(notebook, cwd, name):
    """Restart & Run All on the workshop edition, then the solutions: stubs not attempted, solutions right."""
    report = editions.verdicts(notebook, cwd, name)
    asked = {
        id_ for cell in notebook.cells if "check" in grammar.tags(cell) for id_ in grammar.checked_ids(cell)
    }
    for verdict in report:
        if verdict.tag == "check":
            assert not verdict.attempted, f"{name}: the untouched stub of {verdict.id} counts as attempted"
        else:
            assert verdict.passed, f"{name}: the solution of {verdict.id} does not pass"
    assert {verdict.id for verdict in report if verdict.tag == "check"} == asked
    assert {verdict.id for verdict in report if verdict.tag == "solution"} == asked
