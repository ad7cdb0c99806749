"""Parts of the settings that take more than a line each."""
