"""Templates of checkpoints: where they lie, by name, in a sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.media.chat.conversation import Message, PlainText, TokenIds
from burnish.media.chat.plain import ids_example, text_example
from burnish.media.chat.stops import checkpoint_stops
from burnish.media.chat.templates import ChatTemplate, load_template
from tests.chat_cases import CHATML, template, tokenizer

USER = [Message("user", "Hi")]


def write(folder: Path, name: str, value: object) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


def test_a_template_is_found_where_checkpoints_keep_it(tmp_path: Path) -> None:
    tokens = {"bos_token": {"content": "<s>"}, "eos_token": "</s>", "pad_token": None}
    several = [{"name": "default", "template": "one"}, {"name": "tool_use", "template": "two"}]
    write(tmp_path, "tokenizer_config.json", {**tokens, "chat_template": several})
    found = load_template(tmp_path)
    assert (found.source, found.special_tokens) == ("one", {"bos_token": "<s>", "eos_token": "</s>"})
    assert load_template(tmp_path, tools=True).source == "two"
    write(tmp_path, "chat_template.jinja", "three")
    assert load_template(tmp_path, tools=True).source == "three"
    write(tmp_path, "additional_chat_templates/tool_use.jinja", "four")
    assert load_template(tmp_path, tools=True).source == "four"
    assert load_template(tmp_path, given="{{ 'five' }}").source == "{{ 'five' }}"
    write(tmp_path, "six.jinja", "six")
    assert load_template(tmp_path, given=str(tmp_path / "six.jinja")).source == "six"
    assert "### Response" in load_template(tmp_path, given="instruction").source


def test_no_template_is_refused_with_the_names_of_some(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this checkpoint has no chat template") as caught:
        load_template(tmp_path)
    assert "chatml, chatml-tools, instruction, plain" in caught.value.fix
    with pytest.raises(InputError, match="there is no chat template 'chattml'"):
        load_template(tmp_path, given="chattml")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{% set ns = namespace(_x=1) %}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ messages | nope }}",
        "{% for x in range(99999999) %}{% endfor %}",
        "{{ raise_exception('no') }}",
        "{% if %}",
    ],
)
def test_templates_do_not_leave_the_sandbox(source: str) -> None:
    with pytest.raises(InputError, match="the chat template fails"):
        ChatTemplate(source).render(USER, where="row 1")


def test_a_template_is_kept_with_its_settings_and_its_day() -> None:
    own = template("llama3")
    assert "Today: 01 May 2026" in own.render(USER)
    again = ChatTemplate.restore(json.loads(json.dumps(own.settings())), "llama3")
    assert again == own


def test_stop_tokens_of_a_checkpoint(tmp_path: Path) -> None:
    own = template("chatml")
    assert checkpoint_stops(tmp_path, tokenizer(), own) == (tokenizer().token_to_id("<|im_end|>"),)
    write(tmp_path, "config.json", {"eos_token_id": 7})
    assert checkpoint_stops(tmp_path, tokenizer(), own) == (7,)
    write(tmp_path, "generation_config.json", {"eos_token_id": [8, 9]})
    assert checkpoint_stops(tmp_path, tokenizer(), own) == (8, 9)


def test_examples_without_a_template() -> None:
    text = text_example(tokenizer(), PlainText("the ferry"), 2)
    assert text.ids[-1] == 2
    assert text.weights().tolist() == [0.0] + [1.0] * (len(text.ids) - 1)
    made = ids_example(TokenIds((4, 5, 6), (False, True, False)), 300, "")
    assert made.ids.dtype == np.int32
    assert made.weights().tolist() == [0, 1, 0]
    with pytest.raises(InputError, match="row 2: the token id 400"):
        ids_example(TokenIds((4, 400), (True, True)), 300, "row 2")


def test_rendering_needs_neither_torch_nor_transformers() -> None:
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('torch', 'transformers', 'pyarrow', 'pandas', 'datasets')))\n"
        "import burnish.media.chat.formats, burnish.media.chat.preview, burnish.media.chat.tally\n"
        "import burnish.media.chat.plain, burnish.media.chat.stops\n"
        "from burnish.media.chat.templates import ChatTemplate\n"
        "from burnish.media.chat.conversation import Message\n"
        f"print(ChatTemplate({CHATML!r}).render([Message('user', 'Hi')], generation_prompt=True))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("<|im_start|>assistant\n\n")
