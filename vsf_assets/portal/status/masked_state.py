"""What the status page says of the newest masked copy.

Here: the lines, for whoever reads every feed. Not here: making copies (masking/keep_copies.py).
"""

from django.conf import settings

from vsf_assets.masking.copy_state import FAILED, MAKING, read_state
from vsf_assets.portal.data.access import Access


def masked_lines(access: Access, with_errors: bool) -> tuple[str, str]:
    """Return what is wrong with the newest masked copy, and what it is otherwise; both may be empty.

    Args:
        access: of the reader.
        with_errors: whether the reader sees messages, which may quote values.
    """
    if not (settings.VSF_PORTAL.masked and access.reads_all_feeds):
        return "", ""
    state = read_state(settings.VSF.home)
    if state is None:
        return "", "No masked copy was made yet."
    name = f"the masked copy of snapshot {state.number}"
    if state.state == FAILED:
        why = f": {state.reason.rstrip('.')}" if with_errors else ""
        return f"{name} could not be made{why}; it is tried again every minute, and SQL without personal data waits", ""
    if state.state == MAKING:
        return "", f"{name[0].upper()}{name[1:]} is being made."
    took = f" It took {state.seconds:,.1f} s." if state.seconds else ""
    return "", f"{name[0].upper()}{name[1:]} is there.{took}"
