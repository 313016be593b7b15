"""`hotline serve`, `hotline sweep`: the processes that stay."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType

import click

from engine import sweep as sweeping
from engine import watch
from engine.cli.common import configured, note, now, opened
from engine.cli.words import Help, Number
from engine.errors import Trouble
from engine.settings import to_serve

GRACE = 20.0
"""Seconds that a child has to finish its request or transaction before it is killed."""


@click.command(cls=Help)
@click.option("--host", default="127.0.0.1", show_default=True, help="监听的地址。")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="监听的端口。"
)
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="处理请求的进程数。"
)
@click.option("--with-sweep", is_flag=True, help="同时运行到期扫描，二者一起结束。")
def serve(host: str, port: int, workers: int, with_sweep: bool) -> int:
    """启动网页服务（gunicorn）。

    到期扫描应另行运行 hotline sweep，或加 --with-sweep。
    """
    opened().close()  # a database that cannot be used is said here, once, before any worker
    _must_be_free(host, port)
    proxies = configured().proxies
    if proxies and host not in ("127.0.0.1", "::1", "localhost"):
        note(
            f"提醒：设置了 HOTLINE_PROXIES={proxies}，又在 {host} 上监听。"
            "绕过代理直接访问这个端口的人可以冒充来源地址，请用防火墙只让代理进来。"
        )
    web = _web(host, port, workers, proxies)
    environment = to_serve(os.environ)
    if not with_sweep:
        note(f"网页服务：http://{host}:{port}（按 Ctrl-C 结束）")
        sys.stderr.flush()
        os.execve(sys.executable, web, environment)  # noqa: S606 (our own interpreter)
    return _together(
        [web, [sys.executable, "-m", "engine.cli", "sweep"]],
        environment,
        f"网页服务与到期扫描：http://{host}:{port}（按 Ctrl-C 结束）",
    )


def _web(host: str, port: int, workers: int, proxies: int) -> list[str]:
    """The command of the web server."""
    return [
        sys.executable, "-m", "gunicorn", "webapp.wsgi:app()",
        "--bind", f"{host}:{port}", "--workers", str(workers),
        "--worker-class", "gthread", "--threads", "4",
        # Connections that a proxy keeps open pile up on one worker: of 8, up to 7 did. A new one
        # a request costs nothing on the same machine, and never meets one that was just closed.
        "--keep-alive", "0" if proxies else "2",
        # The application believes as many proxies as HOTLINE_PROXIES says; the server none, who
        # would believe whatever comes from this machine.
        "--forwarded-allow-ips", "",
        "--graceful-timeout", str(int(GRACE) - 5),
        "--name", "hotline", "--log-level", "warning",
    ]  # fmt: skip


def _must_be_free(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Trouble("cannot_listen", host=host, port=port) from error


def _together(commands: list[list[str]], environment: dict[str, str], said: str) -> int:
    """Run children until one ends or somebody ends this process; then end them all."""
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    children: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            # In a session of their own: Ctrl-C reaches them through this process only, once.
            children.append(
                subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603
            )
        note(said)
        while not asked and all(child.poll() is None for child in children):
            time.sleep(0.2)
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
        deadline = time.monotonic() + GRACE
        for child in children:
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
    if asked:
        return 0
    note("网页服务或到期扫描意外结束，另一个也已停止。原因见上面的日志。")
    return 1


@click.command(cls=Help)
@click.option("--once", is_flag=True, help="只处理一遍已到期的事项，然后结束。")
@click.option(
    "--interval",
    default=5.0,
    show_default=True,
    type=Number(0.2, 3600),
    help="两次扫描之间的秒数。",
)
def sweep(once: bool, interval: float) -> int:
    """处理到期的时限，投递待发的消息；可同时运行多个。"""
    store = opened()
    try:
        if not once:
            watch.configure()
            sweeping.serve(store, interval)
            return 0
        done = sweeping.run_once(store, now())
    finally:
        store.close()
    click.echo(
        f"触发到期时限 {done.fired} 个，失败 {done.failed} 个；"
        f"投递消息 {done.delivered} 条，未送达 {done.undelivered} 条；"
        f"值班提醒 {done.told} 次。"
    )
    return 1 if done.failed or done.undelivered else 0
