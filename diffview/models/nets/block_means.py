"""Fields at the end of a run, brought to the block means that they are conditioned on; dry stays dry."""

import torch
from torch import Tensor

from diffview.fields.transforms import Transform

AMOUNTS = ("log1p", "log10 floor", "cbrt")
"""Transforms of amounts, which are never negative; of all other quantities, a block is moved as a whole."""

DRIZZLE = 3.0
"""Times the smallest amount: what a pixel of a block gets that nothing fell in, though its mean is not 0."""

SLACK = 1e-4
"""Of a comparison with the smallest amount, which went through a transform."""


def amounts_with_means(raw: Tensor, wanted: Tensor, smallest: float) -> Tensor:
    """Amounts [..., n] of the pixels of blocks, with the means `wanted` [..., 1].

    What is below the smallest amount is dry. The amounts of the wet pixels are multiplied by one factor; as many of the
    largest are kept as are not below the smallest amount then. A block in which nothing fell, though its mean is not 0,
    gets DRIZZLE times the smallest amount in the few pixels in which the network came nearest to rain. Only where the
    whole block has less than the smallest amount does one pixel hold less than that.

    Args:
        raw: what the network made, also below 0, in physical units.
        wanted: means of at least 0.
        smallest: smallest amount of the data above 0; 0 where that is not known: all that is above 0 is wet.
    """
    least, n = smallest * (1 - SLACK), raw.shape[-1]
    ordered, places = raw.sort(dim=-1, descending=True)
    wet = torch.where(ordered >= max(least, 1e-6), ordered, torch.zeros_like(ordered))
    total, sums = wanted * n, wet.cumsum(-1)
    scaled = wet * total / sums.clamp_min(1e-12)  # of the last of the first k, if k are kept: it falls with k
    kept = ((wet > 0) & (scaled >= least)).sum(-1, keepdim=True).clamp_min(1)
    alone = (total / (DRIZZLE * smallest)).round() if smallest else torch.full_like(total, n)
    empty = sums[..., -1:] <= 0
    kept = torch.where(empty, alone.clamp(1, n).to(kept.dtype), kept)
    inside = torch.arange(n, device=raw.device) < kept
    share = torch.where(empty, torch.ones_like(wet), wet) * inside
    made = share * total / share.sum(-1, keepdim=True).clamp_min(1e-12)
    return torch.empty_like(made).scatter_(-1, places, made)


def with_block_means(
    physical: Tensor, coarse: Tensor, transform: Transform, factor: int, smallest: float = 0.0
) -> Tensor:
    """Fields [members, 1, ny, nx] in physical units, with the means over blocks of `coarse`, which is of that shape.

    Amounts by `amounts_with_means`; any other quantity by adding what is lacking to the whole block.
    """
    wanted = coarse[:, :, ::factor, ::factor]
    if transform.key not in AMOUNTS:
        lacking = wanted - torch.nn.functional.avg_pool2d(physical, factor)
        return physical + lacking.repeat_interleave(factor, 2).repeat_interleave(factor, 3)
    members, channels, ny, nx = physical.shape
    split = (members, channels, ny // factor, factor, nx // factor, factor)
    blocks = physical.reshape(split).permute(0, 1, 2, 4, 3, 5)
    made = amounts_with_means(blocks.reshape(*blocks.shape[:4], -1), wanted.clamp_min(0)[..., None], smallest)
    return made.reshape(blocks.shape).permute(0, 1, 2, 4, 3, 5).reshape(physical.shape)
