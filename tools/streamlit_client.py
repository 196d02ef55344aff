"""Requests to the page's server that only a client which knows Streamlit's protocol can send."""

import urllib.error
import urllib.request
import uuid

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection

from tools.http_client import ServerProcess

_XSRF = "_streamlit_xsrf"


def session_id(visitor: ClientConnection) -> str:
    """Run the page's script over the websocket and return the id of its session."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    visitor.send(message.SerializeToString())
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(visitor.recv(timeout=60))
        if answer.WhichOneof("type") == "new_session":
            return answer.new_session.initialize.session_id


def upload_file(server: ServerProcess, session: str, size: int) -> int:
    """Upload a file of zeros and return the status of the answer.

    Parameters
    ----------
    server : ServerProcess
        A running server.
    session : str
        Id of a session, see `session_id`.
    size : int
        Bytes of the file.

    Returns
    -------
    int
        HTTP status, or 0 if the server closed the connection without an answer.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{server.host}/_stcore/health", timeout=30) as answer:
        token = answer.headers.get("Set-Cookie", "").partition(f"{_XSRF}=")[2].partition(";")[0]
    boundary = uuid.uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    request = urllib.request.Request(
        f"http://{server.host}/_stcore/upload_file/{session}/{uuid.uuid4()}",
        data=head.encode() + bytes(size) + f"\r\n--{boundary}--\r\n".encode(),
        method="PUT",
        headers={
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Cookie": f"{_XSRF}={token}",
            "X-Xsrftoken": token,
        },
    )
    try:
        with opener.open(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
