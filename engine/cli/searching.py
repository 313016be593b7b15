"""`hotline reindex`: the search index, brought up from the record."""

from __future__ import annotations

import click

from engine.acts.indexing import reindex as indexing
from engine.cli.common import note, now, opened
from engine.cli.words import Help
from engine.read import agenda
from engine.settings import Settings
from engine.store import Store, schema


def remind(settings: Settings, was: str) -> None:
    """After an upgrade from revision `was`: say that tickets of before the index are missing."""
    if was not in schema.BEFORE_SEARCH:
        return
    with Store.open(settings) as store:
        if count := agenda.count(store)[0]:
            click.echo(f"已有 {count} 件工单还不能按文字查到。请再运行 hotline reindex。")


EVERY = 20
"""Batches between two lines of progress."""


@click.command(cls=Help)
def reindex() -> int:
    """把已有工单的文字编入检索，或在检索不完整时重建。

    升级到有检索的版本之后运行一次；平时办理时随办随编，不用运行。可以在有人办理时运行；中途
    停下时再运行一次，从停下的地方继续。文字在本进程内解密，索引中只有加密的词，没有原文。
    """
    with opened() as store:
        done = 0
        for n, (done, count) in enumerate(indexing(store, now())):
            if n % EVERY == 0 or done == count:
                note(f"已编入检索 {done}/{count} 件工单。")
    click.echo(f"检索已完整：{done} 件工单。")
    return 0
