"""lake docs: the quality pages in a browser"""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from jobs.cli.console import console
from jobs.platform.settings import load_settings
from jobs.platform.store import require_store


def add(app: typer.Typer) -> None:
    app.command("docs")(docs)


def docs(
    open_: Annotated[bool, typer.Option("--open", help="open the overview in a browser")] = False,
    again: Annotated[bool, typer.Option("--again", help="make every page anew")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="stop the server of the pages")] = False,
) -> None:
    """Bring the quality pages up to date with the ledger, serve them on this machine, and say where. Example: [bold]./lake docs --open[/]"""
    from jobs import quality_pages
    from jobs.platform import supervise
    from jobs.quality.site.serve import NAME, address, component

    settings = load_settings()
    if stop:
        console.print("stopped" if supervise.stop(settings.state, NAME) else "it did not run")
        return
    require_store(settings)
    with console.status("quality pages …"):
        built = quality_pages.run(settings, again)
        supervise.start(settings.state, component(settings))
    console.print(f"{built.pages} pages of {built.datasets} datasets were new; served until ./lake docs --stop or ./lake down", highlight=False)
    typer.echo(address(settings))
    if open_:
        webbrowser.open(address(settings))
