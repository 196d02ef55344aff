"""``python -m app [Streamlit's options]``: start a job engine and serve the page."""

import sys
from collections.abc import Sequence

from core import jobs
from core.support import environment
from core.support.errors import ConfigError

_INTERRUPTED = 130


def main(options: Sequence[str] | None = None) -> None:
    """Serve the page until a signal arrives; ``options`` are Streamlit's, as ``--server.port``.

    The process exits with 0, with 2 for an option that Streamlit does not know, or with 1 and a
    message for an invalid setting or address.
    """
    try:
        connections, hosts = environment.max_connections(), environment.allowed_hosts()
    except ConfigError as error:
        sys.exit(str(error))
    try:
        jobs.keep_engine()  # first, because the engine starts while Streamlit is being imported
    except OSError as error:
        sys.stderr.write(
            f"No engine could be started: {error.strerror or error} ({error.filename}). The page "
            f"shows runs but cannot start any. Free space or grant access in "
            f"{environment.outputs_dir()}, or set SLEEP_OUTPUTS_DIR to another folder.\n"
        )
    import app.views.explore  # noqa: F401  (so that the first visitor does not wait for it)
    from app.server import run

    run.serve(sys.argv[1:] if options is None else options, connections, hosts)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # before the server runs, which handles it itself
        sys.exit(_INTERRUPTED)
