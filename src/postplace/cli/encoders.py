"""postplace encoders: which encoders there are, which can run here, and their export for CPUs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(invoke_without_command=True)


class Kind(StrEnum):
    """What an encoder reads."""

    image = "image"
    text = "text"


@app.callback()
def encoders(context: typer.Context) -> None:
    """Show every encoder: whether it can run here, where its weights are looked for, when to prefer it.

    Nothing is loaded or downloaded. Example: postplace encoders
    """
    if context.invoked_subcommand is None:
        _show()


@app.command()
def export(
    name: Annotated[str, typer.Argument(metavar="NAME", help="See `postplace encoders`.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder to write.", show_default=False)],
    int8: Annotated[bool, typer.Option("--int8", help="Weights of 8 bits: a quarter of the size.")] = False,
    kind: Annotated[Kind, typer.Option(help="Of an encoder that reads both: which half.")] = Kind.image,
) -> None:
    """Write an encoder as ONNX, for machines without a GPU, and show how well it agrees with the original.

    Example: postplace encoders export chinese-clip --kind text --int8 --out chinese-clip-text/
    """
    from postplace.encoders import registry as table
    from postplace.encoders.onnx import export as onnx_export
    from postplace.errors import BadOption

    try:
        if kind is Kind.image:
            report = onnx_export.export_image(table.find_image_encoder(name), out, int8=int8)
        else:
            report = onnx_export.export_text(table.find_text_encoder(name), out, int8=int8)
    except BadOption as error:
        if error.where.replace("_", " ") not in ("image encoder", "text encoder"):
            raise
        raise error.at("NAME") from None  # there is no such option here
    typer.echo(f"{report}\nuse it as --{kind.value}-encoder {out}")


def _show() -> None:
    from rich.console import Console
    from rich.table import Table

    from postplace.encoders.registry import all_entries, available, missing_modules

    grid = Table(box=None, pad_edge=False)
    for title in ("name", "reads", "width", "here?"):
        grid.add_column(title, no_wrap=True, justify="right" if title == "width" else "left")
    grid.add_column("prefer it when")
    rows: dict[tuple[str, int, str, str], list[str]] = {}  # one that reads both has one row
    places: dict[str, str] = {}
    for entry in all_entries():
        here, where = available(entry)
        state = "yes" if here else "extra missing" if missing_modules(entry) else "weights not found"
        rows.setdefault((entry.name, entry.width, state, entry.prefer_when), []).append(entry.kind)
        places[entry.name] = _short(where)
    for (name, width, state, prefer), kinds in rows.items():
        grid.add_row(name, ", ".join(kinds), str(width or "?"), state, prefer)
    Console(highlight=False, markup=False).print(grid)
    longest = max(map(len, places))
    typer.echo("\nWhere their weights are, or are looked for:")  # on lines of their own: a folded path cannot be copied
    typer.echo("\n".join(f"  {name:<{longest}}  {where}" for name, where in places.items()))
    typer.echo(
        "\nWeights that are not found are fetched from the Hugging Face hub when first used, unless HF_HUB_OFFLINE=1.\n"
        "Also: timm/NAME; NAME=FILE, a timm network with a local file of weights (vgg19=vgg19.safetensors);\n"
        "ORG/MODEL on the hub; a local folder, of transformers or of `postplace encoders export`;\n"
        "vectors that you have already: a .npy file with a file of ids beside it, .npz or .parquet (text only)."
    )


def _short(path: str) -> str:
    home = str(Path.home())
    return f"~{path.removeprefix(home)}" if path.startswith(f"{home}/") else path
