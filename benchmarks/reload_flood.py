"""Measure how much of the queue one visitor can fill by reloading the page and pressing Run.

    python -m benchmarks.reload_flood

Starts the page on loopback with a new outputs folder, and connects without a browser, over
Streamlit's websocket, in three ways: as a browser that keeps its cookie, as a browser that keeps no
cookie, and as a program that keeps no cookie and sends a different X-Forwarded-For with each load.
Each load is a new session that presses Run once, which submits a night and its comparison. A flood
ends after three refused presses in a row, 150 presses or 120 s.
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

from tools.page_server import PageServer

_COOKIE = "sleep_visitor"
_NIGHT = "total_eps=60&num_cycles=30"  # long enough to stay in the queue until the flood ends
_MAX_PRESSES = 150
_MAX_SECONDS = 120.0
_MAX_REFUSED = 3
_ANSWER_S = 60.0


def main() -> None:
    """Flood the queue in all three ways and print the results."""
    secret = secrets.token_hex(16)
    flood("a browser that keeps its cookie", lambda _: {"Cookie": f"{_COOKIE}={secret}"})
    flood("a browser that keeps no cookie", lambda _: {})
    flood("a program with forged headers", lambda load: {"X-Forwarded-For": f"198.51.100.{load}"})


def flood(client: str, headers: Callable[[int], dict[str, str]]) -> None:
    """Reload and press Run until it is refused; print how many runs entered the queue.

    ``client`` is the title of the printed lines; ``headers`` returns the headers of a load, given
    its number.
    """
    with _running_server() as server:
        began = time.monotonic()
        presses = refused = queued = 0
        refusal = ""
        while (
            presses < _MAX_PRESSES
            and refused < _MAX_REFUSED
            and time.monotonic() - began < _MAX_SECONDS
        ):
            refusal = _load_and_press_run(server, headers(presses)) or refusal
            presses += 1
            now = _queued(server)
            refused, queued = (0, now) if now > queued else (refused + 1, queued)
        seconds = time.monotonic() - began
        print(f"{client}: {queued} runs queued with {presses} presses of Run in {seconds:.0f} s")
        print(f"  {refusal or 'no press was refused'}", flush=True)


def _load_and_press_run(server: PageServer, headers: dict[str, str]) -> str:
    """Load the page, press Run once and disconnect; return the alerts shown, or ""."""
    url = f"{server.url.replace('http', 'ws', 1)}/_stcore/stream"
    with connect(
        url, subprotocols=["streamlit"], additional_headers=headers, max_size=None
    ) as socket:
        (button,) = [
            element.button.id
            for element in _run_script(socket, BackMsg())
            if element.WhichOneof("type") == "button" and element.button.id.endswith("-run")
        ]
        press = BackMsg()
        press.rerun_script.widget_states.widgets.add(id=button, trigger_value=True)
        alerts = [
            element.alert.body.replace("\\", "")
            for element in _run_script(socket, press)
            if element.WhichOneof("type") == "alert"
        ]
    return " ".join(alerts)


def _run_script(socket: ClientConnection, message: BackMsg) -> list[Element]:
    """Run the page's script to its end; return all elements that it sends."""
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


def _queued(server: PageServer) -> int:
    """Return the number of queued and running runs."""
    queue = server.outputs / "queue"
    return sum(not file.name.startswith(".") for file in queue.iterdir()) if queue.exists() else 0


@contextmanager
def _running_server() -> Iterator[PageServer]:
    with tempfile.TemporaryDirectory() as folder:
        server = PageServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()  # its engine exits too, with the runs still queued


if __name__ == "__main__":
    main()
