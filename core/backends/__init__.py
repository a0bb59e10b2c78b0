"""The models behind the ports: torch, transformers and diffusers live here and nowhere else in ``core``. Imported on demand."""
