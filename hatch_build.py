"""Puts bpmn/ and forms/ into the wheel, and refuses a wheel without its built parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = ("webapp/static/vendor/app.js", "webapp/static/vendor/app.css")


class DefinitionsHook(BuildHookInterface[Any]):
    """An editable install reads bpmn/ and forms/ where they are, so it gets no copies."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        missing = [path for path in BUILT if not (root / path).is_file()]
        missing += [
            f"{path.relative_to(root).with_suffix('.mo')}"
            for path in root.glob("webapp/translations/*/LC_MESSAGES/*.po")
            if not path.with_suffix(".mo").is_file()
        ]
        if missing:
            raise RuntimeError(f"not built: {', '.join(missing)}. Use `make wheel`.")
        for folder in ("bpmn", "forms"):
            build_data["force_include"][str(root / folder)] = f"engine/definitions/{folder}"
