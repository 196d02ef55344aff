"""`core.runs.log`: reading a log while it grows, torn lines, damage and a full disk."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

from core.runs.arrays import StoredArray
from core.runs.events import CycleDone, Event, NightDone, StageEvaluated
from core.runs.log import LOG, LogReader
from core.support import environment
from core.support.errors import LogError
from tests.conftest import comparable
from tools.sample_runs import EVENTS, load_arrays, open_log, write_events


def read(folder: Path) -> list[Event]:
    return LogReader(folder).read()


def stages(*cycles: int) -> list[Event]:
    """Return events with arrays, one per cycle."""
    first = next(event for event in EVENTS if isinstance(event, StageEvaluated))
    return [StageEvaluated(cycle, "NREM", first.dataset_1, first.dataset_2) for cycle in cycles]


# --- reading ---


def test_a_reader_continues_after_the_last_event_it_read(tmp_path: Path) -> None:
    reader = LogReader(tmp_path)
    assert reader.read() == []
    with open_log(tmp_path) as log:
        assert reader.read() == []
        for event in EVENTS:
            log.append(event)
            (event_read,) = reader.read()
            assert comparable(load_arrays(event_read)) == comparable(event)
            assert reader.read() == []


def test_a_folder_that_does_not_exist_has_no_events(tmp_path: Path) -> None:
    assert read(tmp_path / "missing") == []


def test_a_log_that_cannot_be_opened_is_a_log_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / LOG).mkdir()
    with pytest.raises(LogError) as caught:
        read(tmp_path)
    assert str(caught.value) == f"{tmp_path / LOG} cannot be read (Is a directory)."


def test_arrays_are_on_disk_before_the_line_that_names_them(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append(stages(1)[0])
        (event_read,) = read(tmp_path)
        assert isinstance(event_read, StageEvaluated)
        assert isinstance(event_read.dataset_1.error_per_image, StoredArray)
        assert event_read.dataset_1.error_per_image.load().shape == (2, 3)


def test_the_reader_waits_for_the_rest_of_a_torn_last_line(tmp_path: Path) -> None:
    log = write_events(tmp_path)
    content = log.read_bytes()
    for end in range(0, len(content), 13):
        log.write_bytes(content[:end])
        reader = LogReader(tmp_path)
        first = reader.read()
        assert len(first) == content[:end].count(b"\n")
        log.write_bytes(content)
        assert len(first) + len(reader.read()) == len(EVENTS)


@pytest.mark.parametrize("line", range(1, len(EVENTS) + 1))
def test_a_corrupt_line_is_an_error_that_names_file_and_line(line: int, tmp_path: Path) -> None:
    log = write_events(tmp_path)
    lines = log.read_bytes().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1][:-9] + b"\n"
    log.write_bytes(b"".join(lines))
    reader = LogReader(tmp_path)
    for _ in range(2):  # reading again reports the same line
        with pytest.raises(LogError) as caught:
            reader.read()
        assert str(caught.value).startswith(f"{log}, line {line}: ")
        assert str(caught.value).endswith(".")


def test_the_number_of_a_corrupt_line_counts_lines_of_earlier_reads(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        reader = LogReader(tmp_path)
        for _ in range(3):
            log.append(CycleDone(1))
        reader.read()
        log.append(CycleDone(2))
        with (tmp_path / LOG).open("ab") as file:
            file.write(b"{}\n")
        with pytest.raises(LogError, match="line 5: its checksum is wrong"):
            reader.read()


# --- writing ---


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_not_written(value: float, tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        log.append(CycleDone(1))
        with pytest.raises(ValueError, match="not JSON compliant"):
            log.append(NightDone(value))
        log.append(CycleDone(2))
    assert read(tmp_path) == [CycleDone(1), CycleDone(2)]


def test_a_new_log_has_no_earlier_events(tmp_path: Path) -> None:
    with open_log(tmp_path) as log:
        assert log.earlier_events == ()
    assert read(tmp_path) == []


def test_opening_a_log_does_not_create_a_deleted_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_log(tmp_path / "deleted")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", range(len(EVENTS) + 1))
def test_appending_continues_after_the_events_in_the_log(cut: int, tmp_path: Path) -> None:
    write_events(tmp_path / "cut", EVENTS[:cut])
    with open_log(tmp_path / "cut") as log:
        assert comparable([load_arrays(event) for event in log.earlier_events]) == comparable(
            EVENTS[:cut]
        )
        for event in EVENTS[cut:]:
            log.append(event)
    whole = write_events(tmp_path / "whole")
    assert (tmp_path / "cut" / LOG).read_bytes() == whole.read_bytes()
    assert comparable([load_arrays(event) for event in read(tmp_path / "cut")]) == comparable(
        EVENTS
    )


def test_appending_does_not_replace_arrays_in_the_log(tmp_path: Path) -> None:
    for cycle in (1, 2, 3):
        write_events(tmp_path, [*stages(cycle), CycleDone(cycle)])
    evaluated = [event for event in read(tmp_path) if isinstance(event, StageEvaluated)]
    files = {event.dataset_1.error_per_image.file for event in evaluated}
    assert len(files) == 3
    assert comparable([load_arrays(event) for event in evaluated]) == comparable(stages(1, 2, 3))


def test_a_torn_last_line_is_removed_before_the_log_continues(tmp_path: Path) -> None:
    log = write_events(tmp_path, EVENTS[:3])
    whole = log.read_bytes()
    torn = write_events(tmp_path / "more", EVENTS[:4]).read_bytes()[len(whole) : -1]
    for end in range(len(torn) + 1):
        log.write_bytes(whole + torn[:end])
        with open_log(tmp_path) as log_again:
            assert len(log_again.earlier_events) == 3
            assert log.read_bytes() == whole
            log_again.append(CycleDone(1))
        assert comparable([load_arrays(event) for event in read(tmp_path)]) == comparable(
            [*EVENTS[:3], CycleDone(1)]
        )


def test_a_reader_continues_when_the_log_is_opened_again(
    tmp_path: Path,
) -> None:
    reader = LogReader(tmp_path)
    events: list[Event] = []
    for cycle in range(1, 6):
        with open_log(tmp_path) as log:
            log.append(CycleDone(cycle))
        with (tmp_path / LOG).open("ab") as file:
            file.write(b'{"kind": "Cyc')  # the writer is killed in the middle of a line
        events += reader.read()
        assert reader.read() == []
    assert events == [CycleDone(cycle) for cycle in range(1, 6)]
    assert read(tmp_path) == events


def test_a_damaged_log_is_never_appended_to(tmp_path: Path) -> None:
    log = write_events(tmp_path)
    content = log.read_bytes()
    lines = content.splitlines(keepends=True)
    for line in range(len(lines)):
        damaged = b"".join([*lines[:line], b"{}\n", *lines[line + 1 :], b"torn"])
        log.write_bytes(damaged)
        with pytest.raises(LogError, match=f"line {line + 1}: "):
            open_log(tmp_path)
        assert log.read_bytes() == damaged


# --- a full disk ---

# A limit on the size of files simulates a full disk: the kernel writes as many bytes as fit and
# then reports an error.
_FULL_DISK = """
import resource, sys
from pathlib import Path
from core.runs.events import CycleDone, StageEvaluated
from core.runs.log import LOG, LogReader
from tests.conftest import comparable
from tools.sample_runs import load_arrays, open_log, scores

folder = Path(sys.argv[1])
stage = StageEvaluated(1, "NREM", scores(0), scores(1))
reader = LogReader(folder)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

def limit_files(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

with open_log(folder) as log:
    log.append(CycleDone(0))
    assert reader.read() == [CycleDone(0)]
    whole = (folder / LOG).read_bytes()
    line = len(whole)  # all lines have this length
    for missing in range(1, line + 1):
        limit_files(len(whole) + line - missing)
        try:
            log.append(CycleDone(0))
        except OSError:
            assert (folder / LOG).read_bytes() == whole
            assert reader.read() == []
        else:
            sys.exit(f"a line was written although {missing} bytes did not fit")
    limit_files(100)  # too small for the arrays
    try:
        log.append(stage)
    except OSError:
        assert (folder / LOG).read_bytes() == whole
        assert list((folder / "arrays").iterdir()) == []
    else:
        sys.exit("the arrays were written although they did not fit")
    limit_files(hard)
    log.append(stage)
    log.append(CycleDone(1))
events = [load_arrays(event) for event in reader.read()]
assert comparable(events) == comparable([stage, CycleDone(1)])
print("whole")
"""


def test_a_full_disk_leaves_whole_lines_and_the_log_continues_when_there_is_space(
    tmp_path: Path,
) -> None:
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", _FULL_DISK, str(tmp_path)],
        cwd=environment.PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (process.stdout, process.stderr, process.returncode) == ("whole\n", "", 0)
