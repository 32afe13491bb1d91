"""The verb `chat`: a conversation with a trained model, or with it and its base checkpoint side by side."""
