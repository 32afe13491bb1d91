"""The board in a real browser: Chromium without a window, at a desk's and a phone's width, light and dark."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from burnish.board.server import serve
from tests.board_cases import run_folder, step, validation, written
from tests.integration.test_page import CHROMIUM, FLAGS, MORE_FLAGS
from tests.integration.test_report_page import AXE
from tests.page_cases import HOSTILE
from tests.prediction_cases import label_table

SIZES = {"desk": (1280, 900), "phone": (390, 844)}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: the board was not tried in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as library:
        found = library.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *MORE_FLAGS])
        yield found
        found.close()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Five runs: two on the same rows, one on others, one that failed, one that runs; names are whatever users write."""
    root = tmp_path / "runs"
    base = label_table(120, 3, seed=1)
    run_folder(root / "base", base, recipe={"learning_rate": 0.1})
    run_folder(root / "better", base.with_answers(base.truth), recipe={"learning_rate": 0.2})
    run_folder(root / HOSTILE[1].replace("/", "-"), label_table(80, 3, seed=2), rows="others")
    run_folder(root / "failed", None, [step(1), {"time": 9.0, "name": "run_failed", "text": HOSTILE[0]}])
    run_folder(root / "now", None)
    server = serve(root, 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", root
    server.shutdown()
    server.server_close()


def opened(browser: Any, address: str, size: str, scheme: str = "light") -> tuple[Any, list[str]]:
    """The page, and what it complains of."""
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=bool(AXE)
    )
    view, complaints = context.new_page(), []
    view.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    view.on("pageerror", lambda error: complaints.append(str(error)))
    view.goto(address)
    view.wait_for_selector("#list tr[data-run]")
    return view, complaints


@pytest.mark.parametrize("size", SIZES)
def test_the_table_filters_and_compares(browser: Any, board: tuple[str, Path], size: str) -> None:
    """Two runs are chosen and compared; other rows are refused in words; nothing is wider than the screen."""
    view, complaints = opened(browser, board[0], size)
    assert view.locator("#list tr[data-run]").count() == 4
    view.wait_for_selector("tr[data-run=base] .tag.beh:has-text('behind')")
    assert view.locator("tr[data-run=better] .tag.best").is_visible()
    view.fill("#q", "failed")
    assert view.locator("#list tr[data-run]").count() == 1
    view.fill("#q", "")
    for name in ("base", "better"):
        view.locator(f"tr[data-run={name}] input").check()
    view.click("#go")
    view.wait_for_selector("#draw .big:has-text('better is better than base')")
    assert view.locator("#draw .dfr").count() >= 3
    assert view.locator("#draw svg.ch path").count() == 2
    view.click("#draw .seg button:last-child")
    assert view.locator("#draw .seg button[aria-pressed=true]").inner_text() == "Training loss"
    view.keyboard.press("Escape")
    assert view.locator("#draw").is_hidden()
    view.locator("tr[data-run=base] input").uncheck()
    view.locator("tr[data-run^='<img'] input").check()
    view.click("#go")
    view.wait_for_selector("#draw .lede:has-text('tested on other rows')")
    assert view.evaluate("window.broken") is None
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [c for c in complaints if "409" not in c] == []


def test_what_a_run_writes_is_seen(browser: Any, board: tuple[str, Path]) -> None:
    """New steps move its card; when it is finished it stands in the table; language and pause work."""
    address, root = board
    view, complaints = opened(browser, address, "desk")
    view.wait_for_selector("#now .card:has-text('step 2 of 100')")
    with open(root / "now" / "events.jsonl", "a") as file:
        file.write(written([step(7), validation(7, 0.875)]))
    view.wait_for_selector("#now .card:has-text('step 7 of 100')")
    assert "0.875" in view.locator("#now .card").inner_text()
    view.click("#lg button[data-l=zh]")
    view.wait_for_selector("#now .card:has-text('第 7 / 100 步')")
    view.click("#lg button[data-l=en]")
    (root / "now").rename(root.parent / "moved")
    done = label_table(120, 3, seed=5)
    run_folder(root / "now", done)
    view.wait_for_selector("tr[data-run=now]", timeout=20_000)
    assert complaints == []


@pytest.mark.skipif(AXE is None, reason="BURNISH_AXE names no axe.min.js")
@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("desk", "dark"), ("phone", "dark")])
def test_axe_finds_nothing_serious(browser: Any, board: tuple[str, Path], size: str, scheme: str) -> None:
    """With the drawer shut and open."""
    view, _ = opened(browser, board[0], size, scheme)
    view.evaluate(Path(str(AXE)).read_text(encoding="utf-8"))

    def serious() -> Any:
        said = "v => [v.id, v.impact, v.nodes.slice(0, 3).map(n => n.html)]"
        found = view.evaluate(f"axe.run().then(r => r.violations.map({said}))")
        return [one for one in found if one[1] in ("serious", "critical")]

    assert not serious(), json.dumps(serious(), indent=1)
    for name in ("base", "better"):
        view.locator(f"tr[data-run={name}] input").check()
    view.click("#go")
    view.wait_for_selector("#draw .dfr")
    assert not serious(), json.dumps(serious(), indent=1)
