"""Prepared statements say what SQLAlchemy would say, of rows, of values and of errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, NoResultFound, OperationalError

from engine.store import Store
from engine.store.prepared import Prepared
from engine.store.tables import areas, events, tickets, units
from engine.store.tickets import Ticket
from engine.store.upsert import both

UNITS = select(units, literal(7).label("seven")).where(units.c.area == bindparam("area"))
TICKETS = select(tickets.c.id, tickets.c.created_at, tickets.c.closed_at, tickets.c.protected)


def test_rows_are_those_of_sqlalchemy(
    places: Store, now: datetime, make_ticket: Callable[..., Ticket]
):
    """Times are aware, truth values true or false, names those of the columns and labels."""
    with places.write() as conn:
        make_ticket(conn, places, "T-1")
        for statement, values in ((UNITS, {"area": "sr"}), (TICKETS, {})):
            expected = conn.execute(statement, values).all()
            found = Prepared(statement).all(conn, values)
            assert expected
            assert [tuple(row) for row in found] == [tuple(row) for row in expected]
            assert [row._asdict() for row in found] == [row._asdict() for row in expected]
        (ticket,) = Prepared(TICKETS).all(conn)
        assert (ticket.created_at, ticket.closed_at, ticket.protected) == (now, None, False)


def test_an_update_writes_the_columns_that_an_execution_names(
    places: Store, now: datetime, make_ticket: Callable[..., Ticket]
):
    change = Prepared(update(tickets).where(tickets.c.id == bindparam("of")))
    with places.write() as conn:
        made = make_ticket(conn, places, "T-1")
        assert change.run(conn, {"of": made.id, "closed_at": now}) == 1
        assert change.run(conn, {"of": made.id, "protected": True, "rating": "good"}) == 1
        assert change.run(conn, {"of": made.id + 1, "protected": True}) == 0
        row = conn.execute(select(tickets)).one()
        assert (row.closed_at, row.protected, row.rating) == (now, True, "good")


def test_what_is_set_to_nothing_needs_no_value(
    places: Store, now: datetime, make_ticket: Callable[..., Ticket]
):
    change = update(tickets).where(tickets.c.id == bindparam("of"))
    with places.write() as conn:
        made = make_ticket(conn, places, "T-1")
        Prepared(change).run(conn, {"of": made.id, "closed_at": now})
        Prepared(change.values(closed_at=None)).run(conn, {"of": made.id})
        assert conn.execute(select(tickets.c.closed_at)).scalar_one() is None


def test_several_rows_are_written_at_once_and_none_is_no_mistake(places: Store):
    put = Prepared(
        both(
            lambda insert: (into := insert(areas)).on_conflict_do_update(
                index_elements=["id"], set_={"name": into.excluded.name}
            )
        )
    )
    name = Prepared(select(areas.c.name).where(areas.c.id == bindparam("id")))
    new = [{"id": id, "name": "新区", "level": "county", "parent": "sr"} for id in ("a", "b")]
    with places.write() as conn:
        put.each(conn, [])
        put.each(conn, new)
        put.each(conn, [{**new[1], "name": "改名"}])
        assert [name.scalar(conn, {"id": id}) for id in ("a", "b", "c")] == ["新区", "改名", None]


def test_a_key_that_the_database_counts_comes_back(places: Store, now: datetime):
    event = {
        "chain": "T-1", "kind": "fact", "name": "n", "at": now, "actor": "a", "unit": "u",
        "body": "{}", "commitment": "", "previous": "0" * 64, "hash": "0" * 64,
    }  # fmt: skip
    put = Prepared(insert(events).returning(events.c.id))
    with places.write() as conn:
        first, second = (put.scalar(conn, {**event, "seq": seq}) for seq in (1, 2))
        assert second > first > 0


def test_errors_are_those_of_sqlalchemy(places: Store):
    twice = {"id": "sr", "name": "上饶市", "level": "city", "parent": None}
    with pytest.raises(IntegrityError), places.write() as conn:
        Prepared(insert(areas)).run(conn, twice)
    with pytest.raises(IntegrityError), places.write() as conn:
        Prepared(insert(areas)).each(conn, [twice])
    nobody = select(areas).where(areas.c.id == bindparam("id"))
    with pytest.raises(NoResultFound), places.read() as conn:
        Prepared(nobody).one(conn, {"id": "nowhere"})


def test_a_table_that_is_gone_is_an_error_of_sqlalchemy_too(sqlite_store: Store):
    gone = Prepared(select(areas))
    with sqlite_store.write() as conn:
        conn.exec_driver_sql("ALTER TABLE areas RENAME TO elsewhere")
        with pytest.raises(OperationalError):
            gone.all(conn)
        conn.exec_driver_sql("ALTER TABLE elsewhere RENAME TO areas")


def test_a_list_of_unknown_length_is_refused(sqlite_store: Store):
    some = Prepared(select(areas).where(areas.c.id.in_(bindparam("ids", expanding=True))))
    with sqlite_store.read() as conn, pytest.raises(ValueError, match="unknown length"):
        some.all(conn, {"ids": ["sr"]})


def test_columns_that_are_not_named_get_their_default(sqlite_store: Store):
    def things(default):
        return Table(
            "things", MetaData(), Column("id", Integer), Column("kind", String, default=default)
        )

    plain = things("later")
    with sqlite_store.write() as conn:
        conn.exec_driver_sql("CREATE TEMPORARY TABLE things (id INTEGER, kind TEXT)")
        put = Prepared(insert(plain))
        put.run(conn, {"id": 1})
        put.run(conn, {"id": 2, "kind": "own"})
        put.each(conn, [{"id": 3}])
        found = conn.execute(select(plain).order_by(plain.c.id)).all()
        assert found == [(1, "later"), (2, "own"), (3, "later")]
        with pytest.raises(ValueError, match="reckoned anew"):
            Prepared(insert(things(lambda: "x"))).run(conn, {"id": 4})
        conn.exec_driver_sql("DROP TABLE things")
