"""Markdown, maths and code to HTML, and what hostile text can not bring into a page."""

import re
from html.parser import HTMLParser

import pytest
from django.utils.safestring import SafeString
from hypothesis import given, settings
from hypothesis import strategies as st

from config.rendering.markdown import render_markdown
from config.rendering.maths import MAX_FORMULA, to_mathml
from config.templatetags.rendering import code_marks


class Seen(HTMLParser):
    """Every tag and attribute of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def assert_harmless(html: str) -> None:
    seen = Seen(html)
    assert not {"script", "style", "iframe", "object", "embed", "svg", "form", "input", "link", "meta", "base"} & set(
        seen.tags
    )
    for name, value in seen.attributes:
        assert not name.startswith("on") and name not in {"style", "id", "xlink:href", "srcset", "formaction"}
        if name == "href":
            # Without a scheme it is a path of our own site.
            scheme = re.match(r"\s*([a-z][a-z0-9+.-]*):", value, re.IGNORECASE)
            assert scheme is None or scheme[1].lower() in {"http", "https", "mailto"}
        if name == "src":
            assert re.match(r"/[^/\\]", value)


def test_it_works() -> None:
    html = render_markdown("# Title\n\nSome *text* with $x^2$ and `code`.")
    assert isinstance(html, SafeString)
    assert html.startswith("<h2>Title</h2>\n<p>Some <em>text</em> with <math")
    assert "<code>code</code>" in html


def test_headings_go_one_level_down_and_stop_at_six() -> None:
    html = render_markdown("# a\n\n## b\n\n###### c")
    assert [tag for tag in Seen(html).tags if tag[0] == "h"] == ["h2", "h3", "h6"]


def test_tables_are_aligned_by_class() -> None:
    html = render_markdown("| a | b | c |\n|:--|:-:|--:|\n| 1 | 2 | 3 |")
    assert '<th class="align-left">a</th>' in html and '<td class="align-right">3</td>' in html
    assert "style" not in html


def test_code_is_highlighted_by_class() -> None:
    html = render_markdown("```python\ndef f(x):\n    return x < 1\n```")
    assert '<pre class="highlight"><code><span class="k">def</span>' in html
    assert "&lt;" in html


@pytest.mark.parametrize("language", ["", "nosuchlanguage", "python onclick=x", '"><script>'])
def test_code_of_any_language_keeps_its_text(language: str) -> None:
    html = render_markdown(f"```{language}\n<script>alert(1)</script>\n```")
    assert_harmless(html)
    assert "alert" in html and "<pre" in html


def test_links_open_no_door_to_the_page_they_leave() -> None:
    html = render_markdown("[out](https://example.org/a) and [in](/courses/)")
    assert html.count('rel="noopener noreferrer"') == 2


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/media/plot.png", True),
        ("/media/a/b-1.jpg", True),
        ("https://example.org/x.png", False),
        ("//example.org/x.png", False),
        ("/media/../admin/logout", False),
        ("data:image/svg+xml;base64,AAAA", False),
        ("relative.png", False),
    ],
)
def test_images_come_from_our_own_host_only(address: str, kept: bool) -> None:
    html = render_markdown(f"![A plot](<{address}>)")
    assert (f'src="{address}"' in html) is kept
    assert ("src" in dict(Seen(html).attributes)) is kept


def test_images_keep_their_description() -> None:
    assert 'alt="Loss by epoch"' in render_markdown("![Loss *by* epoch](/media/x.png)")


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\text{mean}(x)", "<mtext>mean</mtext>"),
        (r"\frac{\partial L}{\partial W}", "<mfrac>"),
        (r"\hat y", '<mover accent="true">'),
        (r"X^\top", "⊤"),
        (r"\sum_{i=1}^{n} x_i", "∑"),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", "<mtable>"),
        (r"\begin{cases} z & z > 0 \\ 0 & \text{otherwise} \end{cases}", '<mtd columnalign="left">'),
        (r"\begin{aligned} a &= b \\ &= c \end{aligned}", '<mtd columnalign="right">'),
        (r"\arg\min_\theta J", "arg</mo>"),
        (r"x \sim p", "∼"),
        (r"a < b", "<mo>&lt;</mo>"),
        (r"\text{if } x < 0", "&lt;"),
        (r"\log_2 x", '<mo lspace="0.167em" rspace="0.167em">log</mo>'),
        (r"\left\{ x \right\}", 'stretchy="true"'),
        (r"z = -1", '<mo form="prefix">−</mo><mn>1</mn>'),
        (r"a < -b", '<mo form="prefix">−</mo><mi>b</mi>'),
        (r"(a) - b", "<mo>−</mo><mi>b</mi>"),
        (r"z \le \infty", "<mi>∞</mi>"),
    ],
)
def test_formulas_become_mathml(latex: str, expected: str) -> None:
    html = render_markdown(f"Let ${latex}$ be.")
    assert expected in html
    assert "<math" in html and "math-error" not in html


def test_a_block_formula_has_a_box_of_its_own() -> None:
    html = render_markdown("Before\n\n$$\nL = \\frac{1}{n}\n$$\n\nafter")
    assert '<div class="math"><math display="block">' in html


def test_a_double_dollar_inside_a_sentence_stays_in_it() -> None:
    html = render_markdown("Let $$x$$ be.")
    assert html.startswith("<p>Let <math") and html.strip().endswith("be.</p>")


def test_prices_are_no_formulas() -> None:
    assert render_markdown("It costs 5$ or 6$.") == "<p>It costs 5$ or 6$.</p>\n"


@pytest.mark.parametrize(
    "latex",
    [
        r"\frac{1",
        r"\frac",
        r"x}",
        r"\nosuchcommand{x}",
        r"\begin{nosuch}x\end{nosuch}",
        "{" * 1500 + "}" * 1500,
        "x" * (MAX_FORMULA + 1),
    ],
)
def test_a_formula_that_cannot_be_read_is_shown_as_written(latex: str) -> None:
    html = render_markdown(f"Let ${latex}$ be.")
    assert f'<code class="math-error">{latex}</code>' in html


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<style>*{display:none}</style>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox)",
    "<javascript:alert(1)>",
    '[x](https://a.example "onclick=alert(1)")',
    "![x](javascript:alert(1))",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\style{background:red}{x}$",
    r"$\class{verdict passed}{x}$",
    r"$\text{</mtext><script>alert(1)</script>}$",
    r"$\text{<img src=x onerror=alert(1)>}$",
    "$\\text{</math><img src=x onerror=alert(1)>}$",
    r'$\color{red" onmouseover="alert(1)}{x}$',
    r"$\mathrm{<script>}$",
    r"$\unicode{60}script$",
    "$$\n</math><script>alert(1)</script>\n$$",
    "```python\n</code></pre><script>alert(1)</script>\n```",
    "| <b onclick=x> |\n|:--|\n| <script> |",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "<a href='javascript:alert(1)' style='position:fixed'>x</a>",
    "<form action=/logout><button>x</button></form>",
    "[a]: javascript:alert(1)\n\n[a]",
    "\ue000script\ue001 $\ue000script\ue001alert(1)\ue000/script\ue001$",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    assert_harmless(render_markdown(text))


@pytest.mark.parametrize("name", ["button primary", "verdict", "visually-hidden"])
def test_a_text_cannot_borrow_the_pages_components(name: str) -> None:
    html = render_markdown(f'<span class="{name}">x</span> $\\class{{{name}}}{{x}}$')
    assert ("class", name) not in Seen(html).attributes


FRAGMENTS = st.sampled_from(
    ["$", "$$", "\\frac", "{", "}", "\\text{", "<script>", "</math>", "`", "```", "\n", "|", "&", "<", "[x](", ")", "a"]
    + ["javascript:", "\\begin{cases}", "\\end{cases}", "\\\\", "_", "^", "#", "onload=", '"', "é", "\0"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(FRAGMENTS, max_size=25).map("".join))
def test_no_text_raises_or_harms(text: str) -> None:
    assert_harmless(render_markdown(text))


def test_the_same_formula_is_converted_once() -> None:
    to_mathml.cache_clear()
    to_mathml("x+y", block=False)
    to_mathml("x+y", block=False)
    assert to_mathml.cache_info().hits == 1


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("see `a_b` or `<i>`", "see <code>a_b</code> or <code>&lt;i&gt;</code>"),
        ("one ` alone <b>", "one ` alone &lt;b&gt;"),
        ("", ""),
    ],
)
def test_code_marks_in_plain_sentences(text: str, html: str) -> None:
    assert code_marks(text) == html
