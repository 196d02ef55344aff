"""A refusal, as one sentence that a person can read."""

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

_LONGEST = 60  # characters of a value that an outsider chose


async def refuse(
    scope: Scope, receive: Receive, send: Send, status: int, sentence: str, **headers: str
) -> None:
    """Answer a request or a websocket's handshake with ``status`` and ``sentence``.

    The connection is closed, so that a body which is still to come is never read.
    ``headers`` are added to the answer, underscores in their names as hyphens.
    """
    added = {name.replace("_", "-"): value for name, value in headers.items()}
    response = PlainTextResponse(
        f"{sentence}\n",
        status,
        {
            "Cache-Control": "no-store",
            "Connection": "close",
            "X-Content-Type-Options": "nosniff",
            **added,
        },
    )
    await response(scope, receive, send)


def shown(value: str) -> str:
    """``value`` in quotes, cut and escaped, for use in a sentence."""
    return repr(value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…")
