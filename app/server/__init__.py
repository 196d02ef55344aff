"""The web server of the page: Streamlit's application behind limits on what clients may do.

The limits use only the extension points that the libraries document: ``st.App`` takes middleware,
and uvicorn takes a class for its connections. Nothing is patched at run time.
"""
