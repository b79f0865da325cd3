"""Trains by a recipe into a run folder."""

import contextlib
import shutil

from training.command import CommandError
from training.outputs import alone, write_json

PREVIEWED = 4  # validation images in preview.png


def train(recipe, out, data_dir=None, resume=False, progress=False, stop_early=None, **where):
    """Trains by a recipe into a run folder, with all that `main` leaves there but metrics.json.

    Of several hosts, only what the first one writes is kept, and there is no preview.png.

    Args:
        recipe: with its settings, a `training.recipes.base.Recipe`.
        out: the run folder.
        data_dir: where TFDS finds or puts its data.
        resume: go on with what is there.
        progress: show a bar each epoch.
        stop_early: end after so many epochs without a lower validation error.
        where: devices and hosts, see `training.loop.devices.spread`.

    Raises:
        CommandError: another training goes on in the folder, no such model, or photographs that it must not have.
    """
    with contextlib.nullcontext() if where.get("host") else alone(out):
        _train(recipe, out, data_dir, resume, progress, stop_early, where)


def _train(recipe, out, data_dir, resume, progress, stop_early, where):
    import keras
    import tensorflow as tf

    from training.data.sources import open_dataset
    from training.data.splits import digests
    from training.loop.callbacks import Averaged, SaveRun, StopOnNaN, TimeLeft, load_state
    from training.loop.devices import arithmetic, bfloat16_here, dtype_policy, spread
    from training.loop.run_folder import check_held_out, check_photographs, seen_before

    settings = recipe.settings()
    scope, share = spread(**where)
    keras.utils.set_random_seed(recipe.seed)
    specs = recipe.datasets()
    sources = [open_dataset(spec, recipe.TEST_IMAGES, recipe.seed, data_dir) for spec in specs]

    with scope:
        with arithmetic(recipe.precision):
            built, network, trained = _built(recipe, sources)
        plain = built if dtype_policy(recipe.precision) == "float32" else recipe.model()
        best, history = load_state(out, trained) if resume else (float("inf"), [])
    if len(history) > recipe.epochs:
        raise CommandError(f"the run in {out} has {len(history)} epochs already: give as many --epochs, or more")
    options = tf.data.Options()
    options.autotune.enabled = False  # its thread, which is waited for, may sleep for a minute after each epoch
    *parts, steps = recipe.batches(sources, len(history))
    batches, validation = (part.with_options(options) for part in parts)
    spacing = max(1, sources[0].count("validation") // PREVIEWED)
    shown = sources[0].crops("validation", recipe.size).shard(spacing, 0).take(PREVIEWED)
    shown = [rgb for _, rgb in shown.as_numpy_iterator()]

    seen, before = digests(sources), seen_before(settings)
    if history:
        check_photographs(out, seen)
    check_held_out(settings, seen, before)
    out = share.folder(out)
    write_json(out / "recipe.json", settings)
    classes = recipe.classes(sources)
    write_json(out / "data.json", {**seen, "before": before, **({"classes": classes} if classes else {})})
    for spec, photographs in zip(specs, sources, strict=True):
        print(f"photographs of {spec}: {photographs.account()}")
    print(
        f"{recipe.name}: {network.count_params():,} parameters, {steps} steps an epoch, "
        f"epoch {len(history) + 1} to {recipe.epochs}, in {out}",
        flush=True,
    )
    callbacks = [
        StopOnNaN(),
        *([Averaged(resumed=bool(history))] if trained.optimizer.use_ema else []),
        keras.callbacks.TensorBoard(out / "logs", write_graph=False),
        SaveRun(out, network, plain, best, history),
        TimeLeft(recipe.epochs, steps, f"{recipe.FASTER}{bfloat16_here(recipe.precision)}"),
    ]
    if share.count == 1:
        callbacks.append(
            keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: recipe.preview(out / "preview.png", shown, network))
        )
    if stop_early:
        callbacks.append(keras.callbacks.EarlyStopping(patience=stop_early))
    trained.fit(
        share.of(batches),
        validation_data=share.of(validation),
        epochs=recipe.epochs,
        initial_epoch=len(history),
        steps_per_epoch=steps,
        shuffle=False,  # the data set shuffles itself
        verbose=int(progress),
        callbacks=callbacks,
    )
    if share.number:
        shutil.rmtree(out)


def _built(recipe, sources):
    """The network of a recipe, what is trained of it, and its training model. CommandError where there is none."""
    from training.loop.normalization import with_fused_normalization

    try:
        built = recipe.model()
        network = with_fused_normalization(built)
        return built, network, recipe.training_model(network, sources)
    except ValueError as error:  # of the builders of `zoo.models`, about their arguments
        raise CommandError(f"no such model: {error}") from None
