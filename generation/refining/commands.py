"""German, Spanish and French commands to change a workflow, as English ones; what stands between them stays."""

import re

# Per language: the words that begin a command, then the words that join its parts.
_VERBS = {
    "de": {
        "entferne": "remove", "lösche": "remove", "streiche": "remove", "ersetze": "replace", "füge": "add",
        "ergänze": "add", "verschiebe": "move", "frage mich": "ask me", "frag mich": "ask me", "warte": "wait",
        "benenne": "rename", "führe": "run", "tausche": "swap",
    },
    "es": {
        "elimina": "remove", "quita": "remove", "borra": "remove", "reemplaza": "replace", "sustituye": "replace",
        "añade": "add", "agrega": "add", "mueve": "move", "pregúntame": "ask me", "espera": "wait",
        "renombra": "rename", "ejecuta": "run", "intercambia": "swap",
    },
    "fr": {
        "supprime": "remove", "enlève": "remove", "retire": "remove", "remplace": "replace", "ajoute": "add",
        "déplace": "move", "demande-moi": "ask me", "attends": "wait", "renomme": "rename", "exécute": "run",
        "échange": "swap",
    },
}  # fmt: skip
_JOINTS = {
    "de": {
        "vor": "before", "nach": "after", "durch": "with", "am ende": "at the end", "am anfang": "at the start",
        "gleichzeitig": "in parallel", "parallel": "in parallel", "und": "and", "stunden": "hours",
        "stunde": "hour", "minuten": "minutes", "tage": "days", "eine": "a", "einen": "a", "ein": "a",
        "den": "the", "die": "the", "das": "the", "dem": "the", "der": "the", "schritt": "step", "mal": "times",
        "in": "to",
    },
    "es": {
        "antes de": "before", "después de": "after", "por": "with", "al final": "at the end",
        "al principio": "at the start", "en paralelo": "in parallel", "a la vez": "in parallel", "y": "and",
        "horas": "hours", "hora": "hour", "minutos": "minutes", "días": "days", "una": "a", "un": "a",
        "el paso": "the step", "el": "the", "la": "the", "como": "as", "veces": "times",
    },
    "fr": {
        "avant": "before", "après": "after", "par": "with", "à la fin": "at the end", "au début": "at the start",
        "en parallèle": "in parallel", "en même temps": "in parallel", "et": "and", "heures": "hours",
        "heure": "hour", "minutes": "minutes", "jours": "days", "une": "a", "un": "a", "l'étape": "the step",
        "le": "the", "la": "the", "en": "to", "fois": "times",
    },
}  # fmt: skip
# 'füge … ein', 'benenne … um': the second half of a verb, at the end or before the place.
_PARTICLE = re.compile(r"\s+(?:ein|hinzu|um|aus)$", re.IGNORECASE)
# 'add before send a summary' → 'add a summary before send'.
_PLACE_FIRST = re.compile(
    r"^(add) (before|after) (?:the )?([\w-]+) (a .+)$|^(ask me|wait .+?)\s*,?\s+(before|after) (.+)$"
)


def commanded(part: str) -> str:
    """`part` in English where it begins with a command of another language, else as it is."""
    for language, verbs in _VERBS.items():
        for verb, english in verbs.items():
            if re.match(rf"{re.escape(verb)}\b", part, re.IGNORECASE):
                rest = _joined(part[len(verb) :].strip(), language)
                return _PLACE_FIRST.sub(_turned, f"{english} {rest}")
    return part


def _joined(text: str, language: str) -> str:
    if language == "de":
        text = _PARTICLE.sub("", text)
    joints = _JOINTS[language]
    longest = sorted(joints, key=len, reverse=True)
    pattern = re.compile(
        rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])", re.IGNORECASE
    )
    return pattern.sub(lambda match: joints[match[0].lower()], text)


def _turned(match: re.Match[str]) -> str:
    if match[1]:
        return f"{match[1]} {match[4]} {match[2]} {match[3]}"
    return match[0]
