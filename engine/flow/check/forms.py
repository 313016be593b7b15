"""Every user task has a form, and the form is there."""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.check import answers
from engine.flow.definitions import Drawn
from engine.flow.model import Finding


def findings(drawn: Drawn) -> Iterator[Finding]:
    """User tasks without a form key, keys without a file, a start without the form of a call."""
    starts = set(drawn.manifest.get("start", {}).values())
    for one in drawn.drawings.values():
        for element in one.elements.values():
            starting = element.kind == "startEvent" and element.scope in starts
            if not element.form and (element.kind == "userTask" or starting):
                sentence = f"{element.title}没有表单，请在“表单”里填 formKey。"
                yield Finding(one.file, element.id, "form", sentence)
            if element.form and answers.path_of(element.form) not in drawn.files:
                sentence = (
                    f"{element.title}的表单“{element.form}”"
                    f"没有文件（{answers.path_of(element.form)}）。"
                )
                yield Finding(one.file, element.id, "form", sentence)
