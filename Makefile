# Two commands: `make app` serves the dashboard, `make test` runs all tests.

PYTHON ?= python3
PORT ?= 8501
ADDRESS ?= 127.0.0.1
VENV := .venv
BIN := $(VENV)/bin
PRODUCT := $(VENV)/.product
DEVELOPMENT := $(VENV)/.development

.PHONY: help setup app test test-fast check format bench

help:
	@echo "make app [PORT=9000]   set up if need be, and serve the dashboard on http://localhost:8501;"
	@echo "                       other machines reach it with ADDRESS=0.0.0.0"
	@echo "make test              set up if need be, and run all tests"
	@echo "make test-fast         the tests without those marked slow"
	@echo "make check             lint, format and types"
	@echo "make bench             how fast nights are slept, against a plain loop and the machine"
	@echo "make setup             set up only"

setup: $(PRODUCT)

app: $(PRODUCT)
	$(BIN)/python -m app --server.port $(PORT) --server.address $(ADDRESS)

test: $(DEVELOPMENT)
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-fast: $(DEVELOPMENT)
	$(BIN)/python -m pytest -m "not slow"

check: $(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEVELOPMENT)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEVELOPMENT)
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m benchmarks.speed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try make PYTHON=python3.12 setup")'
	$(PYTHON) -m venv $(VENV)

$(PRODUCT): requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -r requirements.txt
	@touch $@

$(DEVELOPMENT): requirements-dev.txt $(PRODUCT) | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -r requirements-dev.txt
	@touch $@
