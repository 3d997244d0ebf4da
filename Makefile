# A fresh machine needs Python 3.11, make, git and a package index.
#
#   make demo              the main job on a small simulated school
#   make demo LOG=path     the same on your own response log; ARGS="--student user_id"
#                          names columns that are not called student, skill and correct
#   make test              the tests, newest dependencies, without the slow ones
#   make test-all          the slow ones too, and all of them with the oldest dependencies
#   make trials            what draws at random, ten times as often
#
# REQUIRE=data,... turns a skip for want of that resource into a failure.
# ARGS=... is handed to the demo, or to pytest: ARGS=tests/test_imports.py, or ARGS="-n 0 -x".

PYTHON ?= python3.11
VENV := .venv
OLDEST := .venv-oldest
BIN := $(VENV)/bin
LOG ?=
ARGS ?=
REQUIRE ?=

# A worker for each core, and a thread for each worker: more would wait for each other.
# What stands in one file runs on one worker, in its order: the code blocks of a page share
# their names, and module fixtures are computed once.
IN_PARALLEL := -n logical --dist loadfile --no-loadscope-reorder
test test-slow test-oldest trials: export OMP_NUM_THREADS := 1

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The theme announces its successor on every build.
export NO_MKDOCS_2_WARNING := 1

.PHONY: help demo test test-all test-rest test-slow test-oldest trials
.PHONY: layers lint format types docs pictures package package-demo bench clean

help:
	@sed -n 's/^#   //p' Makefile

# What the demo needs, a quarter of what the tests need.
$(VENV)/.demo: pyproject.toml
	@echo "== installing the library into $(VENV), once; this takes a minute or two"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable ".[plot,polars,progress]"
	@touch $@

# Dependency groups need pip 25.1; the pip that comes with Python 3.11 is older.
$(VENV)/.installed: pyproject.toml
	@echo "== installing the library and its tests into $(VENV), once; this takes some minutes"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[all]" --group dev
	@touch $@

$(OLDEST)/.installed: pyproject.toml constraints-oldest.txt
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(OLDEST)/bin/python -m pip install --quiet --constraint constraints-oldest.txt \
		--editable ".[all]" --group test --group peers
	@touch $@

# Spark is half a gigabyte and needs Java: only the tests get it, and only where Java is.
$(VENV)/.spark: $(VENV)/.installed
	@if command -v java > /dev/null; then \
		$(BIN)/python -m pip install --quiet --editable ".[spark]"; fi
	@touch $@

$(OLDEST)/.spark: $(OLDEST)/.installed
	@if command -v java > /dev/null; then $(OLDEST)/bin/python -m pip install --quiet \
		--constraint constraints-oldest.txt --editable ".[spark]"; fi
	@touch $@

demo: $(if $(wildcard $(VENV)/.installed),$(VENV)/.installed,$(VENV)/.demo)
	$(BIN)/python -m adaptlearn demo $(if $(LOG),--log "$(LOG)") $(ARGS) $(if $(LOG),|| \
		{ echo 'Options of the demo go into ARGS: make demo LOG=... ARGS="--student COL"'; exit 1; })

test: $(VENV)/.installed
	@echo "== tests with the newest dependencies, without the slow ones"
	REQUIRE="$(REQUIRE)" $(BIN)/python -m pytest $(IN_PARALLEL) -m "not slow" $(ARGS)

test-all: test test-rest

# What `make test` leaves out.
test-rest: test-slow test-oldest

test-slow: $(VENV)/.spark
	@echo "== slow tests with the newest dependencies"
	REQUIRE="$(REQUIRE)" $(BIN)/python -m pytest $(IN_PARALLEL) -m slow $(ARGS)

# Only tests/: examples in docstrings and pages show what the newest NumPy prints.
test-oldest: $(OLDEST)/.spark
	@echo "== all tests with the oldest supported dependencies, and the peers"
	REQUIRE="$(REQUIRE),peers" $(OLDEST)/bin/python -m pytest $(IN_PARALLEL) tests $(ARGS)

trials: $(VENV)/.installed
	@echo "== random trials at their full number"
	TRIALS=1 REQUIRE="$(REQUIRE)" \
		$(BIN)/python -m pytest $(IN_PARALLEL) -m "hypothesis or trials" $(ARGS)

layers: $(VENV)/.installed
	$(BIN)/python -m pytest -q tests/test_architecture.py tests/test_structure.py

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.installed
	$(BIN)/mypy

docs: $(VENV)/.installed
	$(BIN)/mkdocs build --strict --quiet
	@echo "The site is in site/index.html"

# The pictures below the code blocks of docs/, drawn by that code.
pictures: $(VENV)/.installed
	PICTURES=1 $(BIN)/python -m pytest -q docs $(ARGS)

# Source archive and wheel, checked; then the demo from the wheel with the hard dependencies alone,
# the oldest ones on Python 3.11 and the newest on each Python that is on this machine.
package: $(VENV)/.installed
	rm -rf dist
	$(BIN)/python -m pip install --quiet --group package
	$(BIN)/python -m build --quiet
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl
	$(call demo_alone,$(PYTHON),--constraint constraints-oldest.txt)
	@set -e; for python in python3.11 python3.12 python3.13 python3.14; do \
		if $$python -c "" 2> /dev/null; then \
			$(MAKE) --no-print-directory package-demo PYTHON=$$python; fi; done

package-demo:
	$(call demo_alone,$(PYTHON),)

define demo_alone
	@echo "== the wheel on $(1) $(2)"
	@rm -rf dist/alone && $(1) -m venv dist/alone
	@dist/alone/bin/python -m pip install --quiet $(2) dist/*.whl
	@cd dist && alone/bin/python -I -W error -m adaptlearn demo > /dev/null
endef

bench: $(VENV)/.installed
	@set -e; for script in benchmarks/[a-z]*.py; do \
		echo "== $$script"; $(BIN)/python "$$script"; \
	done

clean:
	rm -rf $(VENV) $(OLDEST) dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
