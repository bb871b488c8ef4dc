"""Tables as HTML that any text may be put into, and images inside the page."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "") -> str:
    """A table whose first column names its rows; everything in it is text, never markup.

    >>> html_table(["a", "b"], [["<i>", "1"]]).splitlines()[3]
    '<tr><th scope="row">&lt;i&gt;</th><td>1</td></tr>'
    """
    named = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    cells = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in head)
    body = "\n".join(_row(row) for row in rows)
    return f"<table>{named}\n<thead><tr>{cells}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def drop_empty_columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """A table without the columns that are empty in every row.

    >>> drop_empty_columns(["a", "b", "c"], [["x", "", "1"]])
    (['a', 'c'], [['x', '1']])
    """
    filled = [column for column in range(len(head)) if column == 0 or any(row[column] for row in rows)]
    return [head[column] for column in filled], [[row[column] for column in filled] for row in rows]


def data_address(image: Image.Image, *, quality: int) -> str:
    """The image as the address of a JPEG without metadata, for a page that fetches nothing."""
    file = io.BytesIO()
    bare = image.copy()
    bare.info = {}  # Pillow writes a comment that it read
    bare.save(file, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def _row(cells: Sequence[str]) -> str:
    others = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells[1:])
    return f'<tr><th scope="row">{html.escape(cells[0])}</th>{others}</tr>'
