"""`hotline multiply`: a simulated city's tickets many times over, to measure with."""

from __future__ import annotations

import click

from engine.city.loader import multiply as multiplied
from engine.cli.common import opened
from engine.cli.simulating import Progress
from engine.cli.words import Help


@click.command(cls=Help)
@click.argument("copies", metavar="份数", type=click.IntRange(1, 100_000))
@click.option(
    "--open",
    "still_open",
    metavar="份数",
    type=click.IntRange(0, 100_000),
    help="还没有办完的工单复制几份；不写则与其他的一样。",
)
def multiply(copies: int, still_open: int | None) -> int:
    """把模拟出来的每件工单再复制若干份，用来测量大量数据下的表现。

    只用于模拟的数据库。每份复制件日期相同，编号、密钥、事件链、承诺值各自独立，可以核查
    （hotline verify）。中途停下时，已写入的复制件完好；再运行一次则再加若干份。
    """
    with opened() as store:
        progress = Progress()
        made = multiplied(store, copies, progress, still_open=still_open)
        seconds = progress.seconds
    click.echo(f"已复制工单 {made} 件，用时 {seconds:.1f} 秒，每秒 {made / seconds:.0f} 件。")
    return 0
