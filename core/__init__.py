"""The engine of Interleave Studio: values, facts, rules, the loop, the store and the model backends.

Never imports ``gradio``, ``trl``, ``studio`` or ``train``. ``import core`` loads no torch.
"""

VERSION = "1.0.0"  # of the whole studio, as it tells programs
