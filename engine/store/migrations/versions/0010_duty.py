"""Duty: the roster, shifts handed over, and who was told of an emergency that nobody has taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
compatible = True  # tables and an index that the code before knows nothing of

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
OPEN = sa.text("emergency <> 'no' AND ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "shifts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("user", sa.Integer(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_shifts_unit")),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_shifts_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_shifts_unit_until", "shifts", ["unit", "until"], unique=False)
    op.create_index(op.f("ix_shifts_user"), "shifts", ["user"], unique=False)
    op.create_table(
        "handovers",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("leaver", sa.Integer(), nullable=False),
        sa.Column("taker", sa.Integer(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_handovers_unit")),
        sa.ForeignKeyConstraint(["leaver"], ["users.id"], name=op.f("fk_handovers_leaver")),
        sa.ForeignKeyConstraint(["taker"], ["users.id"], name=op.f("fk_handovers_taker")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_handovers")),
    )
    op.create_index("ix_handovers_unit_seq", "handovers", ["unit", "seq"], unique=False)
    op.create_index(op.f("ix_handovers_taker"), "handovers", ["taker"], unique=False)
    op.create_table(
        "escalations",
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("user", sa.Integer(), nullable=True),
        sa.Column("due", INSTANT, nullable=False),
        sa.Column("told_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("fk_escalations_ticket")),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_escalations_user")),
        sa.PrimaryKeyConstraint("ticket", "task", "level", "n", name=op.f("pk_escalations")),
    )
    op.create_index(op.f("ix_escalations_user"), "escalations", ["user"], unique=False)
    # The sweep asks every few seconds: a city has few emergencies among its open tickets.
    op.create_index(
        "ix_tickets_emergency", "tickets", ["id"], sqlite_where=OPEN, postgresql_where=OPEN
    )
