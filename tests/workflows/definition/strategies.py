"""Hypothesis strategies for hostile input."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from workflows.definition.fields import STEP_CLASSES

LENIENT = settings(
    deadline=None, max_examples=150, suppress_health_check=list(HealthCheck), derandomize=True
)

_NAMES = """
    id name type steps next branches agent agent_id tool arguments conditions when conditional_branches
    condition_source default on_error loop_mode over exit_condition break_condition max_iterations output
    entry_step retry retries limits context match timeout input_schema output_schema tools
    approval_message content approvers on_reject duration_seconds until values compute workflow_id version
"""
_WORDS = """
    agent tool parallel conditional loop approval wait set workflow group:x 2030-01-01T00:00:00Z end fail skip a b foreach until count all first merge
    ${user_input} ${ $${ ${steps.a.output} ${steps.a.output}.x( ${loop.parent.parent.last} ${steps.b.error}
    ${user_input??1} ${user_input}.exists(x,x.all(y,y))
"""
_PIECES = """
    ${user_input} ${input.a??1} .exists(x, .all(x, x ) ( [ ] && || == ! 1 2.5 'a' true null + size( .matches(
    in ? : { } b'a' 1e999 - . , < 9223372036854775808 timestamp( duration( string( 0x1 1u
"""

NAMES = st.sampled_from(_NAMES.split())
TEXTS = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="${}?.[]\"'\\ abc0()+=&|!<>:,-", max_size=40),
    st.sampled_from([*_WORDS.split(), "\x00", "\ud800", "a\n", "'" * 30]),
    st.just("${input.x ?? " + "[" * 500),
)
SCALARS = st.one_of(
    TEXTS,
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, -1, 10**30, 2**63, 1e308]),
    st.floats(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(NAMES, TEXTS), inner, max_size=5),
    ),
    max_leaves=25,
)
STEPS = st.dictionaries(NAMES, VALUES, max_size=6).flatmap(
    lambda fields: st.builds(
        lambda kind, name: {**fields, "type": kind, "id": name},
        st.sampled_from([*STEP_CLASSES, "x"]),
        st.sampled_from(["a", "b", "c", "end", "1"]),
    )
)
CONDITIONS = st.one_of(
    TEXTS,
    st.text(alphabet="()[]{}!&|<>=+-*/%?:.,'\"\\ abxe10$", max_size=60),
    st.lists(st.sampled_from([*_PIECES.split(), "'\\xff'", "r'\\'", '"""']), max_size=12).map(
        " ".join
    ),
)
