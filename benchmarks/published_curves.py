"""Compare error curves with the published ones: ``python -m benchmarks.published_curves``.

Needs full MNIST. Prints how many cycles of each setting are within tolerance, and writes the
figure ``docs/published_curves.png``. The slow test of the published curves runs the same
comparison.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from core.runs.report import NEW, OLD
from core.support.environment import PROJECT
from tools.published_curves import REFERENCE, Comparison, compare_all


def figure(comparisons: list[Comparison]) -> Figure:
    """Return a figure with one panel per setting.

    Lines are measured errors, bands are the published mean and two standard deviations.
    """
    settings = list(dict.fromkeys(comparison.setting for comparison in comparisons))
    picture = Figure(figsize=(5 * len(settings), 3.8), layout="constrained", dpi=110)
    panels = picture.subplots(1, len(settings), sharey=True, squeeze=False)[0]
    for axes, setting in zip(panels, settings, strict=True):
        for comparison in comparisons:
            if comparison.setting == setting:
                _draw(axes, comparison)
        axes.set_title(setting.replace("cycles=", "cycles ").replace(" rem=", ", REM fraction "))
        axes.set_xlabel("Cycle (0 = before the night)")
        axes.set_ylim(bottom=0)
        axes.legend(fontsize="x-small")
    picture.axes[0].set_ylabel("Reconstruction error\n(sum over 784 pixels, mean of 3 seeds)")
    return picture


def _draw(axes: Axes, comparison: Comparison) -> None:
    color, name = ((OLD, "old"), (NEW, "new"))[comparison.dataset - 1]
    cycles = np.arange(len(comparison.published_mean))
    axes.fill_between(
        cycles,
        comparison.published_mean - 2 * comparison.published_sd,
        comparison.published_mean + 2 * comparison.published_sd,
        color=color,
        alpha=0.2,
        label=f"{name} memories, published ± 2 sd",
    )
    axes.plot(cycles, comparison.published_mean, "--", color=color, linewidth=1)
    axes.plot(
        cycles,
        comparison.raw_mean,
        "o-",
        color=color,
        markersize=4,
        label=f"{name} memories, measured",
    )


def main() -> None:
    """Compare all settings, print the curves and write the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--reference", type=Path, default=REFERENCE, help="JSON with the published curves"
    )
    parser.add_argument("--weights", help="start from the weights in this file")
    parser.add_argument(
        "--png",
        type=Path,
        default=PROJECT / "docs" / "published_curves.png",
        help="file for the figure",
    )
    options = parser.parse_args()
    comparisons = compare_all(options.reference, options.weights)
    for comparison in comparisons:
        within = comparison.within
        print(
            f"{comparison.setting}, dataset {comparison.dataset}: {within.sum()} of {len(within)} "
            "cycles within tolerance"
        )
        for name in ("raw_mean", "scaled_mean", "scaled_sd", "published_mean", "published_sd"):
            values = " ".join(f"{value:6.1f}" for value in getattr(comparison, name))
            print(f"  {name:14} {values}")
    options.png.parent.mkdir(exist_ok=True)
    figure(comparisons).savefig(options.png)
    print(options.png)


if __name__ == "__main__":
    main()
