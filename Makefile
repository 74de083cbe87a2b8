# The two commands that matter: make run, make test. `make help` lists all.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test setup lint format fuzz mutants bench docs clean lock

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## */\t/' | expand -t 10

run:  ## set up, start everything, scan the sample organization, serve (PORT=8000 DATA=./var)
	@$(PYTHON) analyzer_portal/bootstrap.py run
	@exec $(BIN)/python -m analyzer_portal.run

test:  ## set up, run every check and test
	@$(PYTHON) analyzer_portal/bootstrap.py all
	@exec $(BIN)/python analyzer_portal/checks.py

setup:  ## set up .venv with everything and build the assets, nothing else
	@$(PYTHON) analyzer_portal/bootstrap.py all

lint: setup  ## linters, types, import contracts, schemas, migrations
	@exec $(BIN)/python analyzer_portal/checks.py lint

format: setup  ## format the code
	@$(BIN)/ruff check --fix-only -q . ; $(BIN)/ruff format . ; $(BIN)/djlint templates --reformat --quiet || true

fuzz: setup  ## compare the two engines on 2,000,000 requests (FUZZ=number; an hour or more)
	@FUZZ_EXAMPLES=$(or $(FUZZ),2000000) $(BIN)/python -m pytest -q tests/reasoning/test_engines_agree.py

mutants: setup  ## change the reasoning in 4,000 places, one at a time, and see the tests fail (hours; goes on where it was)
	@nice -n 10 $(BIN)/python -m benchmarks.mutation $(MUTANTS) && $(BIN)/python -m benchmarks.mutation --report

bench: setup  ## print the measurements of docs/benchmarks.md
	@exec $(BIN)/python -m benchmarks

docs: setup  ## check that the documents' links lead somewhere
	@$(BIN)/python -m tests.links

clean:  ## remove what set-up made; your data in ./var stays
	rm -rf .venv node_modules static .mypy_cache .ruff_cache .pytest_cache .hypothesis

lock:  ## renew the lock files
	@for name in base dev bootstrap node; do \
	  $(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --python-version 3.11 \
	    requirements/$$name.in -o requirements/$$name.txt; done
