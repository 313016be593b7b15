"""The search index: rows of keyed words, in what each database has for full-text search."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
compatible = True  # a table that the code before knows nothing of


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # Only which rows have a word is asked, never where in it nor how often.
        op.execute(
            "CREATE VIRTUAL TABLE search"
            " USING fts5(words, detail='none', columnsize=0, tokenize='ascii')"
        )
        # What is deleted is not to stay in the index until the next merge: erasure is for good.
        op.execute("INSERT INTO search(search, rank) VALUES ('secure-delete', 1)")
        return
    op.create_table(
        "search",
        sa.Column("rowid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("words", TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("rowid", name=op.f("pk_search")),
    )
    op.create_index(op.f("ix_search_words"), "search", ["words"], postgresql_using="gin")
