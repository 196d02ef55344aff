"""Measure how long a visitor waits for the page: ``python -m benchmarks.page [PART ...]``.

Parts, all by default:
  visit   from navigation to the scores and to the first meaningful paint (title, scores and points
          of the error chart), with a warm server and an empty browser cache
  first   from the click on Run to the points of the first stage and of the first cycle, with the
          default settings
  pixels  from the line of a measurement in the log on disk to its point in the error chart
  pair    from the click on Run until both nights are done, with one seed each and with three
  slider  from a key press on the slider for cycles until the new hypnogram is painted

A script in the page observes its changes, so each time is that of the frame which paints an
element, to about 16 ms. Each part starts a new server and engine with a new outputs folder.
"""
