"""Tiny checkpoints with random weights and real configurations, as a folder on disk: what tests fine-tune.

Each is saved the way the well-known checkpoint of its architecture is: BERT as its bare body with a pooler, the other
encoders with their pretraining head, the decoders as language models, GPT-2 and Llama without a pad token.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WORDPIECE = ("bert", "distilbert", "deberta_v2", "modernbert", "electra", "albert")
DECODERS = ("gpt2", "llama", "qwen2", "qwen3")
ARCHITECTURES = (*WORDPIECE, "roberta", *DECODERS)

HIDDEN = 32
POSITIONS = 512
DEFAULT_TEXTS = (
    "the quick brown fox jumps over the lazy dog",
    "a good film with a bad ending and a very good cast",
    "please cancel my order , the parcel never arrived",
    "where is my card and why was i charged twice ?",
)


def tiny_checkpoint(
    folder: Path,
    architecture: str = "bert",
    *,
    texts: Sequence[str] | None = None,
    dropout: float = 0.0,
    layers: int = 2,
    seed: int = 0,
    chat: bool = False,
) -> Path:
    """Write configuration, weights (safetensors) and a fast tokenizer into `folder`, and return it.

    Args:
        folder: made if it is not there.
        architecture: one of `ARCHITECTURES`.
        texts: the most frequent words of these are whole tokens; all other text falls apart into letters or bytes.
        dropout: every dropout rate the configuration has.
        layers: blocks of the body; the hidden size is 32.
        seed: of the random weights; the global random state is left as it was.
        chat: with the control tokens of ChatML, whatever the tokens of the architecture are.
    """
    import torch
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer("qwen2" if chat else architecture, texts or DEFAULT_TEXTS, prefixed=not chat)
    tokenizer.save_pretrained(folder)
    config, head = _configuration(architecture, tokenizer, dropout, layers)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = head.from_config(config)
    model.save_pretrained(folder)
    return folder


def chat_checkpoint(folder: Path, architecture: str = "llama", **settings: Any) -> Path:
    """A tiny language model that chats: ChatML control tokens, a chat template that knows tools, settings to write with.

    Args:
        folder: made if it is not there.
        architecture: one of `DECODERS`.
        settings: `texts`, `dropout`, `layers`, `seed`, as of `tiny_checkpoint`.
    """
    from burnish.media.chat.named_templates import NAMED

    tiny_checkpoint(folder, architecture, chat=True, **settings)
    (folder / "chat_template.jinja").write_text(NAMED["chatml-tools"], encoding="utf-8")
    return folder


def byte_tokenizer(texts: Sequence[str]) -> Any:
    """A byte-level tokenizer that ends each text, as a text encoder such as T5 reads it."""
    from transformers import PreTrainedTokenizerFast

    backend = _byte_pairs(texts, ["<pad>", "</s>", "<unk>"])
    _template(backend, "", "</s>")
    names = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, model_max_length=POSITIONS, clean_up_tokenization_spaces=False, **names
    )


def _configuration(architecture: str, tokenizer: Any, dropout: float, layers: int) -> tuple[Any, Any]:
    import transformers as t

    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": HIDDEN,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": POSITIONS + 2,  # RoBERTa counts positions from 2
        "initializer_range": 0.1,  # the usual 0.02 leaves logits of so small a model nearly constant
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    both = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    grouped = {"num_key_value_heads": 1, "attention_dropout": dropout}
    match architecture:
        case "bert":
            return t.BertConfig(**shape, **both), t.AutoModel
        case "roberta":
            return t.RobertaConfig(**shape, **both, type_vocab_size=1), t.AutoModelForMaskedLM
        case "electra":
            return t.ElectraConfig(**shape, **both, embedding_size=16), t.AutoModelForPreTraining
        case "albert":
            return t.AlbertConfig(**shape, **both, embedding_size=16), t.AutoModelForMaskedLM
        case "deberta_v2":
            relative = {"relative_attention": True, "position_buckets": 16, "pos_att_type": ["p2c", "c2p"]}
            extra = {"share_att_key": True, "norm_rel_ebd": "layer_norm", "type_vocab_size": 0}
            return t.DebertaV2Config(**shape, **both, **relative, **extra), t.AutoModelForMaskedLM
        case "distilbert":
            names = {"dim": HIDDEN, "n_layers": layers, "n_heads": 2, "hidden_dim": 64}
            rest = {k: shape[k] for k in ("vocab_size", "max_position_embeddings", "initializer_range", "pad_token_id")}
            rates = {"dropout": dropout, "attention_dropout": dropout, "seq_classif_dropout": dropout}
            return t.DistilBertConfig(**names, **rest, **rates), t.AutoModelForMaskedLM
        case "modernbert":
            rates = {"mlp_dropout": dropout, "attention_dropout": dropout, "embedding_dropout": dropout}
            tokens = {"cls_token_id": tokenizer.cls_token_id, "sep_token_id": tokenizer.sep_token_id}
            local = {"local_attention": 32, "classifier_dropout": dropout}
            return t.ModernBertConfig(**shape, **rates, **tokens, **local), t.AutoModelForMaskedLM
        case "gpt2":
            names = {"n_embd": HIDDEN, "n_layer": layers, "n_head": 2, "n_positions": POSITIONS}
            rest = {k: shape[k] for k in ("vocab_size", "initializer_range", "bos_token_id", "eos_token_id")}
            rates = {"resid_pdrop": dropout, "embd_pdrop": dropout, "attn_pdrop": dropout}
            return t.GPT2Config(**names, **rest, **rates), t.AutoModelForCausalLM
        case "llama":
            return t.LlamaConfig(**shape, **grouped), t.AutoModelForCausalLM
        case "qwen2":
            return t.Qwen2Config(**shape, **grouped, tie_word_embeddings=True), t.AutoModelForCausalLM
        case "qwen3":
            return t.Qwen3Config(**shape, **grouped, head_dim=16), t.AutoModelForCausalLM
    raise ValueError(f"{architecture!r} is not one of {ARCHITECTURES}")


def _tokenizer(architecture: str, texts: Sequence[str], *, prefixed: bool = True) -> Any:
    from transformers import PreTrainedTokenizerFast

    if architecture in WORDPIECE:
        backend, special = _wordpiece(texts)
    elif architecture == "roberta":
        backend = _byte_pairs(texts, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
        _template(backend, "<s>", "</s>", twice=True)
        special = {"bos": "<s>", "eos": "</s>", "cls": "<s>", "sep": "</s>", "pad": "<pad>", "mask": "<mask>"}
        special["unk"] = "<unk>"
    elif architecture == "llama":
        backend = _byte_pairs(texts, ["<unk>", "<s>", "</s>"])
        _template(backend, "<s>", None)
        special = {"bos": "<s>", "eos": "</s>", "unk": "<unk>"}
    elif architecture == "gpt2":
        backend = _byte_pairs(texts, ["<|endoftext|>"])
        special = dict.fromkeys(("bos", "eos", "unk"), "<|endoftext|>")
    else:
        backend = _byte_pairs(texts, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], prefixed=prefixed)
        special = {"eos": "<|im_end|>", "pad": "<|endoftext|>"}
    named: dict[str, Any] = {f"{name}_token": token for name, token in special.items()}
    if architecture in ("bert", "electra", "albert", "deberta_v2"):
        named["model_input_names"] = ["input_ids", "token_type_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, model_max_length=POSITIONS, clean_up_tokenization_spaces=False, **named
    )


def _frequent(texts: Sequence[str], most: int = 2000) -> list[str]:
    """Lower-cased words of letters and digits, most frequent first, ties in alphabetical order."""
    counts = Counter(word for text in texts for word in str(text).lower().split() if word.isalnum())
    return sorted(counts, key=lambda word: (-counts[word], word))[:most]


def _wordpiece(texts: Sequence[str]) -> tuple[Any, dict[str, str]]:
    import string

    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    special = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    letters = sorted({c for text in texts for c in str(text).lower() if c.isalnum()} | set(string.ascii_lowercase))
    marks = list(string.punctuation) + list(string.digits)
    pieces = [*special.values(), *marks, *letters, *(f"##{c}" for c in [*letters, *string.digits]), *_frequent(texts)]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    backend = Tokenizer(models.WordPiece(vocab=vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    _template(backend, "[CLS]", "[SEP]")
    return backend, special


def _byte_pairs(texts: Sequence[str], special: Sequence[str], *, prefixed: bool = True) -> Any:
    """A byte-level BPE whose merges spell out the most frequent words, each with the space before it.

    Where texts are not `prefixed` with a space, words are whole without one as well.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=prefixed)
    pieces = dict.fromkeys([*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])
    merges: dict[tuple[str, str], None] = {}
    words = [start + word for word in _frequent(texts, 300) for start in ((" ",) if prefixed else (" ", ""))]
    for word in words:
        spelled = byte_level.pre_tokenize_str(word)[0][0]
        for end in range(1, len(spelled)):
            merges[spelled[:end], spelled[end]] = None
            pieces[spelled[: end + 1]] = None
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=list(merges)))
    backend.pre_tokenizer = byte_level
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(token, special=True) for token in special])
    return backend


def _template(backend: Any, first: str, last: str | None, *, twice: bool = False) -> None:
    from tokenizers import processors

    end = f" {last}:0" if last else ""
    second = f" {last}:0" if twice else ""
    kind = 0 if twice or last is None else 1  # only BERT-like models tell the two texts apart by type
    close = f" {last}:{kind}" if last else ""
    begin = f"{first} " if first else ""
    backend.post_processor = processors.TemplateProcessing(
        single=f"{begin}$A{end}",
        pair=f"{begin}$A{end}{second} $B:{kind}{close}",
        special_tokens=[(token, backend.token_to_id(token)) for token in dict.fromkeys((first, last)) if token],
    )
