# Two commands do all set-up: `make demo` and `make test`. Only Python and make are needed.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PARTNERS = $(VENV)-partners
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test test-train test-ray test-partners test-e2e mutants docs check format wheel clean

demo: $(VENV)/.demo
	$(BIN)/python demo/build_samples.py demo-output/samples
	$(BIN)/medsift scan demo-output/samples \
	    -o demo-output/results.csv -o demo-output/results.jsonl -o demo-output/results.parquet \
	    --report demo-output/report.html --table
	@echo "See demo-output/: results.csv, results.jsonl, results.parquet, report.html"

# All that needs no torch: lint, types, layers, tests.
test: $(VENV)/.dev check
	$(BIN)/python -m pytest -m "not train and not ray and not text and not e2e" -n auto --dist loadfile

# Training, evaluation and export on tiny data; installs torch.
test-train: $(VENV)/.train
	$(BIN)/python -m pytest -m train

# The Ray engine on a cluster of this machine; installs Ray.
test-ray: $(VENV)/.ray
	$(BIN)/python -m pytest -m ray

# Text burnt into pictures; installs its detector, 205 MB.
test-text: $(VENV)/.text
	$(BIN)/python -m pytest -m text
	$(BIN)/python -m pytest tests/docs/test_blocks.py -k sweep-a-share

# What is written for docling, datasets, FiftyOne and others, opened by them; in an environment of
# their own, which takes 2 GB.
test-partners: $(PARTNERS)/.done
	$(PARTNERS)/bin/python -m pytest -m partners tests/evaluation tests/integrations \
	    tests/docs/test_blocks.py

# The app and the report in a real browser. Without Chromium they are skipped: apt-get install
# chromium, or set MEDSIFT_CHROMIUM to the path of one.
test-e2e: $(VENV)/.dev
	$(BIN)/python -m pytest -m e2e tests/app tests/report

# Do the tests notice? Small faults are put into the code, a sample of them, and tests are run; it
# takes hours, and is no part of what every change has to pass.
mutants: $(VENV)/.dev
	$(PIP) "cosmic-ray>=8.7"
	$(BIN)/python benchmarks/mutation/mutate.py --count 8

# The documentation site, in site/; every warning is an error.
docs: $(VENV)/.docs
	$(BIN)/python docs/build.py

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(VENV)/.dev
	$(PIP) build
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) $(PARTNERS) demo-output build dist site

$(VENV)/pyvenv.cfg:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.dev: $(VENV)/pyvenv.cfg pyproject.toml
	$(PIP) --editable ".[dev]"
	$(PIP) --no-deps "scikit-image>=0.24"
	touch $@

$(VENV)/.docs: $(VENV)/.dev
	$(PIP) --editable ".[docs]"
	touch $@

$(VENV)/.train: $(VENV)/.dev
	$(PIP) --editable ".[dev,train]"
	touch $@

$(VENV)/.ray: $(VENV)/.dev
	$(PIP) --editable ".[dev,ray]"
	touch $@

$(VENV)/.text: $(VENV)/.dev
	$(PIP) --editable ".[dev,text]"
	touch $@

# docling's converter imports torch; that of the training's environment is enough.
$(PARTNERS)/.done: $(VENV)/.train
	$(PYTHON) -m venv $(PARTNERS)
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	    > $$($(PARTNERS)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/training.pth
	$(PARTNERS)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[partners]"
	$(PARTNERS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps "scikit-image>=0.24"
	touch $@

# The demo, and the tests of the documentation, read pictures that lie in scikit-image's wheel; the
# package itself is not run, so what it depends on stays away.
$(VENV)/.demo: $(VENV)/pyvenv.cfg pyproject.toml
	$(PIP) --editable .
	$(PIP) --no-deps "scikit-image>=0.24"
	touch $@
