"""What the engine tells: whether it is ready, who is asleep, and when the others' turn is."""

from dataclasses import asdict, dataclass

from core.checks import positive
from core.engine.places import engine_dir, engine_lock, engine_state
from core.files import make_folders, read_json, write_json
from core.store.locks import held


@dataclass(frozen=True)
class Place:
    """A waiting run's turn: ``position`` 1 is next; ``wait_s`` is None where nobody can tell."""

    position: int
    wait_s: float | None


@dataclass(frozen=True)
class EngineState:
    """``ready``: it takes nights. ``problem``: the sentence for why it cannot. ``pace``: how much
    slower than the reference machine nights are here (see `pace`)."""

    ready: bool = False
    workers: int = 0
    scheduler: str = ""
    pid: int = 0
    pace: float = 1.0
    asleep: tuple[str, ...] = ()
    waiting: tuple[tuple[str, float | None], ...] = ()
    problem: str | None = None

    def place(self, run_id: str) -> Place | None:
        """Where in the queue a run is, None if it does not wait there."""
        for position, (waiting, seconds) in enumerate(self.waiting, start=1):
            if waiting == run_id:
                return Place(position, seconds)
        return None


def alive() -> bool:
    """Whether an engine serves the outputs folder, be it ready or not yet."""
    return held(engine_lock())


def publish(state: EngineState) -> None:
    """Tell everybody; raises OSError where that is not possible."""
    make_folders(engine_dir())
    write_json(engine_state(), asdict(state), durable=False)


def last_told() -> EngineState:
    """What an engine told last, which may be gone since: see `alive`."""
    values = read_json(engine_state())
    try:
        waiting = tuple(
            (str(run), None if seconds is None else float(seconds))
            for run, seconds in values.pop("waiting", ())
        )
        asleep = tuple(values.pop("asleep", ()))
        pace = positive("pace", values.pop("pace", 1.0))
        return EngineState(**values, pace=pace, waiting=waiting, asleep=asleep)
    except (TypeError, ValueError):  # another version of the program told it
        return EngineState()


def engine_now() -> EngineState:
    """The state of the engine that is alive; not ready if there is none."""
    if alive():
        return last_told()
    told = last_told()
    return EngineState(pace=told.pace, problem=told.problem)
