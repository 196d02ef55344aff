"""The dashboard. Its process never imports torch or Dask; the job engine is a separate process."""
