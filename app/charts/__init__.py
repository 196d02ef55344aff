"""Plotly figures as plain JSON values, from the values of `app.view_data`."""
