"""The verb `compress`: a trained run made smaller and faster, step by step, each step measured and judged."""
