"""How a table was written as text: what parts its cells, what became of its numbers, its encoding if not UTF-8."""

from __future__ import annotations

import codecs
import re
from itertools import chain

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
EXACT_FLOAT = 2**53  # from here on a float of 64 bits is not every whole number
SAVE_AS_UTF_8 = "save the file as UTF-8"

_WHOLE_FLOAT = re.compile(r"([+-]?\d{1,400})\.0")  # `1.000` may be a thousand
_ROUNDED = re.compile(r"\s*[+-]?\d(?:[.,](\d+))?[eE](\+?)(\d{1,3})\s*")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d{1,3},\d+\s*")
_BOMS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_NAMES = {
    "gb18030": "GB18030 or GBK, as Chinese Windows writes it",
    "big5": "Big5, as Windows in Taiwan and Hong Kong writes it",
    "cp932": "Shift-JIS, as Japanese Windows writes it",
    "cp949": "EUC-KR, as Korean Windows writes it",
    "cp1252": "Windows-1252 or Latin-1, as Western Windows writes it",
}
_HIGH = re.compile(rb"[\x80-\xff]+")
_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_HAN = re.compile("[\u4e00-\u9fff]")


def find_separator(header: str, column: str) -> str:
    """What parts the cells of a table with this header: that under which it has the column, else the most frequent.

    >>> find_separator("id;text, or words", "id"), find_separator("name;other", "id")
    (';', ';')
    """
    for separator in SEPARATORS:
        if column in (name.strip(' \t\r\n"\ufeff') for name in header.split(separator)):
            return separator
    return max(SEPARATORS, key=header.count)


def plain_number(text: str) -> str:
    """The text of a whole number without the `.0` that pandas and spreadsheets put behind it; other texts as they are.

    So is one with a space beside it, which no program writes: a name that only looks like a number can be kept by one.

    >>> plain_number("123.0"), plain_number("1.5"), plain_number("9007199254740993.0")
    ('123', '1.5', '9007199254740993.0')
    """
    whole = _WHOLE_FLOAT.fullmatch(text)
    return whole[1] if whole and abs(int(whole[1])) < EXACT_FLOAT else text


def with_decimal_point(text: str) -> str:
    """Degrees with a comma for the decimal point, as spreadsheets in much of Europe write them; others as they are.

    >>> with_decimal_point("51,05"), with_decimal_point("51.05"), with_decimal_point("5,105,000")
    ('51.05', '51.05', '5,105,000')
    """
    return text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text


def is_rounded(text: str) -> bool:
    """Whether a text is a number as spreadsheets and pandas print one of which they do not keep all digits.

    >>> is_rounded("4.45457E+15"), is_rounded("9007199254740993.0"), is_rounded("4454572602912349")
    (True, True, False)
    """
    whole = _WHOLE_FLOAT.fullmatch(text)
    shown = _ROUNDED.fullmatch(text)
    if shown is not None and (shown[2] or (shown[1] and len(shown[1]) < int(shown[3]))):  # not 1e5, which may be a name
        return True
    return whole is not None and abs(int(whole[1])) >= EXACT_FLOAT


def wide_encoding(start: bytes) -> str | None:
    """UTF-16 or UTF-32, where the beginning of a file shows it: by its mark, or by a NUL in every second byte.

    >>> wide_encoding("id,text".encode("utf-16-le")), wide_encoding(b"id,text")
    ('UTF-16', None)
    """
    for mark, name in _BOMS.items():
        if start.startswith(mark):
            return name
    halves = [start[offset : len(start) // 2 * 2 : 2] for offset in (0, 1)]
    return "UTF-16" if any(len(half) >= 2 and half.count(0) > 0.6 * len(half) for half in halves) else None


def likely_encoding(sample: bytes) -> str | None:
    """The encoding, by Python's name, of bytes that are not UTF-8; None where they do not show it.

    A guess for a message, by which bytes stand together and what they would say; nothing is decoded by it.

    >>> likely_encoding("外滩的夜景".encode("gb18030")), likely_encoding("Zürich, Café".encode("cp1252"))
    ('gb18030', 'cp1252')
    """
    runs = _HIGH.findall(sample)
    length = sum(map(len, runs))
    if length < 2 or sum(len(run) for run in runs if _is_utf_8(run)) > length / 2:
        return None
    if _decodes(sample, "cp932", _KANA, 0.2):
        return "cp932"
    if sum(len(run) == 1 for run in runs) > len(runs) / 2:
        pairs = any(len(run) > 1 for run in runs)  # of Big5, the second byte is as often one of ASCII
        return "big5" if pairs and _decodes(sample, "big5", _HAN, 0.8) else "cp1252"
    leads = [run[at] for run in runs if len(run) % 2 == 0 for at in range(0, len(run), 2)]
    if _decodes(sample, "cp949", _HANGUL, 0.9) and leads and all(0xB0 <= lead <= 0xC8 for lead in leads):
        return "cp949"
    if _decodes(sample, "gb2312", _HAN, 0.4):
        return "gb18030"
    return next((name for name in ("big5", "gb18030") if _decodes(sample, name, _HAN, 0.4)), None)


def not_utf_8(sample: bytes) -> tuple[str, str]:
    """What is said of bytes that are not UTF-8, to follow "is not UTF-8", and the remedy."""
    name = likely_encoding(sample)
    if name is None:
        return "", SAVE_AS_UTF_8
    shell = f"`iconv -f {name.upper()} -t UTF-8` in a shell"
    return f" (it looks like {_NAMES[name]})", f"{SAVE_AS_UTF_8}: 'CSV UTF-8' in Excel, {shell}"


def _is_utf_8(run: bytes) -> bool:
    try:
        run.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decodes(sample: bytes, encoding: str, wanted: re.Pattern[str], least: float) -> bool:
    """Whether bytes are text in an encoding, and enough of what is not ASCII is of the wanted characters."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    others = list(chain.from_iterable(re.findall("[^\x00-\x7f]+", text)))
    return bool(others) and len(wanted.findall(text)) >= least * len(others)
