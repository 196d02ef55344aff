"""The page's web server: Streamlit's application behind limits for what outsiders may do.

Streamlit's supported ways in are enough: its ``st.App`` takes middleware, and uvicorn takes a class
for its connections. Nothing of either library is replaced at run time.
"""
