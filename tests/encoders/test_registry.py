"""Names of encoders: where each leads, what is said of one that leads nowhere, what is available, without a network."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from postplace.encoders import registry as table
from postplace.encoders.backbones import WEIGHTS
from postplace.encoders.hub.build import HUB_NAMES
from postplace.encoders.registry import ENTRIES, available, find_image_encoder, find_text_encoder, missing_modules
from postplace.errors import BadOption

Asked = list[tuple[str, tuple[Any, ...], dict[str, Any]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What the builders are called with, none of them loading anything."""
    calls: Asked = []

    def builder(name: str) -> Callable[..., str]:
        def build(*arguments: Any, **options: Any) -> str:
            calls.append((name, arguments, options))
            return name

        return build

    for name in ("timm_image_encoder", "bundled_image_encoder", "bundled_text_encoder"):
        monkeypatch.setattr(table, name, builder(name))
    for name in ("hub_image_encoder", "hub_text_encoder"):
        monkeypatch.setattr(table, name, builder(name))
    exported: Any = ModuleType("postplace.encoders.onnx.encoders")
    exported.onnx_image_encoder, exported.onnx_text_encoder = map(builder, ("onnx_image_encoder", "onnx_text_encoder"))
    monkeypatch.setitem(sys.modules, exported.__name__, exported)
    return calls


def find_entry(name: str) -> table.EncoderEntry:
    return next(entry for entry in ENTRIES if entry.name == name)


@pytest.mark.parametrize(
    ("name", "builder", "arguments", "options"),
    [
        ("bundled", "bundled_image_encoder", (), {"device": "cuda"}),
        ("vgg19", "timm_image_encoder", ("vgg19",), {"weights": None, "device": "cuda"}),
        ("timm/resnet18", "timm_image_encoder", ("timm/resnet18",), {"weights": None, "device": "cuda"}),
        (
            "vgg19=/w/v.safetensors",
            "timm_image_encoder",
            ("vgg19",),
            {"weights": Path("/w/v.safetensors"), "device": "cuda"},
        ),
        ("chinese-clip", "hub_image_encoder", ("chinese-clip",), {"device": "cuda", "states": True, "layers": 3}),
        ("openai/clip-x", "hub_image_encoder", ("openai/clip-x",), {"device": "cuda", "states": True, "layers": 3}),
        ("a/b@refs/pr/3", "hub_image_encoder", ("a/b@refs/pr/3",), {"device": "cuda", "states": True, "layers": 3}),
    ],
)
def test_where_image_names_lead(
    asked: Asked, name: str, builder: str, arguments: tuple[str, ...], options: dict[str, Any]
) -> None:
    find_image_encoder(name, device="cuda", states=True, layers=3)
    assert asked == [(builder, arguments, options)]


def test_where_text_names_lead(asked: Asked) -> None:
    for name in ("bundled", "chinese-clip", "ORG/MODEL"):
        find_text_encoder(name)
    options = {"device": "cpu", "states": False, "layers": 1}
    assert asked == [
        ("bundled_text_encoder", (), {}),
        ("hub_text_encoder", ("chinese-clip",), options),
        ("hub_text_encoder", ("ORG/MODEL",), options),
    ]


def test_where_folders_lead(asked: Asked, tmp_path: Path) -> None:
    exported, model = tmp_path / "exported", tmp_path / "width=512" / "model"
    for folder in (exported, model):
        folder.mkdir(parents=True)
    (exported / "model.onnx").touch()
    for find in (find_image_encoder, find_text_encoder):
        for folder in (exported, model):
            find(str(folder))
    assert [(name, arguments[0]) for name, arguments, _ in asked] == [
        ("onnx_image_encoder", exported),
        ("hub_image_encoder", str(model)),
        ("onnx_text_encoder", exported),
        ("hub_text_encoder", str(model)),
    ]


@pytest.mark.parametrize("find", [find_image_encoder, find_text_encoder])
def test_an_export_without_states_is_not_taken_for_one_with_them(
    asked: Asked, find: Callable[..., object], tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").touch()
    (tmp_path / "encoder.json").write_text('{"states": 0}')
    with pytest.raises(BadOption, match=r"hands out pooled vectors only, .*; name the encoder itself"):
        find(str(tmp_path), states=True)
    assert asked == []
    find(str(tmp_path))
    (tmp_path / "encoder.json").write_text('{"states": 49}')
    find(str(tmp_path), states=True)
    assert len(asked) == 2


def test_an_export_without_its_library_names_the_extra(asked: Asked, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "model.onnx").touch()
    monkeypatch.setattr(table, "find_spec", lambda module: None if module == "onnxruntime" else object())
    with pytest.raises(
        BadOption, match=r"is an ONNX export, and onnxruntime not installed here; .*'postplace\[onnx\]'"
    ):
        find_image_encoder(str(tmp_path))
    assert asked == []


@pytest.mark.parametrize(
    ("find", "name", "message"),
    [
        (find_image_encoder, "vgg91", r"image_encoder: 'vgg91' is unknown; did you mean 'vgg19'\?.*timm/NAME"),
        (find_image_encoder, "minilm", "'minilm' does not read images; take one that does: bundled, chinese-clip"),
        (find_image_encoder, "/no/such/folder", "there is no folder '/no/such/folder'"),
        (find_image_encoder, "./folder", "there is no folder './folder'"),
        (find_image_encoder, "", "'' is unknown"),
        (find_text_encoder, "chinse-clip", "text_encoder: .* did you mean 'chinese-clip'"),
        (find_text_encoder, "vgg19", "'vgg19' does not read text"),
        (find_text_encoder, "timm/resnet18", "'timm/resnet18' does not read text"),
        (find_text_encoder, "vgg19=a.safetensors", "does not read text"),
    ],
)
def test_names_that_lead_nowhere(asked: Asked, find: Callable[[str], object], name: str, message: str) -> None:
    with pytest.raises(BadOption, match=message):
        find(name)
    assert asked == []


def test_a_file_alone_does_not_say_its_network(asked: Asked, tmp_path: Path) -> None:
    file = tmp_path / "vgg.safetensors"
    file.touch()
    with pytest.raises(BadOption, match=rf"is a file; say of which network: vgg19={file}"):
        find_image_encoder(str(file))


def test_every_name_has_an_entry_and_every_entry_says_all() -> None:
    assert len({(entry.name, entry.kind) for entry in ENTRIES}) == len(ENTRIES)
    assert {entry.name for entry in ENTRIES} == {"bundled", "bundled-cased", *WEIGHTS, *HUB_NAMES}
    for entry in ENTRIES:
        assert entry.width > 0
        assert all((entry.citation, entry.licence, entry.prefer_when))


def test_the_bundled_ones_are_there() -> None:
    for entry in ENTRIES:
        if entry.name.startswith("bundled"):
            assert available(entry) == (True, "inside an installed package")


def test_what_is_in_the_cache_is_available(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(table, "find_spec", lambda module: object())
    folder = tmp_path / "models--timm--vgg19.tv_in1k"
    assert available(find_entry("vgg19")) == (False, str(folder))
    snapshot = folder / "snapshots" / "0123"
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").touch()
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("0123")
    assert available(find_entry("vgg19")) == (True, str(folder))


def test_an_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "find_spec", lambda module: None if module in ("timm", "transformers") else object())
    assert available(find_entry("vgg19")) == (False, "pip install 'postplace[timm]' (timm not installed)")
    assert available(find_entry("clip")) == (False, "pip install 'postplace[hub]' (transformers not installed)")
    assert not missing_modules(find_entry("bundled"))


def test_looking_needs_no_deep_learning_library() -> None:
    code = (
        "import sys; from postplace.encoders.registry import ENTRIES, available\n"
        "for entry in ENTRIES: available(entry)\n"
        "sys.exit(bool({'torch', 'timm', 'transformers', 'onnxruntime'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
