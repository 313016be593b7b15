"""What a file is: told by its content, never by its name or by what a browser says of it.

A file is taken if it is one of KINDS, and nothing else is: no page, no drawing of markup, no
program, no macro. Nothing is unpacked or drawn here; of an office document the list of its parts
is read and the one small part that says what they are.
"""

from __future__ import annotations

import codecs
import re
import struct
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Final

LARGEST_NAME: Final = 80
"""Characters of a file's name: what fits a line, and still tells the files of a ticket apart."""
_CHUNK: Final = 1 << 16
_HEAD: Final = 4096
_PARTS: Final = 1_000_000
"""Bytes of a zip's directory. Office writes a few kilobytes; what is larger is no document."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that is taken; a name that ends in none of `suffixes` gets the first."""

    name: str
    type: str
    suffixes: tuple[str, ...]
    shown: bool = False  # browsers draw it as a picture, and nothing in it acts

    @property
    def group(self) -> str:
        """The first half of its type: image, audio, video, text, application."""
        return self.type.partition("/")[0]


_OPEN_XML = "application/vnd.openxmlformats-officedocument"
KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("jpeg", "image/jpeg", (".jpg", ".jpeg", ".jfif"), shown=True),
        Kind("png", "image/png", (".png",), shown=True),
        Kind("gif", "image/gif", (".gif",), shown=True),
        Kind("webp", "image/webp", (".webp",), shown=True),
        Kind("heic", "image/heic", (".heic", ".heif", ".hif")),
        Kind("pdf", "application/pdf", (".pdf",)),
        Kind("docx", f"{_OPEN_XML}.wordprocessingml.document", (".docx",)),
        Kind("xlsx", f"{_OPEN_XML}.spreadsheetml.sheet", (".xlsx",)),
        Kind("pptx", f"{_OPEN_XML}.presentationml.presentation", (".pptx",)),
        Kind("text", "text/plain", (".txt", ".csv", ".log", ".md")),
        Kind("mp3", "audio/mpeg", (".mp3",)),
        Kind("wav", "audio/wav", (".wav",)),
        Kind("amr", "audio/amr", (".amr",)),
        Kind("m4a", "audio/mp4", (".m4a",)),
        Kind("mp4", "video/mp4", (".mp4", ".m4v")),
    )
}
"""Every kind that is taken, by name."""


class Untaken(ValueError):
    """A file that is not taken; `code` says why: file_empty, file_macros, file_old, file_markup,
    file_program or file_kind."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def tell(file: IO[bytes], name: str) -> Kind:
    """The kind of a file that can be sought in; its place in it is lost. Errors: Untaken.

    The name is asked only where the content says too little: a program in plain text is a text.
    """
    file.seek(0)
    head = file.read(_HEAD)
    if not head:
        raise Untaken("file_empty")
    for start, kind in _STARTS.items():
        if head.startswith(start):
            return KINDS[kind]
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        return KINDS[_RIFF[head[8:12]]]
    if head[4:8] == b"ftyp":
        return KINDS[_boxed(head)]
    if head.startswith(b"PK"):
        return KINDS[_packed(file)]
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise Untaken("file_old")
    if _sounds(file, head):
        return KINDS["mp3"]
    return _written(file, head, name)


_STARTS: Final = {
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR": "png",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"%PDF-": "pdf",
    b"#!AMR\n": "amr",
    b"#!AMR-WB\n": "amr",
}
_RIFF: Final = {b"WEBP": "webp", b"WAVE": "wav"}

# --- ISO media: photos and recordings of telephones -------------------------------------------

_PHOTOS: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_FILMS: Final = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V "}


def _boxed(head: bytes) -> str:
    """The kind by the brands of the first box."""
    size = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(size, _HEAD) - 3, 4))}
    if head[8:12] in _PHOTOS or (head[8:12] in {b"mif1", b"msf1"} and brands & _PHOTOS):
        return "heic"
    if head[8:12] in {b"M4A ", b"M4B "}:
        return "m4a"
    if brands & _FILMS:
        return "mp4"
    raise Untaken("file_kind")


# --- office documents --------------------------------------------------------------------------

_MAIN: Final = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
    "ppt/presentation.xml": "pptx",
}
_TYPES: Final = "[Content_Types].xml"
_MACROS: Final = re.compile(rb"macroenabled|vbaproject|\.macrosheet", re.IGNORECASE)


def _packed(file: IO[bytes]) -> str:
    """The kind of an office document by its parts."""
    _bear(file)
    try:
        with zipfile.ZipFile(file) as pack:
            names = pack.namelist()
            if any("vbaproject" in name.lower() for name in names):
                raise Untaken("file_macros")
            found = [kind for part, kind in _MAIN.items() if part in names]
            if len(found) != 1 or names.count(_TYPES) != 1:
                raise Untaken("file_kind")
            with pack.open(_TYPES) as part:
                types = part.read(_PARTS)
    except Untaken:
        raise
    except Exception as error:  # encrypted or broken: the library raises a dozen kinds
        raise Untaken("file_kind") from error
    if len(types) == _PARTS or b"\0" in types:  # so that no other coding hides the word
        raise Untaken("file_kind")
    if _MACROS.search(types):
        raise Untaken("file_macros")
    return found[0]


def _bear(file: IO[bytes]) -> None:
    """Refuse a directory that takes more memory than it is worth, before it is read."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(size - 65_557, 0))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 22:
        raise Untaken("file_kind")
    (length,) = struct.unpack_from("<I", tail, at + 12)
    if length > _PARTS:
        raise Untaken("file_kind")
    file.seek(0)


# --- sound -------------------------------------------------------------------------------------

_RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_BITS: Final = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def _sounds(file: IO[bytes], head: bytes) -> bool:
    """Whether two frames of MPEG layer III follow one another, after a tag if there is one."""
    if head.startswith(b"ID3") and len(head) > 10 and max(head[6:10]) < 128:
        length = 0
        for byte in head[6:10]:
            length = length << 7 | byte
        file.seek(10 + length)
        found = file.read(_HEAD)
        head = found[re.match(b"\0*", found).end() :]  # type: ignore[union-attr]
    size = _frame(head)
    return size > 0 and _frame(head[size:]) > 0


def _frame(head: bytes) -> int:
    """The length of the frame at the beginning; 0 if there is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, bits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bits in (0, 15) or rate == 3:
        return 0
    half = 144 if version == 3 else 72
    kilobits = _BITS[3 if version == 3 else 2][bits]
    return half * kilobits * 1000 // _RATES[version][rate] + (head[2] >> 1 & 1)


# --- plain text --------------------------------------------------------------------------------

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MARKUP: Final = re.compile(
    r"\A\s*<|<\s*/?\s*(?:!doctype|\?xml|html|head|body|script|svg|iframe|object|embed)\b",
    re.IGNORECASE,
)


def _written(file: IO[bytes], head: bytes, name: str) -> Kind:
    """A plain text in UTF-8 or GB18030 that is neither markup nor a program."""
    for coding in ("utf-8-sig", "gb18030"):
        try:
            if _MARKUP.search(head.decode(coding, "ignore")):
                raise Untaken("file_markup")
            if not all(_CONTROLS.search(text) is None for text in _decoded(file, coding)):
                break
        except UnicodeDecodeError:
            continue
        suffix = _suffix(name)
        if head.startswith(b"#!"):
            raise Untaken("file_program")
        if suffix in ("", *KINDS["text"].suffixes):
            return KINDS["text"]
        another = any(suffix in kind.suffixes for kind in KINDS.values())
        raise Untaken("file_kind" if another else "file_program")
    raise Untaken("file_kind")


def _decoded(file: IO[bytes], coding: str) -> Iterator[str]:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(coding)()
    while chunk := file.read(_CHUNK):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


# --- names and what a form asks for ------------------------------------------------------------


def plain_name(name: str, suffix: str = "") -> str:
    """A file's name as it may be shown: no path, nothing invisible, not long; never empty.

    `suffix` stays at its end when it is shortened.
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    name = "".join(char for char in name if char.isprintable())
    name = re.sub(r'[<>:"|?*]', "_", name).strip(" .") or "文件"
    ending = suffix if suffix and name.lower().endswith(suffix) else ""
    if len(name) <= LARGEST_NAME:
        return name
    return name[: LARGEST_NAME - len(ending) - 1].rstrip(" .") + "…" + ending


def named(name: str, kind: Kind) -> str:
    """A file's name with the suffix of what it is, so that nothing opens it as something else."""
    name = plain_name(name, _suffix(name))
    if _suffix(name) in kind.suffixes:
        return name
    return plain_name(name + kind.suffixes[0], kind.suffixes[0])


def _suffix(name: str) -> str:
    found = re.search(r"\.[A-Za-z0-9]{1,10}\s*\Z", name)
    return found[0].strip().lower() if found else ""


def accepted(accept: str) -> tuple[frozenset[str], str]:
    """The names of the kinds that a form's `accept` asks for (all, if it asks for none), and
    the first of its words that asks for nothing that is taken, else ""."""
    found: set[str] = set()
    words = [word for part in accept.split(",") if (word := part.strip().lower())]
    for word in words:
        fitting = {kind.name for kind in KINDS.values() if _asks(word)(kind)}
        if not fitting:
            return frozenset(), word
        found |= fitting
    return frozenset(found or KINDS), ""


def _asks(word: str) -> Callable[[Kind], bool]:
    if word == "*/*":
        return lambda kind: True
    if word.endswith("/*"):
        return lambda kind: kind.group == word[:-2]
    return lambda kind: word == kind.type or word in kind.suffixes
