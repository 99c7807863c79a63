"""Token ids and assistant masks of conversations by transformers, for tools/composition/src/chat-masks.test.ts and packages/tokenizers/src/learned-spans.test.ts.

usage: python tools/golden/chat_masks.py > tools/composition/src/golden/chat-masks.json    # transformers 5.18.0, tokenizers 0.23
The templates are written here, in the manner of LLaMA-3, ChatML, Zephyr and LLaMA-2. With {% generation %} masks are those of return_assistant_tokens_mask.
Without, transformers has none: an answer is what it adds to the messages before it with the generation prompt, up to the token that ends the turn; a token
belongs to it by transformers' own rule (char_to_token of the first character to that of the last).
"""
import json
import re
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|user|>", "<|assistant|>", "<|system|>"]
TEXT = ["The quick brown fox jumps over the lazy dog. user assistant system Hello, how are you?  Two spaces.\n\nA new line\n", "Say hé again: one two three four [INST] [/INST] 1 + 1 = 2"] * 8


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=330, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return tokenizer


def metaspace():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=420, special_tokens=SPECIAL + bytes_, show_progress=False, max_token_length=6))
    file = json.loads(tokenizer.to_str())
    # bytes are pieces, not special tokens
    file["added_tokens"] = [token for token in file["added_tokens"] if token["content"] in SPECIAL]
    return Tokenizer.from_str(json.dumps(file))


LLAMA3 = "{{- bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] | trim + '<|eot_id|>' }}{% endgeneration %}{% else %}{{ message['content'] | trim + '<|eot_id|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
CHATML = "{% for message in messages %}\n    {{- '<|im_start|>' + message.role + '\\n' }}\n    {%- if message.role == 'assistant' %}\n        {%- generation %}\n        {{- message.content + '<|im_end|>' }}\n        {%- endgeneration %}\n    {%- else %}\n        {{- message.content + '<|im_end|>' }}\n    {%- endif %}\n    {{- '\\n' -}}\n{% endfor %}\n{% if add_generation_prompt %}\n{{- '<|im_start|>assistant\\n' -}}\n{% endif %}\n"
ZEPHYR = "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  }}{% generation %}{{ message['content'] + eos_token }}{% endgeneration %}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}"
LLAMA2 = "{%- if messages[0].role == 'system' -%}{%- set system = messages[0].content -%}{%- set rest = messages[1:] -%}{%- else -%}{%- set rest = messages -%}{%- endif -%}\n{%- for message in rest %}\n    {%- if message.role == 'user' %}\n        {{- bos_token + '[INST] ' }}{% if loop.first and system is defined %}{{ '<<SYS>>\\n' + system | trim + '\\n<</SYS>>\\n\\n' }}{% endif %}{{ message.content | trim + ' [/INST]' }}\n    {%- else %}\n        {%- generation -%} {{- ' ' + message.content | trim + ' ' + eos_token }} {%- endgeneration -%}\n    {%- endif %}\n{%- endfor %}"
# no token ends a turn, and no beginning of an answer is written
BARE = "{% for message in messages %}{{ message.role + ': ' + message.content + '\\n' }}{% endfor %}"


def without(template):
    """The same text, where transformers has no mask."""
    return re.sub(r"\{%(-?)\s*generation\s*(-?)%\}", r"{%\1 if true \2%}", template).replace("endgeneration", "endif")


TEMPLATES = {"LLaMA-3": LLAMA3, "ChatML": CHATML, "Zephyr": ZEPHYR, "LLaMA-2": LLAMA2}
user, assistant, system = (lambda role: lambda content: {"role": role, "content": content})("user"), (lambda content: {"role": "assistant", "content": content}), (lambda content: {"role": "system", "content": content})
CONVERSATIONS = [
    [user("Hello "), assistant("The quick brown fox")],
    [system("Say \"hé\".\n"), user("one two\n"), assistant("hé 🦊"), user("again?  "), assistant("\nassistant\n\n</s> ends"), user("1 + 1")],
    [user("assistant"), assistant("user: Hello"), user(""), assistant("")],
]


def overlapping(encoding, spans, length):
    mask = [0] * length
    for start, end in spans:
        if start < end:
            first, last = encoding.char_to_token(start), encoding.char_to_token(end - 1)
            for t in range(first, last + 1):
                mask[t] = 1
    return mask


def by_beginnings(tokenizer, template, messages, header):
    text, spans = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False), []
    for i, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        asked = tokenizer.apply_chat_template(messages[:i], chat_template=template, tokenize=False, add_generation_prompt=True)
        answered = tokenizer.apply_chat_template(messages[: i + 1], chat_template=template, tokenize=False)
        assert text.startswith(asked) and text.startswith(answered), (text, asked, answered)
        # what a template without a beginning of an answer writes of the role is nobody's answer
        start, end = len(asked) + len(header), len(answered)
        while header == "" and answered[:end].endswith("\n") and answered[:end].rstrip("\n").endswith(">"):
            end -= 1
        spans.append([start, end])
    return text, spans


cases, files = [], {}
for kind, make in {"byte-level": byte_level, "metaspace": metaspace}.items():
    backend = make()
    files[kind] = json.loads(backend.to_str())
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    for name, template in TEMPLATES.items():
        for messages in CONVERSATIONS:
            marked = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
            text = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False)
            cases.append({"tokenizer": kind, "name": f"{name}, marked", "template": template, "messages": messages, "text": text, "ids": marked["input_ids"], "mask": marked["assistant_masks"]})
    for name, template, header in [(name, without(template), "") for name, template in TEMPLATES.items()] + [("bare", BARE, "assistant: ")]:
        for messages in CONVERSATIONS:
            text, spans = by_beginnings(tokenizer, template, messages, header)
            encoding = tokenizer(text, add_special_tokens=False)
            cases.append({"tokenizer": kind, "name": name, "template": template, "messages": messages, "text": text, "ids": encoding["input_ids"], "mask": overlapping(encoding, spans, len(encoding["input_ids"])), "spans": spans})
print(json.dumps({"origin": "transformers 5.18.0", "tokens": {"bos_token": "<s>", "eos_token": "</s>"}, "tokenizers": files, "cases": cases}, ensure_ascii=False, indent=None))
