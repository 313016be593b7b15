"""Reading XML that somebody uploaded: no document type, no entities, one known encoding."""

from __future__ import annotations

import re

from lxml import etree

LARGEST_FILE = 5_000_000

_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")
_ENCODING = re.compile(r"""encoding\s*=\s*["']([^"']*)["']""")
_LATIN = ("iso-8859-1", "us-ascii")
_LATIN_FILE = re.compile(
    rb"""\s*<\?xml\b[^>]*encoding\s*=\s*["'](?:iso-8859-1|us-ascii)["'][^>]*\?>""", re.IGNORECASE
)
_DOCTYPE = re.compile(r"<!\s*(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)


class XmlRefused(Exception):
    """A file that is not read; str() is a Chinese sentence saying why."""


def text_of(content: bytes) -> str:
    """The file's text, decoded here and nowhere else, so that what was checked is what is parsed.

    UTF-8 and UTF-16 are read, and Latin-1 where the file says that it is (some modellers write
    it). A document type or an entity is refused before any parser sees the text, in UTF-16 too.
    """
    if len(content) > LARGEST_FILE:
        raise XmlRefused("文件太大")
    encoding = "latin-1" if _LATIN_FILE.match(content) else "utf-8"
    for mark, name in _MARKS:
        if content.startswith(mark):
            encoding = name
            break
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise XmlRefused("文件的编码不对，请保存为 UTF-8") from None
    if "\x00" in text:
        raise XmlRefused("文件的编码不对，请保存为 UTF-8")
    declaration = _DECLARATION.match(text)
    if declaration is not None:
        named = _ENCODING.search(declaration.group())
        known = _LATIN if encoding == "latin-1" else ("utf-8", "utf-16")
        if named is not None and named.group(1).lower() not in known:
            raise XmlRefused("文件的编码不对，请保存为 UTF-8")
        text = text[declaration.end() :]
    if _DOCTYPE.search(text):
        raise XmlRefused("文件里有文档类型或实体声明（DOCTYPE、ENTITY），不能使用")
    return text


def root_of(content: bytes) -> etree._Element:
    """The root element of an uploaded XML file; XmlRefused when it cannot be trusted or parsed."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text_of(content).encode(), parser)
    except etree.XMLSyntaxError as error:
        if getattr(error, "code", 0) == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        raise XmlRefused(f"文件不是完好的 XML（第{error.lineno}行）") from None


def local(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return etree.QName(element).localname
