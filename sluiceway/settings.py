"""The settings: defaults, then ``sluiceway.toml``, then the environment, then flags.

Each secret can also come from a file: ``SLUICEWAY_VAULT_KEY_FILE`` names one that holds the value of
``SLUICEWAY_VAULT_KEY``. Where each value came from is kept, so that ``sluiceway doctor`` can say it.
"""
