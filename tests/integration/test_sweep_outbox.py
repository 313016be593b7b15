"""Messages leave: once for a key, whoever dies; what cannot be delivered waits ever longer."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from engine import sweep, watch
from engine.acts import outbox
from engine.errors import Trouble
from engine.out.file import FileSender
from engine.out.sender import Letter
from engine.read import health
from engine.store import Store
from engine.store import tables as t
from tests.integration.office import Office, opened


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


def lines(office: Office, topic: str) -> list[dict[str, object]]:
    path = office.store.settings.outbox / f"{topic}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def queued(office: Office) -> list[object]:
    with office.store.read() as conn:
        return list(conn.execute(select(t.outbox).order_by(t.outbox.c.id)))


def letter(n: int, topic: str = "sms.accepted") -> Letter:
    return Letter(f"20260930-00001/{n}/1", topic, "20260930-00001", {"n": n}, datetime.now(UTC))


def test_the_caller_is_told_at_once_that_the_call_was_accepted(office, now):
    number = office.call(now, title="路灯不亮", phone="13812341234")
    assert sweep.run_once(office.store, now).delivered == 1
    (line,) = lines(office, "sms.accepted")
    assert (line["number"], line["key"]) == (number, f"{number}/1/1")
    assert "13812341234" not in json.dumps(line)
    (row,) = queued(office)
    assert (row.delivered_at, row.next_try_at, row.tries) == (now, None, 1)
    assert sweep.run_once(office.store, now + timedelta(days=1)).delivered == 0


def test_a_unit_is_warned_once_of_a_missed_deadline(office, at):
    number = office.call(at("2026-09-28 10:00"), type="consult")
    office.does(number, "dispatcher", at("2026-09-28 10:05"), lead_unit="sr-water")
    sweep.run_once(office.store, at("2026-10-08 09:00"))
    office.does(number, "officer", at("2026-10-08 10:00"))  # signed late
    sweep.run_once(office.store, at("2026-10-08 10:01"))  # the next task is late at once
    office.does(number, "officer", at("2026-10-08 11:00"), outcome="done")
    sweep.run_once(office.store, at("2026-10-08 12:00"))
    assert len(lines(office, "warning.unsigned")) == 1
    assert len(lines(office, "warning.overdue")) == 1
    from engine.read import verify

    assert verify.verify(office.store).differences == ()


class Broken:
    """A sender whose line is down, for one topic or all."""

    def __init__(self, topic: str = "") -> None:
        self.topic, self.sent = topic, list[str]()

    def send(self, letter: Letter) -> None:
        if letter.topic.startswith(self.topic):
            raise ConnectionError("13812341234 拒绝连接")
        self.sent.append(letter.key)


def test_what_is_not_delivered_waits_ever_longer_and_stops_no_other(office, at, caplog):
    number = office.call(at("2026-09-28 10:00"), type="consult")
    office.does(number, "dispatcher", at("2026-09-28 10:05"), lead_unit="sr-water")
    now = at("2026-09-30 00:00")
    sender = Broken("sms")
    swept = sweep.run_once(office.store, now, sender=sender)
    assert (swept.delivered, swept.undelivered) == (1, 1)
    pauses = []
    for _ in range(9):
        row = queued(office)[0]
        pauses.append(row.next_try_at - now)
        now = row.next_try_at
        assert sweep.run_once(office.store, now, sender=sender).undelivered == 1
    assert pauses[:3] == [timedelta(minutes=n) for n in (1, 2, 4)]
    assert max(pauses) == timedelta(hours=1)
    assert "message_stuck" in [alarm.code for alarm in health.alarms(office.store, now)]
    assert row.error == "ConnectionError"
    assert "13812341234" not in caplog.text
    assert sweep.run_once(office.store, now + timedelta(hours=1)).delivered == 1


def test_a_message_whose_carrier_died_goes_again_and_is_written_once(office, now):
    office.call(now)
    ((_, letter),) = outbox.claim(office.store, now, 10)
    FileSender(office.store.settings.outbox).send(letter)  # and then the power fails
    assert outbox.claim(office.store, now + timedelta(minutes=1), 10) == []
    assert sweep.run_once(office.store, now + timedelta(minutes=3)).delivered == 1
    assert len(lines(office, "sms.accepted")) == 1


def test_many_writers_write_each_key_once(tmp_path):
    def run(start: int) -> None:
        sender = FileSender(tmp_path)
        for n in range(60):
            sender.send(letter((start + n) % 60))

    threads = [threading.Thread(target=run, args=(20 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = (tmp_path / "sms.accepted.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["n"] for line in written) == list(range(60))


def test_half_a_line_that_a_crash_left_is_taken_away(tmp_path):
    sender = FileSender(tmp_path)
    sender.send(letter(1))
    path = tmp_path / "sms.accepted.jsonl"
    with path.open("ab") as file:
        file.write(b'{"created_at":"2026-09-30T')
    for one in (FileSender(tmp_path), sender):
        one.send(letter(2))
    assert [json.loads(line)["n"] for line in path.read_text().splitlines()] == [1, 2]
    path.rename(tmp_path / "fetched")  # whoever fetches the file takes it away
    sender.send(letter(3))
    assert [json.loads(line)["n"] for line in path.read_text().splitlines()] == [3]


@pytest.mark.parametrize("topic", ["../../etc/passwd", "", "A b", "x" * 61])
def test_a_topic_is_no_path(tmp_path, topic):
    with pytest.raises(ValueError, match="topic"):
        FileSender(tmp_path / "out").send(letter(1, topic))
    assert list(tmp_path.iterdir()) == []


# --- logs --------------------------------------------------------------------------------------


def test_logs_are_json_without_what_an_exception_says():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(watch.JsonLines())
    logger = logging.getLogger("engine.test")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        try:
            raise ValueError("王女士 13812341234")
        except ValueError:
            logger.exception("a message cannot be delivered", extra={"ticket": "20260930-00001"})
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
    line = json.loads(stream.getvalue())
    assert (line["what"], line["error"], line["ticket"]) == (
        "a message cannot be delivered",
        "ValueError",
        "20260930-00001",
    )
    assert "13812341234" not in stream.getvalue()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Trouble("no_rule", element="limits"), "no_rule limits"),
        (ValueError("王女士"), "ValueError"),
    ],
)
def test_a_cause_is_a_code_or_a_type(error, said):
    assert watch.cause(error) == said


# --- the process -------------------------------------------------------------------------------

PROCESS = """
import sys
from engine import settings, sweep, watch
from engine.store import Store
import os
watch.configure()
with Store.open(settings.read(os.environ)) as store:
    sweep.serve(store, interval=0.1)
print("ended", flush=True)
"""


def test_the_sweep_as_a_process_runs_until_it_is_told_to_end(office):
    office.call(datetime.now(UTC))
    environment = os.environ | office.store.settings.environment()
    running = subprocess.Popen(
        [sys.executable, "-c", PROCESS],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        path = office.store.settings.outbox / "sms.accepted.jsonl"
        until = time.monotonic() + 30
        while not path.exists() and time.monotonic() < until:
            time.sleep(0.05)
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=20)
    finally:
        running.kill()
    assert (running.returncode, out) == (0, "ended\n")
    assert path.exists()
    said = [json.loads(line) for line in err.splitlines()]
    assert "swept" in [line["what"] for line in said]
