"""What the rows that a ticket leaves behind can hold; SQLite would take more, PostgreSQL not."""

from __future__ import annotations

from collections.abc import Iterator

from engine.flow.check import answers
from engine.flow.definitions import Drawn
from engine.flow.drawing import Element
from engine.flow.model import Finding

LONGEST = {
    "element": 80,
    "name": 80,
    "form": 80,
    "role": 30,
    "article": 40,
    "deadline": 40,
    "process": 80,
    "topic": 60,
    "path": 200,
}
"""Characters of what is drawn; the columns are in engine.store.tables."""

OPTIONS = {"type": 20, "channel": 20, "outcome": 20, "rating": 20}
"""Characters of the answers that a ticket's row keeps, by the field's key."""

WORDS = {
    "element": "编号（id）",
    "name": "名称",
    "form": "表单",
    "role": "岗位",
    "article": "条款（属性 article）",
    "deadline": "时限（属性 deadline）",
    "topic": "主题（topic）",
}


def findings(drawn: Drawn) -> Iterator[Finding]:
    """Ids, names, paths and options that are longer than their columns."""
    for path in sorted(drawn.files):
        if len(path) > LONGEST["path"]:
            sentence = f"文件的路径有{len(path)}个字，最多{LONGEST['path']}个。"
            yield Finding(path, "", "length", sentence)
    for one in drawn.drawings.values():
        if len(one.id) > LONGEST["process"]:
            sentence = (
                f"流程“{one.id}”的编号（id）有{len(one.id)}个字，最多{LONGEST['process']}个。"
            )
            yield Finding(one.file, one.id, "length", sentence)
        for element in one.elements.values():
            for what, text in _texts(element).items():
                if len(text) > LONGEST[what]:
                    sentence = (
                        f"{element.title}的{WORDS[what]}有{len(text)}个字，最多{LONGEST[what]}个。"
                    )
                    yield Finding(one.file, element.id, "length", sentence)
    for path in sorted(drawn.files):
        if path.endswith(answers.SUFFIX):
            yield from _of_form(drawn, path)


def _texts(element: Element) -> dict[str, str]:
    return {
        "element": element.id,
        "name": element.name if element.kind == "userTask" else "",
        "form": element.form,
        "role": element.role,
        "article": element.article,
        "deadline": element.deadline,
        "topic": element.topic or element.reference,
    }


def _of_form(drawn: Drawn, path: str) -> Iterator[Finding]:
    for component, options in answers.offered(drawn, path):
        key = str(component.get("key", ""))
        for value in options:
            if len(value) > OPTIONS.get(key, len(value)):
                sentence = f"字段“{key}”的选项“{value}”有{len(value)}个字，最多{OPTIONS[key]}个。"
                yield Finding(path, str(component.get("id", key)), "length", sentence)
