"""OpenAI's protocol over bundles that transcribe: recordings to texts, subtitles, words with times; streamed or whole."""
