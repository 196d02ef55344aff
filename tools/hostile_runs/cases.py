"""All hostile runs by name; each name describes what is wrong with the run."""

from collections.abc import Mapping

from tools.hostile_runs.archives import ARCHIVES
from tools.hostile_runs.draft import Case
from tools.hostile_runs.files import FILES
from tools.hostile_runs.logs import LOGS
from tools.hostile_runs.records import RECORDS

CASES: Mapping[str, Case] = {**FILES, **ARCHIVES, **LOGS, **RECORDS}
