"""Chat prompts by transformers, for packages/tokenizers/src/chat-template.test.ts.

usage: python tools/golden/chat_templates.py > packages/tokenizers/test/golden/chat-templates.json    # transformers 5.18.0
The templates are written here, in the manner of LLaMA-2, ChatML and Mistral: whitespace control, loops with an index, filters, errors.
"""
import json
from transformers.utils.chat_template_utils import render_jinja_template

TEMPLATES = {
    "ChatML": "{% for message in messages %}\n{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}\n{% endfor %}\n{% if add_generation_prompt %}\n{{- '<|im_start|>assistant\\n' }}\n{% endif %}",
    "brackets": "{%- if messages[0].role == 'system' -%}{%- set system = messages[0].content -%}{%- set rest = messages[1:] -%}{%- else -%}{%- set rest = messages -%}{%- endif -%}\n{{- bos_token }}\n{%- for message in rest %}\n    {%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}\n        {{- raise_exception('roles must alternate') }}\n    {%- endif %}\n    {%- if message.role == 'user' %}\n        {{- '[INST] ' }}{% if loop.first and system is defined %}{{ '<<SYS>>\\n' + system | trim + '\\n<</SYS>>\\n\\n' }}{% endif %}{{ message.content | trim + ' [/INST]' }}\n    {%- else %}\n        {{- ' ' + message.content | trim + ' ' + eos_token }}\n    {%- endif %}\n{%- endfor %}",
    "blocks": "{{ bos_token }}\n{% for message in messages %}\n    {% if message.role == 'system' %}\nSystem: {{ message.content }}\n    {% else %}\n{{ message.role | title }}: {{ message.content | tojson }} ({{ loop.index }} of {{ loop.length }})\n    {% endif %}\n{% endfor %}\nAssistant:",
}
CONVERSATIONS = [
    [{"role": "user", "content": "Hello "}],
    [{"role": "system", "content": " Be brief.\n"}, {"role": "user", "content": "Say \"hé\"."}, {"role": "assistant", "content": "hé"}, {"role": "user", "content": "Again?"}],
]
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
cases = []
for name, template in TEMPLATES.items():
    for messages in CONVERSATIONS:
        (text,), _ = render_jinja_template([messages], chat_template=template, add_generation_prompt=True, **TOKENS)
        cases.append({"name": name, "template": template, "messages": messages, "text": text})
print(json.dumps({"origin": "transformers 5.18.0", "tokens": TOKENS, "cases": cases}, ensure_ascii=False, indent=1))
