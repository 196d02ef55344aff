"""What a run leaves on disk. Nothing in here imports torch."""

from core.store.codec import StoredArray
from core.store.log import ARRAYS, LOG, RunLog, RunReader

__all__ = ["ARRAYS", "LOG", "RunLog", "RunReader", "StoredArray"]
