"""Keras's settings of the process, which must not change what a model of the zoo is."""

import functools

import keras


def pinned(build):
    """A builder of models that does not follow keras.json: channels come last, and numbers are float32.

    A dtype policy that somebody set is followed all the same: that is how networks are trained in bfloat16.
    """

    @functools.wraps(build)
    def pinned_build(*arguments, **options):
        channels, floats = keras.config.image_data_format(), keras.config.floatx()
        policy = keras.config.dtype_policy()
        follows_floatx = policy.name == floats != "float32"  # it is nothing but another name of keras.json's `floatx`
        keras.config.set_image_data_format("channels_last")
        keras.config.set_floatx("float32")
        if follows_floatx:
            keras.config.set_dtype_policy("float32")
        try:
            return build(*arguments, **options)
        finally:
            keras.config.set_image_data_format(channels)
            keras.config.set_floatx(floats)
            if follows_floatx:
                keras.config.set_dtype_policy(policy)

    return pinned_build
