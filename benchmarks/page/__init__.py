"""How long a visitor waits for the page: ``python -m benchmarks.page [PART ...]``.

Parts, all by default:
  visit   from navigation to the scores, and to the first meaningful paint: title, scores and the
          error chart's points, with a warm server and a browser that has no cache
  first   from the click on Run to the first stage's and the first cycle's points, default settings
  pixels  from a measure's line in the log on disk to its point in the error chart
  pair    from the click on Run to both nights done, one seed each and three
  slider  from a key on the cycles' slider to the hypnogram drawn anew

The page looks at itself when it changes, so each time is that of the frame in which a thing is
painted, to about 16 ms. Each part has a server, an engine and an outputs folder of its own.
"""
