"""Texts, token ids and masks of conversations whose templates write an answer in another way once more messages follow: each answer as it was at its turn.

usage: python tools/golden/chat_answers.py > tools/composition/src/golden/chat-answers.json    # transformers 5.18.0, tokenizers 0.23
The templates are written here, in the manner of Qwen3 (thoughts of earlier turns are left out), DeepSeek-R1-Distill (all thoughts are, and a new one is begun), Phi-3 (the
end of the text stands behind the last message) and gpt-oss (channels; the last answer ends in another way). A conversation is rendered up to each answer by transformers;
what is learned is told by hand: from `begin` behind the last header to the end of the turn.
"""
import json
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL = ["<|im_start|>", "<|im_end|>", "<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>", "<|start|>", "<|channel|>", "<|message|>", "<|return|>", "<U>", "<A>", "<E>", "<B>"]
TEXT = ["The quick brown fox jumps over the lazy dog. user assistant system Hello, how are you? think\n\nfinal analysis\n"] * 8

QWEN3 = "{%- if tools %}{{- '<|im_start|>system\\n' }}{%- for tool in tools %}{{- tool | tojson }}{%- endfor %}{{- '<|im_end|>\\n' }}{%- endif %}{%- set ns = namespace(last=messages|length - 1, open=true) %}{%- for message in messages[::-1] %}{%- if ns.open and message.role == 'user' %}{%- set ns.open = false %}{%- set ns.last = messages|length - 1 - loop.index0 %}{%- endif %}{%- endfor %}{%- for message in messages %}{%- set content = message.content if message.content is string else '' %}{%- if message.role != 'assistant' %}{{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}{%- else %}{%- set thought = '' %}{%- if '</think>' in content %}{%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}{%- set content = content.split('</think>')[-1].lstrip('\\n') %}{%- endif %}{%- if loop.index0 > ns.last %}{{- '<|im_start|>assistant\\n<think>\\n' + thought + '\\n</think>\\n\\n' + content }}{%- else %}{{- '<|im_start|>assistant\\n' + content }}{%- endif %}{%- for call in message.tool_calls or [] %}{{- '\\n' + (call.function | tojson) }}{%- endfor %}{{- '<|im_end|>\\n' }}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
R1 = "{{ '<B>' }}{%- for message in messages %}{%- if message.role == 'user' %}{{- '<U>' + message.content }}{%- else %}{{- '<A>' + (message.content or '').split('</think>')[-1] + '<E>' }}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<A><think>\\n' }}{%- endif %}"
PHI3 = "{% for message in messages %}{{ '<|' + message.role + '|>\\n' + message.content + '<|end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ '<|endoftext|>' }}{% endif %}"
GPT_OSS = "{%- for message in messages %}{%- if message.role == 'user' %}{{- '<|start|>user<|message|>' + message.content + '<|end|>' }}{%- elif loop.last and not add_generation_prompt %}{%- if message.thinking %}{{- '<|start|>assistant<|channel|>analysis<|message|>' + message.thinking + '<|end|>' }}{%- endif %}{{- '<|start|>assistant<|channel|>final<|message|>' + message.content + '<|return|>' }}{%- else %}{{- '<|start|>assistant<|channel|>final<|message|>' + message.content + '<|end|>' }}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<|start|>assistant' }}{%- endif %}"

user = lambda content: {"role": "user", "content": content}
assistant = lambda content, **more: {"role": "assistant", "content": content, **more}
CALL = [{"type": "function", "function": {"name": "f", "arguments": {"x": 1.0, "n": 12345678901234567890}}}]
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"x": {"default": 2.50}}}}]
# name, template, what the last header is, what the turn ends with, whether one text has all, and conversations
CASES = [
    ("Qwen3", QWEN3, "<|im_start|>assistant\n", "\n", [
        {"messages": [user("Hello"), assistant("<think>\nhow?\n</think>\n\nThe fox"), user("again"), assistant("  the dog\n")]},
        {"messages": [user("Hello"), assistant(None, tool_calls=CALL), {"role": "tool", "content": "ok"}, assistant("<think>\nso\n</think>\n\n    done")], "tools": TOOLS},
    ]),
    ("R1", R1, "<A>", "", [{"messages": [user("Hello"), assistant("<think>\nhow?\n</think>The fox"), user("you?"), assistant("<A dog")]}]),
    ("Phi-3", PHI3, "<|assistant|>\n", "", [{"messages": [user("Hello"), assistant("The fox"), user("you?"), assistant("dog")]}]),
    ("gpt-oss", GPT_OSS, "<|start|>assistant", "", [{"messages": [user("Hello"), assistant("The fox", thinking="hm"), user("you?"), assistant("dog", thinking="so")]}]),
]

backend = Tokenizer(models.BPE())
backend.pre_tokenizer, backend.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
backend.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=320, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)


def answers(template, header, tail, record):
    """Each answer's text, and where in it the answer stands."""
    messages, tools, found = record["messages"], record.get("tools"), []
    for i, message in enumerate(messages):
        if message["role"] == "assistant":
            before = tokenizer.apply_chat_template(messages[:i], tools=tools, chat_template=template, tokenize=False)
            text = tokenizer.apply_chat_template(messages[: i + 1], tools=tools, chat_template=template, tokenize=False)
            start = text.index(header, len(before.removesuffix("<|endoftext|>"))) + len(header)
            found.append((text, start, len(text) - len(tail)))
    return found


cases = []
for name, template, header, tail, records in CASES:
    for record in records:
        texts, found = [], answers(template, header, tail, record)
        whole = tokenizer.apply_chat_template(record["messages"], tools=record.get("tools"), chat_template=template, tokenize=False)
        if all(whole.startswith(text) for text, _, _ in found):
            found = [(whole, [(start, end) for _, start, end in found])]
        else:
            found = [(text, [(start, end)]) for text, start, end in found]
        for text, spans in found:
            encoding = tokenizer(text, add_special_tokens=False)
            mask = [0] * len(encoding["input_ids"])
            for start, end in spans:
                for t in range(encoding.char_to_token(start), encoding.char_to_token(end - 1) + 1):
                    mask[t] = 1
            texts.append({"text": text, "ids": encoding["input_ids"], "mask": mask})
        cases.append({"name": name, "template": template, "record": json.dumps(record), "texts": texts})
print(json.dumps({"origin": "transformers 5.18.0", "tokenizer": json.loads(backend.to_str()), "cases": cases}, ensure_ascii=False))
