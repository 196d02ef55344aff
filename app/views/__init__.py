"""One module per page, each with a function that draws it.

The folder is not called ``pages``, because Streamlit runs the scripts in a folder of that name as
pages by itself.
"""
