# Each target runs one program, which also runs without make. `make` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
READY := .venv/.ready

.PHONY: help demo down run unit coverage test check format hooks crds images lambda scan bench lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## start a cluster with the operator and the shop, and place an order
	@$(PYTHON) -m tests.tools.demo

down: $(READY) ## delete the demo and every cluster that a run left behind, with their files
	@$(PYTHON) -m tests.tools.demo down

run: $(READY) ## run the operator on this machine, against the current kubeconfig context (ARGS=--help: its flags)
	@.ci/run-operator $(ARGS)

unit: $(READY) ## run the unit tests: under two minutes, no cluster (ARGS="-k table": some of them)
	@$(PYTHON) -m pytest tests/unit $(ARGS)

coverage: $(READY) ## run the unit tests and print how many lines and branches they cover
	@mkdir -p .local
	@.venv/bin/coverage run -m pytest -q tests/unit
	@.venv/bin/coverage report

test: check ## run check, then every test (ARGS="-k table": some of them)
	@.ci/test $(ARGS)

check: $(READY) ## run lint, types, import layers, and compare generated files and locks
	@.ci/check

format: $(READY) ## format the code and apply the fixes that ruff can make
	@.venv/bin/ruff check --quiet --fix-only
	@.venv/bin/ruff format --quiet

hooks: $(READY) ## install the git hooks: format, the form of commit messages, check before a push
	@.venv/bin/pre-commit install

crds: $(READY) ## generate the CRDs, the API reference and the page of reasons from the code
	@.venv/bin/microservice-operator crds --output-dir crds --docs docs/reference/api.md --reasons docs/reasons.md

images: $(READY) ## build the images that changed
	@$(PYTHON) -m tests.tools.cluster images

lambda: $(READY) ## build the zip files of the Lambda functions
	@$(PYTHON) services/order/lambda/build.py
	@cd manifests/terraform/identity && $(CURDIR)/$(PYTHON) -m zipfile -c $(CURDIR)/dist/scopes.zip scopes.py

scan: $(READY) ## scan the Terraform modules for insecure settings
	@.ci/scan

bench: $(READY) ## measure throughput, requests and memory
	@$(PYTHON) -m tests.tools.bench

lock: $(READY) ## compile requirements/*.txt from pyproject.toml (LOCK=--upgrade: with the newest versions)
	@.ci/lock $(LOCK)

$(READY): .ci/setup pyproject.toml requirements/bootstrap.txt requirements/dev.txt
	@.ci/setup
	@touch $@
