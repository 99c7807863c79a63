"""Ids and texts of every step that a tokenizer.json may have, for packages/tokenizers/src/json/steps.test.ts.

usage: python tools/golden/tokenizer_steps.py OUT   # tokenizers 0.23.2; OUT = packages/tokenizers/test/golden
Writes OUT/tokenizer-steps.json: two small models whose merges go across words, so that ids tell where a text is split; cases that put steps before and behind
them; and for each case 5 characters of the SHA-256 of the ids of each text, and of the decoded texts of drawn ids. Texts as in tokenizer_real.py.
"""
import json
import pathlib
import random
import sys

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from tokenizer_real import Draw, make_texts, short_digest
import tokenizers

COUNT = 120
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
FALL = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}


def train(texts, byte_level, size):
    tokenizer = Tokenizer(models.BPE(byte_fallback=not byte_level, unk_token=None if byte_level else "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.FixedLength(12), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]) if byte_level else pre_tokenizers.FixedLength(12)
    special = ["<unk>"] + ([] if byte_level else [f"<0x{b:02X}>" for b in range(256)])
    alphabet = pre_tokenizers.ByteLevel.alphabet() if byte_level else [c for c in map(chr, range(32, 127))] + list("\u2581\n日本語éßσς")
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=size, special_tokens=special, initial_alphabet=alphabet, limit_alphabet=len(alphabet), show_progress=False))
    return json.loads(tokenizer.to_str())["model"]


def split(regex, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert}


def added(content, special=False, **flags):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": special, **flags}


BEHAVIORS = ["Isolated", "Removed", "Contiguous", "MergedWithPrevious", "MergedWithNext"]
EXPRESSIONS = [
    r"\p{N}{1,3}", r"\s+", r"\w+", r"\W", r"\d", r"\bthe\b", r"[^\s\w]+", r"\s+$", r"^\s", r"(?i:'s|'t|'re|'ve|'m|'ll|'d|k)", r"(?i)model", r"(?i:[sdmtk])+", r"\p{Lu}\p{Ll}*", r"[\p{Lo}\p{Lm}]", r"[a-z\d_]++",
    r"(?>a|ab)c?", r"(?<=\d)\.(?=\d)", r"(?<!\s)\S", r".", r"[^\n]*\n", r"\h+", r"\x41|\x{e9}|\u65e5", r"[:/\\\-]+", r"[\[\]()]", r"[[a-c][x-z]]", r"a{,2}b", r"o{2}", r"(?=[A-Z])", r"x*", r"\p{^L}+", r"\P{M}", r"\p{Han}+",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
]


def cases():
    pre = lambda *steps: {"model": "bytes", "pre_tokenizer": {"type": "Sequence", "pretokenizers": [*steps, BYTES]}, "decoder": BYTES}
    for regex in [True, False]:
        for prefix in [True, False]:
            yield f"ByteLevel {regex} {prefix}", {"model": "bytes", "pre_tokenizer": {**BYTES, "use_regex": regex, "add_prefix_space": prefix}, "decoder": BYTES}
    for expression in EXPRESSIONS:
        yield f"Split {expression}", pre(split(expression))
    for behavior in BEHAVIORS:
        for expression in [r"\s", r"\d+", "[aeiou]", "(?=e)"]:
            yield f"{behavior} {expression}", pre(split(expression, behavior))
            yield f"{behavior} not {expression}", pre(split(expression, behavior, True))
        yield f"Punctuation {behavior}", pre({"type": "Punctuation", "behavior": behavior})
        yield f"String {behavior}", pre({"type": "Split", "pattern": {"String": "."}, "behavior": behavior, "invert": False})
    for individual in [True, False]:
        yield f"Digits {individual}", pre({"type": "Digits", "individual_digits": individual})
    for step in ["Whitespace", "WhitespaceSplit", "BertPreTokenizer"]:
        yield step, pre({"type": step})
    yield "FixedLength", pre({"type": "FixedLength", "length": 5})
    yield "CharDelimiterSplit", pre({"type": "CharDelimiterSplit", "delimiter": "e"})
    yield "ByteLevel before others", {"model": "bytes", "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{**BYTES, "use_regex": True}, {"type": "Digits", "individual_digits": True}]}}
    for scheme in ["first", "always", "never"]:
        for cut in [True, False]:
            yield f"Metaspace {scheme} {cut}", {"model": "characters", "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": cut}, "decoder": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": cut}}
    yield "Metaspace behind a Split", {"model": "characters", "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split(r"\d", "Removed"), {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": True}]}}
    steps = [{"type": name} for name in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"]]
    steps += [{"type": "Strip", "strip_left": left, "strip_right": right} for left, right in [(True, True), (True, False), (False, True)]]
    steps += [{"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}, {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, {"type": "Replace", "pattern": {"Regex": "x+"}, "content": "-"}, {"type": "Replace", "pattern": {"String": "e"}, "content": "ee$&"}]
    for step in steps:
        yield f"normalizer {json.dumps(step)}", {"model": "bytes", "normalizer": step, "pre_tokenizer": BYTES, "decoder": BYTES}
    llama = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]}
    yield "LLaMA 2", {"model": "characters", "normalizer": llama, "decoder": FALL}
    yield "Gemma 3", {"model": "characters", "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}, "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}, "decoder": FALL}
    for options in [{"byte_fallback": False}, {"byte_fallback": False, "fuse_unk": True}, {"byte_fallback": False, "unk_token": None}, {"ignore_merges": True}]:
        yield f"BPE {json.dumps(options)}", {"model": "characters", "options": options, "pre_tokenizer": split(r"\s+"), "decoder": FALL}
    tokens = [added("cat", single_word=True), added("the", lstrip=True), added("model", rstrip=True), added("MODEL", normalized=True), added("<s>", True), added("</s>", True, lstrip=True, rstrip=True), added("'s", single_word=True, normalized=True), added(" d", lstrip=True), added("日本", single_word=True)]
    for normalizer in [None, {"type": "Lowercase"}, llama]:
        yield f"added tokens {json.dumps(normalizer)}", {"model": "characters", "normalizer": normalizer, "added_tokens": tokens, "decoder": FALL}
    yield "no decoder", {"model": "characters", "added_tokens": tokens}
    yield "WordPiece decoder", {"model": "characters", "decoder": {"type": "WordPiece", "prefix": "th", "cleanup": True}}
    yield "BPE decoder", {"model": "characters", "decoder": {"type": "BPEDecoder", "suffix": "e"}}
    yield "Strip decoder", {"model": "characters", "decoder": {"type": "Strip", "content": "t", "start": 2, "stop": 0}}
    small = {"a": 0, "b": 1, "ab": 2, "##b": 3, "##a": 4, "##ab": 5, "<unk>": 6, "日": 7, "##日": 8}
    yield "WordPiece", {"own": {"type": "WordPiece", "unk_token": "<unk>", "continuing_subword_prefix": "##", "max_input_chars_per_word": 20, "vocab": small}, "pre_tokenizer": {"type": "Whitespace"}, "texts": "ab"}
    yield "WordLevel", {"own": {"type": "WordLevel", "unk_token": "<unk>", "vocab": small}, "pre_tokenizer": {"type": "Whitespace"}, "texts": "ab"}
    bpe = {"type": "BPE", "unk_token": "<unk>", "vocab": {"a": 0, "b": 1, "##b": 2, "##a": 3, "b!": 4, "##b!": 5, "##a!": 6, "a!": 7, "ab": 8, "ab!": 9, "<unk>": 10}, "merges": [["a", "##b"], ["a", "##b!"]]}
    yield "BPE affixes", {"own": {**bpe, "continuing_subword_prefix": "##", "end_of_word_suffix": "!"}, "pre_tokenizer": {"type": "Whitespace"}, "texts": "ab"}
    scores = [["<unk>", 0.0], ["a", -1.0], ["b", -1.0], ["ab", -2.0], ["ba", -2.0], ["aba", -3.0], ["\u2581", -1.5], ["\u2581a", -2.5], ["bb", -1.25], [" ", -1.0]]
    for fallback in [False, True]:
        tokens_of_bytes = [[f"<0x{b:02X}>", -9.0] for b in range(256)] if fallback else []
        yield f"Unigram {fallback}", {"own": {"type": "Unigram", "unk_id": 0, "vocab": scores + tokens_of_bytes, "byte_fallback": fallback}, "texts": "ab", "decoder": FALL}


def letters():
    random.seed(17)
    return ["".join(random.choice("aaabbb  日éx\u2581\U0001f600") for _ in range(random.randint(0, 24))) for _ in range(COUNT)]


def main():
    out = pathlib.Path(sys.argv[1])
    table = json.loads((out / "text-parts.json").read_text())
    texts = make_texts(table, [" cat", "cats", " the ", "MODEL", "Model", " 's ", "<s>", "  </s>  "], COUNT)
    corpus = [text.replace(" ", "\u2581") if i % 2 else text for i, text in enumerate(make_texts({**table, "seed": 99}, [], 3000))]
    shared = {"bytes": train(corpus, True, 900), "characters": train(corpus, False, 900)}
    golden = {"origin": f"tokenizers {tokenizers.__version__}", "models": shared, "cases": []}
    for name, case in cases():
        model = case.get("own") or {**shared[case["model"]], **case.get("options", {})}
        size = len(model["vocab"])
        tokens, known = [], set(token for token in model["vocab"] if isinstance(token, str))
        for token in case.get("added_tokens", []):
            new = token["content"] not in known
            tokens.append({"id": size + len([t for t in tokens if t["id"] >= size]) if new else model["vocab"][token["content"]], **token})
        file = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens, "normalizer": case.get("normalizer"), "pre_tokenizer": case.get("pre_tokenizer"), "post_processor": None, "decoder": case.get("decoder"), "model": model}
        try:
            tokenizer = Tokenizer.from_str(json.dumps(file))
        except Exception as error:
            raise SystemExit(f'{name}: {error}')
        highest = size + len(tokens)
        draw = Draw(3)
        drawn = [[draw.below(highest if draw.below(2) else min(highest, 260)) for _ in range(1 + draw.below(12))] for _ in range(40)]
        ids = "".join(short_digest(",".join(map(str, tokenizer.encode(text, add_special_tokens=False).ids))) for text in (letters() if "texts" in case else texts))
        decoded = "".join(short_digest(tokenizer.decode(each)) for each in drawn)
        golden["cases"].append({"name": name, **case, "added_tokens": tokens, "highest": highest, "ids": ids, "decoded": decoded})
    golden["letters"] = letters()
    (out / "tokenizer-steps.json").write_text(json.dumps(golden, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")


main()
