"""A role played by a server with OpenAI's interface (vLLM, llama.cpp, …), named by its URL.

Garbage, errors and silence of a server are the machine's fault. What such a server does with text that looks like a
control token is its own affair, so such text is broken up with an invisible character before it is sent.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urldefrag

import httpx

from workers.models.interface import Completion, ModelFacts, ModelFault

logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes a line for each row otherwise
TIMEOUT = httpx.Timeout(120.0, connect=5.0)
AT_ONCE = 8  # rows under way: servers batch them
MAX_ANSWER = 4 << 20
# <|im_end|>, <s>, </s>, <bos>, <start_of_turn>, [INST], [/INST], <<SYS>>: the forms in use.
CONTROL = re.compile(
    r"<(?=\|[^<>|\s]{1,40}\|>)|<(?=/?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn|think)>)|<(?=<?/?SYS>>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\])"
)
BREAK = "\u2060"  # WORD JOINER: no width, no line break
T = TypeVar("T")


def neutral(text: str) -> str:
    """The text with every control token's form broken, so that it is read as text."""
    return CONTROL.sub(lambda match: match[0] + BREAK, text)


class RemoteBackend:
    """`url`: the server's base, with or without /v1; after # the model's name, else the first that it offers."""

    def __init__(self, role: str, url: str, api_key: str = "") -> None:
        base, self._wanted = urldefrag(url)
        base = base.rstrip("/").removesuffix("/v1")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(base_url=base, headers=headers, timeout=TIMEOUT, trust_env=False)
        self._role, self._base = role, base
        self._model = ""
        self._entry: dict[str, Any] = {}
        self._counter: Callable[[str], int] | None = None

    def facts(self) -> ModelFacts:
        if not self._model:
            self._find()
        told = json.dumps([self._base, self._entry], sort_keys=True)
        context = self._entry.get("max_model_len")
        return {
            "role": self._role,
            "model": self._model,
            "backend": "http",
            # It shows no weights; what it says of them changes, for the servers we know, when it loads others.
            "weights": hashlib.sha256(told.encode()).hexdigest(),
            "template": "the server's own" if self._role == "chat" else "",
            "context": context if type(context) is int and context > 0 else 0,
            "config": {"temperature": 0, "top_p": 1, "n": 1, "seed": 0},
        }

    def _find(self) -> None:
        entries = self._ask("GET", "/v1/models").get("data")
        known = (
            {e["id"]: e for e in entries if isinstance(e, dict) and isinstance(e.get("id"), str)}
            if type(entries) is list
            else {}
        )
        if not known:
            raise ModelFault(f"{self._base} offers no model")
        name = self._wanted or next(iter(known))
        if name not in known:
            raise ModelFault(f"{self._base} has no model {name!r}; it offers {', '.join(list(known)[:5])}")
        self._model, self._entry = name, known[name]

    # ---- counting ---------------------------------------------------------------------------------------------------

    def count_tokens(self, texts: list[str]) -> list[int]:
        self.facts()
        return [self._count(neutral(text)) for text in texts]

    def _count(self, text: str) -> int:
        """By the server's tokeniser where it has an address (vLLM, llama.cpp), else as it bills a completion."""
        if self._counter is None:
            ways = (self._count_vllm, self._count_llama, self._count_billed)
            self._counter = next((way for way in ways if self._works(way)), None)
            if self._counter is None:
                raise ModelFault(f"{self._base} counts no tokens")
        return self._counter(text)

    def _works(self, way: Callable[[str], int]) -> bool:
        try:
            return way("two words") > 0
        except ModelFault:
            return False

    def _count_vllm(self, text: str) -> int:
        request = {"model": self._model, "prompt": text, "add_special_tokens": False}
        return self._whole(self._ask("POST", "/tokenize", request).get("count"))

    def _count_llama(self, text: str) -> int:
        tokens = self._ask("POST", "/tokenize", {"content": text}).get("tokens")
        return len(tokens) if type(tokens) is list else self._whole(None)

    def _count_billed(self, text: str) -> int:
        return self._complete(text, 1, raw=True).prompt_tokens

    # ---- completing -------------------------------------------------------------------------------------------------

    def complete(self, prompts: list[str], shared: str, max_new_tokens: int, raw: bool) -> list[Completion]:
        self.facts()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda text: self._complete(neutral(text), max_new_tokens, raw), prompts))

    def _complete(self, text: str, max_new_tokens: int, raw: bool) -> Completion:
        chat = self._role == "chat" and not raw
        request: dict[str, Any] = {"model": self._model, "max_tokens": max_new_tokens, "stream": False}
        request |= {"temperature": 0, "top_p": 1, "n": 1, "seed": 0}
        request |= {"messages": [{"role": "user", "content": text}]} if chat else {"prompt": text}
        answer = self._ask("POST", "/v1/chat/completions" if chat else "/v1/completions", request)
        choices, usage = answer.get("choices"), answer.get("usage")
        choice = choices[0] if type(choices) is list and choices and type(choices[0]) is dict else {}
        message = choice.get("message") if chat else choice
        said = (message.get("content") if chat else message.get("text")) if type(message) is dict else None
        if type(said) is not str or type(usage) is not dict:
            raise ModelFault(f"{self._base}: the answer holds no completion")
        counts = self._whole(usage.get("prompt_tokens")), self._whole(usage.get("completion_tokens"))
        return Completion(said, *counts, "stop" if choice.get("finish_reason") == "stop" else "length")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            with self._client.stream(method, path, json=body) as response:
                raw = b""
                for part in response.iter_bytes():
                    raw += part
                    if len(raw) > MAX_ANSWER:
                        raise ModelFault(f"{self._base}{path}: an answer of more than {MAX_ANSWER >> 20} MiB")
        except httpx.HTTPError as error:
            raise ModelFault(f"{self._base}{path}: {type(error).__name__}: {error}") from None
        if response.status_code != 200:
            said = raw[:300].decode("utf-8", "replace")
            raise ModelFault(f"{self._base}{path}: HTTP {response.status_code}: {said}")
        try:
            answer = json.loads(raw)
        except ValueError:
            raise ModelFault(f"{self._base}{path}: the answer is no JSON") from None
        if type(answer) is not dict:
            raise ModelFault(f"{self._base}{path}: the answer is no object")
        return answer

    def _whole(self, value: object) -> int:
        if type(value) is not int or not 0 <= value < 1 << 31:
            raise ModelFault(f"{self._base}: the answer counts no tokens")
        return value

    def close(self) -> None:
        self._client.close()
