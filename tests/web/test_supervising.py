"""An authority's page: warnings, decisions, rectifications and the ledger, each a figure that
leads to its list; and the centre's rights, two clicks from a search."""

from __future__ import annotations

import re
from html import unescape

from flask import Flask

from engine import sweep
from engine.store import Store
from tests.browser import city
from tests.browser.city import Clock, Person


def page(person: Person, path: str) -> str:
    return unescape(person.text(path))


def figures(person: Person) -> dict[str, int]:
    """What each figure of the page says."""
    shown = page(person, "/supervision")
    lines = re.findall(r"<li>(.*?)<strong[^>]*>(\d+)</strong></li>", shown[shown.index("<h1>") :])
    return {re.sub("<[^>]+>", "", words).strip(): int(count) for words, count in lines}


def dispatched(store: Store, clock: Clock) -> str:
    number = city.called(store, clock())
    city.done(store, clock(), "pan", number, "派单", lead_unit="sr-lights", item_words="照明")
    return number


def test_each_figure_moves_as_supervision_goes_on(app: Flask, store: Store, clock: Clock):
    assert set(figures(Person(app, "du")).values()) == {0}
    number = dispatched(store, clock)
    clock.set("2026-10-09 09:00")
    sweep.run_once(store, clock())
    du = Person(app, "du")
    assert figures(du)["过了签收期限，还没有签收"] == 1
    city.done(store, clock(), "li", number, "签收")
    assert figures(du)["过了签收期限，还没有签收"] == 0
    clock.set("2026-10-16 09:00")
    sweep.run_once(store, clock())
    du = Person(app, "du")
    found = figures(du)
    assert found["过了办理期限，还没有报送"] == found["认定是否办理不力"] == 1
    assert found["督办中"] == found["还没有认定"] == 1
    assert number in page(du, "/ledger?tab=find")
    assert number not in page(du, "/ledger?tab=measure")
    city.done(store, clock(), "du", number, "认定是否办理不力", poor_handling="yes")
    found = figures(du)
    assert (found["还没有认定"], found["认定了，还没有采取措施"]) == (0, 1)
    assert number in page(du, "/ledger?tab=measure")
    chosen = {"measure": "interview", "rectify_days": "2", "words": "抓紧"}
    city.done(store, clock(), "du", number, "采取督办措施", **chosen)
    found = figures(du)
    assert (found["整改还没有完成"], found["其中已过整改期限"]) == (1, 0)
    assert number in page(du, "/ledger?tab=rectify")
    clock.set("2026-10-22 09:00")
    sweep.run_once(store, clock())
    assert figures(Person(app, "du"))["其中已过整改期限"] == 1
    gan = Person(app, "gan")
    assert set(figures(gan).values()) == {0}, "another county's authority has nothing of it"
    assert "没有处于这一步的工单" in page(gan, "/ledger?tab=rectify")


def test_it_is_offered_to_an_authority(app: Flask):
    for who, offered in (("du", True), ("gan", True), ("ji", True), ("shen", False), ("li", False)):
        assert ('href="/supervision"' in page(Person(app, who), "/")) == offered, who


def test_recall_correction_withdrawal_and_merging_are_two_clicks_from_a_search(
    app: Flask, store: Store, clock: Clock
):
    number = dispatched(store, clock)
    pan = Person(app, "pan")
    found = page(pan, "/tickets?q=庆丰路口")
    (ticket,) = re.findall(r'href="(/tickets/[\d-]+)"', found[found.index("<main") :])
    assert pan.get(f"/tickets?q={number}").location == ticket, "its number alone is one click less"
    shown = page(pan, ticket)
    shown = shown[shown.index('<ul class="rights">') :]
    for right in ("撤回派发", "更正类型或地址", "撤销工单", "并入另一工单"):
        (path,) = re.findall(rf'href="([^"]+)"><span lang="zh-CN">{right}</span>', shown)
        form = page(pan, path)
        assert f'<h1><span lang="zh-CN">{right}</span>' in form
        assert 'value="done">提交' in form
