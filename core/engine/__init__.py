"""The job engine: nights from all who ask for them, slept by worker processes in fair order.

It shares nothing with those who use it but the outputs folder: a run is asked for by a file in
the queue, stopped by a file in its folder, and followed by reading its log. So the queue survives
whatever is killed, and neither the page nor a notebook needs Dask or torch to use the engine.
"""
