"""Interleave Studio's rooms: one controller, one worker, pure views, and the pages that show them."""
