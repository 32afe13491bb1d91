"""The commands that use a trained model: evaluate, export, sign, predict, serve, dockerfile."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from burnish.cli.options import (
    FILE,
    data_option,
    data_sets,
    each_settings,
    input_columns_option,
    runtime_option,
    target_option,
)
from burnish.cli.output import show, show_result
from burnish.core.collecting import importing


@click.command(short_help="Evaluate a trained model: its test scores, or other labelled data.")
@click.argument("run", type=FILE)
@click.argument("files", nargs=-1, metavar="[FILE]...")
@data_option
@input_columns_option
@target_option
@click.option(
    "--out",
    type=FILE,
    metavar="FOLDER",
    help="Where scores, report and predictions go. Default: a folder inside the run.",
)
@click.option("--trust-code", is_flag=True, help="Import components from outside burnish that the bundle names.")
def evaluate(
    run: Path,
    files: tuple[str, ...],
    data: tuple[str, ...],
    input_columns: tuple[str, ...],
    target_column: str | None,
    out: Path | None,
    trust_code: bool,
) -> None:
    """Show the test scores of RUN, or evaluate its model on labelled data in FILE and write scores, report and predictions.

    \b
    burnish evaluate runs/reviews
    burnish evaluate runs/reviews may.csv --input review --target stars
    burnish evaluate runs/reviews --data shop.csv --data films.csv
    """
    with importing():
        from burnish.stages import evaluate as stage

    result = stage.evaluate(
        run,
        data=data_sets(files, data),
        out=out,
        trust_code=trust_code,
        input_columns=input_columns,
        target_column=target_column,
    )
    show_result(result)


@click.command(short_help="Export a trained model and validate it on held-out data.")
@click.argument("run", type=FILE, metavar="RUN")
@click.argument("more", nargs=-1, metavar="")
@click.option(
    "--to",
    "formats",
    multiple=True,
    metavar="FORMAT",
    help="onnx (default), litert, safetensors, gguf or ctranslate2.",
)
@click.option(
    "--quantize",
    multiple=True,
    metavar="METHOD",
    callback=each_settings,
    help="int8, static_int8, float16, int8_weights, aware_int8, q8_0 or settings such as '{method: int8, unsigned: true}'.",
)
@click.option("--static", is_flag=True, default=None, help="Fixed shapes, as NPUs and FPGAs want them.")
@click.option("--batch", type=click.IntRange(min=1), help="Batch size where shapes are fixed.")
@click.option("--length", type=click.IntRange(min=4), help="Sequence length in tokens where shapes are fixed.")
@click.option("--opset", type=int, help="ONNX opset, 18 to 23.")
@click.option(
    "--preprocessing", is_flag=True, default=None, help="Normalisation and spectrograms inside the graph as well."
)
@click.option(
    "--raw",
    is_flag=True,
    default=None,
    help="All preprocessing inside: the graph reads one raw text, image or sound at a time.",
)
@click.option("--hardware", metavar="KIND", help="NPU or FPGA that ONNX is for, as `burnish list hardware` names them.")
@click.option(
    "--allow-fallback", is_flag=True, help="Let operators the hardware does not support run on the host's CPU."
)
@click.option(
    "--bound",
    type=float,
    default=0.005,
    show_default=True,
    help="Largest drop of the deciding metric that is accepted.",
)
@click.option("--out", type=FILE, metavar="FOLDER", help="New folder for the artifacts. Default: inside the bundle.")
@click.option("--trust-code", is_flag=True, help="Import components from outside burnish that the bundle names.")
def export(
    run: Path,
    more: tuple[str, ...],
    formats: tuple[str, ...],
    quantize: tuple[str | dict[str, Any], ...],
    hardware: str | None,
    allow_fallback: bool,
    bound: float,
    out: Path | None,
    trust_code: bool,
    **settings: Any,
) -> None:
    """Export the model of RUN. Each export predicts the held-out data; it is rejected if quality may drop beyond --bound.

    \b
    burnish export runs/reviews --to onnx --quantize int8
    burnish export runs/cells --to onnx safetensors --quantize static_int8 float16
    burnish export runs/reviews --to onnx --static --length 128
    burnish export runs/cells --to onnx --hardware zynq_dpu
    """
    with importing():
        from burnish.stages.export import run as stage
    from burnish.stages.export.wishes import wishes

    asked = wishes(formats, quantize, more, hardware=hardware, allow_fallback=allow_fallback, **settings)
    result = stage.export(
        run, asked, out=out, bound=bound, trust_code=trust_code, say=lambda text: click.echo(text, err=True)
    )
    from burnish.recipe.listing import exports_table

    show(exports_table(result))


@click.command(short_help="Sign a bundle.")
@click.argument("source", type=FILE, metavar="RUN_OR_BUNDLE")
@click.option("--key", type=FILE, required=True, metavar="FILE", help="PEM file of an Ed25519 private key.")
def sign(source: Path, key: Path) -> None:
    """Sign the manifest of a bundle, which holds the hash of every file in it.

    Whoever sets BURNISH_TRUST to the file of the public key then loads nothing that is not signed by it. Sign last: an
    export into the bundle changes the manifest and removes the signature.
    """
    from burnish.bundle import sign as stage

    folder, fingerprint, warned = stage.sign(source, key)
    for warning in warned:
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"signed {folder} with key {fingerprint}", err=True)


@click.command(short_help="Predict the examples of a file or folder.")
@click.argument("source", type=FILE, metavar="RUN_OR_BUNDLE")
@click.argument("data", metavar="INPUT")
@click.option("-o", "--out", type=FILE, required=True, help="File for the predictions: .csv, .tsv, .jsonl or .parquet.")
@click.option("--format", "form", type=click.Choice(["srt", "vtt"]), help="Subtitles; --out is then a folder for them.")
@click.option("--batch-size", type=click.IntRange(min=1), default=64, show_default=True, help="Examples at once.")
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True, help="How many work at once.")
@input_columns_option
@runtime_option
@click.option("--trust-code", is_flag=True, help="Import components from outside burnish that the bundle names.")
def predict(source: Path, data: str, out: Path, form: str | None, **settings: Any) -> int:
    """Predict each row of INPUT with the model in RUN_OR_BUNDLE.

    INPUT is any readable table, a folder of shards or images, or - for JSON lines from standard input. A run that was
    stopped or killed goes on where it was when the same command is given again.

    \b
    burnish predict runs/asr recordings/ -o subtitles/ --format srt

    Exit codes: 0 every row has a prediction, 3 some rows have an error instead (column `error`), 2 bad usage or input,
    1 failed, 130 interrupted.
    """
    with importing():
        from burnish.stages.predict import run, subtitles

    stage = run.predict if form is None else partial(subtitles.subtitles, form=form)
    result = stage(source, data, out=out, **settings)
    show_result(result)
    return 3 if result.get("errors") else 0


@click.command(short_help="Serve predictions over HTTP.")
@click.argument("bundles", nargs=-1, required=True, metavar="BUNDLE...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes, each with a copy."
)
@runtime_option
@click.option("--compare", is_flag=True, help="Chat with the checkpoint before training as well, as NAME-base.")
@click.option("--base", metavar="NAME", help="That checkpoint, where it is no longer in the recipe's place.")
@click.option("--max-batch", type=click.IntRange(min=1), default=32, show_default=True, help="Examples at once.")
@click.option(
    "--max-wait", type=click.FloatRange(0, 1000), default=2.0, show_default=True, help="Milliseconds a batch waits."
)
@click.option(
    "--max-queue", type=click.IntRange(min=1), default=512, show_default=True, help="Waiting examples of a model."
)
@click.option(
    "--deadline", type=click.FloatRange(0.01, 3600), default=10.0, show_default=True, help="Seconds a request has."
)
@click.option(
    "--write-deadline", type=click.FloatRange(0.01, 86400), default=120.0, show_default=True, help="Seconds a chat has."
)
@click.option(
    "--max-output-tokens", type=click.IntRange(min=1), default=1024, show_default=True, help="Tokens a chat writes."
)
@click.option(
    "--max-body", type=click.FloatRange(0.001, 4096), default=16.0, show_default=True, help="MiB of a request."
)
@click.option("--keys", type=FILE, metavar="FILE", help="File with an API key a line (or $BURNISH_API_KEYS).")
@click.option("--cors", multiple=True, metavar="ORIGIN", help="Origin whose pages may call; repeatable. Default: none.")
@click.option("--no-examples", is_flag=True, help="Do not show the reference examples, which are training data.")
@click.option(
    "--max-parts",
    type=click.IntRange(min=4),
    default=49,
    show_default=True,
    help="Most parts an explanation occludes.",
)
@click.option("--no-explanations", is_flag=True, help="Turn explanations off.")
@click.option("--log-payloads", is_flag=True, help="Write requests and predictions to the log.")
@click.option("--trust-code", is_flag=True, help="Import components from outside burnish that a bundle names.")
def serve(
    bundles: tuple[str, ...],
    host: str,
    port: int,
    workers: int,
    runtime: str | dict[str, Any] | None,
    compare: bool,
    base: str | None,
    max_batch: int,
    max_wait: float,
    max_queue: int,
    deadline: float,
    write_deadline: float,
    max_output_tokens: int,
    max_body: float,
    keys: Path | None,
    cors: tuple[str, ...],
    no_examples: bool,
    max_parts: int,
    no_explanations: bool,
    log_payloads: bool,
    trust_code: bool,
) -> None:
    """Serve one or more bundles: JSON and forms at /predict, the Open Inference Protocol at /v2, a page to try it at /.

    \b
    burnish serve runs/reviews
    burnish serve reviews@1=runs/reviews intents=runs/intents --host 0.0.0.0 --keys keys.txt
    """
    from burnish.server.processes.process import run as serving
    from burnish.server.settings import Settings

    settings = Settings(
        bundles=list(bundles),
        runtime=runtime,
        compare=compare,
        base=base,
        trust_code=trust_code,
        max_batch=max_batch,
        max_wait=max_wait / 1000,
        max_queue=max_queue,
        deadline=deadline,
        write_deadline=write_deadline,
        max_output_tokens=max_output_tokens,
        max_body=int(max_body * (1 << 20)),
        keys_file=keys,
        cors=list(cors),
        examples=not no_examples,
        max_parts=max_parts,
        explanations=not no_explanations,
        log_payloads=log_payloads,
    )
    serving(settings, host, port, workers)


@click.command(short_help="Write a Dockerfile that serves a bundle.")
@click.argument("source", type=FILE, metavar="RUN_OR_BUNDLE")
@click.option("-o", "--out", type=FILE, metavar="FILE", help="Where it is written. Default: beside the bundle.")
@click.option(
    "--wheel", type=FILE, metavar="FILE", help="A wheel of burnish to install. Default: from the package index."
)
def dockerfile(source: Path, out: Path | None, wheel: Path | None) -> None:
    """Write a small Dockerfile, non-root and health-checked, that serves the bundle."""
    from burnish.server import dockerfile as stage

    for path in stage.dockerfile(source, out, wheel).values():
        click.echo(f"wrote {path}", err=True)
