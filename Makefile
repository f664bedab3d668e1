# Two virtual environments: .venv/edge is what a Raspberry Pi needs, .venv/train is the workstation's.
PYTHON ?= python3
EDGE := .venv/edge
TRAIN := .venv/train
PIP_FLAGS := --quiet --disable-pip-version-check
DATA ?= data
RECIPE ?= compact
OUT ?= runs/$(RECIPE)
# Processes for the tests: one a core, four at most, since each holds TensorFlow (1 GB and more).
WORKERS ?= auto
LOCK := uv pip compile -q --upgrade --universal --no-annotate --generate-hashes --custom-compile-command "make locks" \
	--python-version 3.11 pyproject.toml -c locks/common.in

.PHONY: help install run test lint train convert bench locks clean
.DELETE_ON_ERROR:

help:  ## show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

install: $(TRAIN)/.installed  ## install all three commands into .venv/train/bin
	@echo "ocr-train, ocr-convert and ocr-edge are in $(TRAIN)/bin; for short: source $(TRAIN)/bin/activate"

run: $(EDGE)/.installed  ## read the example photos with the shipped model; annotated pictures go to out/
	$(EDGE)/bin/ocr-edge read examples --annotate out
	@echo "annotated pictures are in out/; the command is $(EDGE)/bin/ocr-edge, for short: source $(EDGE)/bin/activate"

test: $(TRAIN)/.installed  ## run the tests, a file at a time on each core; WORKERS=0 for one after the other
	$(TRAIN)/bin/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist loadfile

lint: $(TRAIN)/.installed  ## style, types and import rules
	$(TRAIN)/bin/ruff check .
	$(TRAIN)/bin/ruff format --check .
	$(TRAIN)/bin/mypy
	$(TRAIN)/bin/lint-imports

train: $(TRAIN)/.installed  ## train RECIPE (compact) on DATA (data/) into OUT (runs/compact); goes on where it was stopped
	$(TRAIN)/bin/ocr-train fit $(RECIPE) --data $(DATA) --out $(OUT) --resume

convert: $(TRAIN)/.installed  ## make the int8 bundle OUT/bundle from the trained model
	$(TRAIN)/bin/ocr-convert --quantize $(OUT)/model.keras --data $(DATA) --out $(OUT)/bundle

bench: $(TRAIN)/.installed  ## speed and memory on this machine; see benchmarks/README.md for accuracy
	$(TRAIN)/bin/python benchmarks/speed.py

locks:  ## pin the newest versions again (needs uv)
	$(LOCK) --extra pi -o locks/edge.txt
	$(LOCK) --extra pi -c locks/bookworm.in -o locks/edge-bookworm.txt
	$(LOCK) --extra pi --extra train --extra test --extra lint -o locks/train.txt

clean:  ## remove what the targets made, trained runs excepted
	rm -rf .venv out

$(EDGE)/.installed: locks/edge.txt pyproject.toml
	$(PYTHON) -m venv $(EDGE)
	$(EDGE)/bin/pip install $(PIP_FLAGS) --require-hashes -r locks/edge.txt
	$(EDGE)/bin/pip install $(PIP_FLAGS) --no-deps -e .
	@touch $@

$(TRAIN)/.installed: locks/train.txt pyproject.toml
	$(PYTHON) -m venv $(TRAIN)
	$(TRAIN)/bin/pip install $(PIP_FLAGS) --require-hashes -r locks/train.txt
	$(TRAIN)/bin/pip install $(PIP_FLAGS) --no-deps -e .
	@touch $@
