"""``python -m core``: nights, what is kept of them, and their engine on the command line."""

import sys

from core.cli import main

if __name__ == "__main__":
    sys.exit(main())
