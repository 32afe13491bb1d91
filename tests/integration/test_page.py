"""The page in a real browser: Chromium without a window, at a phone's and a desk's width, in light and dark."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from burnish.server.page import policy, text_of
from burnish.server.settings import KEYS
from tests import sound_cases
from tests.image_cases import picture, save
from tests.integration.serving import Server, serving
from tests.integration.serving_bundles import picture_bundle, sound_bundle
from tests.slow_cases import slow_but
from tests.sound_cases import sound

PLACES = slow_but([("phone", "dark"), ("desk", "light")], ("phone", "dark"))

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
MORE_FLAGS = ("--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream")
KEY = "p" * 32
SIZES = {"phone": (390, 844), "desk": (1200, 900)}


@pytest.fixture(scope="module")
def server(trained: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("page")
    pictures = picture_bundle(folder / "pictures")
    sounds = sound_bundle(folder / "sounds")
    words = [f"{task}@1={trained(task)}" for task in ("label", "pairs", "tags", "score", "labels")]
    with serving(folder / "log", *words, f"pictures@1={pictures}", f"sounds@1={sounds}", **{KEYS: KEY}) as found:
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


@pytest.mark.parametrize(("size", "scheme"), PLACES)
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


def ask_why(page: Any) -> None:
    """Press the button with the keyboard and wait for what it shows."""
    page.locator("#why").focus()
    page.keyboard.press("Enter")
    page.locator("#reasons").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(("size", "scheme"), PLACES)
def test_why_a_text(browser: Any, server: Server, size: str, scheme: str) -> None:
    """Nothing is computed until it is asked for; the words of the user stay words, whatever they look like."""
    page, complaints = opened(browser, server, size, scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(server.address)))
    text = "my lost <img src=x onerror=alert(1)> parcel 👩‍👧 near &amp; me"
    page.get_by_label("text", exact=True).fill(text)
    page.get_by_role("button", name="Ask").click()
    page.locator("#bars li").first.wait_for()
    assert asked == ["/models/label/versions/1/predict"]
    assert not page.locator("#reasons").is_visible()
    ask_why(page)
    assert asked[1:] == ["/models/label/versions/1/explain"]
    expected = httpx.post(server.address + "/explain", json=text, headers={"x-api-key": KEY}).json()
    words = page.locator("#parts .part")
    assert words.all_inner_texts() == [p["text"].strip() for p in expected["parts"]]
    assert page.locator("#parts .text").evaluate("(box) => box.textContent") == text
    effects = expected["effects"][expected["answer"]]
    strongest = max(range(len(effects)), key=lambda i: abs(effects[i]))
    sign = "+" if effects[strongest] > 0 else "−"
    most = abs(effects[strongest])
    number = f"{sign}{100 * most:.{3 if most < 0.001 else 2 if most < 0.01 else 1}f} points"
    assert number in page.locator("#number").inner_text()
    assert ("for" if effects[strongest] > 0 else "against") in (words.nth(strongest).get_attribute("class") or "")
    words.nth(strongest).hover()
    assert page.locator("#number").inner_text() == f"{expected['parts'][strongest]['text'].strip()}: {number}"
    words.first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#number").inner_text().startswith("lost: ")
    assert page.locator("#parts .part[tabindex='0']").count() == 1
    page.get_by_text("All numbers").click()
    assert page.locator("#numbers tr").count() == len(effects) + 1
    assert number in page.locator("#numbers tr").nth(1).inner_text()
    page.locator("#parts").hover()
    kept(page, f"why-text-{size}-{scheme}")
    page.get_by_label("text", exact=True).fill("another")
    page.get_by_role("button", name="Ask").click()
    page.locator("#reasons").wait_for(state="hidden")
    assert complaints == []
    page.close()


@pytest.mark.slow
def test_why_every_kind_of_answer(browser: Any, server: Server) -> None:
    page, complaints = opened(browser, server, "phone", "light")
    for name in ("pairs", "score", "labels"):
        choose(page, name)
        page.locator("#list button").first.click()
        page.locator("#result").wait_for()
        ask_why(page)
        assert page.locator("#parts .text").count() == (2 if name == "pairs" else 1)
        assert page.locator("#parts .part").count() > 3
        assert ("points" in page.locator("#number").inner_text()) == (name != "score")
        assert ("raises it" in page.locator(".legend").inner_text()) == (name == "score")
        kept(page, f"why-{name}-phone")
    label = page.locator("#label")
    assert label.is_visible() == (label.locator("option").count() > 1)
    choose(page, "tags")
    page.locator("#list button").first.click()
    page.locator("#result").wait_for()
    assert not page.locator("#why").is_visible()
    assert "predictions for each word are not explained" in page.locator("#why-note").inner_text()
    assert not page.locator("#reasons").is_visible()
    assert complaints == []
    page.close()


@pytest.mark.parametrize(("size", "scheme"), PLACES)
@pytest.mark.parametrize("name", ["pictures", "sounds"])
def test_why_a_file(browser: Any, server: Server, tmp_path: Path, name: str, size: str, scheme: str) -> None:
    """A wide picture, of which the network sees the middle; a sound of three views."""
    page, complaints = opened(browser, server, size, scheme)
    choose(page, name)
    wide, long = save(picture(3, 400, 240), tmp_path / "a.png"), sound_cases.save(sound(1, 0.7), tmp_path / "a.wav")
    page.locator("#file").set_input_files(wide if name == "pictures" else long)
    page.locator("#bars li").first.wait_for()
    ask_why(page)
    parts = page.locator("#parts .part")
    assert parts.count() == (49 if name == "pictures" else 7)
    shown = page.locator("#parts img" if name == "pictures" else "#parts .strip").bounding_box()
    boxes = [parts.nth(i).bounding_box() for i in (0, parts.count() - 1)]
    assert all(box["width"] > 2 and box["height"] > 2 for box in boxes)
    for box in boxes:  # every part lies on the picture
        assert shown["x"] - 1 <= box["x"] <= box["x"] + box["width"] <= shown["x"] + shown["width"] + 1
        assert shown["y"] - 1 <= box["y"] <= box["y"] + box["height"] <= shown["y"] + shown["height"] + 1
    parts.first.focus()
    words = page.locator("#number").inner_text()
    assert ("0.00 to 0.10 s: " if name == "sounds" else " % from the left, ") in words
    assert words.endswith("points")
    assert page.locator("#parts .seen").count() == (1 if name == "pictures" else 0)
    kept(page, f"why-{name}-{size}-{scheme}")
    assert complaints == []
    page.close()


def test_a_server_that_explains_nothing_says_so(browser: Any, without_torch: Path, tmp_path: Path) -> None:
    with serving(tmp_path, without_torch, "--no-explanations", **{KEYS: KEY}) as own:
        page, complaints = opened(browser, own.wait_ready(), "phone", "light")
        page.locator("#list button").first.click()
        page.locator("#result").wait_for()
        assert not page.locator("#why").is_visible()
        assert "explains no predictions" in page.locator("#why-note").inner_text()
        assert complaints == []
        page.close()


def kept(page: Any, name: str) -> None:
    """A screenshot in $BURNISH_SCREENSHOTS, for people, where that is set."""
    folder = os.environ.get("BURNISH_SCREENSHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def on_a_phone(browser: Any, server: Server, **more: Any) -> Any:
    """The page as a phone has it: touched, narrow, no keys."""
    page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, **more)
    page.goto(server.address + "/")
    page.get_by_label("API key").fill(KEY)
    page.keyboard.press("Enter")
    page.locator("#open").wait_for()
    return page


def test_keys_are_named_where_there_are_keys(browser: Any, server: Server) -> None:
    phone, (desk, _) = on_a_phone(browser, server), opened(browser, server, "desk", "light")
    assert phone.locator("#hint").inner_text() == ""
    assert "Ctrl + Enter" in desk.locator("#hint").inner_text()
    for page in (phone, desk):
        about = page.locator("#about").inner_text()
        assert re.search(r"0\.\d{3} \(95 % interval 0\.\d{3} to [01]\.\d{3}\) on its test examples", about), about
    kept(phone, "begin-phone")
    kept(desk, "begin-desk")
    phone.close()
    desk.close()


def test_the_command_for_a_terminal_gives_the_same_answer(browser: Any, server: Server, tmp_path: Path) -> None:
    """It is run by a shell as it stands, quotes and all; the key is in it by name only."""
    page = on_a_phone(browser, server)
    text = 'it\'s my "lost" parcel; $(exit 1) `x` \\ & née'
    page.get_by_label("text", exact=True).fill(text)
    page.get_by_text("Ask from a terminal").click()
    command = page.locator("#curl").inner_text()
    assert KEY not in command
    page.get_by_role("button", name="Ask", exact=True).click()
    page.locator("#bars li").first.wait_for()
    environment = {**os.environ, "API_KEY": KEY}
    if shutil.which("curl"):
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment, timeout=60)
        assert json.loads(done.stdout)["answer"] == page.locator("#answer").inner_text(), (command, done.stderr)
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    kept(page, "terminal-phone")
    choose(page, "pictures")
    assert "--data-binary '@picture.jpg'" in page.locator("#curl").inner_text()
    page.close()


@pytest.mark.parametrize(
    ("answer", "unsure", "words"),
    [
        ({"confidence": 0.41}, True, "probability is low"),
        ({"confidence": 0.93}, False, ""),
        ({"confidence": 0.93, "abstained": True}, True, "abstains"),
        ({"confidence": 0.41, "abstained": False}, False, ""),
    ],
)
def test_an_unsure_answer_looks_unsure(
    browser: Any, server: Server, answer: dict[str, Any], unsure: bool, words: str
) -> None:
    page, _ = opened(browser, server, "phone", "light")
    shares = {"one": answer["confidence"], "two": 1 - answer["confidence"], "three": 0.0}
    said = {"answer": "one", "probabilities": shares, **answer}
    page.wait_for_function("model !== null")  # what the server says of it has come
    page.evaluate("model.abstain_below = 0.95")
    page.route("**/predict", lambda route: route.fulfill(json=said))
    page.get_by_label("text", exact=True).fill("whatever")
    page.keyboard.press("Control+Enter")
    page.locator("#bars li").first.wait_for()
    assert page.locator("#doubt").is_visible() == unsure
    assert words in page.locator("#result").inner_text()
    weight = page.locator("#answer").evaluate("(element) => getComputedStyle(element).fontWeight")
    assert (weight == "400") == unsure
    assert ("The next is “two”" in page.locator("#result").inner_text()) == unsure
    kept(page, f"unsure-{unsure}-{len(answer)}")
    page.close()


def test_nothing_of_the_page_comes_from_elsewhere() -> None:
    text = text_of("page.html")
    assert "http:" not in text
    assert "https:" not in text
    assert " style=" not in text
    allowed = policy(text)
    assert "unsafe" not in allowed
    assert allowed.startswith("default-src 'none'; script-src 'sha256-")
    assert policy(text.replace("Bearer", "Barer")) != allowed
