# All there is to remember:  make demo · make test · make lint · make lock · make words
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint lock words format clean

demo: .venv/ready
	$(BIN)/firstseen demo --out demo-out

test: lint
	$(BIN)/pytest

lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Exact versions with hashes and no addresses; setuptools and wheel are in it, so the build needs nothing else.
lock: .venv/ready
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-header --quiet --upgrade --output-file requirements.lock

# The bot's words into the catalogues of the other languages; what is new there waits for its translation.
words: .venv/ready
	$(BIN)/pybabel --quiet extract --project firstseen --no-location --keywords Phrase --keywords say --keywords plural:1,2 \
	    --output bot/locales/firstseen.pot bot
	for language in bot/locales/*/; do $(BIN)/pybabel --quiet update --no-fuzzy-matching --width 120 \
	    --domain firstseen --input-file bot/locales/firstseen.pot --output-dir bot/locales \
	    --locale $$(basename $$language); done

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "firstseen needs Python 3.11 or newer, this is " + sys.version)'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

clean:
	rm -rf .venv demo-out build *.egg-info
