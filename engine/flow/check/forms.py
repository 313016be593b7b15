"""Every user task has a form, the form is there, and every form can be shown."""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.check import answers
from engine.flow.definitions import Drawn
from engine.flow.model import Finding
from engine.formjs import FormRefused


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Tasks without a form key, keys without a file, a call without one; unsound forms.

    A form that no element names is read too: it belongs to the version, labels and all.
    """
    for path in sorted(drawn.files):
        if path.endswith(answers.SUFFIX):
            try:
                answers.form(drawn.files[path], path)
            except FormRefused as refused:
                for one in refused.findings:
                    yield Finding(one.file, one.element, one.rule, one.sentence)
    starts = set(drawn.manifest.get("start", {}).values())
    for drawing in drawn.drawings.values():
        for element in drawing.elements.values():
            starting = element.kind == "startEvent" and element.scope in starts
            if not element.form and (element.kind == "userTask" or starting):
                sentence = f"{element.title}没有表单，请在“表单”里填 formKey。"
                yield Finding(drawing.file, element.id, "form", sentence)
            if element.form and answers.path_of(element.form) not in drawn.files:
                sentence = (
                    f"{element.title}的表单“{element.form}”"
                    f"没有文件（{answers.path_of(element.form)}）。"
                )
                yield Finding(drawing.file, element.id, "form", sentence)
