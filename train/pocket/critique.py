"""What a good critic thinks and says: a scratchpad of small equality tests, a verdict, and a refined prompt. Exact, no pixels.

A tiny model can't compare things that stand far apart, so each test stands on its own: what should be there, a question
mark, what is there, yes or no. "Top right: balloon? balloon yes, red? blue no." A picture passes if no test says no.
"""

from __future__ import annotations

from core.pocket.world import KINDS, SLOTS, Scene, Slot, Thing
from train.pocket.intents import NOTHING, Expected, Finding, Findings, Intent, Wanted, expect
from train.pocket.language import explicit_edit, explicit_whole

ANY = "any"  # it was left free


def thought(intent: Intent, before: Scene | None, after: Scene, findings: Findings) -> str:
    """The tests in a fixed order (picture, slots, what is nowhere) and what follows from them."""
    expected = expect(intent, before)
    lines = [_picture(expected, after)]
    used: set[str] = set()
    for slot in SLOTS:
        want, seen, was = _wanted_at(expected, slot, after), after.at(slot), before.at(slot) if before else None
        if want or seen or was:
            lines.append(f"{slot.capitalize()}: {_thing(want, seen, expected.open)}.")
            used |= {want.kind} if want else set()
    lines += [f"Somewhere: {_test(want.kind, NOTHING)}." for want in expected.things if want.kind not in used]
    return " ".join([*lines, conclusion(findings)])


def _test(want: str | None, seen: str) -> str:
    return f"{want or ANY}? {seen} {'yes' if want in (None, seen) else 'no'}"


def _picture(expected: Expected, after: Scene) -> str:
    place = _test(expected.place, after.place)
    if expected.view is not None:
        place = _test(f"{expected.place} {expected.view}", f"{after.place} {after.view}")
    return f"Picture: {place}, {_test(expected.time, after.time)}, {_test(expected.weather, after.weather)}."


def _wanted_at(expected: Expected, slot: Slot, after: Scene) -> Wanted | None:
    """What should be at ``slot``; a thing that may be anywhere should be where it is."""
    fixed = expected.at(slot)
    seen = after.at(slot)
    if fixed or not seen:
        return fixed
    free = expected.find(seen.kind)
    return free if free and free.slot is None else None


def _thing(want: Wanted | None, seen: Thing | None, anything: bool) -> str:
    if want is None:
        return _test(None if anything else NOTHING, seen.kind if seen else NOTHING)
    if seen is None or seen.kind != want.kind:
        return _test(want.kind, seen.kind if seen else NOTHING)
    tests = [_test(want.kind, seen.kind), _test(want.colour, seen.colour), _test(want.size, seen.size)]
    if KINDS[want.kind].countable:
        tests.append(_test(want.count, seen.count))
    return ", ".join(tests)


def conclusion(findings: Findings) -> str:
    """What the tests come to, in one line; the first two faults."""
    if findings.success:
        return "All as asked."
    faults = [_fault(finding, "still there") for finding in findings.unmet]
    faults += [_fault(finding, "not asked for") for finding in findings.collateral]
    return f"Fault: {'; '.join(faults[:2])}."


def _fault(finding: Finding, too_many: str) -> str:
    if finding.attribute == "kind":
        return f"{finding.seen} {too_many}" if finding.wanted == NOTHING else f"no {finding.subject}"
    if finding.subject == "picture":
        return f"{finding.seen}, not {finding.wanted}" if finding.attribute != "view" else "another background"
    return f"{finding.subject} {finding.seen}, not {finding.wanted}"


def refined(intent: Intent, before: Scene | None, findings: Findings) -> str:
    """The prompt to draw with next: explicit, with what to keep, and with the harm forbidden."""
    if before is None:
        return explicit_whole(intent)
    return explicit_edit(intent, before, findings.collateral)
