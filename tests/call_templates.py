"""Chat templates of well-known families that write calls, in short form: what stands around a call, and how it is written."""

from __future__ import annotations

from functools import cache

from tokenizers import AddedToken, Tokenizer

from burnish.media.chat.named_templates import NAMED
from tests.chat_cases import TEMPLATES, tokenizer

_MORE = ("[TOOL_CALLS]", "[/TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "<|python_tag|>", "<|eom_id|>")
_PHI = ("<|tool_call|>", "<|/tool_call|>")

_CHATML = """\
{%- if tools %}{{ '<|im_start|>system\\n' }}
{%- for tool in tools %}{{ tool | tojson + '\\n' }}{% endfor %}{{ '<|im_end|>\\n' }}{% endif %}
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + (message.content or '') }}
{%- if message.tool_calls %}CALLS{% endif %}
{{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""


def _chatml(calls: str) -> str:
    return _CHATML.replace("CALLS", calls)


# One pair of marks around each call, its JSON put together by hand, on lines of its own (Qwen 2.5, Hermes).
HERMES = _chatml(
    '{% for call in message.tool_calls %}{{ \'\\n<tool_call>\\n{"name": "\' + call.function.name + \'", "arguments": \' }}'
    "{{- call.function.arguments | tojson }}{{ '}\\n</tool_call>' }}{% endfor %}"
)
# All calls as one list between the marks (SmolLM2).
LISTED = _chatml(
    "<tool_call>[{% for call in message.tool_calls %}{{ call.function | tojson }}"
    "{% if not loop.last %}, {% endif %}{% endfor %}]</tool_call>"
)
# A list behind a mark that is a control token, without one that closes (Granite 3), and with one (Phi 4 mini).
GRANITE = _chatml(
    "<|tool_call|>[{% for call in message.tool_calls %}{{ {'name': call.function.name, 'arguments': call.function.arguments}"
    " | tojson }}{% if not loop.last %}, {% endif %}{% endfor %}]"
)
PHI4 = GRANITE.replace("{% endfor %}]", "{% endfor %}]<|/tool_call|>")

# Behind a control token, the arguments under another name, with an end of its own (Llama 3.1 and later).
LLAMA3 = """\
{{- bos_token }}{% if tools %}{{ '<|start_header_id|>system<|end_header_id|>\\n\\n' }}
{%- for tool in tools %}{{ tool | tojson(indent=4) + '\\n\\n' }}{% endfor %}{{ '<|eot_id|>' }}{% endif %}
{%- for message in messages %}
{{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' }}
{%- if message.tool_calls %}
{%- set call = message.tool_calls[0].function %}
{{- 'MARK{"name": "' + call.name + '", "parameters": ' }}{{ call.arguments | tojson }}{{ '}END' }}
{%- else %}{{ message.content | trim + '<|eot_id|>' }}{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"""

# One list behind a control token, each call with an id of nine letters (Mistral, tokenizers of version 3).
MISTRAL = """\
{{- bos_token }}
{%- for message in messages %}
{%- if message.role == 'user' %}
{%- if tools and (loop.last or messages[loop.index].tool_calls) %}
{{- '[AVAILABLE_TOOLS] ' + (tools | tojson) + '[/AVAILABLE_TOOLS]' }}{% endif %}
{{- '[INST] ' + message.content + '[/INST]' }}
{%- elif message.tool_calls %}
{{- '[TOOL_CALLS] [' }}
{%- for call in message.tool_calls %}
{%- set text = call.function | tojson %}{{ text[:-1] + ', "id": "' + call.id + '"}' }}{% if not loop.last %}, {% endif %}
{%- endfor %}{{ ']' + eos_token }}
{%- elif message.role == 'assistant' %}{{ ' ' + message.content + eos_token }}{% endif %}
{%- endfor %}"""

CALLING: dict[str, tuple[str, dict[str, str], tuple[str, ...]]] = {
    "chatml-tools": (NAMED["chatml-tools"], {"eos_token": "<|im_end|>"}, ("<|im_end|>",)),
    "qwen3": (*TEMPLATES["qwen3"], ("<|im_end|>",)),
    "hermes": (HERMES, {"eos_token": "<|im_end|>"}, ("<|im_end|>",)),
    "smollm2": (LISTED, {"eos_token": "<|im_end|>"}, ("<|im_end|>",)),
    "granite": (GRANITE, {"eos_token": "<|im_end|>"}, ("<|im_end|>",)),
    "phi4": (PHI4, {"eos_token": "<|im_end|>"}, ("<|im_end|>",)),
    "llama3": (
        LLAMA3.replace("MARK", "").replace("END'", "<|eot_id|>'"),
        {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
        ("<|eot_id|>", "<|eom_id|>"),
    ),
    "llama3 marked": (
        LLAMA3.replace("MARK", "<|python_tag|>").replace("END'", "<|eom_id|>'"),
        {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
        ("<|eot_id|>", "<|eom_id|>"),
    ),
    "mistral": (MISTRAL, {"bos_token": "<s>", "eos_token": "</s>"}, ("</s>",)),
}
"""Template, its special tokens, and the tokens that end a reply."""

# A function's name and its arguments one behind the other (Mistral's later ones, DeepSeek), tags (Qwen 3 Coder), Python.
OTHERWISE: dict[str, str] = {
    "name and arguments": _chatml(
        "{% for call in message.tool_calls %}{{ '[TOOL_CALLS]' + call.function.name + '[ARGS]' }}"
        "{{- call.function.arguments | tojson }}{% endfor %}"
    ),
    "tags": _chatml(
        "{% for call in message.tool_calls %}{{ '<tool_call>\\n<function=' + call.function.name + '>\\n' }}"
        "{%- for key, value in call.function.arguments.items() %}{{ '<parameter=' + key + '>' + value + '</parameter>\\n' }}"
        "{% endfor %}</function></tool_call>{% endfor %}"
    ),
    "python": _chatml(
        "{% for call in message.tool_calls %}{{ '[' + call.function.name + '(' }}"
        "{%- for key, value in call.function.arguments.items() %}{{ key + '=' + value }}{% endfor %}{{ ')]' }}{% endfor %}"
    ),
}


@cache
def calling_tokenizer() -> Tokenizer:
    """That of `tests.chat_cases`, with the control tokens of these templates."""
    made = Tokenizer.from_str(tokenizer().to_str())
    made.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in (*_MORE, *_PHI)])
    return made
