"""Fixtures of the benchmarks' own tests."""

from tools.fixtures import bundled, one_thread, own_places, small_pair  # noqa: F401
