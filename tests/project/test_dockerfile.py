"""The Dockerfile, checked without Docker: its files, pins, user, folders and ports."""

import http.server
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from core.support.environment import PROJECT

_PATTERNS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions as (name, rest), without comments, continued lines joined."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    split = (line.strip().partition(" ") for line in joined.splitlines() if line.strip())
    return [(name.upper(), rest.strip()) for name, _, rest in split]


def ignored(path: str, patterns: str) -> bool:
    """Whether a .dockerignore excludes ``path``; the last line that matches it decides."""
    parts = path.split("/")
    parents = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    excluded = False
    for line in map(str.strip, patterns.splitlines()):
        if not line or line.startswith("#"):
            continue
        tokens = re.split(r"(\*\*/|\*\*|\*|\?)", line.removeprefix("!").strip("/"))
        pattern = "".join(_PATTERNS.get(token, re.escape(token)) for token in tokens)
        if any(re.fullmatch(pattern, parent) for parent in parents):
            excluded = not line.startswith("!")
    return excluded


STEPS = instructions((PROJECT / "Dockerfile").read_text("utf-8"))
IGNORE = (PROJECT / ".dockerignore").read_text("utf-8")
PINS = dict(re.findall(r"^([\w-]+)==(\S+)", (PROJECT / "requirements.txt").read_text(), re.M))


def all_of(name: str) -> list[str]:
    """Return the arguments of every instruction called ``name``."""
    return [rest for instruction, rest in STEPS if instruction == name]


def only(name: str) -> str:
    """Return the arguments of the one instruction called ``name``."""
    (rest,) = all_of(name)
    return rest


def environment() -> dict[str, str]:
    """Return the environment variables that the Dockerfile sets."""
    pairs = (word.partition("=") for rest in all_of("ENV") for word in shlex.split(rest))
    return {name: value for name, _, value in pairs}


def copied() -> dict[str, list[str]]:
    """Return the files that each source of a COPY adds to the image."""
    sources = [source for rest in all_of("COPY") for source in rest.split()[:-1]]
    return {source: [f for f in files(source) if not ignored(f, IGNORE)] for source in sources}


def files(source: str) -> list[str]:
    """Return the file ``source``, or all files in that folder, relative to the project."""
    root = PROJECT / source
    paths = [root] if root.is_file() else [path for path in root.rglob("*") if path.is_file()]
    return [path.relative_to(PROJECT).as_posix() for path in paths]


def health_check() -> list[str]:
    """Return the words of the health check's command."""
    return json.loads(only("HEALTHCHECK").partition("CMD ")[2])


def test_continued_lines_with_comments_in_between_are_one_instruction() -> None:
    text = "# a comment\nFROM a\nRUN one \\\n    # another\n    && two\n"
    assert instructions(text) == [("FROM", "a"), ("RUN", "one && two")]


def test_the_last_matching_line_of_a_dockerignore_decides() -> None:
    patterns = "*\n!core\n!outputs/gallery\n**/__pycache__\n"
    for path in ("README.md", "outputs/runs/a", "core/cli/__pycache__/a.pyc", "outputs"):
        assert ignored(path, patterns)
    for path in ("core/cli/run.py", "outputs/gallery/a/events.jsonl"):
        assert not ignored(path, patterns)


def test_every_copied_source_adds_files_to_the_image() -> None:
    assert copied()
    for source, added in copied().items():
        assert added, source


def test_the_image_has_the_whole_program_its_weights_settings_and_licence() -> None:
    in_image = {file for added in copied().values() for file in added}
    generated = re.compile(r"(^|/)__pycache__/|\.partial$|/\.[^/]*\.tmp$")
    for folder in ("core", "app", "cached_weights", ".streamlit"):
        expected = {file for file in files(folder) if not generated.search(file)}
        assert expected
        assert expected <= in_image
    assert "LICENSE" in in_image


def test_the_image_has_every_package_that_the_program_imports() -> None:
    packages = {path.parent.name for path in PROJECT.glob("*/__init__.py")}
    sources = [file for folder in ("core", "app") for file in files(folder) if file.endswith(".py")]
    imports = {
        name
        for source in sources
        for name in re.findall(
            r"^\s*(?:from|import) (\w+)", (PROJECT / source).read_text("utf-8"), re.M
        )
    }
    assert {"core", "app"} <= imports & packages <= {source.strip("/") for source in copied()}


def test_the_image_has_the_recorded_runs_and_no_other_runs() -> None:
    assert "outputs/" in copied()
    assert not ignored("outputs/gallery/night/arrays/0.npy", IGNORE)
    for path in ("outputs/runs/a/events.jsonl", "outputs/engine/lock", "outputs/queue/a"):
        assert ignored(path, IGNORE)


def test_no_other_files_are_sent_to_docker() -> None:
    for path in (".git/config", ".venv/bin/python", "tests/conftest.py", "README.md", ".ci/run"):
        assert ignored(path, IGNORE)


def installs() -> list[str]:
    """Return the commands that install libraries, in order."""
    (step,) = (rest for rest in all_of("RUN") if "pip install" in rest)
    return [re.sub(r"\s+", " ", command) for command in step.split(" && ")]


def test_the_dockerfile_contains_no_library_versions() -> None:
    assert not any(re.search(r"[=~<>]=\s*\d", rest) for _, rest in STEPS)
    assert {"torch", "torchvision", "streamlit"} <= set(PINS)


def test_libraries_except_torch_and_torchvision_are_installed_by_hash() -> None:
    locked, torch = installs()
    assert locked == "pip install --require-hashes -r requirements.lock"
    assert torch.startswith('pip install --no-deps --index-url "$TORCH_INDEX" ')


def test_torch_and_torchvision_are_installed_from_their_own_index_in_the_pinned_versions() -> None:
    chosen = re.search(r"\$\((.*)\)$", installs()[1])
    assert chosen
    printed = subprocess.run(
        ["sh", "-c", chosen[1]], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert printed.stdout.split() == [f"{name}=={PINS[name]}" for name in ("torch", "torchvision")]
    assert only("ARG") == "TORCH_INDEX=https://download.pytorch.org/whl/cpu"


def test_make_installs_the_same_libraries_as_the_image() -> None:
    make = (PROJECT / "Makefile").read_text("utf-8")
    assert "--require-hashes -r requirements.lock" in make
    chosen = re.search(r"\$\((.*)\)$", installs()[1])
    assert chosen
    assert f"TORCH := {chosen[1]}\n" in make


def test_libraries_are_installed_before_the_program_is_copied() -> None:
    names = [f"{name} {rest}" for name, rest in STEPS]
    install = next(index for index, step in enumerate(names) if "pip install" in step)
    copies = [index for index, (name, _) in enumerate(STEPS) if name == "COPY"]
    assert [index for index in copies if index < install] == [copies[0]]
    assert all_of("COPY")[0].split()[:-1] == ["requirements.txt", "requirements.lock"]


def test_python_is_pinned_to_a_minor_version_that_the_project_allows() -> None:
    image = re.fullmatch(r"python:(3\.\d+)-slim-\w+", only("FROM"))
    assert image
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    assert image[1] in SpecifierSet(project["requires-python"])


def test_the_image_runs_as_a_user_who_owns_only_the_cache_and_outputs_folders() -> None:
    user = only("USER")
    (creation,) = (rest for rest in all_of("RUN") if "useradd" in rest)
    assert re.search(rf"useradd .*\b{user}\b", creation)
    assert user not in ("root", "0")
    owned = creation.partition(f"--owner={user}")[2].split()
    variables = environment()
    assert [word for word in owned if word.startswith("/")] == [
        variables["SLEEP_CACHE_DIR"],
        variables["SLEEP_OUTPUTS_DIR"],
    ]
    after = [name for name, _ in STEPS][STEPS.index(("USER", user)) + 1 :]
    assert "COPY" not in after
    assert after[-1] == "CMD"


def test_the_volume_is_the_outputs_folder() -> None:
    assert only("VOLUME") == environment()["SLEEP_OUTPUTS_DIR"]


def test_the_exposed_port_is_the_one_that_is_served_and_checked() -> None:
    command = json.loads(only("CMD"))
    port = command[command.index("--server.port") + 1]
    assert command[command.index("--server.address") + 1] == "0.0.0.0"
    assert only("EXPOSE") == port
    assert f"http://127.0.0.1:{port}/_stcore/health" in health_check()[-1]


def test_streamlit_has_a_configured_address_so_that_it_queries_no_other_host() -> None:
    assert environment()["STREAMLIT_BROWSER_SERVER_ADDRESS"] == "localhost"


def test_every_module_that_the_dockerfile_starts_exists() -> None:
    steps = [*all_of("RUN"), " ".join(json.loads(only("CMD")))]
    started = [name for step in steps for name in re.findall(r"python -m ([\w.]+)", step)]
    used = [name for step in steps for name in re.findall(r"from ([\w.]+) import", step)]
    assert set(started) == {"compileall", "app"}
    assert used == ["core.engine.warm_up"]
    assert all(find_spec(name) for name in [*started, *used])
    assert find_spec("app.__main__")
    assert "def warm_up()" in (PROJECT / "core" / "engine" / "warm_up.py").read_text("utf-8")


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (500, False), (503, False)])
def test_the_health_check_succeeds_only_if_the_server_is_healthy(
    status: int, healthy: bool
) -> None:
    with serving(status) as port:
        assert (checked(port) == 0) is healthy


def test_the_health_check_fails_where_no_server_listens() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound, but not listening
        assert checked(bound.getsockname()[1]) == 1


def test_the_health_check_bypasses_proxies() -> None:
    with serving(200) as port:
        assert checked(port, http_proxy="http://127.0.0.1:9") == 0


def checked(port: int, **variables: str) -> int:
    """Return the exit status of the health check's command, run against another port."""
    _, *arguments = (word.replace(":8501/", f":{port}/") for word in health_check())
    completed = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **variables},
        stderr=subprocess.DEVNULL,
        cwd=Path(os.sep),  # the command needs no file of the project
        check=False,
    )
    return completed.returncode


@contextmanager
def serving(status: int) -> Iterator[int]:
    """Serve ``status`` at the address of Streamlit's health check; yields the port."""

    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/_stcore/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
