"""``course bench``: the library's solvers timed beside their peers, accuracy beside time.

::

    problems.py   the data
    registry.py   what is measured: works and contestants; linear.py, logistic.py, neural.py and
                  imports.py register theirs
    accuracy.py   how near an answer is to the minimum: certified gap and primal suboptimality
    timing.py     one thread, interleaved rounds, medians
    report.py     table, JSON, figure
    command.py    the command
"""
