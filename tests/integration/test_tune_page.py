"""The page of models that write tunes in a real browser: asked, seen, heard, at a phone's and a desk's width."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from burnish.media.music.abc import problems
from tests.integration.serving import Server, serving
from tests.integration.test_page import SIZES, browser, kept
from tests.midi_bundles import midi_bundle
from tests.tune_bundles import CAPTION, tune_bundle

__all__ = ["browser"]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("tune-page")
    given = tune_bundle(folder / "given")
    written = tune_bundle(folder / "written", "written", max_new_tokens=500)
    midi = midi_bundle(folder / "midi")
    with serving(folder / "log", f"given={given}", f"written={written}", f"midi={midi}") as found:
        yield found.wait_ready()


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desk", "light")])
def test_a_tune_is_seen_and_heard(browser: Any, server: Server, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.set_default_timeout(120_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(server.address + "/")
    page.locator("#list button").first.click()
    assert page.locator("#caption").input_value() == CAPTION
    assert page.locator("#header").input_value().startswith("X:1")
    page.get_by_role("button", name="Write a tune").click()
    page.locator("#result").wait_for()
    assert page.locator("#verdict").inner_text() == "A valid tune: every bar fills its meter."
    assert page.locator("#staff svg ellipse").count() > 0
    page.get_by_text("Piano roll", exact=True).click()
    assert page.locator("#roll svg rect").count() > 1
    page.wait_for_function("document.getElementById('player').duration > 0")
    for id in ("save-abc", "save-midi", "save-sound"):
        assert page.locator(f"#{id}").get_attribute("href").startswith("blob:")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    kept(page, f"tune-{size}-{scheme}")
    page.locator("#model").select_option("1")
    assert not page.locator("#header").is_visible()
    page.locator("#caption").fill("A <b>jig</b>.")
    page.get_by_role("button", name="Write a tune").click()
    page.locator("#result").wait_for()
    assert page.locator("#abc").text_content().startswith("X:")
    assert complaints == []
    page.close()


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_a_midi_file_is_seen_and_heard(browser: Any, server: Server, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.set_default_timeout(120_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(server.address + "/")
    page.locator("#list button").first.wait_for()
    page.locator("#model").select_option("2")
    assert not page.locator("#header").is_visible()
    assert not page.locator("#examples").is_visible()
    page.locator("#caption").fill("a <b>waltz</b> in D")
    page.get_by_role("button", name="Write a tune").click()
    page.locator("#result").wait_for()
    assert page.locator("#staff svg ellipse").count() > 0
    assert not page.locator("#text").is_visible(), "there is no ABC"
    assert not page.locator("#save-abc").is_visible()
    page.wait_for_function("document.getElementById('player').duration > 0")
    for id in ("save-midi", "save-sound"):
        assert page.locator(f"#{id}").get_attribute("href").startswith("blob:")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    kept(page, f"midi-{size}-{scheme}")
    assert complaints == []
    page.close()


def test_the_address_of_tunes(server: Server) -> None:
    status, told = asked(server, {"abc": "X:1\nM:3/4\nL:1/4\nK:D\nABc|d3|]\n"})
    assert status == 200
    assert told["problems"] == []
    assert told["staff"].startswith("<svg")
    assert asked(server, {"abc": 3})[0] == 422
    assert asked(server, {"abc": "A" * 30_000})[0] == 413


def test_a_chat_goes_on_from_the_header_that_is_given(server: Server) -> None:
    header = "X:1\nT:Of a test\nM:4/4\nL:1/8\nK:D\n"
    message = {"role": "user", "content": f"{CAPTION}\n{header}"}
    status, told = asked(server, {"model": "given", "messages": [message]}, "/v1/chat/completions")
    assert status == 200
    music = told["choices"][0]["message"]["content"]
    assert "X:" not in music
    assert problems(header + music) == []


def asked(server: Server, body: Any, place: str = "/tune") -> tuple[int, Any]:
    request = urllib.request.Request(
        server.address + place, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
