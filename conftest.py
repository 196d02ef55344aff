"""Pytest fixtures shared by the tests and the tests of the benchmarks."""

pytest_plugins = ("tools.fixtures",)
