"""The page's frame and navigation; for `streamlit run app/main.py` also its application.

`python -m app` serves the page with all limits of `app.server`. Streamlit's own command looks for
an application in this file and serves it, so hosts, origins, requests and open pages are limited
there too; only the limits on connections and on the log are missing.
"""

import sys
from pathlib import Path

import streamlit as st
from streamlit import runtime

# `streamlit run app/main.py` puts this file's folder on the path, not the project's.
ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from app.server import application  # noqa: E402  (needs the path above)
from app.views import explore  # noqa: E402

if runtime.exists():  # a session runs the script
    st.set_page_config(page_title="Sleep Schedule Explorer", page_icon="🌙", layout="wide")
    st.navigation(
        [st.Page(explore.show, title="Explore", url_path="explore", default=True)],
        position="hidden",
    ).run()
else:
    streamlit_app = st.App(__file__, middleware=application.middleware_from_environment())
