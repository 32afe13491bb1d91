"""The server one writes first: FastAPI around `generate`, whole answers and streamed ones, one at a time.

    uvicorn --app-dir benchmarks/chat_serving plain:app

MODEL names the folder of the checkpoint, THREADS the threads of torch.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from typing import Any

import torch
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response, StreamingResponse
from transformers import AutoModelForCausalLM, AutoTokenizer, TextIteratorStreamer

torch.set_num_threads(int(os.environ.get("THREADS", "2")))
TOKENIZER: Any = AutoTokenizer.from_pretrained(os.environ["MODEL"])
MODEL: Any = AutoModelForCausalLM.from_pretrained(os.environ["MODEL"], dtype=torch.float32).eval()
ONE = threading.Lock()
app = FastAPI()


def _generated(asked: dict[str, Any], **more: Any) -> Any:
    inputs = TOKENIZER.apply_chat_template(
        asked["messages"], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with ONE, torch.inference_mode():
        ids = MODEL.generate(**inputs, max_new_tokens=asked["max_tokens"], do_sample=False, **more)
    return ids[0, inputs["input_ids"].shape[1] :]


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """It works."""
    return {"status": "ok"}


@app.post("/v1/chat/completions")
def chat(asked: dict[str, Any]) -> Response:
    """An answer."""
    head = {"id": "x", "created": 0, "model": asked["model"]}
    if asked.get("stream"):
        return StreamingResponse(_events(asked, head), media_type="text/event-stream")
    ids = _generated(asked)
    message = {"role": "assistant", "content": TOKENIZER.decode(ids, skip_special_tokens=True)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return JSONResponse({**head, "object": "chat.completion", "choices": [choice]})


def _events(asked: dict[str, Any], head: dict[str, Any]) -> Iterator[str]:
    streamer: Any = TextIteratorStreamer(TOKENIZER, skip_prompt=True, skip_special_tokens=True)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(_generated(asked, streamer=streamer)))
    thread.start()
    for text in streamer:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
        yield f"data: {json.dumps({**head, 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"
    thread.join()
    stops = set(TOKENIZER.all_special_ids)
    written = sum(int(one) not in stops for one in found[0])
    usage = {"prompt_tokens": 0, "completion_tokens": written, "total_tokens": written}
    yield f"data: {json.dumps({**head, 'object': 'chat.completion.chunk', 'choices': [], 'usage': usage})}\n\n"
    yield "data: [DONE]\n\n"
