"""One function that makes token ids of a conversation, for training, test, predict and serve.

`Renderer.prompt` is what a model is given in service. In training, the tokens before each learned reply are that very
prompt: `Renderer.examples` builds on it, and refuses a row where it is not so.
"""

from __future__ import annotations

from dataclasses import dataclass

from burnish.media.chat import _windows
from burnish.media.chat._encoder import TemplateEncoder
from burnish.media.chat.conversation import Conversation
from burnish.media.chat.rendered import REPLIES, Learned, RenderedRow


@dataclass(frozen=True)
class Renderer(TemplateEncoder):
    """The one place where conversations become ids, for training, test and service alike.

    Attributes: see `TemplateEncoder`.
    """

    def prompt(
        self, conversation: Conversation, *, limit: int | None = None, most: int | None = None, where: str = ""
    ) -> list[int]:
        """The ids that a reply is generated from.

        Args:
            conversation: ends with a message to reply to.
            limit: most tokens; the earliest exchanges that do not fit are left out whole.
            most: tokens that the last exchange alone may take, which is never left out; `limit` where that is more.
            where: file and row, for messages.

        Raises:
            InputError: tools that the template does not render, a control token in a text, a template that fails, or a
                last exchange that alone is longer than both.
        """
        self.check(conversation, where)
        return _windows.prompt(self, conversation, limit, where, most)[0]

    def left_out(self, conversation: Conversation, *, limit: int | None, most: int | None = None) -> int:
        """How many of the earliest exchanges `prompt` leaves out; arguments and errors as there."""
        self.check(conversation, "")
        return _windows.prompt(self, conversation, limit, "", most)[1]

    def examples(
        self, conversation: Conversation, learned: Learned = REPLIES, *, limit: int | None = None, where: str = ""
    ) -> RenderedRow:
        """Ids and learned spans of a conversation with replies.

        One example where the template leaves earlier turns as they are, else one for each reply. Where it is longer
        than `limit`, the earliest exchanges are left out of the context of later replies; a reply is never cut.

        Args:
            conversation: checked, with replies.
            learned: what the loss is on.
            limit: most tokens of an example.
            where: file and row, for messages.

        Raises:
            InputError: as in `prompt`; a text, thought or call that the template drops; a reply that does not end in a
                token of `stop_ids`; a prompt that is not how its example begins; spans that are not those which the
                template marks itself.
        """
        self.check(conversation, where)
        return _windows.examples(self, conversation, learned, limit, where)
