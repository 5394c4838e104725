# Leitstelle: everything a maker types. `make help` lists it.
PYTHON ?= python3
VENV := .venv/bin/python
# Of the demo: split (a database for each centre) or shared.
TOPOLOGY ?= split
# A file of tests stays in one worker: nodes, browsers and the demo are shared within a file.
PYTEST_ARGS ?= -n 2 --dist loadfile
.DEFAULT_GOAL := help
.NOTPARALLEL:

.PHONY: help
help: ## list these commands
	@echo "Leitstelle – commands:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "FAILED: $(PYTHON) is not Python 3.11 or newer.";\
		  echo "What to do: install it (Debian 12: apt-get install python3), or name one: make demo PYTHON=/path/to/python3"; exit 1; }

.PHONY: setup
setup: python ## make this machine ready for demo, checks and tests, and stop there
	@$(PYTHON) -m ops.setup test

.PHONY: demo
demo: python ## set up what is missing, start two centres, show addresses and log-ins; Ctrl-C ends it (TOPOLOGY=shared: on one database)
	@$(PYTHON) -m ops.setup run && exec $(VENV) -m ops.demo $(TOPOLOGY)

.PHONY: stop
stop: ## end a demo that runs in another terminal
	@$(PYTHON) -m ops.control stop

.PHONY: reset
reset: ## throw the demo's data away (asks first)
	@$(PYTHON) -m ops.control reset

.PHONY: kill
kill: ## the demo's worst day: kill -9 all of one centre, its database too (CENTRE=jena)
.PHONY: start
start: ## … and it comes back (CENTRE=jena)
.PHONY: cut
cut: ## break the lines between the demo's centres (CENTRE=jena: only those of one)
.PHONY: heal
heal: ## … and mend them
.PHONY: join
join: ## a further centre joins the running demo and receives everything (CENTRE=saalfeld)
.PHONY: leave
leave: ## … and leaves it (CENTRE=saalfeld)
kill start cut heal join leave:
	@$(PYTHON) -m ops.control $@ $(CENTRE)

.PHONY: check
check: setup ## format, lint, layers, types, templates, scripts, migrations, deployment settings
	@$(VENV) -m ops.check

.PHONY: format
format: setup ## bring source and templates into the agreed form
	@.venv/bin/ruff format --quiet . && .venv/bin/ruff check --fix --quiet . ; .venv/bin/djlint templates --reformat --quiet

.PHONY: test
test: check ## the checks and all tests, in a real browser too (PYTEST_ARGS="-k alarm" for some)
	@$(VENV) -m pytest $(PYTEST_ARGS)

.PHONY: bench
bench: setup ## measure against the goals, on a quiet copy of its own; figures in .run/bench.jsonl
	@$(VENV) -m bench

.PHONY: sim
sim: setup ## bad days of many nodes in one process, on a seeded clock and network (SEED=7 HOURS=100 JOBS=2)
	@$(VENV) -m sim $(if $(SEED),--seed $(SEED)) $(if $(HOURS),--hours $(HOURS)) $(if $(JOBS),--jobs $(JOBS))

.PHONY: chaos
chaos: python ## two real nodes, every fault of the catalogue, and nothing acknowledged may be lost (ONLY="5 15")
	@$(PYTHON) -m ops.setup chaos && $(VENV) -m chaos $(if $(ONLY),--only "$(ONLY)") $(if $(CYCLES),--cycles $(CYCLES))

.PHONY: soak
soak: setup ## a day of two real centres in ten minutes: keys change, tokens expire, a silent night; nobody is thrown out
	@$(VENV) -m chaos.soak $(if $(MINUTES),--minutes $(MINUTES))

.PHONY: lock
lock: setup ## make the lock files anew from requirements*.in and package.json
	@$(VENV) -m ops.lock
