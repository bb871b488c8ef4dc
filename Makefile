# Everything a fresh machine with Python 3.11+ needs: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo

.PHONY: demo test lint check bench results wheel clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	# torch first and pinned: another package asking for it would bring the newest build with several GB of CUDA
	$(BIN)/pip install --quiet "$$(grep '^torch==' constraints.txt)"
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

demo: $(VENV)/.installed
	./demo.sh $(BIN)/postplace $(DEMO)

# One file stays on one worker (its fixtures are made once), and one thread a worker (more would only wait for each other).
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist loadfile

test: $(VENV)/.installed
	$(PYTEST)

lint: $(VENV)/.installed
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --no-cache --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

bench: $(VENV)/.installed
	$(BIN)/python benchmarks/encoding.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/latency.py
	$(BIN)/python benchmarks/calibration.py --models logistic --seeds 3
	$(BIN)/python benchmarks/promises.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/service.py
	$(BIN)/python benchmarks/footprint.py
	$(BIN)/python benchmarks/near_texts.py
	$(BIN)/python benchmarks/importing.py
	$(BIN)/python benchmarks/portraits.py
	$(BIN)/python benchmarks/hub.py
	$(BIN)/python benchmarks/faithfulness.py
	$(BIN)/python benchmarks/adviser.py
	$(BIN)/python benchmarks/doors.py

# The tables of docs/results.md on real posts, where they are at hand: make results DATA=folder
SETS = results/shanghai-checkins results/dresden-tags results/hefei-places
results: $(SETS)
results/shanghai-checkins: ASKED = --target category
results/dresden-tags: ASKED = --cells 80
results/hefei-places: ASKED = --min-posts 20
$(SETS): results/%: $(VENV)/.installed
	$(if $(DATA),,$(error the folder that holds the posts is missing: make results DATA=folder))
	$(BIN)/postplace experiment all-systems --data $(DATA)/$*/posts.jsonl $(ASKED) --out $@ --seeds 5 --jobs 2
	$(BIN)/postplace compare $@

wheel: $(VENV)/.installed
	rm -rf dist
	$(BIN)/python -m build --wheel --outdir dist .

clean:
	rm -rf $(VENV) $(DEMO) dist
