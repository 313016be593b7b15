"""Another machine, as far as Python can tell: it takes the steps that are written to it.

One JSON request a line in, one JSON answer a line out. Definitions are read once and no step is
taken here: each request is served by a fork, so that every step meets an engine in which nothing
has happened yet.
"""

from __future__ import annotations

import json
import os
import sys
import traceback

from engine.flow import Definitions
from tests.features.story import replay, shipped_files


def main() -> None:
    definitions = Definitions.read(shipped_files())
    for line in sys.stdin:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            try:
                answer = replay(definitions, json.loads(line))
            except BaseException:
                answer = {"error": traceback.format_exc()}
            with os.fdopen(writer, "w", encoding="utf-8") as out:
                json.dump(answer, out)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as said:
            print(said.read(), flush=True)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
