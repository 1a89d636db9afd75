"""What the workflow, its activities and its signals are called in Temporal."""

WORKFLOW_TYPE = "InterpreterWorkflow"
ASK_MODEL = "ask_model"
CALL_TOOL = "call_tool"
MAY_REPEAT = "may_repeat"
RESOLVE_VALUE = "resolve_value"
LOAD_VALUES = "load_values"
JOIN_VALUES = "join_values"
STORE_VALUES = "store_values"
LOAD_PART = "load_part"
RECORD = "record"
ASK_PEOPLE = "ask_people"
GIVE_UP = "give_up"
# The signal that brings a decision.
DECIDE = "decide"
# The signal of a child that has ended.
CHILD_ENDED = "child_ended"
