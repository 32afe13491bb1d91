"""The page in a real browser: Chromium without a window, at a phone's and a desk's width, in light and dark."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from burnish.server.page import policy
from burnish.server.settings import KEYS
from tests.integration.serving import Server, serving
from tests.integration.serving_bundles import picture_bundle

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
MORE_FLAGS = ("--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream")
KEY = "p" * 32
SIZES = {"phone": (390, 844), "desk": (1200, 900)}


@pytest.fixture(scope="module")
def server(trained: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("page")
    pictures = picture_bundle(folder / "pictures")
    words = [f"{task}@1={trained(task)}" for task in ("label", "pairs", "tags", "score", "labels")]
    with serving(folder / "log", *words, f"pictures@1={pictures}", **{KEYS: KEY}) as found:
        yield found.wait_ready()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: the page was not tried in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as library:
        found = library.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *MORE_FLAGS])
        yield found
        found.close()


def opened(browser: Any, server: Server, size: str, scheme: str) -> tuple[Any, list[str]]:
    """The page with the key given, and what the browser complains of."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.address + "/")
    page.get_by_label("API key").fill("wrong" * 8)
    page.keyboard.press("Enter")
    page.get_by_text("This key is not accepted").wait_for()
    page.get_by_label("API key").fill(KEY)
    page.keyboard.press("Enter")
    page.locator("#open").wait_for()
    assert all(url.startswith((server.address, "data:", "blob:")) for url in asked), asked
    complaints.clear()  # of the key that was wrong
    return page, complaints


def choose(page: Any, name: str) -> None:
    page.get_by_label("Model").select_option(label=f"{name} (1)")


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desk", "light")])
def test_ask_with_the_keyboard_alone(browser: Any, server: Server, size: str, scheme: str) -> None:
    page, complaints = opened(browser, server, size, scheme)
    field = page.get_by_label("text", exact=True)
    field.focus()
    page.keyboard.type("my lost parcel near me")
    page.keyboard.press("Control+Enter")
    page.locator("#bars li").first.wait_for()
    expected = httpx.post(server.address + "/predict", json="my lost parcel near me", headers={"x-api-key": KEY}).json()
    assert page.locator("#answer").inner_text() == expected["answer"]
    assert page.locator("#bars li").count() == 3
    assert page.locator("#bars li.given .name").inner_text() == expected["answer"]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "send"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    kept(page, f"text-{size}-{scheme}")
    assert complaints == []
    page.close()


def test_every_kind_of_answer(browser: Any, server: Server) -> None:
    page, complaints = opened(browser, server, "phone", "light")
    for name, fields in (("pairs", 2), ("tags", 1), ("score", 1), ("labels", 1)):
        choose(page, name)
        page.locator("#list button").first.click()
        page.locator("#result").wait_for()
        assert page.locator("#fields textarea").count() == fields
        assert page.locator("#answer").inner_text().strip()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        kept(page, f"{name}-phone")
    assert complaints == []
    page.close()


def test_a_picture_is_chosen_and_dropped(browser: Any, server: Server, tmp_path: Path) -> None:
    page, complaints = opened(browser, server, "desk", "dark")
    choose(page, "pictures")
    page.locator("#list img").first.wait_for()
    page.locator("#list button").first.click()
    page.locator("#bars li").first.wait_for()
    first = page.locator("#answer").inner_text()
    listed = httpx.get(server.address + "/models", headers={"x-api-key": KEY}).json()["models"]
    example = next(m for m in listed if m["name"] == "pictures")["examples"][0]
    assert first == example["answer"]["answer"]
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    page.locator("#file").set_input_files(broken)
    page.get_by_role("alert").wait_for()
    assert "cannot be read" in page.get_by_role("alert").inner_text()
    assert [c for c in complaints if "422" not in c] == []
    complaints.clear()
    page.evaluate(
        """(data) => {
            const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "a.png", { type: "image/png" }));
            document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer }));
        }""",
        example["row"]["image"]["base64"],
    )
    page.locator("#bars li").first.wait_for()
    assert page.locator("#answer").inner_text() == first
    kept(page, "pictures-desk-dark")
    assert complaints == []
    page.close()


def kept(page: Any, name: str) -> None:
    """A screenshot in $BURNISH_SCREENSHOTS, for people, where that is set."""
    folder = os.environ.get("BURNISH_SCREENSHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_nothing_of_the_page_comes_from_elsewhere() -> None:
    import burnish.server

    text = (Path(burnish.server.__file__).parent / "page.html").read_text(encoding="utf-8")
    assert "http:" not in text
    assert "https:" not in text
    assert " style=" not in text
    allowed = policy(text)
    assert "unsafe" not in allowed
    assert allowed.startswith("default-src 'none'; script-src 'sha256-")
    assert policy(text.replace("Bearer", "Barer")) != allowed
