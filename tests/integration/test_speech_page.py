"""The page of models that transcribe, in Chromium without a window: the microphone is a file, and so is what is dropped."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import burnish
from burnish.server.settings import KEYS
from tests import speech_bundles
from tests.integration.serving import Server, serving
from tests.integration.test_page import CHROMIUM, FLAGS, KEY, MORE_FLAGS, PLACES, SIZES
from tests.sound_cases import save, sound

SECONDS = 2.6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("speech-page")


@pytest.fixture(scope="module")
def spelt(folder: Path) -> Path:
    return speech_bundles.speech_bundle(folder / "spelt", "wav2vec2", seconds=1.0)


@pytest.fixture(scope="module")
def server(folder: Path, spelt: Path) -> Iterator[Server]:
    whisper = speech_bundles.speech_bundle(folder / "whisper", "natural", seconds=1.0)
    with serving(folder / "log", f"spelt@1={spelt}", f"whisper@1={whisper}", **{KEYS: KEY}) as found:
        yield found.wait_ready()


@pytest.fixture(scope="module")
def spoken(folder: Path) -> Path:
    return save(sound(3, SECONDS, speech_bundles.RATE), folder / "spoken.wav", speech_bundles.RATE)


@pytest.fixture(scope="module")
def browser(spoken: Path) -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: the page was not tried in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    microphone = ("--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={spoken}")
    with playwright.sync_playwright() as library:
        found = library.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *MORE_FLAGS, *microphone])
        yield found
        found.close()


def opened(browser: Any, server: Server, size: str, scheme: str) -> tuple[Any, list[str]]:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.address + "/")
    page.get_by_label("API key").fill(KEY)
    page.keyboard.press("Enter")
    page.locator("#open").wait_for()
    assert all(url.startswith((server.address, "data:", "blob:")) for url in asked), asked
    complaints.clear()  # the first request had no key
    return page, complaints


def fits(page: Any) -> bool:
    """Whether nothing is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def until(page: Any, expression: str) -> None:
    """The page's own policy forbids the library's way of waiting for an expression."""
    deadline = time.monotonic() + 30
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        time.sleep(0.05)


def kept(page: Any, name: str) -> None:
    """A picture for whoever looks, where BURNISH_PICTURES says so."""
    if place := os.environ.get("BURNISH_PICTURES"):
        Path(place).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(place) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize(("size", "scheme"), PLACES)
def test_a_file_is_transcribed_with_words_and_times(
    browser: Any, server: Server, spelt: Path, spoken: Path, size: str, scheme: str
) -> None:
    page, complaints = opened(browser, server, size, scheme)
    kept(page, f"begin-{size}-{scheme}")
    page.locator("#file").set_input_files(str(spoken))
    page.locator("#actions").wait_for()
    whole = str(burnish.load(spelt)({"audio": str(spoken)}).answer)
    assert page.locator("#transcript").inner_text().split() == whole.split()
    words = page.locator("#transcript button")
    assert words.count() == len(whole.split())
    assert "%" in words.first.get_attribute("title")
    words.first.click()
    assert page.evaluate("document.getElementById('player').currentTime") >= 0
    assert page.locator("#transcript .unsure").count() <= words.count()
    page.get_by_text("With times").click()
    assert page.locator("#segments li").count() >= 2
    with page.expect_download() as told:
        page.locator("#srt").click()
    subtitles = Path(told.value.path()).read_text(encoding="utf-8")
    assert subtitles.startswith("1\n00:00:0")
    assert told.value.suggested_filename == "transcript.srt"
    assert fits(page)
    kept(page, f"done-{size}-{scheme}")
    assert complaints == []
    page.close()


def test_the_microphone(browser: Any, server: Server) -> None:
    """Recorded, made a WAV in the browser, and transcribed."""
    page, complaints = opened(browser, server, "phone", "light")
    page.get_by_label("Model").select_option(label="whisper (1)")
    page.get_by_role("button", name="Record").first.click()
    page.get_by_role("button", name="Stop and transcribe").wait_for()
    until(page, "document.getElementById('level').value > 0")
    until(page, "document.getElementById('elapsed').textContent !== '0:00'")
    kept(page, "recording-phone-light")
    page.get_by_role("button", name="Stop and transcribe").click()
    page.locator("#actions").wait_for()
    assert page.locator("#transcript").inner_text().strip()
    assert "s of sound" in page.locator("#note").inner_text()
    assert fits(page)
    assert complaints == []
    page.close()


def test_what_is_no_recording_is_said(browser: Any, server: Server, folder: Path) -> None:
    page, complaints = opened(browser, server, "desk", "dark")
    broken = folder / "broken.mp3"
    broken.write_bytes(b"no sound" * 64)
    page.locator("#file").set_input_files(str(broken))
    page.get_by_role("alert").filter(has_text="cannot be read").wait_for()
    assert page.locator("#result").is_hidden()
    kept(page, "broken-desk-dark")
    assert all("400" in complaint for complaint in complaints)
    page.close()


@pytest.mark.slow
def test_a_dropped_file_and_an_example(browser: Any, server: Server, spoken: Path) -> None:
    page, complaints = opened(browser, server, "desk", "light")
    data = list(spoken.read_bytes())
    page.evaluate(
        """(data) => {
          const given = new DataTransfer();
          given.items.add(new File([Uint8Array.from(data)], "a.wav", { type: "audio/wav" }));
          document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: given, cancelable: true }));
        }""",
        data,
    )
    page.locator("#actions").wait_for()
    first = page.locator("#transcript").inner_text()
    page.get_by_role("button", name="Recording 1").click()
    page.get_by_text("0.5 s of sound").wait_for()
    assert page.locator("#transcript").inner_text() != first
    assert complaints == []
    page.close()


def test_the_command_for_a_terminal(browser: Any, server: Server, spoken: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    page, _ = opened(browser, server, "desk", "light")
    page.get_by_text("Ask from a terminal").click()
    command = page.locator("#curl").inner_text().replace("recording.wav", str(spoken))
    page.close()
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env={**os.environ, "API_KEY": KEY}, check=False
    )
    assert done.stdout.strip(), done.stderr
    assert "error" not in done.stdout
