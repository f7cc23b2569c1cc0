"""What HTML may come out of a person's Markdown: the last step, which trusts no step before it."""

import re

from pygments.token import STANDARD_TYPES

_TEXT = "p br hr h2 h3 h4 h5 h6 strong em s del sub sup blockquote ul ol li a img div span"
_CODE = "pre code kbd"
_TABLE = "table thead tbody tr th td"
# MathML Core's drawing elements. `annotation-xml` and `semantics` stay out: parsers switch languages in them, which is
# how known sanitizer bypasses work; `maction` and links inside formulas stay out because they act.
_MATHS = (
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom merror "
    "msub msup msubsup munder mover munderover mmultiscripts mprescripts mtable mtr mtd"
)
TAGS = set(f"{_TEXT} {_CODE} {_TABLE} {_MATHS}".split())

_MATHS_ATTRIBUTES = {
    "display", "displaystyle", "scriptlevel", "mathvariant", "mathcolor", "dir",
    "stretchy", "symmetric", "fence", "separator", "form", "largeop", "movablelimits", "accent", "accentunder",
    "lspace", "rspace", "minsize", "maxsize", "linethickness", "width", "height", "depth", "voffset",
    "columnalign", "rowalign", "columnlines", "rowlines", "columnspacing", "rowspacing", "columnspan", "rowspan",
    "frame",
}  # fmt: skip
ATTRIBUTES: dict[str, set[str]] = {tag: set(_MATHS_ATTRIBUTES) for tag in _MATHS.split()} | {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height", "loading"},
    "ol": {"start"},
    "pre": {"class"},
    "code": {"class"},
    "span": {"class"},
    "div": {"class"},
    "th": {"class"},
    "td": {"class"},
}
SCHEMES = {"http", "https", "mailto"}

_CLASSES = {
    "pre": re.compile(r"highlight"),
    "code": re.compile(r"math-error"),
    "span": re.compile("|".join(filter(None, STANDARD_TYPES.values()))),  # none of the page's own components
    "div": re.compile(r"math"),
    "th": re.compile(r"align-(left|center|right)"),
    "td": re.compile(r"align-(left|center|right)"),
}
# Of our own host only: a foreign image would tell its host who reads the page, and when. `//host` and `/\host` are
# foreign addresses that look like paths.
_OWN_IMAGE = re.compile(r"/(?![/\\])[\w./%~-]+")


def keep_attribute(tag: str, name: str, value: str) -> str | None:
    """Return the value that an allowed attribute may have, or None to drop the attribute."""
    if name == "class" and tag in _CLASSES:
        return value if _CLASSES[tag].fullmatch(value) else None
    if (tag, name) == ("img", "src"):
        return value if _OWN_IMAGE.fullmatch(value) and ".." not in value else None
    return value
