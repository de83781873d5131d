"""The website: the executed chapters, the reference and the indexes as pages that need no network.

Nothing here is imported by a chapter or by the learner's commands; Sphinx is loaded by `course site` alone.
"""
