"""Keys and values that grow in room of their own: the library's, but for the copies."""

from __future__ import annotations

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

from burnish.models.transformers.growing import Growing, growing, plain


def test_it_is_the_librarys_cache_while_rows_leave_and_join() -> None:
    torch.manual_seed(0)
    usual, roomy = DynamicCache(), DynamicCache()

    def both(rows: int, places: int) -> None:
        for layer in range(2):
            keys, values = torch.randn(rows, 3, places, 4), torch.randn(rows, 3, places, 4)
            for one, other in zip(usual.update(keys, values, layer), roomy.update(keys, values, layer), strict=True):
                assert torch.equal(one, other)

    both(4, 7)
    assert [type(layer) for layer in growing(roomy).layers] == [Growing, Growing]
    assert plain(roomy)
    assert plain(usual)
    assert not plain(DynamicCache())
    for _ in range(150):  # more than was set aside at first
        both(4, 1)
    for cache in (usual, roomy):
        cache.reorder_cache(torch.tensor([2, 0]))
    both(2, 1)
    both(2, 3)
    for cache in (usual, roomy):
        for layer in cache.layers:
            layer.keys = torch.cat([layer.keys[:, :, 5:], torch.ones_like(layer.keys[:1, :, 5:])])
            layer.values = torch.cat([layer.values[:, :, 5:], torch.ones_like(layer.values[:1, :, 5:])])
    both(3, 1)
    assert roomy.get_seq_length() == usual.get_seq_length() == 7 + 150 + 4 - 5 + 1


def test_a_token_is_written_without_copying_the_others() -> None:
    cache = DynamicCache()
    cache.update(torch.zeros(1, 1, 5, 2), torch.zeros(1, 1, 5, 2), 0)
    growing(cache)
    token = torch.ones(1, 1, 1, 2)
    first = cache.update(token, token, 0)[0].data_ptr()
    assert all(cache.update(token, token, 0)[0].data_ptr() == first for _ in range(20))
    assert type(cache.layers[0]) is not DynamicLayer
