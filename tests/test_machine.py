"""Sharing work out over threads, and numpy's products on one."""

import threading
import time

import numpy as np
import pytest
from golden.cases import blas

from diffview.machine import one_blas_thread, shared_out
from diffview.models.local import Local


@pytest.mark.parametrize("threads", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("count", [0, 1, 5, 12])
def test_what_is_shared_out_comes_back_in_order(threads: int, count: int) -> None:
    parts: list[list[int]] = []

    def work(items: list[int]) -> list[int]:
        time.sleep(0.001 * (5 - len(parts)) if len(parts) < 5 else 0)  # the first ones end last
        parts.append(list(items))
        return [10 * i for i in items]

    assert shared_out(work, list(range(count)), threads) == [10 * i for i in range(count)]
    assert sorted(i for part in parts for i in part) == list(range(count))
    assert len(parts) == max(1, min(threads, count))


def test_an_error_of_a_part_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        shared_out(lambda items: [1 // i for i in items], [3, 2, 1, 0], 2)


@pytest.mark.skipif(blas() is None, reason="numpy takes another library than the OpenBLAS it brings")
def test_products_have_one_thread_inside_and_as_many_as_before_after_the_last_left() -> None:
    library = blas()
    count, change = library.scipy_openblas_get_num_threads64_, library.scipy_openblas_set_num_threads64_
    before, entered, left = count(), threading.Event(), threading.Event()

    def another() -> None:
        with one_blas_thread():
            entered.set()
            left.wait(10)

    change(2)
    try:
        thread = threading.Thread(target=another)
        with one_blas_thread():
            with one_blas_thread():
                assert count() == 1
            thread.start()
            assert entered.wait(10) and count() == 1
        assert count() == 1, "another thread is still inside"
        left.set()
        thread.join()
        assert count() == 2
        with pytest.raises(ValueError, match="x"), one_blas_thread():
            raise ValueError("x")
        assert count() == 2
    finally:
        change(before)


def test_local_gives_the_same_bits_on_any_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    crops = np.random.default_rng(0).standard_normal((300, 24, 20)).astype(np.float32)
    y = crops[:2, None] + np.float32(0.7)
    found = []
    for cores in (1, 4, 9):
        monkeypatch.setattr("diffview.models.local.cores", lambda cores=cores: cores)
        found.append([Local(crops)(y, s).tobytes() for s in (0.2, 1.0, 3.0)])
    assert found[0] == found[1] == found[2]
