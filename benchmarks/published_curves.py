"""Our nights over the published curves: ``python -m benchmarks.published_curves``.

Needs full MNIST. Prints, for each setting, how many cycles lie within tolerance, and draws
``docs/published_curves.png``. The slow test of the published curves uses the same comparison.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from core.runs.report import NEW, OLD
from core.support.environment import PROJECT
from tools.published_curves import REFERENCE, Comparison, compare_all


def figure(comparisons: list[Comparison]) -> Figure:
    """Ours (lines) over the published (bands of two standard deviations), one panel a setting."""
    settings = list(dict.fromkeys(comparison.setting for comparison in comparisons))
    picture = Figure(figsize=(5 * len(settings), 3.8), layout="constrained", dpi=110)
    for axes, setting in zip(
        picture.subplots(1, len(settings), sharey=True, squeeze=False)[0], settings, strict=True
    ):
        for c in (c for c in comparisons if c.setting == setting):
            colour, name = ((OLD, "old"), (NEW, "new"))[c.dataset - 1]
            cycles = np.arange(len(c.published_mean))
            axes.fill_between(
                cycles,
                c.published_mean - 2 * c.published_sd,
                c.published_mean + 2 * c.published_sd,
                color=colour,
                alpha=0.2,
                label=f"{name} memories, published ± 2 sd",
            )
            axes.plot(cycles, c.published_mean, "--", color=colour, linewidth=1)
            axes.plot(cycles, c.raw_mean, "o-", color=colour, markersize=4, label=f"{name}, ours")
        axes.set_title(setting.replace("cycles=", "cycles ").replace(" rem=", ", REM share "))
        axes.set_xlabel("Cycle (0 = before the night)")
        axes.set_ylim(bottom=0)
        axes.legend(fontsize="x-small")
    picture.axes[0].set_ylabel("Reconstruction error\n(sum over 784 pixels, mean of 3 seeds)")
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, default=REFERENCE, help="published curves, JSON")
    parser.add_argument("--weights", help="start from this file instead of the cached weights")
    parser.add_argument("--png", type=Path, default=PROJECT / "docs" / "published_curves.png")
    options = parser.parse_args()
    comparisons = compare_all(options.reference, options.weights)
    for c in comparisons:
        print(f"{c.setting}, dataset {c.dataset}: {c.within.sum()} of {len(c.within)} within")
        for name in ("raw_mean", "scaled_mean", "scaled_sd", "published_mean", "published_sd"):
            print(f"  {name:14} " + " ".join(f"{value:6.1f}" for value in getattr(c, name)))
    options.png.parent.mkdir(exist_ok=True)
    figure(comparisons).savefig(options.png)
    print(options.png)


if __name__ == "__main__":
    main()
