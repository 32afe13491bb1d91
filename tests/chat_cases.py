"""A small tokenizer, and chat templates of well-known families in short form, to render conversations with."""

from __future__ import annotations

from functools import cache

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from burnish.media.chat.conversation import Conversation, Message
from burnish.media.chat.named_templates import NAMED
from burnish.media.chat.rendering import Renderer
from burnish.media.chat.stops import settle_stops
from burnish.media.chat.templates import ChatTemplate

SPECIAL = (
    *("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|start_header_id|>"),
    *("<|end_header_id|>", "<|eot_id|>", "[INST]", "[/INST]", "<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>"),
)
PLAIN_ADDED = ("<think>", "</think>", "<tool_call>", "</tool_call>")
TEXTS = ("the ferry leaves at nine and the ferry is back at ten", "\n\n### Response:\n", "where is the harbour cat ?")

CHATML = """\
{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are helpful<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}"""

LLAMA3 = """\
{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}{%- set system_message = "" %}{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\nToday: " + strftime_now("%d %b %Y") + "\\n\\n" + system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if 'tool_calls' in message %}
        {%- set call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n{"name": "' + call.name + '", "parameters": ' }}
        {{- call.arguments | tojson }}{{- "}<|eot_id|>" }}
    {%- else %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}"""

# Drops the thoughts of earlier turns, and puts an empty one before the last reply.
QWEN3 = """\
{%- if tools %}{{- '<|im_start|>system\\n# Tools\\n' }}
{%- for tool in tools %}{{- tool | tojson + '\\n' }}{%- endfor %}{{- '<|im_end|>\\n' }}{%- endif %}
{%- set ns = namespace(last_query_index=messages|length - 1, multi_step_tool=true) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" %}
        {%- set ns.multi_step_tool = false %}{%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.role in ("user", "system") %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set content = message.content %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set reasoning_content = content.split('</think>')[0].split('<think>')[-1].strip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {{- '<|im_start|>' + message.role + '\\n' }}
        {%- if loop.index0 > ns.last_query_index and (loop.last or reasoning_content) %}
            {{- '<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' }}
        {%- endif %}
        {{- content }}
        {%- for call in message.tool_calls or [] %}
            {{- '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' }}
            {{- call.function.arguments | tojson if call.function.arguments is not string else call.function.arguments }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}
{%- endif %}"""

MISTRAL = """\
{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\
{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}\
{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}\
{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}{% endif %}{% endfor %}"""

# Writes the end of text behind the last turn alone.
PHI3 = """\
{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"""

# Joins texts, so that arguments must be text.
DEEPSEEK = """\
{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] }}\
{% for call in message['tool_calls'] or [] %}{{ call['function']['name'] + '\\n' + call['function']['arguments'] }}{% endfor %}\
{{ '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

# Ends each reply with two control tokens, of which generation stops at the second.
TWO_ENDS = CHATML.replace("message['content'] + '<|im_end|>'", "message['content'] + '<|end|><|im_end|>'")

# Marks the empty thought as part of the reply, which in service is part of the prompt.
MARKED_THOUGHT = """\
{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}{% if message['role'] == 'assistant' %}\
{% generation %}{{ '<think>\\n\\n</think>\\n\\n' + message['content'] + '<|im_end|>\\n' }}{% endgeneration %}\
{% else %}{{ message['content'] + '<|im_end|>\\n' }}{% endif %}{% endfor %}\
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n\\n</think>\\n\\n' }}{% endif %}"""

TEMPLATES = {
    "two ends": (TWO_ENDS, {"eos_token": "<|im_end|>"}),
    "marked thought": (MARKED_THOUGHT, {"eos_token": "<|im_end|>"}),
    "chatml": (CHATML, {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}),
    "llama3": (LLAMA3, {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}),
    "qwen3": (QWEN3, {"eos_token": "<|im_end|>"}),
    "mistral": (MISTRAL, {"bos_token": "<s>", "eos_token": "</s>"}),
    "phi3": (PHI3, {"eos_token": "<|endoftext|>"}),
    "tools": (NAMED["chatml-tools"], {"eos_token": "<|im_end|>"}),
    "instruction": (NAMED["instruction"], {"bos_token": "<s>", "eos_token": "</s>"}),
    "plain": (NAMED["plain"], {"bos_token": "<s>", "eos_token": "</s>"}),
    "named chatml": (NAMED["chatml"], {"eos_token": "<|im_end|>"}),
    "deepseek": (DEEPSEEK, {"eos_token": "<|im_end|>"}),
}
TOOLS = '[{"type": "function", "function": {"name": "tide", "parameters": {"type": "object", "default": null}}}]'
CALL = (
    '[{"type": "function", "id": "call00001", "function": {"name": "tide", "arguments": {"at": "08:15", "if": null}}}]'
)


@cache
def tokenizer() -> Tokenizer:
    """Byte-level BPE with few merges, and the control tokens of many families."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=360,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(TEXTS * 3, trainer)
    made.add_tokens([AddedToken(token, normalized=False) for token in PLAIN_ADDED])
    return made


def template(name: str, **options: object) -> ChatTemplate:
    """A template of `TEMPLATES`, on a fixed day."""
    source, tokens = TEMPLATES[name]
    return ChatTemplate(source, tokens, options, "2026-05-01", name)


def renderer(name: str, **options: object) -> Renderer:
    """A renderer with the stop tokens that the template asks for."""
    own = template(name, **options)
    end = tokenizer().token_to_id(own.special_tokens["eos_token"])
    return Renderer(tokenizer(), own, settle_stops(tokenizer(), own, (end,)).ids)


def talk(*texts: str, system: str = "", tools: str = "") -> Conversation:
    """User and assistant in turn."""
    turns = [Message(("user", "assistant")[n % 2], text) for n, text in enumerate(texts)]
    return Conversation((*([Message("system", system)] if system else []), *turns), tools)


def tool_talk() -> Conversation:
    """Two exchanges; the first with a call and its result."""
    return Conversation(
        (
            Message("user", "When is high tide?"),
            Message("assistant", "", tool_calls=CALL),
            Message("tool", '{"high": "08:40"}', tool_call_id="call00001", name="tide"),
            Message("assistant", "At 08:40."),
            Message("user", "Thank you"),
            Message("assistant", "Gladly."),
        ),
        TOOLS,
    )


def supervised(made: Renderer, example: object) -> list[str]:
    """The texts of the learned spans of an example."""
    ids, spans = example.ids.tolist(), example.spans  # type: ignore[attr-defined]
    return [made.tokenizer.decode(ids[s.start : s.end], skip_special_tokens=False) for s in spans]
