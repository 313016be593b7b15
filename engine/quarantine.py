"""Uploaded definitions are judged in a process of their own, with limits on time and memory.

What nobody has judged yet is parsed there and nowhere else: a file that takes for ever, or all
memory, is a sentence and not a hang. The process knows nothing of the home: neither settings nor
keys are in its environment.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.formjs.model import Finding

if TYPE_CHECKING:
    from engine.flow.check.vanished import InUse

SECONDS = 60
"""How long a set of files may be judged, by the clock on the wall."""
MEGABYTES = 1_000
"""How much memory that may take, the program itself included."""

_MEMORY = 3
"""The exit code of a child that wanted more memory."""
_NOWHERE = "bpmn"
"""Where it is before it comes to a file."""
_KEPT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")
_TOO_LONG = (
    "检查了{seconds}秒还没有查完，已经停止。"
    "请看文件里是否有写错的循环或特别大的表，或把它分成几个文件。"
)
_TOO_LARGE = "读这些文件用的内存超过{megabytes}兆字节，已经停止。请把文件分小。"
_NOT_STARTED = (
    "检查程序不能启动（{code}），文件还没有读，不是文件的问题。请重新安装程序再试；"
    "还是不行，请把终端或服务日志里的报错交给维护人员。"
)
_DIED = "读到这里时检查程序意外停止（{code}）。请把文件恢复到上一个能用的版本，再一步一步改。"


def judge(
    files: Mapping[str, bytes],
    in_use: Iterable[InUse] = (),
    seconds: float = SECONDS,
    megabytes: int = MEGABYTES,
) -> list[Finding]:
    """Every finding of engine.flow.check in these files; one that says so if it did not end.

    `in_use`: what of the version in force must not vanish unsaid, and the units that there are.
    What was found sound is not judged again by the same process.
    """
    try:
        _sound(tuple(sorted(files.items())), tuple(in_use), seconds, megabytes)
    except _Findings as found:
        return found.findings
    return []


class _Findings(Exception):
    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings


@lru_cache(maxsize=8)
def _sound(
    files: tuple[tuple[str, bytes], ...],
    in_use: tuple[InUse, ...],
    seconds: float,
    megabytes: int,
) -> None:
    """Nothing, and kept; _Findings, which is not kept."""
    sent = {
        "files": {path: base64.b64encode(content).decode() for path, content in files},
        "in_use": [[one.kind, one.id, one.name, one.tickets] for one in in_use],
    }
    command = [sys.executable, "-m", "engine.quarantine", str(megabytes)]
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with subprocess.Popen(  # noqa: S603 - this very program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as child:
        try:
            said, _ = child.communicate(json.dumps(sent).encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            said, _ = child.communicate()
            raise _stopped(said, "time", _TOO_LONG.format(seconds=f"{seconds:g}")) from None
    if child.returncode == _MEMORY:
        raise _stopped(said, "memory", _TOO_LARGE.format(megabytes=megabytes))
    if child.returncode != 0 and not said:
        raise _stopped(said, "not_started", _NOT_STARTED.format(code=child.returncode))
    if child.returncode != 0:
        raise _stopped(said, "died", _DIED.format(code=child.returncode))
    *_, told = map(json.loads, said.splitlines())
    if told:
        raise _Findings([Finding(*one) for one in told])


def _stopped(said: bytes, rule: str, sentence: str) -> _Findings:
    """The one finding when the child did not come to an end: where it was at last."""
    places = [line for line in said.split(b"\n")[:-1] if line]  # the last may be cut
    place = json.loads(places[-1]) if places else _NOWHERE
    return _Findings([Finding(str(place), "", rule, sentence)])


def _judge_here(megabytes: int) -> None:
    """The child: files come in as JSON, the paths being read and at last the findings go out.

    The first line says that it has started: before it, nothing is a file's fault.
    """
    from engine.flow import check
    from engine.flow.check import vanished

    print(json.dumps(_NOWHERE), flush=True)
    for limit, most in (
        (resource.RLIMIT_AS, megabytes * 1_000_000),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    try:
        sent = json.load(sys.stdin)
        files = {path: base64.b64decode(content) for path, content in sent["files"].items()}
        in_use = [vanished.InUse(*one) for one in sent["in_use"]]
        found = check.check(files, in_use, lambda path: print(json.dumps(path), flush=True))
        print(json.dumps([[one.file, one.element, one.rule, one.sentence] for one in found]))
    except MemoryError:
        sys.exit(_MEMORY)


if __name__ == "__main__":
    _judge_here(int(sys.argv[1]))
