"""Trains by a recipe into a run folder."""

import shutil

from training.outputs import write_json

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
    """
    import keras
    import tensorflow as tf

    from training.data.sources import open_dataset
    from training.data.splits import digests
    from training.loop.callbacks import Averaged, SaveRun, StopOnNaN, TimeLeft, load_state
    from training.loop.devices import arithmetic, bfloat16_here, dtype_policy, spread
    from training.loop.normalization import with_fused_normalization
    from training.loop.run_folder import check_held_out, check_photographs, seen_before

    settings = recipe.settings()
    scope, share = spread(**where)
    keras.utils.set_random_seed(recipe.seed)
    specs = recipe.datasets()
    sources = [open_dataset(spec, recipe.TEST_IMAGES, recipe.seed, data_dir) for spec in specs]

    with scope:
        with arithmetic(recipe.precision):
            built = recipe.model()
            network = with_fused_normalization(built)
            trained = recipe.training_model(network, sources)
        plain = built if dtype_policy(recipe.precision) == "float32" else recipe.model()
        best, history = load_state(out, trained) if resume else (float("inf"), [])
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
    write_json(out / "data.json", {**seen, "before": before})
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
