"""Linear algebra on one thread: for as long as it is asked for, and what is learnt has the same bytes on a machine of any size."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from tipoff.predict.algebra import on_one_thread


def _threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.mark.skipif(not _threads(), reason="no linear algebra here whose threads can be told how many they are")
class TestOnOneThread:
    def test_each_library_is_at_it_alone_and_afterwards_as_before(self) -> None:
        with threadpool_limits(limits=2, user_api="blas"):
            with on_one_thread():
                assert _threads() == {1}
            assert _threads() == {2}

    def test_a_function_that_fails_leaves_it_as_it_was(self) -> None:
        @on_one_thread()
        def fail() -> None:
            assert _threads() == {1}
            raise ValueError("it fails")

        with threadpool_limits(limits=2, user_api="blas"):
            with pytest.raises(ValueError, match="it fails"):
                fail()
            assert _threads() == {2}

    def test_who_leaves_first_does_not_end_it_for_who_is_still_at_it(self) -> None:
        with threadpool_limits(limits=2, user_api="blas"):
            one, two = on_one_thread(), on_one_thread()
            one.__enter__()
            two.__enter__()
            one.__exit__(None, None, None)
            assert _threads() == {1}
            two.__exit__(None, None, None)
            assert _threads() == {2}

    def test_a_product_has_the_same_bytes_whatever_the_machine_would_take(self) -> None:
        random = np.random.default_rng(7)
        design, weight = random.normal(size=(60_000, 12)), random.normal(size=60_000)

        def product() -> bytes:
            return ((design * weight[:, None]).T @ design).tobytes()

        plain, alone = set(), set()
        for machine in (1, 2, 4):
            with threadpool_limits(limits=machine, user_api="blas"):
                plain.add(product())
                with on_one_thread():
                    alone.add(product())
        assert len(alone) == 1
        assert alone <= plain
