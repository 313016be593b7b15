"""Who does whose work during a leave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
compatible = True  # a table that the code before knows nothing of

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "delegations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("giver", sa.Integer(), nullable=False),
        sa.Column("taker", sa.Integer(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["giver"], ["users.id"], name=op.f("fk_delegations_giver")),
        sa.ForeignKeyConstraint(["taker"], ["users.id"], name=op.f("fk_delegations_taker")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegations")),
    )
    op.create_index(op.f("ix_delegations_giver"), "delegations", ["giver"], unique=False)
    op.create_index(op.f("ix_delegations_taker"), "delegations", ["taker"], unique=False)
