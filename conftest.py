"""Fixtures that tests and the benchmarks' own tests share."""

pytest_plugins = ("tools.fixtures",)
