"""What the full text search of workflows looks at: name and description, and every text of the steps."""

from django.db import connection
from django.db.models import Func, TextField

# PostgreSQL refuses a tsvector of over 1 MiB; this much text stays far below it.
SEARCHED_CHARACTERS = 60_000


class StepsText(Func):
    """All strings in the steps of a definition, one after the other; PostgreSQL does it, so that no row is too old.

    A row without steps has no text (`true`: no error). The escapes of JSON text (a line break is a backslash and an n)
    become blanks, or words would be glued to them.
    """

    template = (
        "regexp_replace(left(jsonb_path_query_array(%(expressions)s, "
        "'strict $.steps.** ? (@.type() == \"string\")', '{}', true)::text, "
        f"{SEARCHED_CHARACTERS}), '\\\\[a-z\"]', ' ', 'g')"
    )
    output_field = TextField()


# Of the newest rows so many are looked at; where fewer have the words, and no more than `FEW` of all, the ids are asked for.
NEWEST = 1_000
MANY_OF_THE_NEWEST = 50
FEW = 1_000
# PostgreSQL expects any word's beginning in two of a hundred rows, and so goes through all rows, newest first, for a
# word that hardly any has. What the second branch finds it finds by the index of words; it is asked only where needed.
_FEW_HITS = """
    SELECT CASE WHEN (
        SELECT count(*) FROM (
            SELECT search_vector FROM workflows_workflow ORDER BY updated_at DESC, id LIMIT %(newest)s
        ) AS newest WHERE search_vector @@ to_tsquery('simple', %(words)s)
    ) < %(many)s THEN ARRAY(
        SELECT id FROM workflows_workflow WHERE search_vector @@ to_tsquery('simple', %(words)s) LIMIT %(few)s + 1
    ) END
"""


def few_hits(words: str) -> list[str] | None:
    """The ids of all workflows, whosever they are, that match `words` (a tsquery); null where they are not few."""
    with connection.cursor() as cursor:
        sizes = {"newest": NEWEST, "many": MANY_OF_THE_NEWEST, "few": FEW}
        cursor.execute(_FEW_HITS, {"words": words, **sizes})
        (found,) = cursor.fetchone() or (None,)
    return None if found is None or len(found) > FEW else list(found)
