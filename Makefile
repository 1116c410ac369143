# All that one needs is Python 3.11 or later, git and make. `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt
# Where the runs are, as the stages have it.
STORE := "$${MLFLOW_TRACKING_URI:-sqlite:///$(CURDIR)/mlflow.db}"
# Files of tests side by side; each of them in one process, as its tests share what is costly to make.
TOGETHER := --numprocesses auto --maxprocesses 4 --dist loadfile
SECONDS := 30
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := true
export MLFLOW_DISABLE_TELEMETRY := true
.DEFAULT_GOAL := help
.PHONY: help install repro cold dag test test-all check fuzz tutorial results notebook report ui serve experiments bench faults clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "make %-12s %s\n", $$1, $$2}'

# A stamp per set of dependencies: written last, so that an installation that was cut short is done again.
# A downloaded ZIP has no git repository, without which dvc does not run: better said before the installation.
$(VENV)/base.stamp: pyproject.toml constraints.txt
	@git rev-parse --quiet --verify HEAD > /dev/null 2>&1 || { echo "This folder is not a git repository with a commit, which dvc needs: clone the project, or make one here: git init && git add -A && git commit -m Start"; exit 1; }
	@echo "Installing the dependencies into $(VENV) (once; some minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/base.stamp
	@echo "Installing the test dependencies into $(VENV) ..."
	@$(INSTALL) --editable '.[test]'
	@touch $@

install: $(VENV)/base.stamp ## install into .venv; source .venv/bin/activate then gives rnnlab, dvc and mlflow
	@echo "Installed into $(VENV). Next: source $(BIN)/activate"

repro: $(VENV)/base.stamp ## make all results: data, models, evaluation, leaderboard, pictures, MLflow runs
	@python -m rnnlab.recovery.recover
	@test -d models || $(MAKE) --no-print-directory cold
	@dvc repro
	@cat metrics/leaderboard.md
	@printf '\npage: file://$(CURDIR)/report/index.html\nruns: make ui\n'

# DVC runs one stage after the other. Where nothing is made yet, two of it do the long ones that need nothing of each other.
cold:
	@dvc repro split
	@dvc stage list --name-only memory backtest train baselines | xargs -P 2 -n 3 dvc --wait-for-lock repro --single-item
	@dvc stage list --name-only evaluate | xargs -P 2 -n 5 dvc --wait-for-lock repro --single-item

test: $(VENV)/test.stamp ## run the tests
	@python -m pytest $(TOGETHER)

test-all: test ## and those that take minutes, with servers
	@python -m pytest $(TOGETHER) -m long

check: $(VENV)/test.stamp ## lint, type-check, look for unsafe code and known weaknesses of dependencies
	@ruff check . && ruff format --check . && mypy && bandit -q -c pyproject.toml -r rnnlab stages
	@python .ci/audit.py constraints.txt

$(VENV)/fuzz.stamp: $(VENV)/test.stamp
	@$(INSTALL) --editable '.[fuzz]'
	@touch $@

fuzz: $(VENV)/fuzz.stamp ## look for files that break a reader, guided by coverage (30 s each; SECONDS=600 for more)
	@for reader in csv parquet panel weights scaler picture request idx params; do python tests/fuzz.py $$reader $(SECONDS) || exit 1; done

tutorial: $(VENV)/base.stamp ## the tutorial's own data and protocol: KOSPI, MNIST, scaler fitted on all rows (RNNLAB_MIRROR=FOLDER helps)
	@dvc exp run -S series.source=kospi -S series.scale.fit_on=all -S digits.source=mnist
	@cat metrics/leaderboard.md metrics/tutorial.md
	@printf '\nChanged in the workspace: params.yaml, dvc.lock and metrics/ (git status).\nBack to the defaults:     git restore -SW params.yaml dvc.lock metrics && dvc repro\n'

results: repro ## run the experiments of docs/results.md in copies and write it (half an hour; RNNLAB_MIRROR=FOLDER helps)
	@python .ci/results.py

$(VENV)/notebook.stamp: $(VENV)/base.stamp
	@$(INSTALL) --editable '.[notebook]'
	@touch $@

notebook: $(VENV)/notebook.stamp ## make notebooks/tutorial.ipynb of tutorial.py beside it, and run it (half a minute)
	@jupytext --quiet --to ipynb notebooks/tutorial.py
	@PYTHONWARNINGS='ignore:IProgress not found' jupyter execute --inplace notebooks/tutorial.ipynb
	@printf '%s\n' 'notebooks/tutorial.ipynb: open it in VS Code, or' \
		'$(BIN)/python -m pip install notebook && $(BIN)/jupyter notebook notebooks/tutorial.ipynb'

dag: $(VENV)/base.stamp ## print the pipeline as a Mermaid diagram, each stage once for all models
	@python -c "import networkx as nx; from dvc.repo import Repo; \
	edges = ((b.addressing.split('@')[0], a.addressing.split('@')[0]) for a, b in Repo().index.graph.edges); \
	shown = sorted(nx.transitive_reduction(nx.DiGraph(edges)).edges); \
	print('flowchart LR', *(f'  {a} --> {b}' for a, b in shown), sep='\n')"

report: $(VENV)/base.stamp ## make the report page and say where it is
	@dvc repro report
	@echo "file://$(CURDIR)/report/index.html"

ui: $(VENV)/base.stamp ## open the MLflow UI on http://127.0.0.1:5000
	@case $(STORE) in http*) echo "the runs are where MLFLOW_TRACKING_URI says"; exit;; esac; python -m rnnlab.tracking.views; \
		MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false mlflow ui --workers 1 --host 127.0.0.1 --port 5000 --backend-store-uri $(STORE)

serve: $(VENV)/base.stamp ## serve the champion on http://127.0.0.1:5001 (`rnnlab promote` makes it; MODEL=models:/digits@champion for digits)
	@rnnlab serve --host 127.0.0.1 --port 5001 $(MODEL:%=--model %)

experiments: $(VENV)/base.stamp ## the experiments side by side: what was changed, and the figures that rank
	@dvc exp show --only-changed --hide-queued --hide-failed --drop '.*/|models$$|metrics$$|params.yaml$$|networks$$|Created|State|Executor|series\.(path|name|unit|date|read\..*|features|target)$$'
	@dvc exp show --json | python -m rnnlab.reporting.experiments

bench: $(VENV)/test.stamp ## measure speed and memory; writes benchmarks/results.json (20 min.; RNNLAB_MIRROR=FOLDER for digits)
	@for name in series stacking significance pipeline scale live distributed panel $${RNNLAB_MIRROR:+digits}; do echo; echo "$$name:"; python benchmarks/$$name.py || exit 1; done

faults: $(VENV)/test.stamp ## try what is promised: kills, full disks, bad input, load ...; writes benchmarks/results.json (an hour)
	@python benchmarks/faults.py

clean: ## remove what was made (the environment, the MLflow store and the DVC cache stay)
	@rm -rf data/raw data/scaled data/windows data/split data/checkpoints models report dvc_plots .pytest_cache .mypy_cache .ruff_cache .hypothesis
