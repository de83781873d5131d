"""How a chapter's definitions are compared with the library's: one module ``chNN`` per chapter.

A chapter's front matter says which of its functions the library has too::

    course:
      defines:
        ridge_closed_form: course_lib.solvers.ridge.solve

and ``chNN.COMPARE`` holds, under the same name, ``compare(notebook_function, library_function, rng)``,
which calls both on random inputs drawn from ``rng`` and asserts that they agree, for several seeds.
"""
