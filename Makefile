# Thin names for start.py, which does the work on every system. Options: make lab ARGS="--no-browser"
PYTHON ?= python3

COMMANDS = lab doctor progress data run workshop wheelhouse grade test test-all notebooks results timing readme setup site slides pdf

.PHONY: help $(COMMANDS)

help:
	@$(PYTHON) start.py --help

$(COMMANDS):
	@$(PYTHON) start.py $@ $(ARGS)
