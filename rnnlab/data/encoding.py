"""The encoding of a table's text, found in its beginning."""

import codecs
import re

from rnnlab.core.errors import UserError
from rnnlab.data.columns import FOREIGN_NAMES

MARKS = {  # that of UTF-32 begins as that of UTF-16
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
WIDE = ("utf-16", "utf-32")  # in which NUL bytes stand
# Encodings in which a header may be found by words that are known.
BY_WORDS = ("cp949", "shift_jis", "gb18030", "big5")
WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")  # with a letter that is not ASCII
CYRILLIC = re.compile("[А-ЯЁІЇЄҐ]?[а-яёіїєґ]+|[А-ЯЁІЇЄҐ]{2,}")
WESTERN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿŒœŠšŽž°€£¥§µ²³½¹ªº¿·«»–—‘’“”…\u00a0]+")
# Letters of Central Europe, where Western text would have a mark or a letter that none of its words has in that place.
CENTRAL = re.compile(
    rb"[A-Za-z\xc0-\xff](?:[\x9a\x9d-\x9f\xb3\xb9\xbe\xbf][a-z\xe0-\xff]|[\x9d-\x9f\xbf](?![A-Za-z]))"
    rb"|(?<![A-Za-z])[\x8c\xa3\xaf][a-z\xe0-\xff]|\x9c[\xe6\xea]"
)


def find_encoding(head: bytes, name: str) -> str:
    """The encoding of a file that begins with ``head``.

    Raises:
        UserError: if it is no text, or nothing tells which encoding it has.
    """
    if mark := next((mark for mark in MARKS if head.startswith(mark)), None):
        return MARKS[mark]
    if b"\0" in head:
        line = 1 + (head.count(b"\n", 0, head.index(b"\0")) or head.count(b"\r", 0, head.index(b"\0")))
        raise UserError(f"{name}: line {line} is not text (a NUL byte)")
    try:
        codecs.getincrementaldecoder("utf-8-sig")().decode(head)  # half a character at the end is none of its faults
    except UnicodeDecodeError:
        return _by_letters(head, name)
    return "utf-8-sig"


def _by_letters(head: bytes, name: str) -> str:
    """A header has too few words for a guess by frequencies alone."""
    for encoding in BY_WORDS:
        start = codecs.getincrementaldecoder(encoding)("replace").decode(head[:2000])
        if any(word in start for word in FOREIGN_NAMES):
            return encoding
    if all(letter.isascii() or "가" <= letter <= "힣" for letter in _decoded(head, "euc_kr")):
        return "cp949"
    words = set(WORD.findall(head))
    if 2 * sum(bool(CYRILLIC.fullmatch(_decoded(word, "cp1251"))) for word in words) > len(words):
        return "cp1251"
    if CENTRAL.search(head) and not any(_decoded(word, "cp1250").count("\ufffd") for word in words):
        return "cp1250"
    if all(WESTERN.fullmatch(_decoded(word, "cp1252")) and not re.search(rb"[\x80-\xff]{3}", word) for word in words):
        return "cp1252"
    from charset_normalizer import from_bytes  # takes a moment to import

    found = from_bytes(head, cp_isolation=[*BY_WORDS, "cp1252", "cp1251"]).best()
    if found is None:
        raise UserError(f"{name}: its text can't be decoded; say how, as -S series.read.encoding=cp949")
    return found.encoding


def _decoded(text: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)("replace").decode(text)
