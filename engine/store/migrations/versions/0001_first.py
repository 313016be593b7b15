"""The first tables, and the triggers that let the log only grow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

APPEND_ONLY = ("events", "payloads")


def upgrade() -> None:
    _tables()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _guard_sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    # INSERT OR REPLACE deletes a row without its DELETE trigger, unless a pragma is set.
    op.execute(
        "CREATE TRIGGER events_no_replace BEFORE INSERT ON events"
        " WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id)"
        " OR EXISTS (SELECT 1 FROM events WHERE chain = NEW.chain AND seq = NEW.seq)"
        " BEGIN SELECT RAISE(ABORT, 'events is append-only: the event is there'); END"
    )
    op.execute(
        "CREATE TRIGGER payloads_no_replace BEFORE INSERT ON payloads"
        " WHEN EXISTS (SELECT 1 FROM payloads WHERE event = NEW.event)"
        " BEGIN SELECT RAISE(ABORT, 'payloads is append-only: the payload is there'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME"
        " USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        # Also while replication or a restore runs: session_replication_role switches others off.
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_change")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate")


def _tables() -> None:
    op.create_table(
        "areas",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("parent", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["parent"], ["areas.id"], name=op.f("fk_areas_parent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas")),
    )
    op.create_table(
        "calendar_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_revisions")),
    )
    op.create_table(
        "chains",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chains")),
    )
    op.create_table(
        "events",
        sa.Column("id", LONG, nullable=False),
        sa.Column("chain", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("chain", "seq", name=op.f("uq_events_chain")),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "numbers",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_numbers")),
    )
    op.create_table(
        "requests",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=40), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("ticket", sa.Integer(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", "user", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_at"), "requests", ["at"], unique=False)
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("hash", name=op.f("uq_versions_hash")),
    )
    op.create_table(
        "calendar_days",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("is_workday", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("document", sa.String(length=80), nullable=False),
        sa.Column("editor", sa.String(length=40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision"], ["calendar_revisions.id"], name=op.f("fk_calendar_days_revision")
        ),
        sa.PrimaryKeyConstraint("date", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=80), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision"], ["calendar_revisions.id"], name=op.f("fk_calendar_years_revision")
        ),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_years")),
    )
    op.create_table(
        "deployments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("in_force_from", INSTANT, nullable=False),
        sa.Column("deployed_at", INSTANT, nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["versions.id"], name=op.f("fk_deployments_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
    )
    op.create_table(
        "payloads",
        sa.Column("event", LONG, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["event"], ["events.id"], name=op.f("fk_payloads_event")),
        sa.PrimaryKeyConstraint("event", name=op.f("pk_payloads")),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("superior", sa.String(length=40), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["area"], ["areas.id"], name=op.f("fk_units_area")),
        sa.ForeignKeyConstraint(["superior"], ["units.id"], name=op.f("fk_units_superior")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
    )
    op.create_table(
        "version_files",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"], ["versions.id"], name=op.f("fk_version_files_version")
        ),
        sa.PrimaryKeyConstraint("version", "path", name=op.f("pk_version_files")),
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("process", sa.String(length=80), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("centre", sa.String(length=40), nullable=False),
        sa.Column("authority", sa.String(length=40), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("card", sa.LargeBinary(), nullable=True),
        sa.Column("accepted_at", INSTANT, nullable=True),
        sa.Column("dispatched_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("followed_up_at", INSTANT, nullable=True),
        sa.Column("rated_at", INSTANT, nullable=True),
        sa.Column("rating", sa.String(length=20), nullable=True),
        sa.Column("archived_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("erased_at", INSTANT, nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["area"], ["areas.id"], name=op.f("fk_tickets_area")),
        sa.ForeignKeyConstraint(["authority"], ["units.id"], name=op.f("fk_tickets_authority")),
        sa.ForeignKeyConstraint(["centre"], ["units.id"], name=op.f("fk_tickets_centre")),
        sa.ForeignKeyConstraint(["version"], ["versions.id"], name=op.f("fk_tickets_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("number", name=op.f("uq_tickets_number")),
    )
    op.create_index(op.f("ix_tickets_area"), "tickets", ["area"], unique=False)
    op.create_index(op.f("ix_tickets_created_at"), "tickets", ["created_at"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("display_name", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_users_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "deadlines",
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("due", INSTANT, nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("article", sa.String(length=40), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("fk_deadlines_ticket")),
        sa.PrimaryKeyConstraint("ticket", "leg", "name", name=op.f("pk_deadlines")),
    )
    op.create_index(op.f("ix_deadlines_provisional"), "deadlines", ["provisional"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("user", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("fk_drafts_ticket")),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_drafts_user")),
        sa.PrimaryKeyConstraint("ticket", "task", "user", name=op.f("pk_drafts")),
    )
    op.create_table(
        "legs",
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("duty", sa.String(length=10), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("centre", sa.String(length=40), nullable=False),
        sa.Column("peer_centre", sa.String(length=40), nullable=False),
        sa.Column("authority", sa.String(length=40), nullable=False),
        sa.Column("dispatched_at", INSTANT, nullable=True),
        sa.Column("sign_due", INSTANT, nullable=True),
        sa.Column("due", INSTANT, nullable=True),
        sa.Column("signed_at", INSTANT, nullable=True),
        sa.Column("unsigned_at", INSTANT, nullable=True),
        sa.Column("reported_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("overdue_at", INSTANT, nullable=True),
        sa.Column("void_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["area"], ["areas.id"], name=op.f("fk_legs_area")),
        sa.ForeignKeyConstraint(["authority"], ["units.id"], name=op.f("fk_legs_authority")),
        sa.ForeignKeyConstraint(["centre"], ["units.id"], name=op.f("fk_legs_centre")),
        sa.ForeignKeyConstraint(["peer_centre"], ["units.id"], name=op.f("fk_legs_peer_centre")),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("fk_legs_ticket")),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_legs_unit")),
        sa.PrimaryKeyConstraint("ticket", "leg", name=op.f("pk_legs")),
    )
    op.create_index("ix_legs_overdue_at", "legs", ["overdue_at"], unique=False)
    op.create_index("ix_legs_unit_due", "legs", ["unit", "due"], unique=False)
    op.create_index("ix_legs_unsigned_at", "legs", ["unsigned_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", LONG, nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("topic", sa.String(length=60), nullable=False),
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", INSTANT, nullable=True),
        sa.Column("delivered_at", INSTANT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("fk_outbox_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    op.create_index("ix_outbox_next_try_at", "outbox", ["next_try_at"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_sessions_user")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user"), "sessions", ["user"], unique=False)
    op.create_table(
        "states",
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("instance", sa.Integer(), nullable=False),
        sa.Column("semantics", sa.Integer(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("fk_states_ticket")),
        sa.PrimaryKeyConstraint("ticket", "instance", name=op.f("pk_states")),
    )
    op.create_table(
        "tasks",
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("instance", sa.Integer(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("element", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("form", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("article", sa.String(length=40), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("due", INSTANT, nullable=True),
        sa.Column("claimed_by", sa.Integer(), nullable=True),
        sa.Column("claimed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["area"], ["areas.id"], name=op.f("fk_tasks_area")),
        sa.ForeignKeyConstraint(["claimed_by"], ["users.id"], name=op.f("fk_tasks_claimed_by")),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("fk_tasks_ticket")),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_tasks_unit")),
        sa.PrimaryKeyConstraint("ticket", "instance", "task", name=op.f("pk_tasks")),
    )
    op.create_index("ix_tasks_claimed_by", "tasks", ["claimed_by"], unique=False)
    op.create_index("ix_tasks_unit_role_due", "tasks", ["unit", "role", "due"], unique=False)
    op.create_table(
        "ticket_keys",
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("fk_ticket_keys_ticket")),
        sa.PrimaryKeyConstraint("ticket", name=op.f("pk_ticket_keys")),
    )
    op.create_table(
        "timers",
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("instance", sa.Integer(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("element", sa.String(length=80), nullable=False),
        sa.Column("deadline", sa.String(length=40), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=True),
        sa.Column("due", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", INSTANT, nullable=False),
        sa.Column("alarm", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("fk_timers_ticket")),
        sa.PrimaryKeyConstraint("ticket", "instance", "task", name=op.f("pk_timers")),
    )
    op.create_index("ix_timers_next_try_at", "timers", ["next_try_at"], unique=False)
    op.create_table(
        "user_roles",
        sa.Column("user", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_user_roles_user")),
        sa.PrimaryKeyConstraint("user", "role", name=op.f("pk_user_roles")),
    )
