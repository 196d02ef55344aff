"""The engine as a program of its own: ``python -m core.engine LOCK``, started by `keeper`.

LOCK is the number of a file that the starter has locked as the engine's, so that there is no
moment at which two engines could start.
"""

import os
import sys

from core.engine.serve import serve
from core.support.errors import SleepError
from core.support.locks import Lock
from core.support.text import log_printably

if __name__ == "__main__":
    log_printably()
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)  # the workers must not keep it
    try:
        serve(Lock(descriptor), stay=False)
    except SleepError as error:
        sys.exit(str(error))
