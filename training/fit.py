"""Trains a model of the zoo by its recipe: `python -m training.fit crayon`."""

import json
import sys
from pathlib import Path

from training.command import ArgumentParser, CommandError, atomic, positive, run

CPU_BYTES = 8 << 30
MOST_BATCH = 16
PREVIEWED = 4  # validation images in preview.png


def main(argv):
    """Trains a model by its recipe, on TFDS data, a folder of photographs or the samples in this package.

    Leaves in the run folder: model.keras (the lowest validation error), recipe.json, data.json, history.csv,
    preview.png, metrics.json, logs/ for TensorBoard, and what --resume needs.
    """
    settings, arguments = _arguments(argv)
    out = arguments.out

    import keras

    from training import evaluate
    from training.callbacks import AfterEpoch, KeepBest, SaveState, StopOnNaN, TimeLeft, load_state
    from training.datasets import open_dataset
    from training.decoders import ModelDecoder
    from training.pictures import preview
    from training.recipes import RECIPES

    recipe = RECIPES[settings["recipe"]]
    keras.utils.set_random_seed(settings["seed"])
    photographs = open_dataset(settings["dataset"], recipe.TEST_IMAGES, settings["seed"], arguments.data_dir)

    size = settings["size"]
    network = recipe.model(settings)
    trained = training_model(network, recipe.task(settings), size, settings["learning_rate"])
    batch_size = settings["batch_size"] or choose_batch_size(recipe.model(settings, (size, size)))
    best, history = load_state(out, trained) if arguments.resume else (float("inf"), [])
    train = photographs.batches("train", size, batch_size, "random", epoch_seed=settings["seed"] + len(history))
    validation = photographs.batches("validation", size, batch_size)
    spacing = max(1, photographs.count("validation") // PREVIEWED)
    shown = [rgb.numpy() for rgb, _ in validation.unbatch().shard(spacing, 0).take(PREVIEWED)]

    out.mkdir(parents=True, exist_ok=True)
    _write_json(out / "recipe.json", settings)
    _write_json(out / "data.json", photographs.digests())
    steps = len(train)
    print(f"photographs: {photographs.account()}")
    print(
        f"{settings['recipe']}: {network.count_params():,} parameters, {steps} steps an epoch of {size}x{size} crops, "
        f"batches of {batch_size}, epoch {len(history) + 1} to {settings['epochs']}, in {out}",
        flush=True,
    )
    decoder, n = ModelDecoder(network), 20 if settings["n"] == "random" else settings["n"]
    keep_best = KeepBest(out / "model.keras", network, best)
    callbacks = [
        StopOnNaN(),
        keep_best,
        AfterEpoch(lambda: preview(out / "preview.png", shown, decoder, n)),
        keras.callbacks.TensorBoard(out / "logs", write_graph=False),
        SaveState(out, keep_best, history),
        TimeLeft(settings["epochs"], steps, recipe.FASTER),
    ]
    try:
        trained.fit(
            train,
            validation_data=validation,
            epochs=settings["epochs"],
            initial_epoch=len(history),
            shuffle=False,  # the data set shuffles itself
            verbose=int(arguments.progress),
            callbacks=callbacks,
        )
    except KeyboardInterrupt:
        print(f"interrupted: go on with `python -m training.fit {settings['recipe']} --out {out} --resume`")
        return 130
    report = [str(out), "--n", str(n), "--levin", "0", "--results", str(out / "metrics.json")]
    return evaluate.main(report + (["--data-dir", arguments.data_dir] if arguments.data_dir else []))


def training_model(network, task, size, learning_rate):
    """A compiled Keras model from uint8 sRGB `(batch, size, size, 3)` to what `network` makes of the task's inputs."""
    import keras

    rgb = keras.Input((size, size, 3), dtype="uint8", name="rgb")
    model = keras.Model(rgb, network(task.inputs(rgb)))
    model.compile(keras.optimizers.Adam(learning_rate), loss=task.loss, metrics=[task.psnr])
    return model


def choose_batch_size(network):
    """The largest batch up to 16 whose training fits in 8 GB on a CPU; 16 on an accelerator.

    Args:
        network: the model, built for the size it trains at.
    """
    import keras
    import numpy as np

    if any(not device.startswith("cpu") for device in keras.distribution.list_devices()):
        return MOST_BATCH
    # A training step holds about as much as all layers' float32 outputs take: measured, 0.7 of it.
    values = sum(int(np.prod(layer.output.shape[1:])) for layer in network.layers)
    return max(1, min(MOST_BATCH, CPU_BYTES // (4 * values)))


def _arguments(argv):
    """The settings of the run, and all arguments; a resumed run has the settings it was started with."""
    from training.recipes import RECIPES

    parser = ArgumentParser(prog="python -m training.fit", description=main.__doc__)
    recipes = parser.add_subparsers(dest="recipe", required=True, metavar="RECIPE", help=", ".join(RECIPES))
    commands = {name: _recipe_parser(recipes, name, recipe) for name, recipe in RECIPES.items()}
    arguments = parser.parse_args(argv)
    if arguments.out is None:
        arguments.out = Path("runs") / arguments.recipe
    stored = None
    if arguments.resume:
        stored = _stored(arguments.out)
        commands[arguments.recipe].set_defaults(**stored, out=arguments.out)
        arguments = parser.parse_args(argv)
    elif (arguments.out / "recipe.json").exists():
        raise CommandError(f"{arguments.out} holds a run: --resume it, or choose another --out")
    settings = {name: getattr(arguments, name) for name in ("recipe", *RECIPES[arguments.recipe].DEFAULTS)}
    changed = [name for name in settings if stored and settings[name] != stored.get(name) and name != "epochs"]
    if changed:
        raise CommandError(f"the run in {arguments.out} was started with another {changed[0]}: resume it without that")
    RECIPES[arguments.recipe].check(settings)
    return settings, arguments


def _recipe_parser(recipes, name, recipe):
    parser = recipes.add_parser(name, help=recipe.__doc__.split("\n")[0])
    parser.add_argument("--dataset", help="TFDS name, folder:PATH or samples")
    parser.add_argument("--size", type=positive, help="side of the crops, a multiple of 8")
    parser.add_argument("--epochs", type=positive, help="passes over the training images")
    parser.add_argument("--batch-size", type=positive, help="images a step; 0 is what fits in 8 GB, at most 16")
    parser.add_argument("--learning-rate", type=float, help="of Adam")
    parser.add_argument("--seed", type=int, help="of the weights, splits, crops and their order")
    recipe.add_arguments(parser)
    parser.set_defaults(**recipe.DEFAULTS)
    parser.add_argument("--data-dir", help="where TFDS finds or puts its data; TFDS_DATA_DIR or its own if not given")
    parser.add_argument("--out", type=Path, help="run folder; runs/RECIPE if not given")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out; --epochs may change")
    parser.add_argument("--progress", action="store_true", default=sys.stdout.isatty(), help="show a bar each epoch")
    return parser


def _stored(folder):
    try:
        return json.loads((folder / "recipe.json").read_text())
    except (OSError, ValueError):
        raise CommandError(f"no run to resume in {folder}: start it without --resume") from None


def _write_json(path, value):
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(run(main))
