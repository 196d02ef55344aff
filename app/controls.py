"""The widgets that select a run, and the values that they hold.

Streamlit forgets the value of a widget that a slow browser has not shown yet and resets it to its
default. Each value is therefore also stored in the session, and is the widget's default.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app import text
from app.conditions import CONDITIONS
from app.settings import (
    LATENT_DIMS,
    MAX_CYCLES,
    MAX_EPOCHS,
    MAX_IMAGES,
    MAX_LR,
    MIN_LR,
    PERCENT_STEP,
    SEEDS,
    SETTINGS,
    Values,
    config_of,
    preset_values,
)
from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.schedule.config import DREAMERS, RunConfig
from core.schedule.presets import PRESETS, matching_preset

CUSTOM = "custom"
_PRESET, _COMPARE = "preset", "compare"
_STORED = "controls"  # in the session's state


@dataclass(frozen=True)
class Selection:
    """The run that the widgets select, and the name of the condition to compare it with."""

    config: RunConfig
    condition: str


def initialised() -> bool:
    """Return whether this session's widgets have values."""
    return _STORED in st.session_state


def initialise(values: Values, condition: str) -> None:
    """Set the widgets of a new session to ``values`` and the name of a condition."""
    st.session_state[_STORED] = {**values, _COMPARE: condition}


def current_values() -> Values:
    """Return the value of every setting."""
    return {key: _value(key) for key in SETTINGS}


def current_condition() -> str:
    """Return the name of the condition to compare with."""
    return str(_value(_COMPARE))


def _value(key: str) -> Any:
    return st.session_state.get(key, _stored()[key])


def _stored() -> dict[str, Any]:
    """The last valid value of each widget."""
    stored: dict[str, Any] = st.session_state[_STORED]
    return stored


def draw_controls() -> Selection:
    """Draw the widgets; raise `ConfigError` if their values are no valid config."""
    values = current_values()
    _stored().update({key: value for key, value in values.items() if SETTINGS[key].accepts(value)})
    if current_condition() in CONDITIONS:
        _stored()[_COMPARE] = current_condition()
    _draw_preset()
    cycles = _stored()["num_cycles"]
    st.slider("Cycles", 1, MAX_CYCLES, cycles, key="num_cycles", help=text.CYCLES)
    _percent_slider("REM at the start", "rem_start", text.REM_START)
    _percent_slider("REM at the end", "rem_end", text.REM_END)
    _labelled(st.radio, "Memory sets (old → new)", SPLITS, "split", text.SPLIT)
    _labelled(st.selectbox, "Compare with", CONDITIONS, _COMPARE, text.COMPARE)
    with st.expander("More settings"):
        _draw_more_settings()
    return Selection(config_of(current_values()), current_condition())


def _draw_preset() -> None:
    try:
        preset = matching_preset(config_of(current_values()))
    except ValueError:  # `draw_controls` raises it once all widgets are drawn
        preset = None
    name = preset.name if preset else CUSTOM
    options = [*PRESETS, CUSTOM]
    if st.session_state.get(_PRESET) != name:  # setting it always would undo the visitor's choice
        st.session_state[_PRESET] = name
    st.selectbox(
        "Preset",
        options,
        options.index(name),
        format_func=lambda name: PRESETS[name].label if name in PRESETS else "Custom",
        key=_PRESET,
        on_change=_apply_preset,
        help=f"{text.PRESET} Source: {text.literal(preset.source)}." if preset else text.PRESET,
    )
    if preset is not None:
        st.caption(text.literal(preset.leaves_out))


def _apply_preset() -> None:
    preset = PRESETS.get(st.session_state[_PRESET])
    if preset is not None:
        values = preset_values(preset)
        _stored().update(values)
        st.session_state.update(values)


def _draw_more_settings() -> None:
    stored = _stored()
    _number_field("Epochs per night", MAX_EPOCHS, "total_eps", text.EPOCHS)
    _number_field("Images per stage", MAX_IMAGES, "num", text.IMAGES)
    st.segmented_control(
        "Seeds", SEEDS, default=stored["seeds"], key="seeds", required=True, help=text.SEEDS
    )
    st.radio(
        "Dream generator",
        dreamers := list(DREAMERS),
        dreamers.index(stored["dreamer"]),
        format_func=lambda name: DREAMERS[name].label,
        key="dreamer",
        help=text.DREAMER,
    )
    st.segmented_control(
        "Latent size",
        LATENT_DIMS,
        default=stored["latent_dim"],
        key="latent_dim",
        required=True,
        help=text.LATENT,
    )
    st.number_input(
        "Learning rate",
        min_value=MIN_LR,
        max_value=MAX_LR,
        value=stored["lr"],
        step=0.0005,
        format="%.4g",
        key="lr",
        required=True,
        help=text.LEARNING_RATE,
    )
    _labelled(st.radio, "Image source", SOURCES, "data", text.DATA)
    mask = _labelled(st.selectbox, "Hidden part", MASKS, "mask", text.MASK)
    unused = not (mask in MASKS and MASKS[mask].takes_fraction)
    _percent_slider("Hidden fraction", "mask_fraction", text.MASK_FRACTION, disabled=unused)


def _number_field(label: str, maximum: int, key: str, help_: str) -> None:
    """A field for an integer from 1 to ``maximum``."""
    st.number_input(label, 1, maximum, _stored()[key], key=key, required=True, help=help_)


def _percent_slider(label: str, key: str, help_: str, *, disabled: bool = False) -> None:
    st.slider(
        label,
        0.0,
        100.0,
        _stored()[key],
        step=PERCENT_STEP,
        format="%g %%",
        key=key,
        disabled=disabled,
        help=help_,
    )


def _labelled(
    widget: Callable[..., str], label: str, registry: Mapping[str, Any], key: str, help_: str
) -> str:
    """A widget that selects a name from a registry whose entries have labels."""
    return widget(
        label,
        options := list(registry),
        options.index(_stored()[key]),
        format_func=lambda name: registry[name].label,
        key=key,
        help=help_,
    )
