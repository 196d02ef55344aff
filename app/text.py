"""What the page says in sentences: what to look at, what to try, what a measure means."""

import re
from collections.abc import Sequence

from core.support.text import printable

TITLE = "Sleep Schedule Explorer"
LOOK = (
    "A network that knows one set of digits, its **old memories**, learns another tonight, the "
    "**new memories**: the lines tell how well it redraws both, with REM sleep and without."
)
TRY = "**Try:** drag both REM sliders to 0 and press Run: without dreams, do the old memories live?"
RECORDED = "A recorded example: press Run to sleep a night of your own, live."
NO_RUN = "No night has run yet."
NO_SUCH_RUN = "There is no night at this address; it may have been cleared away. Run a new one."
NO_SUCH_BESIDE = "The night beside this one is gone; it may have been cleared away."
MOVED = "The controls have moved since."
SAME_NIGHT = "There is nothing to set beside it: the compared night would be the same one."

OWN_RUN = "Everybody with the link can watch; only this browser and the host can stop it."
NO_COOKIES = "This browser keeps no cookies: after a reload this page takes it for another one."

NO_PICTURES = "This run kept no pictures, or has not made any yet."
NO_DREAMS = "No dreams yet: they come with REM sleep."

STAGES = {
    "NREM": "new memories are replayed",
    "REM": "dreams of old memories are replayed",
}
DREAMERS = {"frozen": "as before the night", "current": "as it is now"}

PRESET = "Schedules by name; their numbers are ours, chosen after a source."
CYCLES = "How many times the night goes through NREM and then REM sleep."
REM_START = "The REM share of the first cycle; the rest of it is NREM."
REM_END = (
    "The REM share of the last cycle; those between lie on a straight line. A night of one cycle "
    "has the share at the start."
)
SPLIT = "Which images are the old memories, and which are learned tonight."
COMPARE = (
    "A second night that is slept beside yours, from the same weights, with the same seeds and "
    "images; only its schedule is another."
)
EPOCHS = "An epoch is one pass over a stage's images; they are shared out over the cycles."
IMAGES = (
    "How many new images each NREM stage replays, and how many dreams each REM stage trains on."
)
SEEDS = "How often the night is slept with other random numbers. One seed shows no spread."
DREAMER = (
    "Who makes the dreams: the network as it was before the night, or as it is now. What has been "
    "forgotten cannot be dreamt of."
)
LATENT = "How many numbers the network has to describe an image."
LEARNING_RATE = "How far each gradient step goes (Adam)."
DATA = "The program carries 5,000 images of MNIST; all 70,000 need a download or SLEEP_DATA_DIR."
MASK = "Which pixels of a test image are hidden (set to 0) when it is to be recalled from the rest."
MASK_SHARE = "How many pixels are hidden, where that can be chosen."

HYPNOGRAM = (
    "A *hypnogram* shows a night's stages over time. In **NREM** sleep the network trains on real "
    "images of the new memories; in **REM** sleep it trains on its own dreams, images that its "
    "memory of the old ones makes up. An *epoch* is one pass over a stage's images."
)
KEPT = (
    "**Old memories kept.** From the reconstruction error E of old images: (U − E) / (U − K), "
    "where K is that error before the night, and U the error before the night of images that the "
    "network has never seen, the new ones. 100 %: redraws them as well as before; 0 %: no better "
    "than unseen images, or worse. Higher is better."
)
LEARNED = (
    "**New memories learned.** From the reconstruction error E of new images: (U − E) / (U − K), "
    "where U is that error before the night, and K the error before the night of the old "
    "memories, which the network knows. 0 %: nothing learned; 100 %: redraws them as well as it "
    "redrew the old ones before the night. Higher is better."
)
FORGOTTEN = (
    "**Forgotten.** How far the error of old images is above its best so far in this night (the "
    "best is mostly before the night), as a share of U − K as in the other two. 0 %: never better "
    "than now; 100 % at most. Lower is better. After Chaudhry et al. 2018, "
    "doi 10.1007/978-3-030-01252-6_33."
)
RECONSTRUCTION_ERROR = (
    "**Reconstruction error.** The network is shown a test image and redraws it from memory. The "
    "error is the absolute difference between the two, summed over all 784 pixels, and its mean "
    "over the test images: 0 is a perfect copy, 784 the worst there can be. Lower is better. It "
    "is the measure of the published simulation."
)
RECALL = (
    "**Recall** is redrawing an image from a part of it: hidden pixels are set to 0, the same ones "
    "in every cycle and night. **Recall error** is the reconstruction error of that drawing. "
    "**Recall accuracy** is the share of these drawings that a digit reader, a small fixed "
    "network, names with the right digit in the right style; by chance that is about 5 % for "
    "inverted digits and 10 % for the others. Higher is better."
)
LOSSES = (
    "**Losses** are what training minimises, in nats an image, as means over each epoch: "
    "**reconstruction** (binary cross-entropy over the pixels) plus **KL** (how far the latent "
    "code is from the normal distribution that dreams are drawn from) is the **total**. They are "
    "of the images trained on: new ones in NREM, dreams in REM."
)
DREAMS = (
    "**Dream content.** The digit reader looks at each dream of a REM stage. Where it is at least "
    "50 % sure, the dream is of the **old** or the **new** memories, else of **neither**."
)
INTERVALS = (
    "**Several seeds** are drawn as their mean, a thin line each, and a band: the 95 % confidence "
    "interval of the mean (Student's t). One seed shows no spread: another could end elsewhere."
)
WHEN_MEASURED = (
    "**When.** Before the night and after every stage, on images that the network never trains "
    "on: on all test images before the night and at its end, on a fixed 500 of each kind in "
    "between. Measuring changes nothing in the night. Where the processor has bfloat16 the network "
    "redraws in it, which moves no measure by more than 0.5 %. A line in a chart has at most 2,000 "
    "points, evenly spaced; the tables have all."
)
LEAVES_OUT = (
    "**What the model leaves out.** One small network stands for hippocampus and neocortex both; "
    "REM and NREM differ only in what is trained on; nothing decays, nothing is selected for "
    "replay, and two sets of digits are not a lifetime. How well old memories survive also "
    "depends on the weights that the night starts from."
)
PRESETS = (
    "**Presets.** Their numbers are ours, chosen after the sources; only the even night is a "
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


def not_own(by_visitors: Sequence[bool], *, of: int, active: bool) -> str:
    """Who may stop or resume those ``of`` the runs shown that this visitor did not start.

    ``by_visitors`` has a flag for each: true for another visitor's run, false for the host's.
    ``active``: one of them waits or runs, so that it can be stopped.
    """
    who = {
        frozenset({True}): "the browser that started it and the host",
        frozenset({False}): "the host",
    }.get(frozenset(by_visitors), "their owners")
    which = "the other run" if len(by_visitors) < of else "it"
    return (
        f"Everybody with the link can watch; only {who} can {'stop' if active else 'resume'} "
        f"{which}."
    )


def literal(text: str) -> str:
    """``text`` without any meaning as Markdown, and without characters that are not seen."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!$~:<>|&])", r"\\\1", printable(text))


def sentence(text: str) -> str:
    """``text`` as `literal`, with a capital at the start unless a name is there, as ``lr_2``."""
    first = text.split(" ", 1)[0]
    return literal(text[:1].upper() + text[1:] if first.isalpha() else text)
