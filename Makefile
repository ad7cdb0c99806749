# Every development task; `make help` lists them. Python 3.11, make and pip are enough for all but audit-pages and
# screenshots, which also need what `make services` installs.
SHELL := /bin/sh
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TEST_WORKERS ?= 3
APPS := messaging orders payments shipping shop extensions

.DEFAULT_GOAL := help
.PHONY: help run test compat simulate mutate chaos soak services lint format lesson-storm check-lesson bench bench-pipeline check-image audit-pages screenshots contracts release-contracts messages site clean

help: ## List all targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{printf "  make %-18s %s\n", $$1, $$2}'

run: $(VENV)/.runtime ## Start the whole shop on PORT (default 8000); Ctrl-C stops it
	@CONVEYOR_DEMO=$${CONVEYOR_DEMO:-1} CONVEYOR_LIMITS=$${CONVEYOR_LIMITS:-10} PORT=$${PORT:-8000} exec $(BIN)/python -m config.run

test: $(VENV)/.development ## Run all tests on every available database and broker
	@VENV=$(VENV) TEST_WORKERS=$(TEST_WORKERS) bin/test

compat: ## Run checks and tests with Django 6.1 on Python 3.12 and 3.13, as far as installed; ARGS="tests/orders" chooses
	@TEST_WORKERS=$(TEST_WORKERS) bin/compat $(ARGS)

simulate: $(VENV)/.development ## Simulate runs with faults from SEEDS=1000 fresh seeds, or shrink what SEED=n fails by; DATABASE=postgresql interleaves transactions
	@$(BIN)/python -m tests.simulation --database $(or $(DATABASE),sqlite) $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),1000)) --repeat $(or $(REPEAT),1)

mutate: $(VENV)/.development ## Take out each protection of the code in turn; ONLY=name chooses some, none may survive
	@$(BIN)/python -m tests.simulation.protections.mutants "$(ONLY)"

chaos: $(VENV)/.development ## Kill, hang, fill and cut off real processes and servers among orders; SEEDS=10 in a row, JOBS=2 at a time, SEED=n repeats, ONLY=name chooses
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) --seeds $(or $(SEEDS),1) --jobs $(or $(JOBS),1) --only "$(ONLY)"
	@$(if $(ONLY),,KILLS=everywhere $(BIN)/python -m pytest -q -n$(or $(JOBS),1) tests/chaos/test_kills.py)

soak: $(VENV)/.development ## Use a shop for MINUTES=60 and see that nothing grows; BACKEND=production takes PostgreSQL and RabbitMQ
	@$(BIN)/python -m bench.soak --minutes $(or $(MINUTES),60) --backend $(or $(BACKEND),embedded)

lesson-storm: $(VENV)/.development ## Kill web server and broker among orders, with each way to publish, and count what is lost; SECONDS=60 each
	@$(BIN)/python -m bench.storm --seconds $(or $(SECONDS),60)

check-lesson: $(VENV)/.runtime ## Say whether lesson N=1 to 6 of docs/start worked
	@$(BIN)/python manage.py checklesson $(N)

services: ## Install (Debian, Ubuntu) and start RabbitMQ, PostgreSQL, PgBouncer, Chromium and Node.js
	@bin/services

lint: $(VENV)/.development ## Check style, types, import rules, templates, migrations and settings
	@VENV=$(VENV) bin/lint

format: $(VENV)/.development ## Format code and templates, and fix what the linter can fix
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/djlint --reformat --quiet $(APPS) >/dev/null || $(BIN)/djlint --check --quiet $(APPS)

bench: $(VENV)/.development ## Run all benchmarks
	@failed=0; for script in bench/*.py bench/operations/[!_]*.py bench/telemetry/[!_]*.py; do \
		echo "== $$script"; $(BIN)/python $$script || failed=1; \
	done; exit $$failed

bench-pipeline: ## Measure the shop and the engine beside other task queues; ARGS="--rounds 1 --orders 150"
	@$(PYTHON) -m bench.pipeline $(ARGS)

check-image: $(VENV)/.development ## Build the image without Docker, and ship an order from it: read-only, without rights, PostgreSQL, RabbitMQ
	@$(BIN)/python -m tests.deploy

audit-pages: $(VENV)/.development frontend/node_modules/.installed ## Audit every page with Lighthouse and axe-core (docs/explanation/quality.md)
	@$(BIN)/python -m tests.quality.audit

screenshots: $(VENV)/.development ## Regenerate the screenshots of every page in docs/, and the README's moving picture
	@$(BIN)/python -m tests.quality.screenshots
	@$(BIN)/python -m tests.quality.film

contracts: $(VENV)/.development ## Regenerate the tables in docs/reference/messages.md
	@UPDATE_CONTRACTS=1 $(BIN)/python -m pytest -q -n0 tests/contracts/test_page.py

release-contracts: $(VENV)/.development ## Store the AsyncAPI and OpenAPI documents, which later changes must be compatible with
	@mkdir -p var
	@CONVEYOR_EXTENSIONS=none $(BIN)/python manage.py asyncapi --json > var/asyncapi.json
	@CONVEYOR_EXTENSIONS=none $(BIN)/python manage.py spectacular --format openapi-json --file docs/reference/schemas/openapi.json
	@mv var/asyncapi.json docs/reference/schemas/asyncapi.json

messages: $(VENV)/.development ## Extract and compile translatable texts; needs gettext (docs/how-to/add-a-translation.md)
	@$(BIN)/python manage.py makemessages --all --no-location --no-wrap --no-obsolete --ignore=$(VENV) --ignore=var \
		--ignore=frontend --ignore=node_modules --ignore=build --ignore=tests --ignore=bench
	@$(BIN)/python manage.py compilemessages --ignore=$(VENV) --ignore=var --ignore=node_modules

site: $(VENV)/.development ## Build the documentation as a site in build/site; a broken link is an error
	@$(BIN)/sphinx-build --quiet --nitpicky --fail-on-warning --conf-dir docs . build/site
	@echo "The documentation is in build/site/docs/README.html"

clean: ## Remove the environment, caches, builds and runtime data in var/
	rm -rf $(VENV) frontend/node_modules var build *.egg-info htmlcov .coverage .coverage.* .pytest_cache extensions/.pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './frontend/node_modules/*' -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Conveyor needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)." \
			"Choose another with: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	@echo "Installing packages into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt requirements.txt requirements-telemetry.txt | $(VENV)/bin/python
	@echo "Installing packages into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(VENV)/.runtime $@

frontend/node_modules/.installed: frontend/package-lock.json
	@command -v npm >/dev/null || { \
		echo "Node.js 18 or newer with npm is required; 'make services' installs it (Debian, Ubuntu)." >&2; exit 1; }
	@echo "Installing packages into frontend/node_modules ..."
	@PUPPETEER_SKIP_DOWNLOAD=1 npm ci --prefix frontend --silent --no-audit --no-fund
	@touch $@
