"""A night's settings as options, one for each field of `RunConfig` and with its default."""

import argparse
from collections.abc import Iterable, Mapping
from typing import Any

from core.data.masks import MASKS
from core.data.sources import SOURCES
from core.data.splits import SPLITS
from core.schedule.config import DEVICES, ROUNDINGS, RunConfig
from core.schedule.presets import PRESETS
from core.support.validation import lookup

# What is said of each; the place of "split" is that of the two options which choose it, and
# "preset" is no setting itself but sets several.
_GROUPS: Mapping[str, Mapping[str, str]] = {
    "the night": {
        "preset": "",
        "total_eps": "epochs of the night",
        "num_cycles": "cycles of the night",
        "start_fraction_rem": "REM share of the first cycle, 0 to 1",
        "end_fraction_rem": "REM share of the last cycle, 0 to 1",
        "rounding": "; ".join(f"{name} {what}" for name, what in ROUNDINGS.items()),
        "continue_training": "the model as it is now dreams, not the one before the night",
    },
    "the memories": {
        "split": "",
        "data": "; ".join(f"{source.name}: {source.label}" for source in SOURCES.values()),
        "num": "images replayed or dreamt in a stage",
    },
    "the model and its training": {
        "latent_dim": "size of the latent space",
        "use_initial_weights": "start from the weights at hand; without, pre-train new ones first",
        "weights": "start from the weights in this file",
        "pretrain_seed": "seed of pre-training, where it is needed",
        "lr": "Adam's learning rate",
        "batch_size": "images a gradient step",
        "seeds": "one night is slept for each",
    },
    "what is measured": {
        "mask": "which part of an image is hidden when recall is tested",
        "mask_fraction": "share of pixels that the random mask hides, 0 to 1",
        "full_evaluation": "use every test image at every measure, not only the first and last",
    },
    "the machine": {
        "device": "; ".join(f"{name}: {what}" for name, what in DEVICES.items()),
    },
}
_CHOICES: Mapping[str, Iterable[str]] = {
    "rounding": ROUNDINGS,
    "data": SOURCES,
    "mask": MASKS,
    "device": DEVICES,
}


def add_night(parser: argparse.ArgumentParser) -> Any:
    """Add all of a night's settings; gives the group of the machine's, for more of them."""
    default = RunConfig()
    parser.set_defaults(given=frozenset())
    for title, settings in _GROUPS.items():
        group = parser.add_argument_group(title)
        for name, what in settings.items():
            if name == "split":
                add_split(group)
            elif name == "preset":
                _add_preset(group)
            else:
                _add(group, name, what, getattr(default, name))
    return group


def from_preset(options: argparse.Namespace) -> dict[str, Any]:
    """The settings of ``--preset``, without those that were given beside it, which win.

    Raises `ConfigError` for a name that is no preset's.
    """
    if options.preset is None:
        return {}
    settings = lookup("preset", options.preset, PRESETS).settings()
    return {name: value for name, value in settings.items() if name not in options.given}


def add_split(parser: Any) -> None:
    """Add both ways to choose the split; see `core.schedule.config.chosen_split`."""
    parser.add_argument(
        "--inverted",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help="dataset 2 is dataset 1 inverted (the default); without, digits 5-9 after 0-4",
    )
    parser.add_argument(
        "--split",
        metavar=_names(SPLITS),
        default=argparse.SUPPRESS,
        help="the same by name: " + "; ".join(f"{s.name}: {s.label}" for s in SPLITS.values()),
    )


def add_data(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the source of what is trained outside a night."""
    _add(parser, "data", "where the training images come from", default)


def number(text: str) -> int | float | str:
    """The number that ``text`` says, or ``text`` itself, which the config then complains about."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


class _Given(argparse.Action):
    """Stores the value and that it was given, which its being the default does not tell."""

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
        help="a night by name; epochs, cycles and REM shares that are given beside it win",
    )


def _add(parser: Any, name: str, what: str, default: Any) -> None:
    kind: dict[str, Any]
    if isinstance(default, bool):
        kind = {"action": argparse.BooleanOptionalAction}
    elif isinstance(default, tuple):
        kind, default = {"type": number, "nargs": "*"}, list(default)
    elif default is None:
        kind = {"metavar": "FILE"}
    elif isinstance(default, str):
        kind = {"metavar": _names(_CHOICES[name])}
    else:
        kind = {"type": number, "action": _Given}
    parser.add_argument("--" + name.replace("_", "-"), default=default, help=what, **kind)


def _names(registry: Iterable[str]) -> str:
    return "{" + ",".join(registry) + "}"
