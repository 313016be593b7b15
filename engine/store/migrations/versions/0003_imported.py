"""Tickets that came from another platform: which, under which number there, exactly once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
compatible = True  # a table that the code before knows nothing of

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "imported",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("original", sa.String(length=60), nullable=False),
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=True),
        sa.Column("columns", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("fk_imported_ticket")),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name=op.f("fk_imported_unit")),
        sa.PrimaryKeyConstraint("source", "original", name=op.f("pk_imported")),
        sa.UniqueConstraint("ticket", name=op.f("uq_imported_ticket")),
    )
    op.create_index(op.f("ix_imported_original"), "imported", ["original"], unique=False)
