"""What the server that workers are forked from imports, so that none of them has to.

Imports only: a process that has run a kernel of torch's has threads, and must not be forked.
"""

import distributed  # noqa: F401
import torch._dynamo  # noqa: F401  (the first optimiser imports it, which takes a second)

import core.engine.warm_up  # noqa: F401
