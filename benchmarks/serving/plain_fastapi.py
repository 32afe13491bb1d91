"""What is usually written by hand: FastAPI, a transformers pipeline, one row a request. `plain_fastapi.py MODEL PORT`."""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline


class Row(BaseModel):
    """One text."""

    text: str


app = FastAPI()
classify = pipeline("text-classification", model=sys.argv[1], device="cpu", top_k=None)


@app.post("/predict")
def predict(row: Row) -> dict:
    """In FastAPI's own pool of threads, as functions that are not `async` are."""
    found = classify([row.text], truncation=True)[0]
    return {"answer": found[0]["label"], "probabilities": {f["label"]: f["score"] for f in found}}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
