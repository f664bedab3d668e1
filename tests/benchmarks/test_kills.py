"""Three kills of the whole daemon with a clock that leaps: nothing is lost, and no id comes twice."""

import random

import kills


def test_three_kills_lose_nothing_and_no_id_names_two_readings(tmp_path, monkeypatch):
    monkeypatch.setattr(
        kills, "STARTS_S", (2.0, 3.0)
    )  # so few must be worth it: later than most of the start
    counts = kills.run(tmp_path, 3, seed=2)
    assert counts["pictures"] >= 5
    assert counts["posts"] > counts["pictures"]
    for what in (
        "pictures lost at the receiver",
        "pictures lost in the store",
        "ids of two different readings",
        "ids that went back",
    ):
        assert counts[what] == 0, counts


def test_what_is_lost_and_doubled_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(kills.Pictures, "_run", lambda self: None)
    pictures, receiver = kills.Pictures(tmp_path), kills.Receiver(random.Random(0))
    receiver.server.shutdown()
    pictures.put = ["a", "b", "c", "d"]
    posts = [("pi-2", "a"), ("pi-1", "b"), ("pi-2", "a"), ("pi-2", "c"), ("pi-3", "a")]
    receiver.taken = [(key, {"source": source}) for key, source in posts]
    with kills.closing(kills.sqlite3.connect(tmp_path / "s")) as store:
        store.execute("CREATE TABLE readings (data)")
        store.execute("""INSERT INTO readings VALUES ('{"source": "a"}'), ('{"source": "b"}')""")
        store.commit()
    assert kills.count(pictures, receiver, tmp_path / "s") == {
        "pictures": 4,
        "posts": 5,
        "pictures lost at the receiver": 1,
        "pictures lost in the store": 2,
        "ids of two different readings": 1,
        "ids that went back": 1,
        "posts repeated with their id": 2,
        "pictures read again with a new id": 1,
    }
