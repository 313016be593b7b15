"""Attachments: files in pieces, those that wait with a form, and those that a ticket has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
compatible = True  # tables that the code before knows nothing of

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")
LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("id", LONG, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    op.create_table(
        "pieces",
        sa.Column("file", LONG, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["file"], ["files.id"], name=op.f("fk_pieces_file")),
        sa.PrimaryKeyConstraint("file", "n", name=op.f("pk_pieces")),
    )
    op.create_table(
        "uploads",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("file", LONG, nullable=False),
        sa.Column("user", sa.Integer(), nullable=False),
        sa.Column("ticket", sa.Integer(), nullable=True),
        sa.Column("task", sa.Integer(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["file"], ["files.id"], name=op.f("fk_uploads_file")),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name=op.f("fk_uploads_user")),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("fk_uploads_ticket")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_uploads")),
        sa.UniqueConstraint("file", name=op.f("uq_uploads_file")),
    )
    op.create_index(op.f("ix_uploads_user"), "uploads", ["user"], unique=False)
    op.create_index(op.f("ix_uploads_at"), "uploads", ["at"], unique=False)
    op.create_table(
        "attachments",
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("file", LONG, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.id"], name=op.f("fk_attachments_ticket")),
        sa.ForeignKeyConstraint(["file"], ["files.id"], name=op.f("fk_attachments_file")),
        sa.PrimaryKeyConstraint("ticket", "n", name=op.f("pk_attachments")),
        sa.UniqueConstraint("file", name=op.f("uq_attachments_file")),
    )
