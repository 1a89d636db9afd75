"""native:summarize_text: the sentences of a text that say most of what it is about."""

from collections import Counter

from pydantic import JsonValue

from discovery.native_tools.tool import Arguments, NativeTool, closed_object
from discovery.native_tools.words import MAX_TEXT_LENGTH, content_words_of, sentences_of

_MAX_SENTENCES = 2_000
# A text's first sentence usually says what it is about.
_FIRST_SENTENCE_BONUS = 1.2
# Very long sentences win by their length alone, very short ones say too little.
_USUAL_WORDS = (4, 40)


def summarize_text(arguments: Arguments) -> JsonValue:
    """Choose sentences of the text, unchanged and in their order; nothing is written anew."""
    sentences = sentences_of(arguments["text"])[:_MAX_SENTENCES]
    chosen = _choose(sentences, arguments.get("max_sentences", 3))
    kept = [sentences[index] for index in sorted(chosen)]
    return {
        "summary": " ".join(kept),
        "sentences": list(kept),
        "sentence_count": len(sentences),
    }


def _choose(sentences: list[str], wanted: int) -> list[int]:
    """Indexes by SumBasic (Nenkova, Vanderwende 2005): the sentence of the most probable words, then, so that the
    next one says something else, the probabilities of its words are squared."""
    bags = [content_words_of(sentence) for sentence in sentences]
    total = sum(map(len, bags)) or 1
    counts = Counter(word for bag in bags for word in bag)
    probability = {word: count / total for word, count in counts.items()}
    remaining = dict(enumerate(bags))
    chosen: list[int] = []
    while remaining and len(chosen) < wanted:
        best = max(
            remaining, key=lambda index: (_score(index, remaining[index], probability), -index)
        )
        chosen.append(best)
        for word in remaining.pop(best):
            probability[word] **= 2
    return chosen


def _score(index: int, bag: list[str], probability: dict[str, float]) -> float:
    shortest, longest = _USUAL_WORDS
    if not bag:
        return 0.0
    average = sum(probability[word] for word in bag) / max(len(bag), shortest)
    if len(bag) > longest:
        average *= longest / len(bag)
    return average * (_FIRST_SENTENCE_BONUS if index == 0 else 1.0)


TOOL = NativeTool(
    name="summarize_text",
    description=(
        "Summarize a long text without a language model: pick its most important sentences (an extractive summary). "
        "Use it to shorten an article, a report, a log or meeting notes to a few key sentences."
    ),
    input_schema=closed_object(
        {
            "text": {
                "type": "string",
                "maxLength": MAX_TEXT_LENGTH,
                "description": "The text to summarize.",
            },
            "max_sentences": {
                "type": "integer",
                "minimum": 1,
                "maximum": 20,
                "default": 3,
                "description": "How many sentences to keep at most.",
            },
        },
        required=("text",),
    ),
    output_schema=closed_object(
        {
            "summary": {"type": "string", "description": "The chosen sentences as one text."},
            "sentences": {"type": "array", "items": {"type": "string"}},
            "sentence_count": {
                "type": "integer",
                "minimum": 0,
                "description": "How many sentences the text has.",
            },
        },
        required=("summary", "sentences", "sentence_count"),
    ),
    compute=summarize_text,
)
