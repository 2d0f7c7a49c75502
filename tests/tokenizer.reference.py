"""Writes tokenizer.reference.jsonl: what Hugging Face's own library (`pip install tokenizers==0.23.2`) makes of texts.

python tests/tokenizer.reference.py > tests/tokenizer.reference.jsonl
"""

import base64
import json

from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders as D
from tokenizers import models as M
from tokenizers import normalizers as N
from tokenizers import pre_tokenizers as P
from tokenizers import processors as PP
from tokenizers import trainers as T

TEXTS = [
    "The cat sat on the mat, and the dog didn't.",
    "don't I'm you'll he'd WE'RE it’s they've",
    "那只猫坐在垫子上,狗没有。",
    "我今天早上八点去了北京大学的图书馆。",
    "😀 family 👨‍👩‍👧‍👦 and ❤️ flags 🇩🇪!",
    "Das ist ein Café — naïve façade, ﬁne ½ ² Ⅷ １２３",
    "नमस्ते दुनिया, สวัสดีชาวโลก",
    "مرحبا بالعالم ٣٤٥",
    "日本語と中文とEnglishを混ぜる。カタカナ 한국어",
    "  leading and   double  spaces\t\ttabs\nnew\r\nlines  ",
    "a\u0301e\u0301 combining \u212b \u00c5",
    "<s>hello</s> <pad>x<unk> [MASK]ed  [MASK]  y hello cat",
    "ΣΑΣ ΟΔΟΣ İstanbul ẞ",
    "zero\u200bwidth\u200djoin\ufeffbom\u0085nel\u00a0nbsp\u3000ideo",
    "▁under ▁▁ score_s",
    "\x00\x01\x7f ctrl \ue000 \ufffd \u0378",
    "http://x.y/z?a=1&b=2#c $12.50 50% C++ [a](b) `code`",
    "",
    "   ",
    "…“quotes” ‘single’ «guill» 、。！？ hello .",
    "0123456789 1,000,000.00 3rd 4x",
    "𝔘𝔫𝔦 𠀀𠀁 🏳️‍🌈 猫abc猫 cat猫",
]
TRAINING = TEXTS * 2 + [
    "The cats and the dogs are sitting on the mats.",
    "There is another library in the other city.",
    "这只狗坐在那只猫的垫子上。",
    "北京的图书馆今天没有开。",
    "Die Katze sitzt auf der Matte, der Hund nicht.",
] * 3
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
BYTES = P.ByteLevel.alphabet()
CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = (
    CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + CONTRACTIONS + "?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + CONTRACTIONS + "?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BLOOM = " ?[^(\\s|[.,!?…。，、।۔،])]+"
PATTERNS = [
    LLAMA3, O200K, BLOOM, r"\w", r"[\w]", r"\W+", r"\d", r"\D+", r"\h+", r"\s", r"\S+", ".", "^", "$", r"\b", r"\Bt",
    "(?i)THE", "(?i:[a-c]+)t", "(?i:'s)|k", "[a-z&&[^aeiou]]+", "[[:alpha:]]+", "[[:punct:]]+", "[^[:space:]]+",
    r"[\s\S]{2}", r"\p{Han}+", r"\p{^L}+", r"\P{L}+", r"\p{letter}+", r"\x{732b}", "\\u732b|\\t", "[\\x{4e00}-\\x{9fff}]+",
    r"(?<=a)t|c(?=a)", r"(?<!a)t|c(?!a)", r"a++t|\s++", r"(?>s+)s|(?>th)e", r"(\w)\1", r"(?<x>\w)\k<x>", r"\A.|.\z", r"(?m:.)",
    r"o{,2}n", r"(?:s{1,2})+", r"[-+a]|[\]\[]", r"[^]a]", r"(?#note)the", r"\n|\R", "a{", r"[\-.]+", "é|Å",
]  # fmt: skip

# made by SentencePiece of the rules ﬁ → fi, Ⅱ → II, A◌́ → Á, e◌́ → é, ideographic space → space, １ → 1, 😀 → :), 一 → 1 and
# zero-width space → nothing
CHARACTER_MAP = (
    "AAQAAAAAAQBBPAMAzAACAIEdAAAOAACAzAgCAIEFAAARAACAgCQCAAAAAICLDQAAoR0AAAgAAICFnAIAgAQCAIB9AAABAACAuAwCAIAFAAAD"
    "AACAgQUAAAsAAICfWAIAkREAAJgEAgCADQAABQAAgBoAAAAdAAAAHAAAAB8AAAAeAAAArNQCACAAAAAjAAAAIgAAACUAAABlsAMAJwAAACYA"
    "AAApAAAAKAAAACsAAAAqAAAALQAAACwAAAAvAAAALgAAALzYAgAwAAAAMwAAADIAAAA1AAAANAAAADcAAAA2AAAAOQAAADgAAAA7AAAAOgAA"
    "AD0AAAA8AAAAPwAAAD4AAABBAAAAQAAAAEMAAABCAAAARQAAAEQAAABHAAAARgAAAEkAAABIAAAASwAAAEoAAABNAAAATAAAAE8AAABOAAAA"
    "UQAAAFAAAABTAAAAUgAAAFUAAABUAAAAVwAAAFYAAABZAAAAWAAAAFsAAABaAAAAXQAAAFwAAABfAAAAXgAAAGEAAABgAAAAYwAAAGIAAABl"
    "AAAAZAAAAGcAAABmAAAAaQAAAGgAAABrAAAAagAAAG0AAABsAAAAbwAAAG4AAABxAAAAcAAAAHMAAAByAAAAdQAAAHQAAAB3AAAAdgAAAHkA"
    "AAB4AAAAewAAAHoAAAB9AAAAfAAAAH8AAAB+AAAAgQAAAIAAAACDAAAAggAAAIUAAACEAAAAhwAAAIYAAACJAAAAiAAAAIsAAACKAAAAjQAA"
    "AIwAAACPAAAAjgAAAJEAAACQAAAAkwAAAJIAAACVAAAAlAAAAJcAAACWAAAAmQAAAJgAAACbAAAAmgAAAJ0AAACcAAAAnwAAAJ4AAAChAAAA"
    "oAAAAOKoAADjtAAA5DQAAKQAAACnAAAApgAAAKkAAACoAAAAqwAAAKoAAACtAAAArAAAAK8AAADvjAAA8OQAALAAAACzAAAAsgAAALUAAAC0"
    "AAAAtwAAALYAAAC5AAAAuAAAALsAAAC6AAAAvQAAALwAAAC/AAAAvgAAAMEAAADAAAAAwwAAAMIAAADFAAAAxAAAAMcAAADGAAAAyQAAAMgA"
    "AADLAAAAygAAAM0AAADMAAAAzwAAAM4AAADRAAAA0AAAANMAAADSAAAA1QAAANQAAADXAAAA1gAAANkAAADYAAAA2wAAANoAAADdAAAA3AAA"
    "AN8AAADeAAAA4QAAAOAAAADjAAAA4gAAAOUAAADkAAAA5wAAAOYAAADpAAAA6AAAAOsAAADqAAAA7QAAAOwAAADvAAAA7gAAAPEAAADwAAAA"
    "8wAAAPIAAAD1AAAA9AAAAPcAAAD2AAAA+QAAAPgAAAD7AAAA+gAAAP0AAAD8AAAA/wAAAP4AAAAAIAAxADopAElJAGZpAMOBAMOpAA=="
)


def step(part):
    """A part of the pipeline as the file writes it."""
    text = part.__getstate__()
    return json.loads(text.decode() if isinstance(text, bytes) else text)


def line(**case):
    print(json.dumps(case, ensure_ascii=False, separators=(",", ":")))


def normalizers():
    yield from (N.NFC(), N.NFD(), N.NFKC(), N.NFKD(), N.Lowercase(), N.StripAccents(), N.Nmt(), N.ByteLevel())
    yield from (N.Strip(), N.Strip(left=False), N.Strip(right=False), N.Prepend("▁"), N.Replace(".", "$&!"))
    yield from (N.Replace(Regex(r"\s+"), " "), N.BertNormalizer(), N.BertNormalizer(lowercase=False))
    yield N.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=True)
    yield N.Sequence([N.NFD(), N.StripAccents(), N.Lowercase()])
    yield N.Precompiled(base64.b64decode(CHARACTER_MAP))


def pre_tokenizers():
    yield from (P.ByteLevel(True), P.ByteLevel(False), P.ByteLevel(False, use_regex=False))
    yield from (P.Whitespace(), P.WhitespaceSplit(), P.BertPreTokenizer(), P.CharDelimiterSplit("t"))
    yield from (P.Digits(True), P.Digits(False), P.FixedLength(length=4), P.Split(" ", "merged_with_next"))
    for scheme in ("always", "first", "never"):
        yield P.Metaspace(prepend_scheme=scheme)
    yield P.Metaspace(split=False)
    yield P.Sequence([P.WhitespaceSplit(), P.Metaspace(prepend_scheme="first"), P.Digits(True)])
    for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"):
        yield P.Punctuation(behavior)
        for invert in (False, True):
            yield P.Split(Regex(r"[\s\p{P}]"), behavior, invert)


def decoders():
    words = ["▁The", "▁cat", "s", "##s", "Ġa", "<0xE7>", "<0x8C>", "<0xAB>", "<0xE7>", "x", " .", " ", "n't", "猫", "猫", "a</w>", "Ã©"]
    for decoder in (
        D.ByteLevel(), D.WordPiece(), D.WordPiece(cleanup=False), D.Metaspace(), D.Metaspace(prepend_scheme="never"),
        D.BPEDecoder(), D.ByteFallback(), D.Fuse(), D.Strip("▁", 1, 0), D.Strip("s", 0, 1), D.Replace("▁", "$1"),
        D.CTC("s", "|"), D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)]),
    ):  # fmt: skip
        for tokens in (words, ["Ġthe", "Ġæ", "Ĺ¥"], ["▁▁x", "▁y", "##", "##z"], []):
            yield decoder, tokens


def bpe(normalizer, pre_tokenizer, decoder, post=None, alphabet=(), added=(), model=None, **trainer):
    t = Tokenizer(model or M.BPE(unk_token=None if alphabet else "<unk>"))
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre_tokenizer
    options = {"vocab_size": 450, "special_tokens": SPECIAL, **trainer}
    t.train_from_iterator(TRAINING, T.BpeTrainer(initial_alphabet=list(alphabet), show_progress=False, **options))
    t.decoder = decoder
    if post:
        t.post_processor = post
    t.add_tokens(list(added))
    return t


def changed(t, **model):
    file = json.loads(t.to_str())
    file["model"].update(model)
    return Tokenizer.from_str(json.dumps(file))


def word_piece(normalizer):
    t = Tokenizer(M.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizer
    t.pre_tokenizer = P.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t.train_from_iterator(
        [x for x in TRAINING if "猫" not in x], T.WordPieceTrainer(vocab_size=350, special_tokens=special, show_progress=False)
    )
    t.decoder = D.WordPiece()
    t.post_processor = PP.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return t


def unigram(fallback):
    t = Tokenizer(M.Unigram())
    t.normalizer = N.Sequence([N.Nmt(), N.NFKC(), N.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = P.Metaspace()
    special = SPECIAL + [f"<0x{i:02X}>" for i in range(256)] * fallback
    seen = [x for x in TRAINING if "😀" not in x]
    t.train_from_iterator(
        seen, T.UnigramTrainer(vocab_size=400 + 256 * fallback, special_tokens=special, unk_token="<unk>", show_progress=False)
    )
    t.decoder = D.Sequence([D.ByteFallback(), D.Metaspace()])
    file = json.loads(t.to_str())
    file["model"]["byte_fallback"] = fallback
    file["added_tokens"] = file["added_tokens"][:4]
    return Tokenizer.from_str(json.dumps(file))


def tokenizers():
    both = PP.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    roberta = PP.RobertaProcessing(("</s>", 2), ("<s>", 1))
    mask = AddedToken("[MASK]", lstrip=True, special=True)
    words = [mask, AddedToken("hello", single_word=True), AddedToken("cat", rstrip=True)]
    yield "gpt2", bpe(None, P.ByteLevel(False), D.ByteLevel(), PP.ByteLevel(), BYTES)
    yield "roberta", bpe(N.NFC(), P.ByteLevel(True), D.ByteLevel(), roberta, BYTES, words)
    llama3 = P.Sequence([P.Split(Regex(LLAMA3), "isolated"), P.ByteLevel(False, use_regex=False)])
    yield "llama3", changed(bpe(None, llama3, D.ByteLevel(), both, BYTES), ignore_merges=True)
    bytes_ = [f"<0x{i:02X}>" for i in range(256)]
    spm = bpe(None, P.Metaspace(), None, both, special_tokens=SPECIAL + bytes_, vocab_size=700, limit_alphabet=60)
    spm.normalizer = N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")])
    spm.decoder = D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)])
    file = json.loads(spm.to_str())
    file["added_tokens"] = file["added_tokens"][:4]
    spm = Tokenizer.from_str(json.dumps({**file, "pre_tokenizer": None}))
    yield "llama", changed(spm, byte_fallback=True, fuse_unk=True)
    yield "fused unknown", changed(spm, fuse_unk=True)
    yield "unknown", spm
    suffix = {"end_of_word_suffix": "</w>"}
    split = P.Sequence([P.WhitespaceSplit(), P.Punctuation()])
    model = M.BPE(unk_token="<unk>", **suffix)
    yield "sennrich", bpe(N.Lowercase(), split, D.BPEDecoder("</w>"), model=model, limit_alphabet=60, **suffix)
    prefix = {"continuing_subword_prefix": "##"}
    model = M.BPE(unk_token="<unk>", **prefix)
    yield "prefix", bpe(N.Lowercase(), P.Whitespace(), D.WordPiece(), model=model, limit_alphabet=60, **prefix)
    yield "bert", word_piece(N.BertNormalizer())
    yield "unigram", unigram(False)
    yield "unigram, bytes", unigram(True)


line(texts=TEXTS, training=TRAINING)
for part in normalizers():
    line(kind="normalizer", step=step(part), want=[part.normalize_str(t) for t in TEXTS])
for part in pre_tokenizers():
    line(kind="pre-tokenizer", step=step(part), want=[[p for p, _ in part.pre_tokenize_str(t)] for t in TEXTS])
for pattern in PATTERNS:
    part = P.Split(Regex(pattern), "isolated")
    line(kind="pattern", pattern=pattern, want=[[p for p, _ in part.pre_tokenize_str(t)] for t in TEXTS])
for part, tokens in decoders():
    line(kind="decoder", step=step(part), tokens=tokens, want=part.decode(tokens))
for name, t in tokenizers():
    plain = [t.encode(x, add_special_tokens=False).ids for x in TEXTS]
    pairs = [t.encode(x, "B b.") for x in TEXTS]
    line(
        kind="tokenizer",
        name=name,
        file=json.loads(t.to_str()),
        ids=plain,
        pairs=[p.ids for p in pairs],
        types=[p.type_ids for p in pairs],
        kept=[t.decode(i, skip_special_tokens=False) for i in plain],
        skipped=[t.decode(i, skip_special_tokens=True) for i in plain],
    )
for bytes_ in (True, False):
    pre = P.ByteLevel(False) if bytes_ else P.Metaspace()
    t = bpe(None, pre, None, alphabet=BYTES if bytes_ else (), min_frequency=2, vocab_size=600)
    line(kind="training", bytes=bytes_, model=json.loads(t.to_str())["model"])
