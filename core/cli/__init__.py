"""The command line: ``python -m core``."""

from core.cli.main import main

__all__ = ["main"]
