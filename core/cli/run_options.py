"""Options for the settings of a run: one per field of `RunConfig`, with the same default."""

import argparse
from collections.abc import Iterable, Mapping
from typing import Any

from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.schedule.config import DEVICES, ROUNDINGS, RunConfig
from core.schedule.presets import PRESETS
from core.support.validation import lookup

# Option groups with the help text of each setting. "split" and "preset" only mark positions: the
# split has two options, and a preset is not a setting but sets several.
_GROUPS: Mapping[str, Mapping[str, str]] = {
    "the night": {
        "preset": "",
        "total_eps": "total number of epochs",
        "num_cycles": "number of cycles",
        "start_fraction_rem": "REM fraction of the first cycle, 0 to 1",
        "end_fraction_rem": "REM fraction of the last cycle, 0 to 1",
        "rounding": "; ".join(f"{name}: {meaning}" for name, meaning in ROUNDINGS.items()),
        "continue_training": "generate dreams with the current model (current dreamer), not with "
        "the model from before the night (frozen dreamer)",
    },
    "the memories": {
        "split": "",
        "data": "; ".join(f"{source.name}: {source.label}" for source in SOURCES.values()),
        "num": "images per stage: replay in NREM, dreams in REM",
    },
    "the model and its training": {
        "latent_dim": "size of the latent space",
        "use_initial_weights": "start from existing pre-trained weights; if off, pre-train "
        "new ones first",
        "weights": "start from the weights in this file",
        "pretrain_seed": "seed of pre-training, if weights are pre-trained",
        "lr": "learning rate of Adam",
        "batch_size": "images per gradient step",
        "seeds": "random seeds; the night runs once per seed",
    },
    "the measurements": {
        "mask": "which pixels of the test images are hidden to test recall",
        "mask_fraction": "share of pixels that the random mask hides, 0 to 1",
        "full_evaluation": "use all test images in every measurement, not only in the first and "
        "the last",
    },
    "the machine": {
        "device": "; ".join(f"{name}: {meaning}" for name, meaning in DEVICES.items()),
    },
}
_CHOICES: Mapping[str, Iterable[str]] = {
    "rounding": ROUNDINGS,
    "data": SOURCES,
    "mask": MASKS,
    "device": DEVICES,
}


def add_settings(parser: argparse.ArgumentParser) -> Any:
    """Add an option for every setting; return the argument group "the machine"."""
    default = RunConfig()
    parser.set_defaults(given=frozenset())
    for title, settings in _GROUPS.items():
        group = parser.add_argument_group(title)
        for name, meaning in settings.items():
            if name == "split":
                add_split(group)
            elif name == "preset":
                _add_preset(group)
            else:
                _add(group, name, meaning, getattr(default, name))
    return group


def preset_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings of ``--preset``, without those that have an explicit option.

    Raises `ConfigError` for an unknown preset.
    """
    if options.preset is None:
        return {}
    settings = lookup("preset", options.preset, PRESETS).settings()
    return {name: value for name, value in settings.items() if name not in options.given}


def add_split(parser: Any) -> None:
    """Add both options that choose the split; see `core.schedule.config.chosen_split`."""
    parser.add_argument(
        "--inverted",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help="new memories are the old ones with inverted pixels (the default); if off, old "
        "memories are digits 0-4 and new ones digits 5-9",
    )
    parser.add_argument(
        "--split",
        metavar=_names(SPLITS),
        default=argparse.SUPPRESS,
        help="the same choice by name: "
        + "; ".join(f"{split.name}: {split.label}" for split in SPLITS.values()),
    )


def add_data(parser: argparse.ArgumentParser, default: str) -> None:
    """Add ``--data``, the source of the training images."""
    _add(parser, "data", "source of the training images", default)


def parse_number(text: str) -> int | float | str:
    """Return ``text`` as a number if it is one, else unchanged for `RunConfig` to reject."""
    for number_type in (int, float):
        try:
            return number_type(text)
        except ValueError:
            pass
    return text


class _RecordGiven(argparse.Action):
    """Store the value and record that the option was given, even if with the default value."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, values)
        namespace.given |= {self.dest}


def _add_preset(parser: Any) -> None:
    parser.add_argument(
        "--preset",
        metavar=_names(PRESETS),
        help="a named schedule; explicit options for epochs, cycles and REM fractions override it",
    )


def _add(parser: Any, name: str, meaning: str, default: Any) -> None:
    keywords: dict[str, Any]
    if isinstance(default, bool):
        keywords = {"action": argparse.BooleanOptionalAction}
    elif isinstance(default, tuple):
        keywords, default = {"type": parse_number, "nargs": "*"}, list(default)
    elif default is None:
        keywords = {"metavar": "FILE"}
    elif isinstance(default, str):
        keywords = {"metavar": _names(_CHOICES[name])}
    else:
        keywords = {"type": parse_number, "action": _RecordGiven}
    option = "--" + name.replace("_", "-")
    parser.add_argument(option, default=default, help=meaning, **keywords)


def _names(registry: Iterable[str]) -> str:
    return "{" + ",".join(registry) + "}"
