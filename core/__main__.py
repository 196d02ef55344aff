"""``python -m core``: nights, pre-training and their options on the command line."""

import sys

from core.cli import main

if __name__ == "__main__":
    sys.exit(main())
