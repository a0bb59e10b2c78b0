"""The agreement page: how far the critic agrees with people, people with each other, and P(success) with what comes true.

Its scripts are ``assets/js/agreement.js``. The plot is Gradio's own, which an event of the page draws anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import gradio as gr
from gradio.components.plot import AltairPlotData
from pydantic import Field, ValidationError

from core.agreement import calibration
from core.errors import StudioError
from core.types import Value
from studio.pages.answers import Answer, Call, answering
from studio.pages.parts import MOUNT, Who
from studio.reviewing.cells import Wanted, listed
from studio.reviewing.dashboard import Sieve, choices_of, figures_of, measured
from studio.reviewing.ledger import Bookkeeper, Ledger
from studio.reviewing.plot import calibration_chart
from studio.speech import preferred, speaking
from studio.storyboard import agreement_of, cases_of, frame_of

if TYPE_CHECKING:
    from core.store import Store
    from studio.reviewing.access import Access, Reviewer
    from studio.reviewing.dashboard import Measured
    from studio.visitors import Visitor

TITLE, ADDRESS = "Agreement", "agreement"


class Asked(Value):
    """What a browser asks: for whom (``as``), of which attempts, and whether what was gathered is to be gathered again."""

    name: str = Field(default="", alias="as", max_length=200)
    sieve: Sieve = Sieve()
    afresh: bool = False
    wanted: Wanted | None = None


def agreement_page(store: Store, who: Who, access: Access) -> None:
    """Builds the page into the open route. ``who`` says which visitor a request comes from, ``access`` who may review."""
    books = Bookkeeper(store)
    with gr.HTML(
        html_template=frame_of("agreement_frame"),
        js_on_load=MOUNT % "agreement",
        server_functions=agreements(store, books, who, access),
        apply_default_css=False,
        elem_id="agreement",
    ) as frame:
        plot = gr.Plot(show_label=False, container=False, elem_id="calibration")
    frame.submit(  # the scripts send it with what is asked, whenever the figures are shown anew
        _plotting(books, who, access), None, plot, queue=False, show_progress="hidden", api_visibility="private"
    )


def agreements(store: Store, books: Bookkeeper, who: Who, access: Access) -> list[Callable[..., Answer]]:
    """The server functions of the page, by their names."""

    def look(call: Call, visitor: Visitor) -> Answer:
        asked = Asked.model_validate(call)
        reader = access.reviewer(visitor, asked.name)
        ledger = books.ledger(asked.afresh)
        figures = figures_of(ledger, asked.sieve)
        known = {"any": bool(ledger.reviews), "leads": reader.leads, "plots": bool(figures.calibration.of)}
        return known | agreement_of(figures, asked.sieve, choices_of(ledger), _measured(store, ledger, reader))

    def cases(call: Call, visitor: Visitor) -> Answer:
        asked = Asked.model_validate(call)
        reader = access.reviewer(visitor, asked.name)
        if asked.wanted is None:
            return {}
        found = listed(store, books.ledger(), asked.wanted, reader)
        return {"markup": cases_of(found, asked.wanted), "next": found.next, "total": found.total}

    return [answering(do, who) for do in (look, cases)]


def _plotting(books: Bookkeeper, who: Who, access: Access) -> Callable[..., AltairPlotData | None]:
    def plotted(told: gr.EventData, request: gr.Request) -> AltairPlotData | None:
        with speaking(preferred(request.headers.get("accept-language", ""))):
            try:
                asked = Asked.model_validate(told._data)
                access.reviewer(who(request), asked.name)
            except (ValidationError, StudioError):
                return None  # the page's own look says why
            found = calibration(case for case in books.ledger().cases if asked.sieve.lets(case))
            # For scatter plots, Gradio gives axes and texts the page's colours and the plot its width.
            return AltairPlotData(plot=calibration_chart(found), chart="scatter") if found.of else None

    return plotted


def _measured(store: Store, ledger: Ledger, reader: Reviewer) -> tuple[Measured, ...]:
    """By gold, everybody for leads; for others themselves."""
    people = {review.reviewer for given in ledger.reviews.values() for review in given}
    return measured({name: store.reviews.calibration(name) for name in (people if reader.leads else people & {reader.name})})
