"""The registry of measures, and the two kinds of memories that are measured.

Results, tables, exports, charts and checks take a measure's name, label, unit, direction, bounds,
format and definition from here.
"""

from dataclasses import dataclass
from enum import StrEnum

from core.runs.events import Scores, StageEvaluated

_PIXELS = 784  # 28 x 28


class Memory(StrEnum):
    """The two kinds of memories: old (remote, dataset 1) and new (recent, dataset 2)."""

    OLD = "old"
    NEW = "new"

    @property
    def field(self) -> str:
        """The name of this dataset in events and results: "dataset_1" or "dataset_2"."""
        return f"dataset_{self.number}"

    @property
    def number(self) -> int:
        """The number of this dataset: 1 for old memories, 2 for new memories."""
        return 1 if self is Memory.OLD else 2

    def scores(self, evaluated: StageEvaluated) -> Scores:
        """Return the scores of these memories in an evaluation."""
        return evaluated.dataset_1 if self is Memory.OLD else evaluated.dataset_2


@dataclass(frozen=True)
class Measure:
    """One measure of a model on the test images of one dataset.

    Attributes
    ----------
    key : str
        Name in `Scores`, results, tables and exports.
    label : str
        Name in charts and on the page, in lower case.
    unit : str
        Unit of a value, as an axis or a column header shows it.
    higher_is_better : bool
        Direction: True for an accuracy, False for an error.
    maximum : float
        Largest possible value; the smallest is 0.
    as_percent : bool
        Whether a value is a share that is shown in percent.
    definition : str
        One or two sentences that define the measure.
    """

    key: str
    label: str
    unit: str
    higher_is_better: bool
    maximum: float
    as_percent: bool
    definition: str

    def values(self, scores: Scores) -> tuple[float, ...]:
        """Return the measure's values in ``scores``, one per seed."""
        values: tuple[float, ...] = getattr(scores, self.key)
        return values

    def format(self, value: float) -> str:
        """Return ``value`` as text with one decimal; a share in percent."""
        return f"{100 * value:.1f} %" if self.as_percent else f"{value:.1f}"

    def format_width(self, half_width: float) -> str:
        """Return the half-width of a confidence interval as text, like `format` without " %"."""
        return f"{100 * half_width if self.as_percent else half_width:.1f}"


ERROR = Measure(
    "error",
    "reconstruction error",
    "sum over 784 pixels",
    higher_is_better=False,
    maximum=_PIXELS,
    as_percent=False,
    definition="The network encodes a test image and decodes it from the latent mean. The error is "
    "the absolute difference between the two images, summed over all 784 pixels and averaged over "
    "the test images: 0 is a perfect copy, 784 is the maximum. Lower is better. The reference "
    "simulation reports this measure.",
)
RECALL_ERROR = Measure(
    "recall_error",
    "recall error",
    "sum over 784 pixels",
    higher_is_better=False,
    maximum=_PIXELS,
    as_percent=False,
    definition="The network encodes a partial image, whose hidden pixels are set to 0, and decodes "
    "it. The error is the absolute difference from the full image, summed over all 784 pixels and "
    "averaged over the test images. The same pixels are hidden in every cycle and run. Lower is "
    "better.",
)
RECALL_ACCURACY = Measure(
    "recall_accuracy",
    "recall accuracy",
    "share of test images",
    higher_is_better=True,
    maximum=1,
    as_percent=True,
    definition="The share of test images whose recall from a partial image the digit reader, a "
    "small fixed classifier, names with the right digit in the right style. Higher is better.",
)

MEASURES = {measure.key: measure for measure in (ERROR, RECALL_ERROR, RECALL_ACCURACY)}
