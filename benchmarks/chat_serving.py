"""Tokens a second and seconds to the first token of chat servers around one model, as the official client sees them.

    python benchmarks/chat_serving.py RUN                            # some minutes on two free cores (estimated)
    python benchmarks/chat_serving.py RUN --clients 1 16 --requests 16 --tokens 64 --only "plain FastAPI" "burnish torch"

RUN is a language model that was trained; exported for CTranslate2 it has two rows more. The load is the `openai` package:
every client streams one greedy answer after another. Answers of the same weights are compared with those of the plain server.
Needs what burnish[dev] installs, openai, and for `transformers serve` what transformers[serving] installs; where its command
is not found or does not start, that row is left out, which is said. `--transformers` names the command of another environment.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PLAIN = "plain FastAPI"
OFFICIAL = "transformers serve"
HEALTH = {OFFICIAL: "health"}
CONTENDERS = [PLAIN, OFFICIAL, "burnish torch", "burnish ctranslate2-int8"]
QUESTIONS = (
    "When does the first ferry leave on Sunday?",
    "May I take my dog and my bicycle with me, and what does it cost?",
    "I lost a blue bag on the boat yesterday evening. What should I do?",
    "How long is the crossing?",
    "Write two sentences about the harbour in winter.",
    "What is 17 plus 25?",
    "Which documents do I need for a car with a trailer?",
    "Tell me how to get a refund.",
)
PATIENCE = 900.0
HERE = Path(__file__).parent / "chat_serving"


def main() -> None:
    """Run what was asked for, and print a table."""
    asked = arguments()
    found: dict[str, Any] = {}
    for name in asked.only:
        if name == OFFICIAL and (why := absent(asked.transformers)):
            print(f"{name} is left out: {why}", file=sys.stderr)
            continue
        with serving(name, asked) as address:
            model = str(asked.bundle / "model") if name == OFFICIAL else "model"
            load(address, model, 1, 1, asked.tokens)
            found[name] = {
                clients: load(address, model, clients, asked.requests, asked.tokens) for clients in asked.clients
            }
    print(table(found))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--requests", type=int, default=32, help="of all clients together, each number of clients")
    parser.add_argument("--tokens", type=int, default=64, help="most tokens of an answer")
    parser.add_argument("--threads", type=int, default=2, help="of each server's arithmetic")
    parser.add_argument(
        "--only", nargs="+", default=CONTENDERS, help="plain FastAPI, transformers serve, burnish RUNTIME"
    )
    beside = Path(sys.executable).with_name("transformers")
    parser.add_argument("--transformers", type=Path, default=beside, help="the command of transformers")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    asked.bundle = asked.run / "bundle" if (asked.run / "bundle").is_dir() else asked.run
    return asked


def absent(command: Path) -> str:
    """Why `transformers serve` cannot be measured; empty where it can."""
    if not command.is_file():
        return f"there is no {command}: pip install 'transformers[serving]', or name it with --transformers"
    done = subprocess.run([str(command), "serve", "--help"], capture_output=True, text=True, check=False)
    return f"{command} serve --help failed: {done.stderr.strip()[-300:]}" if done.returncode else ""


@contextmanager
def serving(name: str, asked: argparse.Namespace) -> Iterator[str]:
    """A server of one contender; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "uvicorn", "--app-dir", str(HERE), "plain:app", "--port", str(port)]
    if name == OFFICIAL:
        words = [str(asked.transformers), "serve", str(asked.bundle / "model"), "--device", "cpu", "--dtype", "float32"]
        words += ["--host", "127.0.0.1", "--port", str(port)]
    elif name != PLAIN:
        runtime = name.removeprefix("burnish ")
        words = [sys.executable, "-m", "burnish.cli", "serve", f"model={asked.bundle}", "--runtime", runtime]
        words += ["--port", str(port), "--write-deadline", "3600"]
    settings = {
        "MODEL": str(asked.bundle / "model"),
        "THREADS": str(asked.threads),
        "OMP_NUM_THREADS": str(asked.threads),
    }
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(words, env={**os.environ, **settings}, stdout=log, stderr=log)
        try:
            _wait(process, f"{address}/{HEALTH.get(name, 'healthz')}")
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _wait(process: subprocess.Popen[bytes], place: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(place, timeout=5)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError("the server did not start")


def load(address: str, model: str, clients: int, requests: int, most: int) -> dict[str, Any]:
    """What so many clients see: tokens a second of all together, seconds to the first token, and the answers."""
    import openai

    def one(number: int) -> tuple[float, int, str]:
        client = openai.OpenAI(api_key="none", base_url=f"{address}/v1", timeout=PATIENCE, max_retries=0)
        began, first, pieces, tokens = time.perf_counter(), 0.0, [], 0
        stream = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": QUESTIONS[number % len(QUESTIONS)]}],
            max_tokens=most,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
        for event in stream:
            if event.usage is not None:
                tokens = event.usage.completion_tokens
            if event.choices and event.choices[0].delta.content:
                first = first or time.perf_counter() - began
                pieces.append(event.choices[0].delta.content)
        return first, tokens, "".join(pieces).strip()

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        answers = list(threads.map(one, range(requests)))
    seconds = time.perf_counter() - began
    return {
        "tokens_a_second": sum(tokens for _, tokens, _ in answers) / seconds,
        "first_token": statistics.median(first for first, _, _ in answers),
        "answers": [text for _, _, text in answers],
    }


def table(found: dict[str, Any]) -> str:
    """Markdown: each contender by number of clients, with its ratio to the plain server and its equal answers."""
    lines = [
        "| server | clients | tokens/s | x plain | s to first token | equal answers |",
        "|---|---|---|---|---|---|",
    ]
    for name, by_clients in found.items():
        for clients, seen in by_clients.items():
            plain = found.get(PLAIN, {}).get(clients)
            ratio = f"{seen['tokens_a_second'] / plain['tokens_a_second']:.2f}" if plain else ""
            pairs = list(zip(seen["answers"], plain["answers"], strict=True)) if plain else []
            equal = f"{sum(a == b for a, b in pairs)} of {len(pairs)}" if pairs else ""
            figures = f"{seen['tokens_a_second']:.1f} | {ratio} | {seen['first_token']:.2f}"
            lines.append(f"| {name} | {clients} | {figures} | {equal} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
