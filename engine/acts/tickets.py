"""A ticket takes a step: started, a task completed, a message sent, what is due fired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from engine.access import User, authorize
from engine.errors import Denied, Trouble, sentence
from engine.flow import process
from engine.formjs import Checked, Form
from engine.out.sender import Letter
from engine.store import (
    Store,
    announcements,
    attachments,
    forms,
    requests,
    rights,
    search,
    spoken,
    steps,
)
from engine.store import tickets as rows
from engine.store.backoff import pause
from engine.store.prepared import Prepared
from engine.store.tables import tickets, timers

Raw = Mapping[str, Sequence[str]]
"""A form as a browser sends it: every key with its values, nothing converted."""


class Invalid(Trouble):
    """A form that was not filled as it asks: `errors` by field key, `values` to show again."""

    def __init__(self, errors: Mapping[str, str], values: Mapping[str, Any]) -> None:
        super().__init__("form", count=len(errors))
        self.errors = errors
        self.values = values


def start(
    store: Store,
    user: User,
    raw: Raw,
    now: datetime,
    key: str,
    kind: str = "call",
    about: Sequence[str] = (),
) -> str:
    """Start a ticket from the answers of the start form; its number, such as 20261010-00012.

    `about`: the numbers of announcements that the call is about too.

    Errors: Denied; Invalid (the form); Trouble request_key, request_other, announcement_over,
    what the flow refuses.
    """
    authorize(user, "start_ticket", steps.place_of(user))
    with store.write() as conn:
        if not steps.once(conn, key, user.name, f"start/{kind}", now, raw):
            return _number_of(conn, key, user)
        by = steps.beginning(conn, store, now, kind)
        checked = by.form.validate(
            raw, forms.sources(conn, by.definitions, by.form, user.unit), now
        )
        if checked.errors:
            raise Invalid(checked.errors, checked.typed)
        routing = {**checked.routing, **_linked(conn, user, by.form, checked)}
        taken = _taken(conn, store, user, by.form, checked)
        linked = sorted(set(about))
        said = {"request": key, **({"announcements": linked} if linked else {})}
        ticket = steps.begin(conn, store, user, by, taken.checked, routing, now, said)
        attachments.attach(conn, ticket, taken)
        requests.name_ticket(conn, key, user.name, ticket.id)
        number = ticket.number
        body = {"channel": ticket.columns["channel"], "request": key}
        for one in linked:
            announcements.link(conn, store, user, one, now, body, ticket=number)
        return number


def complete(
    store: Store, user: User, number: str, task: int, raw: Raw, now: datetime, key: str
) -> str:
    """Complete a user task with the answers of its form; the ticket's number.

    What is due by now fires first, so that lateness is recorded as it was.
    Errors: Denied; Invalid (the form); Trouble task_done, task_gone, task_unknown, task_claimed,
    request_key, request_other, what the flow refuses; VaultError erased.
    """
    with store.write() as conn:
        # First: sent twice it answers twice the same, though the task is gone by then.
        if not steps.once(conn, key, user.name, f"complete/{number}/{task}", now, raw):
            return number
        ticket = rights.hold(conn, store, user, number)
        row = rights.open_task(conn, user, number, task, ticket.seen)
        if steps.tick(conn, store, ticket, now):
            seen = rights.see(conn, user, number)
            row = rights.open_task(conn, user, number, task, seen)
        else:
            seen = ticket.seen
        definitions = store.definitions(ticket.version)
        form = forms.form(definitions, row.form)
        about, known_to = seen.columns["about_unit"], seen.facts["units"]
        sources = forms.sources(conn, definitions, form, row.unit, about, known_to)
        checked = form.validate(raw, sources, now)
        if checked.errors:
            raise Invalid(checked.errors, checked.typed)
        routing = {**checked.routing, **_linked(conn, user, form, checked, ticket)}
        taken = _taken(conn, store, user, form, checked, ticket)
        with steps.sentences():
            state = rows.load_state(store, ticket)
            live = steps.Live(conn, store)
            step = process.complete(state, task, routing, now, live)
        said = {
            "task": task,
            "element": row.element,
            "name": row.name,
            "address": row.address,
            "leg": row.leg,
            "form": form.name,
            "routing": routing,
            "request": key,
        }
        payload = {"answers": steps.answered(taken.checked)}
        steps.record(
            conn, store, ticket, step, "complete", now, user.name, user.unit, said, payload
        )
        attachments.attach(conn, ticket, taken)
        return number


def _number_of(conn: Connection, key: str, user: User) -> str:
    made = requests.ticket_of(conn, key, user.name)
    query = select(tickets.c.number).where(tickets.c.id == made)
    return str(conn.execute(query).scalar_one())


def _taken(
    conn: Connection,
    store: Store,
    user: User,
    form: Form,
    checked: Checked,
    ticket: rows.Ticket | None = None,
) -> attachments.Taken:
    """The files that were uploaded with the form. Errors: Invalid for those that cannot be had."""
    taken = attachments.take(conn, store, user, form, checked, ticket)
    if taken.errors:
        raise Invalid(taken.errors, checked.typed)
    return taken


def _linked(
    conn: Connection, user: User, form: Form, checked: Checked, own: rows.Ticket | None = None
) -> dict[str, str | None]:
    """The tickets that fields name by number, under the names by which they are routed.

    A ticket about a unit goes together only with others about it: those may be dispatched to the
    unit itself (回避). Errors: Invalid for one that the person may not read, that is this one,
    closed, merged, or about another unit.
    """
    found: dict[str, str | None] = {}
    errors: dict[str, str] = {}
    for field in form.fields:
        if not field.ticket:
            continue
        number = checked.values.get(field.key)
        found[field.ticket] = number
        if number is None:
            continue
        if own is not None and number == own.number:
            errors[field.key] = sentence("link_self", {})
            continue
        try:
            other = rights.see(conn, user, number).columns
        except Denied:
            errors[field.key] = sentence("link_unknown", {"number": number})
            continue
        # Held until this act is done: it cannot be closed meanwhile, and tell nobody.
        row = conn.execute(_STANDING, {"ticket": other["id"]}).one()
        if row.merged_into is not None:
            errors[field.key] = sentence("link_merged", {"number": row.merged_into})
        elif any(at is not None for at in row):  # who was merged into it has been told by then
            errors[field.key] = sentence("link_ended", {"number": number})
        elif own is not None and own.columns["about_unit"] not in (None, other["about_unit"]):
            errors[field.key] = sentence("link_about", {"number": number})
    if errors:
        raise Invalid(errors, checked.typed)
    return found


_STANDING = (
    select(
        tickets.c.merged_into,
        tickets.c.closed_at,
        tickets.c.refused_at,
        tickets.c.withdrawn_at,
        tickets.c.ended_at,
    )
    .where(tickets.c.id == bindparam("ticket"))
    .with_for_update(read=True)
)


AGAIN = "call_again"
"""What the manifest calls the message of a repeat call, and the act is called itself."""
LONGEST_WORDS = 2000


def call_again(store: Store, user: User, number: str, text: str, now: datetime, key: str) -> str:
    """Note that somebody called again on the same matter; the ticket's number.

    What waits for it is told; where nobody does, it is a fact of the ticket all the same.
    Errors: Denied; Trouble words_empty, words_long, text_characters, request_*; VaultError erased.
    """
    text = spoken.plain(text, LONGEST_WORDS, "words_empty", "words_long")
    with store.write() as conn:
        if not steps.once(conn, key, user.name, f"{AGAIN}/{number}", now, {"text": [text]}):
            return number
        ticket = rights.hold(conn, store, user, number, AGAIN)
        steps.tick(conn, store, ticket, now)
        who, said, content = (user.name, user.unit), {"request": key}, {"text": text}
        try:
            steps.send(conn, store, ticket, AGAIN, {}, now, *who, said=said, content=content)
        except Trouble as trouble:
            if trouble.code not in _UNHEARD:
                raise
            search.append(conn, store, ticket, "fact", AGAIN, now, *who, said, content)
        conn.execute(
            update(tickets).where(tickets.c.id == ticket.id).values(calls=tickets.c.calls + 1)
        )
        return number


_UNHEARD = frozenset({"nobody_waits", "ended", "message_unknown"})


# --- from ticket to ticket -------------------------------------------------------------------

MERGED = {"ticket.closed": ("main_closed", ("outcome",)), "ticket.dropped": ("main_dropped", ())}
"""Topic → the message that it is to tickets merged into its own, and the values that go along."""

_MERGED = (
    select(tickets.c.number)
    .where(tickets.c.merged_into == bindparam("number"))
    .order_by(tickets.c.id)
)


def tell_merged(store: Store, letter: Letter, now: datetime) -> int:
    """Tell the tickets that were merged into one what became of it; how many took notice.

    Each in a transaction of its own, once for a letter's key, however often that is carried.
    Errors: StoreError; Trouble, what the flow refuses.
    """
    name, told = MERGED[letter.topic]
    values = letter.content.get("values", {})
    payload = {key: values.get(key) for key in told}
    with store.read() as conn:
        found = conn.execute(_MERGED, {"number": letter.number}).scalars().all()
    return sum(_tell(store, number, name, payload, letter.key, now) for number in found)


def _tell(
    store: Store, number: str, name: str, payload: Mapping[str, Any], source: str, now: datetime
) -> bool:
    key = f"{source}>{number}"
    with store.write() as conn:
        ticket = rows.lock(conn, store, number)
        if not steps.once(conn, key, steps.CLOCK, name, now):
            return False
        steps.tick(conn, store, ticket, now)
        said = {"request": key}
        try:
            steps.send(conn, store, ticket, name, payload, now, steps.CLOCK, said=said)
        except Trouble as trouble:
            if trouble.code not in _UNHEARD:
                raise
            return False
        return True


def revise(store: Store, actor: str, ticket_id: int, now: datetime) -> bool:
    """Reckon a ticket's waiting due times again; whether one moved."""
    with store.write() as conn:
        ticket = rows.lock(conn, store, ticket_id)
        return steps.revise(conn, store, ticket, now, actor, "")


# --- the sweep's -----------------------------------------------------------------------------


def tick(store: Store, ticket_id: int, now: datetime) -> int:
    """Fire what is due in one ticket; how many timers fired.

    Errors: StoreError ticket_unknown; Trouble timer_stuck, what the flow refuses.
    """
    with store.write() as conn:
        return steps.tick(conn, store, rows.lock(conn, store, ticket_id), now)


class TickFailed(Exception):
    """What was due in a ticket could not be fired; nothing of it was done."""

    def __init__(self, ticket_id: int, number: str, why: Exception) -> None:
        super().__init__(number)
        self.ticket_id = ticket_id
        self.number = number
        self.why = why


_NEXT = Prepared(
    select(tickets.c.id)
    .join(timers, timers.c.ticket == tickets.c.id)
    .where(timers.c.next_try_at <= bindparam("now"))
    .order_by(timers.c.next_try_at, tickets.c.id)
    .limit(1)
    .with_for_update(of=tickets, skip_locked=True)
)
_STILL = Prepared(
    select(timers.c.task)
    .where(timers.c.ticket == bindparam("ticket"), timers.c.next_try_at <= bindparam("now"))
    .limit(1)
)
_ANY = Prepared(select(timers.c.ticket).where(timers.c.next_try_at <= bindparam("now")).limit(1))


def any_due(store: Store, now: datetime) -> bool:
    """Whether a timer is due: one cheap look before anything is locked."""
    with store.read() as conn:
        return _ANY.first(conn, {"now": now}) is not None


def tick_next(store: Store, now: datetime) -> int | None:
    """Claim the ticket that is due first and fire what is due in it, in one transaction.

    How many timers fired; 0 when another sweep was quicker; None when nothing is left to claim.
    Errors: TickFailed, with everything rolled back; StoreError.
    """
    with store.write() as conn:
        found = _NEXT.scalar(conn, {"now": now})
        if found is None:
            return None
        # The lock is held now: look again, for the claim saw the timers as they were before it.
        if _STILL.first(conn, {"ticket": found, "now": now}) is None:
            return 0
        ticket = rows.lock(conn, store, found)
        try:
            return steps.tick(conn, store, ticket, now)
        except Exception as error:
            raise TickFailed(ticket.id, ticket.number, error) from error


LONGEST_PAUSE = timedelta(hours=6)


def postpone(store: Store, ticket_id: int, now: datetime, alarm: str) -> int:
    """Count a failed firing of a ticket's due timers and put it off; how often it failed."""
    due = (timers.c.ticket == ticket_id) & (timers.c.next_try_at <= now)
    with store.write() as conn:
        found = conn.execute(
            select(timers.c.instance, timers.c.task, timers.c.tries).where(due).with_for_update()
        ).all()
        for row in found:
            one = (timers.c.instance == row.instance) & (timers.c.task == row.task)
            tries = row.tries + 1
            conn.execute(
                update(timers)
                .where(timers.c.ticket == ticket_id, one)
                .values(
                    tries=tries, next_try_at=now + pause(tries, LONGEST_PAUSE), alarm=alarm[:500]
                )
            )
        return max((row.tries + 1 for row in found), default=0)
