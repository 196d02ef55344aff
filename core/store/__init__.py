"""What a run leaves on disk. Nothing in here imports torch."""

from core.store.arrays import StoredArray
from core.store.log import ARRAYS, LOG, LogReader, RunLog, RunReader

__all__ = ["ARRAYS", "LOG", "LogReader", "RunLog", "RunReader", "StoredArray"]
