"""Times training: the input pipeline alone, the training step, and the same network in PyTorch.

python -m training.benchmark --dataset folder:PATH
python -m training.benchmark --network champati_classification --width 32 --size 32 --batch-size 64
"""

import importlib.util
import os
import sys
import time

from training.command import ArgumentParser, in_fresh_process, median_time, positive, run
from training.outputs import result_file

NETWORKS = ("crayon", "champati_classification")
WARM_UP = 5  # training steps before any is timed
STEP = "Keras training step"
NORMALIZED = {  # precision, and whether normalisation is one operation
    STEP: ("float32", False),
    "float32, normalisation in one operation": ("float32", True),
    "bfloat16": ("mixed_bfloat16", False),
    "bfloat16, normalisation in one operation": ("mixed_bfloat16", True),
}


def main(argv):
    """Measures images a second of Crayon's training and of its input, and of the same network in PyTorch.

    All in one run, each in a process of its own. PyTorch is measured where it is installed. Of the other network, which
    normalises batches, a training step in float32 and bfloat16, normalised by Keras and in one operation.
    """
    parser = ArgumentParser(prog="python -m training.benchmark", description=main.__doc__)
    parser.add_argument("--dataset", default="samples", help="TFDS name, folder:PATH or samples")
    parser.add_argument("--network", choices=NETWORKS, default=NETWORKS[0], help="what is trained")
    parser.add_argument("--width", type=positive, default=16, help="channels of the first layer")
    parser.add_argument("--size", type=positive, default=128, help="side of the crops")
    parser.add_argument("--batch-size", type=positive, default=8, help="images a step")
    parser.add_argument("--steps", type=positive, default=30, help="steps of each; the median counts")
    parser.add_argument("--results", type=result_file, default="results/benchmark-training.json", help="result file")
    arguments = parser.parse_args(argv)

    from training.result_files import listing, write_results

    shape = arguments.width, arguments.size, arguments.batch_size, arguments.steps
    if arguments.network == NETWORKS[0]:
        speeds = in_fresh_process(measure_input, arguments.dataset, *shape[1:3])
        speeds[STEP] = in_fresh_process(measure_keras, *shape)
        if importlib.util.find_spec("torch"):
            speeds["PyTorch training step, channels last"] = in_fresh_process(measure_torch, *shape)
    else:
        speeds = {name: in_fresh_process(measure_normalized, *options, *shape) for name, options in NORMALIZED.items()}
    rows = [
        {"name": name, "metrics": {"images_per_second": speed, "times_keras_step": speed / speeds[STEP]}}
        for name, speed in speeds.items()
    ]
    print(listing(rows, ["images_per_second", "times_keras_step"]))
    settings = {name: getattr(arguments, name) for name in ("network", "width", "size", "batch_size", "steps")}
    write_results(arguments.results, "python -m training.benchmark " + " ".join(argv), rows, settings=settings)
    print(f"written: {arguments.results}")
    return 0


def measure_input(dataset, size, batch_size):
    """Images a second of the input pipeline alone: while it fills its cache, and from the cache."""
    from training.data.batches import in_epochs
    from training.data.sources import open_dataset

    photographs = open_dataset(dataset)
    began = time.perf_counter()
    batches, steps = in_epochs(photographs.cached("train", size, "random"), batch_size, 0)
    filling = time.perf_counter() - began
    began = time.perf_counter()
    images = sum(len(rgb) for rgb in batches.take(steps).as_numpy_iterator())
    return {"input, first epoch": images / filling, "input, cached": images / (time.perf_counter() - began)}


def measure_keras(width, size, batch_size, steps):
    """Images a second of a Keras training step: colour conversion, network, loss and metric."""
    import keras

    from training.tasks.grid import ColorGridTask, compiled
    from zoo import crayon

    model = compiled(crayon(width=width), ColorGridTask(20), size, keras.optimizers.Adam(1e-4))
    rgb = keras.random.randint((batch_size, size, size, 3), 0, 256, dtype="uint8")
    return batch_size / median_time(lambda: model.train_on_batch(rgb, rgb), steps, WARM_UP)


def measure_normalized(precision, fused, width, size, batch_size, steps):
    """Images a second of a training step of the classification of `training.fit champati`."""
    import keras

    from training.loop.devices import arithmetic
    from training.loop.normalization import with_fused_normalization
    from training.recipes.champati import Champati

    recipe = Champati(width=width, size=size)
    with arithmetic(precision):
        network = recipe.model()
        model = recipe.training_model(with_fused_normalization(network) if fused else network, sources=[])
    rgb = keras.random.randint((batch_size, size, size, 3), 0, 256, dtype="uint8")
    return batch_size / median_time(lambda: model.train_on_batch(rgb, rgb), steps, WARM_UP)


def measure_torch(width, size, batch_size, steps):
    """Images a second of the same training step in PyTorch: task in keras.ops, network native, channels last."""
    os.environ["KERAS_BACKEND"] = "torch"
    import torch

    from training.tasks.grid import ColorGridTask
    from zoo import crayon

    task = ColorGridTask(20)
    network = _torch_twin(crayon((size, size), width)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    rgb = torch.randint(0, 256, (batch_size, size, size, 3), dtype=torch.uint8)

    def step():
        optimizer.zero_grad()
        # Channels last in memory already: moving the axis makes PyTorch's own layout of it.
        inputs = {name: tensor.movedim(-1, 1) for name, tensor in task.inputs(rgb).items()}
        lab = network(inputs).movedim(1, -1)
        loss = task.loss(rgb, lab).mean()
        loss.backward()
        optimizer.step()
        return loss.item(), task.psnr(rgb, lab.detach()).mean().item()

    return batch_size / median_time(step, steps, WARM_UP)


def _torch_twin(model):
    """The same network in PyTorch: layer by layer, from the Keras model of static size."""
    import torch
    from keras import layers
    from torch.nn import functional

    def convolution(layer):
        channels = layer.input.shape[-1], layer.filters
        if isinstance(layer, layers.Conv2DTranspose):
            return torch.nn.ConvTranspose2d(*channels, layer.kernel_size, layer.strides)
        return torch.nn.Conv2d(*channels, layer.kernel_size, padding="same", dilation=layer.dilation_rate)

    without_weights = {
        layers.Rescaling: lambda layer, x: x * layer.scale,
        layers.ReLU: lambda layer, x: functional.relu(x),
        layers.MaxPooling2D: lambda layer, x: functional.max_pool2d(x, layer.pool_size),
        layers.Concatenate: lambda layer, *tensors: torch.cat(tensors, 1),
        layers.Add: lambda layer, *tensors: sum(tensors),
    }

    class Twin(torch.nn.Module):
        def __init__(self):
            super().__init__()
            weighted = [layer for layer in model.layers if layer.weights]
            self.convolutions = torch.nn.ModuleDict({layer.name: convolution(layer) for layer in weighted})

        def forward(self, inputs):
            values = {id(tensor): inputs[tensor.name] for tensor in model.inputs}
            for layer in model.layers:
                if isinstance(layer, layers.InputLayer):
                    continue
                sources = layer.input if isinstance(layer.input, list) else [layer.input]
                tensors = [values[id(source)] for source in sources]
                if layer.weights:
                    values[id(layer.output)] = self.convolutions[layer.name](*tensors)
                else:
                    values[id(layer.output)] = without_weights[type(layer)](layer, *tensors)
            return values[id(model.outputs[0])]

    twin = Twin()
    if sum(weight.numel() for weight in twin.parameters()) != model.count_params():
        raise AssertionError("the PyTorch network differs from the Keras model in size")
    return twin


if __name__ == "__main__":
    sys.exit(run(main))
