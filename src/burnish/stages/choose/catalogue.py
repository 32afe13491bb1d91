"""Well-known checkpoints by name, with what is known of them before a byte is downloaded. No weights are shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from burnish.core.errors import InputError, unknown
from burnish.stages.choose.candidates import Candidate
from burnish.stages.licence import Licence

MANY = "many"
"""As language: a vocabulary made for some hundred languages."""
BYTES = 4
"""Of a parameter in float32, as most of these files hold them."""


@dataclass(frozen=True)
class Listed:
    """One checkpoint of the catalogue.

    Attributes:
        name: on the hub.
        modality: 'text', 'image' or 'audio'.
        parameters: in millions, embeddings included.
        licence: identifier on its card when it was listed; the card in the downloaded folder decides.
        learned_from: what it was pretrained on.
        languages: ISO 639-1 codes, `MANY`, or none where it reads no words.
        longest: tokens of a text, or 0.
        kind: of `model` in a recipe.
    """

    name: str
    modality: str
    parameters: float
    licence: str
    learned_from: str
    languages: tuple[str, ...] = ()
    longest: int = 0
    kind: str = "transformers"

    @property
    def free(self) -> bool:
        """Whether its licence allows any use."""
        return Licence(self.licence).free

    def reads(self, language: str) -> bool:
        """Whether it was made for texts of this language; pictures and sounds of no words are read by all."""
        return not self.languages or language in self.languages or MANY in self.languages

    def candidate(self) -> Candidate:
        """As `burnish choose` compares it; timm names its checkpoints without the organisation."""
        called = self.name.rpartition("/")[2] if self.kind == "timm" else self.name
        return Candidate(self.name, {"kind": self.kind, "name": called})


def _text(name: str, parameters: float, licence: str, learned_from: str, languages: str, longest: int) -> Listed:
    return Listed(name, "text", parameters, licence, learned_from, tuple(languages.split()), longest)


def _image(name: str, parameters: float, licence: str, learned_from: str) -> Listed:
    kind = "timm" if name.startswith("timm/") else "transformers"
    return Listed(name, "image", parameters, licence, learned_from, kind=kind)


def _audio(name: str, parameters: float, licence: str, learned_from: str, languages: str = "") -> Listed:
    return Listed(name, "audio", parameters, licence, learned_from, tuple(languages.split()))


BOOKS = "BooksCorpus and English Wikipedia"
WEB = "BooksCorpus, Wikipedia, news and web pages"
WIKIPEDIA_104 = "Wikipedia in 104 languages"
CRAWL_100 = "web pages in 100 languages (CC-100)"
IMAGENET = "ImageNet-1k"
SPEECH = "960 hours of English audiobooks (LibriSpeech)"
CAPTIONED = "680,000 hours of speech with transcripts"

CATALOGUE = (
    _text("google-bert/bert-base-uncased", 110, "apache-2.0", BOOKS, "en", 512),
    _text("google-bert/bert-base-chinese", 103, "apache-2.0", "Chinese Wikipedia", "zh", 512),
    _text("google-bert/bert-base-multilingual-cased", 179, "apache-2.0", WIKIPEDIA_104, MANY, 512),
    _text("distilbert/distilbert-base-uncased", 67, "apache-2.0", BOOKS + ", distilled from BERT", "en", 512),
    _text("distilbert/distilbert-base-multilingual-cased", 135, "apache-2.0", WIKIPEDIA_104, MANY, 512),
    _text("FacebookAI/roberta-base", 125, "mit", WEB, "en", 512),
    _text("FacebookAI/xlm-roberta-base", 279, "mit", CRAWL_100, MANY, 512),
    _text("albert/albert-base-v2", 12, "apache-2.0", BOOKS, "en", 512),
    _text("google/electra-small-discriminator", 14, "apache-2.0", BOOKS, "en", 512),
    _text("google/electra-base-discriminator", 110, "apache-2.0", BOOKS, "en", 512),
    _text("microsoft/deberta-v3-small", 141, "mit", WEB, "en", 512),
    _text("microsoft/deberta-v3-base", 184, "mit", WEB, "en", 512),
    _text("microsoft/mdeberta-v3-base", 279, "mit", CRAWL_100, MANY, 512),
    _text("answerdotai/ModernBERT-base", 149, "apache-2.0", "2 trillion tokens of English texts and code", "en", 8192),
    _text("sentence-transformers/all-MiniLM-L6-v2", 23, "apache-2.0", "a billion pairs of sentences", "en", 512),
    _text("intfloat/multilingual-e5-small", 118, "mit", "a billion pairs of texts", MANY, 512),
    _text("hfl/chinese-roberta-wwm-ext", 102, "apache-2.0", "Chinese Wikipedia, news and web pages", "zh", 512),
    _text("openai-community/gpt2", 124, "mit", "web pages linked from Reddit (WebText)", "en", 1024),
    _text("HuggingFaceTB/SmolLM2-135M", 135, "apache-2.0", "2 trillion tokens of web pages and code", "en", 8192),
    _text("HuggingFaceTB/SmolLM2-360M", 362, "apache-2.0", "4 trillion tokens of web pages and code", "en", 8192),
    _text("Qwen/Qwen2.5-0.5B", 494, "apache-2.0", "18 trillion tokens", MANY, 32768),
    _image("timm/mobilenetv3_large_100.ra_in1k", 5.5, "apache-2.0", IMAGENET),
    _image("timm/efficientnet_b0.ra_in1k", 5.3, "apache-2.0", IMAGENET),
    _image("timm/resnet50.a1_in1k", 25.6, "apache-2.0", IMAGENET),
    _image("timm/convnext_tiny.in12k_ft_in1k", 28.6, "apache-2.0", "ImageNet-12k, then ImageNet-1k"),
    _image("timm/vgg16.tv_in1k", 138, "bsd-3-clause", IMAGENET),
    _image("microsoft/resnet-50", 25.6, "apache-2.0", IMAGENET),
    _image("facebook/deit-small-patch16-224", 22, "apache-2.0", IMAGENET),
    _image("google/vit-base-patch16-224-in21k", 86, "apache-2.0", "ImageNet-21k"),
    _image("facebook/dinov2-small", 22, "apache-2.0", "142 million pictures without labels"),
    _audio("facebook/wav2vec2-base", 95, "apache-2.0", SPEECH, "en"),
    _audio("facebook/hubert-base-ls960", 95, "apache-2.0", SPEECH, "en"),
    _audio("MIT/ast-finetuned-audioset-10-10-0.4593", 87, "bsd-3-clause", "ImageNet, then sounds of AudioSet"),
    _audio("openai/whisper-tiny", 38, "apache-2.0", CAPTIONED, MANY),
    _audio("openai/whisper-base", 73, "apache-2.0", CAPTIONED, MANY),
    _audio("openai/whisper-small", 242, "apache-2.0", CAPTIONED, MANY),
)
MODALITIES = tuple(sorted({one.modality for one in CATALOGUE}))


def listed(
    modality: str, *, free: bool = False, language: str | None = None, largest: float | None = None
) -> list[Listed]:
    """Checkpoints of the catalogue that fulfil what can be known beforehand, the smallest first.

    Args:
        modality: one of `MODALITIES`.
        free: only licences that allow any use.
        language: only those made for texts of this language (ISO 639-1).
        largest: millions of parameters at most.

    Raises:
        InputError: no such modality, or nothing is left.
    """
    if modality not in MODALITIES:
        raise unknown("modality", modality, list(MODALITIES))
    fit = [
        one
        for one in CATALOGUE
        if one.modality == modality
        and (one.free or not free)
        and (language is None or one.reads(language))
        and (largest is None or one.parameters <= largest)
    ]
    if not fit:
        raise InputError(
            f"no checkpoint of the catalogue for {modality} fulfils the wishes",
            fix="burnish list checkpoints shows all; ask for less, or name others with --candidate",
            place="--catalogue",
        )
    return sorted(fit, key=lambda one: one.parameters)


def gigabytes(chosen: Sequence[Listed]) -> float:
    """About what their weights take to download, in GB."""
    return sum(one.parameters for one in chosen) * 1e6 * BYTES / 1e9
