"""Text to token ids and back, as tokenizer.json says.

Any file works where the package `tokenizers` is installed. Without it the four kinds that heddle makes are read here:
words, characters, and byte-pair encoding of characters or of bytes.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Mapping, Tuple, Union

from checkpoint_heddle import read_config

try:
    import tokenizers
except ImportError:
    tokenizers = None  # type: ignore[assignment]

SOURCE = "tokenizer.json"
TARGET = "tokenizer.target.json"


class Tokenizer:
    """`encode` gives ids without marks; `decode` gives text up to the end mark."""

    def __init__(self, file: Mapping[str, Any], marks: Mapping[str, int]) -> None:
        """`marks`: the ids of "bos", "eos" and "unk", as config.json has them."""
        self.bos, self.eos, self.unk = marks["bos"], marks["eos"], marks["unk"]
        added = file.get("added_tokens") or []
        self.special: Dict[str, int] = {token["content"]: token["id"] for token in added if token["special"]}

    def encode(self, text: str) -> List[int]:
        raise NotImplementedError

    def join(self, ids: List[int]) -> str:
        """Text of ids, marks and all."""
        raise NotImplementedError

    def decode(self, ids: Iterable[int]) -> str:
        """Marks and padding are left out, but for the unknown token: it stands for text."""
        silent = set(self.special.values()) - {self.unk}
        kept = []
        for id in ids:
            if id == self.eos:
                break
            if id not in silent:
                kept.append(id)
        return self.join(kept)


def load_tokenizers(folder: Union[str, Path]) -> Tuple[Tokenizer, Tokenizer]:
    """Those of source and target; one file may serve both."""
    source, target = Path(folder) / SOURCE, Path(folder) / TARGET
    marks = read_config(folder)["marks"]
    first = load_tokenizer(source, marks["source"])
    return first, load_tokenizer(target, marks["target"]) if target.exists() else first


def load_tokenizer(path: Path, marks: Mapping[str, int]) -> Tokenizer:
    text = path.read_text(encoding="utf-8")
    if tokenizers is not None:
        return PackageTokenizer(text, marks)
    return PlainTokenizer(json.loads(text), marks, str(path))


class PackageTokenizer(Tokenizer):
    """By the package `tokenizers`: any file."""

    def __init__(self, text: str, marks: Mapping[str, int]) -> None:
        super().__init__(json.loads(text), marks)
        self.tokenizer = tokenizers.Tokenizer.from_str(text)

    def encode(self, text: str) -> List[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def join(self, ids: List[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=False)


class PlainTokenizer(Tokenizer):
    """By nothing but Python: the kinds that heddle makes."""

    def __init__(self, file: Mapping[str, Any], marks: Mapping[str, int], source: str) -> None:
        super().__init__(file, marks)
        steps, kind = [NORMALIZERS.get(spelled(step)) for step in normalizers_of(file)], KINDS.get(kind_of(file))
        if kind is None or None in steps:
            raise ValueError(
                f"{source}: not one of heddle's own tokenizers. Install the package tokenizers to read it."
            )
        self.steps = [step for step in steps if step is not None]
        self.cut, self.join_tokens = kind
        self.ids: Dict[str, int] = file["model"]["vocab"]
        self.tokens = {id: token for token, id in {**self.ids, **self.special}.items()}
        merges = file["model"].get("merges")
        self.ranks = None if merges is None else {pair_of(merge): rank for rank, merge in enumerate(merges)}
        self.pieces = lru_cache(maxsize=20_000)(self.encode_piece)
        self.find_marks = re.compile("(" + "|".join(map(re.escape, sorted(self.special, key=len, reverse=True))) + ")")

    def encode(self, text: str) -> List[int]:
        ids: List[int] = []
        # Every second part is a mark, which means itself.
        for place, part in enumerate(self.find_marks.split(text) if self.special else [text]):
            if place % 2 == 1:
                ids.append(self.special[part])
            else:
                for step in self.steps:
                    part = step(part)
                for piece in self.cut(part):
                    ids.extend(self.pieces(piece))
        return ids

    def encode_piece(self, piece: str) -> Tuple[int, ...]:
        symbols = [piece] if self.ranks is None else merge_pairs(list(piece), self.ranks)
        return tuple(self.ids.get(symbol, self.unk) for symbol in symbols)

    def join(self, ids: List[int]) -> str:
        return self.join_tokens([self.tokens.get(id, "<unk>") for id in ids])


def pair_of(merge: Union[str, List[str]]) -> Tuple[str, str]:
    """Merges are written "a b" or ["a", "b"]."""
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return left, right


def merge_pairs(symbols: List[str], ranks: Mapping[Tuple[str, str], int]) -> List[str]:
    """Merges neighbours, those first that were learnt first (Sennrich, Haddow and Birch 2016)."""
    while len(symbols) > 1:
        rank, at = min((ranks.get(pair, len(ranks)), i) for i, pair in enumerate(zip(symbols, symbols[1:])))
        if rank == len(ranks):
            break
        symbols[at : at + 2] = [symbols[at] + symbols[at + 1]]
    return symbols


# Python's `re` has no classes like \p{L}. So a text is written once more, with one letter for the class of each
# character, and patterns look into that: L letter, M mark, N number, A apostrophe, B blank, S other white space, F byte
# order mark, _ the sign ▁ that stands for a blank, O anything else.
SPACES = "\t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
CLASSES = {" ": "B", "'": "A", "’": "A", "▁": "_", "\ufeff": "F", **dict.fromkeys(SPACES, "S")}
WHITE = re.compile(f"[ \ufeff{SPACES}]+")


@lru_cache(maxsize=None)
def class_of(character: str) -> str:
    category = unicodedata.category(character)[0]
    return CLASSES.get(character) or (category if category in "LMN" else "O")


def find(pattern: str, text: str) -> List[str]:
    """The parts of a text whose classes match."""
    classes = "".join(map(class_of, text))
    return [text[match.start() : match.end()] for match in re.finditer(pattern, classes)]


def cut_words(text: str) -> List[str]:
    """Runs of letters, marks and digits with inner apostrophes, or one other visible character."""
    return find("[LMN]+(?:AL+)*|[^BSFLMN]", text)


def join_words(tokens: List[str]) -> str:
    """A space before each word, but not before . , ! ? ; :"""
    text = "".join(token if token[:1] in set(".,!?;:") else " " + token for token in tokens)
    return text[1:] if text.startswith(" ") else text


def cut_character_pairs(text: str) -> List[str]:
    """Words, numbers and other characters, each with the ▁ that stands for the space before it."""
    marked = text.replace(" ", "▁")
    if marked and not marked.startswith("▁"):
        marked = "▁" + marked
    return find("_?[LM]+(?:AL+)*|_?N+|_?[^_LMN]+|_", marked)


def join_character_pairs(tokens: List[str]) -> str:
    return "".join(token.replace("▁", " " if place else "") for place, token in enumerate(tokens))


def byte_characters() -> List[str]:
    """The visible character that stands for each byte (Radford et al. 2019, `bytes_to_unicode`)."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(0x100)]


CHARACTERS = byte_characters()
BYTES = {character: bytes([byte]) for byte, character in enumerate(CHARACTERS)}
CONTRACTION = re.compile("'(?:s|t|re|ve|m|ll|d)")
GPT2 = re.compile("B?L+|B?N+|B?[^BSLN]+|[BS]+(?![^BS])|[BS]+")


def cut_bytes(text: str) -> List[str]:
    """GPT-2's words, spelled in byte characters."""
    classes = "".join(map(class_of, text))
    pieces = []
    at = 0
    while at < len(text):
        match = CONTRACTION.match(text, at) or GPT2.match(classes, at)
        assert match is not None, "the classes of the pattern cover all characters"
        pieces.append("".join(CHARACTERS[byte] for byte in text[at : match.end()].encode("utf-8", "replace")))
        at = match.end()
    return pieces


def join_bytes(tokens: List[str]) -> str:
    data = b"".join(
        b"".join(BYTES[c] for c in token) if all(c in BYTES for c in token) else token.encode("utf-8")
        for token in tokens
    )
    return data.decode("utf-8", "replace")


def spelled(step: Mapping[str, Any]) -> str:
    """A step of a normalizer, in words."""
    pattern = step.get("pattern", {}).get("Regex")
    return step["type"] if pattern is None else f"{step['type']} {pattern} by {step['content']!r}"


def normalizers_of(file: Mapping[str, Any]) -> List[Mapping[str, Any]]:
    normalizer = file.get("normalizer")
    return normalizer.get("normalizers", [normalizer]) if normalizer else []


NORMALIZERS: Mapping[str, Callable[[str], str]] = {
    "NFC": lambda text: unicodedata.normalize("NFC", text),
    # Character by character: a Σ is σ at the end of a word, too.
    "Lowercase": lambda text: "".join(map(str.lower, text)),
    r"Replace [\s\uFEFF]+ by ' '": lambda text: WHITE.sub(" ", text),
    "Strip": lambda text: text.strip(" "),
}


def kind_of(file: Mapping[str, Any]) -> Tuple[str, str]:
    """How text is cut, and by which model: what tells heddle's kinds from one another and from all others."""
    cut = file.get("pre_tokenizer") or {}
    cut = cut.get("pretokenizers", [cut])[-1]
    pattern = cut.get("pattern", {}).get("Regex", cut.get("type", ""))
    return pattern, file["model"].get("type", "")


KINDS: Mapping[Tuple[str, str], Tuple[Callable[[str], List[str]], Callable[[List[str]], str]]] = {
    (r"[\p{L}\p{M}\p{N}]+(?:['’]\p{L}+)*|[^\s\uFEFF\p{L}\p{M}\p{N}]", "WordLevel"): (cut_words, join_words),
    (r"[\s\S]", "WordLevel"): (list, "".join),
    (r"▁?[\p{L}\p{M}]+(?:['’]\p{L}+)*|▁?\p{N}+|▁?[^▁\p{L}\p{M}\p{N}]+", "BPE"): (
        cut_character_pairs,
        join_character_pairs,
    ),
    ("ByteLevel", "BPE"): (cut_bytes, join_bytes),
}
