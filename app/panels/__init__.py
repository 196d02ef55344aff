"""The parts of the page that show runs, drawn from `app.view_data` and `app.charts`."""
