"""Where models are taught: collect, curate, fine-tune, reward, evaluate, pocket. Knows ``core``, never ``studio``."""
