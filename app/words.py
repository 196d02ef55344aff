"""What the page says in sentences: what to look at, what to try, what a measure means."""

import re

LOOK = (
    "A network already knows one set of digits, its **old memories**; tonight it learns another, "
    "the **new memories**. See how well it can redraw both after every cycle of sleep."
)
TRY = (
    "**Try:** run this night, then set REM to 0 % at the start and at the end and run it again: "
    "without dreams, the old memories do not survive."
)
EMPTY = "The error on old and new memories is drawn here, cycle by cycle, once a night runs."
NO_RUN = "No night has run yet."
NO_SUCH_RUN = "There is no night at this address; it may have been cleared away. Run a new one."
MOVED = "The sliders have moved since."

ENGINE_STARTS = "the engine is starting"
ENGINE_CANNOT = "waiting for the engine"
ITS_TURN = "its turn has come"
GOES_ON = "it goes on from there by itself"
CAN_GO_ON = "it can be resumed"

STAGES = {
    "NREM": "new memories are replayed",
    "REM": "dreams of old memories are replayed",
}

BOTH_STAGES = "NREM sleep replays new memories; REM sleep replays dreams of old ones."
HYPNOGRAM = (
    "A *hypnogram* shows a night's stages over time. In **NREM** sleep the network trains on real "
    "images of the new memories; in **REM** sleep it trains on its own dreams, images that its "
    "memory of the old ones makes up. An *epoch* is one pass over a stage's images."
)

RECONSTRUCTION_ERROR = """
**Reconstruction error.** The network is shown a test image and redraws it from memory. The error is
the absolute difference between the two, summed over all 784 pixels, and its mean over the test
images: 0 is a perfect copy, 784 the worst there can be. **Lower is better.**

Measured before the night (cycle 0) and at the end of every cycle, on images that the network never
trains on: on all test images before the night and at its end, on a fixed part of them in between.
Measuring changes nothing in the night.

How well old memories survive also depends on the weights that the night starts from.
"""


def literal(text: str) -> str:
    """``text`` without any meaning as Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!$~:<>|])", r"\\\1", text)


def sentence(text: str) -> str:
    """``text`` as `literal`, with a capital at the start unless a name is there, as ``lr_2``."""
    first = text.split(" ", 1)[0]
    return literal(text[:1].upper() + text[1:] if first.isalpha() else text)
