# What people type. A target is one line; what it does is written in Python.
.DEFAULT_GOAL := help
PYTHON ?= python3

ORCHESTRATOR = .venv/bin/orchestrator $(if $(REGISTRY),--registry $(REGISTRY))
SELECTED = $(foreach version,$(VERSION),--version $(version)) $(foreach variant,$(VARIANT),--variant $(variant)) $(foreach arch,$(ARCH),--arch $(arch))
ARGUMENTS = $(foreach argument,$(BUILD_ARGS),--build-arg $(argument)) $(if $(JOBS),--jobs $(JOBS)) $(if $(EMULATE),--emulate) $(if $(LOAD),--load)

.PHONY: help build push publish plan status list render update check jenkins library readme report lint test demo farm e2e-python doctor golden picture bench soak lock clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 } /^##/ { print substr($$0, 4) }' $(MAKEFILE_LIST)

build: .venv/ready ## Build what is needed, test it, stage it: PUSH=1 for `make push`
	@$(ORCHESTRATOR) build $(SELECTED) $(ARGUMENTS) $(if $(PUSH),--push)

push: .venv/ready ## Build, and move the tags of the architectures' own repositories
	@$(ORCHESTRATOR) build $(SELECTED) $(ARGUMENTS) --push

publish: .venv/ready ## Point arch tags, then shared tags, at what is staged
	@$(ORCHESTRATOR) publish $(SELECTED) $(foreach argument,$(BUILD_ARGS),--build-arg $(argument))

plan: .venv/ready ## Show what would be built and why
	@$(ORCHESTRATOR) plan $(SELECTED) $(foreach argument,$(BUILD_ARGS),--build-arg $(argument))

status: .venv/ready ## Show how every target stands: HTML=status.html writes it as a page
	@$(ORCHESTRATOR) status $(SELECTED) $(foreach argument,$(BUILD_ARGS),--build-arg $(argument)) $(if $(HTML),--html $(HTML))

list: .venv/ready ## List targets with their tags and architectures
	@$(ORCHESTRATOR) list $(SELECTED)

render: .venv/ready ## Write dockerfiles/ from versions.json and the templates
	@$(ORCHESTRATOR) render

update: .venv/ready ## Bring versions.json to the newest releases of upstream, then dockerfiles/: VERSION=3.14 (optional)
	@$(ORCHESTRATOR) update $(VERSION) && $(ORCHESTRATOR) render

check: .venv/ready ## Say whether dockerfiles/ and jenkins/ are what the inputs make, without writing
	@$(ORCHESTRATOR) render --check && $(ORCHESTRATOR) jenkins --check

jenkins: .venv/ready ## Write jenkins/, the jobs of the build farm, from orchestrator.yaml
	@$(ORCHESTRATOR) jenkins

library: .venv/ready ## Print the library file of the Docker Official Images: PARENTS=../official-images/library (optional)
	@$(ORCHESTRATOR) library $(if $(PARENTS),--parents $(PARENTS))

readme: .venv/ready ## Write README of the image and of each architecture's repository to OUT=out/readme
	@$(ORCHESTRATOR) readme --all -o $(or $(OUT),out/readme)

report: .venv/ready ## Report what images consist of: IMAGE=python:3.14-slim; without, all that is published, into out/reports
	@$(ORCHESTRATOR) report $(or $(IMAGE),--all -o out/reports)

lint: .venv/ready ## Check style and types
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

test: .venv/ready lint ## Run every test, with a real engine and registry
	@.venv/bin/pytest

demo: .venv/ready ## Build, test, publish and run a small image family for seven architectures
	@.venv/bin/python examples/hello/demo.py

farm: .venv/ready ## Run a build farm on this machine: engines as hosts, Jenkins' steps, a death, an old checkout: SMALL=1
	@.venv/bin/python -m tests.farm $(if $(SMALL),--small)

e2e-python: .venv/ready ## Build Python 3.13 slim for real, from Debian's archive: OPTIMIZE=yes for the full build
	@.venv/bin/python examples/python/e2e.py $(if $(OPTIMIZE),--optimize)

doctor: .venv/ready ## Say what is missing on this machine and how to get it
	@$(ORCHESTRATOR) doctor

picture: .venv/ready ## Draw README.md's pictures and its report from the demo and from builds of its own
	@.venv/bin/python docs/picture.py
	@.venv/bin/python -m docs.status_picture
	@.venv/bin/python -m docs.report_excerpt

bench: .venv/ready ## Measure how fast it is, and write the table in README.md: QUICK=1 for a first look, NAMES=planning for a part
	@.venv/bin/python -m benchmarks $(NAMES) $(if $(QUICK),--quick)

soak: .venv/ready ## Kill builds and publishing at random moments, under random faults, and run them again: N=20 rounds, SEED=1
	@SOAK_ROUNDS=$(or $(N),20) $(if $(SEED),SOAK_SEED=$(SEED)) .venv/bin/pytest tests/e2e/test_soak.py tests/e2e/test_publish_soak.py

golden: .venv/ready ## Write the golden files anew; git diff shows what changed
	@GOLDEN=write .venv/bin/pytest -q tests/tools/test_buildx.py tests/render/test_library.py tests/render/test_readme.py tests/render/test_report*.py tests/integration/test_jenkins.py

lock: .venv/ready ## Pin dependencies anew
	@$(PYTHON) requirements/lock.py

clean: ## Remove what was made here: the virtual environment and outputs
	@rm -rf .venv out examples/*/out

.venv/ready: requirements/dev.txt requirements/venv.py pyproject.toml
	@$(PYTHON) requirements/venv.py

##
## What to work on, for build, push, publish, plan, status, list: VERSION=3.14 VARIANT=alpine ARCH=arm64v8; several in
## quotes, ARCH=all for all. For build and push also EMULATE=1, LOAD=1 (into the local engine under its tags), JOBS=4.
## For all of them REGISTRY=registry.example.com, else it is the one on loopback, and but for list BUILD_ARGS="NAME=value".
