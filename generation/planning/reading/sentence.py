"""One sentence to a tree: what its control words govern."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from generation.planning.language.verbs import DETERMINERS, starts_with_verb
from generation.planning.language.words import tokens
from generation.planning.reading.clauses import Chunk, inner_instruction
from generation.planning.reading.cues import (
    CONDITIONS,
    about,
    gathers,
    goes_on_with,
    is_arrival,
    is_ban,
    is_denial,
    is_echo,
    is_of_item,
    is_over,
    is_perfect,
    is_repeat_word,
    is_state,
    keeps_on,
    lists_doers,
    lists_its_own,
    lists_places,
    looks_again,
    number,
    stays_in_loop,
)
from generation.planning.reading.decisions import add_arm, completed, decide_last, with_otherwise
from generation.planning.reading.holding import asks_to_hold
from generation.planning.reading.passives import active
from generation.planning.reading.tree import (
    Act,
    Choose,
    Node,
    Repeat,
    acts_of,
    builds_on,
    feeds_the_rest,
    is_about_it,
    is_trigger,
    together,
)

# What a loop goes through is told in so many words; longer texts have the first instruction in them.
LONGEST_PHRASE = 4
# 'each order that waits' is a thing, 'for each order the parts' is not.
RELATIVES = frozenset({"that", "which", "who", "whose"})
_HAS_OBJECT = re.compile(r"\w (?:an?|the|its|it|them) ?", re.IGNORECASE)


@dataclass
class Sentence:
    """Reads one sentence; `position` moves over its chunks."""

    chunks: list[Chunk]
    position: int = 0
    earlier: list[Node] = field(default_factory=list)

    def read(
        self, *, is_arm: bool = False, is_loop: bool = False, told: Sequence[Node] = ()
    ) -> list[Node]:
        """`told` and the nodes up to the end, or up to what closes the arm."""
        nodes = list(told)
        run = 0
        while self.position < len(self.chunks):
            chunk = self.chunks[self.position]
            is_about_item = is_loop and not chunk.is_closing and stays_in_loop(chunk, nodes)
            if is_arm and not is_about_item and self._ends_arm(chunk, has_begun=bool(nodes)):
                break
            if chunk.is_break:
                run = len(nodes)
            self.position += 1
            run = self._add(nodes, chunk, run)
        return nodes

    def _ends_arm(self, chunk: Chunk, *, has_begun: bool) -> bool:
        if chunk.control == "otherwise":
            return True
        is_condition = chunk.control in CONDITIONS
        return has_begun and (
            chunk.is_closing
            or (chunk.is_after_semicolon and not is_condition)
            or (is_condition and self._leads(chunk))
        )

    def _leads(self, chunk: Chunk) -> bool:
        """Whether the condition stands before what it governs."""
        if chunk.is_attached:
            return False
        is_first = chunk is self.chunks[0]
        if inner_instruction(chunk.text)[1] and (is_first or not self._following_acts()):
            return True
        following = self._next(chunk)
        return (
            following is not None
            and following.control not in ("otherwise", "if")
            and (following.is_after_comma or following.is_break)
        )

    def _next(self, chunk: Chunk) -> Chunk | None:
        at = next(n for n, other in enumerate(self.chunks) if other is chunk) + 1
        return self.chunks[at] if at < len(self.chunks) else None

    def _following_acts(self) -> bool:
        return any(not chunk.control for chunk in self.chunks[self.position :])

    def _add(self, nodes: list[Node], chunk: Chunk, run: int) -> int:
        match chunk.control:
            case "if" | "unless" | "when":
                self._conditional(nodes, chunk)
            case "depending":
                self._depending(nodes, chunk)
            case "otherwise":
                self._otherwise(nodes, chunk)
            case "each":
                self._each(nodes, chunk)
            case "until" | "times":
                run = self._until(nodes, chunk, run)
            case "while":
                self._while(nodes, chunk)
            case "before" | "after":
                self._ordered(nodes, chunk)
            case _ if chunk.parallel:
                run = self._parallel(nodes, chunk, run)
            case _:
                self._plain(nodes, chunk)
        return run

    def _plain(self, nodes: list[Node], chunk: Chunk) -> None:
        """'write a letter to every donor and mail it': what 'it' is stays in the loop."""
        found, last = acts_of(chunk.text), nodes[-1] if nodes else None
        again = found[0] if found else None
        if not isinstance(last, Repeat) or last.mode != "foreach" or chunk.is_closing:
            nodes.extend(found)
        elif is_of_item(chunk.text, last):
            nodes[-1] = replace(last, body=(*last.body, *found))
        elif isinstance(again, Repeat) and goes_on_with(again, last):
            nodes[-1] = replace(last, body=(*last.body, *again.body))
            nodes.extend(found[1:])
        else:
            nodes.extend(found)

    def _parallel(self, nodes: list[Node], chunk: Chunk, run: int) -> int:
        """'A and B in parallel' reaches back to the last order word; 'at the same time A and B' reaches forward."""
        group = acts_of(chunk.text)
        if chunk.parallel == "leading" and lists_its_own(chunk.text):
            # 'in parallel look at its logs and its metrics, find the cause' speaks of the first alone.
            group = [
                replace(node, wants_split=True) if isinstance(node, Act) else node for node in group
            ]
            nodes.extend(group)
            return len(nodes)
        if chunk.parallel == "leading":
            while self.position < len(self.chunks) and not self._ends_parallel():
                group.extend(acts_of(self.chunks[self.position].text))
                self.position += 1
        is_own_list = lists_places(chunk.text) or lists_doers(chunk.text)
        if chunk.parallel == "trailing" and is_own_list and nodes[run:]:
            # 'create a code, announce it here and there at the same time' speaks of the last clause alone.
            group = group[-1:]
        elif chunk.parallel == "trailing":
            group = [*nodes[run:], *group]
            del nodes[run:]
            while len(group) > 2 and feeds_the_rest(group):
                nodes.append(group.pop(0))
        elif len(group) == 1 and nodes:
            group = [nodes.pop(), *group]
        if builds_on(group):
            nodes.extend(group)
        elif group:
            nodes.append(together(group))
        return len(nodes)

    def _ends_parallel(self) -> bool:
        chunk = self.chunks[self.position]
        is_over = chunk.is_break or chunk.is_after_semicolon
        return is_over or bool(chunk.control) or gathers(chunk.text)

    def _conditional(self, nodes: list[Node], chunk: Chunk) -> None:
        if self._is_event(nodes, chunk):
            at = self.position
            self.chunks[at : at + 1] = [about(c, chunk.text) for c in self.chunks[at : at + 1]]
            rest = "" if chunk.is_attached else inner_instruction(chunk.text)[1]
            nodes.extend(acts_of(rest) if rest else [])
            return
        condition = chunk.text if chunk.control != "unless" else f"not {chunk.text}"
        if not self._leads(chunk):
            decide_last(nodes, condition)
            return
        condition, body_text = self._cut(condition)
        body_nodes = acts_of(body_text) if body_text else []
        body_nodes = self.read(is_arm=True, told=body_nodes)
        last = nodes[-1] if nodes else None
        if isinstance(last, Repeat) and last.mode == "foreach" and is_about_it(condition):
            # 'check each draft, and if it is clean, publish it'
            body = list(last.body)
            add_arm(body, condition, tuple(body_nodes))
            nodes[-1] = replace(last, body=tuple(body))
        else:
            add_arm(nodes, condition, tuple(body_nodes))

    def _cut(self, text: str) -> tuple[str, str]:
        """A condition without the instruction that follows it with no comma between, and that instruction ('' for none)."""
        condition, instruction = inner_instruction(text)
        if self._body_follows():
            following = self.chunks[self.position]
            # 'if it fails, …' and 'if it fails then …' end where they say so.
            is_ended = following.is_after_comma or (
                following.is_break and not asks_to_hold(instruction)
            )
            if is_ended:
                return text, ""
        return condition, instruction

    def _is_event(self, nodes: list[Node], chunk: Chunk) -> bool:
        """'when a ticket arrives', and 'if a ticket arrives, …' at the start without an alternative."""
        if chunk.control == "when":
            return not self._is_condition(chunk)
        is_start = not nodes and not self.earlier and chunk.control == "if"
        later = (other.control for other in self.chunks[self.position :])
        return is_start and is_arrival(chunk.text) and "otherwise" not in later

    def _is_condition(self, chunk: Chunk) -> bool:
        """'when it is fine' is one, 'when a ticket arrives' is an event; an alternative settles it."""
        if chunk.is_attached:
            return is_echo(chunk.text)
        if is_over(chunk.text) or is_denial(chunk.text):
            return is_denial(chunk.text)
        has_alternative = any(
            later.control == "otherwise" or (later.control in CONDITIONS and is_denial(later.text))
            for later in self.chunks[self.position :]
        )
        return is_state(inner_instruction(chunk.text)[0]) or (
            has_alternative and not is_trigger(chunk.text)
        )

    def _body_follows(self) -> bool:
        at = self.position
        if at >= len(self.chunks) or self.chunks[at].is_closing:
            return False
        return self.chunks[at].control not in ("otherwise", "if", "when")

    def _depending(self, nodes: list[Node], chunk: Chunk) -> None:
        """'Depending on the urgency page on-call or open a ticket': the alternatives are separated by 'or'."""
        text, is_either, rest = chunk.text.partition(" either ")
        if not is_either:
            text, rest = inner_instruction(chunk.text)
        parts = [rest] if rest else []
        while self.position < len(self.chunks):
            following = self.chunks[self.position]
            if following.is_closing or following.control:
                break
            parts.append(following.text)
            self.position += 1
        options = [o for part in parts for o in re.split(r",?\s+or\s+", part) if o.strip()]
        if not options:
            return
        bodies = [(option, tuple(acts_of(option))) for option in options]
        arms = tuple((f"{text}: {option}", body) for option, body in bodies[:-1])
        if arms:
            nodes.append(Choose(arms=arms, otherwise=bodies[-1][1]))
        else:
            nodes.append(Choose(arms=((text, bodies[0][1]),)))

    def _otherwise(self, nodes: list[Node], chunk: Chunk) -> None:
        target = nodes or self.earlier
        body = acts_of(completed(chunk.text, target[-1:])) if chunk.text else []
        body = self.read(is_arm=True, told=body)
        decided = with_otherwise(target[-1], tuple(body)) if target else None
        if decided is None:
            nodes.extend(body)
        else:
            target[-1] = decided

    def _each(self, nodes: list[Node], chunk: Chunk) -> None:
        phrase, rest = chunk.text, ""
        if starts_with_verb(phrase) and set(tokens(phrase)[1:2]) & (DETERMINERS - RELATIVES):
            # 'for each one write a reminder': nothing but the instruction follows.
            phrase, rest = "", phrase
        following = self.chunks[self.position] if self._body_follows() else None
        is_list = following is not None and following.is_after_comma and not following.is_break
        if not rest and (
            not is_list or len(tokens(phrase)) > LONGEST_PHRASE or _HAS_OBJECT.search(phrase)
        ):
            phrase, rest = inner_instruction(chunk.text, least=1)
        is_attached = chunk.is_attached or not self._following_acts()
        if nodes and not rest and is_attached:
            body: list[Node] = nodes[-1:]
            del nodes[-1:]
        else:
            body = acts_of(rest) if rest else []
            body = self.read(is_arm=True, is_loop=True, told=body)
        nodes.append(Repeat(mode="foreach", phrase=phrase, body=tuple(body)))

    def _until(self, nodes: list[Node], chunk: Chunk, run: int) -> int:
        times = number(chunk.text) if chunk.control == "times" else 0
        last = nodes[-1] if nodes else None
        if times and isinstance(last, Repeat) and last.mode == "until":
            nodes[-1] = replace(last, times=times)
            return run
        if chunk.control == "until" and isinstance(last, Repeat) and last.mode == "count":
            # 'at most three times until rows come back'
            nodes[-1] = replace(last, mode="until", phrase=chunk.text)
            return run
        body = self._repeated(nodes, chunk, run)
        if all(is_ban(node) for node in body):
            # 'you need not wait until …'
            nodes.extend(body)
        else:
            mode = "count" if chunk.control == "times" else "until"
            nodes.append(Repeat(mode=mode, phrase=chunk.text, body=tuple(body), times=times))
        return len(nodes)

    def _repeated(self, nodes: list[Node], chunk: Chunk, run: int) -> list[Node]:
        """What a loop repeats: what was said since the last order word, else the two things before it."""
        body = [node for node in nodes[run:] if not is_repeat_word(node)]
        if not body and not nodes and self._following_acts() and chunk.control == "until":
            return self.read(is_arm=True)
        if not body and run:
            run = max(0, run - 2)
            body = [node for node in nodes[run:] if not is_repeat_word(node)]
        if len(body) > 1 and chunk.control == "until" and looks_again(body[-1]):
            # 'send it and check back every hour until …': only looking is repeated.
            del nodes[-1:]
            return body[-1:]
        if body and chunk.control == "until" and len(body) > 2 and keeps_on(body[-1]):
            # 'find it, write a text and keep polishing it until …': what came first is done once.
            del nodes[-2:]
            return body[-2:]
        if body:
            del nodes[run:]
            return body
        nodes[:] = [node for node in nodes if not is_repeat_word(node)]
        body = self.earlier[-2:]
        del self.earlier[-2:]
        return body

    def _while(self, nodes: list[Node], chunk: Chunk) -> None:
        """'while A, B' and 'B while A': both at once."""
        first = acts_of(active(chunk.text)) or [Act(text=chunk.text)]
        if not nodes and self.position < len(self.chunks):
            second = acts_of(self.chunks[self.position].text)
            self.position += 1
            nodes.append(together([*first, *second]))
        elif nodes and first:
            nodes.append(together([nodes.pop(), *first]))

    def _ordered(self, nodes: list[Node], chunk: Chunk) -> None:
        """'before A, B' is B then A; 'B after A' is A then B."""
        leads = not nodes
        rest = ""
        if leads and not self._following_acts():
            # 'before ordering it check the price': nothing but the verb tells where one ends.
            text, rest = inner_instruction(chunk.text)
            chunk = replace(chunk, text=text)
        told = self._told(chunk)
        first = acts_of(rest) if rest else []
        if leads and chunk.control == "before":
            nodes.extend(first or self.read(is_arm=True))
            nodes.extend(told)
        elif not leads and chunk.control == "after":
            at = next((n for n in range(len(nodes) - 1, -1, -1) if not is_ban(nodes[n])), 0)
            nodes[at:at] = told
        else:
            nodes.extend([*told, *first])

    def _told(self, chunk: Chunk) -> list[Node]:
        if chunk.control != "after":
            return acts_of(chunk.text)
        if is_trigger(chunk.text):
            return []
        if is_perfect(chunk.text):
            parts = re.split(r"\s*,?\s+and\s+", chunk.text)
            return [Act(active(part), is_backward=True) for part in parts] + self._participles()
        return [*acts_of(chunk.text), *self._gerunds()]

    def _participles(self) -> list[Node]:
        """The further clauses of 'after it has been translated and checked by the critic'."""
        told = (f"it has been {chunk.text}" for chunk in self._further("ed"))
        return [Act(active(text), is_backward=True) for text in told]

    def _gerunds(self) -> list[Node]:
        """The further clauses of 'after running the query and making a chart'."""
        return [act for chunk in self._further("ing") for act in acts_of(chunk.text)]

    def _further(self, ending: str) -> list[Chunk]:
        """The clauses from here on whose first word ends so, with neither a comma nor a control word before it."""
        found: list[Chunk] = []
        while self.position < len(self.chunks):
            chunk = self.chunks[self.position]
            first = tokens(chunk.text)[:1]
            if chunk.control or chunk.is_after_comma or not first or not first[0].endswith(ending):
                break
            found.append(chunk)
            self.position += 1
        return found
