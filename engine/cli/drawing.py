"""`hotline draw`: a page of a BPMN file as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from engine import files
from engine.cli.common import note
from engine.cli.words import Help
from engine.flow.xml import LARGEST_FILE

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
PLACE = click.Path(dir_okay=False, path_type=Path)


@click.command(cls=Help)
@click.argument("file", type=FILE, metavar="流程图.bpmn")
@click.option(
    "--page", type=click.IntRange(1, 10_000), default=1, show_default=True, help="第几页。"
)
@click.option("-o", "--output", type=PLACE, metavar="文件", help="写到这个文件；不写时输出到屏幕。")
def draw(file: Path, page: int, output: Path | None) -> int:
    """把流程图画成 SVG 图片，不需要数据库，也不需要浏览器。

    折叠的子流程另成一页，用 --page 选择。系统不能运行的图也能画；能否运行用 hotline check 检查。
    """
    from engine import picture

    if output is not None and output.exists() and output.samefile(file):
        raise click.UsageError("图片不能写到流程图本身，请换一个文件名。")
    with files.opened(file) as source:
        content = source.read(LARGEST_FILE + 1)
    found = picture.pages(content)
    svg = picture.draw_page(picture.page_of(found, page))
    if output is None:
        click.echo(svg)
    else:
        output.write_text(svg + "\n", encoding="utf-8")
        note(f"已画到 {output}。")
    if len(found) > 1:
        note(f"共 {len(found)} 页，这是第 {page} 页。")
    return 0
