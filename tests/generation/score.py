#!/usr/bin/env python3
# mypy: ignore-errors
"""Scorer for AI workflow generation (stdlib only), carried as it was given so that scores stay comparable.

usage: score.py PROMPTS.jsonl RESPONSES.jsonl [--per-item]
  PROMPTS   one JSON per line: id, prompt, catalog{agents,mcps}, gold{flow,...}, difficulty, category
  RESPONSES one JSON per line: {"id": ..., "response": <object or raw string in the generation contract>}
            (optional: "seconds": float, "error": str). Missing ids count as failures.
API:   score_item(item, response) -> dict ;  score_set(items, {id: response}) -> summary
The response contract: workflow{id,name,description,steps,entry_step}, agents_to_create,
existing_agents_used, mcps_suggested, existing_mcps_used, explanation.
Many field spellings for steps are accepted (see ALIASES below); the product is not forced into one schema.
"""

import json, re, sys, collections

TYPES = ("agent", "tool", "parallel", "conditional", "loop")
ID_RE = re.compile(r"^[a-zA-Z][a-zA-Z0-9_-]{0,99}$")
VAR_RE = re.compile(r"\$\{\s*([^}]+?)\s*\}")
AGENT_KEYS = ("agent_id", "agent", "agentId", "agent_ref")
TOOL_KEYS = ("tool", "tool_id", "toolId", "tool_name", "tool_ref", "name_of_tool")
MCP_KEYS = ("mcp_id", "mcp", "server", "mcp_server", "mcp_server_id", "server_id")
NEXT_KEYS = ("next", "next_step", "next_steps", "on_success", "next_step_id", "goto")
DEP_KEYS = ("depends_on", "after", "dependencies")
PAR_KEYS = ("branches", "parallel_steps", "steps", "agents", "agent_ids", "tasks", "children")
COND_KEYS = ("conditional_branches", "branches", "conditions", "cases", "routes", "rules")
TRUE_KEYS = (
    "if_true",
    "then",
    "true_step",
    "on_true",
    "then_step",
    "then_steps",
    "true_next",
    "true_branch",
    "true",
    "if_steps",
)
FALSE_KEYS = (
    "if_false",
    "else",
    "else_step",
    "else_steps",
    "default",
    "default_step",
    "default_next",
    "default_steps",
    "default_branch",
    "otherwise",
    "false_step",
    "on_false",
    "false_next",
    "false_branch",
    "false",
)
LOOP_KEYS = (
    "body",
    "steps",
    "body_steps",
    "loop_steps",
    "loop_body",
    "step",
    "body_step",
    "children",
    "do",
    "entry_step",
)
TARGET_KEYS = (
    "next_step",
    "next",
    "target",
    "then",
    "goto",
    "step",
    "step_id",
    "steps",
    "entry_step",
    "body",
    "to",
    "next_step_id",
)
BOUND_KEYS = (
    "max_iterations",
    "condition",
    "until",
    "exit_condition",
    "while",
    "over",
    "items",
    "collection",
    "for_each",
    "foreach",
    "iterate_over",
    "break_condition",
    "loop_condition",
    "stop_condition",
)


# ---------------------------------------------------------------- parsing
def parse_response(resp):
    """object or text -> (dict|None, problem)"""
    if isinstance(resp, dict):
        return resp, None
    if not isinstance(resp, str):
        return None, "not an object"
    t = resp.strip()
    m = re.search(r"```(?:json)?\s*(.*?)```", t, re.S)
    if m:
        t = m.group(1)
    for cand in (t, t[t.find("{") : t.rfind("}") + 1] if "{" in t else ""):
        try:
            d = json.loads(cand)
            if isinstance(d, dict):
                return d, None
        except Exception:
            pass
    return None, "not JSON"


def _first(d, keys):
    for k in keys:
        if isinstance(d, dict) and d.get(k) not in (None, "", [], {}):
            return d[k]
    return None


def _idlist(v):
    """list of ids out of list[str|dict] / dict / str"""
    out = []
    if isinstance(v, str):
        v = [v]
    if isinstance(v, dict):
        v = (
            list(v.values())
            if not _first(v, ("id", "agent_id", "name", "mcp_id", "server_id"))
            else [v]
        )
    for x in v or []:
        if isinstance(x, str):
            out.append(x)
        elif isinstance(x, dict):
            i = _first(x, ("id", "agent_id", "mcp_id", "server_id", "name"))
            if isinstance(i, str):
                out.append(i)
    return out


def _all_ids(steps, depth=0):
    """ids of all steps, nested lists included, so that a jump inside a container resolves"""
    for s in steps if isinstance(steps, list) and depth < 10 else []:
        if isinstance(s, dict):
            if _first(s, ("type", "step_type")):
                yield str(_first(s, ("id", "step_id", "name")) or "")
            for v in s.values():
                yield from _all_ids(v, depth + 1)


class Flow:
    """normalised control-flow graph of a generated workflow"""

    def __init__(self, wf, agent_ids):
        self.steps = collections.OrderedDict()  # id -> dict(type, ref, raw)
        self.issues = []
        self.nexts, self.deps, self.raw_explicit = {}, {}, set()
        self.children = {}  # container -> list of branches(list of head ids)
        self.referenced = set()
        self.agent_ids = set(agent_ids)
        self._n = 0
        top = []
        raw = wf.get("steps")
        if isinstance(raw, dict):
            raw = [dict(v, id=v.get("id", k)) if isinstance(v, dict) else v for k, v in raw.items()]
        if not isinstance(raw, list) or not raw:
            self.issues.append("no steps")
            raw = []
        self.known_top = set(_all_ids(raw)) | {
            str(_first(s, ("id", "step_id", "name")) or "") for s in raw if isinstance(s, dict)
        }
        for s in raw:
            if isinstance(s, dict):
                top.append(self._add(s))
            else:
                self.issues.append("step is not an object")
        self.top = [t for t in top if t]
        self.entry = wf.get("entry_step")
        # explicit edges?
        self.edges = collections.defaultdict(set)
        ext = wf.get("edges") or wf.get("connections")
        explicit = any(t in self.raw_explicit for t in self.top) or bool(ext)
        self.explicit = explicit
        if isinstance(ext, list):
            for e in ext:
                if isinstance(e, dict):
                    a, b = _first(e, ("source", "from", "src")), _first(e, ("target", "to", "dst"))
                elif isinstance(e, (list, tuple)) and len(e) >= 2:
                    a, b = e[0], e[1]
                else:
                    continue
                if a in self.steps and b in self.steps:
                    self.nexts.setdefault(a, []).append(b)
        if not explicit:
            seq = [t for t in self.top if t not in self.referenced]
            for a, b in zip(seq, seq[1:]):
                self.nexts.setdefault(a, []).append(b)
        for s, ds in list(self.deps.items()):
            for d in ds:
                if d in self.steps:
                    self.nexts.setdefault(d, []).append(s)
                else:
                    self.issues.append("depends_on unknown step %s" % d)
        self._build()

    nexts = None

    def _newid(self, base):
        self._n += 1
        return "%s#%d" % (base, self._n)

    def _add(self, s, parent=None):
        sid = _first(s, ("id", "step_id", "name"))
        sid = str(sid) if sid else self._newid("anon")
        if sid in self.steps:
            self.issues.append("duplicate step id %s" % sid)
            sid = self._newid(sid)
        cfg = {}
        for k in ("config", "params", "data", "parameters_config", "settings"):
            if isinstance(s.get(k), dict):
                cfg.update(s[k])
        m = dict(cfg)
        m.update({k: v for k, v in s.items() if v is not None})
        typ = str(s.get("type") or s.get("step_type") or "").strip().lower()
        typ = {
            "mcp_tool": "tool",
            "condition": "conditional",
            "if": "conditional",
            "switch": "conditional",
            "foreach": "loop",
            "for_each": "loop",
        }.get(typ, typ)
        if typ not in TYPES:
            self.issues.append("step %s has unknown type %r" % (sid, typ))
            if _first(m, TOOL_KEYS):
                typ = "tool"
            elif _first(m, AGENT_KEYS):
                typ = "agent"
        ref = None
        if typ == "agent":
            ref = _first(m, AGENT_KEYS)
            if isinstance(ref, dict):
                ref = _first(ref, ("id", "agent_id", "name"))
        elif typ == "tool":
            ref = _first(m, TOOL_KEYS)
            srv = _first(m, MCP_KEYS)
            if isinstance(ref, dict):
                srv = srv or _first(ref, MCP_KEYS)
                ref = _first(ref, ("id", "tool", "name", "tool_name"))
            if isinstance(ref, str) and ":" not in ref and isinstance(srv, str):
                ref = srv + ":" + ref
        self.steps[sid] = {
            "type": typ,
            "ref": ref if isinstance(ref, str) else None,
            "raw": s,
            "cfg": m,
        }
        nx = (
            _first(m, NEXT_KEYS)
            if typ != "conditional" or not isinstance(_first(m, NEXT_KEYS), dict)
            else None
        )
        if isinstance(nx, (str, list)):
            self.nexts[sid] = [
                x
                for x in ([nx] if isinstance(nx, str) else nx)
                if isinstance(x, str) and x.lower() not in ("end", "done", "none", "null", "finish")
            ]
        dp = _first(m, DEP_KEYS)
        if isinstance(dp, (str, list)):
            self.deps[sid] = [
                x for x in ([dp] if isinstance(dp, str) else dp) if isinstance(x, str)
            ]
        if self.nexts.get(sid) or self.deps.get(sid):
            self.raw_explicit.add(sid)
        if typ == "parallel":
            br = []
            v = _first(m, PAR_KEYS)
            if isinstance(v, dict):
                v = list(v.values())
            for x in v or []:
                br.append(self._target(x, sid, parallel=True))
            self.children[sid] = [b for b in br if b]
            if len(self.children[sid]) < 2:
                self.issues.append("parallel %s has fewer than two branches" % sid)
        elif typ == "conditional":
            br = []
            v = _first(m, COND_KEYS)
            if isinstance(v, dict):
                v = list(v.values())
            for x in v or []:
                br.append(self._target(x, sid))
            n_out = len(v or [])
            for keys in (TRUE_KEYS, FALSE_KEYS):
                x = _first(m, keys)
                if x is not None:
                    n_out += 1
                    br.append(self._target(x, sid))
            self.children[sid] = [b for b in br if b]
            self.steps[sid]["outcomes"] = n_out
            if not self.children[sid]:
                self.issues.append("conditional %s has no branch" % sid)
        elif typ == "loop":
            v = None
            for k in LOOP_KEYS:
                if m.get(k) not in (None, "", [], {}):
                    v = m[k]
                    break
            b = self._target(v, sid) if v is not None else None
            if b is None and (_first(m, AGENT_KEYS) or _first(m, TOOL_KEYS)):
                b = self._target(
                    {k: m[k] for k in AGENT_KEYS + TOOL_KEYS + MCP_KEYS if k in m}, sid
                )
            self.children[sid] = [b] if b else []
            if not b:
                self.issues.append("loop %s has no body" % sid)
            if _first(m, BOUND_KEYS) is None:
                self.issues.append("loop %s has no bound or condition" % sid)
        return sid

    def _inline(self, x, parent):
        s = dict(x)
        if not s.get("type") and not s.get("step_type"):
            if _first(s, TOOL_KEYS):
                s["type"] = "tool"
            elif _first(s, AGENT_KEYS):
                s["type"] = "agent"
        if not _first(s, ("id", "step_id")):
            s["id"] = self._newid(parent)
        return self._add(s)

    def _target(self, x, parent, parallel=False, depth=0):
        """-> list of step ids forming a chain head (list), registering inline steps"""
        if depth > 6 or x is None:
            return None
        if isinstance(x, str):
            if x.lower() in ("end", "done", "none", "null", "finish", "exit", "continue", "break"):
                return None
            if x in self.known_top or x in self.steps:
                self.referenced.add(x)
                return [x]
            if x in self.agent_ids or parallel:
                return [self._inline({"type": "agent", "agent_id": x}, parent)]
            self.issues.append("%s points to unknown step %s" % (parent, x))
            return None
        if isinstance(x, list):
            chain = []
            for y in x:
                t = self._target(y, parent, parallel, depth + 1)
                if t:
                    chain.extend(t)
            if not chain:
                return None
            if not all(isinstance(y, dict) for y in x):  # a list of ids: run them in turn
                for a, b in zip(chain, chain[1:]):
                    if not self.nexts.setdefault(a, []) and not self.deps.get(b):
                        self.nexts[a].append(b)
                return chain
            for i, a in enumerate(
                chain
            ):  # inline steps: explicit `next` wins, jump targets are not fallen into
                jumps = self.steps[a]["type"] == "conditional" and any(
                    b[0] in self.referenced for b in self.children.get(a, [])
                )
                follow = (
                    None
                    if jumps
                    else next((b for b in chain[i + 1 :] if b not in self.referenced), None)
                )
                if (
                    not self.nexts.setdefault(a, [])
                    and _first(self.steps[a]["cfg"], NEXT_KEYS) is None
                    and follow
                    and not self.deps.get(follow)
                ):
                    self.nexts[a].append(follow)
            return chain
        if isinstance(x, dict):
            t = str(x.get("type") or x.get("step_type") or "").lower()
            if t in TYPES or (
                not t
                and (_first(x, AGENT_KEYS) or _first(x, TOOL_KEYS))
                and not isinstance(_first(x, ("steps",)), list)
            ):
                return [self._inline(x, parent)]
            for k in TARGET_KEYS:
                if x.get(k) not in (None, "", [], {}):
                    return self._target(x[k], parent, parallel, depth + 1)
            if isinstance(x.get("id"), str) and x["id"] in self.known_top:
                return self._target(x["id"], parent, parallel, depth + 1)
        return None

    # graph on "s" and "s$" (end of container)
    def end(self, s):
        return s + "$" if s in self.children else s

    def _build(self):
        E = self.edges
        for s in self.steps:
            for n in self.nexts.get(s, []):
                if n in self.steps:
                    E[self.end(s)].add(n)
                else:
                    self.issues.append("step %s points to unknown step %s" % (s, n))
        for s, brs in self.children.items():
            for b in brs:
                E[s].add(b[0])
                tails = self._tails(b[0], s)
                for t in tails:
                    E[self.end(t)].add(s + "$")
            if not brs:
                E[s].add(s + "$")
            if self.steps[s]["type"] == "conditional" and (
                len(brs) < 2 or self.steps[s].get("outcomes", 0) > len(brs)
            ):
                E[s].add(s + "$")

    def _tails(self, head, parent):
        seen, stack, tails = set(), [head], []
        while stack:
            a = stack.pop()
            if a in seen or a == parent:
                continue
            seen.add(a)
            nx = [n for n in self.nexts.get(a, []) if n in self.steps]
            if not nx:
                tails.append(a)
            stack.extend(nx)
        return tails

    def reach(self, start, stop=()):
        seen, stack = set(), [start]
        while stack:
            a = stack.pop()
            if a in seen or a in stop:
                continue
            seen.add(a)
            stack.extend(self.edges.get(a, ()))
        return seen

    def has_cycle(self):
        color = {}
        for r in list(self.edges):
            stack = [(r, iter(self.edges.get(r, ())))]
            if color.get(r):
                continue
            color[r] = 1
            while stack:
                n, it = stack[-1]
                for m in it:
                    if color.get(m) == 1:
                        return True
                    if not color.get(m):
                        color[m] = 1
                        stack.append((m, iter(self.edges.get(m, ()))))
                        break
                else:
                    color[n] = 2
                    stack.pop()
        return False

    def region(self, s):
        """list of sets: step ids inside each branch of container s (exclusive of the join)"""
        stop = {s + "$"} | set(self.nexts.get(s, []))
        regs = [set(self.reach(b[0], stop)) for b in self.children.get(s, [])]
        if self.steps[s]["type"] in ("conditional", "parallel") and len(regs) > 1:
            common = set.intersection(*regs)
            regs = [r - common for r in regs]
        return regs


# ---------------------------------------------------------------- gold
def gold_norm(flow):
    """compile gold flow DSL -> nodes, direct edges, constructs
    DSL items: {"t":"tool","ref":[...alts]} {"t":"agent","ref":[..]} {"t":"new_agent","key":k,"kw":[..]}
               {"t":"new_tool","key":k,"kw":[..]} {"t":"opt",...item}
               {"t":"parallel","b":[[..],[..]]} {"t":"conditional","b":[[..],[..]]} {"t":"loop","b":[..]}"""
    nodes, edges, cons, types = [], set(), [], collections.Counter()

    def walk(seq, prevs):
        """returns (firsts, exits)"""
        firsts, cur, started = [], list(prevs), False
        for it in seq:
            f, cur2 = one(it, cur)
            if f and not started:
                firsts, started = f, True
            cur = cur2
        return firsts, cur

    def one(it, prevs):
        t = it["t"]
        if t == "opt":
            return [], prevs
        if t in ("tool", "agent", "new_agent", "new_tool"):
            k = len(nodes)
            nodes.append(it)
            types["agent" if "agent" in t else "tool"] += 1
            for p in prevs:
                edges.add((p, k))
            return [k], [k]
        types[t] += 1
        if t in ("parallel", "conditional"):
            firsts, exits, groups = [], [], []
            for b in it["b"]:
                lo = len(nodes)
                f, e = walk(b, prevs)
                groups.append(list(range(lo, len(nodes))))
                firsts += f
                exits += e if f else []
                if not f and t == "conditional":
                    exits += prevs
            if t == "conditional" and len(it["b"]) == 1:
                exits += prevs
            cons.append((t, [g for g in groups if g]))
            return firsts, list(dict.fromkeys(exits))
        if t == "loop":
            lo = len(nodes)
            f, e = walk(it["b"], prevs)
            cons.append((t, [list(range(lo, len(nodes)))]))
            return f, e
        raise ValueError(t)

    walk(flow, [])
    return nodes, edges, cons, types


def gold_allowed(flow, acc=None):
    acc = [] if acc is None else acc
    for it in flow:
        if it["t"] == "opt":
            acc += it["ref"]
        for b in it.get("b", []):
            gold_allowed(b if isinstance(b, list) else [b], acc)
    return acc


# ---------------------------------------------------------------- metrics
def prf(tp, npred, ngold):
    p = tp / npred if npred else (1.0 if not ngold else 0.0)
    r = tp / ngold if ngold else 1.0
    f = 2 * p * r / (p + r) if p + r else 0.0
    return round(p, 4), round(r, 4), round(f, 4)


def _text(x):
    return re.sub(r"[_\-:/.]+", " ", json.dumps(x, ensure_ascii=False)).lower()


def _kw_match(kws, obj):
    t = _text(obj)
    return any(k.lower() in t for k in kws)


ZERO = {
    "parsed": 0,
    "valid": 0,
    "schema_valid": 0,
    "resource_p": 0.0,
    "resource_r": 0.0,
    "resource_f1": 0.0,
    "edge_p": 0.0,
    "edge_r": 0.0,
    "edge_f1": 0.0,
    "order_acc": 0.0,
    "type_f1": 0.0,
    "control_exact": 0,
    "structure": 0.0,
    "new_p": 0.0,
    "new_r": 0.0,
    "new_f1": 0.0,
    "hallucinated": 0,
    "declared_consistent": 0,
    "success": 0,
    "overall": 0.0,
}


def score_item(item, response):
    out = dict(ZERO)
    out["issues"] = []
    resp, prob = parse_response(response)
    if resp is None:
        out["issues"].append(prob)
        return out
    out["parsed"] = 1
    issues = out["issues"]
    cat = item["catalog"]
    cat_agents = {a["id"] for a in cat.get("agents", [])}
    cat_tools = {
        "%s:%s" % (m["id"], t["name"]) for m in cat.get("mcps", []) for t in m.get("tools", [])
    }
    cat_mcps = {m["id"] for m in cat.get("mcps", [])}
    for k in (
        "workflow",
        "agents_to_create",
        "existing_agents_used",
        "mcps_suggested",
        "existing_mcps_used",
        "explanation",
    ):
        if k not in resp:
            issues.append("missing key %s" % k)
    wf = resp.get("workflow")
    if not isinstance(wf, dict):
        issues.append("workflow is not an object")
        return out
    if isinstance(wf.get("definition"), dict) and "steps" not in wf:
        wf = dict(wf["definition"], **{k: v for k, v in wf.items() if k != "definition"})
    atc = (
        [a for a in (resp.get("agents_to_create") or []) if isinstance(a, (dict, str))]
        if isinstance(resp.get("agents_to_create"), list)
        else []
    )
    sug = (
        [a for a in (resp.get("mcps_suggested") or []) if isinstance(a, (dict, str))]
        if isinstance(resp.get("mcps_suggested"), list)
        else []
    )
    new_agents = {i: a for a in atc for i in _idlist([a])}
    new_mcps = {i: a for a in sug for i in _idlist([a])}
    if not isinstance(wf.get("id"), str) or not ID_RE.match(wf.get("id", "")):
        issues.append("bad workflow id")
    if not isinstance(wf.get("name"), str) or not wf.get("name").strip():
        issues.append("no workflow name")
    if not str(resp.get("explanation") or "").strip():
        issues.append("empty explanation")
    for i in list(new_agents):
        if i in cat_agents:
            issues.append("agents_to_create repeats existing agent %s" % i)
    for i in list(new_mcps):
        if i in cat_mcps:
            issues.append("mcps_suggested repeats configured MCP %s" % i)
    fl = Flow(wf, cat_agents | set(new_agents))
    issues += fl.issues
    halluc = 0
    # ---- references
    keys = {}  # step id -> key
    gnodes, gedges, gcons, gtypes = gold_norm(item["gold"]["flow"])
    allowed = set(gold_allowed(item["gold"]["flow"])) | set(item["gold"].get("allowed", []))

    def gold_key(kind, ref, obj):
        cands = []
        for k, g in enumerate(gnodes):
            if kind in ("agent", "tool") and g["t"] == kind and ref in g["ref"]:
                cands.append(("g", k))
            if kind == "new_agent" and g["t"] == "new_agent" and _kw_match(g["kw"], obj):
                cands.append(("g", k))
            if kind == "new_tool" and g["t"] == "new_tool" and _kw_match(g["kw"], obj):
                cands.append(("g", k))
        return cands

    used_agents, used_tools, used_mcps = set(), set(), set()
    stepcands = {}
    unknown = []
    for sid, s in fl.steps.items():
        if s["type"] == "agent":
            r = s["ref"]
            if r is None:
                issues.append("agent step %s names no agent" % sid)
                stepcands[sid] = []
            elif r in cat_agents:
                used_agents.add(r)
                stepcands[sid] = gold_key("agent", r, None)
            elif r in new_agents:
                stepcands[sid] = gold_key("new_agent", r, [new_agents[r], s["raw"]])
            else:
                halluc += 1
                unknown.append(r)
                issues.append("hallucinated agent %s" % r)
                stepcands[sid] = []
            keys[sid] = "a:%s" % r
        elif s["type"] == "tool":
            r = s["ref"]
            if r is None:
                issues.append("tool step %s names no tool" % sid)
                stepcands[sid] = []
            elif r in cat_tools:
                used_tools.add(r)
                used_mcps.add(r.split(":")[0])
                stepcands[sid] = gold_key("tool", r, None)
            elif r.split(":")[0] in new_mcps and r.split(":")[0] not in cat_mcps:
                stepcands[sid] = gold_key("new_tool", r, [new_mcps[r.split(":")[0]], s["raw"]])
            else:
                halluc += 1
                unknown.append(r)
                issues.append("hallucinated tool %s" % r)
                stepcands[sid] = []
            keys[sid] = "t:%s" % r
    # tools given to new agents must exist as well
    for a in atc:
        if isinstance(a, dict):
            for t in (a.get("tools") or []) if isinstance(a.get("tools"), list) else []:
                tn = (
                    t
                    if isinstance(t, str)
                    else (_first(t, ("id", "name", "tool")) if isinstance(t, dict) else None)
                )
                if (
                    isinstance(tn, str)
                    and ":" in tn
                    and tn not in cat_tools
                    and tn.split(":")[0] not in new_mcps
                ):
                    halluc += 1
                    issues.append("new agent uses hallucinated tool %s" % tn)
    ea, em = (
        set(_idlist(resp.get("existing_agents_used"))),
        set(_idlist(resp.get("existing_mcps_used"))),
    )
    em_norm = {x.split(":")[0] for x in em}
    for x in ea - cat_agents:
        halluc += 1
        issues.append("existing_agents_used names unknown agent %s" % x)
    for x in em_norm - cat_mcps:
        halluc += 1
        issues.append("existing_mcps_used names unknown MCP %s" % x)
    out["declared_consistent"] = int(ea == used_agents and used_mcps <= em_norm)
    if ea != used_agents:
        issues.append("existing_agents_used differs from the steps")
    if not used_mcps <= em_norm:
        issues.append("existing_mcps_used misses used servers")
    for i in new_agents:
        if not any(s["type"] == "agent" and s["ref"] == i for s in fl.steps.values()):
            issues.append("agents_to_create %s is never used" % i)
    # template variables
    stepids = set(fl.steps)
    for sid, s in fl.steps.items():
        own = {
            k: v
            for k, v in s["raw"].items()
            if k
            not in (
                "branches",
                "steps",
                "body",
                "parallel_steps",
                "loop_steps",
                "body_steps",
                "cases",
                "conditions",
            )
        }
        for v in VAR_RE.findall(json.dumps(own)):
            if v.startswith("steps."):
                tgt = v.split(".")[1].split("[")[0] if "." in v else ""
                if tgt not in stepids:
                    issues.append("step %s reads unknown step %s" % (sid, tgt))
            elif not (
                v in ("user_input",)
                or v.startswith(
                    ("user_input", "context.", "item", "loop.", "input", "workflow.", "index")
                )
            ):
                issues.append("step %s uses unknown variable ${%s}" % (sid, v))
    # ---- entry & reachability
    entry = fl.entry
    if entry not in fl.steps:
        issues.append("entry_step %r is not a step" % entry)
        entry = next((t for t in fl.top if t not in fl.referenced), fl.top[0] if fl.top else None)
    reach = fl.reach(entry) if entry else set()
    dead = [s for s in fl.steps if s not in reach]
    if dead:
        issues.append("unreachable steps: %s" % ",".join(dead[:5]))
    if fl.has_cycle():
        issues.append("cycle outside a loop step")
    SOFT = (
        "existing_agents_used differs",
        "existing_mcps_used misses",
        "is never used",
        "empty explanation",
        "uses unknown variable",
        "fewer than two",
    )
    hard = [i for i in issues if not any(s in i for s in SOFT)]
    structural = [i for i in hard if "hallucinated" not in i and "names unknown" not in i]
    out["schema_valid"] = int(not structural)
    out["valid"] = int(not hard)
    out["hallucinated"] = halluc
    # ---- resource reuse
    gold_res = [g for g in gnodes if g["t"] in ("agent", "tool")]
    uniq = []
    for g in gold_res:
        if g["ref"] not in uniq:
            uniq.append(g["ref"])
    pred = [x for x in (used_agents | used_tools) if x not in allowed or any(x in g for g in uniq)]
    hit_g = sum(1 for g in uniq if any(x in pred for x in g))
    hit_p = sum(1 for x in pred if any(x in g for g in uniq))
    bad = [x for x in unknown if x]
    p = hit_p / (len(pred) + len(bad)) if pred or bad else (1.0 if not uniq else 0.0)
    r = hit_g / len(uniq) if uniq else 1.0
    out["resource_p"], out["resource_r"] = round(p, 4), round(r, 4)
    out["resource_f1"] = round(2 * p * r / (p + r), 4) if p + r else 0.0
    # ---- new things
    gnew = {}
    for k, g in enumerate(gnodes):
        if g["t"] in ("new_agent", "new_tool"):
            gnew.setdefault((g["t"], g.get("key", k)), g)
    tp = 0
    pool = [("new_agent", a) for a in atc] + [("new_tool", m) for m in sug]
    free = list(range(len(pool)))
    for (t, _k), g in gnew.items():
        for j in free:
            if pool[j][0] == t and _kw_match(g["kw"], pool[j][1]):
                tp += 1
                free.remove(j)
                break
    slack = int(item["gold"].get("new_slack", 0))
    npred = max(tp, len(pool) - slack)
    out["new_p"], out["new_r"], out["new_f1"] = prf(tp, npred, len(gnew))
    # ---- assign steps to gold nodes (greedy in reading order for repeated refs)
    order = [s for s in fl.steps if s in keys]
    taken, assign = set(), {}
    for sid in sorted(order, key=lambda s: len(stepcands.get(s, []))):
        c = [k for _, k in stepcands.get(sid, [])]
        pick = next((k for k in c if k not in taken), c[0] if c else None)
        if pick is not None:
            assign[sid] = pick
            taken.add(pick)
    gk = {}
    for k, g in enumerate(gnodes):
        gk[k] = ("new", g["key"]) if g["t"].startswith("new") else tuple(g["ref"])

    def is_allowed(sid):
        return sid not in assign and fl.steps[sid]["ref"] in allowed

    # predicted direct edges between content nodes (control and allowed-optional nodes contracted)
    pe = set()
    for sid in order:
        if is_allowed(sid) or sid not in reach:
            continue
        seen, stack = set(), list(fl.edges.get(sid, ()))
        while stack:
            a = stack.pop()
            if a in seen:
                continue
            seen.add(a)
            if a in keys and not is_allowed(a):
                ka = gk[assign[sid]] if sid in assign else ("x", keys[sid])
                kb = gk[assign[a]] if a in assign else ("x", keys[a])
                if ka != kb:
                    pe.add((ka, kb))
            else:
                stack.extend(fl.edges.get(a, ()))
    ge = {(gk[a], gk[b]) for a, b in gedges if gk[a] != gk[b]}
    tp = len(pe & ge)
    out["edge_p"], out["edge_r"], out["edge_f1"] = prf(tp, len(pe), len(ge))
    # order accuracy: transitive precedence pairs
    succ = collections.defaultdict(set)
    for a, b in gedges:
        succ[a].add(b)
    pairs = set()
    for a in range(len(gnodes)):
        st, seen = list(succ[a]), set()
        while st:
            b = st.pop()
            if b in seen:
                continue
            seen.add(b)
            pairs.add((a, b))
            st.extend(succ[b])
    inst = collections.defaultdict(list)
    for sid, k in assign.items():
        inst[k].append(sid)
    if pairs:
        ok = 0
        for a, b in pairs:
            ok += any(y in fl.reach(x) for x in inst.get(a, []) for y in inst.get(b, []) if x != y)
        out["order_acc"] = round(ok / len(pairs), 4)
    else:
        out["order_acc"] = 1.0 if inst or not gnodes else 0.0
    # ---- step types
    ptypes = collections.Counter(s["type"] for s in fl.steps.values() if s["type"] in TYPES)
    inter = sum(min(ptypes[t], gtypes[t]) for t in TYPES)
    out["type_f1"] = prf(inter, sum(ptypes.values()), sum(gtypes.values()))[2]
    ctl = ("parallel", "conditional", "loop")
    out["control_exact"] = int({t for t in ctl if ptypes[t]} == {t for t in ctl if gtypes[t]})
    # ---- placement of control structures
    reg = {s: fl.region(s) for s in fl.children}
    got, tot = 0.0, 0
    allinst = collections.defaultdict(list)
    for sid in order:
        for _, k in stepcands.get(sid, []):
            allinst[k].append(sid)

    def separated(k1, k2, typ):
        for s, rs in reg.items():
            if fl.steps[s]["type"] != typ:
                continue
            for i, r1 in enumerate(rs):
                for j, r2 in enumerate(rs):
                    if (
                        i != j
                        and any(x in r1 for x in allinst[k1])
                        and any(x in r2 for x in allinst[k2])
                    ):
                        return True
        if typ == "parallel":  # fan-out without a parallel node
            for x in allinst[k1]:
                for y in allinst[k2]:
                    if (
                        x != y
                        and y not in fl.reach(x)
                        and x not in fl.reach(y)
                        and not separated(k1, k2, "conditional")
                    ):
                        return True
        return False

    for typ, groups in gcons:
        if typ in ("parallel", "conditional") and len(groups) >= 2:
            prs = [
                (groups[i][0], groups[j][0])
                for i in range(len(groups))
                for j in range(i + 1, len(groups))
                if gk[groups[i][0]] != gk[groups[j][0]]
            ]
            if not prs:
                continue
            tot += 1
            got += sum(separated(a, b, typ) for a, b in prs) / len(prs)
        else:
            want = "conditional" if typ == "conditional" else typ
            g = [k for grp in groups for k in grp]
            if not g:
                continue
            tot += 1
            best = 0.0
            for s, rs in reg.items():
                if fl.steps[s]["type"] == want:
                    best = max(
                        best, sum(any(x in r for r in rs for x in allinst[k]) for k in g) / len(g)
                    )
            got += best
    extra_ctl = sum(max(0, ptypes[t] - gtypes[t]) for t in ctl)
    if tot:
        out["structure"] = round(got / (tot + 0.5 * max(0, extra_ctl)), 4)
    else:
        out["structure"] = round(1.0 / (1 + 0.5 * extra_ctl), 4)
    # ---- summary
    out["success"] = int(
        out["valid"]
        and not halluc
        and out["resource_f1"] >= 0.999
        and out["new_f1"] >= 0.999
        and out["order_acc"] >= 0.999
        and out["structure"] >= 0.999
        and out["edge_f1"] >= 0.75
    )
    # structure / type / new credit is only earned when the right resources are there (no free credit for an empty linear plan)
    gate = min(1.0, out["resource_f1"] / 0.5)
    out["overall"] = round(
        0.15 * out["valid"]
        + 0.35 * out["resource_f1"]
        + 0.20 * out["edge_f1"]
        + gate * (0.12 * out["structure"] + 0.08 * out["type_f1"] + 0.10 * out["new_f1"]),
        4,
    )
    return out


METRICS = [
    "parsed",
    "schema_valid",
    "valid",
    "success",
    "overall",
    "resource_p",
    "resource_r",
    "resource_f1",
    "edge_p",
    "edge_r",
    "edge_f1",
    "order_acc",
    "type_f1",
    "control_exact",
    "structure",
    "new_p",
    "new_r",
    "new_f1",
    "declared_consistent",
]


def score_set(items, responses):
    rows = []
    for it in items:
        r = score_item(it, responses.get(it["id"]))
        r["id"], r["category"], r["difficulty"] = it["id"], it["category"], it["difficulty"]
        r["source"] = it.get("source", "")
        rows.append(r)

    def agg(rs):
        d = {m: round(sum(r[m] for r in rs) / len(rs), 4) for m in METRICS}
        d["hallucinated_total"] = sum(r["hallucinated"] for r in rs)
        d["items_with_hallucination"] = sum(1 for r in rs if r["hallucinated"])
        d["n"] = len(rs)
        return d

    summ = {"all": agg(rows)}
    for f in ("difficulty", "category", "source"):
        summ["by_" + f] = {
            k: agg([r for r in rows if r[f] == k]) for k in sorted({r[f] for r in rows})
        }
    return summ, rows


def main(argv):
    items = [json.loads(l) for l in open(argv[1], encoding="utf-8") if l.strip()]
    resp, secs = {}, []
    for l in open(argv[2], encoding="utf-8"):
        if l.strip():
            d = json.loads(l)
            resp[d["id"]] = d.get("response")
            if isinstance(d.get("seconds"), (int, float)):
                secs.append(d["seconds"])
    summ, rows = score_set(items, resp)
    if secs:
        secs.sort()
        summ["seconds"] = {
            "p50": secs[len(secs) // 2],
            "p95": secs[min(len(secs) - 1, int(len(secs) * 0.95))],
        }
    if "--per-item" in argv:
        for r in rows:
            print(json.dumps(r))
    print(json.dumps(summ, indent=1))


if __name__ == "__main__":
    main(sys.argv)
