import numpy as np

from ocr_edge.segment.components import Components
from ocr_edge.segment.lines import group


def pieces(boxes):
    """Components of left, top, width and height, sorted as ``find`` sorts them."""
    left, top, wide, high = np.array(sorted(boxes), np.int64).T
    ids = np.arange(1, len(left) + 1)
    return Components(np.zeros((1, 1), np.int32), ids, left, top, left + wide, top + high, wide * high)


def row(count, left=20, top=40, high=20, pitch=16):
    return [(left + pitch * i, top, 12, high) for i in range(count)]


def test_a_comma_and_a_hyphen_are_no_letters_and_what_follows_them_is_the_same_line():
    boxes = [*row(5), (101, 56, 5, 11), *row(5, 130), (212, 48, 9, 4), *row(4, 228)]
    lines = group(pieces(boxes), 400)
    assert [len(line) for line in lines] == [14]


def test_a_wide_space_behind_a_full_stop_does_not_end_the_line():
    boxes = [*row(5), (98, 55, 5, 5), *row(5, 126)]
    assert [len(line) for line in group(pieces(boxes), 400)] == [10]


def test_words_of_small_letters_are_joined_across_the_spaces_of_a_typewriter():
    tall = [(20, 32, 12, 30)]
    boxes = tall + row(3, 36, 42) + row(3, 112, 42) + [(160, 32, 12, 30)]
    assert [len(line) for line in group(pieces(boxes), 400)] == [8]


def test_two_columns_are_not_joined():
    boxes = row(6) + row(6, 20 + 6 * 16 + 50)
    assert [len(line) for line in group(pieces(boxes), 400)] == [6, 6]


def test_the_halves_of_a_broken_character_are_kept():
    boxes = [*row(3), (68, 40, 5, 9), (68, 51, 5, 9), *row(3, 84)]
    assert sum(len(line) for line in group(pieces(boxes), 400)) == 8


def test_a_page_of_noise_is_grouped_in_little_memory_and_gives_each_piece_once():
    generator = np.random.default_rng(0)
    boxes = np.stack(
        [generator.integers(a, b, 4000) for a, b in ((0, 2000), (0, 1500), (3, 60), (3, 400))], axis=1
    )
    rows = np.concatenate(group(pieces(boxes.tolist()), 1500))
    assert len(np.unique(rows)) == len(rows)
