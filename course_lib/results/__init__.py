"""What takes longer than a chapter may: a module ``chNN`` holds the ``EXPERIMENTS`` of chapter NN."""
