# make demo: lab 01 on this machine, from nothing. make test: everything that has to pass before a pull request.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Node 24: the machine's own, or one fetched into the cache; asked for only by the targets that use it.
in_node = export PATH="$$(scripts/node.sh):$$PATH";
jest = node --experimental-vm-modules --no-warnings node_modules/jest/bin/jest.js
cluster = node tools/cluster/cluster.ts

.PHONY: help demo lab lab-exists test verify unit e2e e2e-on-cluster bench cluster down kubeconfig install native image generate format deploy

help: ## Lists the targets.
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: deploy ## Lab 01 at its full size: 200 producers, 1 -> 9 consumers, shown live.
	@$(in_node) node scripts/demo.ts

lab: lab-exists deploy ## One lab, shown live, graded, with its result as tables: make lab LAB=04; PLAIN=1: without grades.
	@$(in_node) node scripts/lab.ts "$(LAB)" $(if $(PLAIN),--plain)

lab-exists: install
	@$(in_node) node scripts/lab.ts "$(LAB)" $(if $(PLAIN),--plain) --check

test: install native ## Everything: static checks, unit and property tests, then the labs on a real cluster.
	@$(MAKE) --no-print-directory -j2 verify deploy # the cluster starts while one long property test keeps one core busy
	@$(MAKE) --no-print-directory e2e-on-cluster

verify: install native ## Format, lint, types, boundaries, unused code, generated files, unit and property tests.
	@$(in_node) scripts/verify.sh

unit: install native ## Unit and property tests only.
	@$(in_node) $(jest) --selectProjects unit property

e2e: deploy e2e-on-cluster ## The labs (small variants) and the failures they must withstand, on the local cluster.

e2e-on-cluster:
	@$(in_node) result=0; log=$$(mktemp); trap 'rm -f $$log' EXIT; \
	$(jest) --selectProjects labs --maxWorkers=3 || result=1; \
	$(jest) --selectProjects servers --maxWorkers=2 > $$log 2>&1 & servers=$$!; \
	$(jest) --selectProjects alone --runInBand || result=1; \
	$(jest) --selectProjects measured --maxWorkers=2 || result=1; \
	wait $$servers || result=1; cat $$log; \
	exit $$result

bench: deploy ## Full sizes, with figures.
	@$(in_node) node test/bench/run.ts

cluster: install ## A real Kubernetes with three Kafka brokers on this machine; CLUSTER=kind uses kind.
	@$(in_node) $(cluster) up

deploy: cluster ## Installs the operator of this checkout into the cluster.
	@$(in_node) node scripts/deploy.ts

image: install native ## The files of the operator's and workers' image.
	@$(in_node) node scripts/image-files.ts

down: ## Removes the cluster and everything that it left on this machine; the cache stays.
	@$(in_node) $(cluster) down

kubeconfig: ## Prints the path of the kubeconfig: export KUBECONFIG=$$(make -s kubeconfig)
	@$(in_node) $(cluster) kubeconfig

generate: install ## Writes crds/, manifests/install.yaml and the chart from src/api.
	@$(in_node) node src/main/generate.ts

format: install ## Formats and fixes what can be fixed.
	@$(in_node) npx biome check --write

install: node_modules/.installed

node_modules/.installed: package-lock.json
	@$(in_node) npm install --silent --no-save --ignore-scripts --no-audit --no-fund --loglevel=error > /dev/null; \
	touch $@; printf '  %6d.0 s  npm packages\n' $$SECONDS >&2

native: install ## The native Kafka client, built once per Node version.
	@$(in_node) scripts/native.sh
