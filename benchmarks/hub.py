"""Encoders of the hub at their real size, with random weights: seconds an item, peak memory, share of a GPU's rate.

On the CPU a few pictures and texts are encoded in float32. On a GPU, if there is one: pictures a second in bfloat16,
and the matrix operations of that over what one large multiplication reaches in the same run (aim: >= 0.5).
usage: python benchmarks/hub.py [--models chinese-clip chinese-clip-base] [--items 4] [--onnx] [--seconds 5]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from postplace.encoders.hub.build import hub_image_encoder, hub_text_encoder
from postplace.system.torchvision_compat import declare_missing_operators

AIM = 0.5
CHARACTERS = "夜景外滩咖啡火锅周末江边老桥朋友好吃公园地铁博物馆"
# As their config.json on the hub has them: text network, image network, width of the vectors
_BASE_TEXT = {"vocab_size": 21128}
_LARGE_TEXT = {
    **_BASE_TEXT,
    "hidden_size": 1024,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "intermediate_size": 4096,
}
_HUGE = {"hidden_size": 1280, "num_hidden_layers": 32, "num_attention_heads": 16, "intermediate_size": 5120}
_LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
_BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
MODELS: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    "chinese-clip": (_LARGE_TEXT, {**_HUGE, "patch_size": 14}, 1024),
    "chinese-clip-large": (_BASE_TEXT, {**_LARGE, "patch_size": 14}, 768),
    "chinese-clip-base": (_BASE_TEXT, {**_BASE, "patch_size": 16}, 512),
}


def main() -> None:
    """Each model in a process of its own, for its peak memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["chinese-clip"])
    parser.add_argument("--items", type=int, default=4, help="pictures and texts encoded on the CPU")
    parser.add_argument("--onnx", action="store_true", help="also export the image encoder, in float32 and int8")
    parser.add_argument("--seconds", type=float, default=5, help="how long to measure on a GPU")
    parser.add_argument("--measure", choices=MODELS, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write_random(options.models[0], options.write)
    elif options.measure:
        measure(options.measure, items=options.items, onnx=options.onnx, gpu_seconds=options.seconds)
    else:
        for name in options.models:
            command = [sys.executable, __file__, "--measure", name, "--items", str(options.items)]
            command += ["--seconds", str(options.seconds), *(["--onnx"] if options.onnx else [])]
            subprocess.run(command, check=True)


def measure(name: str, *, items: int, onnx: bool, gpu_seconds: float) -> None:
    """Print what one model takes."""
    import torch

    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / name
        command = [sys.executable, __file__, "--models", name, "--write", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
        on_cpu(name, folder, items=items, onnx=onnx)
        if torch.cuda.is_available():
            on_gpu(name, folder, seconds=gpu_seconds)
        else:
            print(f"{name}: no GPU here: pictures a second and the share of its matrix rate were not measured")


def on_cpu(name: str, folder: Path, *, items: int, onnx: bool) -> None:
    """Seconds an item and peak memory in float32."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (items, 224, 224, 3), dtype=np.uint8)
    texts = ["".join(rng.choice(list(CHARACTERS), 40)) for _ in range(items)]
    for kind, load, batch in (("pictures", hub_image_encoder, pictures), ("texts", hub_text_encoder, texts)):
        started = time.perf_counter()
        encoder: Any = load(str(folder), states=True)
        loaded = time.perf_counter() - started
        took = seconds(partial(encoder.encode, batch)) / items
        print(
            f"{name}, {kind}: {took:.2f} s each on the CPU, vectors {encoder.width}-d, states {encoder.states} x "
            f"{encoder.states_width}; loaded in {loaded:.0f} s; peak memory so far {peak():.1f} GB",
            flush=True,
        )
        if kind == "pictures" and onnx:
            from postplace.encoders.onnx.export import export_image

            print(export_image(encoder, folder.parent / "onnx", int8=True), flush=True)
        del encoder


def on_gpu(name: str, folder: Path, *, seconds: float) -> None:
    """Pictures a second in bfloat16 from uint8 arrays to vectors on the host, and the share of the matrix rate."""
    import torch

    encoder: Any = hub_image_encoder(str(folder), device="cuda")
    pictures = np.random.default_rng(0).integers(0, 256, (512, 224, 224, 3), dtype=np.uint8)
    encoder.encode(pictures)
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        encoder.encode(pictures)
        done += len(pictures)
    rate = done / (time.perf_counter() - started)
    reached, possible = rate * operations(MODELS[name][1]), matrix_rate()
    share = reached / possible
    print(
        f"{name} on {torch.cuda.get_device_name()}: {rate:.0f} pictures a second at {encoder.batch_size} at once, "
        f"{reached / 1e12:.0f} TFLOP/s of {possible / 1e12:.0f} that a multiplication of 8192 x 8192 reaches: share "
        f"{share:.2f} (aim >= {AIM}: {'holds' if share >= AIM else 'MISSED'})"
    )


def operations(vision: dict[str, Any], *, side: int = 224) -> float:
    """Floating-point operations of a picture, two for each multiply-add, of matrix products alone."""
    width, inner, layers = vision["hidden_size"], vision["intermediate_size"], vision["num_hidden_layers"]
    patches = (side // vision["patch_size"]) ** 2
    tokens = patches + 1
    layer = tokens * (4 * width * width + 2 * width * inner) + 2 * tokens * tokens * width
    return 2.0 * float(layers * layer + patches * 3 * vision["patch_size"] ** 2 * width)


def matrix_rate(side: int = 8192, rounds: int = 50) -> float:
    """Operations a second of one large multiplication in bfloat16."""
    import torch

    one, other = (torch.randn(side, side, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(5):
        one @ other
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(rounds):
        one @ other
    torch.cuda.synchronize()
    return 2.0 * side**3 * rounds / (time.perf_counter() - started)


def write_random(name: str, folder: Path) -> None:
    """A folder as the hub has it, with random weights."""
    declare_missing_operators()
    import torch
    from transformers import ChineseCLIPConfig, ChineseCLIPModel

    torch.manual_seed(0)
    text, vision, width = MODELS[name]
    model = ChineseCLIPModel(ChineseCLIPConfig(text_config=text, vision_config=vision, projection_dim=width))
    model.save_pretrained(folder)
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (folder / "vocab.txt").write_text("\n".join([*marks, *CHARACTERS]), "utf-8")
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": "ChineseCLIPImageProcessor"}))


def seconds(run: Callable[[], object]) -> float:
    """Wall time of one run."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def peak() -> float:
    """Highest resident memory of this process in GB (Linux counts in kB, macOS in bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9


if __name__ == "__main__":
    main()
