"""The built scripts and styles in real Chromium, under the site's kind of content security policy."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from exercises.notebook import code_of

pytestmark = pytest.mark.browser

STATIC = Path(__file__).resolve().parents[2] / "platform" / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".html": "text/html"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Test</title><link rel="icon" href="/empty">'
    '<meta name="csrf-token" content="token-of-the-page"><link rel="stylesheet" href="/static/rendu.css">'
    '<script src="/static/rendu.js" defer></script></head><body>'
)
EDITOR = """<form method="post" action="/submit" data-repeat>
<label for="source">Your solution</label>
<textarea id="source" name="source" data-editor data-language="python" data-draft-url="/draft"
  data-draft-version="1" required>def f(x):
    return x
</textarea>
<span data-draft-status data-text-saved="Draft saved {time}" data-text-unsaved="Not saved yet"
  data-text-offline="Offline" data-text-refused="Refused" data-text-restored="Restored"
  data-text-conflict="Newer elsewhere"></span>
<button type="button" data-draft-restore hidden>Restore</button>
<input type="file" data-editor-upload accept=".py,.ipynb,.txt">
<span data-upload-status data-text-loaded="{name} loaded" data-text-not-a-notebook="{name} is no notebook"
  data-text-too-large="too large" data-text-unreadable="unreadable"></span>
<button type="button" data-editor-reset hidden data-confirm="Start again?" data-text-yes="Yes">Start again</button>
<template data-starter>def f(x):
    return 1 &lt; 2
</template>
<button data-editor-run name="public_only" value="1">Run</button> <button id="submit">Submit</button>
</form>"""


class Site:
    """A small server: pages by path, the built static files, a draft that records, a fragment that counts."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.drafts: list[tuple[str, str | None]] = []  # (source, token)
        self.posts: list[str] = []
        self.polls = 0
        self.draft_status = 200
        self.fragment_statuses: list[int] = []  # taken first, before 200s
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), make_handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def fragment(self) -> tuple[str, dict[str, str]]:
        """The state of a submission at the next poll: queued twice, then graded with a plot, without a next delay."""
        self.polls += 1
        if self.polls < 3:
            return f"<p data-status>Place {self.polls} in the queue</p>", {"X-Poll-After": "60"}
        return f'<p data-status data-page-title="Graded">6 of 10 points</p>{PLOT}', {}


PLOT = (
    '<figure data-plot class="plot"><figcaption>Loss</figcaption><script type="application/json">'
    + json.dumps({"series": [{"name": "loss", "x": None, "y": [1.0, 0.5, None, 0.25]}], "xlabel": "epoch"})
    + "</script><p data-plot-fallback>Loss falls from 1 to 0.25.</p></figure>"
)


def make_handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(
            self, body: bytes, kind: str = "text/html", status: int = 200, headers: dict[str, str] | None = None
        ) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            if self.path.startswith("/static/"):
                file = STATIC / self.path.removeprefix("/static/")
                return self.answer(file.read_bytes(), TYPES[file.suffix])
            if self.path == "/fragment":
                if site.fragment_statuses:
                    return self.answer(b"busy", status=site.fragment_statuses.pop(0))
                body, headers = site.fragment()
                return self.answer(body.encode(), headers=headers)
            self.answer(site.pages.get(self.path, "").encode())

        def body(self) -> str:
            return self.rfile.read(int(self.headers["Content-Length"])).decode()

        def do_PUT(self) -> None:
            source = json.loads(self.body())["source"]
            if site.draft_status == 200:
                site.drafts.append((source, self.headers["X-CSRFToken"]))
            self.answer(b'{"version": "2"}', "application/json", site.draft_status)

        def do_POST(self) -> None:
            site.posts.append(self.body())
            self.answer(b"<p>Handed in</p>")

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    thread.join()


@pytest.fixture
def quiet(page: Page) -> Iterator[list[str]]:
    """Fails the test for any refused script or style, page error or console error that it does not take out itself."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " e => console.error('refused ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample))"
    )
    yield complaints
    assert complaints == []


@pytest.fixture
def editor(site: Site, page: Page, quiet: list[str]) -> Page:
    site.pages["/"] = HEAD + EDITOR
    page.goto(site.url)
    return page


def source(page: Page) -> str:
    return str(page.locator("#source").evaluate("area => area.value"))


def wait_for_draft(page: Page, site: Site, text: str) -> None:
    expect(page.locator("[data-draft-status]")).to_have_attribute("data-state", "saved", timeout=10_000)
    assert text in site.drafts[-1][0]


def test_it_works(editor: Page, site: Site) -> None:
    content = editor.get_by_role("textbox", name="Your solution")
    expect(content).to_be_visible()
    content.click()
    editor.keyboard.press("Control+End")
    editor.keyboard.type("y = 1")
    assert source(editor) == "def f(x):\n    return x\ny = 1"
    expect(editor.locator("[data-draft-status]")).to_have_text("Not saved yet")
    wait_for_draft(editor, site, "y = 1")
    assert site.drafts == [(source(editor), "token-of-the-page")]
    expect(editor.locator("[data-draft-status]")).to_contain_text("Draft saved")
    assert editor.evaluate("Object.keys(localStorage).length") == 0


def test_the_editor_has_its_own_styles(editor: Page) -> None:
    assert editor.locator(".cm-scroller").evaluate("e => getComputedStyle(e).display") == "flex"
    keyword = editor.locator(".cm-line span").first
    assert keyword.inner_text() == "def"
    assert keyword.evaluate("e => getComputedStyle(e).fontWeight") == "600"


def test_tab_indents_and_escape_tab_leaves(editor: Page) -> None:
    content = editor.get_by_role("textbox", name="Your solution")
    content.click()
    editor.keyboard.press("Control+Home")
    editor.keyboard.press("Tab")
    assert source(editor).startswith("    def f")
    expect(content).to_be_focused()
    editor.keyboard.press("Escape")
    editor.keyboard.press("Tab")
    expect(content).not_to_be_focused()


def test_the_form_posts_the_text(editor: Page, site: Site) -> None:
    editor.get_by_role("textbox", name="Your solution").click()
    editor.keyboard.press("Control+End")
    editor.keyboard.type("z")
    editor.keyboard.press("Control+Enter")  # presses Run
    expect(editor.get_by_text("Handed in")).to_be_visible()
    assert site.posts[0].startswith("source=def+f") and "%0D%0Az&public_only=1" in site.posts[0]


def test_unsaved_text_comes_back(editor: Page, site: Site, quiet: list[str]) -> None:
    site.draft_status = 503
    editor.on("dialog", lambda dialog: dialog.accept())
    editor.get_by_role("textbox", name="Your solution").click()
    editor.keyboard.press("Control+End")
    editor.keyboard.type("kept = 1")
    expect(editor.locator("[data-draft-status]")).to_have_text("Offline")
    site.draft_status = 200
    editor.reload()
    expect(editor.locator(".cm-content")).to_contain_text("kept = 1")
    wait_for_draft(editor, site, "kept = 1")
    assert all("503" in complaint for complaint in quiet)
    quiet.clear()


def test_a_newer_draft_on_the_server_is_not_overwritten(editor: Page, site: Site, quiet: list[str]) -> None:
    site.draft_status = 503
    editor.on("dialog", lambda dialog: dialog.accept())
    editor.get_by_role("textbox", name="Your solution").click()
    editor.keyboard.type("mine")
    expect(editor.locator("[data-draft-status]")).to_have_text("Offline")
    site.draft_status = 200
    site.pages["/"] = HEAD + EDITOR.replace('data-draft-version="1"', 'data-draft-version="7"')
    editor.reload()
    expect(editor.locator("[data-draft-status]")).to_have_text("Newer elsewhere")
    assert "mine" not in source(editor)
    editor.get_by_role("button", name="Restore").click()
    assert "mine" in source(editor)
    wait_for_draft(editor, site, "mine")
    quiet.clear()


def test_a_refused_draft_says_so(editor: Page, site: Site, quiet: list[str]) -> None:
    site.draft_status = 403
    editor.on("dialog", lambda dialog: dialog.accept())
    editor.get_by_role("textbox", name="Your solution").click()
    editor.keyboard.type("x")
    expect(editor.locator("[data-draft-status]")).to_have_text("Refused")
    quiet.clear()


def upload(page: Page, name: str, content: str | bytes) -> None:
    data = content.encode() if isinstance(content, str) else content
    page.locator("[data-editor-upload]").set_input_files({"name": name, "mimeType": "text/plain", "buffer": data})


def test_a_notebook_is_joined(editor: Page) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import numpy as np\n", "!pip list"]},
        {"cell_type": "code", "source": ["\n"]},
        {"cell_type": "code", "source": "%%bash\nls\n"},
        {"cell_type": "code", "source": "%%time\n?print\nx = 5 % 2"},
    ]
    shape = {"metadata": {}, "outputs": [], "execution_count": None}
    notebook = json.dumps(
        {"cells": [shape | cell for cell in cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    )
    upload(editor, "work.ipynb", notebook)
    expect(editor.locator("[data-upload-status]")).to_have_text("work.ipynb loaded")
    # The same file, joined by the server: the two must agree, or a draft would differ from what is handed in.
    joined = (
        "# %matplotlib inline\nimport numpy as np\n# !pip list\n\n# %%bash\n# ls\n#\n\n# %%time\n# ?print\nx = 5 % 2\n"
    )
    assert source(editor) == code_of(notebook.encode()) == joined


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.py", "x = 1\r\n", "a.py loaded"),
        ("a.ipynb", "not json", "a.ipynb is no notebook"),
        ("a.ipynb", '{"cells": []}', "a.ipynb is no notebook"),
        ("a.ipynb", '{"no": "cells"}', "a.ipynb is no notebook"),
        ("a.py", b"\xff\xfe\x00", "unreadable"),
        ("a.py", "x" * 300_000, "too large"),
    ],
)
def test_uploads_say_what_happened(editor: Page, name: str, content: str | bytes, said: str) -> None:
    before = source(editor)
    upload(editor, name, content)
    expect(editor.locator("[data-upload-status]")).to_have_text(said)
    assert source(editor) == ("x = 1\n" if said.endswith("loaded") else before)


def test_start_again_asks_and_can_be_undone(editor: Page) -> None:
    before = source(editor)
    editor.get_by_role("button", name="Start again").click()
    editor.get_by_role("dialog", name="Start again?").get_by_role("button", name="Cancel").click()
    assert source(editor) == before
    editor.get_by_role("button", name="Start again").click()
    editor.get_by_role("dialog").get_by_role("button", name="Yes").click()
    expect(editor.locator(".cm-content")).to_contain_text("1 < 2")
    editor.keyboard.press("Control+z")
    assert source(editor) == before


def test_a_fragment_is_refreshed_until_told_to_stop(site: Site, page: Page, quiet: list[str]) -> None:
    site.pages["/"] = HEAD + '<div data-poll-url="/fragment" data-poll-after="30"><p data-status>Saved</p></div>'
    page.goto(site.url)
    expect(page.get_by_text("6 of 10 points").first).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("6 of 10 points")
    expect(page).to_have_title("Graded")
    expect(page.locator("[data-poll-url] canvas")).to_be_visible()  # a plot that came with the fragment draws
    page.wait_for_timeout(400)
    assert site.polls == 3


def test_polling_outlives_an_outage(site: Site, page: Page, quiet: list[str]) -> None:
    site.fragment_statuses = [503, 502]
    site.pages["/"] = HEAD + '<div data-poll-url="/fragment" data-poll-after="20" data-text-offline="Trying"></div>'
    page.goto(site.url)
    expect(page.locator(".alert")).to_have_text("Trying")
    expect(page.get_by_text("6 of 10 points").first).to_be_visible(timeout=15_000)
    expect(page.locator(".alert")).to_have_count(0)
    quiet.clear()


def test_polling_stops_when_signed_out(site: Site, page: Page, quiet: list[str]) -> None:
    site.fragment_statuses = [403]
    site.pages["/"] = HEAD + '<div data-poll-url="/fragment" data-poll-after="20" data-text-stopped="Reload"></div>'
    page.goto(site.url)
    expect(page.locator(".alert")).to_have_text("Reload")
    page.wait_for_timeout(300)
    assert site.polls == 0
    quiet.clear()


def test_a_plot_draws_and_keeps_its_words(site: Site, page: Page, quiet: list[str]) -> None:
    site.pages["/"] = HEAD + PLOT
    page.goto(site.url)
    canvas = page.locator("figure canvas")
    expect(canvas).to_be_visible()
    drawn = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(value => value !== 0)"
    assert canvas.evaluate(drawn)
    expect(page.locator(".u-legend")).to_contain_text("loss")
    assert page.locator("[data-plot-fallback]").inner_text() == "Loss falls from 1 to 0.25."


@pytest.mark.parametrize("width", [1280, 390])
def test_two_sources_are_compared(site: Site, page: Page, quiet: list[str], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    site.pages["/"] = HEAD + (
        '<div data-merge data-label-a="Try 1" data-label-b="Try 2"><template data-a>x = 1 &lt; 2</template>'
        "<template data-b>x = 3 &lt; 4</template><pre data-merge-fallback>-x = 1</pre></div>"
    )
    page.goto(site.url)
    expect(page.get_by_role("textbox", name="Try 2")).to_contain_text("x = 3 < 4")
    expect(page.get_by_role("textbox", name="Try 1")).to_have_count(1 if width > 800 else 0)
    expect(page.locator("[data-merge-fallback]")).to_be_hidden()


def test_a_form_asks_and_is_sent_once(site: Site, page: Page, quiet: list[str]) -> None:
    site.pages["/"] = HEAD + (
        '<form method="post" action="/submit" data-confirm="Hand in?" data-text-yes="Hand in" data-text-no="Not yet">'
        '<button name="go" value="1">Go</button></form>'
    )
    page.goto(site.url)
    page.get_by_role("button", name="Go").click()
    page.get_by_role("button", name="Not yet").click()
    assert site.posts == []
    page.get_by_role("button", name="Go").click()
    page.get_by_role("button", name="Hand in").dblclick()
    expect(page.get_by_text("Handed in")).to_be_visible()
    assert site.posts == ["go=1"]


def test_the_admins_editor_mounts(site: Site, page: Page, quiet: list[str]) -> None:
    site.pages["/"] = HEAD.replace("rendu.js", "rendu-admin.js").replace("rendu.css", "admin-rendu.css") + (
        '<label for="s">Statement</label><textarea id="s" data-editor data-language="markdown"># Title</textarea>'
        '<div class="empty-form"><textarea data-editor></textarea></div>'
    )
    page.goto(site.url)
    expect(page.get_by_role("textbox", name="Statement")).to_contain_text("# Title")
    expect(page.locator(".cm-editor")).to_have_count(1)


def test_pages_read_without_scripts(site: Site, browser: Any) -> None:
    site.pages["/"] = HEAD + EDITOR
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(site.url)
        page.get_by_label("Your solution").fill("x = 1")
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_text("Handed in")).to_be_visible()
    finally:
        context.close()
    assert site.posts == ["source=x+%3D+1"]
