"""Set phrases whose verb tells nothing, as the plain verb: 'have a look at' → 'look at', 'drop them a line' → 'send them a message'."""

import re

_WHO = (
    r"(?P<who>(?:the |an? |our |my |his |her |their |each |every |all )?(?:[\w'-]+ ){0,3}?[\w'-]+)"
)
_IDIOMS = tuple(
    (re.compile(pattern, re.IGNORECASE), plain)
    for pattern, plain in (
        (r"\b(?:have|take|cast|get) an? (?:[a-z]+ )?look (?P<where>at|into|through)\b", r"look \g<where>"),
        (r"\b(?:make|take) an? (?:[a-z]+ )?note of\b", "note down"),
        (rf"\bdrop {_WHO} an? (?:short |quick |brief )?(?:line|note)\b", r"send \g<who> a message"),
        (rf"\bgive {_WHO} an? (?:short |quick |brief )?(?:ring|call|bell|buzz)\b", r"call \g<who>"),
        (rf"\bget {_WHO} (?:going|started|under ?way|rolling)\b", r"start \g<who>"),
        (rf"\bkeep {_WHO} (?:posted|informed|updated|in the loop|up to date)\b", r"inform \g<who>"),
        (r"\b(?:do not|don't) do anything (?:but|except|other than)\b", "just"),
        (rf"(?:^|(?<=[.;,:] )|(?<=, and )){_WHO} (?:gets?|receives?|should get|must get) (?P<what>(?:the|his|her|their|its) [\w-]+) back\b", r"return \g<what> to \g<who>"),
        (r",? (?:to be )?followed by (?=(?:an?|the|our|another) )", ", then make "),
        (rf"\bget (?:in touch with|hold of) {_WHO}\b", r"contact \g<who>"),
    )
)  # fmt: skip


def without_idioms(text: str) -> str:
    """`text` with set phrases as plain verbs."""
    for pattern, plain in _IDIOMS:
        text = pattern.sub(plain, text)
    return text
