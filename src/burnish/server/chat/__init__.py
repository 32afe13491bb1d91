"""OpenAI's protocol over bundles that write: chats and completions, streamed or whole."""
