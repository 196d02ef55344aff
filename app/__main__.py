"""``python -m app [Streamlit's options]``: an engine for the nights, and the page over it."""

import os
import sys
from collections.abc import Sequence

from core import jobs, settings

_INTERRUPTED = 130


def main(options: Sequence[str] | None = None) -> None:
    """Serve the page until a signal comes; ``options`` are Streamlit's, as ``--server.port``.

    Ends the process with 0, or with Streamlit's status for an option that it does not know.
    """
    # Else the web server takes X-Forwarded-For for true from any program on this machine, and the
    # limits per network address would not hold: see SLEEP_TRUSTED_PROXY_HEADER in core.settings.
    os.environ.setdefault("FORWARDED_ALLOW_IPS", "")
    try:
        jobs.keep_engine()  # first, for it starts while Streamlit is still being imported
    except OSError as error:
        sys.stderr.write(
            f"No engine could be started: {error.strerror or error} ({error.filename}). The page "
            f"shows nights but cannot run any; make room or give access in "
            f"{settings.outputs_dir()}, or let SLEEP_OUTPUTS_DIR name another folder.\n"
        )
    from streamlit.web import cli

    import app.views.explore  # noqa: F401  (so that the first visitor does not wait for it)

    page = settings.PROJECT / "app" / "main.py"
    given = sys.argv[1:] if options is None else options
    cli.main(["run", str(page), *given], prog_name="streamlit")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # before Streamlit was up, which has its own answer to it
        sys.exit(_INTERRUPTED)
