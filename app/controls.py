"""The widgets that choose a night, and the `RunConfig` that they come to."""

import streamlit as st

from core.config import RunConfig
from core.data.splits import SPLITS
from core.errors import ConfigError

MAX_CYCLES = 30


def begin_with(config: RunConfig | None) -> None:
    """Set the widgets once a session: to the run in the address, else to the defaults."""
    if "num_cycles" in st.session_state:
        return
    for key, value in _widgets(config or RunConfig()).items():
        st.session_state[key] = value


def alike(one: RunConfig, other: RunConfig) -> bool:
    """Whether the widgets show both the same; a run of the command line has more settings."""
    return _widgets(one) == _widgets(other)


def _widgets(config: RunConfig) -> dict[str, int | str]:
    """What each widget shows for ``config``, by the widget's key."""
    return {
        "num_cycles": min(config.num_cycles, MAX_CYCLES),
        "rem_start": round(100 * config.start_fraction_rem),
        "rem_end": round(100 * config.end_fraction_rem),
        "split": config.split,
    }


def draw() -> RunConfig:
    """Draw the widgets; raises `ConfigError` when they hold what a night cannot be."""
    cycles = st.slider(
        "Cycles",
        min_value=1,
        max_value=MAX_CYCLES,
        key="num_cycles",
        help="How many times the night goes through NREM and then REM sleep.",
    )
    rem_start = st.slider(
        "REM at the start",
        min_value=0,
        max_value=100,
        format="%d %%",
        key="rem_start",
        help="The REM share of the first cycle; the rest of it is NREM.",
    )
    rem_end = st.slider(
        "REM at the end",
        min_value=0,
        max_value=100,
        format="%d %%",
        key="rem_end",
        help="The REM share of the last cycle; those between lie on a straight line. "
        "A night of one cycle has the share at the start.",
    )
    split = st.radio(
        "Old memories, then new",
        list(SPLITS),
        format_func=lambda name: SPLITS[name].label,
        key="split",
        help="Which images are the old memories, and which are learned tonight.",
    )
    # A browser keeps to the bounds; what else may talk to the server need not.
    if not 1 <= cycles <= MAX_CYCLES:
        raise ConfigError(f"num_cycles is {cycles}; choose from 1 to {MAX_CYCLES}.")
    return RunConfig(
        num_cycles=cycles,
        start_fraction_rem=rem_start / 100,
        end_fraction_rem=rem_end / 100,
        split=split,
    )
