"""How text written by people becomes HTML."""

from .markdown import render_markdown

__all__ = ["render_markdown"]
