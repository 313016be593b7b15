"""Small files of each kind that is taken, and of some that pretend to be one; made, not found."""

from __future__ import annotations

import io
import struct
import wave
import zipfile
import zlib


def png(size: int = 1) -> bytes:
    """A real picture, so that a browser draws it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        whole = kind + body
        return struct.pack(">I", len(body)) + whole + struct.pack(">I", zlib.crc32(whole))

    row = b"\0" + b"\x2a\x7f\xd0" * size
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * size)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def pack(parts: dict[str, str]) -> bytes:
    """A zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as found:
        for name, text in parts.items():
            found.writestr(name, text)
    return file.getvalue()


def office(main: str, types: str = "main+xml", **more: str) -> bytes:
    """The least of an office document."""
    return pack({"[Content_Types].xml": f'<Types ContentType="{types}"/>', main: "<x/>", **more})


def box(brand: bytes, *others: bytes) -> bytes:
    """The first box of an ISO media file, and what comes after it."""
    inner = b"ftyp" + brand + b"\0\0\0\0" + b"".join(others)
    return struct.pack(">I", len(inner) + 4) + inner + b"\0\0\0\x08mdat" + b"\0" * 64


def sound() -> bytes:
    """A second of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(1)
        made.setframerate(8000)
        made.writeframes(b"\x80" * 8000)
    return file.getvalue()


FRAME = b"\xff\xfb\x90\x00" + b"\0" * 413
"""A frame of MPEG 1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes."""
WORD, SHEET, SLIDES = "word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"

GOOD = {
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\0" * 50,
    "png": png(),
    "gif": b"GIF89a\1\0\1\0\0\0\0;",
    "webp": b"RIFF\x1a\0\0\0WEBPVP8L" + b"\0" * 16,
    "heic": box(b"heic", b"mif1", b"heic"),
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "docx": office(WORD),
    "xlsx": office(SHEET),
    "pptx": office(SLIDES),
    "text": "路灯不亮，已登记。\r\n第二行\n".encode(),
    "mp3": b"ID3\4\0\0\0\0\0\x0a" + b"\0" * 10 + FRAME * 3,
    "wav": sound(),
    "amr": b"#!AMR\n" + b"\x3c" + b"\0" * 31,
    "m4a": box(b"M4A ", b"isom"),
    "mp4": box(b"mp42", b"isom"),
}
"""A file of each kind."""
