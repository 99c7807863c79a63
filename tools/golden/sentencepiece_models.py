"""SentencePiece models and their encodings, for packages/tokenizers/src/sentencepiece/*.test.ts.

usage: python tools/golden/sentencepiece_models.py OUT [--texts N]      # sentencepiece 0.2.2; OUT = packages/tokenizers/test/golden/sentencepiece
Writes OUT/NAME.model and OUT/golden.json. Each model has one rule that others do not: see MODELS. The text that they are trained on is made
here from a few words, so that the models are small. --texts N writes N random texts per model instead of the committed ones (a wider check).
"""
import io
import json
import pathlib
import random
import sys
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto

WORDS = "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there would their we him been has when who will no more if out so up said what its about than into them can only other time new some could these two may first then do any like my now over such our man me even most made after also did many off before must well back through years much where your way down should because long each just state people those too mr how little good world make very year still see own work men day get here old life between both under last never know us while".split()
EXTRA = ["don't", "we're", "3.14", "2048", "x = 1;", "(a, b)", "naïve café", "日本語のテキスト", "Привет мир", "😀", "f(x)", "C++", "e.g.", "hello", "Hello", "world", "World", "12345", "--", "...", "\t", "  ", "    ", "é", "e\u0301", "ﬁ", "ＦＵＬＬ", "½", "\u00a0", "\u3000", "\u200b", "▁", "<s>", "</s>", "<unk>", "<0x41>", "<sep>", "<ctl>", "\u0301", "\U0010ffff", "\x00", "\r\n", "\n"]


def sentences():
    random.seed(7)
    for _ in range(3000):
        yield " ".join(random.choices(WORDS, k=random.randint(3, 14)) + random.choices(EXTRA[:20], k=2))


# A character map of one's own: several letters, none, one that begins like another, a space.
RULES = "\uff26\t46\n41 41 42\t41\n41 41\t42 42\n200B\t\n3000\t20\nA0\t20\n65 301\tE9\nFB01\t66 69\n09\t20\n"
BASE = dict(model_type="bpe", vocab_size=700, character_coverage=0.999, byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, minloglevel=2)
MODELS = {
    # as LLaMA and Baichuan: white space in pieces of its own, digits apart
    "llama": dict(BASE, split_digits=True, allow_whitespace_only_pieces=True, vocab_size=800),
    # rules of its own, spaces left out, no bytes: unknown characters run together
    "rules": dict(BASE, byte_fallback=False, vocab_size=450, normalization_rule_tsv="RULES", remove_extra_whitespaces=True, user_defined_symbols=["<sep>", "a  b"]),
    # a character map without leaving out spaces, no dummy prefix, no bos
    "plain": dict(BASE, normalization_rule_tsv="RULES", add_dummy_prefix=False, bos_id=-1, control_symbols=["<ctl>"], user_defined_symbols=["<sep>", "  ", "▁▁▁▁", "hello"]),
    # the prefix at the end, merges across words
    "suffix": dict(BASE, treat_whitespace_as_suffix=True, remove_extra_whitespaces=True),
    "across": dict(BASE, split_by_whitespace=False, split_by_unicode_script=False, split_by_number=False),
}


def train(options):
    options = dict(options)
    out = io.BytesIO()
    if "normalization_rule_tsv" in options:
        path = pathlib.Path(tempfile.gettempdir()) / "sentencepiece_rules.tsv"
        path.write_text("".join(line.replace("\uff26", "FF26") + "\n" for line in RULES.splitlines()))
        options["normalization_rule_tsv"] = str(path)
        options.pop("normalization_rule_name")
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=sentences(), model_writer=out, **options)
    model = proto.ModelProto.FromString(out.getvalue())
    model.normalizer_spec.ClearField("normalization_rule_tsv")
    return model


def unused(model):
    """Every third piece only helps to reach larger ones, as SetVocabulary makes it."""
    for i, piece in enumerate(model.pieces):
        if piece.type == 1 and len(piece.piece) > 1 and i % 3 == 0:
            piece.type = 5
    return model


# Pieces with U+FEFF, which readers of text files drop at a beginning: a real LLaMA model has one.
MARKS = ["\ufeff", "\ufeffq", "x\ufeff", "\ufeff\ufeff", "\u2581\ufeff"]
MARKED_TEXTS = ["\ufeff", "\ufeffq", "q", "a\ufeffb", "x\ufeff x\ufeffq", "\ufeff\ufeff\ufeff\ufeffq", " \ufeff \ufeffHello", "\ufeffHello world\ufeff", "\ufffe\ufeff\uffff"]


def marked(model):
    """Pieces of MARKS behind the others, merged before them."""
    for i, text in enumerate(MARKS):
        model.pieces.add(piece=text, score=-i / 8, type=1)
    return model


def texts(count):
    random.seed(11)
    yield from ["", " ", "  ", "\n", "Hello world", "  Hello   world  ", "▁Hello ▁", "AAB AAAB AA", "\u200b", "\u200b \u200b", "hellohello  hello", "<s>Hello</s><sep><ctl>", "x" * 70, "日本語" * 9]
    for _ in range(count):
        parts = [random.choice(WORDS + EXTRA * 3) + random.choice([" ", " ", " ", "", "  ", "\n"]) for _ in range(random.randint(1, 12))]
        if random.random() < 0.3:
            parts.insert(random.randint(0, len(parts)), "".join(chr(random.choice([random.randint(1, 0x2ff), random.randint(0x2500, 0x3200), random.randint(0xe000, 0x10ffff)])) for _ in range(5)))
        yield "".join(parts)


def main():
    out, count = pathlib.Path(sys.argv[1]), int(sys.argv[3]) if len(sys.argv) > 3 else 50
    out.mkdir(parents=True, exist_ok=True)
    golden = {"origin": f"sentencepiece {sentencepiece.__version__}", "models": {}}
    for name, options in {**MODELS, "unused": BASE, "marked": BASE}.items():
        model = train(options)
        if name == "unused":
            unused(model)
        if name == "marked":
            marked(model)
        model.trainer_spec.ClearField("input")
        (out / f"{name}.model").write_bytes(model.SerializeToString())
        sp = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
        size = sp.get_piece_size()
        cases = []
        for text in [*texts(count), *(MARKED_TEXTS if name == "marked" else [])]:
            ids = sp.encode(text)
            cases.append({"text": text, "ids": ids, "decoded": sp.decode(ids)})
        random.seed(13)
        drawn = []
        for _ in range(count):
            ids = [random.choice([random.randrange(size), random.randrange(min(size, 262))]) for _ in range(random.randint(1, 10))]
            drawn.append({"ids": ids, "decoded": sp.decode(ids)})
        golden["models"][name] = {"size": size, "bos": sp.bos_id(), "eos": sp.eos_id(), "encoded": cases, "decoded": drawn}
    (out / "golden.json").write_text(json.dumps(golden, ensure_ascii=True, separators=(",", ":")).replace('{"text"', '\n{"text"').replace('{"ids"', '\n{"ids"') + "\n")


main()
