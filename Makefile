# Every command of the project; `make help` prints them. Needs Python 3.11-3.13, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# uv installs the same pins in a tenth of pip's time. Without uv: make install UV=
UV ?= $(shell command -v uv 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help install demo dev test test-fast test-lake test-shared test-workers test-image test-next lint format types unit generated feed docs package bench load soak portal-load portal-soak sql-soak pictures chart-bundle clean

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# An environment of uv has pip too (--seed); uv does not read pip's settings, so a mirror is named by UV_INDEX_URL.
new_environment = $(if $(UV),rm -rf $(1) && $(UV) venv --quiet --seed --python "$$(command -v $(PYTHON))" $(1),$(PYTHON) -m venv --clear $(1))
install_into = $(if $(UV),$(UV) pip install --quiet --python $(1)/bin/python,$(1)/bin/python -m pip install --quiet) --constraint constraints.txt --editable $(2)

install: $(STAMP) ## set up .venv with the pinned packages and the vsf command

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; ok = (3, 11) <= v[:2] <= (3, 13); sys.exit(0 if ok else f"Python 3.11, 3.12 or 3.13 is needed, this is {v[0]}.{v[1]}. Name another one: make install PYTHON=python3.12")'
	@echo "setting up $(VENV) with $(if $(UV),uv,pip (a minute or two, once; uv is faster, where it is on the PATH))"
	@$(call new_environment,$(VENV))
	@$(call install_into,$(VENV),'.[dev]')
	@$(BIN)/vsf prepare
	@touch $@

demo: install ## land sample files, build, publish, show what was built
	@$(BIN)/vsf demo

dev: install ## open the Dagster UI with sensors running (http://127.0.0.1:3000)
	@$(BIN)/vsf dev

# Types are checked beside the tests: when either has ended, the other has the processor for itself.
test: install lint ## set up, lint, type-check and run every test
	@$(MAKE) --no-print-directory -j 2 types unit

test-fast: install ## run the quick tests, in less than a minute
	@$(BIN)/pytest -n 2 -m "not slow" $(addprefix vsf_assets_tests/,unit house golden)

lint: install ## check style, formatting, and that what is imported is declared
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/deptry vsf_assets
	@# Tests and benchmarks may import the extras, and need not import what only the package needs.
	@$(BIN)/deptry --ignore DEP002,DEP004 vsf_assets_tests benchmarks

types: install
	@$(BIN)/mypy

unit: install
	@$(BIN)/pytest -n 3 -m "not lake and not image and not workers"

test-lake: install ## run every test of the lake; those of engine, dbt and commands with one
	@$(BIN)/pytest -n 2 -m "not workers" $(addprefix vsf_assets_tests/,lake portal/test_lake_sql.py)
	@VSF_TEST_FORM=lake $(BIN)/pytest -n 2 -m "not image" $$($(BIN)/python -c 'from vsf_assets_tests.tests_by_form import FOLDERS; print(*("vsf_assets_tests/" + name for name in FOLDERS))')

test-shared: install ## run a part of the engine's tests with a lake that several machines share (needs PostgreSQL)
	@VSF_TEST_FORM=shared $(BIN)/pytest -n 2 $$($(BIN)/python -c 'from vsf_assets_tests.tests_by_form import WITH_A_SHARED_LAKE; print(*("vsf_assets_tests/" + name for name in WITH_A_SHARED_LAKE))')

test-workers: install ## kill and stop workers of a shared lake, and restart its servers (needs PostgreSQL and Redis)
	@$(BIN)/pytest -m workers vsf_assets_tests/lake/workers

test-image: install ## do the steps of deploy/Dockerfile in a clean root of Debian (as root, with debootstrap)
	@$(BIN)/pytest -m image vsf_assets_tests/cli

# The newest release of the next major version; a pre-release where there is no release. Another one by name:
# make test-next NEXT_DUCKDB=duckdb==2.1.0
NEXT_DUCKDB ?= duckdb>=2,<3
NEXT_TESTS ?= vsf_assets_tests
NEXT := .venv-next

$(NEXT)/.installed: pyproject.toml constraints.txt
	@echo "setting up $(NEXT) (a minute or two, once)"
	@$(PYTHON) -m venv --clear $(NEXT)
	@$(NEXT)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

# Without dependencies: the pins of this project and of what builds on DuckDB stay as they are, but for DuckDB. Its
# extension comes as a package for exactly one DuckDB; where there is none, tests that need it are skipped.
test-next: $(NEXT)/.installed ## run the tests with the newest DuckDB 2.x, in an environment of its own
	@$(NEXT)/bin/python -m pip install --quiet --no-deps --upgrade '$(NEXT_DUCKDB)'
	@$(NEXT)/bin/python -m pip uninstall --quiet --yes duckdb-extension-httpfs duckdb-extension-ducklake duckdb-extension-postgres-scanner
	@duckdb=$$($(NEXT)/bin/python -c 'import duckdb; print(duckdb.__version__)') && \
	  { $(NEXT)/bin/python -m pip install --quiet --no-deps "duckdb-extension-httpfs==$$duckdb" \
	    || echo "no duckdb-extension-httpfs for DuckDB $$duckdb: tests that read snapshots over HTTP are skipped"; }
	@$(NEXT)/bin/vsf prepare
	@$(NEXT)/bin/pytest -n 2 -r fEs $(NEXT_TESTS)

format: install ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

generated: install ## write generated files: dbt sources, lists and ledger tests; tables and pictures in docs/
	@$(BIN)/python -m vsf_assets.devtools.generated_files --write

feed: install ## write the skeleton of a family: make feed NAME=orders KIND=csv-daily
	@$(BIN)/python -m vsf_assets.devtools.feed_skeleton "$(NAME)" "$(KIND)"

docs: install ## write dbt's documentation of the models, one HTML file, to build/dbt-docs/
	@$(BIN)/python -m vsf_assets.devtools.dbt_docs

# With the pinned setuptools of $(VENV), so that nothing is downloaded.
package: install ## build the wheel in dist/, to install the platform without a clone
	@mkdir -p dist
	@$(BIN)/python -c 'from setuptools import build_meta; build_meta.build_wheel("dist")' > /dev/null
	@ls dist/*.whl

# The references need packages of their own; the platform starts faster without them beside it.
$(VENV)/.bench: $(STAMP)
	@$(call install_into,$(VENV),'.[dev,bench]')
	@touch $@

bench: $(VENV)/.bench ## measure speed against naive references and the physical floor
	@$(BIN)/python -m benchmarks

load: install ## measure the banner service beside a constant on the same server
	@$(BIN)/python -m benchmarks.banner_load

MINUTES ?= 60

soak: install ## run the service under drops and random kills: make soak MINUTES=60
	@$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

portal-load: install ## measure pages of the portal with a million rows and 8 people at once
	@$(BIN)/python -m benchmarks.portal_load

portal-soak: install ## keep the portal busy with 16 clients: make portal-soak MINUTES=30
	@$(BIN)/python -m benchmarks.portal_load.soak --minutes $(MINUTES)

sql-soak: install ## two users send hostile SQL: make sql-soak MINUTES=10
	@$(BIN)/python -m benchmarks.portal_load.sql_soak --minutes $(MINUTES)

pictures: install ## make the pictures of the portal in docs/images/ (needs chromium)
	@$(BIN)/python -m vsf_assets_tests.portal.pictures

# vl-convert-python has the sources of Vega in its wheel; 30 MB that nothing else needs.
CHART_TOOL := vl-convert-python==1.9.0.post1
CHARTS := .venv-charts

chart-bundle: ## make the script of Vega that draws charts (vsf_assets/charts/static/vega.js)
	@$(PYTHON) -m venv --clear $(CHARTS)
	@$(CHARTS)/bin/python -m pip install --quiet '$(CHART_TOOL)'
	@PYTHONPATH=. $(CHARTS)/bin/python -m vsf_assets.devtools.chart_bundle

clean: ## remove the virtual environments and caches (never data)
	rm -rf dist build/lib build/bdist.* $(VENV) $(NEXT) $(CHARTS) .pytest_cache .ruff_cache .mypy_cache .hypothesis dbt_project/target dbt_project/logs
