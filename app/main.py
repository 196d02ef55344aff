"""Where `streamlit run` starts: the page's frame and its navigation, nothing else."""

import sys
from pathlib import Path

import streamlit as st

# `streamlit run app/main.py` puts this file's folder on the path, not the project's.
ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from app.views import explore  # noqa: E402  (needs the path above)

st.set_page_config(page_title="Sleep Schedule Explorer", page_icon="🌙", layout="wide")
st.navigation(
    [st.Page(explore.show, title="Explore", url_path="explore", default=True)], position="hidden"
).run()
