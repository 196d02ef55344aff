# Two commands: `make app` serves the page, `make test` runs all tests.

PYTHON ?= python3
PORT ?= 8501
ADDRESS ?= 127.0.0.1
VENV := .venv
BIN := $(VENV)/bin
PRODUCT := $(VENV)/.product
DEVELOPMENT := $(VENV)/.development

# Shell command that prints the pins of torch and torchvision; requirements.txt has the reason.
TORCH := grep -oE '^torch(vision)?==[^[:space:]]+' requirements.txt
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet
# One resolution for all systems and Python versions. The output names no path and no index.
# UPGRADE=1 selects the newest versions that the pins allow; otherwise locked versions are kept.
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes \
	--no-emit-package torch --no-emit-package torchvision \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

.PHONY: help setup app test test-fast test-under-load check format bench lock audit

help:
	@echo "make app [PORT=9000]   set up if necessary, and serve the page on http://localhost:8501;"
	@echo "                       ADDRESS=0.0.0.0 accepts connections from other machines"
	@echo "make test              set up if necessary, and run all tests"
	@echo "make test-fast         run the tests that are not marked slow"
	@echo "make test-under-load   run the engine's tests on a busy machine whose process 1 never reaps"
	@echo "make check             check lint rules, formatting and types"
	@echo "make format            fix lint errors and formatting"
	@echo "make lock [UPGRADE=1]  pin all dependencies, after a change of requirements"
	@echo "make audit             report known vulnerabilities of pinned libraries (needs network)"
	@echo "make bench             measure the speed of a night and compare it with a plain loop"
	@echo "make setup             set up only"

setup: $(PRODUCT)

app: $(PRODUCT)
	$(BIN)/python -m app --server.port $(PORT) --server.address $(ADDRESS)

test: $(DEVELOPMENT)
	$(BIN)/python -m tools.install_browser
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-fast: $(DEVELOPMENT)
	$(BIN)/python -m pytest -m "not slow"

test-under-load: $(DEVELOPMENT)
	$(BIN)/python -m tools.stress_test

check: $(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEVELOPMENT)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEVELOPMENT)
	$(BIN)/python -m tools.install_browser
	$(BIN)/python -m benchmarks.speed

lock: $(BIN)/uv
	$(COMPILE) requirements.txt -o requirements.lock
	$(COMPILE) --constraints requirements.lock requirements-dev.txt -o requirements-dev.lock

audit: $(DEVELOPMENT)
	$(BIN)/python -m tools.audit

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try make PYTHON=python3.12 setup")'
	$(PYTHON) -m venv $(VENV)

$(PRODUCT): requirements.txt requirements.lock | $(BIN)/python
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) $$($(TORCH))
	@touch $@

$(DEVELOPMENT): requirements-dev.lock $(PRODUCT) | $(BIN)/python
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

# Installed by its pin, not from the lock file: it must be able to rebuild a damaged lock file.
$(BIN)/uv: requirements-dev.txt | $(BIN)/python
	$(PIP) $$(grep -oE '^uv==[^[:space:]]+' $<)
	@touch $@
