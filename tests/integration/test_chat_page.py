"""The chat page in a real browser: streamed, stopped, with settings, at a phone's and a desk's width."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from burnish.server.settings import KEYS
from tests.chat_bundles import chat_bundle
from tests.integration.serving import Server, serving
from tests.integration.test_page import KEY, PLACES, SIZES, browser, kept

__all__ = ["browser"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("chat-page")
    bundle = chat_bundle(folder / "bundle")
    with serving(folder / "log", f"harbour@1={bundle}", **{KEYS: KEY}) as found:
        yield found.wait_ready()


def ask_and_stop(page: Any, answers: int = 1) -> None:
    """Ask, and stop when so many answers have begun.

    A quick network may have ended them before a busy browser clicks: then ask again.
    """
    for asked in range(1, 9):
        page.locator("#text").fill("when does the ferry leave ?")
        page.keyboard.press("Enter")
        page.locator(".assistant").nth(asked * answers - 1).wait_for()
        # In the page itself, as soon as there is a button: a click from outside takes round trips, in which the answer may end.
        stopped = page.evaluate(
            """async () => {
                const stop = document.getElementById('stop');
                for (let tries = 0; tries < 200; tries++) {
                    if (stop.offsetParent !== null) { stop.click(); return true; }
                    await new Promise((done) => setTimeout(done, 10));
                }
                return false;
            }"""
        )
        page.locator("#send").wait_for()
        if stopped:
            return
    raise AssertionError("every answer ended before it could be stopped")


def opened(browser: Any, server: Server, size: str, scheme: str) -> tuple[Any, list[str]]:
    """The page with the key given, and what the browser complains of."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.set_default_timeout(120_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.address + "/")
    page.get_by_label("API key").fill(KEY)
    page.keyboard.press("Enter")
    page.locator("#text").wait_for()
    assert all(url.startswith((server.address, "data:")) for url in asked), asked
    complaints.clear()  # of the first request, which had no key
    return page, complaints


@pytest.mark.parametrize(("size", "scheme"), PLACES)
def test_a_chat(browser: Any, server: Server, size: str, scheme: str) -> None:
    page, complaints = opened(browser, server, size, scheme)
    page.get_by_text("Settings").click()
    page.get_by_label("System prompt").fill("you are the harbour")
    page.get_by_label("Temperature").fill("1.5")
    page.get_by_label("Most tokens").fill("20")
    kept(page, f"chat-settings-{size}-{scheme}")
    page.get_by_text("Settings").click()
    for number, text in enumerate(("when does the ferry leave ?", "and <b>back</b> again ?"), 1):
        page.locator("#text").fill(text)
        page.keyboard.press("Enter")
        page.locator(".assistant .quiet").nth(number - 1).wait_for()
        assert page.locator(".user").nth(number - 1).inner_text() == text
        assert page.locator(".assistant > span").nth(2 * number - 2).inner_text().strip()
    assert "tokens" in page.locator(".assistant .quiet").first.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight + 1")
    kept(page, f"chat-{size}-{scheme}")
    page.get_by_label("Message").fill("word " * 600)
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert "send less" in page.get_by_role("alert").inner_text()
    assert page.locator("#text").input_value().startswith("word")
    assert [one for one in complaints if "400" not in one] == []
    page.close()


def test_stop_and_begin_anew(browser: Any, server: Server) -> None:
    page, complaints = opened(browser, server, "phone", "light")
    page.get_by_text("Settings").click()
    page.get_by_label("Most tokens").fill("450")
    ask_and_stop(page)
    page.get_by_role("button", name="New chat").click()
    assert page.locator(".turn").count() == 0
    assert complaints == []
    page.close()
