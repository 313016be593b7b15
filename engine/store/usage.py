"""What is in use: where tickets of the version in force stand, the messages it takes, the units."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, func, select, union_all

from engine.errors import StoreError
from engine.flow.check.vanished import InUse
from engine.store.session import Store
from engine.store.tables import tasks, tickets, timers, units

_OF_VERSION = tickets.c.version == bindparam("version")
_STANDING = union_all(
    select(tasks.c.element, tasks.c.ticket).join(tickets).where(_OF_VERSION),
    select(timers.c.element, timers.c.ticket).join(tickets).where(_OF_VERSION),
).subquery()
_COUNTS = (
    select(_STANDING.c.element, func.count(_STANDING.c.ticket.distinct()).label("tickets"))
    .group_by(_STANDING.c.element)
    .order_by(_STANDING.c.element)
)

_UNITS = select(units.c.id).order_by(units.c.id)


def in_use(store: Store, now: datetime) -> tuple[InUse, ...]:
    """Elements at which tickets of the version in force stand, its messages from outside; units.

    Only units where nothing was deployed. Errors: StoreError database_*.
    """
    with store.read() as conn:
        there = tuple(InUse("unit", id) for id in conn.execute(_UNITS).scalars())
        try:
            version = store.current_version(conn, now)
        except StoreError:
            return there
        rows = conn.execute(_COUNTS, {"version": version}).all()
    definitions = store.definitions(version)
    names = {element.id: element.name for element in definitions.elements()}
    messages = definitions.manifest.get("messages", {})
    return (
        *(InUse("element", row.element, names.get(row.element, ""), row.tickets) for row in rows),
        *(InUse("message", key) for key in messages),
        *there,
    )
