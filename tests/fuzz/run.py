"""Fuzzing of the readers: `python -m tests.fuzz.run --minutes 10 --reader form`.

A reader is given changed files until the time or the number is over; what it must never do is
raise something else than its own refusal, take longer than two seconds, or fill the memory. Each
kind of failure is printed once, its input kept in --keep. A run is repeated by its --seed.

With --guided the inputs are chosen by coverage, by atheris, which is not among the project's own
requirements (`pip install atheris`); without it a new word of a reader (see `readers`) guides.
"""

from __future__ import annotations

import argparse
import atexit
import faulthandler
import hashlib
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from tests.fuzz import mutation

LONGEST = 2.0
"""Seconds of computing that one input may take."""
LARGEST = 300_000
"""Kilobytes by which one input may make the process grow."""
_KEPT = 400
"""Inputs beside the seeds that are changed again."""


class TooLong(BaseException):
    """An input that takes too long; no handler of the readers catches it."""


class Judge:
    """Gives inputs to one reader, and keeps what went wrong: each kind once."""

    def __init__(self, read: Callable[[bytes], str], keep: Path | None = None) -> None:
        self._read = read
        self._keep = keep
        self._last: int | None = None
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            self._last = os.open(keep / "last", os.O_WRONLY | os.O_CREAT)
        self.given = 0
        self.words: set[str] = set()
        self.failures: dict[str, str] = {}
        """What went wrong, by where; with its last lines."""

    def judge(self, content: bytes, *, alarmed: bool = True) -> bool:
        """Whether the reader answered with a word that is new."""
        self.given += 1
        if self._last is not None:  # in case the process ends over it
            os.ftruncate(self._last, 0)
            os.pwrite(self._last, content, 0)
        began, size = time.process_time(), _size(anew=True)
        try:
            with _alarm(LONGEST) if alarmed else nullcontext():
                word = self._read(content)
        except TooLong as error:
            self._fail(content, error)
            return False
        except Exception as error:  # anything at all: this is what is looked for
            self._fail(content, error)
            return False
        if time.process_time() - began > LONGEST:
            self._fail(content, TooLong("slow"))
        grown = _size() - size
        if grown > LARGEST:
            self._fail(content, MemoryError(f"{grown} KB more"))
        new = word not in self.words
        self.words.add(word)
        return new

    def close(self) -> None:
        """Nothing more is given."""
        if self._last is not None:
            os.close(self._last)
            self._last = None

    def _fail(self, content: bytes, error: BaseException) -> None:
        frames = [
            f for f in traceback.extract_tb(error.__traceback__) if "/fuzz/" not in f.filename
        ]
        last = frames[-1] if frames else None
        where = f"{type(error).__name__} {getattr(error, 'kind', '')}"
        if last:
            where += f" {Path(last.filename).name}:{last.name}"
        if where in self.failures:
            return
        self.failures[where] = "".join(traceback.format_exception(error)[-6:])
        print(f"--- {where}\n{self.failures[where]}", flush=True)
        if self._keep is not None:
            name = hashlib.sha256(content).hexdigest()[:12]
            (self._keep / name).write_bytes(content)


def _size(anew: bool = False) -> int:
    """Kilobytes of memory that the process has had at most, since it was asked `anew`."""
    if anew and _PEAK.exists():
        _PEAK.write_text("5")  # proc(5): reset the peak
    if _STATUS.exists():
        return int(_STATUS.read_text().partition("VmHWM:")[2].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


_PEAK, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise TooLong("hangs")

    before = signal.signal(signal.SIGPROF, ring)
    # Code of C does not hear the alarm: the process says where it hangs, and ends.
    faulthandler.dump_traceback_later(60 * seconds, exit=True)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGPROF, before)


def fuzz(
    reader: Any,
    seed: int,
    *,
    most: int | None = None,
    seconds: float | None = None,
    keep: Path | None = None,
) -> Judge:
    """So many changed inputs, or as many as there is time for, drawn from a seed."""
    judge, random = Judge(reader.read, keep), Random(seed)
    pool = list(reader.seeds)
    for content in reader.seeds:
        judge.judge(content)
    end = None if seconds is None else time.perf_counter() + seconds
    told = time.perf_counter()
    while (most is None or judge.given < most) and (end is None or time.perf_counter() < end):
        # What is small is read quickly, and says as much.
        content = random.choices(pool, [1 / (200 + len(one)) for one in pool])[0]
        for _ in range(random.choice((1, 1, 1, 2, 4))):
            content = mutation.changed(reader.change, random, content)
        if judge.judge(content[:1_000_000]):
            pool.append(content)
            if len(pool) > len(reader.seeds) + _KEPT:
                del pool[random.randrange(len(reader.seeds), len(pool))]
        if time.perf_counter() - told > 60:
            told = time.perf_counter()
            _tell(reader.name, judge)
    judge.close()
    return judge


def guided(name: str, seconds: float, keep: Path) -> None:
    """The same, with inputs chosen by the coverage of the code; ends the process."""
    import atheris

    with atheris.instrument_imports(include=["engine"]):
        from tests.fuzz import readers
    reader = readers.READERS[name]
    corpus = keep / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(reader.seeds):
        (corpus / f"seed{number}").write_bytes(content)
    judge = Judge(reader.read, keep)
    told = time.perf_counter()

    def one(content: bytes) -> None:
        nonlocal told
        # libFuzzer has the alarm of the process; how long it took is judged afterwards.
        judge.judge(content, alarmed=False)
        if time.perf_counter() - told > 30:
            told = time.perf_counter()
            _tell(name, judge)

    def change(content: bytes, most: int, seed: int) -> bytes:
        return mutation.changed(reader.change, Random(seed), content)[:most]

    atexit.register(_tell, name, judge)
    options = [
        f"-max_total_time={int(seconds)}",
        "-timeout=30",
        "-rss_limit_mb=2000",
        "-max_len=200000",
        f"-artifact_prefix={keep}/",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one, custom_mutator=change)
    atheris.Fuzz()


def _tell(name: str, judge: Judge) -> None:
    print(
        f"{name}: {judge.given} inputs, {len(judge.words)} outcomes, "
        f"{len(judge.failures)} failures, {_size() // 1000} MB",
        flush=True,
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reader", action="append", help="which; all by default")
    parser.add_argument("--minutes", type=float, default=1, help="for each reader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("var/fuzz"), help="for what fails")
    parser.add_argument("--guided", action="store_true", help="by atheris; one reader")
    arguments = parser.parse_args()
    if arguments.guided:
        (name,) = arguments.reader or [""]
        guided(name, 60 * arguments.minutes, arguments.keep / name)
    from tests.fuzz import readers

    failed = False
    for name in arguments.reader or list(readers.READERS):
        reader = readers.READERS[name]
        seconds, keep = 60 * arguments.minutes, arguments.keep / name
        judge = fuzz(reader, arguments.seed, seconds=seconds, keep=keep)
        _tell(name, judge)
        failed = failed or bool(judge.failures)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
