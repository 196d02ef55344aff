"""The maximum number of connections, and the file descriptors that they need."""

import resource
from dataclasses import dataclass

# Enough for all visitors that one process can serve; some systems have no hard limit.
_MAX_DESCRIPTORS = 65_536
# An open page needs its socket and the three descriptors of its session's event loop.
_PER_PAGE = 4
# 128 sessions that Streamlit keeps for two minutes after their page was closed (three descriptors
# each), the files of the program, and one backlog of connections that will be refused.
_RESERVED = 128 * 3 + 60 + 128
# At most 4 of 5 connections are pages, so that a server full of pages can still answer requests.
_PAGES, _PER_CONNECTIONS = 4, 5


@dataclass(frozen=True)
class Capacity:
    """The maximum number of open ``connections``, and how many of them may be open ``pages``."""

    connections: int
    pages: int


def raise_descriptors() -> int:
    """Raise the soft limit of file descriptors to the hard limit; return the limit in force."""
    soft, hard = (_number(limit) for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    if soft >= hard:
        return soft
    try:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (hard, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        )
    except (OSError, ValueError):  # macOS has a lower limit than its hard limit
        return soft
    return hard


def capacity(connections: int, descriptors: int) -> Capacity:
    """Return how many of the requested ``connections`` fit into ``descriptors``.

    If the descriptors are very few, the connections get a tenth of them; at least one connection
    and one page are allowed.
    """
    free = max(descriptors - _RESERVED, descriptors // 10)
    fitting = free * _PER_CONNECTIONS // (_PER_PAGE * _PAGES + _PER_CONNECTIONS - _PAGES)
    number = max(min(connections, fitting), 1)
    return Capacity(number, max(number * _PAGES // _PER_CONNECTIONS, 1))


def _number(limit: int) -> int:
    return _MAX_DESCRIPTORS if limit == resource.RLIM_INFINITY else min(limit, _MAX_DESCRIPTORS)
