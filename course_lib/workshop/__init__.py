"""Around a workshop: the kit to hand out, packages for a room without network, grading.

:mod:`~course_lib.workshop.kit` makes the zip, :mod:`~course_lib.workshop.wheelhouse` the folder of packages,
:mod:`~course_lib.workshop.grade` runs what learners hand in.
"""
