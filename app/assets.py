"""Plotly's own script, put where Streamlit serves it: no other host is asked for it.

``python -m app.assets`` does so ahead of time, as for a folder that is read-only later.
"""

import functools
import shutil
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from core.files import whole_file

_STATIC = Path(__file__).parent / "static"


@functools.cache
def plotly_url() -> str:
    """Where the page finds the script, below the server's root; it is put there if need be."""
    with suppress(OSError):  # which `python -m app` has told, and figures tell on the page
        provide()
    return f"app/static/{_name()}"


def provide() -> Path:
    """See to it that the script is served, and give its file; raises OSError where it cannot be."""
    target = _STATIC / _name()
    if not target.exists():
        package = find_spec("plotly")
        assert package is not None
        assert package.submodule_search_locations
        source = Path(package.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
        with whole_file(target) as temporary:
            shutil.copyfile(source, temporary)
    return target


def _name() -> str:
    # The version is in the name, so that no browser takes an old one from its cache.
    return f"plotly-{version('plotly')}.min.js"


if __name__ == "__main__":
    print(provide())
