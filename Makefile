# Two commands set everything up on a machine that has make and Python with its venv module:
#   make demo    makes .venv, installs cnnsearch and runs a whole search on the built-in sample
#   make test    makes .venv, installs what the tests need and runs them all
# Another Python: make clean, then make PYTHON=python3.13 test

PYTHON ?= python3
VENV ?= .venv
SPACE ?= spaces/basic.yaml

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
MADE := $(VENV)/made.stamp
INSTALLED := $(VENV)/installed.stamp
READY := $(VENV)/ready-for-tests.stamp

.DEFAULT_GOAL := help
.PHONY: help demo test check lint style types format docs clean
.NOTPARALLEL:

help:
	@echo "make demo    install into $(VENV) and search on the built-in sample (SPACE=$(SPACE))"
	@echo "make test    install what tests need, then check everything"
	@echo "make check   the same without another word: lint, types, tests"
	@echo "make lint    ruff check, ruff format --check and mypy --strict only"
	@echo "make format  put the sources into form, mend what ruff can mend"
	@echo "make docs    write docs/commands.md, docs/spaces.md and the schema anew from what they describe"
	@echo "make clean   remove $(VENV), caches and builds; runs/ stays"

demo: $(INSTALLED)
	$(BIN)/cnnsearch run $(SPACE)

test: check

# pytest comes last, so that its closing lines are the last lines: first those of all other rooms, then those of search/.
check: lint
	$(BIN)/python tests/side_by_side.py

lint: style types

style: $(READY)
	$(BIN)/python -m ruff check --extend-exclude $(VENV) .
	$(BIN)/python -m ruff format --extend-exclude $(VENV) --check .

# mypy does not see that folder X is the package cnnsearch.X, so it is shown a folder where that is so.
types: $(READY)
	@rm -rf .view && mkdir -p .view/cnnsearch
	@cd .view/cnnsearch && ln -s ../../cnnsearch/* ../../spaces ../../search ../../reports .
	@python="$$(realpath -s $(BIN)/python)" && cd .view && echo "mypy --strict" && \
	  "$$python" -m mypy --config-file ../pyproject.toml --cache-dir ../.mypy_cache -p cnnsearch

format: $(READY)
	$(BIN)/python -m ruff check --extend-exclude $(VENV) --fix-only .
	$(BIN)/python -m ruff format --extend-exclude $(VENV) .

docs: $(READY)
	$(BIN)/python docs/generate.py

clean:
	rm -rf $(VENV) .view build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './runs/*' -prune -exec rm -rf {} +

$(MADE):
	@command -v $(PYTHON) >/dev/null || { \
	  echo "error: there is no $(PYTHON) here. On Debian: apt-get install python3 python3-venv; or name another: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: cnnsearch needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) --version 2>&1). Name a newer one: make PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "error: $(PYTHON) has no venv module. On Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(INSTALLED): $(MADE) pyproject.toml
	@echo "installing cnnsearch and what it needs into $(VENV): about a minute, TensorFlow is large"
	$(PIP) --editable .
	@touch $@

# setuptools: the tests build a wheel without fetching anything, and Python 3.11 brings one that is too old for that.
$(READY): $(MADE) pyproject.toml
	@echo "installing cnnsearch and what its tests need into $(VENV): about a minute, TensorFlow is large"
	$(PIP) "setuptools>=77" --editable '.[dev]'
	@touch $(INSTALLED) $@
