"""From the numbers of `app.view_data` to what Plotly draws, as plain JSON values."""
