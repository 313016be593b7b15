"""How people narrow their work lists, under names of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
compatible = True  # a table that the code before knows nothing of


def upgrade() -> None:
    op.create_table(
        "kept_lists",
        sa.Column("user", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_kept_lists_user")),
        sa.PrimaryKeyConstraint("user", "name", name=op.f("pk_kept_lists")),
    )
