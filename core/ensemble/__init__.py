"""All seeds of a night trained together.

ensemble (seeds, random draws) -> group (epochs, Adam) -> gradients -> layers (matrix products);
packing says where each parameter lies, capture makes CUDA graphs of steps.
"""

from core.ensemble.ensemble import MOMENTS as MOMENTS
from core.ensemble.ensemble import Ensemble as Ensemble
from core.ensemble.ensemble import MeanLosses as MeanLosses
