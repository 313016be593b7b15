"""Uploaded XML: nothing is resolved, fetched or expanded."""

from __future__ import annotations

import pytest

from engine.flow import Definitions, DefinitionsRefused, xml
from tests.unit.flow.small import diagram

BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<definitions>&b;</definitions>"""
FILE = """<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>"""
OUTSIDE = """<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>"""


@pytest.mark.parametrize("text", [BOMB, FILE, OUTSIDE, FILE.lower(), "<!ENTITY % x ''><x/>"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_document_types_and_entities_are_refused_in_every_encoding(text, encoding):
    with pytest.raises(xml.XmlRefused, match="DOCTYPE"):
        xml.root_of(text.encode(encoding))


@pytest.mark.parametrize(
    "content",
    [
        b'<?xml version="1.0" encoding="utf-7"?><x/>',
        b'<?xml version="1.0" encoding="gb18030"?><x/>',
        b'<?xml version="1.0" encoding="utf-32"?><x/>',
        "<x/>".encode("utf-32"),
        b"<x>\xff</x>",
        b"\xff\xfe\x00",
        b"\x00",
        b"",
        b"<x>",
        b"not xml",
        b"<x>&lol;</x>",
        b"<x><?xml version='1.0'?></x>",
        b"<a>" * 5_000 + b"</a>" * 5_000,
        b"<x>" + b" " * 5_000_001 + b"</x>",
    ],
    ids=range(14),
)
def test_what_is_not_plain_xml_is_refused(content):
    with pytest.raises(xml.XmlRefused):
        xml.root_of(content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_good_files_are_read_in_utf_8_and_utf_16(encoding):
    declared = '<?xml version="1.0" encoding="{}"?>\n<!-- 说明 --><x a="签收"/>'
    name = "UTF-16" if encoding == "utf-16" else "UTF-8"
    root = xml.root_of(declared.format(name).encode(encoding))
    assert root.get("a") == "签收"


@pytest.mark.parametrize("name", ["ISO-8859-1", "us-ascii"])
def test_latin_1_is_read_where_the_file_says_so(name):
    declared = f"<?xml version='1.0' encoding='{name}'?>\n"
    assert xml.root_of((declared + '<x a="Prüfen"/>').encode("latin-1")).get("a") == "Prüfen"
    with pytest.raises(xml.XmlRefused, match="DOCTYPE"):
        xml.root_of((declared + FILE).encode("latin-1"))
    with pytest.raises(xml.XmlRefused, match="UTF-8"):  # the mark says something else
        xml.root_of(b"\xff\xfe" + (declared + "<x/>").encode("utf-16-le"))


def test_definitions_in_utf_16_are_read_and_bad_files_are_findings():
    files = diagram("rework.bpmn")
    text = files["bpmn/rework.bpmn"].decode().replace('encoding="UTF-8"', 'encoding="UTF-16"')
    assert Definitions.read({"bpmn/rework.bpmn": text.encode("utf-16")}).user_tasks()
    with pytest.raises(DefinitionsRefused) as refused:
        Definitions.read({**files, "bpmn/x.bpmn": BOMB.encode(), "bpmn/x.dmn": b"<x>"})
    assert [(one.file, one.rule) for one in refused.value.findings] == [
        ("bpmn/x.bpmn", "xml"),
        ("bpmn/x.dmn", "xml"),
    ]


@pytest.mark.parametrize("content", [b"<x/>", b"<definitions/>"])
def test_a_file_that_is_no_diagram_is_a_finding(content):
    with pytest.raises(DefinitionsRefused, match="BPMN"):
        Definitions.read({"bpmn/x.bpmn": content})
