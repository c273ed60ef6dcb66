# Everything runs in .venv, which `make` builds with the first target that needs it.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: check test test-slow test-lowest test-python test-bounds bench demo docs clean

demo: .venv/installed
	$(BIN)/umrnn demo

test: .venv/installed
	$(BIN)/python -m pytest

test-slow: .venv/installed
	$(BIN)/python -m pytest --slow

# The oldest libraries that pyproject.toml allows: kernels, counting, networks, the command line, published figures.
# The oldest Typer uses names that a new Click calls deprecated.
LOWEST = import tomllib; print(*(d.replace(">=", "==") for d in tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]))
test-lowest:
	rm -rf .venv-lowest
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet -e '.[test]' $$($(PYTHON) -c '$(LOWEST)')
	.venv-lowest/bin/python -m pytest -q -W ignore::DeprecationWarning tests/kernels tests/um tests/report tests/rnn tests/golden tests/cli/test_commands.py tests/cli/test_main.py
	rm -rf .venv-lowest

# Kernels as plain Python, where coverage sees every branch.
test-python: .venv/installed
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m coverage run -m pytest -q tests/kernels
	$(BIN)/python -m coverage report

# Kernels that check every index.
test-bounds: .venv/installed
	NUMBA_BOUNDSCHECK=1 $(BIN)/python -m pytest -q tests/kernels

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m umrnn.cli.reference | diff docs/reference/cli.md -

# The baselines: pandas, scikit-learn, gcc, and PyTorch where it is installed.
bench: .venv/installed
	$(BIN)/python -m pip install --quiet -e '.[bench]'
	$(BIN)/python -m pytest benchmarks --benchmark-enable -s

# What the documentation takes from the source: the help, the picture of the house, the list of classes.
docs: .venv/installed
	$(BIN)/python -m umrnn.cli.reference > docs/reference/cli.md
	$(BIN)/python -m tests.pages

clean:
	rm -rf .venv

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@
