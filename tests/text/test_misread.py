"""UTF-8 read as Latin-1 or Windows-1252 is seen and undone; what was read right is never touched."""

from __future__ import annotations

import pytest

from postplace.text.misread import looks_misread, repair_misread

TEXTS = (
    "上海外滩的夜景",
    "über die Brücke",
    "日本橋でラーメン",
    "Crème brûlée à l’opéra",
    "Прогулка по набережной",
    "🌸 早安",
)


@pytest.mark.parametrize("text", TEXTS)
def test_latin_1_is_seen_and_undone(text: str) -> None:
    misread = text.encode().decode("latin-1")
    assert looks_misread(misread)
    assert repair_misread(misread) == text


@pytest.mark.parametrize("text", ["über die Brücke", "Crème brûlée à l’opéra"])
def test_so_is_windows_1252(text: str) -> None:
    assert repair_misread(text.encode().decode("cp1252")) == text


@pytest.mark.parametrize(
    "text", [*TEXTS, "", "plain", "Ångström", "10 °C", "x² ± 1", "São Paulo", "naïve", "¿Qué?", "Â"]
)
def test_what_was_read_right_stays(text: str) -> None:
    assert not looks_misread(text)
    assert repair_misread(text) == text
