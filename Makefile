# The verbs of this project. Each installs what it needs: python3.11 and make are all it asks for.
.DEFAULT_GOAL := help
SHELL := /bin/bash
UV := .tools/uv
# Debian's python3.11 alone brings no `python3`.
PYTHON := $(firstword $(shell command -v python3.11 python3))
BIN := .venv/bin
# As Python and git do: an authority that a company added to the machine counts for packages, too.
export UV_SYSTEM_CERTS ?= 1
export UV_PROJECT_ENVIRONMENT := .venv

.PHONY: help run dev test check fix bench docs console chaos dist clean

help: ## list the verbs
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

$(UV): scripts/get_uv.py
	@$(PYTHON) scripts/get_uv.py
	@touch -h $(UV)

.venv/.run: $(UV) uv.lock pyproject.toml
	@echo "Installing what Sluiceway needs (once) ..."
	@$(UV) sync --quiet --locked --no-dev --inexact --compile-bytecode
	@touch $@

# Where Python is told to keep no bytecode (PYTHONDONTWRITEBYTECODE), each start would compile anew.
.venv/.compiled: .venv/.run $(shell find sluiceway -name '*.py')
	@$(BIN)/python -m compileall -q sluiceway
	@touch $@

.venv/.dev: $(UV) uv.lock pyproject.toml
	@echo "Installing what the tests need (once) ..."
	@$(UV) sync --quiet --locked --compile-bytecode
	@touch $@ .venv/.run

run: .venv/.compiled ## run a real flow on the embedded tenant, and watch it
	@$(BIN)/sluiceway run examples/flows/welcome.json --fields examples/flows/welcome.fields.json \
	  --set "fields.email=ada.$$(date +%s)@example.com"
	@echo; echo "Queued (read one: $(BIN)/sluiceway outbox show ID --content):"
	@$(BIN)/sluiceway outbox list --take 3

dev: .venv/.compiled ## server, worker, console and embedded tenant in one process
	@$(BIN)/sluiceway dev

test: .venv/.dev .venv/.compiled ## all tests, real servers and browser included
	@scripts/install_test_servers.sh
	@$(BIN)/python -m pytest -n 2 --dist loadfile --ignore tests/console
	@# In processes of their own: a browser's event loop stays in the process that drove it.
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/console

check: .venv/.dev ## format, lint, types, layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports
	@scripts/check_console.sh

fix: .venv/.dev ## format, and mend what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(UV) .venv/.dev .venv/.compiled ## measure, as ratios in one run
	@$(UV) sync --quiet --locked --group bench
	@$(BIN)/python -m bench --write

console: .venv/.dev ## build the web console into the package
	@scripts/build_console.sh

docs: .venv/.dev ## build the documentation
	@$(BIN)/python scripts/make_reference.py
	@NO_MKDOCS_2_WARNING=1 $(UV) run --quiet --locked --group docs mkdocs build --quiet --strict

chaos: .venv/.dev ## the fault suite in full, on both databases
	@scripts/install_test_servers.sh
	@$(BIN)/python -m tests.chaos

dist: $(UV) ## build wheel, sdist and the list of what is inside (SBOM)
	@$(UV) build --quiet --out-dir dist
	@$(UV) export --quiet --locked --no-dev --all-extras --format cyclonedx1.5 --output-file dist/sluiceway.cdx.json
	@ls -1 dist

clean: ## remove what the verbs made
	@rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis site dist
