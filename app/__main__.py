"""``python -m app [Streamlit's options]``: an engine for the nights, and the page over it."""

import sys
from collections.abc import Sequence

from core import jobs
from core.support import environment
from core.support.errors import ConfigError

_INTERRUPTED = 130


def main(options: Sequence[str] | None = None) -> None:
    """Serve the page until a signal comes; ``options`` are Streamlit's, as ``--server.port``.

    Ends the process with 0, with 2 for an option that Streamlit does not know, or with 1 and a
    sentence for a setting or an address that cannot be used.
    """
    try:
        connections, hosts = environment.max_connections(), environment.allowed_hosts()
    except ConfigError as error:
        sys.exit(str(error))
    try:
        jobs.keep_engine()  # first, for it starts while Streamlit is still being imported
    except OSError as error:
        sys.stderr.write(
            f"No engine could be started: {error.strerror or error} ({error.filename}). The page "
            f"shows nights but cannot run any; make room or give access in "
            f"{environment.outputs_dir()}, or let SLEEP_OUTPUTS_DIR name another folder.\n"
        )
    import app.views.explore  # noqa: F401  (so that the first visitor does not wait for it)
    from app.server import run

    run.serve(sys.argv[1:] if options is None else options, connections, hosts)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # before the server was up, which has its own answer to it
        sys.exit(_INTERRUPTED)
