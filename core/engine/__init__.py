"""The job engine: executes the queued runs of all users in worker processes, in fair order.

The engine and its clients share only the outputs folder. A client requests a run with a file in
the queue, stops it with a file in the run's folder and follows it by reading its log. So the queue
survives every killed process, and neither the page nor a notebook needs Dask or torch.
"""
