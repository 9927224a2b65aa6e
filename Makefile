# Everything a contributor runs; CI runs the same targets. Needs python3, make and pip.

PYTHON ?= python3
VENV := .venv
LOWEST := .venv-lowest
WHEEL := .venv-wheel
HYDRA := .venv-hydra
DEMO_CACHE := .demo-cache
DEMO := hydra-cached run hydra_cached.examples.ner -p -c $(DEMO_CACHE)
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
PYTEST := -m pytest -n auto --benchmark-disable
# pip compiles what it copies, but not what stays where it is: without this, each command would where Python may not write
COMPILE := @$(VENV)/bin/python -m compileall -q hydra_cached
# some systems keep ensurepip in a package of its own: then the system's pip installs pip
CREATE_ENV = $(PYTHON) -m venv $(1) || { \
	rm -rf $(1) && $(PYTHON) -m venv --without-pip $(1) && $(PYTHON) -m pip --python $(1)/bin/python install --quiet pip; \
	} || { rm -rf $(1); exit 1; }

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test soak lint format types bench lowest hydra-versions wheel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/installed ## run the example pipeline twice: computed, then reused
	@rm -rf $(DEMO_CACHE)
	@echo
	@echo "== 1. The cache is empty, so every step is computed:"
	@echo "\$$ $(DEMO)"
	@$(VENV)/bin/$(DEMO)
	@echo
	@echo "== 2. The same again, in a new process: only the cheap look at what is installed is made anew."
	@echo "\$$ $(DEMO) --print"
	@$(VENV)/bin/$(DEMO) --print
	@echo
	@echo "The results are in $(DEMO_CACHE). Look at them: $(VENV)/bin/hydra-cached cache ls -c $(DEMO_CACHE)"

test: lint types ## lint, types and the whole test suite
	$(VENV)/bin/python $(PYTEST)

lint: $(VENV)/installed-test ## check style and formatting
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

format: $(VENV)/installed-test ## mend style and formatting
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

types: $(VENV)/installed-test ## check types, strictly
	$(VENV)/bin/mypy

soak: $(VENV)/installed-test ## kill, damage and crowd a store for an hour, and fill it with a million entries
	HYDRA_CACHED_SOAK=1 $(VENV)/bin/python -m pytest tests/soak -n auto -rP --benchmark-disable
	$(VENV)/bin/python -m tests.benchmarks million

bench: $(VENV)/installed-bench ## run the benchmarks
	$(VENV)/bin/python -m tests.benchmarks

lowest: $(LOWEST)/installed-test ## the test suite with the lowest versions that pyproject.toml allows
	$(LOWEST)/bin/python $(PYTEST)

hydra-versions: ## the tests of the engine with the Hydra releases that it follows
	for version in "==1.3.2" "==1.3.8" ">=1.4.0rc1,<1.5"; do \
		rm -rf $(HYDRA) && $(PYTHON) -m venv $(HYDRA) && \
		$(HYDRA)/bin/python $(PIP_INSTALL) --editable ".[test]" "hydra-core$$version" && \
		$(HYDRA)/bin/python $(PYTEST) tests/graph tests/execution tests/config tests/sweeps tests/plugin || exit 1; \
	done; rm -rf $(HYDRA)

wheel: $(VENV)/installed ## build the wheel and try it in an empty environment
	rm -rf dist $(WHEEL)
	$(VENV)/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	@$(call CREATE_ENV,$(WHEEL))
	$(WHEEL)/bin/python $(PIP_INSTALL) dist/*.whl
	cd $(WHEEL) && bin/hydra-cached --help > help.txt
	cd $(WHEEL) && bin/python -m hydra_cached target-id os.path.join
	cd $(WHEEL) && bin/instantiate hydra_cached.examples.hello -p --print
	cd $(WHEEL) && bin/hydra-cached run hydra_cached.examples.takes_time seconds=0 --print
	cd $(WHEEL) && bin/python -m hydra_cached.examples.curve_app -m model=line,parabola points.seconds=0 hydra/launcher=hydra_cached
	rm -rf $(WHEEL)

clean: ## remove environments, caches and built files
	rm -rf $(VENV) $(LOWEST) $(WHEEL) $(HYDRA) $(DEMO_CACHE) dist .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Environments. A stamp file stands for an installation, so that it is made again only after pyproject.toml changed.

$(VENV)/bin/python:
	@echo "creating $(VENV)"
	@$(call CREATE_ENV,$(VENV))

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/python $(PIP_INSTALL) --editable .
	$(COMPILE)
	@touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/python $(PIP_INSTALL) --editable ".[test]"
	$(COMPILE)
	@touch $(VENV)/installed $@

$(VENV)/installed-bench: pyproject.toml | $(VENV)/installed-test
	$(VENV)/bin/python $(PIP_INSTALL) --editable ".[test,bench]"
	@touch $@

$(LOWEST)/bin/python:
	@echo "creating $(LOWEST)"
	@$(call CREATE_ENV,$(LOWEST))

# the requirements of the package itself, with == for >=
define LOWEST_VERSIONS
from importlib.metadata import requires
print(*(line.replace(">=", "==") for line in requires("hydra-cached") if ";" not in line), sep="\n")
endef
export LOWEST_VERSIONS

$(LOWEST)/installed-test: pyproject.toml | $(VENV)/installed $(LOWEST)/bin/python
	$(VENV)/bin/python -c "$$LOWEST_VERSIONS" > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python $(PIP_INSTALL) --constraint $(LOWEST)/constraints.txt --editable ".[test]"
	@touch $@
