"""The tested helper package of *Regularization, from the ground up*.

Importing ``course_lib`` is cheap: it loads neither torch nor scikit-learn. Ask for the room you need::

    from course_lib import penalties, losses
    from course_lib.solvers import ridge
    from course_lib.exercises import check, hint
"""

__version__ = "0.1.0"
