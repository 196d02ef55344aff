"""The dashboard. Its process never imports torch or Dask: the job engine has its own."""
