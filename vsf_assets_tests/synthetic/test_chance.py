"""Chance one number at a time is the chance of columns. Not here: what the demo makes of it."""

from vsf_assets.synthetic.model.counter_prng import chances, draws, key_of, rows_of
from vsf_assets.synthetic.model.sequential_prng import Chance


def test_numbers_are_those_of_a_column_one_after_the_other() -> None:
    chance = Chance("a", 1)
    assert [chance.random() for _ in range(5000)] == chances(key_of("a", 1), rows_of(0, 5000)).tolist()
    first, second = draws(key_of("b"), rows_of(0, 2)).tolist()
    assert Chance("b").getrandbits(128) == first << 64 | second
    assert Chance("b").getrandbits(10) == first >> 54


def test_words_say_which_stream_and_nothing_else_does() -> None:
    one, same, other = Chance("a"), Chance("a"), Chance("b")
    same.seed(7)
    made = [one.randrange(1000) for _ in range(20)]
    assert made == [same.randrange(1000) for _ in range(20)] != [other.randrange(1000) for _ in range(20)]
