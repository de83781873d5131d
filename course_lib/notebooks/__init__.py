"""The notebook pipeline: one Markdown source per chapter, several editions of it.

``notebooks/source/NN_stem.md`` is edited by hand; ``notebooks/NN_stem.ipynb`` is generated from it, executed
and committed. Learners only need the committed notebooks: nothing here imports jupytext except
:mod:`course_lib.notebooks.source`, and only when a source is read.
"""
