"""One visitor reloads the page and presses Run, again and again: how much of the queue is filled?

    python -m benchmarks.reload_flood

It starts the dashboard on loopback with an outputs folder of its own, and comes to it without a
browser, over Streamlit's websocket: as a browser that keeps its cookie, as one that keeps none, and
as a program that keeps none and sends another X-Forwarded-For with each load. Each load is a new
session that presses Run once, for a night and its comparison. A flood ends when three presses in a
row were refused, and after 150 presses or 120 s at the latest.
"""

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from tools.page_server import Server

_COOKIE = "sleep_visitor"
_NIGHT = "total_eps=60&num_cycles=30"  # long enough to keep its place until the flood is over
_PRESSES = 150
_SECONDS = 120.0
_REFUSED = 3
_ANSWER_S = 60.0


def main() -> None:
    """Flood the queue in all three ways, and print what came of it."""
    secret = secrets.token_hex(16)
    flood("a browser that keeps its cookie", lambda _: {"Cookie": f"{_COOKIE}={secret}"})
    flood("a browser that keeps no cookie", lambda _: {})
    flood("a program with forged headers", lambda load: {"X-Forwarded-For": f"198.51.100.{load}"})


def flood(who: str, headers: Callable[[int], dict[str, str]]) -> None:
    """Reload and press Run until it is refused, and print how many places were filled.

    ``headers`` returns what the load with that number sends.
    """
    with _served() as server:
        began = time.monotonic()
        presses = refused = places = 0
        said = ""
        while presses < _PRESSES and refused < _REFUSED and time.monotonic() - began < _SECONDS:
            said = _visit(server, headers(presses)) or said
            presses += 1
            now = _places(server)
            refused, places = (0, now) if now > places else (refused + 1, places)
        seconds = time.monotonic() - began
        print(f"{who}: {places} places filled with {presses} presses of Run in {seconds:.0f} s")
        print(f"  {said or 'no press was refused'}", flush=True)


def _visit(server: Server, headers: dict[str, str]) -> str:
    """Load the page, press Run once and leave; the refusal's sentence, or ""."""
    url = f"{server.url.replace('http', 'ws', 1)}/_stcore/stream"
    with connect(
        url, subprotocols=["streamlit"], additional_headers=headers, max_size=None
    ) as socket:
        (button,) = [
            element.button.id
            for element in _drawn(socket, BackMsg())
            if element.WhichOneof("type") == "button" and element.button.id.endswith("-run")
        ]
        press = BackMsg()
        press.rerun_script.widget_states.widgets.add(id=button, trigger_value=True)
        alerts = [
            element.alert.body.replace("\\", "")
            for element in _drawn(socket, press)
            if element.WhichOneof("type") == "alert"
        ]
    return " ".join(alerts)


def _drawn(socket: ClientConnection, message: BackMsg) -> list[Element]:
    """Run the page's script; all elements that it draws until it is at its end."""
    message.rerun_script.query_string = _NIGHT
    socket.send(message.SerializeToString())
    elements = []
    while True:
        answer = ForwardMsg.FromString(socket.recv(timeout=_ANSWER_S))
        kind = answer.WhichOneof("type")
        if kind == "delta" and answer.delta.WhichOneof("type") == "new_element":
            elements.append(answer.delta.new_element)
        if kind == "script_finished" and answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            return elements


def _places(server: Server) -> int:
    """How many runs wait or run."""
    queue = server.outputs / "queue"
    return sum(not file.name.startswith(".") for file in queue.iterdir()) if queue.exists() else 0


@contextmanager
def _served() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()  # and its engine with all that waits


if __name__ == "__main__":
    main()
