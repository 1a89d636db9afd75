"""The named patterns of native:extract_patterns.

Regular expressions of ours only, never a caller's. Each is linear in the text: what repeats is bounded, and what
follows a repetition can't be part of it, so a hostile text finds no way to make the matcher try again and again.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

_MONTHS = (
    r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|"
    r"aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)"
)
_NUMBER = r"\d{1,3}(?:[.,' \u00a0\u202f]\d{3}){1,5}(?:[.,]\d{1,2})?|\d{1,15}(?:[.,]\d{1,2})?"
_CURRENCY_CODES = r"(?:USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|TRY|KRW|SGD|HKD)"
_CURRENCY = rf"(?:[$€£¥₹₩₺]|{_CURRENCY_CODES}\b)"


def _always(_text: str) -> bool:
    return True


def _as_found(text: str) -> str:
    return text


@dataclass(frozen=True)
class Pattern:
    """A regular expression, what tidies a match, and what still has to hold for it."""

    regex: re.Pattern[str]
    explained: str
    tidy: Callable[[str], str] = _as_found
    holds: Callable[[str], bool] = _always

    def find(self, text: str) -> Iterator[str]:
        """The matches in order; where the expression has a group, the group is the match."""
        for match in self.regex.finditer(text):
            found = self.tidy(next((group for group in match.groups() if group), match.group()))
            if found and self.holds(found):
                yield found


def _without_trailing_punctuation(url: str) -> str:
    url = url.rstrip(".,;:!?'*_~")
    if url.endswith(")") and url.count("(") < url.count(")"):
        return _without_trailing_punctuation(url[:-1])
    return url


def _is_ip_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return len(text) > 2


def _is_phone_number(text: str) -> bool:
    """Digits alone are rather an order number; dates and addresses also look like numbers in groups."""
    digits = sum(char.isdigit() for char in text)
    if not 7 <= digits <= 15 or _is_ip_address(text) or _DATE_IN_DIGITS.fullmatch(text):
        return False
    return text[0] in "+0(" or _NORTH_AMERICAN.fullmatch(text) is not None


def _has_letter(text: str) -> bool:
    return any(char.isalpha() for char in text)


_DATE_IN_DIGITS = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}")
_NORTH_AMERICAN = re.compile(r"(?:1[-. ])?\d{3}[-. ]\d{3}[-. ]\d{4}")

PATTERNS: dict[str, Pattern] = {
    "email": Pattern(
        re.compile(
            r"(?<![\w.+\-])[\w.+\-]{1,64}@(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w\-])"
        ),
        "e-mail addresses",
    ),
    "url": Pattern(
        re.compile(r"(?<!\w)(?:https?://|www\.)[^\s<>\"{}|\\^`\[\]]{2,2000}"),
        "web addresses (URLs, links)",
        tidy=_without_trailing_punctuation,
    ),
    "date": Pattern(
        re.compile(
            r"(?<![\w.\-/])(?:\d{4}-\d{2}-\d{2}|\d{4}/\d{2}/\d{2}|\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})"
            rf"|\d{{1,2}}(?:st|nd|rd|th|\.)?\s(?:of\s)?{_MONTHS}\b\.?,?\s\d{{4}}"
            rf"|{_MONTHS}\b\.?\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}})(?!\w|[.\-/]\d)",
            re.IGNORECASE,
        ),
        "calendar dates",
    ),
    "time": Pattern(
        re.compile(
            r"(?<![\w:.])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:\s?[ap]\.?m\b\.?)?(?![\w:])",
            re.IGNORECASE,
        ),
        "times of day",
    ),
    "amount": Pattern(
        re.compile(
            rf"(?<![\w.,])(?:{_CURRENCY}\s?-?(?:{_NUMBER})(?![\d])|-?(?:{_NUMBER})\s?{_CURRENCY}(?!\w))"
        ),
        "amounts of money (prices with a currency)",
    ),
    "percentage": Pattern(
        re.compile(r"(?<![\w.,])[-+]?\d{1,9}(?:[.,]\d{1,6})?\s?(?:%|per\s?cent\b)", re.IGNORECASE),
        "percentages",
    ),
    "order_number": Pattern(
        re.compile(
            r"\b(?:order|purchase\sorder|po|invoice|ticket|case|bestellung|bestellnummer|auftrag|rechnung"
            r"|commande|facture|pedido)\b(?:\s{0,3}(?:number|no|nr|num|id|nummer)\b\.?)?"
            r"\s{0,3}[:#]?\s{0,3}#?((?:[a-z]{1,6}-?)?\d[a-z0-9]{0,20}(?:-[a-z0-9]{1,20}){0,4})"
            r"|\b((?:ord|po|inv|so|rma)-\d[a-z0-9]{0,20}(?:-[a-z0-9]{1,20}){0,4})"
            r"|(?<![\w#&/])#(\d{3,20})\b",
            re.IGNORECASE,
        ),
        "order, invoice and ticket numbers",
        holds=lambda text: sum(char.isdigit() for char in text) >= 3,
    ),
    "phone": Pattern(
        re.compile(r"(?<![\w.+\-/])(?:\+?\(?\d(?:[ ().\-/]{0,2}\d){6,14})(?!\w|[\-/.]\d)"),
        "telephone numbers",
        holds=_is_phone_number,
    ),
    "ip_address": Pattern(
        re.compile(r"(?<![\w:.])[0-9A-Fa-f:.]{3,45}(?![\w:])"),
        "IPv4 and IPv6 addresses",
        tidy=lambda text: text.rstrip("."),
        holds=_is_ip_address,
    ),
    "hashtag": Pattern(
        re.compile(r"(?<![\w#&/])#\w{1,100}(?!\w|-\d)"), "hashtags", holds=_has_letter
    ),
    "mention": Pattern(
        re.compile(r"(?<![\w@./])@[A-Za-z0-9_](?:[\w.\-]{0,62}\w)?"), "@mentions of people"
    ),
    "uuid": Pattern(
        re.compile(
            r"(?<![\w\-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![\w\-])", re.IGNORECASE
        ),
        "UUIDs",
    ),
}
