"""How German, Spanish and French say what is to change, and the English for it; `{name}` is put in as it was said."""

import re

_DE_UNIT = r"(?P<unit>Sekunden?|Minuten?|Stunden?|Tagen?|Tage?)"
_ES_UNIT = r"(?P<unit>segundos?|minutos?|horas?|días?)"
_FR_UNIT = r"(?P<unit>secondes?|minutes?|heures?|jours?)"
_DE_COUNT = r"(?P<count>\d{1,6}|einen|eine|ein|zwei|drei|vier|fünf|sechs|zehn)"
_ES_COUNT = r"(?P<count>\d{1,6}|una?|dos|tres|cuatro|cinco|seis|diez)"
_FR_COUNT = r"(?P<count>\d{1,6}|une?|deux|trois|quatre|cinq|six|dix)"
COUNTS = {
    "ein": "1", "eine": "1", "einen": "1", "zwei": "2", "drei": "3", "vier": "4", "fünf": "5", "sechs": "6", "zehn": "10",
    "un": "1", "una": "1", "dos": "2", "tres": "3", "cuatro": "4", "cinco": "5", "seis": "6", "diez": "10",
    "une": "1", "deux": "2", "trois": "3", "quatre": "4", "cinq": "5", "six": "6", "dix": "10",
}  # fmt: skip
_DE_LOOK = r"(?:freigeben|prüfen|genehmigen|absegnen|ansehen|anschauen|bestätigen|gegenlesen|kontrollieren)"
_DE_LOOKED = r"(?:freigegeben|geprüft|genehmigt|abgesegnet|bestätigt|gegengelesen)"
_DE_ART = r"(?:dem|der|den|das|die)\s+"
_ES_LOOK = r"(?:aprobar|revisar|comprobar|confirmar|ver|validar)"
_FR_LOOK = r"(?:valider|approuver|vérifier|relire|confirmer|voir)"
_FR_DE = r"(?:de |d['\u2019]|que )?"

_TABLE: dict[str, tuple[tuple[str, str], ...]] = {
    "de": (
        (r"nenne den (?:workflow|ablauf) (?P<name>.+)", "call the workflow {name}"),
        (r"benenne (?P<a>.+?) (?:in|zu) (?P<name>.+?) um", "rename {a} to {name}"),
        (r"(?:lass|lasst) (?:mich|jemanden|uns) (?P<a>.+?),? (?:vor|bevor|ehe) (?P<b>.+?) " + _DE_LOOK, "let me approve {a} before {b}"),
        (r"(?:lass|lasst) (?:mich|jemanden|uns) (?P<a>.+?) (?:erst |zuerst |vorher |selbst )*" + _DE_LOOK + r",? (?:bevor|ehe|vor) (?P<b>.+)", "let me approve {a} before {b}"),
        (r"(?:lass|lasst) (?:mich|jemanden|uns) (?P<a>.+?) (?:erst |zuerst |vorher |selbst )*" + _DE_LOOK, "let me approve {a}"),
        (r"(?:ich|jemand|wir) (?:möchten?|will|wollen|muss|soll|müssen) (?P<a>.+?) (?:erst |zuerst |vorher |selbst )*" + _DE_LOOK + r",? (?:bevor|ehe|vor) (?P<b>.+)", "let me approve {a} before {b}"),
        (r"(?P<a>.+?) (?:muss|soll|müssen) (?:erst |zuerst |vorher )?(?:von (?:mir|jemandem|uns|einem menschen) )?" + _DE_LOOKED + r" werden,? (?:bevor|ehe|vor) (?P<b>.+)", "let me approve {a} before {b}"),
        (r"(?P<a>.+?) (?:muss|soll|müssen) (?:erst |zuerst |vorher )?(?:von (?:mir|jemandem|uns|einem menschen) )?" + _DE_LOOKED + r" werden", "let me approve {a}"),
        (r"(?:frage?|fragt) (?:mich|uns|nach),? (?:erst |vorher )?(?:bevor|ehe|vor) (?P<b>.+)", "ask me before {b}"),
        (r"warte (?P<count>\d+|einen?|eine|zwei|drei|vier|fünf) " + _DE_UNIT + r",? (?:bevor|ehe|vor) (?P<b>.+)", "wait {count} {unit} before {b}"),
        (r"wenn (?:beim |bei der |bei |das |der |die )?(?P<a>.+?) (?:etwas )?(?:fehlschlägt|scheitert|schiefgeht|schief geht|nicht klappt|nicht funktioniert|misslingt),? (?:dann )?(?P<b>.+)", "if {a} fails, {b}"),
        (r"(?:wenn|falls|sofern) (?P<a>[^,]+), (?:dann )?(?P<b>[^,]+?),? (?:sonst|andernfalls|ansonsten) (?P<c>.+)", "if {a}, {b}, otherwise {c}"),
        (r"(?P<b>[^,]+?) nicht,? (?:wenn|falls) (?P<a>.+)", "do not {b} if {a}"),
        (r"(?:wenn|falls) (?P<a>[^,]+), (?:dann )?(?P<b>[^,]+?) nicht", "do not {b} if {a}"),
        (r"(?P<b>[^,]+?) nur,? (?:dann,? )?(?:wenn|falls) (?P<a>.+)", "only {b} if {a}"),
        (r"(?:wenn|falls|sofern) (?P<a>[^,]+), (?:dann )?(?P<b>[^,]+)", "if {a}, {b}"),
        (r"(?:wiederhole|mach|mache) (?P<a>.+?),? bis (?P<b>.+)", "repeat {a} until {b}"),
        (r"(?:mach|mache|tu|wiederhole|führe) (?:das|dies|alles|den (?:ganzen )?(?:workflow|ablauf)) (?:ganze )?für (?:jede[sn]?|alle) (?P<a>.+?)(?: aus)?", "do this for every {a}"),
        (r"(?:statt|anstatt|anstelle) (?P<a>[^,]+), (?P<b>.+)", "instead of {a}, {b}"),
        (r"(?:statt|anstatt) (?P<a>[^,]+?) (?P<b>(?:poste|schicke?|sende|erstelle|nimm|benutze|verwende) .+)", "instead of {a}, {b}"),
        (r"(?:nimm|verwende|benutze|nutze|setze) (?P<b>.+?) (?:statt|anstatt|anstelle von) (?P<a>.+?)(?: ein)?", "use {b} instead of {a}"),
        (r"ersetze (?P<a>.+?) durch (?P<b>.+)", "replace {a} with {b}"),
        (r"(?:verschiebe|setze|stelle|leg|lege|zieh|ziehe) (?P<a>.+?) (?:vor|ans ende vor) (?P<b>.+)", "move {a} before {b}"),
        (r"(?:verschiebe|setze|stelle|leg|lege) (?P<a>.+?) (?:nach|hinter) (?P<b>.+)", "move {a} after {b}"),
        (r"(?:verschiebe|setze|stelle) (?P<a>.+?) (?:ans|an das|zum) (?:ende|schluss)", "move {a} to the end"),
        (r"tausche (?P<a>.+?) (?:und|mit|gegen) (?P<b>.+?)(?: aus)?", "swap {a} and {b}"),
        (r"führe (?P<a>.+?) und (?P<b>.+?) (?:gleichzeitig|parallel)(?: aus)?", "run {a} and {b} in parallel"),
        (r"(?:gib|gebt|lass) (?P<a>.+?) (?:höchstens |maximal |bis zu )?" + _DE_COUNT + " " + _DE_UNIT + r"(?: zeit)?", "give {a} {count} {unit}"),
        (r"(?P<a>.+?) (?:darf|soll|kann) (?:höchstens|maximal|bis zu|nicht länger als|nicht mehr als) " + _DE_COUNT + " " + _DE_UNIT + r" (?:dauern|brauchen|laufen)", "{a} may take at most {count} {unit}"),
        (r"(?:versuche|probiere) (?P<a>.+?) (?:bis zu |höchstens )?" + _DE_COUNT + r"\s?mal", "try {a} {count} times"),
        (r"(?:verdopple|dupliziere|kopiere) (?P<a>.+)", "duplicate {a}"),
        (r"(?:füge|ergänze|baue) (?:(?:ganz )?am (?:ende|schluss)|zum schluss) (?P<a>.+?)(?: (?:hinzu|ein|an))?", "add {a} at the end"),
        (r"(?:füge|ergänze|baue) (?P<a>.+?) (?:(?:ganz )?am (?:ende|schluss)|zum schluss)(?: (?:hinzu|ein|an))?", "add {a} at the end"),
        (r"(?:füge|ergänze|baue) (?:(?:ganz )?am anfang|zu beginn|als erstes) (?P<a>.+?)(?: (?:hinzu|ein|an))?", "add {a} at the start"),
        (r"(?:füge|ergänze|baue) (?P<s>vor) (?P<b>.+?) (?P<a>(?:einen?|eine|noch) .+?)(?: (?:hinzu|ein))?", "add {a} before {b}"),
        (r"(?:füge|ergänze|baue) (?:nach|hinter) (?P<b>.+?) (?P<a>(?:einen?|eine|noch) .+?)(?: (?:hinzu|ein))?", "add {a} after {b}"),
        (r"(?:füge|ergänze|baue) (?P<a>.+?) vor (?P<b>.+?)(?: (?:hinzu|ein))?", "add {a} before {b}"),
        (r"(?:füge|ergänze|baue) (?P<a>.+?) (?:nach|hinter) (?P<b>.+?)(?: (?:hinzu|ein))?", "add {a} after {b}"),
        (r"(?P<a>(?:den|die|das) .+?) (?:brauchen?|benötigen?) (?:wir|ich) nicht mehr", "remove {a}"),
        (r"(?P<a>.+?) (?:muss|soll|müssen|sollen) nicht mehr .+? werden", "remove {a}"),
        (r"(?:bewerte|prüfe|sende|poste|schreibe|lies|erstelle|fasse) (?P<a>.+?) nicht mehr", "remove {a}"),
        (r"(?:bevor|ehe) (?P<b>[^,]+), (?:soll|muss|möchte|will) .+? " + _DE_LOOK, "ask me before {b}"),
        (r"(?:entferne|lösche|streiche|überspringe) (?P<a>.+)", "remove {a}"),
        (r"(?:lass|lasse|nimm|wirf) (?P<a>.+?) (?:weg|raus|heraus|aus)", "remove {a}"),
        (r"(?:wir|ich) (?:brauchen?|benötigen?|wollen|will) (?P<a>.+?) nicht mehr", "remove {a}"),
        (r"(?P<a>.+?) (?:wird|werden) nicht mehr (?:gebraucht|benötigt)", "remove {a}"),
        (r"(?P<verb>\w+) (?P<a>.+?) (?:auch|ebenfalls|zusätzlich) (?P<b>.+)", "also {verb} {a} {b}"),
        (r"(?P<a>(?!lass|lasst|ich|wir)\w+ [^,]+?),? (?:bevor|ehe) (?P<b>.+)", "{a} before {b}"),
        (r"(?P<v>übersetze|fasse|schreibe|poste|schicke?|sende|prüfe|erstelle|suche) (?P<a>.+?) vor " + _DE_ART + r"(?P<b>\S+) (?P<c>(?:ins?|an|auf|zur?|zum|im|zusammen) ?.*)", "{v} {a} {c} before {b}"),
        (r"(?P<a>(?!lass|lasst|ich|wir)\w+ [^,]+?),? vor " + _DE_ART + r"(?P<b>.+)", "{a} before {b}"),
        (r"(?P<a>(?!lass|lasst|ich|wir)\w+ [^,]+?),? nach " + _DE_ART + r"(?P<b>.+)", "{a} after {b}"),
    ),
    "es": (
        (r"(?:llama|nombra) (?:al|el) (?:flujo|workflow|proceso) (?P<name>.+)", "call the workflow {name}"),
        (r"renombra (?P<a>.+?) (?:como|a) (?P<name>.+)", "rename {a} to {name}"),
        (r"(?:pídeme|pide|solicita) (?:mi |una )?(?:aprobación|permiso|confirmación|autorización) antes de (?:que )?(?P<b>.+)", "ask me before {b}"),
        (r"(?:pregúntame|consúltame|avísame) antes de (?:que )?(?P<b>.+)", "ask me before {b}"),
        (r"(?:déjame|deja que alguien|quiero|quisiera|necesito) " + _ES_LOOK + r" (?P<a>.+?) antes de (?:que )?(?P<b>.+)", "let me approve {a} before {b}"),
        (r"(?:déjame|quiero|quisiera|necesito) " + _ES_LOOK + r" (?P<a>.+?)(?: primero| antes)?", "let me approve {a}"),
        (r"espera " + _ES_COUNT + " " + _ES_UNIT + r" antes de (?P<b>.+)", "wait {count} {unit} before {b}"),
        (r"si (?:falla|fracasa) (?P<a>[^,]+), (?P<b>.+)", "if {a} fails, {b}"),
        (r"si (?P<a>[^,]+?) (?:falla|fracasa|no funciona), (?P<b>.+)", "if {a} fails, {b}"),
        (r"no (?P<b>[^,]+?) (?:si|cuando) (?P<a>.+)", "do not {b} if {a}"),
        (r"(?:solo|sólo|solamente|únicamente) (?P<b>[^,]+?) (?:si|cuando) (?P<a>.+)", "only {b} if {a}"),
        (r"(?P<b>[^,]+?) (?:solo|sólo|solamente|únicamente) (?:si|cuando) (?P<a>.+)", "only {b} if {a}"),
        (r"si (?P<a>[^,]+), (?P<b>[^,]+?)[,;]? (?:si no|de lo contrario|en caso contrario),? (?P<c>.+)", "if {a}, {b}, otherwise {c}"),
        (r"si (?P<a>[^,]+), (?P<b>[^,]+)", "if {a}, {b}"),
        (r"repite (?P<a>.+?) hasta que (?P<b>.+)", "repeat {a} until {b}"),
        (r"(?:haz|repite|ejecuta) (?:esto|todo|el flujo) (?:para|por) (?:cada|todos los|todas las) (?P<a>.+)", "do this for every {a}"),
        (r"en (?:lugar|vez) de (?P<a>[^,]+), (?P<b>.+)", "instead of {a}, {b}"),
        (r"(?:usa|utiliza) (?P<b>.+?) en (?:lugar|vez) de (?P<a>.+)", "use {b} instead of {a}"),
        (r"(?:reemplaza|sustituye|cambia) (?P<a>.+?) (?:por|con) (?P<b>.+)", "replace {a} with {b}"),
        (r"mueve (?P<a>.+?) antes de(?:l)? (?P<b>.+)", "move {a} before {b}"),
        (r"mueve (?P<a>.+?) (?:después|detrás) de(?:l)? (?P<b>.+)", "move {a} after {b}"),
        (r"mueve (?P<a>.+?) al final", "move {a} to the end"),
        (r"intercambia (?P<a>.+?) (?:y|con) (?P<b>.+)", "swap {a} and {b}"),
        (r"ejecuta (?P<a>.+?) y (?P<b>.+?) (?:en paralelo|a la vez|al mismo tiempo)", "run {a} and {b} in parallel"),
        (r"(?:dale|da) (?:a|al) (?P<a>.+?) " + _ES_COUNT + " " + _ES_UNIT, "give {a} {count} {unit}"),
        (r"(?P<a>.+?) (?:puede|debe) (?:tardar|durar) (?:hasta|como máximo|a lo sumo) " + _ES_COUNT + " " + _ES_UNIT, "{a} may take at most {count} {unit}"),
        (r"(?:duplica|copia) (?P<a>.+)", "duplicate {a}"),
        (r"(?:añade|agrega|incluye|inserta) al (?:principio|inicio|comienzo) (?P<a>.+)", "add {a} at the start"),
        (r"(?:añade|agrega|incluye|inserta) al final (?P<a>.+)", "add {a} at the end"),
        (r"(?:añade|agrega|incluye|inserta) (?P<a>.+?) al final", "add {a} at the end"),
        (r"(?:añade|agrega|incluye|inserta) (?P<a>.+?) al (?:principio|inicio|comienzo)", "add {a} at the start"),
        (r"al final,? (?:añade|agrega|incluye)? ?(?P<a>.+)", "at the end {a}"),
        (r"(?:añade|agrega|incluye|inserta) (?P<a>.+?) antes de(?:l)? (?P<b>.+)", "add {a} before {b}"),
        (r"(?:añade|agrega|incluye|inserta) (?P<a>.+?) (?:después|detrás|tras) (?:de(?:l)? )?(?P<b>.+)", "add {a} after {b}"),
        (r"(?:elimina|quita|borra|suprime|saca|omite|salta) (?P<a>.+)", "remove {a}"),
        (r"ya no (?:necesitamos|necesito|queremos|quiero|hace falta) (?P<a>.+)", "remove {a}"),
        (r"(?P<a>\w+) también (?P<b>.+)|también (?P<c>.+)", "also {a} {b} {c}"),
        (r"(?P<verb>\w+) (?P<a>.+?) también (?P<b>.+)", "also {verb} {a} {b}"),
        (r"(?P<a>\w+ [^,]+?) antes de (?:que )?(?P<b>.+)", "{a} before {b}"),
        (r"(?P<a>\w+ [^,]+?) después de (?:que )?(?P<b>.+)", "{a} after {b}"),
    ),
    "fr": (
        (r"(?:appelle|nomme) le (?:flux|workflow|processus) (?P<name>.+)", "call the workflow {name}"),
        (r"renomme (?P<a>.+?) en (?P<name>.+)", "rename {a} to {name}"),
        (r"demande[- ](?:moi|nous)(?: (?:mon accord|mon approbation|confirmation|la permission|une confirmation))? avant " + _FR_DE + "(?P<b>.+)", "ask me before {b}"),
        (r"(?:laisse[- ]moi|fais[- ]moi|je veux|je voudrais|je dois|j'aimerais) " + _FR_LOOK + r" (?P<a>.+?) avant " + _FR_DE + "(?P<b>.+)", "let me approve {a} before {b}"),
        (r"(?:laisse[- ]moi|fais[- ]moi|je veux|je voudrais|je dois|j'aimerais) " + _FR_LOOK + r" (?P<a>.+?)(?: d'abord| avant)?", "let me approve {a}"),
        (r"(?:attends|attendez) " + _FR_COUNT + " " + _FR_UNIT + r" avant " + _FR_DE + "(?P<b>.+)", "wait {count} {unit} before {b}"),
        (r"(?:si|quand|lorsque) (?P<a>[^,]+?) (?:échoue|ne marche pas|ne fonctionne pas|plante), (?P<b>.+)", "if {a} fails, {b}"),
        (r"(?P<b>[^,]+?) (?:seulement|uniquement) (?:si|quand|lorsque) (?P<a>.+)", "only {b} if {a}"),
        (r"n(?:e |['\u2019])(?P<b>\w+) pas (?P<c>.+?) (?:si|quand) (?P<a>.+)", "do not {b} {c} if {a}"),
        (r"n['\u2019](?P<b>\w+ .+?) que si (?P<a>.+)", "only {b} if {a}"),
        (r"si (?P<a>[^,]+), (?P<b>[^,]+?)[,;]? (?:sinon|autrement),? (?P<c>.+)", "if {a}, {b}, otherwise {c}"),
        (r"si (?P<a>[^,]+), (?P<b>[^,]+)", "if {a}, {b}"),
        (r"(?:répète|recommence) (?P<a>.+?) jusqu'à ce que (?P<b>.+)", "repeat {a} until {b}"),
        (r"(?:fais|répète|exécute) (?:cela|ça|ceci|tout|le flux) pour (?:chaque|tous les|toutes les) (?P<a>.+)", "do this for every {a}"),
        (r"au lieu (?:de |d['\u2019])(?P<a>[^,]+), (?P<b>.+)", "instead of {a}, {b}"),
        (r"(?:utilise|emploie) (?P<b>.+?) (?:au lieu|à la place) (?:de |d['\u2019]|du )(?P<a>.+)", "use {b} instead of {a}"),
        (r"remplace (?P<a>.+?) par (?P<b>.+)", "replace {a} with {b}"),
        (r"(?:déplace|mets) (?P<a>.+?) avant (?P<b>.+)", "move {a} before {b}"),
        (r"(?:déplace|mets) (?P<a>.+?) (?:après|derrière) (?P<b>.+)", "move {a} after {b}"),
        (r"(?:déplace|mets) (?P<a>.+?) à la fin", "move {a} to the end"),
        (r"échange (?P<a>.+?) (?:et|avec) (?P<b>.+)", "swap {a} and {b}"),
        (r"exécute (?P<a>.+?) et (?P<b>.+?) (?:en parallèle|en même temps)", "run {a} and {b} in parallel"),
        (r"(?:donne|accorde) (?:à |au )(?P<a>.+?) " + _FR_COUNT + " " + _FR_UNIT, "give {a} {count} {unit}"),
        (r"(?P<a>.+?) (?:peut|doit) (?:durer|prendre) (?:jusqu'à|au maximum|au plus) " + _FR_COUNT + " " + _FR_UNIT, "{a} may take at most {count} {unit}"),
        (r"(?:duplique|copie) (?P<a>.+)", "duplicate {a}"),
        (r"(?:ajoute|insère|rajoute) au début (?P<a>.+)", "add {a} at the start"),
        (r"(?:ajoute|insère|rajoute) à la fin (?P<a>.+)", "add {a} at the end"),
        (r"(?:ajoute|insère|rajoute) (?P<a>.+?) à la fin", "add {a} at the end"),
        (r"(?:ajoute|insère|rajoute) (?P<a>.+?) au début", "add {a} at the start"),
        (r"à la fin,? (?P<a>.+)", "at the end {a}"),
        (r"(?:ajoute|insère|rajoute) (?P<a>.+?) avant " + _FR_DE + "(?P<b>.+)", "add {a} before {b}"),
        (r"(?:ajoute|insère|rajoute) (?P<a>.+?) après (?P<b>.+)", "add {a} after {b}"),
        (r"(?:supprime|enlève|retire|élimine|efface|saute|ôte) (?P<a>.+)", "remove {a}"),
        (r"(?:nous n'avons|on n'a|je n'ai) plus besoin (?:de |d['\u2019]|du )(?P<a>.+)", "remove {a}"),
        (r"(?P<verb>\w+) (?P<a>.+?) (?:aussi|également) (?P<b>.+)", "also {verb} {a} {b}"),
        (r"(?P<verb>\w+) (?:aussi|également) (?P<a>.+)", "also {verb} {a}"),
        (r"(?P<a>\w+ [^,]+?) avant " + _FR_DE + "(?P<b>.+)", "{a} before {b}"),
        (r"(?P<a>\w+ [^,]+?) après (?P<b>.+)", "{a} after {b}"),
    ),
}  # fmt: skip
SHAPES = {
    language: tuple(
        (re.compile(f"^(?:{text})$", re.IGNORECASE), english) for text, english in table
    )
    for language, table in _TABLE.items()
}

_QUANTIFIED: dict[str, tuple[tuple[str, str], ...]] = {
    "de": (
        (r"\balles,? (?:was )?(?:nach|hinter) (?:dem |der |den )?", "everything after "),
        (r"\balles,? (?:was )?vor (?:dem |der |den )?", "everything before "),
        (r"\balles zwischen\b", "everything between"),
        (r"\balles (?:außer|bis auf)\b", "everything except"),
        (r"\b(?:den |der |die |das )?letzten? schritt\b", "the last step"),
        (r"\b(?:den |der |die |das )?ersten? schritt\b", "the first step"),
        (r"\b(?:den |der |die |das )?zweiten? schritt\b", "the second step"),
        (r"\b(?:das |dem |beim )?(?:ver)?senden\b|\bversand\b", "sending"),
        (r"\brausgeht\b|\bhinausgeht\b|\brausgehen\b", "is sent"),
    ),
    "es": (
        (r"\btodo (?:lo que (?:viene|va|hay) )?(?:después|detrás) de(?:l)?\b", "everything after"),
        (r"\btodo (?:lo que (?:viene|va|hay) )?antes de(?:l)?\b", "everything before"),
        (r"\btodo (?:excepto|menos|salvo)\b", "everything except"),
        (r"\b(?:el )?envío\b", "sending"),
        (r"\b(?:el )?último paso\b", "the last step"),
        (r"\b(?:el )?primer paso\b", "the first step"),
        (r"\b(?:el )?segundo paso\b", "the second step"),
    ),
    "fr": (
        (r"\btout ce qui (?:vient|suit|est)? ?après\b", "everything after"),
        (r"\btout ce qui (?:vient|précède|est)? ?avant\b", "everything before"),
        (r"\btout sauf\b", "everything except"),
        (r"\b(?:l['\u2019])?envoi\b", "sending"),
        (r"\b(?:la )?dernière étape\b", "the last step"),
        (r"\b(?:la )?première étape\b", "the first step"),
        (r"\b(?:la )?deuxième étape\b", "the second step"),
    ),
}  # fmt: skip
# Which of several steps, and where: what the vocabulary reads as something else.
QUANTIFIERS = {
    language: tuple((re.compile(text, re.IGNORECASE), english) for text, english in table)
    for language, table in _QUANTIFIED.items()
}
