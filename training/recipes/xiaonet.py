"""XiaoNet on photographs, as Crayon is trained on them: one set of weights for every grid step and for hints anywhere.

    python -m training.fit xiaonet --dataset folder:data/cid22 --also folder:data/imagenette224

The published network, but for theme colours, by the training of `crayon_photographs`, to tell networks apart and not
trainings: see `training.recipes.photographs`. By its authors' code (see `zoo.xiaonet`) it is trained otherwise:
256x256 photographs in batches of 16, with random points and theme colours; first the colours, by Huber's loss, a tenth
of Huber's loss against theme colours, and ten times the squared error of Sobel gradients; then the refinement, by the
absolute error; then both together. That is 840,000 steps of Adam.
"""

from dataclasses import dataclass

from training.recipes.photographs import PhotographsRecipe


@dataclass(frozen=True, kw_only=True)
class XiaoNet(PhotographsRecipe):
    """XiaoNet for every grid."""

    name = "xiaonet"
    ENDS = ("hints_conv", "luma_conv", "sobel_conv", "painted_conv", "refine_conv", "refine_out_conv")

    def model(self):
        from zoo import xiaonet

        return self.started(xiaonet(width=self.width))
