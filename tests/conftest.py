"""Fixtures that every folder of tests may use."""

import gc

pytest_plugins = ["tests.stores", "tests.telegram", "tests.bots"]


def pytest_configure() -> None:
    """Look for garbage no more while modules are loaded: all of them stay."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From now on only what tests make is looked through."""
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    """Bury everything now: what is loaded for the closing lines must not meet finalizers."""
    gc.collect()
