"""The tables, by subject. Times are aware instants; JSON is text, because key order matters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.types import TypeDecorator

from engine.record import instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware datetime: timestamptz in PostgreSQL, sortable UTC text in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Any) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return instant(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        found: datetime = value
        return found.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Words with blanks between, to be found by them: a tsvector in PostgreSQL, text in SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else TSVECTOR())

    def process_result_value(self, value: Any, dialect: Any) -> str | None:
        # 'one' 'two': the words are letters and digits, and need no quotes.
        return None if value is None else str(value).replace("'", "")


Long = BigInteger().with_variant(Integer, "sqlite")
"""Numbers of rows that a nation's calls may run out of; SQLite's integers are long enough."""

# --- the installation ---------------------------------------------------------------------

meta = Table(
    "meta",
    metadata,
    Column("name", String(40), primary_key=True),  # master_key: its fingerprint
    Column("value", String(200), nullable=False),
)

# --- places and people -------------------------------------------------------------------

areas = Table(
    "areas",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("level", String(10), nullable=False),  # city | county
    Column("parent", ForeignKey("areas.id")),
)

units = Table(
    "units",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("area", ForeignKey("areas.id"), nullable=False),
    Column("level", String(10), nullable=False),
    # centre | authority | department | station (上级驻饶) | enterprise | party
    Column("kind", String(20), nullable=False),
    Column("superior", ForeignKey("units.id")),
    Column("active", Boolean, nullable=False),
)

items = Table(  # 权责清单: which unit an item is the business of
    "items",
    metadata,
    Column("area", ForeignKey("areas.id"), primary_key=True),
    Column("code", String(40), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("unit", ForeignKey("units.id"), nullable=False),
    Column("active", Boolean, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(40), nullable=False, unique=True),
    Column("display_name", String(40), nullable=False),
    Column("unit", ForeignKey("units.id"), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Instant),
)

user_roles = Table(
    "user_roles",
    metadata,
    Column("user", ForeignKey("users.id"), primary_key=True),
    Column("role", String(30), primary_key=True),
)

delegations = Table(  # who does whose work during a leave
    "delegations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("giver", ForeignKey("users.id"), nullable=False, index=True),
    Column("taker", ForeignKey("users.id"), nullable=False, index=True),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),  # half-open
    Column("ended_at", Instant),  # by the giver, or by the sweep once it was over
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),  # sha256 of the token in the cookie
    Column("user", ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

kept_lists = Table(  # how somebody narrows the work list again and again
    "kept_lists",
    metadata,
    Column("user", ForeignKey("users.id"), primary_key=True),
    Column("name", String(30), primary_key=True),
    Column("said", Text, nullable=False),  # JSON of Narrowing.said and the tab
)

templates = Table(  # texts kept ready for replies
    "templates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit", ForeignKey("units.id"), nullable=False, index=True),
    Column("kind", String(20), nullable=False),  # formjs.TEMPLATES
    Column("name", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("active", Boolean, nullable=False),  # a retired one stays, offered to nobody
)

# --- definitions and calendar ------------------------------------------------------------

versions = Table(
    "versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
)

version_files = Table(
    "version_files",
    metadata,
    Column("version", ForeignKey("versions.id"), primary_key=True),
    Column("path", String(200), primary_key=True),  # "bpmn/ticket.bpmn", "forms/x.form"
    Column("content", LargeBinary, nullable=False),
)

deployments = Table(
    "deployments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", ForeignKey("versions.id"), nullable=False),
    Column("in_force_from", Instant, nullable=False),
    Column("deployed_at", Instant, nullable=False),
    Column("actor", String(40), nullable=False),
    Column("reason", Text, nullable=False),
)

calendar_revisions = Table(
    "calendar_revisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(40), nullable=False),
    Column("note", Text, nullable=False),
)

calendar_days = Table(
    "calendar_days",
    metadata,
    Column("date", Date, primary_key=True),
    Column("is_workday", Boolean, nullable=False),
    Column("source", String(40), nullable=False),  # 法定 | 调休 | 放假 | ...
    Column("document", String(80), nullable=False),
    Column("editor", String(40), nullable=False),
    Column("revision", ForeignKey("calendar_revisions.id"), nullable=False),
)

calendar_years = Table(
    "calendar_years",
    metadata,
    Column("year", Integer, primary_key=True),
    Column("document", String(80), nullable=False),
    Column("revision", ForeignKey("calendar_revisions.id"), nullable=False),
)

# --- duty: nights and holidays -------------------------------------------------------------

shifts = Table(  # 值班表
    "shifts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit", ForeignKey("units.id"), nullable=False),
    Column("user", ForeignKey("users.id"), nullable=False, index=True),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),  # half-open
    Column("rank", Integer, nullable=False),  # 顺位, from 1
    Column("phone", String(40), nullable=False),  # of the duty post; "" without one
    Index("ix_shifts_unit_until", "unit", "until"),
    sqlite_autoincrement=True,  # a page that is old must not change another shift
)

handovers = Table(  # 交接班: remarks and what was open stand in the payload of the fact
    "handovers",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),  # of the fact that signed it
    Column("unit", ForeignKey("units.id"), nullable=False),
    Column("leaver", ForeignKey("users.id"), nullable=False),
    Column("taker", ForeignKey("users.id"), nullable=False, index=True),
    Column("since", Instant, nullable=False),  # the shift that was left
    Column("until", Instant, nullable=False),
    Column("signed_at", Instant, nullable=False),
    Column("offered", Boolean, nullable=False),  # the leaver's tasks are to go over
    Column("confirmed_at", Instant),
    Column("accepted", Boolean),  # the taker takes them; NULL until confirmed
    Index("ix_handovers_unit_seq", "unit", "seq"),
)

escalations = Table(  # who was told of an emergency's task that nobody had taken
    "escalations",
    metadata,
    Column("ticket", ForeignKey("tickets.id"), primary_key=True),
    Column("task", Integer, primary_key=True),
    Column("level", Integer, primary_key=True),  # from 1, as the decision table counts
    Column("n", Integer, primary_key=True),  # the n-th person told, from 1
    Column("user", ForeignKey("users.id"), index=True),  # NULL: there was nobody to tell
    Column("due", Instant, nullable=False),  # when the level came
    Column("told_at", Instant, nullable=False),
)

# --- tickets: what the steps leave behind, for work lists and the sweep -------------------

URGENT = text("emergency <> 'no' AND ended_at IS NULL")
"""Open emergencies: as the partial index has it, so that a query says it in the same words."""

tickets = Table(
    "tickets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),
    Column("version", ForeignKey("versions.id"), nullable=False),
    Column("process", String(80), nullable=False),
    Column("area", ForeignKey("areas.id"), nullable=False, index=True),
    Column("centre", ForeignKey("units.id"), nullable=False),
    Column("authority", ForeignKey("units.id"), nullable=False),
    Column("type", String(20), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    Column("created_by", String(40), nullable=False),
    Column("card", LargeBinary),  # title, place, caller: encrypted under the ticket's key
    Column("accepted_at", Instant),
    Column("refused_at", Instant),
    Column("dispatched_at", Instant),  # the first dispatch
    Column("closed_at", Instant),
    Column("outcome", String(20)),
    Column("followed_up_at", Instant),
    Column("rated_at", Instant),
    Column("rating", String(20)),
    Column("archived_at", Instant),
    Column("withdrawn_at", Instant),
    Column("merged_into", String(20)),  # the number of the main ticket
    Column("about_unit", String(40)),  # the unit that a report is about: it sees nothing of it
    Column("protected", Boolean, nullable=False, server_default=false()),  # the reporter is hidden
    Column("calls", Integer, nullable=False, server_default="1"),  # on the same matter
    Column("dissatisfied", Integer, nullable=False, server_default="0"),  # in follow-ups
    Column("emergency", String(40)),
    Column("ended_at", Instant),
    Column("erased_at", Instant),
    Column("seq", Integer, nullable=False),  # number of events in the chain
    Column("head", String(64), nullable=False),  # hash of the last event
    Index("ix_tickets_emergency", "id", sqlite_where=URGENT, postgresql_where=URGENT),
)

imported = Table(  # what came from another platform; never changed afterwards
    "imported",
    metadata,
    Column("source", String(40), primary_key=True),  # what the mapping calls that platform
    Column("original", String(60), primary_key=True, index=True),  # the number there
    Column("ticket", ForeignKey("tickets.id"), nullable=False, unique=True),
    Column("state", String(10), nullable=False),  # open: in the procedure | closed: a record
    Column("received_at", Instant, nullable=False),  # as that platform says
    Column("unit", ForeignKey("units.id")),  # who handled it there
    Column("columns", String(16), nullable=False),  # digest of the names of the columns read
    Column("digest", String(64), nullable=False),  # keyed, of what they held: a change is noticed
)

ticket_keys = Table(
    "ticket_keys",
    metadata,
    Column("ticket", ForeignKey("tickets.id"), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)

states = Table(
    "states",
    metadata,
    Column("ticket", ForeignKey("tickets.id"), primary_key=True),
    Column("instance", Integer, primary_key=True),  # 1 is the ticket's own process
    Column("semantics", Integer, nullable=False),
    Column("blob", LargeBinary, nullable=False),
)

legs = Table(
    "legs",
    metadata,
    Column("ticket", ForeignKey("tickets.id"), primary_key=True),
    Column("leg", Integer, primary_key=True),
    Column("parent", Integer),
    Column("round", Integer, nullable=False),
    Column("duty", String(10), nullable=False),  # lead | co
    Column("unit", ForeignKey("units.id"), nullable=False),
    Column("area", ForeignKey("areas.id"), nullable=False),
    Column("centre", ForeignKey("units.id"), nullable=False),  # 派单中心
    Column("peer_centre", ForeignKey("units.id"), nullable=False),  # 同级中心
    Column("authority", ForeignKey("units.id"), nullable=False),
    Column("dispatched_at", Instant),
    Column("sign_due", Instant),
    Column("due", Instant),
    Column("signed_at", Instant),
    Column("unsigned_at", Instant),  # 未及时签收, from the due time
    Column("reported_at", Instant),  # of the last report, unless it was rejected
    Column("closed_at", Instant),  # the report was accepted
    Column("overdue_at", Instant),  # 超期, from the due time
    Column("return_asked_at", Instant),
    Column("return_rejected_at", Instant),
    Column("extended_at", Instant),
    Column("hard_at", Instant),  # 疑难复杂
    Column("centre_late_at", Instant),  # 中心责任
    Column("void_at", Instant),
    Column("void_reason", String(20)),  # returned | recalled | cancelled
    Index("ix_legs_unit_due", "unit", "due"),
    Index("ix_legs_overdue_at", "overdue_at"),
    Index("ix_legs_unsigned_at", "unsigned_at"),
)

ledger = Table(  # 督办台账
    "ledger",
    metadata,
    Column("ticket", ForeignKey("tickets.id"), primary_key=True),
    Column("entry", Integer, primary_key=True),  # the n-th supervision of the ticket
    Column("address", String(200), nullable=False),  # of the started process
    Column("leg", Integer),
    Column("reason", String(20), nullable=False),  # overdue | dissatisfied
    Column("unit", ForeignKey("units.id"), nullable=False),
    Column("authority", ForeignKey("units.id"), nullable=False, index=True),
    Column("warned_at", Instant),
    Column("listed_at", Instant),
    Column("found_at", Instant),  # 认定办理不力
    Column("measure", String(40)),
    Column("measure_at", Instant),
    Column("rectify_due", Instant),
    Column("reported_at", Instant),  # 整改反馈
    Column("late_at", Instant),
    Column("rectified_at", Instant),
    Column("ended_at", Instant),
)

deadlines = Table(
    "deadlines",
    metadata,
    Column("ticket", ForeignKey("tickets.id"), primary_key=True),
    Column("leg", Integer, primary_key=True),  # 0: of the ticket itself
    Column("name", String(40), primary_key=True),
    # Of the timer, for a leg may have two of one name; "" where the first semantics noted it.
    Column("address", Text, primary_key=True, server_default=""),
    Column("due", Instant, nullable=False),
    Column("provisional", Boolean, nullable=False, index=True),
    Column("article", String(40), nullable=False),
    Column("why", Text, nullable=False),
)

tasks = Table(
    "tasks",
    metadata,
    Column("ticket", ForeignKey("tickets.id"), primary_key=True),
    Column("instance", Integer, primary_key=True),
    Column("task", Integer, primary_key=True),
    Column("element", String(80), nullable=False),
    Column("name", String(80), nullable=False),
    Column("form", String(80), nullable=False),
    Column("role", String(30), nullable=False),
    Column("unit", ForeignKey("units.id"), nullable=False),
    Column("area", ForeignKey("areas.id"), nullable=False),
    Column("leg", Integer),
    Column("address", Text, nullable=False),
    Column("article", String(40), nullable=False),
    # A right, not a duty: offered with the ticket, in no work list.
    Column("optional", Boolean, nullable=False, server_default=false()),
    # Four eyes: who completed one of these elements last may not do this.
    Column("other_than", Text, nullable=False, server_default=""),
    Column("opened_at", Instant, nullable=False),
    Column("due", Instant),  # the earliest deadline over this task, for the order of work lists
    Column("claimed_by", ForeignKey("users.id")),
    Column("claimed_at", Instant),
    Index("ix_tasks_unit_role_due", "unit", "role", "due"),
    Index("ix_tasks_claimed_by", "claimed_by"),
)

timers = Table(
    "timers",
    metadata,
    Column("ticket", ForeignKey("tickets.id"), primary_key=True),
    Column("instance", Integer, primary_key=True),
    Column("task", Integer, primary_key=True),
    Column("element", String(80), nullable=False),
    Column("deadline", String(40), nullable=False),
    Column("leg", Integer),
    Column("due", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", Instant, nullable=False),  # = due until a firing failed
    Column("alarm", Text),  # why it failed, for the people who run the system
    Index("ix_timers_next_try_at", "next_try_at"),
)

drafts = Table(
    "drafts",
    metadata,
    Column("ticket", ForeignKey("tickets.id"), primary_key=True),
    Column("task", Integer, primary_key=True),
    Column("user", ForeignKey("users.id"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("content", LargeBinary, nullable=False),  # encrypted under the ticket's key
)

search = Table(  # an FTS5 table on SQLite, whose own name for a row's number is `rowid`
    "search",
    metadata,
    Column("rowid", BigInteger, primary_key=True, autoincrement=False),  # ticket and event
    Column("words", Words, nullable=False),  # keyed: 8 letters and digits each
    Index("ix_search_words", "words", postgresql_using="gin"),
)

# --- attachments: content in pieces, each file under a key of its own -----------------------

files = Table(
    "files",
    metadata,
    Column("id", Long, primary_key=True),
    Column("size", Integer, nullable=False),  # bytes of the content
)

pieces = Table(
    "pieces",
    metadata,
    Column("file", ForeignKey("files.id"), primary_key=True),
    Column("n", Integer, primary_key=True),  # from 0
    Column("content", LargeBinary, nullable=False),  # encrypted under the file's key
)

uploads = Table(  # uploaded with a form that is not submitted yet
    "uploads",
    metadata,
    Column("digest", String(64), primary_key=True),  # sha256 of the token in the form
    Column("file", ForeignKey("files.id"), nullable=False, unique=True),
    Column("user", ForeignKey("users.id"), nullable=False, index=True),
    Column("ticket", ForeignKey("tickets.id")),  # NULL: with the form of a new one
    Column("task", Integer),
    Column("at", Instant, nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),  # name, kind, key: under the token
)

attachments = Table(  # what they are stands in the payload of the event that brought them
    "attachments",
    metadata,
    Column("ticket", ForeignKey("tickets.id"), primary_key=True),
    Column("n", Integer, primary_key=True),  # the n-th of the ticket, from 1
    Column("seq", Integer, nullable=False),  # the event
    Column("file", ForeignKey("files.id"), nullable=False, unique=True),
    Column("wrapped", LargeBinary, nullable=False),  # the file's key, under the ticket's
)

# --- announcements: one script for all who call about the same cut -------------------------

announcements = Table(  # as the last revision has them; all of them stand in the chain
    "announcements",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),  # the name of its chain too
    Column("area", ForeignKey("areas.id"), nullable=False),
    Column("centre", ForeignKey("units.id"), nullable=False),
    Column("authority", ForeignKey("units.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("kind", String(20), nullable=False),  # water | power | gas | road | other
    Column("title", Text, nullable=False),
    Column("places", Text, nullable=False),  # free words: streets, communities
    Column("script", Text, nullable=False),  # what is read out to who calls
    Column("contact", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),  # half-open
    Column("created_at", Instant, nullable=False),
    Column("created_by", String(40), nullable=False),
    Column("ended_at", Instant),  # before its time
    Column("erased_at", Instant),
    Index("ix_announcements_centre_until", "centre", "until"),
)

announcement_calls = Table(
    "announcement_calls",
    metadata,
    Column("announcement", ForeignKey("announcements.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),  # the event of its chain
    Column("phone", String(64)),  # keyed digest, until the announcement is erased
    Column("ticket", String(20)),  # the number, where one was made of the call
)

numbers = Table(
    "numbers",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("last", Integer, nullable=False),
)

# --- the log ------------------------------------------------------------------------------

events = Table(
    "events",
    metadata,
    Column("id", Long, primary_key=True),
    Column("chain", String(40), nullable=False),  # a ticket's or announcement's number, "system"
    Column("seq", Integer, nullable=False),
    Column("kind", String(10), nullable=False),  # step | fact
    Column("name", String(40), nullable=False),  # start complete send tick revise | claim draft ...
    Column("at", Instant, nullable=False),
    Column("actor", String(40), nullable=False),
    Column("unit", String(40), nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON, exactly as it was hashed
    Column("commitment", String(64), nullable=False),  # to the payload, salted; "" without one
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("chain", "seq"),
)

payloads = Table(
    "payloads",
    metadata,
    Column("event", ForeignKey("events.id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),  # salt and payload, encrypted
)

chains = Table(
    "chains",
    metadata,
    Column("name", String(40), primary_key=True),  # chains of no ticket: "system", announcements
    Column("seq", Integer, nullable=False),
    Column("head", String(64), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),  # the chain's key; empty once erased
)

requests = Table(
    "requests",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("user", String(40), primary_key=True),
    Column("act", String(40), nullable=False),
    Column("ticket", Integer),
    Column("at", Instant, nullable=False, index=True),
    Column("digest", String(64)),  # of what was sent, so that a key is not used for another
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Long, primary_key=True),
    Column("key", String(100), nullable=False, unique=True),  # chain/seq/n, against doubles
    Column("topic", String(60), nullable=False),
    Column("ticket", ForeignKey("tickets.id"), nullable=False),
    Column("content", Text, nullable=False),  # routing values only
    Column("created_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", Instant),  # NULL once delivered
    Column("delivered_at", Instant),
    Column("error", Text),
    Index("ix_outbox_next_try_at", "next_try_at"),
)
