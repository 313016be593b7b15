"""Small drawings for the tests: shapes and edges are said in short, a file is written of them."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

from lxml import etree

from engine import picture

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:dd="http://www.omg.org/spec/DD/20100524/DI" '
    'xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0">'
)
SIZES = {"Event": (36, 36), "Gateway": (50, 50), "Reference": (40, 50), "Object": (40, 50)}
SVG = "{http://www.w3.org/2000/svg}"


def said(attributes: Mapping[str, object]) -> str:
    return "".join(
        f" {name.replace('__', ':')}={quoteattr(str(value))}" for name, value in attributes.items()
    )


def element(kind: str, about: str, inner: str = "", **attributes: object) -> str:
    return f"<bpmn:{kind} id={quoteattr(about)}{said(attributes)}>{inner}</bpmn:{kind}>"


def shape(about: str, x: float, y: float, wide: float, high: float, label: str = "", **more) -> str:
    return (
        f"<di:BPMNShape bpmnElement={quoteattr(about)}{said(more)}>"
        f'<dc:Bounds x="{x}" y="{y}" width="{wide}" height="{high}"/>{label}</di:BPMNShape>'
    )


def place(x: float, y: float, wide: float, high: float) -> str:
    bounds = f'<dc:Bounds x="{x}" y="{y}" width="{wide}" height="{high}"/>'
    return f"<di:BPMNLabel>{bounds}</di:BPMNLabel>"


def edge(about: str, *points: tuple[float, float], **more) -> str:
    way = "".join(f'<dd:waypoint x="{x}" y="{y}"/>' for x, y in points)
    return f"<di:BPMNEdge bpmnElement={quoteattr(about)}{said(more)}>{way}</di:BPMNEdge>"


def file(elements: str, shapes: str, beside: str = "") -> bytes:
    """One page: elements of a process, and where they stand."""
    return (
        f'{HEAD}<bpmn:process id="main">{elements}</bpmn:process>{beside}'
        f'<di:BPMNDiagram><di:BPMNPlane bpmnElement="main">{shapes}</di:BPMNPlane>'
        "</di:BPMNDiagram></bpmn:definitions>"
    ).encode()


def one(kind: str, inner: str = "", beside: str = "", drawn: Mapping[str, object] = {}, **more):
    """A file with one element in the middle of a page, called `it`."""
    wide, high = next((size for end, size in SIZES.items() if kind.endswith(end)), (100, 80))
    drawing = shape("it", 100, 100, wide, high, **drawn)
    return file(element(kind, "it", inner, **more), drawing, beside)


def svg(content: bytes, page: int = 1, **said) -> etree._Element:
    """The picture, as a tree."""
    return etree.fromstring(picture.draw(content, page, **said).encode())


def body(root: etree._Element, about: str = "it") -> etree._Element:
    """What was drawn for an element."""
    (found,) = root.iterfind(f".//{SVG}g[@data-element-id='{about}']")
    return found


def parts(root: etree._Element, tag: str) -> list[etree._Element]:
    return list(root.iter(SVG + tag))


def strokes(root: etree._Element, tag: str) -> list[float]:
    """The widths of the lines of all elements of a kind, where they say one."""
    return [
        float(node.get("stroke-width")) for node in parts(root, tag) if node.get("stroke-width")
    ]


def words(root: etree._Element) -> list[str]:
    """All lines of text of a picture, in the order in which they are drawn."""
    return [node.text or "" for node in parts(root, "tspan")]
