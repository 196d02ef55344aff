"""Refusals of requests, as one readable sentence."""

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

_MAX_LENGTH = 60  # characters of a value that a client chose


async def refuse(
    scope: Scope, receive: Receive, send: Send, status: int, sentence: str, **headers: str
) -> None:
    """Answer a request or a websocket handshake, and close its connection.

    Closing the connection avoids reading the rest of a request's body.

    Parameters
    ----------
    scope : Scope
        ASGI scope of the request.
    receive : Receive
        ASGI function that returns the next message of the client.
    send : Send
        ASGI function that sends a message to the client.
    status : int
        HTTP status, such as 403.
    sentence : str
        Body of the answer, without the line feed at its end.
    headers : str
        Further headers; an underscore in a name becomes a hyphen.
    """
    further = {name.replace("_", "-"): value for name, value in headers.items()}
    response = PlainTextResponse(
        f"{sentence}\n",
        status,
        {
            "Cache-Control": "no-store",
            "Connection": "close",
            "X-Content-Type-Options": "nosniff",
            **further,
        },
    )
    await response(scope, receive, send)


def quote(value: str) -> str:
    """Return ``value`` in quotation marks, shortened and escaped for use in a sentence."""
    return repr(value if len(value) <= _MAX_LENGTH else f"{value[: _MAX_LENGTH - 1]}…")
