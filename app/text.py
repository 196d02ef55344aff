"""The sentences on the page: introduction, help, definitions of the measures."""

import re
from collections.abc import Sequence

from core.runs.measures import ERROR, RECALL_ACCURACY, RECALL_ERROR, Measure
from core.support.text import printable

TITLE = "Sleep Schedule Explorer"
LOOK = (
    "A network that has learned one set of digits, its **old memories**, learns a second set "
    "overnight, the **new memories**. The charts show how well it reconstructs and recalls both, "
    "with and without REM sleep."
)
TRY = "**Try:** set both REM sliders to 0 and press Run. Does the network keep its old memories?"
RECORDED = "A recorded run. Press Run to start a live one."
NO_RUN = "No run yet."
NO_SUCH_RUN = "There is no run at this address; it may have been deleted. Start a new one."
NO_SUCH_COMPARED_RUN = "The compared run does not exist; it may have been deleted."
CONTROLS_CHANGED = "The controls have changed since."
SAME_NIGHT = "That comparison is the same night, so only one runs."

OWN_RUN = "Everyone with the link can watch; only this browser and the host can stop it."
NO_COOKIES = "This browser stores no cookies: after a reload it counts as a new visitor."

NO_IMAGES = "This run has no images yet, or stored none."
NO_DREAMS = "No dreams yet: they are generated in REM stages."

STAGES = {"NREM": "trains on new memories (replay)", "REM": "trains on dreams"}

PRESET = "A schedule by name. Its numbers are ours, chosen to follow the source."
CYCLES = "Number of cycles in the night. Each cycle is an NREM stage followed by a REM stage."
REM_START = "REM fraction of the first cycle; the rest of the cycle is NREM."
REM_END = (
    "REM fraction of the last cycle. It changes linearly over the cycles in between. A night of "
    "one cycle uses the fraction at the start."
)
SPLIT = "The images that the network knows already, and those that it learns tonight."
COMPARE = "A second run with the same initial weights, seeds and images; only its schedule differs."
EPOCHS = (
    "Number of epochs, distributed over the cycles. An epoch is one pass over the images of a "
    "stage."
)
IMAGES = "Number of new images per NREM stage, and of dreams per REM stage."
SEEDS = "Number of repetitions, each with different random numbers. One seed has no error bars."
DREAMER = (
    "The network that generates the dreams: a copy frozen before the night, or the current one, "
    "which cannot dream of what it has forgotten."
)
LATENT = "Number of latent variables per image."
LEARNING_RATE = "Step size of the optimiser (Adam)."
DATA = "5,000 MNIST images are included; all 70,000 need a download or SLEEP_DATA_DIR."
MASK = "The pixels of a test image that are hidden (set to 0) before recall."
MASK_FRACTION = "Fraction of pixels hidden, for random pixels only."

HYPNOGRAM = (
    "A *hypnogram* shows the stages of a night over time. In **NREM** stages the network trains on "
    "real images of the new memories (replay). In **REM** stages it trains on dreams, images that "
    "it generates from what it knows. An *epoch* is one pass over the images of a stage. The "
    "*requested* REM fraction is the mean over the cycles; the *scheduled* one results from "
    "rounding to whole epochs."
)
KEPT = (
    "**Old memories kept.** (U − E) / (U − K), where E is the reconstruction error of the old "
    "memories, K the same error before the night, and U the error of the new memories before the "
    "night, when the network has not seen them. 100 %: reconstructed as well as before the night; "
    "0 %: no better than unseen images, or worse. Higher is better."
)
LEARNED = (
    "**New memories learned.** (U − E) / (U − K), where E is the reconstruction error of the new "
    "memories, U the same error before the night, and K the error of the old memories before the "
    "night. 0 %: nothing learned; 100 %: reconstructed as well as the old memories were before the "
    "night. Higher is better."
)
FORGOTTEN = (
    "**Old memories forgotten.** How far the reconstruction error of the old memories is above its "
    "lowest value so far in this night (usually the one before the night), as a share of U − K as "
    "in the other two scores. 0 %: never better than now; 100 % is the maximum. Lower is better. "
    "After Chaudhry et al. 2018, doi 10.1007/978-3-030-01252-6_33."
)


def definition(measure: Measure) -> str:
    """Return a measure's label and definition as Markdown."""
    return f"**{measure.label.capitalize()}.** {measure.definition}"


RECONSTRUCTION_ERROR = definition(ERROR)
RECALL = (
    "**Recall** reconstructs an image from a partial image.\n\n"
    f"{definition(RECALL_ACCURACY)} Random guesses reach about 5 % with inverted digits and 10 % "
    f"with digits 0-4 and 5-9.\n\n{definition(RECALL_ERROR)}"
)
LOSSES = (
    "**Training loss**, in nats per image, as a mean over each epoch. The **total** is the sum of "
    "**reconstruction** (binary cross-entropy over the pixels) and **KL** (divergence of the "
    "latent code from the normal distribution that dreams are sampled from). It refers to the "
    "images trained on: new memories in NREM, dreams in REM."
)
DREAMS = (
    "**Dream content.** The digit reader classifies each dream of a REM stage as **old** or "
    "**new** memories if it is at least 50 % sure, else as **neither**."
)
INTERVALS = (
    "**Seeds.** Several seeds are drawn as their mean, one thin line per seed, and a band: the "
    "95 % confidence interval of the mean (Student's t). One seed has no error bars: another seed "
    "could end differently."
)
WHEN_MEASURED = (
    "**When.** Before the night and after every stage, on test images that the network never "
    "trains on: on all of them before the night and at its end, else on a fixed subset of 500 per "
    "memory set. Measuring does not change the night. A processor with bfloat16 evaluates the "
    "network in it, which changes no measure by more than 0.5 %. A line in a chart has at most "
    "2,000 evenly spaced points; the tables contain all of them."
)
LEAVES_OUT = (
    "**What the model leaves out.** One small network models both hippocampus and neocortex. REM "
    "and NREM differ only in the images trained on. Nothing decays, replay is not selective, and "
    "two sets of digits are not a lifetime of memories. How well old memories are kept also "
    "depends on the initial weights."
)
PRESETS = (
    "**Presets.** Their numbers are ours, chosen to follow the sources; only the even night is a "
    "published setting of this simulation."
)
METHODS = (
    WHEN_MEASURED,
    RECONSTRUCTION_ERROR,
    RECALL,
    KEPT,
    LEARNED,
    FORGOTTEN,
    LOSSES,
    DREAMS,
    INTERVALS,
    LEAVES_OUT,
)


def who_can_control(by_visitors: Sequence[bool], *, shown: int, active: bool) -> str:
    """Return who can stop or resume the shown runs that this visitor did not start.

    Parameters
    ----------
    by_visitors : sequence of bool
        One flag per such run: True if another visitor started it, False if the host did.
    shown : int
        Number of runs on the page.
    active : bool
        Whether one of these runs is queued or running, so that it can be stopped.

    Returns
    -------
    str
        A sentence.
    """
    who = {
        frozenset({True}): "the browser that started it and the host",
        frozenset({False}): "the host",
    }.get(frozenset(by_visitors), "their owners")
    which = "the other run" if len(by_visitors) < shown else "it"
    return (
        f"Everyone with the link can watch; only {who} can {'stop' if active else 'resume'} "
        f"{which}."
    )


def literal(text: str) -> str:
    """Return ``text`` with Markdown and invisible characters escaped."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!$~:<>|&])", r"\\\1", printable(text))


def sentence(text: str) -> str:
    """Return ``text`` as `literal`, capitalised unless it starts with a name such as ``lr_2``."""
    first = text.split(" ", 1)[0]
    return literal(text[:1].upper() + text[1:] if first.isalpha() else text)
