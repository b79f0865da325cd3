"""Settings searched with KerasTuner."""
