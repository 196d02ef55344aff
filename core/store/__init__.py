"""What a run leaves on disk. Nothing in here imports torch."""

from core.store.codec import StoredArray
from core.store.log import LOG, RunLog, RunReader

__all__ = ["LOG", "RunLog", "RunReader", "StoredArray"]
