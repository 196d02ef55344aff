"""One module a page, each with a function that draws it.

Not called ``pages``: Streamlit runs the scripts of a folder of that name by itself.
"""
