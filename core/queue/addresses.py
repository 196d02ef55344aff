"""Network addresses as the queue counts them: grouped, and stored as keyed hashes only."""

import ipaddress
import os
import secrets
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from core.queue.paths import address_key_file
from core.support.files import atomic_file, make_folders, read_bytes

LOCAL = "local"
"""The group of all requests from this machine, and of those whose address is unknown."""

_KEY_BYTES = 32
_NAME_BYTES = 8
_IPV6_PREFIX = 64  # a provider gives one customer at least that many addresses


def address_group(address: str) -> str:
    """The group in which the queue counts ``address``.

    An IPv4 address is a group of its own, an IPv6 address counts with its /64 network. Loopback
    addresses and texts that are no address are `LOCAL`.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return LOCAL
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            network = ipaddress.IPv6Network((int(found), _IPV6_PREFIX), strict=False)
            return LOCAL if found.is_loopback else str(network)
        found = found.ipv4_mapped
    return LOCAL if found.is_loopback else str(found)


def hashed_name(address: str) -> str:
    """A name for the group of ``address`` from which the address cannot be computed.

    The key of the hash is made with the first name and kept in the queue's folder, so that a name
    outlives the program. Raises OSError where that is not possible.
    """
    return blake2b(address_group(address).encode(), digest_size=_NAME_BYTES, key=_key()).hexdigest()


def _key() -> bytes:
    file = address_key_file()
    with suppress(OSError):  # missing or damaged
        key = read_bytes(file, _KEY_BYTES)
        if len(key) == _KEY_BYTES:
            return key
    return _new_key(file)


def _new_key(file: Path) -> bytes:
    # Of two processes that do this at once the later one wins. One entry may then have a name of
    # its own, which is not worth a lock.
    key = secrets.token_bytes(_KEY_BYTES)
    make_folders(file.parent)
    with atomic_file(file) as new:
        os.fchmod(new.fileno(), 0o600)
        new.write(key)
    return key
