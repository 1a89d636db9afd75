"""What could be said about a workflow, in its own steps' names: for instructions that were not understood."""

import re

from generation.planning.language.verbs import leading_verb
from workflows.definition.steps import AgentStep, ConditionalStep, Definition, ToolStep, walk

LONGEST_SAID = 60
_CONDITION = re.compile(
    r"\b(?:if|when|unless|until|only|otherwise|wenn|falls|si|cuando|quand)\b", re.IGNORECASE
)
_PERSON = re.compile(r"\b(?:approv\w*|check|confirm\w*|ask|review)\b", re.IGNORECASE)


def examples(definition: Definition, said: str = "") -> str:
    """Three or four instructions that this workflow could be given, some of the kind of what was `said`."""
    steps = [s for _, s in walk(definition.steps) if not isinstance(s, ConditionalStep)]
    if not steps:
        return 'Say it like: "add a summary of the input".'
    last = steps[-1].id
    tool = next((s.id for s in reversed(steps) if isinstance(s, ToolStep)), last)
    agent = next((s.id for s in steps if isinstance(s, AgentStep)), steps[0].id)
    if leading_verb(said) and len(said) <= LONGEST_SAID:
        # What is to be done is clear, but not where.
        return f'Say it like: "also {said[0].lower()}{said[1:]}", "{said[0].lower()}{said[1:]} before {tool}".'
    found = [f"remove {agent}", f"ask me before {tool}"]
    if _CONDITION.search(said):
        found = [f"only run {tool} if the result is positive", f"if {tool} fails, go on"]
    elif _PERSON.search(said):
        found = [f"let me approve {agent} before {tool}", f"ask me before {tool}"]
    if len(steps) > 1:
        found.append(
            f"move {steps[0].id} before {last}" if steps[0].id != last else f"duplicate {last}"
        )
    found += [f"add a summary before {last}", f"set the timeout of {agent} to 30 seconds"]
    quoted = ", ".join(f'"{one}"' for one in found[:4])
    return f"Say it like: {quoted}."
