"""Tools as they were when the version that a run carries out was published, or when a change of them was accepted."""

from collections.abc import Mapping, Sequence

from discovery.fingerprints import Contract, contract_hash

NATIVE = "native:"
# By tool: its fingerprint and the hash of its contract, as they were approved.
ApprovedTools = Mapping[str, Sequence[str]]


def is_approved(
    tool_id: str,
    tool: Contract,
    fingerprint: str,
    approved: ApprovedTools | None,
    *,
    by_model: bool,
) -> bool:
    """Whether a run may call the tool as it is now; `approved` is null where nothing of the run is published.

    A model reads a tool's words, a tool step does not. Native tools belong to the product and change with it only.
    """
    if approved is None:
        return True
    if tool_id.startswith(NATIVE):
        return tool_id in approved or not by_model
    if tool_id not in approved:
        return False
    published, contract = approved[tool_id]
    return fingerprint == published or (not by_model and contract_hash(tool) == contract)
