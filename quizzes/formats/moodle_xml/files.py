"""Pictures of a Moodle XML file: <file> elements beside a text, and pictures written into the text itself."""

from __future__ import annotations

import re
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from quizzes.formats.common import Collector

_PLACE = re.compile(r"@@PLUGINFILE@@/([^?#]+)")
_DATA = re.compile(r"data:image/[a-z+.-]{1,20};base64,([A-Za-z0-9+/=\s%]{0,12000000})")
_MARKED = re.compile(r"(\]\(\s*<?)@@PLUGINFILE@@/([^\s<>()]+)")


class Files:
    """The files of one element with <text>, found by the addresses that its text gives."""

    def __init__(self, collector: Collector, element: Element) -> None:
        self.collector = collector
        self.inline: list[str] = []  # base64 of pictures that stood in the text
        self.elements = {_path(file): file for file in element.iterfind("file")}
        self.names: dict[str, str | None] = {}

    def without_data(self, text: str) -> str:
        """The text with short addresses in place of pictures written out in it: texts have a longest length."""

        def take(found: re.Match[str]) -> str:
            self.inline.append(unquote(found[1]))
            return f"data:{len(self.inline) - 1}"

        return _DATA.sub(take, text) if "data:image/" in text else text

    def find(self, address: str) -> str | None:
        """The stored name of the picture at an address; None when the file does not hold it."""
        if address not in self.names:
            self.names[address] = self._read(address)
        return self.names[address]

    def named(self, markdown: str) -> str:
        """Markdown with stored names in place of addresses."""

        def name(found: re.Match[str]) -> str:
            stored = self.find(f"@@PLUGINFILE@@/{found[2]}")
            return f"{found[1]}picture:{stored}" if stored else found[0]

        return _MARKED.sub(name, markdown)

    def _read(self, address: str) -> str | None:
        if address.startswith("data:"):
            number = int(found[0]) if (found := re.findall(r"\d+", address)) else -1
            return self.collector.picture("data:", self.inline[number]) if 0 <= number < len(self.inline) else None
        place = _PLACE.match(address)
        file = self.elements.get(unquote(place[1])) if place else None
        if file is None or file.get("encoding", "base64") != "base64":
            return None
        return self.collector.picture(file.get("name", ""), file.text or "")


def _path(file: Element) -> str:
    """Folder and name of a <file>: "a.png", "plots/a.png"."""
    return f"{file.get('path', '/')}/{file.get('name', '')}".replace("//", "/").strip("/")
