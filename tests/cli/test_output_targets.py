"""Every command writes to a pipe that it is given, leaves a device what it is, and follows a link."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from postplace.cli import app
from postplace.errors import WriteFailed

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of Unix")

# Each command with the option that names its file, and how what it writes begins; RUN, POSTS and DUMP are filled in.
COMMANDS = {
    "predict": ("predict RUN POSTS --top-k 1 -q --device cpu --output", b'{"id": '),
    "predict-csv": ("predict RUN POSTS --top-k 1 -q --device cpu --format csv --output", b"id,rank,place"),
    "predict-parquet": ("predict RUN POSTS --top-k 1 -q --device cpu --format parquet --output", b"PAR1"),
    "predict-geojson": ("predict RUN POSTS --top-k 1 -q --device cpu --format geojson --output", b'{"type": '),
    "evaluate": ("evaluate RUN POSTS -q --device cpu --output", b"{\n"),
    "inspect": ("inspect POSTS --output", b"240 posts"),
    "mask": ("inspect POSTS --places PLACES --mask-place-names", b'{"id": '),
    "report": ("report RUN POSTS -q --device cpu --out", b"<!doctype html>"),
    "explain": ("explain RUN --text walk --device cpu --output", b""),
    "import": ("import instaloader DUMP -q --out", b'{"id": '),
}


@pytest.fixture(scope="module")
def inputs(place_run: Path, city: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("inputs")
    dump = folder / "dump" / "ann"
    dump.mkdir(parents=True)
    owner = {"id": "7", "username": "ann_invented"}
    caption = {"edges": [{"node": {"text": "a walk on the pier"}}]}
    node = {"__typename": "GraphImage", "id": "1", "shortcode": "B1", "owner": owner, "taken_at_timestamp": 1650000000}
    node |= {"edge_media_to_caption": caption, "is_video": False, "display_url": "http://localhost/a.jpg"}
    record = {"node": node, "instaloader": {"version": "4.14", "node_type": "Post"}}
    (dump / "2022-04-15_05-20-00_UTC.json").write_text(json.dumps(record))
    names = {"RUN": place_run, "POSTS": city, "PLACES": city.parent / "places.csv", "DUMP": folder / "dump"}
    return {name: str(path) for name, path in names.items()}


@pytest.fixture
def command(
    inputs: dict[str, str], cache: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path], Any]:
    """Run the command of the test's parameter with an output."""
    monkeypatch.setenv("POSTPLACE_CACHE", str(cache))
    arguments = COMMANDS[request.param][0].split()

    def run(output: Path) -> Any:
        return CliRunner().invoke(app, [*(inputs.get(argument, argument) for argument in arguments), str(output)])

    return run


@pytest.mark.parametrize(("command", "start"), [(n, start) for n, (_, start) in COMMANDS.items()], indirect=["command"])
def test_a_pipe_gets_the_content(command: Callable[[Path], Any], start: bytes, tmp_path: Path) -> None:
    pipe, content = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: content.append(pipe.read_bytes()), daemon=True)
    reader.start()
    done = command(pipe)
    assert done.exit_code == 0, (done.output, done.exception)
    reader.join(20)
    assert content[0].startswith(start)
    assert len(content[0]) > 20
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", COMMANDS, indirect=True)
def test_a_full_device_is_an_error_and_stays(command: Callable[[Path], Any]) -> None:
    device = Path("/dev/full")
    before = device.lstat()
    done = command(device)
    assert isinstance(done.exception, WriteFailed), (done.output, done.exception)
    assert "/dev/full: cannot be written (No space left on device)" in str(done.exception)
    assert (device.lstat().st_ino, device.lstat().st_mode) == (before.st_ino, before.st_mode)


@pytest.mark.parametrize("command", ["predict", "evaluate", "inspect", "report"], indirect=True)
def test_a_link_stays(command: Callable[[Path], Any], tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to("target")
    done = command(link)
    assert done.exit_code == 0, (done.output, done.exception)
    assert link.is_symlink()
    assert target.stat().st_size > 20
    assert {path.name for path in tmp_path.iterdir()} == {"link", "target"}


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="this system has no /dev/stdout")
@pytest.mark.parametrize("name", ["import", "mask", "evaluate"])
def test_standard_output_holds_the_content_alone(postplace: Any, inputs: dict[str, str], name: str) -> None:
    arguments = [inputs.get(argument, argument) for argument in COMMANDS[name][0].split()]
    done = postplace(*arguments, "/dev/stdout")
    assert done.returncode == 0, done.stderr
    if name == "evaluate":
        assert "models" in json.loads(done.stdout)
    else:
        assert all(json.loads(line)["id"] for line in done.stdout.splitlines())
