"""Tables as HTML that any text may be put into, and images inside the page."""

from __future__ import annotations

import base64
import io

from PIL import Image

from postplace.system.html import data_address, drop_empty_columns, html_table


def test_html_table_escapes_head_cells_and_caption() -> None:
    found = html_table(["<h>"], [['"&']], caption="<c>")
    assert "<caption>&lt;c&gt;</caption>" in found
    assert '<th scope="col">&lt;h&gt;</th>' in found
    assert '<th scope="row">&quot;&amp;</th>' in found


def test_html_table_without_rows_or_caption_is_a_head_alone() -> None:
    found = html_table(["a", "b"], [])
    assert "<caption>" not in found
    assert (found.count("<tr>"), found.count("<th")) == (1, 3)  # two cells, and "<thead>"


def test_the_first_column_stays_though_it_is_empty() -> None:
    assert drop_empty_columns(["a", "b"], [["", ""], ["", ""]]) == (["a"], [[""], [""]])
    assert drop_empty_columns(["a", "b"], []) == (["a"], [])


def test_data_address_is_a_jpeg_of_the_same_size_without_exif_and_comment() -> None:
    image = Image.new("RGB", (5, 3), (200, 10, 10))
    image.info["comment"] = b"taken at home"
    kind, _, content = data_address(image, quality=90).partition(",")
    read = Image.open(io.BytesIO(base64.b64decode(content)))
    assert kind == "data:image/jpeg;base64"
    assert (read.format, read.size, dict(read.getexif())) == ("JPEG", (5, 3), {})
    assert "comment" not in read.info
    assert image.info  # the caller's stays as it was
