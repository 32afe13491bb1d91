# Two commands do everything on a fresh machine: `make demo` and `make test`.
# What they need beforehand: Python 3.11 or newer, and make.

PYTHON ?= python3
VENV   ?= .venv
LITERT ?= .venv-litert
BIN    := $(VENV)/bin
RUN    := runs/demo
CHAT   := runs/demo-chat
# Where `make demo-chat` keeps the checkpoint it begins with; made once.
SMOLLM := runs/smollm2-135m-instruct
# Workers for pytest-xdist. Each imports torch; two fit a small machine.
WORKERS ?= 2
# Containers often forbid bytecode. Then every process a test starts compiles burnish anew: 3 s of each on two slow cores.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help reference demo demo-chat test lint types imports test-fast test-slow test-litert install install-dev format clean

help:  ## What there is.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# An interrupted demo goes on, a finished one is kept beside the new one: $(call kept,RUN,LAST FILE IT WRITES,TARGET)
define kept
@if test -e $(1)/recipe.yaml && test ! -e $(1)/$(2); then \
  echo "The demo in $(1) was interrupted: it goes on where it was. To start anew: rm -r $(1) && make $(3)"; \
elif test -e $(1); then \
  aside=$(1)-before-$$(date +%Y%m%d-%H%M%S); mv $(1) $$aside && echo "The earlier demo is kept in $$aside"; fi
endef

demo: $(VENV)/.demo  ## Install, fine-tune the starter model on the shipped messages, test, export and use it, show the report.
	$(call kept,$(RUN),predictions.csv,demo)
	@if test -e $(RUN)/recipe.yaml; then how=--resume; else how=recipes/demo.yaml; fi; \
	echo "$(BIN)/burnish train $$how --out $(RUN)"; $(BIN)/burnish train $$how --out $(RUN)
	$(BIN)/burnish export $(RUN) --to onnx
	$(BIN)/burnish predict $(RUN) examples/customer_messages/new_messages.csv -o $(RUN)/predictions.csv
	@echo
	@echo "Report:      $(RUN)/report.md"
	@echo "Predictions: $(RUN)/predictions.csv"
	@echo "Try it:      $(BIN)/burnish serve $(RUN)"

demo-chat: $(VENV)/.demo  ## The same with a language model: SmolLM2 on shipped conversations; answers before and after, side by side.
	$(call kept,$(CHAT),predictions.jsonl,demo-chat)
	@if test -e $(CHAT)/recipe.yaml; then how=--resume; else \
	  model=$$($(BIN)/python examples/smollm2.py $(SMOLLM)) || exit 1; how="recipes/ferry_desk.yaml model=$$model"; fi; \
	echo "$(BIN)/burnish train $$how --out $(CHAT)"; $(BIN)/burnish train $$how --out $(CHAT)
	$(BIN)/burnish chat $(CHAT) --compare < examples/ferry_desk/prompts.jsonl
	$(BIN)/burnish predict $(CHAT) examples/ferry_desk/prompts.jsonl -o $(CHAT)/predictions.jsonl
	@echo
	@echo "Report:       $(CHAT)/report.md"
	@echo "Predictions:  $(CHAT)/predictions.jsonl"
	@echo "Talk with it: $(BIN)/burnish chat $(CHAT)"

# Types and import contracts take one core for a minute: they run beside the tests, and are read when those have ended.
test: $(VENV)/.dev lint  ## Install, lint, types, import contracts, all fast tests.
	@mkdir -p .mypy_cache; $(MAKE) --no-print-directory --keep-going types imports > .mypy_cache/output.txt 2>&1 & types=$$!; \
	$(MAKE) --no-print-directory test-fast; tests=$$?; \
	wait $$types; checked=$$?; cat .mypy_cache/output.txt; exit $$((tests | checked))

lint: $(VENV)/.dev
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

test-fast: $(VENV)/.dev
	@$(BIN)/python -m compileall -q -j 0 src
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow" --durations 40 tests

test-slow: $(VENV)/.dev  ## Real data, real architectures, a million rows, twenty kills: more than an hour on two cores.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m slow --timeout 3600 --durations 40 tests

test-litert: $(LITERT)/.ready  ## LiteRT, in an environment of its own: litert-torch pins libraries that the others have newer.
	OMP_NUM_THREADS=1 $(LITERT)/bin/python -m pytest -n $(WORKERS) tests/integration/test_litert.py tests/contracts/test_exporters.py tests/contracts/test_runtimes.py -k litert

install: $(VENV)/.demo  ## What `burnish train` needs, with the starter model.

install-dev: $(VENV)/.dev  ## The same, and everything the tests need.

format: $(VENV)/.dev
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks

reference: $(VENV)/.dev  ## Write docs/reference.md from the code.
	$(BIN)/python -m burnish.cli.reference docs/reference.md

clean:  ## Remove caches; keeps the environment and the runs.
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "burnish needs Python 3.11 or newer, found " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(LITERT)/.ready: pyproject.toml
	$(PYTHON) -m venv $(LITERT)
	$(LITERT)/bin/python -m pip install --quiet --disable-pip-version-check -e ".[train,export,tflite,starter]" pytest pytest-timeout pytest-xdist hypothesis
	@touch $@

$(VENV)/.demo: $(BIN)/python pyproject.toml
	@echo "Installing into $(VENV): torch, transformers and the starter model, some minutes and some gigabytes ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[train,export,starter]"
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml
	@echo "Installing into $(VENV): torch, transformers and all that the tests need, some minutes and some gigabytes ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@ $(VENV)/.demo
