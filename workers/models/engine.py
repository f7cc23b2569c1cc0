"""A model in this process, by transformers. Greedy, float32, and a result that depends on the prompt alone.

Neighbours must not change a grade. In float32 the rows of one batch do not touch one another, but which kernels run,
and so the last bits, may depend on the shape of a batch. So rows are padded to multiples of `STEP` tokens, only rows of
one padded length share a batch, and it always has `BATCH` rows: its shape follows from each row by itself.

A template's beginning is the same for every row: its keys and values are calculated once (`shared`), by a rule that
looks at the template alone. That makes 30 short rows behind a long template four times faster.

Nothing that a student or a row says can be a control token: those parts are tokenised as plain text, apart from the
chat template around them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache, GenerationConfig

from workers.models.interface import Completion, ModelFacts, ModelFault
from workers.models.weights import version

BATCH = 8
STEP = 16
LOOSE = 2  # tokens at the end of the shared text that the next characters may still change
LEAST_SHARED = 16  # fewer are not worth a pass of their own
MARK = "\ue000\ue001\ue000"  # stands for the student's text while the template is rendered

Group = list[tuple[int, list[int]]]  # (index of the prompt, its tokens after the shared ones)


class Engine:
    """Raises ModelFault when the folder holds no model that can be used."""

    def __init__(self, role: str, folder: Path, facts: dict[str, Any], threads: int) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        # Pickled weights and code that comes with a model would run here: neither is read.
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False
        )
        self._model = model.eval()
        self._ends = self._end_tokens()
        self._pad = self._ends[0]
        # What generation_config.json says (sampling, penalties) must not reach a grade by the back door.
        self._model.generation_config = self._config(1)
        self.template = str(self._tokenizer.chat_template or "") if role == "chat" else ""
        self._head, self._tail = self._around() if self.template else ([], [])
        self._start = self._start_tokens()
        self.context = int(getattr(self._model.config, "max_position_embeddings", 0) or 0)
        self.facts: ModelFacts = {
            "role": role,
            "model": str(facts["model"]),
            "backend": "transformers",
            "weights": str(facts["weights"]),
            "template": self.template,
            "context": self.context,
            "config": self._described(threads),
        }

    # ---- what is fixed once ---------------------------------------------------------------------------------------

    def _end_tokens(self) -> list[int]:
        found: list[int] = []
        for value in (self._tokenizer.eos_token_id, self._model.generation_config.eos_token_id):
            found += value if isinstance(value, list) else [value] if value is not None else []
        if not found:
            raise ModelFault("the model has no token that ends a text")
        return list(dict.fromkeys(found))

    def _config(self, max_new_tokens: int) -> GenerationConfig:
        return GenerationConfig(
            max_new_tokens=max_new_tokens,
            do_sample=False,
            num_beams=1,
            num_return_sequences=1,
            repetition_penalty=1.0,
            no_repeat_ngram_size=0,
            use_cache=True,
            eos_token_id=self._ends,
            pad_token_id=self._pad,
        )

    def _described(self, threads: int) -> dict[str, Any]:
        config = {key: value for key, value in self._config(1).to_dict().items() if value is not None}
        del config["max_new_tokens"]  # given with each completion
        return {
            "generation": config,
            "dtype": "float32",
            "device": "cpu",
            "attention": str(getattr(self._model.config, "_attn_implementation", "")),
            "batch": BATCH,
            "step": STEP,
            "threads": threads,
            "torch": str(torch.__version__),
            "transformers": version("transformers"),
            "cpu": torch.backends.cpu.get_cpu_capability(),
        }

    def _around(self) -> tuple[list[int], list[int]]:
        """The chat template's tokens before and after the student's text."""
        turn = [{"role": "user", "content": MARK}]
        text = self._tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        head, mark, tail = text.partition(MARK)
        if not mark or MARK in tail:
            raise ModelFault("the chat template does not hold the user's text once, as it is")
        # The template writes the beginning of the text itself: add_special_tokens would put a second one before it.
        return self._control(head), self._control(tail)

    def _start_tokens(self) -> list[int]:
        """What the tokeniser puts before a plain text: one beginning-of-text token, or nothing."""
        bos = self._tokenizer.bos_token_id
        first = self._tokenizer("a").input_ids[:1]
        return [bos] if bos is not None and first == [bos] else []

    def _control(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False).input_ids
        return ids

    def _plain(self, text: str) -> list[int]:
        """Tokens of a text in which nothing is a control token, whatever it looks like."""
        ids: list[int] = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids
        return ids

    # ---- the interface ----------------------------------------------------------------------------------------------

    def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(self._plain(text)) for text in texts]

    def complete(self, prompts: list[str], shared: str, max_new_tokens: int, raw: bool) -> list[dict[str, Any]]:
        """One completion (as a dictionary) for each prompt, in order."""
        bare = raw or not self.template
        head, tail = (self._start, []) if bare else (self._head, self._tail)
        common = [*head, *self._plain(shared)[:-LOOSE]]
        common = common if len(common) >= LEAST_SHARED else []
        whole = [[*head, *self._plain(prompt), *tail] for prompt in prompts]
        longest = max(map(len, whole), default=0)
        if self.context and longest + max_new_tokens > self.context:
            raise ModelFault(f"a prompt of {longest} tokens does not fit into the model's {self.context}")
        results: list[dict[str, Any]] = [{} for _ in prompts]
        kept = self._prefix(common) if common else None
        for begun, group in self._groups(whole, common):
            outputs = self._generate(group, common if begun else [], kept if begun else None, max_new_tokens)
            for (index, _), new in zip(group, outputs, strict=True):
                results[index] = self._completion(new, len(whole[index]))
        return results

    def _groups(self, whole: list[list[int]], common: list[int]) -> Iterator[tuple[bool, Group]]:
        """Batches of rows that are padded to the same length, as (whether they begin with `common`, rows)."""
        shelves: dict[tuple[bool, int], Group] = {}
        size = len(common)
        for index, ids in enumerate(whole):
            begun = bool(common) and ids[:size] == common and len(ids) > size
            rest = ids[size:] if begun else ids
            shelves.setdefault((begun, -(-len(rest) // STEP)), []).append((index, rest))
        for (begun, _), rows in sorted(shelves.items()):
            for first in range(0, len(rows), BATCH):
                yield begun, rows[first : first + BATCH]

    @torch.inference_mode()
    def _prefix(self, common: list[int]) -> Any:
        cache = DynamicCache(config=self._model.config)
        self._model(input_ids=torch.tensor([common]), cache=cache, use_cache=True)
        return cache

    @torch.inference_mode()
    def _generate(self, group: Group, common: list[int], kept: Any, max_new_tokens: int) -> list[list[int]]:
        """New tokens of each row. The batch is filled up with copies of its last row."""
        rows = [ids for _, ids in group]
        rows += [rows[-1]] * (BATCH - len(rows))
        length = -(-max(map(len, rows)) // STEP) * STEP
        # Padding stands between the shared beginning and the row: masked, and counted by no position.
        ids = torch.tensor([[*common, *[self._pad] * (length - len(row)), *row] for row in rows])
        mask = torch.tensor([[1] * len(common) + [0] * (length - len(row)) + [1] * len(row) for row in rows])
        more: dict[str, Any] = {}
        if kept is not None:
            cache = copy.deepcopy(kept)
            cache.batch_repeat_interleave(BATCH)
            more["cache"] = cache
        config = self._config(max_new_tokens)
        out = self._model.generate(input_ids=ids, attention_mask=mask, generation_config=config, **more)
        new: list[list[int]] = out[: len(group), ids.shape[1] :].tolist()
        return new

    def _completion(self, new: list[int], prompt_tokens: int) -> dict[str, Any]:
        end = next((index for index, token in enumerate(new) if token in self._ends), None)
        kept = new if end is None else new[:end]
        text = self._tokenizer.decode(kept, skip_special_tokens=True)
        finish = "length" if end is None else "stop"
        return asdict(Completion(text, prompt_tokens, len(kept), finish))
