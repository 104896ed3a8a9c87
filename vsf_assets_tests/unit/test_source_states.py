"""What a look says is due: the decision alone, example by example and on random histories."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from vsf_assets.catalog.model.plan import (
    UNKNOWN,
    KnownObject,
    Listed,
    Observed,
    Plan,
    Unseen,
    decide,
    parse_list,
    time_of_scan,
)

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
NAMES = ("a", "b", "c", "d")
LISTED = [Listed(position, name) for position, name in enumerate(NAMES, 1)]


def at(scan: int) -> datetime:
    return START + timedelta(minutes=scan)


def one(seen: Observed, before: KnownObject | None, *, fetched_state: str = "", force: bool = False) -> Plan:
    known = {} if before is None else {"a": before}
    return decide([Listed(7, "a")], {"a": seen}, known, at(5), {"a": fetched_state} if fetched_state else {}, force)


def to_fetch(plan: Plan) -> list[tuple[datetime, int]]:
    return [(item.at, item.listed.position) for item in plan.fetch]


FETCHED = KnownObject(at(1), 3, "s1", is_fetched=True, sha256="x")
FAILED = KnownObject(at(1), 3, "s1")
GONE = KnownObject(at(1), 3, None)


def test_names_are_places_in_the_list_and_the_first_place_of_a_name_counts() -> None:
    assert parse_list(b"x\n\n y \r\nx\n\xff\nz", "utf-8") == [Listed(1, "x"), Listed(2, " y "), Listed(5, "z")]
    assert parse_list("\ufeffä\n".encode(), "utf-8") == [Listed(1, "ä")]
    assert parse_list("ä\nb".encode("utf-16"), "utf-16") == [Listed(1, "ä"), Listed(2, "b")]
    assert parse_list(b"", "utf-8") == []


def test_a_look_is_later_than_the_last_one_whatever_the_clock_does() -> None:
    assert time_of_scan(at(2), at(1)) == at(2)
    assert time_of_scan(at(1), at(2)) == at(2) + timedelta(microseconds=1)
    assert time_of_scan(at(1), None) == at(1)


def test_the_first_sight_is_due_with_a_record() -> None:
    plan = one("s1", None)
    assert (plan.records, to_fetch(plan)) == ([(Listed(7, "a"), "s1")], [(at(5), 7)])


def test_the_same_state_is_left_alone_and_another_one_is_due_anew() -> None:
    assert one("s1", FETCHED) == Plan()
    plan = one("s2", FETCHED)
    assert (plan.records, to_fetch(plan)) == ([(Listed(7, "a"), "s2")], [(at(5), 7)])


def test_what_failed_is_taken_again_at_the_place_of_its_first_failure() -> None:
    plan = one("s1", FAILED)
    assert (plan.records, to_fetch(plan)) == ([], [(at(1), 3)])
    assert to_fetch(one("s2", FAILED)) == [(at(5), 7)]


def test_what_is_gone_is_recorded_once_and_due_anew_when_it_comes_back() -> None:
    assert one(None, FETCHED).records == [(Listed(7, "a"), None)]
    assert one(None, None).records == [(Listed(7, "a"), None)]
    assert one(None, GONE) == Plan()
    assert to_fetch(one("s1", GONE)) == [(at(5), 7)]


def test_an_object_without_a_state_is_compared() -> None:
    unknown = replace(FETCHED, state=UNKNOWN)
    assert [d.at for d in one(UNKNOWN, unknown).compare] == [at(5)]
    assert [d.state for d in one("s1", unknown).compare] == ["s1"]
    assert one("s1", unknown, fetched_state="s1") == Plan()
    assert one("s2", unknown, fetched_state="s1").records == [(Listed(7, "a"), "s2")]
    assert one(UNKNOWN, FETCHED).compare


def test_an_object_that_could_not_be_looked_at_keeps_its_place_and_is_told() -> None:
    no = Unseen("500")
    plan = one(no, None)
    assert (plan.records, to_fetch(plan)) == ([(Listed(7, "a"), UNKNOWN)], [(at(5), 7)])
    assert to_fetch(one(no, FAILED)) == [(at(1), 3)]
    assert to_fetch(one("s1", replace(FAILED, state=UNKNOWN))) == [(at(1), 3)]
    assert one(no, FETCHED) == Plan(unseen=[("a", "500")])
    assert one(no, GONE) == Plan(unseen=[("a", "500")])


def test_force_compares_what_is_known_and_fetches_what_is_not() -> None:
    assert [d.at for d in one("s1", FETCHED, force=True).compare] == [at(5)]
    assert to_fetch(one("s2", FETCHED, force=True)) == [(at(5), 7)]
    assert to_fetch(one("s1", FAILED, force=True)) == [(at(1), 3)]


class Simulated:
    """A warehouse that follows plans: what is known, and the deliveries (name -> (at, position, state))."""

    def __init__(self) -> None:
        self.known: dict[str, KnownObject] = {}
        self.deliveries: dict[str, list[tuple[datetime, int, str]]] = {}

    def scan(self, number: int, source: dict[str, Observed], truth: dict[str, str | None], fails: set[str]) -> Plan:
        listed = [item for item in LISTED if item.name in source]
        plan = decide(listed, source, self.known, at(number))
        for item, state in plan.records:
            old = self.known.get(item.name)
            self.known[item.name] = KnownObject(at(number), item.position, state, sha256=old.sha256 if old else "")
        for item in plan.fetch:
            name, content = item.listed.name, truth[item.listed.name]
            if name not in fails and content is not None:
                self.known[name] = replace(self.known[name], is_fetched=True, sha256=content)
                self.deliveries.setdefault(name, []).append((item.at, item.listed.position, content))
        return plan


states = st.sampled_from(["s1", "s2", None])
sources = st.dictionaries(st.sampled_from(NAMES), states, min_size=1)
failures = st.sets(st.sampled_from(NAMES))


@given(st.lists(sources, min_size=1, max_size=6))
def test_a_second_look_at_the_same_source_finds_nothing(history: list[dict[str, str | None]]) -> None:
    simulated = Simulated()
    for number, source in enumerate(history):
        simulated.scan(number, dict(source), source, set())
    assert simulated.scan(len(history), dict(history[-1]), history[-1], set()) == Plan()


@given(st.lists(st.tuples(sources, failures), min_size=1, max_size=6))
def test_failed_fetches_end_with_the_same_newest_deliveries(
    history: list[tuple[dict[str, str | None], set[str]]],
) -> None:
    smooth, bumpy = Simulated(), Simulated()
    for number, (source, fails) in enumerate(history):
        smooth.scan(number, dict(source), source, set())
        bumpy.scan(number, dict(source), source, fails)
    last = history[-1][0]
    bumpy.scan(len(history), dict(last), last, set())
    for name, state in last.items():
        if state is not None:
            assert bumpy.deliveries[name][-1] == smooth.deliveries[name][-1]
    for name, deliveries in bumpy.deliveries.items():
        assert set(deliveries) <= set(smooth.deliveries[name])


@given(st.lists(st.tuples(failures, failures), max_size=6))
def test_looks_that_fail_end_with_the_same_deliveries(history: list[tuple[set[str], set[str]]]) -> None:
    truth: dict[str, str | None] = dict.fromkeys(NAMES, "s1")
    smooth, bumpy = Simulated(), Simulated()
    smooth.scan(0, dict(truth), truth, set())
    for number, (unseen, fails) in enumerate([*history, (set[str](), set[str]())]):
        source: dict[str, Observed] = {n: Unseen("500") if n in unseen else "s1" for n in NAMES}
        bumpy.scan(number, source, truth, fails)
    assert {n: d[-1] for n, d in bumpy.deliveries.items()} == {n: d[-1] for n, d in smooth.deliveries.items()}
