"""The words that stand before a clause and govern it ('if', 'for each', 'until', 'then'), and what parts clauses."""

import re

_CLOSING = (
    r"finally|lastly|last of all|in any case|either way|in (?:both|all|every) cases?|regardless(?: of (?:the|that|this)\b[^,.;]*)?|"
    r"(?:right |just )?at the (?:very )?end|in the end|at last|as (?:the|a) last step|to (?:finish|conclude|wrap up|round it off)|"
    r"with (?:both|all|everything|these|those|the two|all three)(?: of (?:them|these))?(?: (?:results?|answers?|reports?|\w+s))? (?:in hand|at hand|done|there|ready|finished|in place|complete|available)|"
    r"whatever (?:happens|happened|the (?:result|outcome|case|answer)(?: is| was| may be)?)|no matter (?:what|which|how)\b[^,.;]*|"
    r"(?:when|once|after|as soon as) (?:the )?(?:last|final) (?:one|\w+)(?: (?:is|has been|was) \w+)?(?:,|(?= \w+ \w+))|"
    r"when (?:you(?:'re| are)|it(?:'s| is)|that(?:'s| is)) (?:all )?done|"
    r"when (?:all|everything|that) (?:of (?:it|that|this) )?(?:is|are|has been|have been) (?:all )?(?:done|finished|ready|complete|processed|through)|"
    r"once (?:all|everything) (?:is|are|has been|have been)? ?(?:done|finished|ready|complete|processed)|"
    r"(?:when|once|after|as soon as) (?:all|everything|every one|each|both|the two|all three|the whole \w+)(?: of (?:them|these|those|it))? "
    r"(?:is|are|has been|have been) (?:\w+ed|through|done|in|over|read|sent|written|there|back)|"
    r"(?:after|when|once) (?:the loop|all (?:of them|items|rows|entries)[^,]*),?"
)
_ORDER = (
    r"then|after that|afterwards|(?<!the )(?<!our )(?<!its )(?<!this )next(?! to\b)(?! (?:\w+ )?(?:days?|weeks?|months?|quarters?|years?|steps?|stage|"
    r"phase|round|hours?|version|level)\b)|subsequently|thereafter|after which|following that|secondly|thirdly|"
    r"when done|once (?:that is |it is |this is )?done|as a next step|from there"
)
PARALLEL = re.compile(
    r"\b(?P<of>both |all (?:of (?:them|it) |three )?|(?:the|these|those|them) (?:two|three|both)(?: things| steps)?(?: (?:can|may|should|could) (?:be done|run|happen))? )?"
    r"(?:(?:at|in) the same (?:time|moment)(?: as (?:that|this))?|in parallel(?: (?:to|with) (?:that|this|it))?|simultaneously|concurrently|side by side|next to each other|alongside each other|independently(?: (?:of|from) (?:each other|one another))?|all at once|at once|"
    # 'the parallel code' is a thing.
    r"in the meantime|meanwhile|(?<!the )(?<!an )(?<!\ba )(?<!our )parallel(?:ly)?|alongside)\b,?\s*",
    re.IGNORECASE,
)
_REPEAT = r"repeat(?: this| that| it| the (?:steps|process|cycle|loop))?"
_TIMES = r"(?:up to |at most |exactly )?(?:\d+|two|three|four|five|six|seven|eight|nine|ten) times"
_CONTROL = {
    "otherwise": (
        r"otherwise|or else|else|if not|if it (?:is not|isn't|doesn't|does not)\s*(?=,|$)|failing that|"
        r"in (?:all|any|every|the) other (?:cases?|instances?|situations?)|for (?:all|any|every) other cases?|as for the rest"
    ),
    "unless": r"unless",
    "if": (
        r"if|wherever|in case(?: of)?|in the event (?:of|that)|provided(?: that)?|on (?:the )?condition that|assuming(?: that)?(?= (?:it|the|that|they|he|she|an?|there|nobody|everything)\b)|"
        r"should (?=(?:it|the|this|that|they|there|any|some(?:thing|body|one)|anything|any(?:body|one)|nothing|nobody|an?|he|she)\b)"
    ),
    "depending": (
        r"(?:depending|dependent) on|"
        r"based on (?=whether|which|the (?:type|category|kind|result|outcome|language))|"
        r"according to (?=whether|which|its|the (?:type|category|kind|result))"
    ),
    "each": (
        r"(?:do (?:this|the following|that) )?for (?:each|every|all (?=the|of)|any)(?: one)?(?: of)?|"
        r"with (?:each|every)(?: one)?(?: of)?|(?:loop|iterate) (?:through|over)(?: each| every| all)?|"
        r"(?:go|run|step|work) (?:through|over) (?:each|every)(?: one)?(?: of)?"
    ),
    "until": (
        r"(?:and )?(?:repeat(?:ing)?(?: this| that| it| the (?:steps|process|cycle|loop))?|loop|"
        r"iterate|keep going|continue)?\s*(?:until|till)(?! (?:now|then|today|recently|yesterday|lately|last)\b)"
    ),
    "times": rf"{_REPEAT}(?= {_TIMES})|{_TIMES}",
    "while": r"while|whilst",
    "before": r"before(?= (?:you |we |it |the |that\b|this\b|any|all (?:of )?(?:this|that)\b|everything\b|[a-z]+ing))",
    "after": r"after(?= (?!that))|once|as soon as",
    "when": r"when(?:ever)?|every time|each time|upon",
}
_CONTROLS = [
    (name, re.compile(rf"(?:{pattern})\b", re.IGNORECASE)) for name, pattern in _CONTROL.items()
]
_INNER = (
    r"if|unless|otherwise|or else|else|until|till|while|whilst|before|after|once|as soon as|depending on|"
    rf"for each|for every|when|in case|on (?:the )?condition that|provided(?= (?:that |the |it |he |she |they |there |an? |all |nobody |nothing |everything |our |my |we ))|{_TIMES}"
)
DELIMITER = re.compile(
    rf"(?P<close>\s*[,;:]?\s*\b(?:and |but )?(?:{_CLOSING})\b,?\s*)"
    rf"|(?P<order>\s*[,;:]?\s*\b(?:and |but )?(?:{_ORDER})\b,?\s*)"
    r"|(?P<semi>\s*;\s*(?:and |but )?)"
    r"|(?P<comma>\s*[,:](?!\d)\s+(?:and |but |or |plus |so (?!that\b))?|\s+[-\u2013\u2014]\s+)"
    r"|(?P<joint>\s+(?:and|but|plus)\s+)"
    rf"|(?P<inner>(?<! at)(?<! at most)(?<! up to)(?<! exactly)\s+(?!(?<=\bthe\s)till\b)(?!(?<=thing\s)else)(?!(?<=body\s)else)(?!(?<=one\s)else)(?!(?<=what\s)else)(?!(?<=who\s)else)(?=(?:{_INNER})\b))",
    re.IGNORECASE,
)


def control_of(text: str) -> tuple[str, str]:
    """The control word at the head of a clause ('' for none), and the rest of it."""
    for name, pattern in _CONTROLS:
        match = pattern.match(text)
        if match:
            keep = name == "times"
            return name, text if keep else text[match.end() :].strip(" ,:")
    return "", text
