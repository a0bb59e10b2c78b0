"""The engine of Interleave Studio: values, facts, rules, the loop, the store and the model backends.

Never imports ``gradio``, ``trl``, ``studio`` or ``train``. ``import core`` loads no torch.
"""
