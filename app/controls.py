"""The widgets that choose a night, and what they come to.

Streamlit forgets the value of a widget that a slow browser has not shown yet, and starts it anew
at its default: so what each stands at is kept beside it, and is its default too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from app import text
from app.conditions import CONDITIONS
from app.settings import (
    DREAMERS,
    LATENT_DIMS,
    MAX_CYCLES,
    MAX_EPOCHS,
    MAX_IMAGES,
    MAX_LR,
    MIN_LR,
    SEEDS,
    SETTINGS,
    SHARE_STEP,
    Values,
    config_of,
    preset_values,
)
from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.schedule.config import RunConfig
from core.schedule.presets import PRESETS, matching

CUSTOM = "custom"
_PRESET, _COMPARE = "preset", "compare"
_KEPT = "controls"  # in the session's state


@dataclass(frozen=True)
class Chosen:
    """What the widgets say: a night, and the name of what it is to be compared with."""

    config: RunConfig
    compare: str


def started() -> bool:
    """Whether this session's widgets stand somewhere already."""
    return _KEPT in st.session_state


def start(values: Values, comparison: str) -> None:
    """Let the widgets stand at these."""
    st.session_state[_KEPT] = {**values, _COMPARE: comparison}


def current_values() -> Values:
    """Where the dials stand."""
    return {key: _value(key) for key in SETTINGS}


def comparison() -> str:
    """The name of what the night is to be compared with."""
    return str(_value(_COMPARE))


def _value(key: str) -> Any:
    return st.session_state.get(key, _kept()[key])


def _kept() -> dict[str, Any]:
    """Where each widget was seen last at what it may stand at."""
    kept: dict[str, Any] = st.session_state[_KEPT]
    return kept


def draw_controls() -> Chosen:
    """Draw the widgets; raises `ConfigError` when they hold what a night cannot be."""
    _kept().update({key: at for key, at in current_values().items() if SETTINGS[key].accepts(at)})
    if comparison() in CONDITIONS:
        _kept()[_COMPARE] = comparison()
    _preset()
    at = _kept()
    st.slider("Cycles", 1, MAX_CYCLES, at["num_cycles"], key="num_cycles", help=text.CYCLES)
    _share("REM at the start", "rem_start", text.REM_START)
    _share("REM at the end", "rem_end", text.REM_END)
    _labelled(st.radio, "Old memories, then new", SPLITS, "split", text.SPLIT)
    _labelled(st.selectbox, "Compare with", CONDITIONS, _COMPARE, text.COMPARE)
    with st.expander("More settings"):
        _more()
    return Chosen(config_of(current_values()), comparison())


def _preset() -> None:
    try:
        preset = matching(config_of(current_values()))
    except ValueError:  # which is told when all widgets are drawn
        preset = None
    name = preset.name if preset else CUSTOM
    options = [*PRESETS, CUSTOM]
    if st.session_state.get(_PRESET) != name:  # for what is set overrules a hand on the widget
        st.session_state[_PRESET] = name
    st.selectbox(
        "Preset",
        options,
        options.index(name),
        format_func=lambda name: PRESETS[name].label if name in PRESETS else "Your own",
        key=_PRESET,
        on_change=_take_preset,
        help=f"{text.PRESET} Source: {text.literal(preset.source)}." if preset else text.PRESET,
    )
    if preset is not None:
        st.caption(text.literal(preset.leaves_out))


def _take_preset() -> None:
    preset = PRESETS.get(st.session_state[_PRESET])
    if preset is not None:
        values = preset_values(preset)
        _kept().update(values)
        st.session_state.update(values)


def _more() -> None:
    at = _kept()
    _whole("Epochs of the night", MAX_EPOCHS, "total_eps", text.EPOCHS)
    _whole("Images in each stage", MAX_IMAGES, "num", text.IMAGES)
    st.segmented_control(
        "Seeds", SEEDS, default=at["seeds"], key="seeds", required=True, help=text.SEEDS
    )
    st.segmented_control(
        "Dreamer",
        list(DREAMERS),
        format_func=lambda name: text.DREAMERS[name],
        default=at["dreamer"],
        key="dreamer",
        required=True,
        help=text.DREAMER,
    )
    st.segmented_control(
        "Latent size",
        LATENT_DIMS,
        default=at["latent_dim"],
        key="latent_dim",
        required=True,
        help=text.LATENT,
    )
    st.number_input(
        "Learning rate",
        min_value=MIN_LR,
        max_value=MAX_LR,
        value=at["lr"],
        step=0.0005,
        format="%.4g",
        key="lr",
        required=True,
        help=text.LEARNING_RATE,
    )
    _labelled(st.radio, "Images from", SOURCES, "data", text.DATA)
    mask = _labelled(st.selectbox, "Hidden when recalling", MASKS, "mask", text.MASK)
    unused = not (mask in MASKS and MASKS[mask].takes_fraction)
    _share("Share hidden", "mask_fraction", text.MASK_SHARE, disabled=unused)


def _whole(label: str, most: int, key: str, help_: str) -> None:
    """A field for a whole number from 1 to ``most``."""
    st.number_input(label, 1, most, _kept()[key], key=key, required=True, help=help_)


def _share(label: str, key: str, help_: str, *, disabled: bool = False) -> None:
    """A slider for a share in percent."""
    st.slider(
        label,
        0.0,
        100.0,
        _kept()[key],
        step=SHARE_STEP,
        format="%g %%",
        key=key,
        disabled=disabled,
        help=help_,
    )


def _labelled(
    widget: Callable[..., str], label: str, registry: Mapping[str, Any], key: str, help_: str
) -> str:
    """A widget that chooses a name from a registry whose entries have labels."""
    return widget(
        label,
        options := list(registry),
        options.index(_kept()[key]),
        format_func=lambda name: registry[name].label,
        key=key,
        help=help_,
    )
