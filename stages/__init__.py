"""The stages of the pipeline; each is run as `python -m stages.NAME`."""

from rnnlab.core.kernels import share_kernels

share_kernels()  # this module is imported before a stage's own imports
