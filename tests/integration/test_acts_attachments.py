"""Files wait with a form, are the ticket's by the act that takes it, and the record holds them."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update

from engine import sweep
from engine.access import User
from engine.acts import housekeeping, keys, tickets, uploads, work
from engine.errors import Denied, Trouble, VaultError
from engine.read import ticket as reading
from engine.read import verify
from engine.store import Store, attachments, log
from engine.store import tables as t
from tests import samples
from tests.integration.office import Office, filled, key, opened

PHOTO = samples.png(4)
FIELD = "materials"

embedded = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
"""What is the same on both databases is tried on one."""


@pytest.fixture
def office(store: Store) -> Office:
    return opened(store, datetime(2026, 9, 1, tzinfo=UTC))


def taker(office: Office) -> User:
    return office.who("call_taker", "sr-centre")


def put(
    office: Office,
    now: datetime,
    content: bytes = PHOTO,
    name: str = "现场.png",
    field: str = FIELD,
    request: str | None = None,
) -> str:
    """A file uploaded with the form of a new ticket; its token."""
    file = io.BytesIO(content)
    with_form = request or key()
    return uploads.put(office.store, taker(office), "", 0, field, name, file, now, with_form)


def counts(office: Office) -> dict[str, int]:
    with office.store.read() as conn:
        return {
            table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (t.files, t.pieces, t.uploads, t.attachments)
        }


def content_of(office: Office, user: User, number: str, n: int = 1) -> bytes:
    return b"".join(reading.attachment(office.store, user, number, n).chunks)


def difference(office: Office, number: str) -> str:
    (found,) = verify.verify(office.store, number).differences
    return found.sentence


def wreck(office: Office, statement: Any) -> None:
    with office.store.write() as conn:
        conn.execute(statement)


def test_a_file_waits_and_is_the_tickets_with_the_act_that_starts_it(office, now):
    token = put(office, now)
    assert counts(office) == {"files": 1, "pieces": 1, "uploads": 1, "attachments": 0}
    number = office.call(now, **{FIELD: [token]})
    assert counts(office) == {"files": 1, "pieces": 1, "uploads": 0, "attachments": 1}
    page = reading.page(office.store, taker(office), number, now)
    (file,) = page.attachments
    assert (file.n, file.name, file.size, file.picture) == (1, "现场.png", len(PHOTO), True)
    assert (file.at, file.seq, file.task, file.field) == (now, 1, "", "现场照片和材料")
    assert ("现场照片和材料", "现场.png") in page.history[0].answers
    found = reading.attachment(office.store, taker(office), number, 1)
    assert (found.name, found.size, found.type) == ("现场.png", len(PHOTO), "image/png")
    assert b"".join(found.chunks) == PHOTO
    assert verify.verify(office.store).differences == ()


@embedded
def test_the_event_holds_what_the_file_is_and_nobody_reads_it_in_the_tables(office, now):
    number = office.call(now, **{FIELD: [put(office, now)]})
    with office.store.read() as conn:
        payload = log.read_payloads(conn, office.store, number)[1]
        said = {
            "n": 1,
            "name": "现场.png",
            "kind": "png",
            "size": len(PHOTO),
            "sha256": hashlib.sha256(PHOTO).hexdigest(),
        }
        assert payload["answers"][FIELD] == [said]
        for table in (t.files, t.pieces, t.attachments, t.events, t.tickets, t.requests):
            held = str([tuple(row) for row in conn.execute(select(table))])
            assert "现场" not in held
            assert said["sha256"] not in held
            assert str(PHOTO)[2:-1] not in held


@embedded
def test_a_large_file_is_kept_in_pieces_and_comes_back_whole(office, now):
    content = b"%PDF-1.7\n" + bytes(range(256)) * 9_000
    number = office.call(now, **{FIELD: [put(office, now, content, "扫描.pdf")]})
    assert counts(office)["pieces"] == 3
    assert content_of(office, taker(office), number) == content
    found = reading.attachment(office.store, taker(office), number, 1)
    assert found.type == "application/octet-stream"
    assert verify.verify(office.store, number).differences == ()


def test_a_form_sent_twice_stores_and_attaches_a_file_once(office, now):
    request = key()
    tokens = [put(office, now, request=request) for _ in range(2)]
    assert tokens[0] == tokens[1]
    assert counts(office)["files"] == 1
    form = reading.start_form(office.store, taker(office), now)
    raw = filled(form.form, form.sources, {FIELD: [tokens[0]]})
    first = tickets.start(office.store, taker(office), raw, now, request)
    assert put(office, now, request=request) == tokens[0]  # the second click, a moment later
    assert tickets.start(office.store, taker(office), raw, now, request) == first
    assert counts(office) == {"files": 1, "pieces": 1, "uploads": 0, "attachments": 1}


@embedded
def test_a_form_that_is_refused_leaves_its_files_waiting(office, now):
    token = put(office, now)
    form = reading.start_form(office.store, taker(office), now)
    raw = {**filled(form.form, form.sources, {FIELD: [token]}), "title": []}
    with pytest.raises(tickets.Invalid) as refused:
        tickets.start(office.store, taker(office), raw, now, key())
    assert refused.value.values[FIELD] == [token]
    assert counts(office)["uploads"] == 1


def test_another_persons_file_and_one_that_is_gone_are_not_taken(office, now):
    token = put(office, now)
    other = office.who("call_taker", "sr-centre", 2)
    form = reading.start_form(office.store, other, now)
    raw = filled(form.form, form.sources, {FIELD: [token]})
    assert reading.waiting(office.store, other, [token]) == {}
    for user, sent in ((other, raw), (taker(office), {**raw, FIELD: ["0" * 64]})):
        with pytest.raises(tickets.Invalid) as refused:
            tickets.start(office.store, user, sent, now, key())
        assert "不在" in refused.value.errors[FIELD]
    assert counts(office)["uploads"] == 1
    with pytest.raises(tickets.Invalid) as refused:
        tickets.start(office.store, taker(office), {**raw, FIELD: ["../x"]}, now, key())
    assert "不能识别" in refused.value.errors[FIELD]


@embedded
def test_two_forms_do_not_both_take_one_file(office, now):
    token = put(office, now)
    office.call(now, **{FIELD: [token]})
    with pytest.raises(tickets.Invalid) as refused:
        office.call(now, **{FIELD: [token]})
    assert "不在" in refused.value.errors[FIELD]


@embedded
def test_what_is_not_taken_leaves_nothing(office, now, monkeypatch):
    for content, name, code in (
        (b"", "a.png", "file_empty"),
        (b"<html>", "a.png", "file_markup"),
        (b"MZ\x90\0", "a.pdf", "file_kind"),
        (samples.office(samples.WORD, **{"word/vbaProject.bin": "x"}), "a.docx", "file_macros"),
    ):
        with pytest.raises(Trouble) as refused:
            put(office, now, content, name)
        assert refused.value.code == code
        assert refused.value.facts == {}  # no name: facts may stand in a log
    with pytest.raises(Trouble) as refused:
        put(office, now, field="title")
    assert refused.value.code == "field_unknown"
    monkeypatch.setattr(uploads, "LARGEST_FILE", 100)
    with pytest.raises(Trouble) as refused:
        put(office, now, PHOTO + b"\0" * 100)
    assert refused.value.code == "file_large"
    monkeypatch.setattr(uploads, "MOST_WAITING", 100)
    put(office, now, b"a", "a.txt")
    with pytest.raises(Trouble) as refused:
        put(office, now, b"b" * 100, "b.txt")
    assert refused.value.code == "files_waiting"
    assert counts(office)["files"] == 1


@embedded
def test_too_many_and_too_large_together_are_refused_by_sentence(office, now, monkeypatch):
    tokens = [put(office, now, b"%PDF-" + bytes([n])) for n in range(11)]
    with pytest.raises(tickets.Invalid) as refused:
        office_call(office, now, tokens)
    assert "最多10个文件" in refused.value.errors[FIELD]
    monkeypatch.setattr(attachments, "LARGEST_FORM", 10)
    with pytest.raises(tickets.Invalid) as refused:
        office_call(office, now, tokens[:2])
    assert "一次提交" in refused.value.errors[FIELD]
    number = office_call(office, now, tokens[:1])
    monkeypatch.undo()
    monkeypatch.setattr(attachments, "LARGEST_TICKET", 10)
    with pytest.raises(tickets.Invalid) as refused:
        task_with_file(office, number, now)
    assert "一张工单" in refused.value.errors[FIELD]
    assert counts(office)["attachments"] == 1


def office_call(office: Office, now: datetime, tokens: list[str]) -> str:
    form = reading.start_form(office.store, taker(office), now)
    raw = {**filled(form.form, form.sources, {}), FIELD: tokens}
    return tickets.start(office.store, taker(office), raw, now, key())


def task_with_file(office: Office, number: str, now: datetime) -> User:
    """The officer signs and reports with a file."""
    waiting = {one.role for one in office.duties(number)}
    if "dispatcher" in waiting:
        office.does(number, "dispatcher", now, lead_unit="sr-water")
        office.does(number, "officer", now)
    task = office.task(number, "officer")
    officer = office.who("officer", "sr-water")
    file = io.BytesIO(PHOTO)
    token = uploads.put(office.store, officer, number, task, FIELD, "修好.png", file, now, key())
    office.does(number, "officer", now, outcome="done", **{FIELD: [token]})
    return officer


@embedded
def test_a_unit_adds_its_own_and_who_may_not_read_gets_neither(office, at):
    now = at("2026-09-30 10:00")
    number = office.call(now, **{FIELD: [put(office, now)]})
    officer = task_with_file(office, number, now)
    page = reading.page(office.store, officer, number, now)
    assert [(one.n, one.name, one.actor_name) for one in page.attachments][1] == (
        2,
        "修好.png",
        officer.display_name,
    )
    assert page.attachments[1].task
    assert content_of(office, officer, number, 2) == PHOTO
    for user in (office.who("officer", "sr-roads"), office.who("officer", "gf-water")):
        with pytest.raises(Denied) as refused:
            reading.attachment(office.store, user, number, 1)
        assert refused.value.hidden
    auditor = next(one for one in office.users.values() if one.roles == {"auditor"})
    with pytest.raises(Denied):
        reading.attachment(office.store, auditor, number, 1)
    assert reading.page(office.store, auditor, number, now).attachments == ()
    with pytest.raises(Denied) as refused:
        reading.attachment(office.store, officer, number, 3)
    assert refused.value.hidden
    task, stranger = office.task(number, "leader"), office.who("officer", "sr-roads")
    with pytest.raises(Denied):  # nobody uploads to a task of another unit
        uploads.put(
            office.store, stranger, number, task, FIELD, "a.png", io.BytesIO(PHOTO), now, key()
        )


@embedded
def test_of_a_protected_reporter_only_the_centre_has_what_tells_who_called(office, now):
    number = office.call(
        now,
        type="report",
        about_unit="sr-roads",
        protected="true",
        **{FIELD: [put(office, now)], "recordings": [put(office, now, field="recordings")]},
    )
    office.does(number, "dispatcher", now, lead_unit="sr-water")
    officer = office.who("officer", "sr-water")
    shown = reading.page(office.store, officer, number, now)
    assert [one.hidden for one in shown.attachments] == [False, True]
    assert ("能认出诉求人的材料", "受保护") in shown.history[0].answers
    assert content_of(office, officer, number, 1) == PHOTO
    with pytest.raises(Denied) as refused:
        reading.attachment(office.store, officer, number, 2)
    assert refused.value.hidden
    assert content_of(office, taker(office), number, 2) == PHOTO
    with pytest.raises(Denied) as refused:  # 回避
        reading.attachment(office.store, office.who("leader", "sr-roads"), number, 1)
    assert refused.value.hidden


def test_a_file_waits_as_long_as_a_draft_has_it(office, at):
    now = at("2026-09-30 10:00")
    number = office.call(now)
    office.does(number, "dispatcher", now, lead_unit="sr-water")
    office.does(number, "officer", now)
    task, officer = office.task(number, "officer"), office.who("officer", "sr-water")
    file = io.BytesIO(PHOTO)
    token = uploads.put(office.store, officer, number, task, FIELD, "a.png", file, now, key())
    put(office, now)
    work.save_draft(office.store, officer, number, task, {FIELD: [token]}, now, key())
    assert housekeeping.forget_uploads(office.store, now + timedelta(hours=20)) == 0
    assert housekeeping.forget_uploads(office.store, now + timedelta(days=3)) == 1
    assert counts(office) == {"files": 1, "pieces": 1, "uploads": 1, "attachments": 0}
    form = reading.task_form(office.store, officer, number, task, now)
    assert form.raw[FIELD] == [token]
    office.does(number, "officer", now, outcome="done", **{FIELD: [token]})
    assert content_of(office, officer, number) == PHOTO


@embedded
def test_the_sweep_forgets_what_nobody_submitted(office, now):
    put(office, now)
    sweep.Sweep(office.store, lambda: now + timedelta(days=2)).run()
    assert counts(office) == {"files": 0, "pieces": 0, "uploads": 0, "attachments": 0}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda n: delete(t.attachments), "第1个附件不在了"),
        (lambda n: delete(t.pieces), "第1个附件的内容与记录不符"),
        (lambda n: insert(t.attachments).values(**n, n=2, seq=1), "第2个附件不是记录里的"),
    ],
    ids=["missing", "emptied", "added"],
)
def test_verify_finds_an_attachment_that_is_missing_or_added(office, now, change, said):
    number = office.call(now, **{FIELD: [put(office, now)]})
    put(office, now)
    with office.store.read() as conn:
        row = conn.execute(select(t.attachments)).one()
        spare = conn.execute(select(t.uploads.c.file)).scalar_one()
    more = {"ticket": row.ticket, "file": spare, "wrapped": row.wrapped}
    wreck(office, change(more))
    assert said in difference(office, number)


def test_verify_finds_an_attachment_that_was_changed(sqlite_settings, now):
    with Store.open(sqlite_settings) as store:
        office = opened(store, datetime(2026, 9, 1, tzinfo=UTC))
        number = office.call(now, **{FIELD: [put(office, now)]})
        with store.read() as conn:
            sealed = conn.execute(select(t.pieces.c.content)).scalar_one()
        wreck(office, update(t.pieces).values(content=sealed[:-1] + bytes([sealed[-1] ^ 1])))
        assert "第1个附件被改动过" in difference(office, number)
        with pytest.raises(VaultError):
            content_of(office, taker(office), number)


def test_erasing_the_key_takes_the_files_along(office, at):
    now = at("2026-09-30 10:00")
    number = office.call(now, **{FIELD: [put(office, now)]})
    kept = office.call(now, **{FIELD: [put(office, now)]})
    office.runs(number, now, lead_unit="sr-water", review="accepted")
    supervisor = office.who("supervisor", "sr-authority")
    keys.erase(office.store, supervisor, number, "保存期满", now, key())
    assert counts(office) == {"files": 1, "pieces": 1, "uploads": 0, "attachments": 1}
    assert reading.page(office.store, taker(office), number, now).attachments == ()
    with pytest.raises(Denied):
        reading.attachment(office.store, taker(office), number, 1)
    assert verify.verify(office.store).differences == ()
    assert content_of(office, taker(office), kept) == PHOTO
