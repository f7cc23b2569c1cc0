# Everything one does with a clone. `make help` lists it.

# Recipes run in the folder of this file, whatever folder make was called from and whatever its path holds: the path
# reaches the shell through the environment, never through make's own quoting. The list starts with a space.
export MAKEFILE_PATH := $(MAKEFILE_LIST)
GO := cd "$$(dirname "$${MAKEFILE_PATH\# }")" &&
PYTHON ?= python3
VENV := .venv/bin/python
# Arguments for pytest: make test ARGS="-k queue -x"
ARGS ?=
QUEUES ?=
export PYTHON WITHOUT_MODELS QUEUES ARGS

.DEFAULT_GOAL := help
.PHONY: help install model-base run demo test worker lint bench bench-load bench-regrade gpu-check assets messages clean
.NOTPARALLEL:

help: ## list these targets
	@$(GO) sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

install: ## create .venv and install what running needs (WITHOUT_MODELS=1: without torch and models)
	@$(GO) command -v "$(PYTHON)" >/dev/null || { echo "Python 3.11 or newer is needed and '$(PYTHON)' is not there: install python3 and python3-venv." >&2; exit 1; }
	@$(GO) "$(PYTHON)" deploy/install.py --models

model-base: ## add a base model, Gemma 3 270M, for base-model exercises (shows its terms)
	@$(GO) "$(PYTHON)" deploy/install.py --models --model-base

run: install ## start the site with all its parts on http://127.0.0.1:8000 (PORT=… for another port)
	@$(GO) exec $(VENV) -m deploy.run

demo: install ## let demo students hand in good, bad and hostile solutions; check every grade
	@$(GO) exec $(VENV) -m deploy.run_demo

test: install ## run every test (ARGS="-k word" for some)
	@$(GO) "$(PYTHON)" deploy/install.py --models --dev
	@$(GO) exec $(VENV) -m deploy.run_tests

worker: install ## start a grading worker: REDIS_URL=… QUEUES=grade.cpu,grade.bulk
	@$(GO) exec $(VENV) -m deploy.run_worker

lint: ## check style, types and who imports whom
	@$(GO) "$(PYTHON)" deploy/install.py --dev
	@echo "ruff format" && $(GO) $(VENV) -m ruff format --check .
	@echo "ruff check" && $(GO) $(VENV) -m ruff check .
	@echo "mypy" && $(GO) $(VENV) -m mypy
	@echo "lint-imports" && $(GO) PYTHONPATH=platform $(VENV) -c 'import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())'

bench: install ## measure grading; one line per figure
	@$(GO) exec $(VENV) -m workers.bench

gpu-check: install ## on a machine with a GPU: the tests and benchmarks that need one; figures go to docs/gpu.md
	@$(GO) "$(PYTHON)" deploy/install.py --models --dev
	@$(GO) exec $(VENV) -m deploy.gpu_check

bench-load: install ## an exam under load on SQLite and PostgreSQL (ARGS="--students 1000"); one line per figure
	@$(GO) exec $(VENV) -m deploy.bench_load $(ARGS)

bench-regrade: install ## a regrade of 1,000 submissions with live work beside it (ARGS="--submissions 100"); one line per figure
	@$(GO) exec $(VENV) -m deploy.bench_regrade $(ARGS)

assets: ## build the browser's files again (contributors only; needs node and npm)
	@command -v npm >/dev/null || { echo "npm is not there: install node 20 or newer. The built files are in the repository, so only changes to platform/assets need it." >&2; exit 1; }
	@$(GO) cd platform/assets && npm ci --no-fund --no-audit && npm run build

messages: ## bring the French texts in step with the code and compile them (contributors only)
	@$(GO) "$(PYTHON)" deploy/install.py --dev
	@$(GO) $(VENV) -m deploy.messages

clean: ## remove .venv and caches; the state folder var/ stays
	@$(GO) rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis platform/assets/node_modules
	@$(GO) find . -name __pycache__ -type d -prune -exec rm -rf {} +
