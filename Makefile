# How is Conveyor run, tested and looked after? `make help` lists the targets. Python 3.11, make and pip are enough,
# but for audit-pages and screenshots, which also want what `make services` installs.
SHELL := /bin/sh
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TEST_WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help run test services lint bench audit-pages screenshots messages clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(VENV)/.runtime ## Start the whole shop on PORT (8000); Ctrl-C stops it
	@CONVEYOR_DEMO=$${CONVEYOR_DEMO:-1} PORT=$${PORT:-8000} exec $(BIN)/python -m config.run

test: $(VENV)/.development ## Run all tests, on every database and broker that is there
	@VENV=$(VENV) TEST_WORKERS=$(TEST_WORKERS) bin/test

services: ## Install (Debian, Ubuntu) and start RabbitMQ, PostgreSQL, Chromium and Node.js for tests and audits
	@bin/services

lint: $(VENV)/.development ## Check style, types, imports, templates, migrations and settings
	@VENV=$(VENV) bin/lint

bench: $(VENV)/.development ## Measure the pipeline
	@found=; for script in bench/*.py; do \
		case $$script in bench/\*.py|*/_*) continue ;; esac; \
		found=1; echo "== $$script"; $(BIN)/python $$script || exit 1; \
	done; [ -n "$$found" ] || echo "There is no script in bench/ yet."

audit-pages: $(VENV)/.development frontend/node_modules/.installed ## Rate every page with Lighthouse and axe-core: docs/quality.md
	@$(BIN)/python -m tests.quality.audit

screenshots: $(VENV)/.development ## Make the pictures of every page in docs/ anew
	@$(BIN)/python -m tests.quality.screenshots

messages: $(VENV)/.development ## Collect the texts to translate, and compile them (needs gettext): docs/translating.md
	@$(BIN)/python manage.py makemessages --all --no-location --no-wrap --no-obsolete --ignore=$(VENV) --ignore=var \
		--ignore=frontend --ignore=node_modules --ignore=tests --ignore=bench
	@$(BIN)/python manage.py compilemessages --ignore=$(VENV) --ignore=node_modules

clean: ## Remove the environment, caches and what runs have left in var/
	rm -rf $(VENV) frontend/node_modules var htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './frontend/node_modules/*' -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Conveyor needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)." \
			"Name another with: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	@echo "Installing packages into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt requirements.txt | $(VENV)/bin/python
	@echo "Installing packages into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(VENV)/.runtime $@

frontend/node_modules/.installed: frontend/package-lock.json
	@command -v npm >/dev/null || { \
		echo "This needs Node.js 18 or newer with npm: 'make services' installs it (Debian, Ubuntu)." >&2; exit 1; }
	@echo "Installing packages into frontend/node_modules ..."
	@PUPPETEER_SKIP_DOWNLOAD=1 npm ci --prefix frontend --silent --no-audit --no-fund
	@touch $@
