"""The parts of the page that show runs, each drawn from what `app.frames` and `app.charts` give."""
