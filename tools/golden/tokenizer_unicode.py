"""Which characters the Rust library `tokenizers` takes for what, for packages/tokenizers/src/json/unicode*.ts.

usage: python tools/golden/tokenizer_unicode.py PACKAGE     # tokenizers 0.23.2; PACKAGE = packages/tokenizers
Writes PACKAGE/src/json/unicode-tables.ts and PACKAGE/test/golden/unicode.json: for each class the SHA-256 of its code points, as decimal numbers with a
comma behind each. Its expressions know Unicode 16, its normal forms Unicode 9, Node's know what ICU knows: the tables are what came later.
"""
import hashlib
import json
import pathlib
import subprocess
import sys

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

ALL = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
TEXT = "".join(map(chr, ALL))
CLASSES = "L N M P S Z Lu Ll Lt Lm Lo Nd Nl No Mn Mc Me Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Han Hiragana Katakana".split()
FORMS = {"NFC": normalizers.NFC(), "NFD": normalizers.NFD(), "NFKC": normalizers.NFKC(), "NFKD": normalizers.NFKD()}
MARKS = "\u0334\u0316\u0301\u0345"
# Ideographs and private use have neither forms nor classes of their own.
PLAIN = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xE000, 0xF8FF), (0x17000, 0x18CFF), (0x20000, 0x2F7FF), (0x30000, 0xDFFFF), (0xE01F0, 0x10FFFF)]


def of_expression(expression):
    left = normalizers.Replace(Regex(expression), "").normalize_str(TEXT)
    return sorted(set(ALL) - set(map(ord, left)))


def of_splitter(splitter, pieces):
    return [c for c in ALL if (len(splitter.pre_tokenize_str("a" + chr(c) + "a")) > 1) == pieces]


def unassigned_9():
    """Perl knows the age of characters."""
    program = r'for (0..0x10ffff) { print "$_\n" unless ($_ >= 0xd800 && $_ < 0xe000) || chr =~ /\p{Present_In: 9.0}/ }'
    return [int(line) for line in subprocess.run(["perl", "-e", program], capture_output=True, check=True, text=True).stdout.split()]


def ranges(points):
    found = []
    for c in points:
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def base36(n):
    digits = ""
    while True:
        n, d = divmod(n, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[d] + digits
        if n == 0:
            return digits


def table(name, comment, points):
    """Distance from the last range's end, and length less one, of each range, in base 36."""
    words, end = [], 0
    for first, last in ranges(points):
        words.append(base36(first - end) + ("" if first == last else "-" + base36(last - first)))
        end = last
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) > 108:
            lines.append(line)
            line = ""
        line += word + " "
    lines.append(line.rstrip())
    return f"/** {comment} */\nexport const {name} =\n" + " +\n".join(f"  '{each}'" for each in lines) + "\n"


def digest(points):
    return hashlib.sha256("".join(f"{c}," for c in points).encode()).hexdigest()


def normal_form(form):
    """Of every character alone, and beside marks of all kinds of combining classes."""
    total = hashlib.sha256()
    for c in ALL:
        if any(first <= c <= last for first, last in PLAIN):
            continue
        text = " ".join([chr(c)] + [f"a{m}{chr(c)} a{chr(c)}{m}" for m in MARKS])
        total.update((form.normalize_str(text) + "\n").encode())
    return total.hexdigest()


def main():
    package = pathlib.Path(sys.argv[1])
    numeric = of_splitter(pre_tokenizers.Digits(False), True)
    punctuation = of_splitter(pre_tokenizers.Punctuation("contiguous"), True)
    white = of_splitter(pre_tokenizers.WhitespaceSplit(), True)
    word = of_splitter(pre_tokenizers.Whitespace(), False)
    accents = [c for c in ALL if normalizers.StripAccents().normalize_str(chr(c)) == ""]
    origin = f"tokenizers {tokenizers.__version__}"
    (package / "src/json/unicode-tables.ts").write_text(
        f"// Made by tools/golden/tokenizer_unicode.py of {origin}: do not edit.\n"
        + "// Ranges of code points: the distance from the end of the last one, and a length less one behind a hyphen, in base 36.\n\n"
        + table("UNASSIGNED_16", "What Unicode 16 has not, which the expressions of the reference are of.", of_expression(r"\p{Cn}"))
        + "\n" + table("UNASSIGNED_9", "What Unicode 9 has not, which its normal forms are of.", unassigned_9())
        + "\n" + table("NUMERIC", "Rust's `char::is_numeric`, of Unicode 17.", numeric)
        + "\n" + table("PUNCTUATION", "What it splits by as punctuation.", punctuation)
    )
    golden = {
        "origin": origin,
        "expressions": {name: digest(of_expression(r"\p{%s}" % name)) for name in CLASSES} | {name: digest(of_expression(name)) for name in [r"\s", r"\S", r"\w", r"\W", r"\d", r"\D", r"\h", ".", r"[^\s\p{L}\p{N}]", "(?i:s)", "(?i:K)", r"\P{Lo}", r"\p{^N}"]},
        "classes": {"numeric": digest(numeric), "punctuation": digest(punctuation), "white": digest(white), "word": digest(word), "accents": digest(accents)},
        "forms": {name: normal_form(form) for name, form in FORMS.items()},
        "lower": hashlib.sha256("".join(normalizers.Lowercase().normalize_str(chr(c)) for c in ALL).encode()).hexdigest(),
    }
    (package / "test/golden/unicode.json").write_text(json.dumps(golden, indent=1) + "\n")


main()
