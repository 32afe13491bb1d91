"""Chat templates by name, for base models that come without one, and for ChatML checkpoints whose own has no tools."""

from __future__ import annotations

from collections.abc import Mapping

_CHATML = """\
{% for message in messages %}
{{ '<|im_start|>' + message['role'] + '\\n' }}
{%- if message['role'] == 'assistant' %}
{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}
{% else %}
{{ message['content'] + '<|im_end|>' }}
{%- endif %}
{{ '\\n' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

# Calls and results as Hermes and Qwen 2.5 write them.
_CHATML_TOOLS = """\
{% if tools %}
{{- '<|im_start|>system\\n' }}
{%- if messages[0]['role'] == 'system' %}{{ messages[0]['content'] + '\\n\\n' }}{% endif %}
{{- 'You may call these functions:\\n<tools>' }}
{%- for tool in tools %}{{ '\\n' + (tool | tojson) }}{% endfor %}
{{- '\\n</tools>\\nTo call one, write <tool_call>{\\"name\\": ..., \\"arguments\\": {...}}</tool_call>.<|im_end|>\\n' }}
{%- elif messages[0]['role'] == 'system' %}
{{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{%- if message['role'] == 'user' %}
{{- '<|im_start|>user\\n' + message['content'] + '<|im_end|>\\n' }}
{%- elif message['role'] == 'assistant' %}
{{- '<|im_start|>assistant\\n' }}
{%- generation %}
{{- message['content'] }}
{%- for call in message['tool_calls'] or [] %}
{{- '<tool_call>' + ({'name': call['function']['name'], 'arguments': call['function']['arguments']} | tojson) }}
{{- '</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>' }}
{%- endgeneration %}
{{- '\\n' }}
{%- elif message['role'] == 'tool' %}
{{- '<|im_start|>tool\\n' + message['content'] + '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}"""

# No token of its own but the checkpoint's end of text: for base models.
_INSTRUCTION = """\
{{- bos_token or '' }}
{%- for message in messages %}
{%- if message['role'] == 'assistant' %}
{{- '### Response:\\n' }}
{%- generation %}{{- message['content'] + eos_token }}{% endgeneration %}
{{- '\\n\\n' }}
{%- elif message['role'] == 'user' %}
{{- '### Instruction:\\n' + message['content'] + '\\n\\n' }}
{%- elif message['role'] == 'system' %}
{{- message['content'] + '\\n\\n' }}
{%- else %}{{ raise_exception('this template has no tools') }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '### Response:\\n' }}{% endif %}"""

# Texts as they are, one behind the other: prompts that hold all that the model needs.
_PLAIN = """\
{{- bos_token or '' }}
{%- for message in messages %}
{%- if message['role'] == 'assistant' %}
{%- generation %}{{- message['content'] + eos_token }}{% endgeneration %}
{%- elif message['role'] == 'tool' %}{{ raise_exception('this template has no tools') }}
{%- else %}{{- message['content'] }}
{%- endif %}
{%- endfor %}"""

NAMED: Mapping[str, str] = {
    "chatml": _CHATML,
    "chatml-tools": _CHATML_TOOLS,
    "instruction": _INSTRUCTION,
    "plain": _PLAIN,
}
