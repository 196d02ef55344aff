"""Input patches of 3 x 3 convolutions with stride 2, for the models of many seeds at once.

im2col copies each output position's patch of inputs into one row of a matrix, so that the
convolution is a matrix product (Chellapilla, Puri & Simard 2006, inria-00112631). col2im, its
transpose, adds overlapping patches up. All buffers and strided views are created once; a step only
copies and adds, as a CUDA graph requires.
"""

import torch
from torch import Tensor

KERNEL = 3  # rows and columns of every convolution's kernel


class Im2Col:
    """Patches of feature maps, one row per output position.

    Parameters
    ----------
    like : Tensor
        Any tensor [seeds, ...] with the dtype and device of the buffers.
    batch : int
        Images per seed.
    side : int
        Rows and columns of a feature map; even. The output has side // 2.
    channels : int
        Channels of the feature maps.

    Attributes
    ----------
    maps : Tensor
        View [seeds, batch, side, side, channels]; write the feature maps here before `extract`.
    padded : Tensor
        The same memory with a row of zeros above and a column of zeros on the left,
        [seeds, batch * (side + 1)**2, channels]. Below and on the right no padding is necessary,
        because the last patch of an even side ends at the border.
    columns : Tensor
        The patches, [seeds, batch * (side // 2)**2, 9 * channels], in the order (kernel row,
        kernel column, channel); written by `extract`.
    """

    def __init__(self, like: Tensor, batch: int, side: int, channels: int) -> None:
        seeds, half = len(like), side // 2
        padded = like.new_zeros(seeds, batch, side + 1, side + 1, channels)
        self.maps = padded[:, :, 1:, 1:]
        self.padded = padded.view(seeds, -1, channels)
        # [seeds, batch, half, half, channels, kernel row, kernel column], without a copy
        patches = padded.unfold(2, KERNEL, 2).unfold(3, KERNEL, 2)
        self._patches = patches.permute(0, 1, 2, 3, 5, 6, 4)
        self.columns = like.new_zeros(seeds, batch * half * half, KERNEL**2 * channels)
        self._columns_as_patches = self.columns.view(self._patches.shape)

    def extract(self) -> None:
        """Copy the patches of ``maps`` to ``columns``."""
        self._columns_as_patches.copy_(self._patches)


class Col2Im:
    """Sum of overlapping patches, the transpose of `Im2Col`.

    Input position i contributes to the output rows 2 i - 1, 2 i and 2 i + 1. So row 2 i receives
    the middle kernel row of position i; row 2 i + 1 the last one of position i and the first one of
    position i + 1. Columns likewise.

    Parameters
    ----------
    output : Tensor
        Feature maps [seeds, batch * 4 * side * side, channels] that `add_up` overwrites.
    side : int
        Rows and columns of the smaller feature map; the output has 2 * side.
    columns : Tensor, optional
        Memory for the patches, [seeds, batch * side * side, 9 * channels]; by default a new
        buffer.

    Attributes
    ----------
    columns : Tensor
        The patches; write them here before `add_up`.
    """

    def __init__(self, output: Tensor, side: int, columns: Tensor | None = None) -> None:
        seeds, _, channels = output.shape
        maps = output.view(seeds, -1, side, 2, side, 2, channels)
        batch = maps.shape[1]
        if columns is None:
            columns = output.new_zeros(seeds, batch * side * side, KERNEL**2 * channels)
        self.columns = columns
        patches = columns.view(seeds, batch, side, side, KERNEL, KERNEL, channels)
        self._maps = maps
        self._from_same_position = patches[..., 1:, 1:, :].permute(0, 1, 2, 4, 3, 5, 6)
        self._from_neighbours = (
            (maps[:, :, :-1, 1], patches[:, :, 1:, :, 0, 1:]),  # the position below
            (
                maps[:, :, :, :, :-1, 1],
                patches[:, :, :, 1:, 1:, 0].permute(0, 1, 2, 4, 3, 5),  # on the right
            ),
            (maps[:, :, :-1, 1, :-1, 1], patches[:, :, 1:, 1:, 0, 0]),  # below on the right
        )

    def add_up(self, bias: Tensor | None = None) -> None:
        """Write the sum of the patches, plus ``bias`` [seeds, 1, channels], to the output."""
        if bias is None:
            self._maps.copy_(self._from_same_position)
        else:
            per_channel = bias.view(len(bias), 1, 1, 1, 1, 1, -1)
            torch.add(self._from_same_position, per_channel, out=self._maps)
        for target, patches in self._from_neighbours:
            target.add_(patches)
