"""Command line of the core: ``python -m core`` runs nights, manages runs and serves the engine."""

import sys

from core.cli import main

if __name__ == "__main__":
    sys.exit(main())
