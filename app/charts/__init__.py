"""From the numbers of `app.frames` to what Plotly draws, as plain JSON values."""
