"""Every element and every flow of the shipped diagrams is walked by somebody, and can be."""

from __future__ import annotations

from tests.machine.town import Town
from tests.machine.walker import drawn, walk_all

MOST = 40_000
"""Steps, before it is said what nobody comes to; far fewer are enough."""


def test_every_element_and_flow_of_the_diagrams_can_be_walked():
    seen = walk_all(Town(), MOST)
    assert seen.left() == {"elements": [], "flows": []}, f"after {seen.steps} steps"
    assert {kind: len(ids) for kind, ids in drawn().items()} == {
        "elements": len(seen.elements),
        "flows": len(seen.flows),
    }
