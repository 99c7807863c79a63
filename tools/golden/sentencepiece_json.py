"""tokenizer.json files of a SentencePiece model, as transformers converts LLaMA's, and their encodings, for packages/tokenizers/src/cut.test.ts.

usage: python tools/golden/sentencepiece_json.py packages/tokenizers/test/golden/sentencepiece    # tokenizers 0.23.2, sentencepiece 0.2.2
Reads llama.model of that folder (sentencepiece_models.py) and writes json-{prepend,metaspace}.tokenizer.json and json-golden.json: both forms in
use, the normaliser that prepends U+2581 and the Metaspace pre-tokenizer that does so first.
"""
import json
import pathlib
import random
import sys

import tokenizers
from sentencepiece import sentencepiece_model_pb2 as proto
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

SPACE = "\u2581"


def main():
    folder = pathlib.Path(sys.argv[1])
    pieces = proto.ModelProto.FromString((folder / "llama.model").read_bytes()).pieces
    vocab = {piece.piece: i for i, piece in enumerate(pieces)}
    scores = {piece.piece: piece.score for piece in pieces}
    merges = []
    for piece in vocab:
        pairs = [(piece[:i], piece[i:]) for i in range(1, len(piece)) if piece[:i] in vocab and piece[i:] in vocab]
        merges += [(scores[piece], vocab[left], left, right) for left, right in pairs]
    merges = [(left, right) for _, _, left, right in sorted(merges, key=lambda merge: (-merge[0], merge[1]))]
    random.seed(17)
    words = [piece.replace(SPACE, "") for piece in vocab if piece.replace(SPACE, "").isalpha()]
    texts = ["", " ", "Hello world", "  Hello   world  ", "a b", "<s>Hello</s> world", "日本語のテキスト", "x = 1;\n\n    return x"]
    for _ in range(40):
        texts.append("".join(random.choice(words) + random.choice([" "] * 8 + ["  ", "\n", ", ", "é ", "</s>", " 12 "]) for _ in range(random.randint(1, 60))))
    golden = {"origin": f"tokenizers {tokenizers.__version__}", "texts": texts, "ids": {}}
    for name in ["prepend", "metaspace"]:
        tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
        if name == "prepend":
            tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
        else:
            tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="first", split=False)
        tokenizer.decoder = decoders.Sequence([decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(content=" ", left=1)])
        tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in ["<unk>", "<s>", "</s>"]])
        (folder / f"json-{name}.tokenizer.json").write_text(tokenizer.to_str() + "\n")
        golden["ids"][name] = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    (folder / "json-golden.json").write_text(json.dumps(golden, separators=(",", ":")).replace('],[', '],\n[') + "\n")


main()
