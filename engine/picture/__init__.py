"""BPMN drawn as SVG, on the server: one way for the guide's pictures, for pages and for print.

Pure: a file goes in, a text comes out. Whatever BPMN has can be drawn, also what the engine refuses
to run; marks say how far the elements of a process under way have come.
"""

from engine.picture.drawing import draw, draw_page, page_of, pages
from engine.picture.model import WORDS, Mark, Page, PictureRefused

__all__ = [
    "WORDS",
    "Mark",
    "Page",
    "PictureRefused",
    "draw",
    "draw_page",
    "page_of",
    "pages",
]
