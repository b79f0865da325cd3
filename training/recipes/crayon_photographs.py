"""Crayon on photographs: one set of weights for every grid step and for hints anywhere, ours.

    python -m training.fit crayon_photographs --dataset folder:data/cid22 --also folder:data/imagenette224

The published network, by other means than `crayon`, because it has to learn in hours of a CPU what the paper's training
takes days for: see `training.recipes.photographs`. It starts with weights that interpolate hints
(`zoo.models.crayon_start`).
"""

from dataclasses import dataclass

from training.recipes.photographs import PhotographsRecipe


@dataclass(frozen=True, kw_only=True)
class CrayonPhotographs(PhotographsRecipe):
    """Crayon for every grid."""

    name = "crayon_photographs"
    ENDS = ("row02", "row50", "row52", "row78")  # of both networks

    def model(self):
        from zoo import crayon
        from zoo.models.crayon_start import interpolating

        network = crayon(width=self.width)
        return self.started(network) if self.weights else interpolating(network, self.seed)
