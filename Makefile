# Two commands do everything: `make run` and `make test`.
PYTHON ?= python3.11
BIN := .venv/bin
NIGHT := 2026-11-22
DATA ?= ../shared/data
SOURCES := lib jobs tests bench setup.py

.PHONY: run test test-slow lint types docs real bench setup clean

run: setup .headwater/token.key  ## plant a marketplace, run its night, show what is suspected
	$(BIN)/headwater synthesise demo --keep
	$(BIN)/headwater run --night $(NIGHT) --config conf/local.toml
	$(BIN)/headwater show --config conf/local.toml

TESTS := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test: .venv/dev  ## tests of a quarter of an hour, by two workers with a Spark session each: what two cores and 24 GiB carry
	$(TESTS) -m "not slow"

test-slow: .venv/dev  ## the others, in the same way: whole nights in sequence, kills, object stores
	$(TESTS) -m slow

lint: .venv/dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

types: .venv/dev
	$(BIN)/mypy

docs: .venv/dev  ## the generated references
	$(BIN)/python -m headwater.reference

real: .venv/dev .headwater/token.key  ## the same job on a real marketplace (DATA=folder that holds olist/)
	$(BIN)/python bench/real/olist.py --data $(DATA)

setup: .venv/run

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run: .venv/bin/python setup.py constraints.txt
	$(BIN)/python -m pip install --quiet --editable . --constraint constraints.txt
	$(BIN)/python -m headwater.machine || $(BIN)/python -m pip install --quiet --editable ".[java]" --constraint constraints.txt
	@touch $@

.venv/dev: .venv/run
	$(BIN)/python -m pip install --quiet --editable ".[dev,notebooks,bench]" --constraint constraints.txt
	@touch $@

.headwater/token.key: | .venv/run
	$(BIN)/headwater key $@

clean:
	rm -rf .venv demo out build lib/headwater.egg-info
