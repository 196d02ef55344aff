"""The engine as a separate program: ``python -m core.engine DESCRIPTOR``.

`core.jobs.engine_process` starts it. DESCRIPTOR is the inherited file descriptor of the engine's
lock, which the starting process has already taken. So two engines can never start at once.
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
    os.set_inheritable(descriptor, False)  # a worker that outlives the engine must not hold it
    try:
        serve(Lock(descriptor), stay=False)
    except SleepError as error:
        sys.exit(str(error))
