"""What CPython 3.11 gives for the strings and draws of packages/eval-benchmarks (few-shot.test.ts, python/strings.test.ts)."""
import random

print(random.Random(7).sample(range(60), 25))
print(random.Random(2**40 + 3).sample(range(100000), 5))
items = list(range(12))
random.Random(42).shuffle(items)
print(items)
for text in ["She AND her dog", "[substeps] THE man", "ünUSUAL", "ßtraße", "ﬁre", "ǆ", "ΑΣ", "ᾳb", "ᾲ", "İX", "აბ", "𐐨𐐀", "ŉA", "日本", ""]:
    print(ascii(text), ascii(text.capitalize()))
print(ascii("\u001c\u0085\u00a0 a\ufeff b \u3000\u2029\n".strip()), ascii("\ufeff \u200b\u2003".rstrip()))
