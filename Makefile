# Two commands do everything: `make studio` and `make test`. Each sets up what is missing first.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
# Tests run in two processes; more threads inside each would only fight for the cores.
TEST_ENV := OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1 GRADIO_ANALYTICS_ENABLED=False
# What is measured has all cores, as the studio has.
BENCH_ENV := TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1 GRADIO_ANALYTICS_ENABLED=False
CODE := app.py core studio train tests

AUDIT := $(VENV)/audit

.PHONY: help setup studio test lint audit format bench bench-gpu soak pocket reproduce screenshots speech clean

help:  ## say what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: $(READY)  ## create or update .venv from requirements.txt, if it changed

$(READY): requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed."; exit 1; }
	@test -x $(RUN) || { echo "Creating $(VENV) with $(PYTHON) ..."; $(PYTHON) -m venv $(VENV); }
	@$(RUN) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	@echo "Installing the pinned packages (about 2 GB on disk; a few minutes the first time) ..."
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt 2>$(VENV)/pip.log || { cat $(VENV)/pip.log; exit 1; }
	@touch $@
	@echo "Ready."

studio: $(READY)  ## open the studio (pocket models on a CPU; PROFILE=klein-4b on a GPU)
	@$(RUN) app.py $(if $(PROFILE),--profile $(PROFILE))

test: $(READY)  ## run all tests that need no GPU
	@$(TEST_ENV) $(RUN) -m pytest -n 2 $(ARGS)

lint: $(READY)  ## ruff, and a strict type check of core/
	@$(RUN) -m ruff check $(CODE)
	@$(RUN) -m ruff format --check $(CODE)
	@$(RUN) -m mypy --strict --ignore-missing-imports core

$(AUDIT)/.ready: | $(READY)
	@$(RUN) -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check bandit==1.9.4 pip-audit==2.10.1 2>$(AUDIT)/pip.log \
		|| { cat $(AUDIT)/pip.log; echo "NOT CHECKED: bandit and pip-audit can't be installed here."; rm -rf $(AUDIT); exit 1; }
	@touch $@

audit: $(READY) $(AUDIT)/.ready  ## look for known holes: the code by bandit, the packages by pip-audit
	@bad=0; \
	echo "The code, by bandit:"; \
	$(AUDIT)/bin/bandit -q -r app.py core studio train -ll || bad=1; \
	echo "The installed packages, by pip-audit:"; \
	if $(AUDIT)/bin/pip-audit --strict --progress-spinner off --path "$$($(RUN) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" >$(AUDIT)/packages.log 2>&1; \
	then echo "No known hole."; \
	elif grep -q "^Name " $(AUDIT)/packages.log; then cat $(AUDIT)/packages.log; bad=1; \
	else tail -n 1 $(AUDIT)/packages.log; echo "NOT CHECKED: the packages. The database of known holes can't be asked from here; run make audit where it can."; bad=1; fi; \
	exit $$bad

format: $(READY)  ## put the code into ruff's format
	@$(RUN) -m ruff check --fix --quiet $(CODE)
	@$(RUN) -m ruff format $(CODE)

bench: $(READY)  ## measure everything against its baselines into tests/bench/RESULTS.md (quiet machine!)
	@$(BENCH_ENV) $(RUN) -m tests.bench $(ARGS)

bench-gpu: $(READY)  ## the same of real shapes with random weights, on a GPU
	@$(BENCH_ENV) $(RUN) -m tests.bench gpu

soak: $(READY)  ## stories for hours, kills, and many people at once: does anything grow, or get lost?
	@$(TEST_ENV) $(RUN) -m tests.soak $(ARGS)

pocket: $(READY)  ## train the pocket models again (resumable; takes hours)
	@$(RUN) -m train pocket all

reproduce: $(READY)  ## the method in miniature: collect, SFT, GRPO, ablations, RESULTS.md (resumable; takes hours)
	@HF_HUB_OFFLINE=1 $(RUN) -m train reproduce

screenshots: $(READY)  ## take the README's pictures again, with the pocket models (wants chromium)
	@$(RUN) -m tests.studio.screenshots

speech: $(READY)  ## bring the catalogues of other languages up to date with what the studio says
	@$(RUN) -m tests.studio.phrases

clean:  ## remove caches, not your stories
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
