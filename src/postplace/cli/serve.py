"""postplace serve: the run as a service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from postplace.cli.options import Device, Run, check_other_run, check_used, load_transfer_run, log

TransferRun = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN", help="A run of another model on the same posts: whether the edits transfer to it is shown first."
    ),
]
ExamplePosts = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Posts to click on the page: those the run has not learned from.")
]


def serve(
    run: Run,
    host: Annotated[str, typer.Option(help="The address to listen to; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port.", min=0, max=65535)] = 8000,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", metavar="FILE", help="Ask for one of these bearer tokens, one a line."),
    ] = None,
    fine: Annotated[
        bool, typer.Option("--fine", help="Answer with places and cells themselves, not districts.")
    ] = False,
    home: Annotated[
        bool, typer.Option("--home", help="Answer also with classes that say where somebody lives.")
    ] = False,
    transfer_model: TransferRun = None,
    examples: ExamplePosts = None,
    tiles: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Tiles for the page's map: 'https://.../{z}/{x}/{y}.png'.")
    ] = None,
    attribution: Annotated[
        str | None, typer.Option(metavar="NAMES", help="With --tiles: whom the map names for them.")
    ] = None,
    max_body_mb: Annotated[int, typer.Option(help="The largest request of one post.", min=1)] = 20,
    max_image_mb: Annotated[int, typer.Option(help="The largest image.", min=1)] = 10,
    max_megapixels: Annotated[int, typer.Option(help="The largest image, decoded.", min=1, max=50)] = 25,
    max_images: Annotated[int, typer.Option(help="Images a post.", min=1)] = 8,
    max_hashtags: Annotated[int, typer.Option(help="Hashtags a post.", min=1)] = 100,
    max_lines: Annotated[int, typer.Option(help="Posts a request of many lines.", min=1)] = 1000,
    max_queue: Annotated[int, typer.Option(help="Posts that may wait; beyond, 429.", min=1)] = 64,
    max_seconds: Annotated[int, typer.Option(help="For a request to be sent, and for its answer.", min=1)] = 20,
    threads: Annotated[int, typer.Option(help="Threads that answer; 2 may fill two cores.", min=1)] = 1,
    device: Device = "auto",
) -> None:
    """A page to ask on, and the same over HTTP: POST /predict, /explain, /advise, /batch_predict; GET /openapi.json.

    Posts are neither kept nor logged, addresses are never opened. Answers are districts of at least three places, and
    what says where somebody lives is withheld, unless --fine and --home are given; every answer says which are.

    Example: postplace serve run/ --host 127.0.0.1 --port 8000
    """
    import logging

    from postplace.errors import BadOption

    if tiles is None:
        check_used({"--attribution": attribution}, "without --tiles", "give the address of tiles, or leave it out")
    check_other_run(transfer_model, run)
    try:
        from postplace.server.app_factory import assemble
        from postplace.server.examples import read_examples
        from postplace.server.page_routes import TileSource
        from postplace.server.running import run as run_server
        from postplace.server.security import LOOPBACK, read_tokens
    except ModuleNotFoundError as error:
        raise BadOption("serve", f"{error.name} is not installed", 'pip install "postplace[serve]"') from error
    from postplace.locator import PostLocator
    from postplace.server.batching import Batching
    from postplace.server.limits import RequestLimits
    from postplace.server.service import make_service

    tokens = () if token_file is None else read_tokens(token_file)
    limits = RequestLimits(
        body_bytes=max_body_mb * 1_000_000,
        image_bytes=max_image_mb * 1_000_000,
        images=max_images,
        pixels=max_megapixels * 1_000_000,
        post_pixels=4 * max_megapixels * 1_000_000,
        hashtags=max_hashtags,
        lines=max_lines,
        body_s=float(max_seconds),
        send_s=float(max_seconds),
    )
    batching = Batching(most=max_queue, answer_s=float(max_seconds), threads=threads, heaviest=limits.post_pixels)
    ground = None if tiles is None else TileSource(tiles, attribution or "")
    locator = PostLocator.load(run, device=device)
    other = None if transfer_model is None else load_transfer_run(transfer_model, locator, device=device)
    service = make_service(locator, fine=fine, home=home, limits=limits, batching=batching, transfer_model=other)
    shown = () if examples is None else read_examples(examples, locator, service.generalisation)
    local = host in LOOPBACK or host == "::1"
    app = assemble(service, tokens=tokens, hosts=LOOPBACK if local else None, tiles=ground, examples=shown)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # its warnings quote letters of forms
    if not local and not tokens:
        log("whoever reaches this port may use it: give --token-file")
    answers = f"{service.generalisation.granularity}, fine: {'on' if fine else 'off'}, home: {'on' if home else 'off'}"
    log(f"http://{host}:{port} answers with {answers}")
    run_server(app, host=host, port=port)
