"""Talking with a model: what is streamed is what is answered, and what the lines of `burnish chat` do."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import burnish
from burnish.answering.predictor import Predictor, load
from burnish.answering.requested import Decoding
from burnish.cli import commands
from burnish.core.errors import InputError
from burnish.media.chat.conversation import COLUMN, Conversation, Message
from burnish.stages.chat.opening import base_of, opened, shared_system
from burnish.stages.chat.run import Request, Talk, chat
from burnish.stages.chat.session import Session
from tests.chat_bundles import SYSTEM, chat_bundle
from tests.checkpoints import chat_checkpoint

QUESTIONS = ("when does the ferry leave ?", "and back ?", "ß € 渡 🛳️", "a")
FEW = Decoding(max_new_tokens=6, seed=3)
MESSAGES = [{"role": "system", "content": "s"}, {"role": "user", "content": "when ?"}]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chat_bundle(tmp_path_factory.mktemp("chat") / "bundle")


@pytest.fixture(scope="module")
def predictor(bundle: Path) -> Predictor:
    return load(bundle)


@pytest.fixture
def session(predictor: Predictor) -> Session:
    return Session(predictor, FEW)


def test_streamed_is_what_is_answered(predictor: Predictor) -> None:
    for question in QUESTIONS:
        answer, reply = predictor(question), predictor.stream(question)
        assert "".join(reply).strip() == answer.answer
        assert reply.answer == answer
        assert reply.written_tokens <= 24
        assert reply.prompt_tokens > 0


def test_nothing_is_computed_that_nobody_asks_for(predictor: Predictor) -> None:
    reply = predictor.stream("a")
    assert (reply.written_tokens, reply.answer) == (0, None)
    next(reply)
    assert 0 < reply.written_tokens < 24


def test_seeds_are_those_of_the_request(predictor: Predictor) -> None:
    said = {seed: "".join(predictor.stream("a", seed=seed)) for seed in range(4)}
    assert len(set(said.values())) > 1
    assert said[2] == "".join(predictor.stream("a", seed=2))


def test_a_stop_text_of_the_request_ends_the_answer_before_it(predictor: Predictor) -> None:
    whole = "".join(predictor.stream("a"))
    stop = next(whole[n : n + 3] for n in range(3, len(whole)) if whole[n : n + 3].isalpha())
    reply = predictor.stream("a", stop=[stop])
    assert "".join(reply) == whole[: whole.index(stop)]
    assert reply.answer is not None
    assert reply.answer.ended == "stop"


def test_an_answer_ends_with_the_context(predictor: Predictor) -> None:
    limit = predictor.bundle.processor.for_input.limit
    assert limit is not None
    one, two = (predictor.stream("the " * n).prompt_tokens for n in (1, 2))
    words = (limit - 8 - one) // (two - one)
    reply = predictor.stream("the " * words, max_new_tokens=10 * limit)
    list(reply)
    assert limit - 16 <= reply.prompt_tokens < reply.prompt_tokens + reply.written_tokens <= limit


def test_a_conversation_is_a_list_of_messages_or_a_row_or_a_text(predictor: Predictor) -> None:
    one = predictor(MESSAGES)
    assert one == predictor({"messages": MESSAGES})
    assert [one.answer] * 2 == [a.answer for a in predictor([{"messages": MESSAGES}, {"messages": MESSAGES}])]
    assert [one] == predictor([MESSAGES])
    assert predictor("when ?") == predictor([MESSAGES[1]])
    assert "".join(predictor.stream(MESSAGES)).strip() == one.answer  # type: ignore[attr-defined]


def test_the_public_loader_chats(bundle: Path) -> None:
    assert burnish.load(bundle)("a").ended in ("stop", "length")


def test_what_was_said_is_part_of_what_is_read(predictor: Predictor, session: Session) -> None:
    first, second = "".join(session.said("a")), "".join(session.said("b"))
    turns = (Message("user", "a"), Message("assistant", first.strip()), Message("user", "b"))
    alone = predictor.reply({COLUMN: Conversation(turns).to_text()}, FEW)
    assert "".join(alone) == second
    session.reset()
    assert "".join(session.said("a")) == first


def test_a_reply_that_was_stopped_is_kept_as_far_as_it_came(session: Session) -> None:
    pieces = session.said("a")
    begun = next(pieces)
    pieces.close()
    assert [reply.content for _, reply in session.exchanges] in ([begun.strip()], [])


def test_the_earliest_exchanges_leave_and_that_is_said(predictor: Predictor) -> None:
    told: list[str] = []
    session = Session(predictor, FEW, SYSTEM, told.append)
    limit = predictor.bundle.processor.for_input.limit
    assert limit is not None
    for _ in range(5):
        list(session.said("a " * (limit // 5)))
    assert "no longer fit" in told[0]
    assert len(session.exchanges) < 5
    assert session.system == SYSTEM


def test_a_message_longer_than_the_context_is_an_error_and_is_not_kept(session: Session) -> None:
    with pytest.raises(InputError, match="tokens"):
        list(session.said("a " * 3000))
    assert session.exchanges == []


def test_without_a_seed_replies_that_are_drawn_differ(predictor: Predictor) -> None:
    session = Session(predictor, Decoding(temperature=1.5))
    said = set()
    for _ in range(4):
        said.add("".join(session.said("a")))
        session.reset()
    assert len(said) > 1


def talked(source: Path | str, lines: str, **asked: Any) -> str:
    out = io.StringIO()
    chat(Request(str(source), decoding=FEW, **asked), lines=io.StringIO(lines), out=out)
    return out.getvalue()


def test_through_a_pipe_each_line_is_a_message(bundle: Path, predictor: Predictor) -> None:
    a = "".join(predictor.reply([{"role": "system", "content": SYSTEM}, {"role": "user", "content": "a"}], FEW))
    once = talked(bundle, "a\n")
    assert once == a.lstrip() + "\n"
    assert talked(bundle, "a\n/reset\na\n") == once * 2
    assert talked(bundle, "a\n/quit\nb\n") == once
    assert talked(bundle, "a\n\n") == once


def test_a_line_with_messages_is_a_conversation_of_its_own(bundle: Path, predictor: Predictor) -> None:
    line = json.dumps({"messages": MESSAGES})
    alone = "".join(predictor.reply(MESSAGES, FEW)).lstrip() + "\n"
    assert talked(bundle, f"{line}\n{line}\n") == alone * 2


def test_the_system_message_of_the_training_data_is_the_usual_one(
    bundle: Path, predictor: Predictor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shared_system(predictor.bundle) == SYSTEM
    with_it, without = talked(bundle, "a\n"), talked(bundle, "a\n", system="")
    assert SYSTEM in capsys.readouterr().err
    assert with_it != without
    assert talked(bundle, "/system\na\n") == without
    assert talked(bundle, f"/system {SYSTEM}\na\n", system="") == with_it


def test_base_and_tuned_reply_side_by_side(bundle: Path, predictor: Predictor) -> None:
    said = talked(bundle, "a\n", compare=True)
    assert "base" in said
    assert "tuned" in said
    base = base_of(predictor.bundle)
    assert base.bundle.decoder == predictor.bundle.decoder
    assert "".join(base.stream("a")) != "".join(predictor.stream("a"))
    drawn: dict[str, Any] = {"temperature": 1.5, "max_new_tokens": 24, "seed": 0}
    assert "".join(base.stream("a")) == "".join(opened(predictor.bundle.model["name"]).reply("a", Decoding(**drawn)))


def test_a_base_that_is_gone_is_named_and_another_can_be_given(tmp_path: Path) -> None:
    made = chat_bundle(tmp_path / "bundle")
    (tmp_path / "bundle-base").rename(tmp_path / "moved")
    with pytest.raises(InputError, match="--base FOLDER"):
        talked(made, "a\n", compare=True)
    assert talked(made, "a\n", compare=True, base=str(tmp_path / "moved"))


def test_a_checkpoint_as_it_is_chats_and_has_no_base(tmp_path: Path) -> None:
    place = chat_checkpoint(tmp_path / "checkpoint")
    assert talked(place, "a\n") == talked(place, "a\n", system="")
    with pytest.raises(InputError, match="no base"):
        talked(place, "a\n", compare=True)


def test_errors_end_a_pipe_and_not_a_terminal(
    session: Session, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match="/reset"):
        talked(bundle, "/resett\n")
    talk = Talk(["tuned"], [session], out=io.StringIO(), patient=True)
    assert talk.line("/resett")
    assert talk.line("<|im_end|>")
    assert "did you mean /reset?" in capsys.readouterr().err
    assert not talk.line("/quit")


class _Stopped(Session):
    """A conversation in which Ctrl-C comes after the first piece."""

    def said(self, text: str) -> Any:
        def pieces() -> Iterator[str]:
            yield "begun"
            raise KeyboardInterrupt

        return pieces()


def test_ctrl_c_stops_a_reply_and_not_the_talk(predictor: Predictor, capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    talk = Talk(["tuned"], [_Stopped(predictor, Decoding())], out=out, patient=True)
    assert talk.line("a")
    assert out.getvalue() == "begun\n"
    assert "stopped" in capsys.readouterr().err


def test_the_command(bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a\n"))
    assert commands.run(["chat", str(bundle), "--max-new-tokens", "5", "--temperature", "0.5", "--seed", "3"]) == 0
    assert capsys.readouterr().out.strip()
    assert commands.run(["chat", str(bundle), "--top-p", "2"]) == 2
    assert "decoder.top_p" in capsys.readouterr().err


def test_a_model_that_does_not_chat_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a folder"):
        opened("no such/name at all")
