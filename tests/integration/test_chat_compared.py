"""`burnish serve --compare`: the checkpoint before training chats beside the trained model, over the protocol and on the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from burnish.answering.predictor import load
from burnish.core.errors import InputError
from burnish.server.app import create
from burnish.server.settings import KEYS, Settings
from burnish.stages.chat.opening import base_of
from tests.chat_bundles import chat_bundle
from tests.integration.hostile_chats import USER
from tests.integration.serving import Server, serving
from tests.integration.test_chat_faults import count
from tests.integration.test_chat_page import ask_and_stop, opened
from tests.integration.test_page import KEY, browser, kept

__all__ = ["browser"]
HEADERS = {"authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chat_bundle(tmp_path_factory.mktemp("compared") / "bundle")


@pytest.fixture(scope="module")
def server(bundle: Path) -> Iterator[Server]:
    with serving(bundle.parent / "log", f"harbour@1={bundle}", "--compare", **{KEYS: KEY}) as found:
        yield found.wait_ready()


def listed(server: Server, place: str) -> Any:
    return httpx.get(server.address + place, headers=HEADERS, timeout=60).json()


@pytest.mark.slow
def test_both_answer_under_names_of_their_own(server: Server, bundle: Path) -> None:
    found = {m["id"]: m.get("base") for m in listed(server, "/v1/models")["data"]}
    assert found == {"harbour": "harbour-base", "harbour-base": None}
    tuned = load(bundle)
    for name, predictor in (("harbour", tuned), ("harbour-base", base_of(tuned.bundle))):
        asked = {"model": name, "messages": [USER], "seed": 3}
        response = httpx.post(f"{server.address}/v1/chat/completions", json=asked, headers=HEADERS, timeout=120).json()
        wanted = "".join(predictor.stream([USER], seed=3)).strip()
        assert response["choices"][0]["message"]["content"] == wanted
        found[name] = wanted
    assert found["harbour"] != found["harbour-base"]


@pytest.mark.slow
def test_what_is_said_of_the_test_is_said_of_the_trained_model_only(server: Server) -> None:
    """Scores and reference answers are not those of the checkpoint before training."""
    tuned, base = listed(server, "/models")["models"]
    assert (tuned["name"], base["name"]) == ("harbour", "harbour-base")
    assert tuned["examples"]
    assert (base["examples"], base["scores"]) == ([], None)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"base": "elsewhere"}, "--base without --compare"),
        ({"compare": True, "base": "elsewhere", "two": True}, "--base is the checkpoint of one bundle"),
        ({"compare": True, "base": "/nowhere/at/all"}, "nowhere"),
    ],
)
def test_what_cannot_be_compared_is_said(bundle: Path, more: dict[str, Any], words: str) -> None:
    bundles = [f"harbour@1={bundle}", *([f"island@1={bundle}"] if more.pop("two", False) else [])]
    with pytest.raises(InputError) as caught:
        create(Settings(bundles=bundles, **more))
    assert words in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_two_columns(browser: Any, server: Server, size: str, scheme: str) -> None:
    """Each keeps what it said itself; beside each other on a desk, one below the other on a phone."""
    page, complaints = opened(browser, server, size, scheme)
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(request.post_data_json) if request.method == "POST" else None)
    page.get_by_text("Settings").click()
    page.get_by_label("Most tokens").fill("12")
    page.get_by_text("Settings").click()
    for number, text in enumerate(("when does the ferry leave ?", "and back again ?"), 1):
        page.locator("#text").fill(text)
        page.keyboard.press("Enter")
        page.locator(".assistant > .quiet").nth(2 * number - 1).wait_for()
    kept(page, f"chat-compared-{size}-{scheme}")
    names = page.locator(".beside .name").all_inner_texts()
    assert names == ["harbour-base · before training", "harbour"] * 2
    one, other = (page.locator(".beside .turn").nth(n).bounding_box() for n in (0, 1))
    assert (one["y"] == other["y"]) == (size == "desk")
    assert (one["x"] == other["x"]) == (size == "phone")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    said = [turn.strip() for turn in page.locator(".beside .turn > span:not(.quiet)").all_inner_texts()]
    for body in sent[2:]:
        first, answer, last = body["messages"]
        assert (first["content"], last["content"]) == ("when does the ferry leave ?", "and back again ?")
        assert answer["content"].split() == said[0 if body["model"] == "harbour-base" else 1].split()
    assert sorted(body["model"] for body in sent) == ["harbour", "harbour", "harbour-base", "harbour-base"]
    assert complaints == []
    page.close()


@pytest.mark.slow
def test_one_alone_where_the_other_is_not_wanted(browser: Any, server: Server) -> None:
    page, complaints = opened(browser, server, "phone", "light")
    page.get_by_text("Settings").click()
    page.get_by_label("Show the model before training beside it").uncheck()
    page.get_by_label("Most tokens").fill("8")
    page.locator("#text").fill("when does the ferry leave ?")
    page.keyboard.press("Enter")
    page.locator(".assistant > .quiet").wait_for()
    assert page.locator(".beside").count() == 0
    page.get_by_label("Model", exact=True).select_option("harbour-base")
    assert not page.get_by_label("Show the model before training beside it").is_visible()
    assert complaints == []
    page.close()


@pytest.mark.slow
def test_stop_stops_both(browser: Any, server: Server) -> None:
    left = [f'burnish_ended_total{{model="{name}",reason="left"' for name in ("harbour", "harbour-base")]
    page, complaints = opened(browser, server, "desk", "light")
    page.get_by_text("Settings").click()
    page.get_by_label("Most tokens").fill("450")
    page.get_by_label("Temperature").fill("0")  # the most probable token is mostly the one before, so nothing ends it
    ask_and_stop(page, answers=2)
    for _ in range(600):
        if all(count(server, line, HEADERS) == 1 for line in left):
            break
        page.wait_for_timeout(100)
    assert [count(server, line, HEADERS) for line in left] == [1, 1]
    assert complaints == []
    page.close()
