"""The training core of Sleep Schedule Explorer.

Importing ``core`` is light: torch comes only with the function below, when it is first asked for.
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
