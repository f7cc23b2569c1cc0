"""Reading the student's pages in tests."""

from __future__ import annotations

import html
import re


def editor_text(page: str) -> str:
    """What stands in the page's editor. (The first newline after the tag belongs to HTML, not to the text.)"""
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert found
    return html.unescape(found[1])
