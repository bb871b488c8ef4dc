"""Text that was saved as UTF-8 and read as Latin-1 or Windows-1252: `ä¸Šæµ·` for 上海."""

from __future__ import annotations


def looks_misread(text: str) -> bool:
    """Whether a text holds sequences that only such a mistake makes (ftfy's `badness`, tuned to few false alarms).

    >>> looks_misread("Ã¼ber die BrÃ¼cke"), looks_misread("über die Brücke")
    (True, False)
    """
    if text.isascii():
        return False
    from ftfy.badness import is_bad

    return bool(is_bad(text))


def repair_misread(text: str) -> str:
    """The text as it was meant where the mistake can be undone, else as it is.

    >>> repair_misread("Ã¼ber die BrÃ¼cke"), repair_misread("über die Brücke")
    ('über die Brücke', 'über die Brücke')
    """
    if not looks_misread(text):
        return text
    from ftfy import fix_encoding

    return str(fix_encoding(text))
