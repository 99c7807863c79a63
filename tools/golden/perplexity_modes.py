"""Golden perplexities of the modes of @skipwise/eval-perplexity, for packages/eval-perplexity/src/golden/modes.json.

Each mode is written as its own script has it: labels of -100, the shift by one, means of windows. The model is a formula that depends on
the token, the one before it and the position in the window, so that a window in the wrong place shows.

usage: python tools/golden/perplexity_modes.py > packages/eval-perplexity/src/golden/modes.json
"""
import json
import math

import numpy

BOS, EOS, IGNORED = 256, 257, -100


def token_losses(fed):
    """-log p of fed[t + 1] for every t; the same formula stands in modes.test.ts."""
    return [0.5 + ((7 * fed[t] + 3 * fed[t + 1] + 11 * t) % 101) / 40 for t in range(len(fed) - 1)]


def mean_loss(fed, labels):
    """What a causal language model of transformers gives as loss: labels are shifted inside."""
    losses = [loss for loss, label in zip(token_losses(fed), labels[1:]) if label != IGNORED]
    return float(numpy.mean(numpy.array(losses, dtype=numpy.float64))), len(losses)


def masked_windows(ids, window, stride, bos):
    """Windows of PoSE's and YaRN's scripts: (mean loss, new tokens)."""
    length, previous_end = window - len(bos), 0
    for begin in range(0, len(ids), stride):
        end = min(begin + length, len(ids))
        new = end - previous_end
        fed = bos + ids[begin:end]
        labels = list(fed)
        labels[:-new] = [IGNORED] * len(labels[:-new])
        yield mean_loss(fed, labels)[0], new
        previous_end = end
        if end == len(ids):
            break


def pose(documents, window, stride, bos):
    total = tokens = 0
    for ids in documents:
        for loss, new in masked_windows(ids, window, stride, bos):
            total += loss * new
            tokens += new
    return math.exp(total / tokens)


def yarn(documents, window, stride, bos):
    return math.exp(numpy.mean([loss for ids in documents for loss, _ in masked_windows(ids, window, stride, bos)]))


def longlora(documents, window, stride, batch=32):
    data = [token for ids in documents for token in ids]
    starts = list(range(0, len(data) - window, stride))
    starts.pop()
    means = []
    for first in range(0, len(starts), batch):
        losses = [mean_loss(data[i:i + window], data[i:i + window])[0] for i in starts[first:first + batch]]
        means.append(numpy.mean(losses))
    return 2.71828 ** float(numpy.mean(means))


def press(documents, window, stride):
    """fairseq: blocks of `stride` tokens, the inputs of earlier blocks before them, window - stride at most; inputs are shifted by an EOS."""
    data = [token for ids in documents for token in ids + [EOS]]
    source, total, previous = [EOS] + data[:-1], 0.0, []
    for begin in range(0, len(data), stride):
        block, targets = source[begin:begin + stride], data[begin:begin + stride]
        extra = len(previous) + len(block) - window
        if extra > 0:
            previous = previous[extra:]
        losses = token_losses(previous + block + [targets[-1]])
        total += math.fsum(losses[len(previous):])
        previous = (previous + block)[-(window - stride):]
    return math.exp(total / len(data))


def rolling(documents, window, bos_in_text):
    """lm_eval.utils.get_rolling_token_windows with context_len 1."""
    total = tokens = 0
    for ids in documents:
        ids = [BOS] + ids if bos_in_text else ids
        first = min(window, len(ids))
        requests = [([BOS] + ids[:first - 1], ids[:first])]
        predicted = first
        while predicted < len(ids):
            count = min(len(ids) - predicted, window)
            end = predicted + count
            requests.append((ids[end - window - 1:end - 1], ids[end - count:end]))
            predicted += count
        for inputs, targets in requests:
            losses = token_losses(inputs + [targets[-1]])
            total += math.fsum(losses[len(losses) - len(targets):])
            tokens += len(targets)
    return {"nll": total, "tokens": tokens}


generator = numpy.random.RandomState(20261124)
documents = [[int(token) for token in generator.randint(97, 123, size=n)] for n in (300, 71, 128, 500)]
long = [ids for ids in documents if len(ids) >= 128]
print(json.dumps({
    "origin": f"tools/golden/perplexity_modes.py, numpy {numpy.__version__}",
    "documents": ["".join(map(chr, ids)) for ids in documents],
    "cases": [
        {"mode": "pose", "window": 64, "stride": 16, "bos": True, "minTokens": 128, "perplexity": pose(long, 64, 16, [BOS])},
        {"mode": "pose", "window": 64, "stride": 90, "bos": True, "minTokens": 128, "perplexity": pose(long, 64, 90, [BOS])},
        {"mode": "pose", "window": 64, "stride": 16, "bos": False, "minTokens": 128, "perplexity": pose(long, 64, 16, [])},
        {"mode": "yarn-unweighted", "window": 64, "stride": 16, "bos": True, "minTokens": 128, "perplexity": yarn(long, 64, 16, [BOS])},
        {"mode": "yarn-unweighted", "window": 100, "stride": 7, "bos": False, "minTokens": 128, "perplexity": yarn(long, 100, 7, [])},
        {"mode": "longlora", "window": 64, "stride": 16, "bos": True, "minTokens": 1, "perplexity": longlora(documents, 64, 16)},
        {"mode": "press", "window": 64, "stride": 16, "bos": True, "minTokens": 1, "perplexity": press(documents, 64, 16)},
        {"mode": "press", "window": 50, "stride": 13, "bos": True, "minTokens": 1, "perplexity": press(documents, 50, 13)},
    ],
    "rolling": [
        {"window": 64, "bos": True, **rolling(documents, 64, True)},
        {"window": 64, "bos": False, **rolling(documents, 64, False)},
        {"window": 4096, "bos": False, **rolling(documents, 4096, False)},
    ],
}, indent=1))
