# Thin: each target is one program, which can be run by itself. `make` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
READY := .venv/.ready

.PHONY: help demo down test check format crds images lambda scan bench lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## bring up a cluster with the operator and the shop, and place an order
	@$(PYTHON) -m tests.demo

down: $(READY) ## end the demo and every cluster left behind, and remove what they wrote
	@$(PYTHON) -m tests.demo down

test: check ## check, then every test
	@.ci/test

check: $(READY) ## lint, types, layers, generated files, locks
	@.ci/check

format: $(READY) ## let ruff mend what it can
	@.venv/bin/ruff check --quiet --fix-only
	@.venv/bin/ruff format --quiet

crds: $(READY) ## write the CRDs and the API reference from the models
	@.venv/bin/microservice-operator crds --output-dir crds --docs docs/reference/api.md

images: $(READY) ## build the images that changed
	@$(PYTHON) -m tests.cluster images

lambda: $(READY) ## build the zip of the order intake Lambda
	@$(PYTHON) services/order/lambda/build.py

scan: $(READY) ## look for weak settings in the Terraform modules
	@.ci/scan

bench: $(READY) ## measure throughput, requests and memory
	@$(PYTHON) -m tests.bench

lock: $(READY) ## compile requirements/*.txt from pyproject.toml (LOCK=--upgrade: the newest versions)
	@.ci/lock $(LOCK)

$(READY): .ci/setup pyproject.toml requirements/bootstrap.txt requirements/dev.txt
	@.ci/setup
	@touch $@
