"""How many connections the server accepts, and the file descriptors that they need."""

import resource
from dataclasses import dataclass

# More than any number of visitors that one process can serve; some systems have no hard limit.
_MOST_DESCRIPTORS = 65_536
# An open page has its socket and the three descriptors of its session's event loop.
_PER_PAGE = 4
# 128 sessions that Streamlit keeps for two minutes after their page was closed (three descriptors
# each), the program's own files, and one backlog of connections that are about to be refused.
_RESERVED = 128 * 3 + 60 + 128
# The rest of the connections is for requests, so that a server full of pages can still say so.
_PAGES, _OF = 4, 5


@dataclass(frozen=True)
class Capacity:
    """The largest number of open ``connections``, and how many of them may be open ``pages``."""

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
    except (OSError, ValueError):  # macOS has a lower limit of its own
        return soft
    return hard


def capacity(connections: int, descriptors: int) -> Capacity:
    """As many of ``connections`` as ``descriptors`` are enough for; a tenth at the very least."""
    free = max(descriptors - _RESERVED, descriptors // 10)
    fitting = free * _OF // (_PER_PAGE * _PAGES + _OF - _PAGES)
    number = max(min(connections, fitting), 1)
    return Capacity(number, max(number * _PAGES // _OF, 1))


def _number(limit: int) -> int:
    return _MOST_DESCRIPTORS if limit == resource.RLIM_INFINITY else min(limit, _MOST_DESCRIPTORS)
