"""Refusals, returns, extensions, rights and the ledger of supervision; the list of competences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    _ticket_columns()
    for name in (
        "return_asked_at",
        "return_rejected_at",
        "extended_at",
        "hard_at",
        "centre_late_at",
    ):
        op.add_column("legs", sa.Column(name, INSTANT, nullable=True))
    op.add_column("legs", sa.Column("void_reason", sa.String(length=20), nullable=True))
    _deadlines()
    op.add_column(
        "tasks", sa.Column("optional", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("tasks", sa.Column("other_than", sa.Text(), nullable=False, server_default=""))
    op.add_column("requests", sa.Column("digest", sa.String(length=64), nullable=True))
    _ledger()
    _items()


def _ticket_columns() -> None:
    for column in (
        sa.Column("refused_at", INSTANT, nullable=True),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.Column("merged_into", sa.String(length=20), nullable=True),
        sa.Column("about_unit", sa.String(length=40), nullable=True),
        sa.Column("protected", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("calls", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("dissatisfied", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("emergency", sa.String(length=40), nullable=True),
    ):
        op.add_column("tickets", column)


def _deadlines() -> None:
    with op.batch_alter_table("deadlines") as table:
        table.add_column(sa.Column("address", sa.Text(), nullable=False, server_default=""))
        table.drop_constraint(op.f("pk_deadlines"), type_="primary")
        table.create_primary_key(op.f("pk_deadlines"), ["ticket", "leg", "name", "address"])


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("authority", sa.String(length=40), nullable=False),
        sa.Column("warned_at", INSTANT, nullable=True),
        sa.Column("listed_at", INSTANT, nullable=True),
        sa.Column("found_at", INSTANT, nullable=True),
        sa.Column("measure", sa.String(length=40), nullable=True),
        sa.Column("measure_at", INSTANT, nullable=True),
        sa.Column("rectify_due", INSTANT, nullable=True),
        sa.Column("reported_at", INSTANT, nullable=True),
        sa.Column("late_at", INSTANT, nullable=True),
        sa.Column("rectified_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("fk_ledger_ticket")),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_ledger_unit")),
        sa.ForeignKeyConstraint(["authority"], ["units.id"], name=op.f("fk_ledger_authority")),
        sa.PrimaryKeyConstraint("ticket", "entry", name=op.f("pk_ledger")),
    )
    op.create_index(op.f("ix_ledger_authority"), "ledger", ["authority"], unique=False)


def _items() -> None:
    op.create_table(
        "items",
        sa.Column("area", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["area"], ["areas.id"], name=op.f("fk_items_area")),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_items_unit")),
        sa.PrimaryKeyConstraint("area", "code", name=op.f("pk_items")),
    )
