"""Markdown and code for templates. Exercises' pages reach the rendering through here: apps may not import the shell."""

from __future__ import annotations

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from config.rendering import render_markdown
from exercises.highlighting import highlighted, numbered

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """Safe HTML of a Markdown text with dollar maths."""
    return render_markdown(text or "")


@register.filter
def markdown_inline(text: str) -> SafeString:
    """The same for a label: a lone paragraph loses its `<p>`, which may not stand in one."""
    html = str(render_markdown(text or "")).strip()
    alone = html.startswith("<p>") and html.endswith("</p>") and html.count("<p>") == 1
    return mark_safe(html[3:-4] if alone else html)  # render_markdown made it safe


@register.filter
def code_marks(text: str) -> SafeString:
    """Plain text with `code` between backticks set as code. Everything is escaped: it may quote a student's values."""
    parts = [conditional_escape(part) for part in str(text or "").split("`")]
    if len(parts) % 2 == 0:  # an odd number of backticks: nobody can tell what is code
        return mark_safe("`".join(parts))  # each part is escaped
    return mark_safe("".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts)))


register.filter("highlighted", highlighted)
register.filter("numbered", numbered)
