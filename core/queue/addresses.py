"""Network addresses for the queue's limits: grouped, and stored only as keyed hashes."""

import ipaddress
import os
import secrets
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from core.queue.paths import address_key_file
from core.support.files import atomic_file, create_folders, read_bytes

LOCAL = "local"
"""Group of all requests from this machine and of those whose address is unknown."""

_KEY_BYTES = 32
_NAME_BYTES = 8
_IPV6_PREFIX = 64  # a provider assigns each customer at least a network of this size


def address_group(address: str) -> str:
    """Return the group to which the limits per address assign ``address``.

    An IPv4 address is its own group; an IPv6 address belongs to the group of its /64 network.
    Loopback addresses and texts that are not an IP address belong to `LOCAL`.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return LOCAL
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            network = ipaddress.IPv6Network((int(parsed), _IPV6_PREFIX), strict=False)
            return LOCAL if parsed.is_loopback else str(network)
        parsed = parsed.ipv4_mapped
    return LOCAL if parsed.is_loopback else str(parsed)


def hashed_name(address: str) -> str:
    """Return a keyed hash of the group of ``address``, as 16 hexadecimal digits.

    The key is random. The first call generates it and stores it in the queue's folder, so the
    same group gets the same name after a restart. Raises OSError if it cannot be stored.
    """
    return blake2b(address_group(address).encode(), digest_size=_NAME_BYTES, key=_key()).hexdigest()


def _key() -> bytes:
    file = address_key_file()
    with suppress(OSError):  # missing or damaged
        key = read_bytes(file, _KEY_BYTES)
        if len(key) == _KEY_BYTES:
            return key
    return _generate_key(file)


def _generate_key(file: Path) -> bytes:
    # If two processes do this at the same time, the later key stays. One entry may then have a
    # name that no other entry of its group has, which is not worth a lock.
    key = secrets.token_bytes(_KEY_BYTES)
    create_folders(file.parent)
    with atomic_file(file) as new:
        os.fchmod(new.fileno(), 0o600)
        new.write(key)
    return key
