"""The parts of the page that show runs, each drawn from what `app.view_data` and `app.charts` give."""
