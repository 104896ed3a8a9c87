"""Chooses the next banner of a visitor: each banner of a slot once per cycle, never the same one twice in a row.

Here: the step from the entries of a visitor's token to the next banners and the next entries, as pure functions but for
the order of a new cycle. Not here: signing (visitor_tokens.py), and what is sent (app.py).

Entries are per campaign `~<campaign>.<tag>.<marks>.<last banner>`, the most recent one last, so they end with the
banner that was shown last of all. The marks are of the banners that the visitor has still to see in this cycle, so the
server keeps no state. A cycle ends early only when the banners of a campaign change, by quarter or by snapshot, or
where a token has no room for all campaigns of a visitor: those not seen for longest lose their tag and marks, and only
then their last banner. The last banner of a cycle is not the first of the next one. Between campaigns that share
banners, the banner of the answer before waits for one answer, if the cycle has another one left.
"""

from vsf_assets.banners.prepared import Banner, Slot
from vsf_assets.banners.visitor_tokens import LONGEST_ENTRIES

_ROOM = LONGEST_ENTRIES - 170
"""Bytes of the entries of other campaigns; the campaign's own has at most two ids, a tag and 64 marks."""

_DOT = ord(".")


def next_banner(slot: Slot, entries: bytes) -> tuple[Banner, bytes, bytes]:
    """Return the next banner of a slot that has one, and in two parts the visitor's entries after it.

    The first part has the other campaigns. It is `entries` itself where nothing was taken out of it, so that its hash
    can go on; the second part is the campaign's own entry.

    Args:
        slot: a slot with at least one banner.
        entries: the visitor's entries; empty for a new visitor.
    """
    start = entries.find(slot.key)
    if start < 0:
        # The visitor's first banner of this campaign.
        next_cycle = slot.next_cycle  # see app.py
        banner, own = next_cycle()
        if not entries.endswith(banner.last) and len(entries) < _ROOM:
            return banner, entries, own
    elif entries.startswith(slot.entry, start):
        # The visitor goes on with the same banners, if a mark is left.
        place = start + slot.entry_length
        mark = entries[place]
        if mark != _DOT:
            banner = slot.banners[mark]
            dot = entries.find(b".", place)
            end = entries.find(b"~", dot)
            if end < 0:
                return banner, entries[:start], slot.entry + entries[place + 1 : dot] + banner.last
            if not entries.endswith(banner.last):
                return banner, entries[:start] + entries[end:], slot.entry + entries[place + 1 : dot] + banner.last
    left, others = _still_to_show(slot, entries)
    banner = slot.banners[left[0]]
    return banner, others, slot.entry + left[1:] + banner.last


def next_banners(slot: Slot, entries: bytes, count: int) -> tuple[list[Banner], bytes]:
    """Return `count` different banners of a slot, or all it has, and the visitor's entries after them.

    They are the next ones of the visitor's cycle. Where the cycle ends within them, the next cycle begins with others,
    and keeps those of them for later that it has passed over.
    """
    left, others = _still_to_show(slot, entries)
    shown, left = left[:count], left[count:]
    missing = min(count, len(slot.banners)) - len(shown)
    if missing > 0:
        order = slot.next_order()
        more = bytes(mark for mark in order if mark not in shown)[:missing]
        shown += more
        left = bytes(mark for mark in order if mark not in more)
    banners = [slot.banners[mark] for mark in shown]
    return banners, others + slot.entry + left + banners[-1].last


def _still_to_show(slot: Slot, entries: bytes) -> tuple[bytes, bytes]:
    """Return the marks that the visitor has still to see in this cycle, at least one, and the entries of others."""
    if not entries:
        return slot.next_order(), entries
    seen = entries[entries.rfind(b".") + 1 :]
    others = entries
    last = left = b""
    start = entries.find(slot.key)
    if start >= 0:
        own, separator, after = entries[start + 1 :].partition(b"~")
        _, tag, left, last = own.split(b".")
        others = entries[:start] + separator + after
        if tag != slot.tag:
            left = b""
    if len(others) > _ROOM:
        others = _shortened(others, len(others) - _ROOM)
    if not left:
        left = _new_order(slot, last, seen)
    elif len(left) > 1 and slot.banners[left[0]].id == seen:
        left = left[1:2] + left[:1] + left[2:]
    return left, others


def _shortened(entries: bytes, excess: int) -> bytes:
    """Return entries without some bytes at least: the earliest lose tag and marks first, and are left out then."""
    kept = entries.split(b"~")[1:]
    for place, entry in enumerate(kept):
        if excess <= 0:
            break
        campaign, *_, last = entry.split(b".")
        kept[place] = b"%s...%s" % (campaign, last)
        excess -= len(entry) - len(kept[place])
    while excess > 0:
        excess -= len(kept.pop(0)) + 1
    return b"".join(b"~" + entry for entry in kept)


def _new_order(slot: Slot, last: bytes, seen: bytes) -> bytes:
    """Return the marks of a new cycle, beginning with neither the campaign's last banner nor the last one seen."""
    order = slot.next_order()
    banners = slot.banners
    for avoided in ((last, seen), (last,)):
        for place, mark in enumerate(order):
            if banners[mark].id not in avoided:
                return order if place == 0 else order[place : place + 1] + order[:place] + order[place + 1 :]
    return order
