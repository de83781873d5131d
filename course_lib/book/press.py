"""Print a page of HTML by a browser of the Chromium family, without a window."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

__all__ = ["BROWSERS", "NoBrowser", "destinations", "destinations_of", "find_browser", "print_book"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
OLDEST = 131  # the first release that writes page numbers into the margin boxes of @page
TIMEOUT = 600_000  # milliseconds for the formulas of the whole course on a slow machine
READY = "() => window.MathJax && MathJax.startup && MathJax.startup.promise"
FIT = """() => {
    for (const formula of document.querySelectorAll('mjx-container[display=true]')) {
        const line = formula.parentElement;
        if (line.scrollWidth > line.clientWidth + 1) {
            line.style.fontSize = `${Math.floor(98 * line.clientWidth / line.scrollWidth)}%`;
        }
    }
}"""
FILL = """pages => {
    for (const row of document.querySelectorAll('.contents a')) {
        row.querySelector('.number').textContent = pages[row.getAttribute('href').slice(1)] ?? '';
    }
}"""


class NoBrowser(RuntimeError):
    """No browser can print; the message says what would help."""


def find_browser() -> str:
    """Return the command of the first browser of the Chromium family on this machine.

    Raises
    ------
    NoBrowser
        If there is none.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise NoBrowser(
            f"Printing needs a browser of the Chromium family, release {OLDEST} or newer, and none of "
            f"{', '.join(BROWSERS)} is on the PATH. Install one (Debian and Ubuntu: apt install chromium)."
        )
    return found


def print_book(source: Path) -> bytes:
    """Return the PDF of the page ``source``, its table of contents filled in.

    The page is printed once to learn where each heading lands, and once more with these numbers.

    Raises
    ------
    NoBrowser
        If there is no browser, or one that is too old.
    RuntimeError
        If a formula cannot be set, or the numbers move the headings.
    """
    from playwright.sync_api import sync_playwright

    command = find_browser()
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=command)
        try:
            if int(browser.version.split(".")[0]) < OLDEST:
                raise NoBrowser(f"{command} is release {browser.version}; printing needs {OLDEST} or newer.")
            page = browser.new_page(viewport={"width": 643, "height": 960})  # the width of the text on A4
            page.set_default_timeout(TIMEOUT)
            page.emulate_media(media="print")
            page.goto(source.resolve().as_uri())
            return _typeset_and_print(page)
        finally:
            browser.close()


def _typeset_and_print(page: Any) -> bytes:
    page.wait_for_function(READY)
    page.evaluate("() => MathJax.startup.promise.then(() => null)")
    wrong = page.locator("mjx-merror, [data-mjx-error]")
    if wrong.count():
        raise RuntimeError(f"A formula cannot be set: {wrong.first.inner_text()}")
    page.evaluate(FIT)
    pages = destinations(_printed(page))
    page.evaluate(FILL, pages)
    book = _printed(page)
    if destinations(book) != pages:
        raise RuntimeError("The page numbers of the table of contents move the pages they name.")
    return book


def destinations(book: bytes) -> dict[str, int]:
    """Return the page, from 1, on which each anchor that something links to stands."""
    from pypdf import PdfReader

    return destinations_of(PdfReader(io.BytesIO(book)))


def destinations_of(reader: Any) -> dict[str, int]:
    """The same for a book that pypdf has read."""
    return {
        name.lstrip("/"): reader.get_destination_page_number(place) + 1
        for name, place in reader.named_destinations.items()
    }


def _printed(page: Any) -> bytes:
    return page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
