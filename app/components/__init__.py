"""Components of the page that Streamlit does not provide."""
