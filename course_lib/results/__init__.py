"""Experiments that take longer than a chapter may: ``chNN`` holds the ``EXPERIMENTS`` of chapter NN."""
