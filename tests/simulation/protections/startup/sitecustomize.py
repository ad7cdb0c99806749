"""Python imports this first in every process of a test that judges a mutant: what is taken out is missing in each."""

import tests.simulation.protections.mutation  # noqa: F401 - takes out what the environment says
