"""Tiny random language models of many architectures, with the tokenizer and template of the tiny chat checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.checkpoints import chat_checkpoint

ARCHITECTURES = (
    *("llama", "qwen2", "qwen3", "gpt2", "mistral", "gemma2", "gpt_neox", "phi", "opt", "bloom", "granite", "cohere"),
)
"""Rotary, learned and ALiBi positions, windows of attention, caps and scales of logits, tied and untied embeddings."""


def language_checkpoint(folder: Path, architecture: str) -> Path:
    """A checkpoint of one of `ARCHITECTURES` in `folder`, which is returned."""
    import torch
    from transformers import AutoModelForCausalLM

    chat_checkpoint(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = AutoModelForCausalLM.from_config(_configuration(folder, architecture))
    model.save_pretrained(folder)
    return folder


def _configuration(folder: Path, architecture: str) -> Any:
    import transformers as t

    tokens = t.AutoConfig.from_pretrained(folder)
    size = {"vocab_size": tokens.vocab_size, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    ends = {"bos_token_id": None, "eos_token_id": 2, "pad_token_id": 0, "initializer_range": 0.2}
    usual = {**size, **ends, "intermediate_size": 64, "max_position_embeddings": 512}
    grouped = {**usual, "num_key_value_heads": 1}
    names = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 512, "vocab_size": tokens.vocab_size}
    match architecture:
        case "llama":
            return t.LlamaConfig(**grouped)
        case "qwen2":
            return t.Qwen2Config(**grouped, tie_word_embeddings=True)
        case "qwen3":
            return t.Qwen3Config(**grouped, head_dim=16)
        case "gpt2":
            return t.GPT2Config(**names, **ends, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
        case "mistral":
            return t.MistralConfig(**grouped, sliding_window=8)
        case "gemma2":
            caps = {"final_logit_softcapping": 2.0, "attn_logit_softcapping": 5.0, "sliding_window": 8}
            return t.Gemma2Config(**grouped, **caps, head_dim=16, query_pre_attn_scalar=16)
        case "gpt_neox":
            return t.GPTNeoXConfig(**usual, hidden_dropout=0.0, attention_dropout=0.0)
        case "phi":
            return t.PhiConfig(**usual, resid_pdrop=0.0)
        case "opt":
            rest = {"ffn_dim": 64, "word_embed_proj_dim": 32, "max_position_embeddings": 512, "dropout": 0.0}
            return t.OPTConfig(**size, **rest, init_std=0.2, bos_token_id=1, eos_token_id=2, pad_token_id=0)
        case "bloom":
            return t.BloomConfig(**{**size, "n_layer": 2, "n_head": 2}, **ends)
        case "granite":
            return t.GraniteConfig(**grouped, logits_scaling=4.0, embedding_multiplier=2.0)
        case "cohere":
            return t.CohereConfig(**grouped, logit_scale=0.25)
    raise ValueError(f"{architecture!r} is not one of {ARCHITECTURES}")
