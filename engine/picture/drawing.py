"""A page put together: what lies under what, how large the sheet is, what is said of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from engine.picture import areas, edges, labels, marks, nodes
from engine.picture.model import WORDS, Box, Edge, Mark, Page, PictureRefused, Point, Shape, Thing
from engine.picture.reading import read
from engine.picture.svg import FONTS, INK, PAPER, Pen, number

MARGIN = 10.0
WINDOW = (880.0, 300.0)
"""Pixels that a picture of a part of a page is wide and high."""
MOST_NAMED = 20
"""How many marked elements the text for screen readers names."""

_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}")

_FAMILIES: dict[str, Callable[[Pen, Shape], None]] = {
    "participant": areas.pool,
    "lane": areas.lane,
    "group": areas.group,
    "textAnnotation": areas.annotation,
    "message": areas.message,
    **dict.fromkeys(areas.DATA, areas.data),
    **dict.fromkeys(areas.STORES, areas.store),
    **dict.fromkeys(areas.CONVERSATIONS, areas.conversation),
    **dict.fromkeys(nodes.EVENTS, nodes.event),
    **dict.fromkeys(nodes.GATEWAYS, nodes.gateway),
}
_NAMED_OUTSIDE = (
    nodes.EVENTS | nodes.GATEWAYS | areas.DATA | areas.STORES | areas.CONVERSATIONS | {"message"}
)


def pages(content: bytes) -> tuple[Page, ...]:
    """The pages of a BPMN file. Errors: PictureRefused."""
    return read(content)


def draw(
    content: bytes,
    page: int = 1,
    *,
    marks: Mapping[str, Mark] | None = None,
    tokens: Mapping[str, int] | None = None,
    title: str = "",
    words: Mapping[Mark, str] = WORDS,
    prefix: str = "picture",
) -> str:
    """One page of a BPMN file as SVG: the same bytes for the same input, nothing from outside.

    `page` counts from 1. `marks` says how far elements have come (a marked flow was taken),
    `tokens` how many tokens stand on them; ids that are not on the page are passed over. `prefix`
    begins the ids in the picture, so that several may stand in one document. Errors:
    PictureRefused, when the file cannot be read, is too large or has no such page.
    """
    return draw_page(
        page_of(read(content), page),
        marks=marks,
        tokens=tokens,
        title=title,
        words=words,
        prefix=prefix,
    )


def page_of(found: tuple[Page, ...], number: int) -> Page:
    """The page with a number, counted from 1. Errors: PictureRefused."""
    if not 1 <= number <= len(found):
        raise PictureRefused("picture_no_page", page=number, pages=len(found))
    return found[number - 1]


def draw_page(
    page: Page,
    *,
    marks: Mapping[str, Mark] | None = None,
    tokens: Mapping[str, int] | None = None,
    title: str = "",
    words: Mapping[Mark, str] = WORDS,
    prefix: str = "picture",
    around: Collection[str] = (),
) -> str:
    """A page that has been read; see `draw`. `around`: only the part with these in its middle."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"prefix {prefix!r} is no beginning of an id")
    sheet = _Sheet(page, marks or {}, tokens or {}, words)
    return sheet.written(title, prefix, around)


class _Sheet:
    def __init__(
        self,
        page: Page,
        marked: Mapping[str, Mark],
        tokens: Mapping[str, int],
        words: Mapping[Mark, str],
    ) -> None:
        self.page = page
        self.marked = marked
        self.tokens = tokens
        self.words = words
        self.taken: list[Box] = []
        self.pen = Pen.sheet()

    def written(self, title: str, prefix: str, around: Collection[str]) -> str:
        title = title or self.page.name or "流程图"
        self.pen.put("title", title, id=f"{prefix}-title")
        self.pen.put("desc", self.described(), id=f"{prefix}-desc")
        ground = self.pen.put("rect", fill=PAPER)
        body = self.pen.put(
            "g",
            fill="none",
            stroke=INK,
            stroke_width=2,
            stroke_linecap="round",
            stroke_linejoin="round",
            font_family=FONTS,
        )
        self.draw(body)
        box = self.window(around) or self.bounds()
        for key, value in zip(("x", "y", "width", "height"), box, strict=True):
            ground.element.set(key, number(value))
        for key, text in (
            ("width", number(box.width)),
            ("height", number(box.height)),
            ("viewBox", " ".join(map(number, box))),
            ("role", "img"),
            ("aria-labelledby", f"{prefix}-title {prefix}-desc"),
        ):
            self.pen.element.set(key, text)
        return self.pen.written()

    def described(self) -> str:
        """The page in words: how much stands on it, and what is marked."""
        steps = [s for s in self.page.shapes if self.family(s) is nodes.activity]
        said = [f"共{len(steps)}个环节。"]
        for mark in Mark:
            found = [s.thing for s in self.page.shapes if self.marked.get(s.thing.id) is mark]
            if not found:
                continue
            names = [thing.name.replace("\n", " ") or thing.id for thing in found[:MOST_NAMED]]
            more = f"等{len(found)}个" if len(found) > MOST_NAMED else ""
            said.append(f"{self.words.get(mark, mark.value)}：{'、'.join(names)}{more}。")
        return "".join(said)

    def draw(self, body: Pen) -> None:
        """From the ground up: pools and lanes, open subprocesses, flows, the rest, names, marks."""
        shapes = self.page.shapes
        self.all(body, [s for s in shapes if s.thing.kind == "participant" and not s.band])
        self.all(body, _widest_first(s for s in shapes if s.thing.kind == "lane"))
        self.all(body, _widest_first(s for s in shapes if _opened(s)))
        for edge in self.page.edges:
            if edge.thing.kind != "messageFlow":
                self.edge(body, edge)
        self.all(body, [s for s in shapes if _plain(s)])
        self.all(body, [s for s in shapes if s.thing.kind == "boundaryEvent"])
        for edge in self.page.edges:
            if edge.thing.kind == "messageFlow":
                self.edge(body, edge)  # the ring at its source lies on the shape
        self.all(body, [s for s in shapes if s.thing.kind == "group"])
        for shape in shapes:
            if mark := self.marked.get(shape.thing.id):
                marks.ringed(body, shape, mark)
        for shape in shapes:
            self.name(body, shape)
        for edge in self.page.edges:
            self.name_edge(body, edge)
        for shape in shapes:
            self.mark(body, shape)
        self.legend(body)

    def all(self, body: Pen, shapes: Iterable[Shape]) -> None:
        for shape in shapes:
            pen = _of(body, shape.thing)
            mark = self.marked.get(shape.thing.id)
            if mark is not None:
                word = self.words.get(mark, mark.value)
                pen.put("title", f"{shape.thing.name or shape.thing.id}（{word}）")
                tint = marks.STYLES[mark].tint
                if marks.STYLES[mark].hatch and not _opened(shape):
                    # The pattern lies on the ground and under the name.
                    pen.polygon(marks.outline(shape, -1), fill=tint, stroke="none")
                    marks.hatched(pen, shape, mark)
                    tint = "none"
                shape = replace(shape, fill=tint)
            self.family(shape)(pen, shape)
            self.taken.append(shape.box.grown(3))

    def edge(self, body: Pen, edge: Edge) -> None:
        mark = self.marked.get(edge.thing.id)
        colour, wide = (marks.STYLES[mark].colour, 4.0) if mark is not None else ("", 0.0)
        edges.edge(_of(body, edge.thing), edge, colour, wide)
        for x, y in edge.points:
            self.taken.append(Box(x - 8, y - 8, 16, 16))

    def name(self, body: Pen, shape: Shape) -> None:
        thing, box = shape.thing, shape.box
        if not thing.name:
            return
        pen = body.put("g", data_label_of=thing.id)
        if thing.kind == "textAnnotation":
            self.takes(labels.note(pen, thing.name, box))
        elif thing.kind in _NAMED_OUTSIDE:
            under = Point(box.middle.x, box.y + box.height + 6)
            self.takes(labels.outside(pen, thing.name, shape.label, under))
        elif thing.kind == "group":
            under = Point(box.middle.x, box.y + 4)
            self.takes(labels.outside(pen, thing.name, shape.label, under))
        else:
            body.element.remove(pen.element)

    def name_edge(self, body: Pen, edge: Edge) -> None:
        if edge.thing.name and edge.thing.kind != "association":
            pen = body.put("g", data_label_of=edge.thing.id)
            way = edges.halfway(edge.points)
            self.takes(labels.over(pen, edge.thing.name, edge.label, way))

    def mark(self, body: Pen, shape: Shape) -> None:
        mark = self.marked.get(shape.thing.id)
        count = self.tokens.get(shape.thing.id, 0)
        if mark is None and count < 1:
            return
        pen = body.put("g", data_mark_of=shape.thing.id, data_mark=mark or "")
        if mark is not None:
            marks.signed(pen, shape, mark)
        if count > 0:
            marks.counted(pen, shape, count)
        self.taken.append(shape.box.grown(marks.REACH))

    def legend(self, body: Pen) -> None:
        """What the marks mean, below everything else."""
        here = {shape.thing.id for shape in self.page.shapes}
        used = {mark for about, mark in self.marked.items() if about in here}
        if used:
            box = self.bounds()
            pen = body.put("g", data_legend="marks")
            at = Point(box.x + MARGIN, box.y + box.height)
            self.takes(marks.legend(pen, [m for m in Mark if m in used], self.words, at))

    def takes(self, box: Box | None) -> None:
        if box is not None:
            self.taken.append(box)

    def bounds(self) -> Box:
        """All that was drawn, with a margin."""
        if not self.taken:
            return Box(0, 0, 100, 60)
        return _union(self.taken).grown(MARGIN)

    def window(self, around: Collection[str]) -> Box | None:
        """The part of the page around some shapes; if they do not fit, around the first."""
        boxes = [shape.box for shape in self.page.shapes if shape.thing.id in around]
        if not boxes:
            return None
        wide, high = WINDOW
        whole = _union(boxes)
        fits = whole.width <= wide and whole.height <= high
        x, y = (whole if fits else boxes[0]).middle
        return Box(x - wide / 2, y - high / 2, wide, high)

    def family(self, shape: Shape) -> Callable[[Pen, Shape], None]:
        return _FAMILIES.get(shape.thing.kind, nodes.activity)


def _union(boxes: Collection[Box]) -> Box:
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right = max(box.x + box.width for box in boxes)
    low = max(box.y + box.height for box in boxes)
    return Box(left, top, right - left, low - top)


def _of(body: Pen, thing: Thing) -> Pen:
    return body.put("g", data_element_id=thing.id, data_kind=thing.kind)


def _opened(shape: Shape) -> bool:
    return shape.expanded and shape.thing.kind in nodes.OPENING


def _plain(shape: Shape) -> bool:
    """What lies on the flows."""
    kind = shape.thing.kind
    if kind == "participant":
        return shape.band
    return kind not in ("lane", "group", "boundaryEvent") and not _opened(shape)


def _widest_first(shapes: Iterable[Shape]) -> list[Shape]:
    return sorted(shapes, key=lambda shape: -shape.box.width * shape.box.height)
