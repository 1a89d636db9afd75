"""What the full text search of workflows looks at: name and description, and every text of the steps."""

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
