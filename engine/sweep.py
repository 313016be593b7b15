"""The sweep: due times fired and messages delivered, by any number of processes at once.

APScheduler is the clock only. The truth is the table of timers: whoever claims a row takes the
step in the same transaction, so that a process killed at any moment has done all of it or nothing.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import FrameType

from apscheduler.schedulers.blocking import BlockingScheduler

from engine import watch
from engine.acts import calendar, delegations, escalations, housekeeping, outbox, tickets
from engine.errors import Trouble
from engine.out.file import FileSender
from engine.out.sender import Letter, Sender
from engine.store import Store

log = logging.getLogger(__name__)

ALARM_AFTER = 3
"""A timer or message that failed this often is an alarm, not a warning."""
BATCH = 20
"""Messages that are claimed at once."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one run did: timers fired, tickets whose firing failed, messages sent, not sent.

    `told`: levels of escalation of which people on duty were told.
    """

    fired: int = 0
    failed: int = 0
    delivered: int = 0
    undelivered: int = 0
    told: int = 0


def run_once(store: Store, now: datetime, limit: int = 200, sender: Sender | None = None) -> Swept:
    """Fire what is due and deliver what waits, of each at most `limit`; end leaves that are over.

    An emergency that nobody takes is told to the next on duty.

    What fails is counted, put off and logged, and never stops the rest. Without a sender,
    messages go into files under var/outbox.
    Errors: StoreError when the database cannot be used.
    """
    delegations.end_those_over(store, now)
    fired, failed = _fire(store, now, limit)
    told = _escalate(store, now, limit)
    delivered, undelivered = _deliver(store, now, limit, sender)
    return Swept(fired, failed, delivered, undelivered, told)


def _fire(store: Store, now: datetime, limit: int) -> tuple[int, int]:
    fired = failed = 0
    if not tickets.any_due(store, now):
        return 0, 0
    for _ in range(limit):
        try:
            found = tickets.tick_next(store, now)
        except tickets.TickFailed as error:
            failed += 1
            _postpone(store, error, now)
            continue
        if found is None:
            break
        fired += found
    return fired, failed


def _postpone(store: Store, error: tickets.TickFailed, now: datetime) -> None:
    alarm = watch.cause(error.why)
    tries = tickets.postpone(store, error.ticket_id, now, alarm)
    level = logging.ERROR if tries >= ALARM_AFTER else logging.WARNING
    log.log(
        level,
        "a timer cannot be fired",
        extra={"ticket": error.number, "tries": tries, "cause": alarm},
    )


def _escalate(store: Store, now: datetime, limit: int) -> int:
    told = 0
    for number, task in escalations.waiting(store, now)[:limit]:
        try:
            levels, nobody = escalations.tell(store, number, task, now)
        except Exception as error:
            cause = watch.cause(error)
            log.error("nobody could be told", extra={"ticket": number, "cause": cause})
            continue
        if nobody:
            log.error("there is nobody to tell of an emergency", extra={"ticket": number})
        told += levels
    return told


def _deliver(store: Store, now: datetime, limit: int, sender: Sender | None) -> tuple[int, int]:
    if not outbox.any_due(store, now):
        return 0, 0
    sender = sender or FileSender(store.settings.outbox)
    delivered = undelivered = 0
    more = True
    while more and delivered + undelivered < limit:
        # Few at a time: what is claimed by a slow sender keeps others from sending it.
        most = min(BATCH, limit - delivered - undelivered)
        claimed = outbox.claim(store, now, most)
        more = len(claimed) == most
        done = [id for id, letter in claimed if _sent(store, sender, id, letter, now)]
        if done:
            outbox.delivered(store, done, now)
        delivered += len(done)
        undelivered += len(claimed) - len(done)
    return delivered, undelivered


def _sent(store: Store, sender: Sender, id: int, letter: Letter, now: datetime) -> bool:
    try:
        # News for other tickets stay in the house.
        if letter.topic in tickets.MERGED:
            tickets.tell_merged(store, letter, now)
        else:
            sender.send(letter)
    except Exception as error:
        cause = watch.cause(error)
        tries = outbox.failed(store, id, now, cause)
        log.log(
            logging.ERROR if tries >= ALARM_AFTER else logging.WARNING,
            "a message cannot be delivered",
            extra={"key": letter.key, "topic": letter.topic, "tries": tries, "cause": cause},
        )
        return False
    return True


# --- the door ----------------------------------------------------------------------------------


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Sweep:
    """The sweep as a process: runs, and once a day looks whether everything still agrees."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], sender: Sender | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._sender = sender or FileSender(store.settings.outbox)
        self._looked: datetime | None = None
        self.running = threading.Lock()

    def run(self) -> None:
        """One run; an error is logged, and the next run tries again."""
        with self.running:
            self._run(self._clock())

    def _run(self, now: datetime) -> None:
        try:
            while (swept := run_once(self._store, now, sender=self._sender)) != Swept():
                log.info(
                    "swept",
                    extra={
                        "fired": swept.fired,
                        "failed": swept.failed,
                        "delivered": swept.delivered,
                        "undelivered": swept.undelivered,
                        "told": swept.told,
                    },
                )
            if calendar.unfinished(self._store):
                calendar.resume(self._store, now)
            if self._looked is None or now - self._looked >= watch.EVERY:
                self._looked = now
                watch.look(self._store, now)
                housekeeping.forget(self._store, now)
                housekeeping.forget_uploads(self._store, now)
                calendar.retry(self._store, now)
        except Trouble as trouble:
            log.error("the sweep cannot run", extra={"cause": trouble.code})
        except Exception as error:
            log.error("the sweep cannot run", exc_info=error)


def serve(
    store: Store,
    interval: float = 5.0,
    clock: Callable[[], datetime] = _utc_now,
    sender: Sender | None = None,
) -> None:
    """Run the sweep every `interval` seconds until SIGTERM or SIGINT; a run is never cut short."""
    sweep = Sweep(store, clock, sender)
    scheduler = BlockingScheduler(timezone=UTC)
    scheduler.add_job(
        sweep.run,
        "interval",
        seconds=interval,
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
        next_run_time=_utc_now() + timedelta(milliseconds=1),
    )

    def stop(_signal: int, _frame: FrameType | None) -> None:
        scheduler.shutdown(wait=False)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    scheduler.start()
    with sweep.running:  # the run that was under way has ended: the store may be closed
        pass


__all__ = ["Sweep", "Swept", "run_once", "serve"]
