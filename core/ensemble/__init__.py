"""Training of all seeds of a night at once.

ensemble (seeds, random streams) -> group (epochs, Adam) -> gradients -> layers -> patches;
parameter_layout defines where each parameter is stored, cuda_graph captures a step on an NVIDIA
GPU.
"""

from core.ensemble.ensemble import MOMENTS as MOMENTS
from core.ensemble.ensemble import Ensemble as Ensemble
from core.ensemble.ensemble import MeanLosses as MeanLosses
