"""The fingerprint of an agent, made by PostgreSQL, so that it is never older than its row."""

from django.db.models import CharField, Func


class AgentFingerprint(Func):
    """MD5 of all that matters to a run; name and description don't, unless the name stands in for the role.

    It notices changes; it keeps nobody from making them.
    """

    template = (
        "md5(md5(CASE WHEN role = '' THEN name ELSE role END) || md5(goal) || md5(instructions)"
        " || md5(coalesce(model, '')) || md5(tools::text)"
        " || md5(coalesce(nullif(output_schema::text, 'null'), ''))"
        " || md5(coalesce(temperature::text, '')) || max_turns::text || is_active::text)"
    )
    output_field = CharField()
