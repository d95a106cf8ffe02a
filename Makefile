# make demo: runs lab 01 on this machine. make test: runs every check that a pull request has to pass.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Node 24: the machine's own, or one that is downloaded into the cache. Only targets that use it run scripts/node.sh.
in_node = export PATH="$$(scripts/node.sh):$$PATH";
jest = node --experimental-vm-modules --no-warnings node_modules/jest/bin/jest.js
cluster = node tools/cluster/cluster.ts

.PHONY: help demo lab lab-exists test verify unit e2e e2e-on-cluster bench cluster down kubeconfig install native image generate format deploy

help: ## List the targets.
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: deploy ## Run lab 01 at full size: 200 producers, 1 -> 9 consumers.
	@$(in_node) node scripts/demo.ts

lab: lab-exists deploy ## Run one lab with grades and print its result: make lab LAB=04. PLAIN=1: without grades.
	@$(in_node) node scripts/lab.ts "$(LAB)" $(if $(PLAIN),--plain)

lab-exists: install
	@$(in_node) node scripts/lab.ts "$(LAB)" $(if $(PLAIN),--plain) --check

test: install native ## Run everything: static checks, unit and property tests, then the labs on a real cluster.
	@$(MAKE) --no-print-directory -j2 verify deploy # the cluster starts on one core while a long property test uses the other
	@$(MAKE) --no-print-directory e2e-on-cluster

verify: install native ## Check format, lint, types, boundaries, unused code and generated files; run unit and property tests.
	@$(in_node) scripts/verify.sh

unit: install native ## Run the unit and property tests.
	@$(in_node) $(jest) --selectProjects unit property

e2e: deploy e2e-on-cluster ## Run the tests on the local cluster: small labs, and the failures that they must withstand.

e2e-on-cluster:
	@$(in_node) result=0; log=$$(mktemp); trap 'rm -f $$log' EXIT; \
	$(jest) --selectProjects labs --maxWorkers=3 || result=1; \
	$(jest) --selectProjects servers --maxWorkers=2 > $$log 2>&1 & servers=$$!; \
	$(jest) --selectProjects alone --runInBand || result=1; \
	$(jest) --selectProjects measured --maxWorkers=2 || result=1; \
	wait $$servers || result=1; cat $$log; \
	exit $$result

bench: deploy ## Run the benchmarks at full size.
	@$(in_node) node test/bench/run.ts

cluster: ## Start a real Kubernetes with three Kafka brokers on this machine. CLUSTER=kind uses kind.
	@$(in_node) $(cluster) up

deploy: cluster ## Install the operator of this checkout into the cluster.
	@$(in_node) node scripts/deploy.ts

image: install native ## Build the files of the image of the operator and its workers.
	@$(in_node) node scripts/image-files.ts

down: ## Remove the cluster from this machine. The cache stays.
	@$(in_node) $(cluster) down

kubeconfig: ## Print the path of the kubeconfig: export KUBECONFIG=$$(make -s kubeconfig)
	@$(in_node) $(cluster) kubeconfig

generate: install ## Write crds/, manifests/install.yaml and the chart from src/api.
	@$(in_node) node src/main/generate.ts

format: install ## Format the code and apply safe fixes.
	@$(in_node) npx biome check --write

install: node_modules/.installed

node_modules/.installed: package-lock.json
	@$(in_node) npm install --silent --no-save --ignore-scripts --no-audit --no-fund --loglevel=error > /dev/null; \
	touch $@; printf '  %6d.0 s  npm packages\n' $$SECONDS >&2

native: install ## Build the native Kafka client, once per Node version.
	@$(in_node) scripts/native.sh
