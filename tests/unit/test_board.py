"""The board: what it reads of run folders, that it sends new bytes alone, and what it does not answer."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from burnish.board.events import Curve, last_events, piece
from burnish.board.index import Index
from burnish.board.server import serve
from tests.board_cases import run_folder, step, validation, written
from tests.page_cases import HOSTILE
from tests.prediction_cases import label_table

Ask = Callable[..., tuple[int, dict[str, str], bytes]]


def test_only_whole_new_lines_are_sent(tmp_path: Path) -> None:
    """A half-written last line waits; what was sent is not sent again."""
    path = tmp_path / "events.jsonl"
    path.write_text(written([step(1), step(2)]) + '{"time": 3, "na')
    first = piece(path, 0, None)
    assert first is not None
    assert first.data.decode() == written([step(1), step(2)])
    path.write_text(written([step(1), step(2), step(3)]))
    second = piece(path, first.end, first.file)
    assert second is not None
    assert second.data.decode() == written([step(3)])
    third = piece(path, second.end, second.file)
    assert third is not None
    assert third.data == b""
    assert piece(tmp_path / "none", 0, None) is None


def test_a_file_that_was_taken_back_is_read_anew(tmp_path: Path) -> None:
    """`--resume` puts another file in its place, which may be longer by then; and a shorter one cannot be gone on with."""
    path = tmp_path / "events.jsonl"
    path.write_text(written([step(1), step(2)]))
    first = piece(path, 0, None)
    assert first is not None
    other = tmp_path / "other"
    other.write_text(written([step(1), step(2, loss=9.0), step(3)]))
    os.replace(other, path)
    again = piece(path, first.end, first.file)
    assert again is not None
    assert (again.start, len(again.data.splitlines())) == (0, 3)
    path.write_text(written([step(1)]))
    shorter = piece(path, again.end, again.file)
    assert shorter is not None
    assert shorter.start == 0


def test_large_files_come_in_pieces(tmp_path: Path) -> None:
    """Each of whole lines, together all."""
    path = tmp_path / "events.jsonl"
    text = written([step(n) for n in range(1, 200)])
    path.write_text(text)
    at, parts = 0, []
    while (found := piece(path, at, None, most=1000)) is not None and found.data:
        parts.append(found.data.decode())
        at = found.end
        assert found.more == (at < len(text))
    assert "".join(parts) == text
    assert len(parts) > 5


def test_a_curve_is_read_on(tmp_path: Path) -> None:
    """Of a step that came twice the last counts; broken lines and scores that are no numbers are passed over."""
    path = tmp_path / "events.jsonl"
    path.write_text(written([step(1), validation(1, 0.5)]) + "{broken\n" + written([validation(2, 0.6)]))
    curve = Curve(path)
    assert curve.read(None) == [(1, 0.5), (2, 0.6)]
    with open(path, "a") as file:
        file.write(written([validation(2, 0.7), {**validation(3, 0.8), "scores": {"macro_f1": None}}]))
    assert curve.read(None) == [(1, 0.5), (2, 0.7)]
    assert curve.read("loss") == [(1, 0.5), (2, pytest.approx(0.3))]
    other = tmp_path / "other"
    other.write_text(written([validation(1, 0.4)]))
    os.replace(other, path)
    assert curve.read(None) == [(1, 0.4)]


def test_the_last_events_are_found_in_the_tail(tmp_path: Path) -> None:
    """The line that is cut off at its beginning is left out."""
    path = tmp_path / "events.jsonl"
    path.write_text(written([step(n) for n in range(1, 50)]))
    assert [event["number"] for event in last_events(path, most=300)][-1] == 49
    assert 1 <= len(last_events(path, most=300)) < 5


def test_what_is_said_of_each_run(tmp_path: Path) -> None:
    """Finished, running, silent, failed, and damaged: each is in the table, and none stops the others."""
    run_folder(tmp_path / "done", label_table(60, 2))
    run_folder(tmp_path / "deep" / "er" / "running", None)
    run_folder(tmp_path / "failed", None, [step(1), {"time": 9.0, "name": "run_failed", "text": "loss is nan\nmore"}])
    run_folder(tmp_path / "broken", label_table(60, 2))
    (tmp_path / "broken" / "scores.json").write_text('{"half')
    silent = run_folder(tmp_path / "silent", None)
    os.utime(silent / "events.jsonl", (time.time() - 5000, time.time() - 5000))
    (tmp_path / "no run").mkdir()
    os.symlink(tmp_path / "done", tmp_path / "link")
    index = Index(tmp_path)
    index.refresh()
    told = {one["run"]: one for one in index.lines()}
    assert set(told) == {"done", "deep/er/running", "failed", "broken", "silent"}
    assert {name: one["state"] for name, one in told.items()} == {
        "done": "finished",
        "deep/er/running": "running",
        "failed": "failed",
        "broken": "running",
        "silent": "silent",
    }
    assert (told["done"]["metric"], told["done"]["rows"], told["done"]["data"]) == ("macro_f1", 60, "reviews/test.csv")
    assert told["failed"]["why"] == "loss is nan"
    assert "scores.json cannot be read" in told["broken"]["problem"]
    assert (told["silent"]["step"], told["silent"]["total"]) == (2, 100)


def test_only_what_changed_is_told_again(tmp_path: Path) -> None:
    """New, finished and deleted runs; nothing where nothing happened."""
    run_folder(tmp_path / "a", label_table(40, 2))
    run_folder(tmp_path / "b", label_table(40, 2))
    index = Index(tmp_path)
    first = index.refresh()
    assert index.refresh() == first
    assert index.lines(first) == []
    run_folder(tmp_path / "c", None)
    second = index.refresh()
    assert [one["run"] for one in index.lines(first)] == ["c"]
    (tmp_path / "a" / "begun.json").unlink()
    (tmp_path / "a" / "recipe.yaml").unlink()
    os.rename(tmp_path / "a", tmp_path / ".gone")
    assert index.refresh() > second
    assert index.names() == ["b", "c"]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """A board of three runs, two of them on the same rows."""
    base = label_table(80, 3, seed=1)
    better = base.with_answers(base.truth)
    run_folder(tmp_path / "runs" / "base", base, recipe={"learning_rate": 0.1})
    run_folder(tmp_path / "runs" / "better", better, recipe={"learning_rate": 0.2})
    run_folder(tmp_path / "runs" / HOSTILE[1].replace("/", "-"), label_table(80, 3, seed=2), rows="others")
    run_folder(tmp_path / "secret", base)
    server = serve(tmp_path / "runs", 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def asked(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read()

    yield asked
    server.shutdown()
    server.server_close()


def told(ask: Ask, path: str) -> Any:
    """What an address answers, as values."""
    status, _, body = ask(path)
    assert status == 200, body
    return json.loads(body)


def test_the_page_holds_every_run_and_cannot_be_broken(ask: Ask) -> None:
    """A name that would be an element is none; only the two scripts may run; nothing comes from elsewhere."""
    status, headers, body = ask("/")
    assert status == 200
    assert b"<img src=x" not in body
    assert len(json.loads(body.decode().split('id="data">')[1].split("</script>")[0])["runs"]) == 3
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "connect-src 'self'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_it_answers_to_this_machine_alone(ask: Ask) -> None:
    """A page elsewhere whose name leads here (DNS rebinding) gets nothing."""
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "0.0.0.0:8600"):
        assert ask("/api/runs", Host=host)[0] == 403, host
    for host in ("localhost:8600", "127.0.0.1", "[::1]:8600"):
        assert ask("/api/runs", Host=host)[0] == 200, host


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_it_reads_alone(ask: Ask, method: str) -> None:
    assert ask("/api/runs", method)[0] == 501


def test_only_runs_that_were_found_are_read(ask: Ask) -> None:
    """Names are looked up, never joined to a path; reports are kept apart from the board's origin."""
    for name in ("../secret", "..%2fsecret", "/etc", "base/../../secret", "."):
        assert ask(f"/report/{name}")[0] == 404, name
        assert ask(f"/api/live?run={name}&start=0&file=0")[0] == 404, name
    status, headers, body = ask("/report/base")
    assert (status, b"<h1>report" in body) == (200, True)
    assert headers["Content-Security-Policy"].startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/live?run=base",
        "/api/live?run=base&start=-1&file=0",
        "/api/live?run=base&start=1e9&file=0",
        "/api/runs?since=x",
        "/api/curves",
        "/api/comparison?" + "&".join(["run=base"] * 5),
    ],
)
def test_bad_questions_are_refused_with_a_sentence(ask: Ask, path: str) -> None:
    status, _, body = ask(path)
    assert status == 400
    assert json.loads(body)["error"]


def test_curves_and_new_lines(ask: Ask, tmp_path: Path) -> None:
    """Bytes are sent once."""
    assert told(ask, "/api/curves?run=base")["base"] == [[1, 0.5], [2, 0.75]]
    first = told(ask, "/api/live?run=base&start=0&file=0")["base"]
    assert first["lines"].count("\n") == 4
    assert told(ask, f"/api/live?run=base&start={first['end']}&file={first['file']}") == {}
    with open(tmp_path / "runs" / "base" / "events.jsonl", "a") as file:
        file.write(written([step(3)]))
    second = told(ask, f"/api/live?run=base&start={first['end']}&file={first['file']}")["base"]
    assert json.loads(second["lines"])["number"] == 3
    assert ask("/api/live?run=base&start=0&file=0", "HEAD")[2] == b""


def test_verdicts(ask: Ask) -> None:
    """Behind in the table; the whole comparison of two; other rows are refused in words."""
    found = told(ask, "/api/standings?metric=macro_f1&run=better&run=base")["base"]
    assert found["state"] == "behind"
    assert found["high"] < 0
    compared = told(ask, "/api/comparison?metric=macro_f1&run=base&run=better")
    assert "better" in compared["runs"][0]["en"]
    assert compared["runs"][0]["verdict"] == "better"
    assert sum(compared["runs"][0]["matrix"]) == 80
    assert compared["settings"][1:] == [["learning_rate", "0.1", "0.2"]]
    odd = next(r["run"] for r in told(ask, "/api/runs")["runs"] if r["run"] not in ("base", "better"))
    from urllib.parse import quote

    status, _, body = ask(f"/api/comparison?run=base&run={quote(odd)}")
    assert status == 409
    assert "tested on other rows" in json.loads(body)["error"]
    assert told(ask, f"/api/standings?metric=macro_f1&run=base&run={quote(odd)}")[odd]["state"] == "unknown"
