"""Modules that the fork server imports once, so that no worker forked from it has to.

Imports only: a process that has executed a torch kernel has threads and must not be forked.
"""

import distributed  # noqa: F401
import torch._dynamo  # noqa: F401  (the first optimiser imports it, which takes a second)

import core.engine.warm_up  # noqa: F401
