"""`burnish audit` from the command line: what it writes, its page in a real browser, and a review that is fed back."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from burnish.cli.commands import run
from tests.image_cases import picture, save
from tests.integration.test_page import CHROMIUM, FLAGS, MORE_FLAGS

SYLLABLES = [
    "fer",
    "ry",
    "is",
    "lan",
    "har",
    "bo",
    "sto",
    "rm",
    "tic",
    "cap",
    "tan",
    "li",
    "de",
    "ro",
    "sa",
    "an",
    "ti",
]
TOPICS = {"boats": "the boat sails from the quay", "trains": "the train leaves the station"}


def messages(folder: Path, count: int = 240) -> Path:
    """Texts of two topics: three with the other label, one nearly twice, one with an address."""
    draw, rows = random.Random(0), []
    for number in range(count):
        label = ["boats", "trains"][number % 2]
        rows.append([f"{' '.join(''.join(draw.sample(SYLLABLES, 3)) for _ in range(9))} {TOPICS[label]}", label])
    for number in (10, 20, 31):
        rows[number][1] = "trains" if rows[number][1] == "boats" else "boats"
    rows.append([rows[0][0].replace("the", "this"), rows[0][1]])
    rows.append(["write to anna@example.org, <script>window.broken = 1</script>", "boats"])
    path = folder / "messages.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return path


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    path = messages(folder)
    out = str(folder / "out")
    assert run(["audit", str(path), "--target", "label", "--out", out, "audit.features=plain"]) == 0
    return folder


def test_flipped_labels_near_repeats_and_personal_data_are_in_the_review(audited: Path) -> None:
    with (audited / "out" / "review.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wrong = {int(row["row"]) for row in rows if row["issue"] == "label_errors"}
    assert wrong == {11, 21, 32}
    assert {row["suggested"] for row in rows if row["row"] == "11"} == {"boats"}
    near = [row for row in rows if row["issue"].startswith("reworded")]
    assert [{int(row["row"]), int(row["like_row"])} for row in near] == [{1, 241}]
    assert [row["text"] for row in rows if row["issue"] == "personal_data"] == [""]
    said = json.loads((audited / "out" / "audit.json").read_text(encoding="utf-8"))
    assert {finding["code"] for finding in said["findings"]} >= {"label_errors", "personal_data"}
    assert said["review"]["rows"] == len(rows)
    assert said["settings"]["seconds"] == 600


def test_an_edited_review_makes_new_data_and_no_other(audited: Path, tmp_path: Path) -> None:
    with (audited / "out" / "review.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["decision"] = "relabel" if row["issue"] == "label_errors" else ""
    edited, before = tmp_path / "review.csv", (audited / "messages.csv").read_bytes()
    with edited.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert run(["audit", "--apply", str(edited), "--out", str(tmp_path / "new")]) == 0
    made = list(csv.reader((tmp_path / "new" / "messages.csv").open(encoding="utf-8", newline="")))
    old = list(csv.reader((audited / "messages.csv").open(encoding="utf-8", newline="")))
    assert [n for n, (one, other) in enumerate(zip(old, made, strict=True)) if one != other] == [11, 21, 32]
    assert (audited / "messages.csv").read_bytes() == before
    assert run(["audit", "--apply", str(edited)]) == 2


def test_private_data_is_in_neither_page_nor_review(audited: Path, tmp_path: Path) -> None:
    command = [
        "audit",
        str(audited / "messages.csv"),
        "--target",
        "label",
        "--out",
        str(tmp_path / "out"),
        "--quick",
        "--no-rows",
    ]
    assert run(command) == 0
    written = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    assert "from the quay" not in written
    assert "from the quay" not in (tmp_path / "out" / "review.csv").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: the page was not tried in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as library:
        found = library.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *MORE_FLAGS])
        yield found
        found.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), pytest.param(390, "dark", marks=pytest.mark.slow)])
def test_the_page_filters_keeps_decisions_and_saves_them(browser: Any, audited: Path, width: int, scheme: str) -> None:
    view = browser.new_page(viewport={"width": width, "height": 850}, color_scheme=scheme, accept_downloads=True)
    complaints: list[str] = []
    view.on("pageerror", lambda error: complaints.append(str(error)))
    view.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    view.goto((audited / "out" / "audit.html").as_uri())
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert view.evaluate("window.broken") is None
    view.select_option("#ri", "label_errors")
    assert view.evaluate("document.querySelectorAll('#rl > li:not([hidden])').length") == 3
    first = view.locator("#rl > li:not([hidden])").first
    first.locator("input[value=relabel]").check()
    assert first.locator(".new").is_visible()
    view.fill("#rq", "no row says this")
    assert "None fits" in view.locator("#rc").inner_text()
    view.fill("#rq", "")
    with view.expect_download() as waiting:
        view.click("#rw")
    rows = list(csv.DictReader(Path(waiting.value.path()).read_text(encoding="utf-8").splitlines()))
    assert [(row["issue"], row["decision"]) for row in rows if row["decision"]] == [("label_errors", "relabel")]
    view.click("#lg button[data-l=zh]")
    assert "需要查看" in view.locator("h1").inner_text()
    assert complaints == []
    view.close()


@pytest.mark.slow
def test_class_folders_are_copied_into_the_folders_of_their_labels(tmp_path: Path) -> None:
    for label, shift in (("dark", 0), ("bright", 100)):
        for number in range(30):
            save(picture(shift + number), tmp_path / "pictures" / label / f"{label}{number}.png")
    assert run(["audit", str(tmp_path / "pictures"), "--out", str(tmp_path / "out")]) == 0
    from burnish.data.reading.tables import read

    hashed = read(tmp_path / "pictures").origins[0].sha256
    review = tmp_path / "review.csv"
    lines = [
        f"{tmp_path / 'pictures'},1,relabel,dark,label,{hashed}",
        f"{tmp_path / 'pictures'},2,remove,,label,{hashed}",
    ]
    review.write_text("\n".join(["file,row,decision,label,column,data", *lines]) + "\n")
    assert run(["audit", "--apply", str(review), "--out", str(tmp_path / "new")]) == 0
    made = sorted(
        p.relative_to(tmp_path / "new" / "pictures").as_posix() for p in (tmp_path / "new" / "pictures").rglob("*.png")
    )
    assert len(made) == 59
    assert "dark/bright0.png" in made
    assert len(list((tmp_path / "pictures").rglob("*.png"))) == 60
