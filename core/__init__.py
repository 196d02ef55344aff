"""Training core of Sleep Schedule Explorer.

Importing ``core`` is cheap: torch is imported only when the function below is first accessed.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.api import train_with_scheduler_multiple_seeds

__all__ = ["train_with_scheduler_multiple_seeds"]


def __getattr__(name: str) -> Any:
    if name == "train_with_scheduler_multiple_seeds":
        from core.api import train_with_scheduler_multiple_seeds

        return train_with_scheduler_multiple_seeds
    raise AttributeError(f"module 'core' has no attribute {name!r}")
