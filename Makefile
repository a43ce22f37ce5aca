# Tilik. `make run` sets up and runs the demonstration; `make test` sets up and runs every test.

PYTHON ?= .venv/bin/python
TILIK ?= .venv/bin/tilik
# How many test files run beside one another: more than cores, as most wait for what they start, which computes little.
WORKERS ?= 3
STEPS := check-types check-generated check-format check-lint check-imports check-compatibility check-rules
SOURCES := schemas services deploy checks training tests benchmarks

# Hundreds of processes start here, and most would spend their first second on compiling what the last one compiled.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test lock format clean check check-format check-lint check-types check-imports \
	check-generated check-compatibility check-rules check-steps check-unit environment test-packages torch-packages \
	test-lanes test-shared test-alone test-long

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

environment:
	@deploy/local/environment.sh

test-packages:
	@deploy/local/test_packages.sh

torch-packages:
	@$(PYTHON) -c 'import importlib.util, sys; sys.exit(not importlib.util.find_spec("torch"))' || \
		TILIK_TORCH=1 deploy/local/environment.sh

setup: environment ## Install everything: packages, Kafka's jars, the detector's weights, footage
	@$(TILIK) setup

run: setup ## Set up, then run the demonstration (TILIK_DEMO_SECONDS=60 ends it by itself)
	@$(TILIK) demo

# Some tests compare with torch, and all code is type-checked: both need the packages of requirements-cuda.lock.
test: export TILIK_TORCH = 1
test: setup test-packages ## Set up, then run every check and every test
	@$(MAKE) --no-print-directory check-steps
	@$(MAKE) --no-print-directory test-lanes

# A red lane hides nothing of the other: both run, and either fails the whole.
test-lanes:
	@$(MAKE) --no-print-directory --keep-going --jobs=1 test-shared test-alone

test-shared: ## Run the tests that may run beside one another, those that start services too
	$(PYTHON) -m pytest -n $(WORKERS) --durations 20 -m "not alone"

test-alone: ## Run the tests that measure time or need every core, one after another
	$(PYTHON) -m pytest --durations 20 -m alone

test-long: setup test-packages ## Run every test with whole matrices, and write docs/reports/<day>-test-long.md
	@$(PYTHON) -m tests.long_run $(WORKERS)

check: torch-packages ## Check the code, and run the unit tests
	@$(MAKE) --no-print-directory check-steps
	@$(MAKE) --no-print-directory check-unit

check-steps:
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target $(STEPS)

check-format:
	$(PYTHON) -m ruff format --check --quiet $(SOURCES) || { $(PYTHON) -m ruff format --diff $(SOURCES); exit 1; }

check-lint:
	$(PYTHON) -m ruff check $(SOURCES)

check-types:
	$(PYTHON) -m mypy

check-imports:
	$(dir $(PYTHON))lint-imports --no-logo --cache-dir .tilik/import-linter

check-generated:
	$(PYTHON) -m schemas.generate --check
	$(PYTHON) -m tests.scenarios.draw --check
	$(PYTHON) -m services.cli.data_dictionary --check
	$(PYTHON) -m services.aggregate.alerts.build --check
	$(PYTHON) -m deploy.grafana.kustomizations --check
	$(PYTHON) -m services.cli.reference --check
	$(PYTHON) -m services.cli.model_cards --check
	$(PYTHON) -m services.aggregate.dashboards.build --check

check-compatibility:
	$(PYTHON) -m schemas.compatibility

check-rules:
	$(PYTHON) -m checks.house_rules

check-unit:
	$(PYTHON) -m pytest -q -n 2 -m "not integration and not pipeline and not accuracy"

format: ## Bring the code into the house format
	$(PYTHON) -m ruff format $(SOURCES)
	$(PYTHON) -m ruff check --fix $(SOURCES)

COMPILE := .venv/bin/uv pip compile --quiet --universal --no-emit-index-url --no-header --no-annotate \
	--generate-hashes --python-version 3.11
EXTRAS = import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"])

lock: ## Resolve the dependencies anew, into requirements-cuda.lock and, without torch, requirements.lock
	$(COMPILE) --all-extras --output-file requirements-cuda.lock pyproject.toml
	$(COMPILE) $(foreach extra,$(filter-out detect-cuda,$(shell $(PYTHON) -c '$(EXTRAS)')),--extra $(extra)) \
		--constraint requirements-cuda.lock --output-file requirements.lock pyproject.toml

clean: ## Remove what set-up and runs left behind
	rm -rf .venv .tilik
