"""Sentence pairs from files to batches, each process its share of every batch."""

from __future__ import annotations

import gzip
import hashlib
import random
from array import array
from collections import Counter
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from torch import Tensor
from torch.utils.data import Sampler

from modeling_heddle import pad
from tokenization_heddle import Tokenizer

Example = Tuple[List[int], List[int]]
"""Ids of a source with its end mark, and of a target with both marks."""


class PairFiles:
    """One tab-separated file (source, tab, target; more columns are left alone), or two files of parallel lines.

    Either may be gzipped. Lines that are no pair are passed over and counted in `bad` by reason.
    """

    def __init__(self, paths: Sequence[Union[str, Path]]) -> None:
        if len(paths) not in (1, 2):
            raise ValueError(f"data: {len(paths)} files, expected one of pairs, or two of parallel lines.")
        self.paths = [Path(path) for path in paths]
        self.bad: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Tuple[str, str]]:
        self.bad.clear()
        files = [open_lines(path) for path in self.paths]
        try:
            for lines in zip_longest(*files):
                texts = [None if line is None else decode_line(line) for line in lines]
                pair = self.pair_of(texts)
                if pair is not None:
                    yield pair
        finally:
            for file in files:
                file.close()

    def pair_of(self, texts: Sequence[Optional[str]]) -> Optional[Tuple[str, str]]:
        cells = [text for text in texts if text is not None]
        if len(cells) < len(texts):
            self.bad["not UTF-8, or without a partner"] += 1
            return None
        if not any(cells):
            return None  # an empty line is nothing to speak of
        if len(self.paths) == 1:
            cells = cells[0].split("\t")[:2]
        cells = [cell.strip() for cell in cells]
        if len(cells) == 2 and all(cells):
            return cells[0], cells[1]
        self.bad["an empty side" if len(cells) == 2 else "no tab"] += 1
        return None

    def __str__(self) -> str:
        return " + ".join(map(str, self.paths))


def open_lines(path: Path) -> Union[BinaryIO, gzip.GzipFile]:
    with open(path, "rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if zipped else open(path, "rb")


def decode_line(line: bytes) -> Optional[str]:
    try:
        return line.decode("utf-8").lstrip("\ufeff").rstrip("\r\n")
    except UnicodeDecodeError:
        return None


def encode_pairs(pairs: PairFiles, source: Tokenizer, target: Tokenizer, max_tokens: int) -> List[Example]:
    """Pairs of which a side has more than `max_tokens`, marks counted, are left out and counted as bad."""
    examples = []
    for text, translation in pairs:
        example = [*source.encode(text), source.eos], [target.bos, *target.encode(translation), target.eos]
        if max(map(len, example)) <= max_tokens:
            examples.append(example)
        else:
            pairs.bad[f"more than {max_tokens} tokens"] += 1
    if not examples:
        reasons = ", ".join(f"{count} with {reason}" for reason, count in pairs.bad.items()) or "the file is empty"
        raise ValueError(f"{pairs}: no sentence pairs: {reasons}. Expected source, tab, target on each line.")
    return examples


class TokenBatches(Sampler):
    """Batches of sentences of like length, filled by a budget of tokens (section 5.1 of the paper).

    Every process makes the same batches in the same order, which seed and epoch decide, and takes its rows of each,
    maybe none: what is learnt does not depend on the number of processes.
    """

    def __init__(
        self, examples: Sequence[Example], batch_tokens: int, seed: int, rank: int = 0, world: int = 1
    ) -> None:
        self.lengths = [max(len(source), len(target)) for source, target in examples]
        self.batch_tokens = batch_tokens
        self.seed = seed
        self.rank = rank
        self.world = world
        self.epoch = 0
        self.start = 0

    def set_position(self, epoch: int, start: int = 0) -> None:
        """The epoch to give next, from this batch on."""
        self.epoch = epoch
        self.start = start

    def batches(self) -> List[List[int]]:
        """All rows of all batches of the epoch."""
        order = list(range(len(self.lengths)))
        shuffler = random.Random(f"{self.seed} {self.epoch}")
        shuffler.shuffle(order)
        order.sort(key=self.lengths.__getitem__)
        batches: List[List[int]] = [[]]
        for i in order:
            # The longest comes last, so this is the width of the batch.
            if batches[-1] and self.lengths[i] * (len(batches[-1]) + 1) > self.batch_tokens:
                batches.append([])
            batches[-1].append(i)
        shuffler.shuffle(batches)
        return batches

    def __iter__(self) -> Iterator[List[int]]:
        for rows in self.batches()[self.start :]:
            yield rows[self.rank :: self.world]

    def __len__(self) -> int:
        return len(self.batches()) - self.start


class Batch(NamedTuple):
    source: Tensor
    """What the encoder reads, [batch, S]."""
    input: Tensor
    """What the decoder reads: all but the last token, [batch, L]."""
    expected: Tensor
    """What it must predict: all but the start mark, [batch, L]."""


def collate(examples: Sequence[Example], pad_id: int) -> Batch:
    return Batch(
        pad([source for source, _ in examples], pad_id),
        pad([target[:-1] for _, target in examples], pad_id),
        pad([target[1:] for _, target in examples], pad_id),
    )


def fingerprint(examples: Sequence[Example], *settings: object) -> str:
    """SHA-256 of all ids and of what else decides the batches."""
    digest = hashlib.sha256(repr(settings).encode("utf-8"))
    for source, target in examples:
        digest.update(array("i", [len(source), *source, *target]).tobytes())
    return digest.hexdigest()
