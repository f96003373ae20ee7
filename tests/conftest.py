"""Fixtures that every folder of tests may use."""

pytest_plugins = ["tests.stores", "tests.telegram", "tests.bots"]
